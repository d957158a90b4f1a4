"""What of a month's report belongs to one township: the same figures, and nobody else's."""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import datetime, time
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from poverty_watch.files import written_whole
from poverty_watch.mail import safe_name
from poverty_watch.months import Month
from poverty_watch.report.clockless import clockless
from poverty_watch.report.filling import write_value
from poverty_watch.report.stocks import TOTAL
from poverty_watch.report.values import Row
from poverty_watch.settings import Settings

FOLDER = "乡镇分表"
PLACE = "乡镇"
# What a township's figures cannot be read without, and speaks of nobody.
_COMMON = ("未运行",)
_HIDDEN = ("是否合计",)
_LINE = Side(style="thin", color="A6A6A6")
_BOX = Border(left=_LINE, right=_LINE, top=_LINE, bottom=_LINE)
_HEAD = PatternFill("solid", fgColor="D9E2EC")
_CENTRE = Alignment(horizontal="center", vertical="center", wrap_text=True)
_LEFT = Alignment(horizontal="left", vertical="center", wrap_text=True)
Tables = Mapping[str, list[Row]]
Table = tuple[list[str], list[list[Any]]]


def township_tables(tables: Tables, township: str) -> dict[str, Table]:
    """Every table's rows of one township: header and rows by the table's name.

    A table that does not say whose its rows are is left out, unless it speaks of nobody.
    """
    found: dict[str, Table] = {}
    for name, rows in tables.items():
        if name in _COMMON:
            own = rows
        elif any(PLACE in row for row in rows):
            own = [row for row in rows if row.get(PLACE) == township]
        else:
            continue
        found[name] = _flat(own, rows)
    return found


def townships_of(tables: Tables) -> list[str]:
    """The townships that the report has rows of, in its order."""
    places = (str(row[PLACE]) for rows in tables.values() for row in rows if row.get(PLACE))
    return [
        place for place in dict.fromkeys(places) if place != TOTAL and not place.startswith("（")
    ]


def write_extracts(
    month: Month, number: int, tables: Tables, settings: Settings, townships: Iterable[str]
) -> dict[str, Path]:
    """Write a workbook per township (mode 0600) below ``<outbox>/<month>/乡镇分表/``.

    The same figures give the same bytes.
    """
    folder = settings.outbox / str(month) / FOLDER
    as_of = datetime.combine(month.last_day, time())
    written = {}
    for township in townships:
        path = folder / safe_name(f"月报表_{month.chinese}_第{number}版_{township}.xlsx")
        bytes_ = _workbook(month, number, township, tables, as_of)
        if not (path.is_file() and path.read_bytes() == bytes_):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with written_whole(path, mode=0o600) as target:
                target.touch(mode=0o600)
                target.write_bytes(bytes_)
        written[township] = path
    return written


def _flat(rows: list[Row], all_rows: list[Row]) -> Table:
    """Open groups become columns of their own, the same ones for every township."""
    header: dict[str, None] = {}
    for row in all_rows:
        for name in _spread(row):
            header[name] = None
    names = list(header)
    return names, [[_spread(row).get(name, 0) for name in names] for row in rows]


def _spread(row: Row) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in row.items():
        if name in _HIDDEN:
            continue
        if isinstance(value, Mapping):
            found |= {f"{name}·{member or '未填'}": count for member, count in value.items()}
        else:
            found[name] = value
    return found


def _workbook(month: Month, number: int, township: str, tables: Tables, as_of: datetime) -> bytes:
    book = Workbook()
    book.remove(book.worksheets[0])
    title = f"{month.chinese}防止返贫监测月报表（{township}）"
    note = f"摘自第{number}版，只含{township}；户名遮盖，内部使用，不得外传。"
    for name, (header, rows) in township_tables(tables, township).items():
        _fill(book.create_sheet(name), f"{title}　{name}", note, header, rows)
    book.properties.creator = book.properties.lastModifiedBy = ""
    book.properties.created = as_of
    stream = io.BytesIO()
    book.save(stream)
    return clockless(stream.getvalue(), as_of)


def _fill(
    sheet: Worksheet, title: str, note: str, header: list[str], rows: list[list[Any]]
) -> None:
    width = max(len(header), 1)
    for number, (text, size) in enumerate(((title, 16), (note, 10)), start=1):
        cell = sheet.cell(number, 1, text)
        cell.font = Font(name="宋体", size=size, bold=number == 1)
        cell.alignment = _CENTRE if number == 1 else _LEFT
        sheet.merge_cells(start_row=number, end_row=number, start_column=1, end_column=width)
    sheet.row_dimensions[1].height = 28
    for column, text in enumerate(header, start=1):
        _styled(sheet.cell(3, column), text, is_head=True)
    shown = rows or [["无", *[""] * (width - 1)]]
    for number, row in enumerate(shown, start=4):
        for column, value in enumerate(row, start=1):
            _styled(sheet.cell(number, column), value, is_head=False)
    for column in range(1, width + 1):
        texts = [str(sheet.cell(row, column).value or "") for row in range(3, 4 + len(shown))]
        longest = max(_wide(text) for text in texts)
        sheet.column_dimensions[get_column_letter(column)].width = min(max(longest + 2, 8), 40)
    sheet.freeze_panes = "A4"
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", "9"
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    if sheet.sheet_properties.pageSetUpPr is not None:
        sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.print_title_rows = "3:3"
    footer: Any = sheet.oddFooter
    footer.center.text = "第 &P 页，共 &N 页"


def _styled(cell: Cell | Any, value: Any, *, is_head: bool) -> None:
    write_value(cell, value)
    cell.font = Font(name="黑体" if is_head else "宋体", size=10)
    cell.border = _BOX
    cell.alignment = _CENTRE if is_head or not isinstance(value, str) else _LEFT
    if is_head:
        cell.fill = _HEAD


def _wide(text: str) -> int:
    return max(
        sum(2 if unicodedata.east_asian_width(c) in "WFA" else 1 for c in line)
        for line in text.split("\n") or [""]
    )
