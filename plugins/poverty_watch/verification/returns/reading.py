"""A returned workbook as rows, wherever its columns and rows have gone."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from poverty_watch.verification.policy import AnswerColumn, SheetForm
from poverty_watch.verification.workbook import CODE_HEADER
from poverty_watch.workbooks.read import OLE, ZIP, read_workbook
from poverty_watch.workbooks.sheet import Limits, Sheet, UnreadableError

# A sheet of a township has some thousand rows; more than this is no task sheet.
LIMITS = Limits(file_bytes=30 << 20, unpacked_bytes=300 << 20, cells=5_000_000)
_HEADER_WITHIN = 60
_LONGEST = 500
_DAY_ZERO = date(1899, 12, 30)
_NEEDED_FACT = "household"


@dataclass(frozen=True)
class ReturnedRow:
    """A line of a returned sheet.

    ``answers``: per field of the form the text, empty where nothing was filled in; ``facts`` the
    pre-filled cells as they came back. ``doubled``: headers of columns that stand twice and differ.
    """

    sheet: str
    number: int
    code: str
    facts: Mapping[str, str]
    answers: Mapping[str, str]
    doubled: tuple[str, ...] = ()

    @property
    def is_filled_in(self) -> bool:
        """Whether anybody wrote something."""
        return any(self.answers.values()) or bool(self.doubled)


def read_return(path: Path, name: str, form: SheetForm) -> list[ReturnedRow]:
    """All rows of all sheets that are task sheets, copies and hidden ones too.

    Raises:
        UnreadableError: it is no workbook, not safe to read, or has no task sheet in it.
    """
    if path.stat().st_size > LIMITS.file_bytes:
        raise UnreadableError(f"文件“{name}”超过{LIMITS.file_bytes >> 20}兆，不像核实任务表。")
    with path.open("rb") as stream:
        start = stream.read(8)
    if not start.startswith((ZIP, OLE)):
        raise UnreadableError(
            f"文件“{name}”不是 Excel 工作簿，请用 Excel 或 WPS 另存为 .xlsx 后重报。"
        )
    rows: list[ReturnedRow] = []
    faults: list[str] = []
    is_found = False
    for sheet in read_workbook(path, name, LIMITS):
        at = _header_of(sheet, form)
        if at is None:
            continue
        is_found = True
        columns = _columns(sheet.rows[at], form)
        lacking = [
            _plain(column.header)
            for column in (*form.facts, *form.answers)
            if not columns.get(column.field)
            and (isinstance(column, AnswerColumn) or column.field == _NEEDED_FACT)
        ]
        if lacking:
            faults.append(f"工作表“{sheet.name}”缺少这些列：{'、'.join(lacking)}")
            continue
        rows += _rows(sheet, at, columns, form)
    if faults:
        raise UnreadableError(f"文件“{name}”{'；'.join(faults)}。请用原来的核实任务表填写后重报。")
    if not is_found:
        raise UnreadableError(
            f"文件“{name}”里没有核实任务表（找不到“{CODE_HEADER}”和“{form.answers[0].header}”两列）。"
            "请在系统发出的表上填写，不要另外制表。"
        )
    return rows


def _header_of(sheet: Sheet, form: SheetForm) -> int | None:
    wanted = {CODE_HEADER, _plain(form.answers[0].header)}
    for at, row in enumerate(sheet.rows[:_HEADER_WITHIN]):
        if wanted <= {_plain(_text(cell)) for cell in row}:
            return at
    return None


def _columns(header: Sequence[Any], form: SheetForm) -> dict[str, list[int]]:
    fields = {_plain(column.header): column.field for column in (*form.facts, *form.answers)}
    fields[CODE_HEADER] = "code"
    found: dict[str, list[int]] = {}
    for position, cell in enumerate(header):
        field = fields.get(_plain(_text(cell)))
        if field is not None:
            found.setdefault(field, []).append(position)
    return found


def _rows(
    sheet: Sheet, header: int, columns: Mapping[str, list[int]], form: SheetForm
) -> Iterator[ReturnedRow]:
    titles = {column.field: _plain(column.header) for column in (*form.facts, *form.answers)}
    dates = {column.field for column in form.answers if column.kind == "date"}
    titles["code"] = CODE_HEADER
    for at in range(header + 1, len(sheet.rows)):
        cells = sheet.rows[at]
        values: dict[str, str] = {}
        doubled = []
        for field, positions in columns.items():
            read = _day if field in dates else _text
            texts = [read(cells[p]) for p in positions if p < len(cells)]
            different = list(dict.fromkeys(text for text in texts if text))
            if len(different) > 1:
                doubled.append(titles[field])
            values[field] = different[0] if len(different) == 1 else ""
        row = ReturnedRow(
            sheet.name,
            sheet.numbers[at],
            values.pop("code", ""),
            {c.field: values.get(c.field, "") for c in form.facts},
            {c.field: values.get(c.field, "") for c in form.answers},
            tuple(doubled),
        )
        if (row.code or row.is_filled_in) and row.code != CODE_HEADER:
            yield row


def _plain(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split())


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return str(cell).strip()[:_LONGEST]


def _day(cell: Any) -> str:
    """A day as YYYY-MM-DD, also where it came back as a number or a text; else the text."""
    if isinstance(cell, datetime):
        return str(cell.date())
    if isinstance(cell, date):
        return str(cell)
    if isinstance(cell, int | float) and not isinstance(cell, bool) and 36526 <= cell < 73051:
        return str(_DAY_ZERO + timedelta(days=int(cell)))
    text = _plain(_text(cell))
    for mark in "年月./":
        text = text.replace(mark, "-")
    text = text.removesuffix("日")
    for pattern in ("%Y-%m-%d", "%Y%m%d"):
        try:
            return str(datetime.strptime(text, pattern).date())
        except ValueError:
            continue
    return _text(cell)
