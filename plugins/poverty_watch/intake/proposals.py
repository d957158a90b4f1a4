"""Numbers that a spreadsheet has cut to fifteen digits: who may be meant, by the registers.

A number in a numeric cell keeps its first fifteen digits. With the check digit these leave a hundred
numbers at the most. Their person ids are looked for in the registers among those who bear the same
name: no sealed number is opened. Exactly one such person is proposed to the sender, who decides.
"""

from __future__ import annotations

import hmac
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from poverty_watch.identity import Keyring, check_digit
from poverty_watch.intake import cells

_KEPT = 15
_LENGTHS = (18, 20, 22)
_SCIENTIFIC = re.compile(r"(\d)\.(\d{14})0*E\+?(17|19|21)", re.IGNORECASE)
_WHITE = r"[\s\p{Z}\p{Cf}]+"
_DOTS = r"[·•．.・‧∙]"


@dataclass(frozen=True)
class Lost:
    """A cell with lost digits, and the name beside it."""

    cell: Any
    name: str | None


def propose(lost: Sequence[Lost], registers: Iterable[Path], keys: Keyring) -> list[str | None]:
    """The number that each cell can only have been; None where nobody or several can be meant.

    Args:
        lost: the cells.
        registers: Parquet files of accepted rows with ``person_id`` and ``name``.
        keys: the installation's.
    """
    names = plain_names([one.name for one in lost])
    bearers = _bearers({name for name in names if name}, registers)
    proposed: list[str | None] = []
    for one, name in zip(lost, names, strict=True):
        people = bearers.get(name or "", set())
        found = {
            number
            for start in starts_of(one.cell)
            for number in (endings(start) if people else ())
            if _person_id(keys, number) in people
        }
        proposed.append(found.pop() if len(found) == 1 else None)
    return proposed


def starts_of(cell: Any) -> tuple[str, ...]:
    """The fifteen digits that a cell still holds: two answers where rounding may have moved the last.

    None for what cannot have been an identity number.
    """
    if isinstance(cell, str):
        match = _SCIENTIFIC.fullmatch("".join(unicodedata.normalize("NFKC", cell).split()))
        if match is None:
            return ()
        kept = int(match[1] + match[2])
        # Written by a program that rounds, not by one that cuts off.
        return (str(kept), str(kept - 1))
    if not isinstance(cell, (int, float)) or isinstance(cell, bool):
        return ()
    if cell < cells.LOST_DIGITS_FROM or len(str(int(cell))) not in _LENGTHS:
        return ()
    unit = 10 ** (len(str(int(cell))) - _KEPT)
    kept, rest = divmod(int(cell), unit)
    # As a binary fraction the number may have come out a little below or above what it was.
    error = np.spacing(float(cell))
    if unit - rest <= error:
        return (str(kept + 1), str(kept))
    return (str(kept), str(kept - 1)) if rest <= error else (str(kept),)


def endings(start: str) -> list[str]:
    """All identity numbers of 18 digits that begin so; one that ends in X was never a number."""
    seventeens = (f"{start}{ending:02d}" for ending in range(100))
    numbers = (seventeen + check_digit(seventeen) for seventeen in seventeens)
    return [number for number in numbers if number[-1] != "X"]


def plain_names(names: Sequence[str | None]) -> list[str | None]:
    """Names as they are compared: width, white space and the forms of the dot evened out."""
    even = pc.utf8_normalize(pa.array(names, pa.large_string()), "NFKC")
    even = pc.replace_substring_regex(even, _WHITE, "")
    plain: list[str | None] = pc.replace_substring_regex(even, _DOTS, "·").to_pylist()
    return plain


def _bearers(names: set[str], registers: Iterable[Path]) -> Mapping[str, set[int]]:
    found: dict[str, set[int]] = {}
    if not names:
        return found
    for path in registers:
        table = pq.read_table(path, columns=["person_id", "name"])
        distinct = table["name"].combine_chunks().dictionary_encode()
        plain = plain_names(distinct.dictionary.to_pylist())
        wanted = pa.array([name in names for name in plain])
        rows = table.filter(wanted.take(distinct.indices).fill_null(False))
        spelled = dict(zip(distinct.dictionary.to_pylist(), plain, strict=True))
        for person, name in zip(
            rows["person_id"].to_pylist(), rows["name"].to_pylist(), strict=True
        ):
            if person is not None:
                found.setdefault(spelled[name] or "", set()).add(person)
    return found


def _person_id(keys: Keyring, number: str) -> int:
    """As `Keyring.person_ids`, which would remember thousands of numbers that nobody has."""
    digest = hmac.digest(keys.person_key, number.encode(), "sha256")
    return int.from_bytes(digest[:8], "big", signed=True)
