"""Columns of native cells into typed columns: text, dates, months, amounts, choices.

What cannot be read becomes null; whether null is a fault is the suite's business. Work is done on
the distinct values of a column, not cell by cell.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from poverty_watch.contracts.shape import AMOUNT

LOST_DIGITS_FROM = 1e15
_EPOCH = date(1899, 12, 30)
_DAYS_TO_1904 = 1462
_LOWEST_SERIAL, _HIGHEST_SERIAL = 10_000, 110_000  # 1927 to 2201: years typed alone are no serials
_TIME = re.compile(r"(?:[T\s]+|(?<=日))\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?$")
_DATE = re.compile(r"(\d{4})([-/.年])(\d{1,2})([-/.月])(\d{1,2})日?")
_COMPACT_DATE = re.compile(r"(\d{4})(\d{2})(\d{2})(?:\.0+)?")
_MONTH = re.compile(r"(\d{4})(?:[-/.年]?)(\d{1,2})(?:月|\.0+)?")
_YEAR_AND_DIGIT = range(19_001, 21_000)  # as days they would be in the 1950s: 20214 is no month
_WHITE_PATTERN = r"[\s\p{Z}\p{Cf}]+"
_WHOLE_NUMBER = r"^(\d+)\.0+$"
_WHITE = re.compile(r"\s+")
_INVISIBLE = re.compile(r"[\u200b-\u200f\u2060\ufeff]")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(E[+-]?\d+)?")

Values = Sequence[Any]


def as_text(values: Values) -> pa.Array:
    """Cells as they read: whole numbers without decimals, dates as ISO; blank cells are null."""
    try:
        text = pa.array(values, pa.large_string())
    except pa.ArrowTypeError:  # not text alone
        text = pa.array([_text_of(value) for value in values], pa.large_string())
    return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.large_string()), text)


def _text_of(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, (int, float)):
        return str(int(value)) if float(value).is_integer() else repr(value)
    if isinstance(value, datetime):
        return (
            value.date().isoformat()
            if value.time().isoformat() == "00:00:00"
            else value.isoformat(" ")
        )
    return str(value)


def lost_digits(values: Values) -> npt.NDArray[np.bool_]:
    """True where a cell is a number so large that Excel dropped its last digits."""
    if set(map(type, values)) <= {str}:
        return np.zeros(len(values), dtype=bool)
    return np.fromiter(
        (
            isinstance(v, (int, float)) and not isinstance(v, bool) and abs(v) >= LOST_DIGITS_FROM
            for v in values
        ),
        dtype=bool,
        count=len(values),
    )


def _on_distinct(text: pa.Array, convert: Callable[[pa.Array], pa.Array]) -> pa.Array:
    encoded = text.dictionary_encode(null_encoding="encode")
    if len(encoded.dictionary) * 2 > len(text):
        return convert(text)
    return convert(encoded.dictionary).take(encoded.indices)


def clean_text(
    values: Values, blank_marks: Sequence[str] = (), *, drop_white: bool = False
) -> pa.Array:
    """NFKC, trimmed (or without any white space); blank and the column's blank marks are null.

    A whole number that some program has written out with decimals is the whole number: 12.0 is 12.
    """

    def convert(text: pa.Array) -> pa.Array:
        even = pc.utf8_normalize(text, "NFKC")
        if drop_white:
            even = pc.replace_substring_regex(even, _WHITE_PATTERN, "")
        else:
            even = pc.replace_substring_regex(even, rf"^{_WHITE_PATTERN}|{_WHITE_PATTERN}$", "")
        even = pc.replace_substring_regex(even, _WHOLE_NUMBER, r"\1")
        gone = pc.is_in(even, value_set=pa.array(["", *blank_marks], pa.large_string()))
        return pc.if_else(gone, pa.scalar(None, pa.large_string()), even)

    return _on_distinct(as_text(values), convert)


def clean_choice(
    values: Values, labels: Mapping[str, str], blank_marks: Sequence[str] = ()
) -> pa.Array:
    """The list's own spelling of each value; a value that is not in the list stays as written."""

    def convert(text: pa.Array) -> pa.Array:
        return pa.array(
            [labels.get(t, t) if t is not None else None for t in text.to_pylist()],
            pa.large_string(),
        )

    return _on_distinct(clean_text(values, blank_marks, drop_white=True), convert)


