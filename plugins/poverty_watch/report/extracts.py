"""What of a month's report belongs to one township: the same figures, and nobody else's.

The figures of 表一 stand on one page, item by item for each class; lists have a sheet each. Which
fields are shown, and in which order, is what the county's template shows.
"""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from pathlib import Path
from typing import Any

from openpyxl import Workbook, load_workbook
from openpyxl.cell import Cell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from poverty_watch.files import written_whole
from poverty_watch.mail import safe_name
from poverty_watch.months import Month
from poverty_watch.report.archive import Archived
from poverty_watch.report.clockless import clockless
from poverty_watch.report.filling import write_value
from poverty_watch.report.places import OTHERS, Placed, field_value
from poverty_watch.report.stocks import TOTAL
from poverty_watch.report.values import NO_TOWNSHIP, Row
from poverty_watch.settings import Settings

FOLDER = "乡镇分表"
PLACE, CLASS = "乡镇", "类别"
SUMMARY = "汇总"
# What a township's figures cannot be read without, and speaks of nobody.
_COMMON = ("未运行",)
_LISTED_BY = ("序号", "编号")
_UNITS = ("户", "人")
_RATE = "率"
_LINE = Side(style="thin", color="A6A6A6")
_BOX = Border(left=_LINE, right=_LINE, top=_LINE, bottom=_LINE)
_HEAD = PatternFill("solid", fgColor="D9E2EC")
_CENTRE = Alignment(horizontal="center", vertical="center", wrap_text=True)
_LEFT = Alignment(horizontal="left", vertical="center", wrap_text=True)
_NOTHING = "没有"


@dataclass(frozen=True)
class Part:
    """One table's rows of a township. ``fields``: what the template shows, in its order."""

    title: str
    fields: tuple[str, ...]
    rows: list[Row]
    is_list: bool


def township_parts(kept: Archived, township: str, sheets: Sequence[str]) -> list[Part]:
    """Every table's rows of one township, in the order of the workbook.

    A table that does not say whose its rows are is left out, unless it speaks of nobody.

    Args:
        kept: the report version.
        township: its name.
        sheets: the workbook's sheets, in order.
    """
    order = {name: number for number, name in enumerate(sheets)}
    places: Iterable[Placed] = sorted(
        kept.places.values(), key=lambda one: (order.get(one.sheet, len(order)), one.first_row)
    )
    found = []
    for place in places:
        rows = kept.tables[place.table]
        named = {row.get(PLACE) for row in rows} - {None, TOTAL}
        if place.table not in _COMMON and (not named or PLACE not in place.columns_shown()):
            continue
        own = rows if place.table in _COMMON else [r for r in rows if r.get(PLACE) == township]
        fields = sorted(place.columns, key=lambda name: place.columns[name])
        is_list = any(name in place.columns for name in _LISTED_BY)
        found.append(Part(place.table, tuple(fields), own, is_list))
    return found


def townships_of(tables: Mapping[str, list[Row]]) -> list[str]:
    """The townships that the report has figures of, in its order."""
    places = (str(row[PLACE]) for row in tables["存量增减"])
    return [place for place in dict.fromkeys(places) if place not in (TOTAL, NO_TOWNSHIP)]


def write_extracts(
    month: Month,
    number: int,
    kept: Archived,
    workbook: str,
    settings: Settings,
    townships: Iterable[str],
) -> dict[str, Path]:
    """Write a workbook per township (mode 0600) below ``<outbox>/<month>/乡镇分表/``.

    The same version gives the same bytes.

    Args:
        month: the month that is reported on.
        number: the report version.
        kept: its values.
        workbook: the name of its workbook.
        settings: the installation.
        townships: whom to write one for.
    """
    folder = settings.outbox / str(month) / FOLDER
    as_of = datetime.combine(month.last_day, time())
    sheets = load_workbook(kept.file(workbook), read_only=True).sheetnames
    written = {}
    for township in townships:
        path = folder / safe_name(f"月报表_{month.chinese}_第{number}版_{township}.xlsx")
        parts = township_parts(kept, township, sheets)
        content = clockless(_workbook(month, number, township, parts, as_of), as_of)
        if not (path.is_file() and path.read_bytes() == content):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with written_whole(path, mode=0o600) as target:
                target.touch(mode=0o600)
                target.write_bytes(content)
        written[township] = path
    return written


def _workbook(
    month: Month, number: int, township: str, parts: Sequence[Part], as_of: datetime
) -> bytes:
    book = Workbook()
    book.remove(book.worksheets[0])
    title = f"{month.chinese}防止返贫监测月报表（{township}）"
    note = (
        f"摘自第{number}版，只含{township}；户名遮盖，内部使用，不得外传。“—”是不知道，不等于零。"
    )
    _summary(book.create_sheet(SUMMARY), title, note, [p for p in parts if not p.is_list])
    for part in parts:
        if part.is_list:
            _list(book.create_sheet(part.title), f"{title}　{part.title}", note, part)
    book.properties.creator = book.properties.lastModifiedBy = ""
    book.properties.created = as_of
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def _summary(sheet: Worksheet, title: str, note: str, parts: Sequence[Part]) -> None:
    """Item by item, each class with households and persons side by side."""
    classes = max((len(part.rows) for part in parts), default=1)
    width = 1 + len(_UNITS) * max(classes, 1)
    _heading(sheet, title, note, width)
    at = 4
    for part in parts:
        sheet.cell(at, 1, part.title).font = Font(name="黑体", size=11)
        at = _pairs(sheet, part, at + 1) + 1
    sheet.column_dimensions["A"].width = 24
    for column in range(2, width + 1):
        sheet.column_dimensions[get_column_letter(column)].width = 11
    _printed(sheet, "portrait", "1:2")


