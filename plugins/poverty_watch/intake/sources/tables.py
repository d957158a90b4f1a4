"""Rows from a database or an interface as a CSV that intake reads like a department's own file.

The same rows always give the same bytes: rows are sorted, for neither a query nor an interface
promises an order. Only columns of the contract are kept.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

from poverty_watch.contracts import Column, Contract
from poverty_watch.files import sha256_of, written_whole
from poverty_watch.intake.cells import LOST_DIGITS_FROM
from poverty_watch.intake.delimited import split_text
from poverty_watch.intake.layout import plain
from poverty_watch.intake.policy import delivery_policy
from poverty_watch.intake.sources.interface import LastingError
from poverty_watch.months import COUNTY_ZONE, Month

_NUMBERS = ("identity", "identity_reference")
_LINE_BREAKS = {ord(c): " " for c in "\r\n\v\f\x1c\x1d\x1e\x85\u2028\u2029\0"}
# Intake evens these out again (NFKC); unlike the plain ones they are never taken for a delimiter.
_WIDE = {ord("\t"): " ", ord(";"): "；", ord("|"): "｜"}


def matched_fields(fields: Iterable[str], contract: Contract) -> dict[str, str]:
    """The contract's columns that a source has: column name to the source's own field name.

    A field is known by the header, another spelling of it, or the column's name.
    """
    known = {plain(field).lower(): field for field in reversed(list(fields))}
    found = {}
    for column in contract.columns:
        names = [plain(name).lower() for name in (*column.headers, column.name)]
        field = next((known[name] for name in names if name in known), None)
        if field is not None:
            found[column.name] = field
    return found


def cell_text(value: Any, column: Column) -> str:
    """A value as the text of a cell.

    An identity number that comes as a number of 10^15 or more is written in scientific notation:
    whether its last digits are still the right ones nobody can tell, so intake has to send it back
    as it does for a workbook.

    Raises:
        LastingError: the value is binary.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, (int, float, Decimal)):
        return _number_text(value, column)
    if isinstance(value, datetime):
        return _moment_text(value)
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, (bytes, bytearray, memoryview)):
        raise LastingError(f"“{column.header}”是二进制内容，请改为文字。")
    if isinstance(value, (Mapping, list, tuple)):
        value = json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
    text = str(value)
    if column.type in ("date", "month") and "T" in text:
        text = _zoned_text(text)
    return text.translate(_LINE_BREAKS)


def _number_text(value: int | float | Decimal, column: Column) -> str:
    exact = Decimal(str(value))
    if not exact.is_finite():
        return ""
    if column.type in _NUMBERS and abs(exact) >= Decimal(LOST_DIGITS_FROM):
        return f"{exact:.14E}"
    if exact == exact.to_integral_value() and abs(exact) < Decimal(10) ** 30:
        return f"{exact.to_integral_value():f}"
    return f"{exact:f}"


def _moment_text(moment: datetime) -> str:
    if moment.tzinfo is not None:
        moment = moment.astimezone(COUNTY_ZONE).replace(tzinfo=None)
    return moment.date().isoformat() if moment.time() == time() else moment.isoformat(" ")


def _zoned_text(text: str) -> str:
    """A moment with a time zone as the county's clock shows it; anything else as it is."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return text
    return text if moment.tzinfo is None else _moment_text(moment)


def gathered(
    rows: Iterable[Sequence[Any]], contract: Contract, columns: Sequence[str]
) -> list[tuple[str, ...]]:
    """Rows of values (in the order of ``columns``) as sorted rows of cell texts.

    Raises:
        LastingError: there is more than intake reads.
    """
    of = [contract.column(name) for name in columns]
    largest = delivery_policy().limits.file_bytes
    size = 0
    found = []
    for row in rows:
        cells = tuple(cell_text(value, column) for value, column in zip(row, of, strict=True))
        size += sum(map(len, cells)) + len(cells)
        if size > largest:
            raise LastingError(
                f"“{contract.title}”的数据超过 {largest // 2**20} MB，请检查是否取得过多。"
            )
        found.append(cells)
    found.sort()
    return found


def save_table(
    contract: Contract,
    month: Month,
    columns: Sequence[str],
    rows: list[tuple[str, ...]],
    into: Path,
) -> Path:
    """Write ``<title>_<YYYY-MM>_取数.csv`` with the contract's headers, unless it says so already.

    Raises:
        LastingError: the file that is there has rows and the new one would have none.
    """
    path = into / f"{contract.title}_{month}_取数.csv"
    header = tuple(contract.column(name).header for name in columns)
    content = _csv([header, *rows])
    if path.exists():
        if sha256_of(path) == hashlib.sha256(content).hexdigest():
            return path
        if not rows and len(path.read_bytes().splitlines()) > 1:
            raise LastingError(
                f"“{contract.title}”本月先前取到过数据，这次一行也没有，像是对方正在更新，没有采用。"
                f"请稍后重新运行；确认本月没有数据的，删去 {path} 后重新运行。"
            )
    with written_whole(path, mode=0o600) as beside:
        beside.write_bytes(content)
    return path


def _csv(table: list[tuple[str, ...]]) -> bytes:
    expected = [list(row) for row in table]
    for replacements in ({}, _WIDE):
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\n")
        given = (
            [[cell.translate(replacements) for cell in row] for row in expected]
            if replacements
            else expected
        )
        writer.writerows(given)
        # What intake will read is what the source said: no row and no cell may get lost here.
        if split_text(text.getvalue()).rows == given:
            return text.getvalue().encode()
    raise LastingError("数据里有不能写进表格的内容，请联系系统管理员。")
