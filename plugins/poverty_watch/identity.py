"""Identity numbers: normalise, judge, key, mask, seal.

GB 11643-1999 gives the check digit. The place code is not checked: county codes changed and people
move, so a place table would reject real residents.
"""

from __future__ import annotations

import hmac
import os
import re
import secrets
import unicodedata
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

WEIGHTS = np.array([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2])
CHECK_CHARACTERS = "10X98765432"
EARLIEST_BIRTH = np.datetime64("1900-01-01")

_CERTIFICATE = "^[0-9]{17}[0-9X][0-9A-Z]{2}([0-9A-Z]{2})?$"
_WELL_FORMED = "^[0-9]{17}[0-9X]$"
_SCIENTIFIC = re.compile(r"[0-9]+(\.[0-9]*)?E[+-]?[0-9]+", re.IGNORECASE)
_QUOTES = set("'\"`´‘’‚‛“”„‟«»‹›「」『』〝〞〟ʼʹʺ′″＇＂＇")
_LONG_NUMBER = re.compile(r"(?<![0-9])([0-9]{6})[0-9]{4,12}([0-9]{3}[0-9Xx])(?![0-9Xx])")


def check_digit(first_seventeen: str) -> str:
    """The 18th character that belongs to 17 digits (GB 11643-1999)."""
    total = sum(
        int(digit) * int(weight) for digit, weight in zip(first_seventeen, WEIGHTS, strict=True)
    )
    return CHECK_CHARACTERS[total % 11]


def normalise(text: str) -> str:
    """One written form of a number: catalogue §1.1.

    Width and white space (zero-width and BOM included), quotes of every form and a small ``x`` are
    evened out; 15 digits become 18; a disability-certificate number of 20 or 22 characters becomes
    its first 18. What is no number comes back as it is, evened out.
    """
    # Twice: some quotes fall apart into a blank and an accent when they are evened out.
    number = _plain(unicodedata.normalize("NFKC", _plain(text))).replace("x", "X")
    if re.fullmatch("[0-9]{15}", number):
        seventeen = f"{number[:6]}19{number[6:]}"
        return seventeen + check_digit(seventeen)
    if len(number) in (20, 22) and not _SCIENTIFIC.fullmatch(number):
        return number[:18]
    return number


def _plain(text: str) -> str:
    return "".join(c for c in text if c not in _QUOTES and not _is_white(c))


def _is_white(character: str) -> bool:
    return character.isspace() or unicodedata.category(character) in ("Cf", "Cc", "Zs")


def _form_fault(number: str) -> str | None:
    if not number:
        return "id_missing"
    if _SCIENTIFIC.fullmatch(number):
        return "id_lost_digits"
    if len(number) not in (15, 18):
        return "id_length"
    return "id_characters"


@dataclass(frozen=True)
class Judged:
    """What became of a column of identity cells, row by row.

    ``number`` is the normalised number (null where the cell was blank or lost its digits);
    ``fault`` the first reason of catalogue §1.1 that applies, null for a valid number;
    ``birth_date`` is null where the number is not valid.
    """

    number: pa.Array
    fault: pa.Array
    birth_date: pa.Array


def judge(cells: pa.Array, lost_digits: npt.NDArray[np.bool_], month_end: date) -> Judged:
    """Judge a column of identity cells.

    Args:
        cells: strings as delivered, null for a blank cell.
        lost_digits: True where the cell was a number of 10^15 or more, whose last digits are gone.
        month_end: births after this day are no real dates yet.
    """
    cells = _shortened(cells.cast(pa.large_string()))
    well_formed = np.asarray(
        pc.fill_null(pc.match_substring_regex(cells, _WELL_FORMED), False), dtype=bool
    )
    numbers = cells
    form_faults = np.full(len(cells), None, dtype=object)
    if not well_formed.all():
        odd = np.flatnonzero(~well_formed)
        evened = [normalise(text or "") for text in cells.take(pa.array(odd)).to_pylist()]
        is_well_formed = [re.fullmatch(_WELL_FORMED, number) is not None for number in evened]
        numbers = pc.replace_with_mask(
            cells, pa.array(~well_formed), pa.array([n or None for n in evened], pa.large_string())
        )
        well_formed[odd] = is_well_formed
        form_faults[odd] = [
            None if good else _form_fault(number)
            for number, good in zip(evened, is_well_formed, strict=True)
        ]
    form_faults[lost_digits] = "id_lost_digits"
    well_formed &= ~lost_digits

    birth = np.full(len(cells), np.datetime64("NaT", "D"), dtype="datetime64[D]")
    good_rows = np.flatnonzero(well_formed)
    if len(good_rows):
        days, real_date, right_digit = _dates_and_digits(
            numbers.take(pa.array(good_rows)), month_end
        )
        form_faults[good_rows[~right_digit]] = "id_check_digit"
        form_faults[good_rows[~real_date]] = "id_date"
        birth[good_rows] = np.where(real_date & right_digit, days, np.datetime64("NaT", "D"))
    if lost_digits.any():
        numbers = pc.if_else(pa.array(lost_digits), pa.scalar(None, pa.large_string()), numbers)
    return Judged(
        number=numbers,
        fault=pa.array(form_faults, pa.string()),
        birth_date=pa.array(birth, pa.date32()),
    )


def _shortened(cells: pa.Array) -> pa.Array:
    """Plainly written numbers of disability certificates cut to 18 characters, all at once."""
    is_certificate = pc.fill_null(pc.match_substring_regex(cells, _CERTIFICATE), False)
    return pc.if_else(is_certificate, pc.utf8_slice_codeunits(cells, 0, 18), cells)