def _pairs(sheet: Worksheet, part: Part, at: int) -> int:
    """Write a part from row ``at`` on; the first row below it."""
    if not part.rows:
        _styled(sheet.cell(at, 1), _NOTHING, is_head=False)
        return at + 1
    _styled(sheet.cell(at, 1), "项目", is_head=True)
    _styled(sheet.cell(at + 1, 1), "", is_head=True)
    sheet.merge_cells(start_row=at, end_row=at + 1, start_column=1, end_column=1)
    for number, row in enumerate(part.rows):
        first = 2 + len(_UNITS) * number
        _styled(sheet.cell(at, first), row.get(CLASS) or row[PLACE], is_head=True)
        _styled(sheet.cell(at, first + 1), "", is_head=True)
        sheet.merge_cells(start_row=at, end_row=at, start_column=first, end_column=first + 1)
        for offset, unit in enumerate(_UNITS):
            _styled(sheet.cell(at + 1, first + offset), unit, is_head=True)
    items: dict[str, dict[str, str]] = {}
    for name in part.fields:
        if name not in (PLACE, CLASS):
            item, unit = _item(name)
            items.setdefault(item, {})[unit] = name
    line = at + 2
    for item, units in items.items():
        _styled(sheet.cell(line, 1), item, is_head=False)
        for number, row in enumerate(part.rows):
            for offset, unit in enumerate(_UNITS):
                cell = sheet.cell(line, 2 + len(_UNITS) * number + offset)
                field = units.get(unit)
                shown = field_value(row, field, part.fields) if field else ""
                _styled(cell, shown, is_head=False, is_figure=True)
                if item.endswith(_RATE) and isinstance(shown, float):
                    cell.number_format = "0.0%"
        line += 1
    return line


def _item(name: str) -> tuple[str, str]:
    """What a field counts, and in which unit: 本月新增户 → 本月新增, 户; a rate stands with 户."""
    group, dot, member = name.partition(".")
    unit = group[-1] if group[-1] in _UNITS else _UNITS[0]
    if dot:
        return f"　其中：{'其他' if member == OTHERS else member}", unit
    return (group[:-1] if group[-1] in _UNITS else group), unit


def _list(sheet: Worksheet, title: str, note: str, part: Part) -> None:
    width = max(len(part.fields), 1)
    _heading(sheet, title, note, width)
    for column, name in enumerate(part.fields, start=1):
        _styled(sheet.cell(3, column), name, is_head=True)
    for number, row in enumerate(part.rows, start=4):
        for column, name in enumerate(part.fields, start=1):
            _styled(sheet.cell(number, column), field_value(row, name, part.fields), is_head=False)
    if not part.rows:
        _styled(sheet.cell(4, 1), _NOTHING, is_head=False)
    last = 3 + max(len(part.rows), 1)
    for column in range(1, width + 1):
        texts = [str(sheet.cell(row, column).value or "") for row in range(3, last + 1)]
        sheet.column_dimensions[get_column_letter(column)].width = min(
            max(max(_wide(text) for text in texts) + 2, 9), 40
        )
    sheet.freeze_panes = "A4"
    _printed(sheet, "landscape", "3:3")


def _heading(sheet: Worksheet, title: str, note: str, width: int) -> None:
    for number, (text, size) in enumerate(((title, 16), (note, 10)), start=1):
        cell = sheet.cell(number, 1, text)
        cell.font = Font(name="宋体", size=size, bold=number == 1)
        cell.alignment = _CENTRE if number == 1 else _LEFT
        sheet.merge_cells(start_row=number, end_row=number, start_column=1, end_column=width)
    sheet.row_dimensions[1].height, sheet.row_dimensions[2].height = 44, 28


def _printed(sheet: Worksheet, orientation: Any, repeated: str) -> None:
    sheet.page_setup.orientation, sheet.page_setup.paperSize = orientation, "9"
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    if sheet.sheet_properties.pageSetUpPr is not None:
        sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.print_title_rows = repeated
    footer: Any = sheet.oddFooter
    footer.center.text = "第 &P 页，共 &N 页"
    footer.right.text = "内部使用，不得外传"


def _styled(cell: Cell | Any, value: Any, *, is_head: bool, is_figure: bool = False) -> None:
    write_value(cell, value)
    cell.font = Font(name="黑体" if is_head else "宋体", size=10)
    cell.border = _BOX
    is_text = isinstance(value, str) and not is_figure
    cell.alignment = _LEFT if is_text and not is_head else _CENTRE
    if is_head:
        cell.fill = _HEAD


def _wide(text: str) -> int:
    return max(
        sum(2 if unicodedata.east_asian_width(c) in "WFA" else 1 for c in line)
        for line in text.split("\n") or [""]
    )