def clean_amounts(values: Values, *, blank_is_zero: bool) -> pa.Array:
    """Numbers with thousands separators, 元, ¥ or full-width digits as decimal(18,4).

    No number, and one that does not fit, is null; blank is null too, or 0 where that is agreed.
    """
    if set(map(type, values)) <= {float, int}:
        numbers = pa.array(np.asarray(values, dtype=np.float64))
        in_range = pc.less(pc.abs(numbers), 1e13)
        return pc.if_else(in_range, numbers, pa.scalar(None, pa.float64())).cast(AMOUNT, safe=False)

    def convert(text: pa.Array) -> pa.Array:
        return pa.array([_amount(t, blank_is_zero) for t in text.to_pylist()], AMOUNT)

    return _on_distinct(as_text(values), convert)


def _amount(text: str | None, blank_is_zero: bool) -> Decimal | None:
    plain = _WHITE.sub("", _even(text or ""))
    if not plain:
        return Decimal(0) if blank_is_zero else None
    plain = plain.removeprefix("¥").removesuffix("元").removeprefix("¥").replace(",", "").upper()
    if not _NUMBER.fullmatch(plain):
        return None
    try:
        number = Decimal(plain)
        return (
            number.quantize(Decimal("0.0001"), ROUND_HALF_UP)
            if abs(number) < Decimal(10) ** 13
            else None
        )
    except InvalidOperation:
        return None


def clean_dates(values: Values) -> pa.Array:
    """Dates in any form of catalogue §2 as date32; null where there is none."""
    return _calendar(values, _date_of)


def clean_months(values: Values) -> pa.Array:
    """Months in any form of catalogue §2 as the first day of the month; null where there is none."""
    return _calendar(values, _month_of)


def _calendar(values: Values, read: Callable[[Any], date | None]) -> pa.Array:
    known: dict[Any, date | None] = {value: read(value) for value in set(values)}
    return pa.array([known[value] for value in values], pa.date32())


def from_1904(value: Any) -> Any:
    """A day number of a workbook that counts from 1904, as one that counts from 1900."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return value + _DAYS_TO_1904 if is_number and value < _HIGHEST_SERIAL else value


def _even(text: str) -> str:
    """Width evened out; invisible characters and quotes at the ends gone, white space inside kept."""
    return _INVISIBLE.sub("", unicodedata.normalize("NFKC", text)).strip("'‘’\"“” \t\r\n")


def _serial(number: float) -> date | None:
    if not _LOWEST_SERIAL <= number < _HIGHEST_SERIAL:
        return None
    return _EPOCH + timedelta(days=int(number))


def _day(year: str, month: str, day: str) -> date | None:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def _date_of(value: Any) -> date | None:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        whole = float(value).is_integer()
        if whole and 19_000_101 <= value <= 29_991_231:
            value = str(int(value))
        else:
            return _serial(value)
    if not isinstance(value, str):
        return None
    evened = _even(value)
    text = _WHITE.sub("", _TIME.sub("", evened))
    if match := _DATE.fullmatch(text):
        same = (match[2], match[4]) in (("-", "-"), ("/", "/"), (".", "."), ("年", "月"))
        return _day(match[1], match[3], match[5]) if same else None
    if match := _COMPACT_DATE.fullmatch(text):
        return _day(match[1], match[2], match[3])
    return _serial(float(text)) if re.fullmatch(r"\d{5,6}(\.\d+)?", text) else None


def _month_of(value: Any) -> date | None:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if float(value).is_integer() and 190_001 <= value <= 299_912:
            value = str(int(value))
        else:
            day = _date_of(value) if int(value) not in _YEAR_AND_DIGIT else None
            return day.replace(day=1) if day else None
    if isinstance(value, str):
        text = _WHITE.sub("", _even(value))
        if text.isdecimal() and int(text) in _YEAR_AND_DIGIT:
            return None
        if match := _MONTH.fullmatch(text):
            separated = not text[4].isdigit()
            if separated or len(match[2]) == 2:
                return _day(match[1], match[2], "1")
    day = _date_of(value)
    return day.replace(day=1) if day else None