def _dates_and_digits(
    numbers: pa.Array, month_end: date
) -> tuple[npt.NDArray[np.datetime64], npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    characters = _characters(numbers)
    digits = characters[:, :17].astype(np.int64) - ord("0")
    expected = np.frombuffer(CHECK_CHARACTERS.encode(), np.uint8)[(digits @ WEIGHTS) % 11]
    right_digit = characters[:, 17] == expected

    year = digits[:, 6:10] @ np.array([1000, 100, 10, 1])
    month = digits[:, 10:12] @ np.array([10, 1])
    day = digits[:, 12:14] @ np.array([10, 1])
    possible = (year >= 1900) & (year <= 2999) & (month >= 1) & (month <= 12) & (day >= 1)
    safe_month = np.where(possible, (year - 1970) * 12 + month - 1, 0).astype("datetime64[M]")
    days = safe_month.astype("datetime64[D]") + np.where(possible, day - 1, 0).astype(
        "timedelta64[D]"
    )
    possible &= days.astype("datetime64[M]") == safe_month
    possible &= (days >= EARLIEST_BIRTH) & (days <= np.datetime64(month_end))
    return days, possible, right_digit


def _characters(numbers: pa.Array) -> npt.NDArray[np.uint8]:
    """The 18 ASCII characters of each number, straight from Arrow's memory; none is null."""
    _, offsets, text = numbers.buffers()
    places = np.frombuffer(offsets, dtype=np.int64)[numbers.offset :]
    return np.frombuffer(text, dtype=np.uint8, count=18 * len(numbers), offset=places[0]).reshape(
        -1, 18
    )


def mask(number: str) -> str:
    """First six and last four characters, as in ``530501********001X``; short texts vanish."""
    if len(number) < 12:
        return "*" * len(number)
    return f"{number[:6]}{'*' * (len(number) - 10)}{number[-4:]}"


def mask_numbers(text: str) -> str:
    """The text with every number of 14 or more digits masked: for messages and logs."""
    return _LONG_NUMBER.sub(lambda match: mask(match[0]), text)


def _key(folder: Path, name: str) -> bytes:
    """A 256-bit key; made at the first call, safe against two processes that start together."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / name
    if not path.exists():
        beside = folder / f".{name}.{secrets.token_hex(8)}"
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(secrets.token_hex(32).encode())
            stream.flush()
            os.fsync(stream.fileno())
        try:
            os.link(beside, path)
        except FileExistsError:
            pass
        finally:
            beside.unlink()
    return bytes.fromhex(path.read_text())


def audit_key(folder: Path) -> bytes:
    """The key that chains the journal; made (mode 0600) where there is none yet."""
    return _key(folder, "audit.key")


def form_key(folder: Path) -> bytes:
    """The key by which forms of the web pages are known; made (mode 0600) where there is none yet."""
    return _key(folder, "form.key")


@dataclass(frozen=True)
class Keyring:
    """The two keys of an installation: one makes person ids, one seals numbers and phones."""

    person_key: bytes
    seal_key: bytes
    # The same persons come back in most of a month's deliveries.
    _memo: dict[str, int] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def open(cls, folder: Path) -> Keyring:
        """Read the keys in ``folder``; make them (mode 0600) where there are none yet."""
        return _keyring(_key(folder, "person.key"), _key(folder, "seal.key"))

    def person_ids(self, numbers: pa.Array) -> pa.Array:
        """64-bit keyed hashes (HMAC-SHA-256) of normalised numbers; null stays null."""
        written = numbers.drop_null()
        known = written.to_pylist()
        memo = self._memo
        ids = pa.array(list(map(memo.get, known)), pa.int64())
        if ids.null_count:
            is_fresh = ids.is_null()
            fresh = written.filter(is_fresh).to_pylist()
            digest, key = hmac.digest, self.person_key
            hashes = b"".join([digest(key, number.encode(), "sha256")[:8] for number in fresh])
            made = np.frombuffer(hashes, dtype=">i8").astype(np.int64)
            memo.update(zip(fresh, made.tolist(), strict=True))
            ids = pc.replace_with_mask(ids, is_fresh, pa.array(made))
        if len(known) == len(numbers):
            return ids
        return pc.replace_with_mask(pa.nulls(len(numbers), pa.int64()), numbers.is_valid(), ids)

    def person_id(self, number: str) -> int:
        """The keyed hash of one normalised number."""
        return int(self.person_ids(pa.array([number]))[0].as_py())

    def seal(self, person_id: int, text: str) -> bytes:
        """Encrypt a number or a phone so that it opens for that person id alone (AES-256-GCM)."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce = os.urandom(12)
        owner = person_id.to_bytes(8, "big", signed=True)
        return nonce + AESGCM(self.seal_key).encrypt(nonce, text.encode(), owner)

    def seal_all(self, person_ids: list[int], texts: list[str]) -> list[bytes]:
        """`seal` for many at once."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        encrypt = AESGCM(self.seal_key).encrypt
        random = os.urandom(12 * len(texts))
        return [
            (nonce := random[12 * row : 12 * row + 12])
            + encrypt(nonce, text.encode(), person_id.to_bytes(8, "big", signed=True))
            for row, (person_id, text) in enumerate(zip(person_ids, texts, strict=True))
        ]

    def unseal(self, person_id: int, sealed: bytes) -> str:
        """The text that was sealed for that person id."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        owner = person_id.to_bytes(8, "big", signed=True)
        return AESGCM(self.seal_key).decrypt(sealed[:12], sealed[12:], owner).decode()


@lru_cache(maxsize=1)
def _keyring(person_key: bytes, seal_key: bytes) -> Keyring:
    return Keyring(person_key, seal_key)
