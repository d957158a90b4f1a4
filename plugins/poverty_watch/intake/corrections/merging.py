"""Decide what a returned row changes: row by row, cell by cell, never on a guess.

Three states of a row are compared: as it was handed out, as it came back, and as it stands now. A
cell that the sender has changed takes the place of the standing one unless that has been changed
otherwise in the meantime. A row whose code does not prove where it belongs changes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from poverty_watch.contracts import Contract
from poverty_watch.intake import cells
from poverty_watch.intake.amendments import Place
from poverty_watch.intake.corrections.comparing import Said, said
from poverty_watch.intake.corrections.returned import ReturnedRow
from poverty_watch.intake.corrections.texts import Fate
from poverty_watch.intake.standardise import Standardised

_TOO_MANY_BY_CHANCE = 3  # different values that change places; two may have been interchanged


@dataclass(frozen=True)
class Issued:
    """A row that was handed out to be mended or explained.

    ``content`` is the hash of the delivery that it was sent with, ``place`` where it stood there;
    ``columns`` are those with a fault or a query.
    """

    content: str
    place: Place
    columns: frozenset[str]


@dataclass
class RowFate:
    """What becomes of a returned row; ``fate`` is None while nothing is decided.

    ``position`` is the row's in the standing delivery, ``columns`` what the sender changed,
    ``conflicts`` those of them that stand otherwise by now. ``applied`` says whether the new cells
    are taken, or the row is taken back.
    """

    row: ReturnedRow
    fate: Fate | None
    issued: Issued | None = None
    position: int | None = None
    columns: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    adopted: bool = False
    applied: bool = False
    fault: str | None = None
    cells: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class HandedOut:
    """A delivery as it was when its correction sheet was written.

    ``is_lineage``: the standing delivery has grown out of it by corrections alone, so that its rows
    are the same rows in the same order.
    """

    rows: Standardised
    is_lineage: bool


def merge(
    returned: Sequence[ReturnedRow],
    issued: Mapping[str, Issued],
    handed_out: Mapping[str, HandedOut],
    standing: Standardised,
    contract: Contract,
) -> list[RowFate]:
    """The fate of each returned row, in their order, before anything is judged.

    Args:
        returned: rows that came back, none of them about a file as a whole.
        issued: by code, the rows that were handed out with the deliveries these codes name.
        handed_out: these deliveries by content hash.
        standing: the delivery that is corrected.
        contract: of the dataset.
    """
    fates = [_attached(row, issued) for row in returned]
    _settle_doubles(fates, contract)
    for content, delivery in handed_out.items():
        mine = [f for f in fates if f.fate is None and f.issued and f.issued.content == content]
        if mine:
            others = [i for i in issued.values() if i.content == content]
            _compare(mine, others, delivery, standing, contract)
    return fates


def _attached(row: ReturnedRow, issued: Mapping[str, Issued]) -> RowFate:
    if row.code is None:
        return RowFate(row, "no_code")
    if row.code not in issued:
        return RowFate(row, "bad_code")
    return RowFate(row, None, issued[row.code])


def _settle_doubles(fates: Sequence[RowFate], contract: Contract) -> None:
    """Two rows with one code: the same twice is taken once; otherwise nobody knows which is meant."""
    by_code: dict[str, list[RowFate]] = {}
    for fate in fates:
        if fate.fate is None:
            by_code.setdefault(fate.row.code or "", []).append(fate)
    for same in by_code.values():
        if len(same) > 1:
            texts = said(contract, [fate.row.cells for fate in same])
            contents = [
                (text, f.row.explanation, f.row.proposal, f.row.treatment)
                for text, f in zip(texts, same, strict=True)
            ]
            if all(content == contents[0] for content in contents):
                for double in same[1:]:
                    double.fate = "twin"
            else:
                for double in same:
                    double.fate = "ambiguous"


def _compare(
    fates: Sequence[RowFate],
    issued: Sequence[Issued],
    delivery: HandedOut,
    standing: Standardised,
    contract: Contract,
) -> None:
    places = [i.place for i in issued]
    at = delivery.rows.places.positions(places)
    order = {place: index for index, place in enumerate(places)}
    before = said(contract, _cells_at(delivery.rows, [at[place] for place in places]))
    sent = said(contract, [fate.row.cells for fate in fates])
    neighbours = _Neighbours(before, contract)
    owns = [order[fate.issued.place] for fate in fates if fate.issued is not None]
    moved = _moved_alone([before[own] for own in owns], sent)
    compared = []
    for fate, now, own in zip(fates, sent, owns, strict=True):
        assert fate.issued is not None
        changed = {name for name, text in now.items() if text != before[own][name]}
        if changed & moved or neighbours.is_anothers(own, now, changed - fate.issued.columns):
            fate.fate = "misplaced"
            continue
        if fate.row.treatment == "void":
            compared.append((fate, own))
            continue
        fate.cells = {name: fate.row.cells[name] for name in changed}
        identity = contract.identity.name
        if fate.row.proposal is not None and identity not in changed:
            fate.cells[identity], fate.adopted = fate.row.proposal, True
        fate.columns = tuple(c.name for c in contract.columns if c.name in fate.cells)
        compared.append((fate, own))
    wanted = said(contract, [fate.cells for fate, _ in compared])
    finder = None if delivery.is_lineage else _Finder(before, wanted, standing, contract)
    found: list[tuple[RowFate, Said, Said, bool]] = []
    for (fate, own), new in zip(compared, wanted, strict=True):
        if finder is None:
            assert fate.issued is not None
            fate.position, is_same = at[fate.issued.place], True
        else:
            fate.position, is_same = finder.find(own, new)
        if fate.position is None:
            fate.fate = "gone"
        else:
            found.append((fate, before[own], new, is_same))
    stands = said(contract, _cells_at(standing, [fate.position or 0 for fate, *_ in found]))
    for (fate, old, new, is_same), now in zip(found, stands, strict=True):
        is_void = bool(standing.voided[fate.position or 0])
        _against_standing(fate, old, new, now, is_same, is_void)


def _moved_alone(before: Sequence[Said], sent: Sequence[Said]) -> set[str]:
    """Columns in which values have only changed places among the rows: sorted without the others."""
    found = set()
    for name in before[0] if before else ():
        pairs = [(o[name], n[name]) for o, n in zip(before, sent, strict=True) if name in n]
        changed = [(old, new) for old, new in pairs if old != new]
        olds, news = Counter(old for old, _ in changed), Counter(new for _, new in changed)
        if olds == news and len(olds) >= _TOO_MANY_BY_CHANCE:
            found.add(name)
    return found


def _against_standing(
    fate: RowFate, before: Said, new: Said, stands: Said, is_same: bool, is_void: bool
) -> None:
    """Three states of a row.

    ``is_same`` is False for one that is only thought to be the same, ``is_void`` tells that it has
    been taken back since. Taking back is about the whole row: any cell that has changed speaks
    against it. Who mends a row that was taken back, or says that it is to be mended, wants it again.
    """
    takes_back = fate.row.treatment == "void"
    moved = [name for name, text in stands.items() if text not in (before[name], new.get(name))]
    fate.conflicts = tuple(n for n in moved if n in new or takes_back or not is_same)
    if fate.conflicts:
        fate.fate = "conflict"
    elif not is_same:
        fate.fate, fate.position = "gone", None
    elif takes_back:
        fate.fate, fate.applied = ("already", False) if is_void else ("voided", True)
    elif is_void and (new or fate.row.treatment == "mend"):
        fate.fate, fate.applied = "mended", True
    elif not new:
        fate.fate = "unchanged"
    elif all(stands[name] == text for name, text in new.items()):
        fate.fate = "already"
    else:
        fate.fate, fate.applied = "mended", True


def _cells_at(rows: Standardised, positions: Sequence[int]) -> list[dict[str, Any]]:
    return [{name: values[at] for name, values in rows.raw.items()} for at in positions]


class _Neighbours:
    """The rows of one correction sheet side by side: does a row's content belong to another code?

    When someone sorts some columns and not the others, codes and contents part company.
    """

    def __init__(self, before: Sequence[Said], contract: Contract) -> None:
        self._columns = {
            column.name: np.array([row[column.name] for row in before], dtype=object)
            for column in contract.columns
        }
        self._person = [c.name for c in contract.columns if c.type in ("name", "identity")]
        self._count = len(before)

    def is_anothers(self, own: int, now: Said, unasked: set[str]) -> bool:
        """Whether what came back is rather another row's than the code's own.

        ``unasked`` are the changed cells that nothing was wrong with. It is if one of them now says
        another person's name or number, or if another person's row fits the whole better.
        """
        if not unasked:
            return False
        if any(
            now[name] and (self._columns[name] == now[name]).any()
            for name in self._person
            if name in unasked
        ):
            return True
        equal = np.zeros(self._count, dtype=np.int64)
        is_person = np.zeros(self._count, dtype=bool)
        for name, text in now.items():
            same = self._columns[name] == text
            equal += same
            if name in self._person and text:
                is_person |= same
        return bool(not is_person[own] and (equal[is_person] > equal[own]).any())


class _Finder:
    """Finds rows of an earlier delivery again in one that was sent as a whole since then."""

    def __init__(
        self,
        before: Sequence[Said],
        new: Sequence[Said],
        standing: Standardised,
        contract: Contract,
    ) -> None:
        self._before = before
        self._twins = Counter(tuple(row.values()) for row in before)
        self._identity = contract.identity.name
        self._name = next(c.name for c in contract.columns if c.type == "name")
        names = cells.clean_text(standing.raw[self._name], drop_white=True)
        wanted = {row[self._name] for row in (*before, *new) if self._name in row}
        known = pc.is_in(names, value_set=pa.array(sorted(wanted), pa.large_string()))
        if "" in wanted:
            known = pc.or_(known, pc.is_null(names))
        positions = np.flatnonzero(np.asarray(known)).tolist()
        self._by_name: dict[str, list[tuple[int, Said]]] = {}
        rows = said(contract, _cells_at(standing, positions))
        for at, stands in zip(positions, rows, strict=True):
            self._by_name.setdefault(stands[self._name], []).append((at, stands))

    def find(self, own: int, new: Said) -> tuple[int | None, bool]:
        """The one row that can be meant, and whether it is certain to be the same.

        It is if each cell says what it said before, or what the sender wants it to say, and no
        other row can be meant. Else a row with that person's name and number, to be told of only.
        """
        row = self._before[own]
        names = dict.fromkeys(n for n in (row[self._name], new.get(self._name)) if n is not None)
        bearers = [found for name in names for found in self._by_name.get(name, [])]
        same = [
            at
            for at, stands in bearers
            if all(text in (row[name], new.get(name)) for name, text in stands.items())
        ]
        if len(same) == 1 and self._twins[tuple(row.values())] == 1:
            return same[0], True
        numbers = {row[self._identity], new.get(self._identity)} - {"", None}
        alike = [at for at, stands in bearers if stands[self._identity] in numbers]
        return (alike[0] if len(alike) == 1 else None), False
