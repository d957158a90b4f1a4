"""Draw a township's task sheet: pre-filled cells are locked, answers have drop-downs."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, PatternFill, Protection, Side
from openpyxl.utils import get_column_letter, quote_sheetname
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from poverty_watch.months import Month
from poverty_watch.verification.policy import AnswerColumn, SheetForm

SHEET = "核实任务"
LISTS = "选项"
CODE_HEADER = "任务码"
_FONT, _TITLE_FONT = "宋体", "方正小标宋简体"
_LINE = Side(style="thin", color="808080")
_BOX = Border(left=_LINE, right=_LINE, top=_LINE, bottom=_LINE)
_LOCKED = PatternFill("solid", fgColor="F2F2F2")
_HEAD = PatternFill("solid", fgColor="D9E2EC")
_ASKED = PatternFill("solid", fgColor="FFF4D6")
_POINTS_PER_LINE = 14.5
_LONG = ("reasons", "questions")
_INDENT = 1.5  # characters that one step of indentation takes
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class TaskRow:
    """A household's line: the code of its task and the facts by the form's field names."""

    code: str
    facts: Mapping[str, Any]


def content_of(form: SheetForm, township: str, month: Month, rows: list[TaskRow]) -> dict[str, Any]:
    """Everything that the sheet shows, for telling whether it has changed."""
    return {
        "form": form.model_dump(mode="json"),
        "township": township,
        "month": str(month),
        "rows": [[row.code, dict(row.facts)] for row in rows],
    }


def save_sheet(
    path: Path, form: SheetForm, township: str, month: Month, rows: list[TaskRow]
) -> None:
    """Save the workbook; text that a spreadsheet would take for a formula stays text."""
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.title = SHEET
    last = len(form.facts) + len(form.answers)
    header_row = _write_heading(sheet, form, township, month, len(rows), last)
    _write_header(sheet, form, header_row)
    for offset, row in enumerate(rows, start=1):
        _write_row(sheet, form, header_row + offset, row)
    _add_choices(book, sheet, form, header_row + 1, header_row + len(rows))
    _set_up_page(sheet, form, header_row, header_row + len(rows), last)
    book.save(path)


def _write_heading(
    sheet: Worksheet, form: SheetForm, township: str, month: Month, count: int, last: int
) -> int:
    lines = [(form.title, 20, 32.0), (form.subtitle, 11, 20.0)]
    lines += [(note, 10, 16.0) for note in form.notes]
    for number, (text, size, height) in enumerate(lines, start=1):
        cell = sheet.cell(
            number, 1, text.format(township=township, month=month.chinese, count=count)
        )
        title = number == 1
        cell.font = Font(name=_TITLE_FONT if title else _FONT, size=size, bold=title)
        cell.alignment = Alignment(
            horizontal="center" if number <= 2 else "left", vertical="center", wrap_text=True
        )
        sheet.merge_cells(start_row=number, end_row=number, start_column=1, end_column=last)
        sheet.row_dimensions[number].height = height
    return len(lines) + 1


def _write_header(sheet: Worksheet, form: SheetForm, row: int) -> None:
    columns = [*form.facts, *form.answers]
    for position, column in enumerate(columns, start=1):
        cell = sheet.cell(row, position, column.header)
        cell.font = Font(name="黑体", size=10)
        cell.fill = _ASKED if isinstance(column, AnswerColumn) else _HEAD
        cell.border = _BOX
        cell.alignment = Alignment(horizontal="center", vertical="center", wrap_text=True)
        sheet.column_dimensions[get_column_letter(position)].width = column.width
    sheet.cell(row, len(columns) + 1, CODE_HEADER)
    sheet.column_dimensions[get_column_letter(len(columns) + 1)].hidden = True
    sheet.row_dimensions[row].height = 44


def _write_row(sheet: Worksheet, form: SheetForm, number: int, row: TaskRow) -> None:
    lines = 1
    for position, column in enumerate(form.facts, start=1):
        value = row.facts[column.field]
        cell = sheet.cell(number, position)
        if isinstance(value, str):
            cell.value = value
            cell.data_type = "s"
            cell.quotePrefix = value.startswith(_FORMULA_STARTS)
            cell.number_format = "@"
            lines = max(
                lines, _lines(value, column.width - (_INDENT if column.field in _LONG else 0))
            )
        else:
            cell.value = value
            if isinstance(value, date):
                cell.number_format = "yyyy-mm-dd"
        long_text = column.field in _LONG
        cell.font = Font(name=_FONT, size=10)
        cell.fill = _LOCKED
        cell.border = _BOX
        cell.alignment = Alignment(
            horizontal="left" if long_text else "center",
            vertical="center",
            wrap_text=True,
            indent=1 if long_text else 0,
        )
    for position, column in enumerate(form.answers, start=len(form.facts) + 1):
        cell = sheet.cell(number, position)
        cell.number_format = "yyyy-mm-dd" if column.kind == "date" else "@"
        cell.font = Font(name=_FONT, size=10)
        cell.border = _BOX
        cell.protection = Protection(locked=False)
        cell.alignment = Alignment(horizontal="center", vertical="center", wrap_text=True)
    sheet.cell(number, len(form.facts) + len(form.answers) + 1, row.code)
    sheet.row_dimensions[number].height = max(2, lines) * _POINTS_PER_LINE + 4


def _lines(text: str, width: float) -> int:
    """How many lines a wrapped text takes; East Asian characters are two wide."""

    def columns(line: str) -> int:
        return sum(2 if unicodedata.east_asian_width(c) in "WFA" else 1 for c in line)

    # A column's nominal width is counted in digits of 11 points; cells have margins.
    return sum(max(1, math.ceil(columns(line) / width)) for line in text.split("\n"))


def _add_choices(book: Workbook, sheet: Worksheet, form: SheetForm, first: int, last: int) -> None:
    lists = book.create_sheet(LISTS)
    lists.sheet_state = "hidden"
    lists.protection.sheet = True
    choices = [column for column in form.answers if column.kind == "choice"]
    for position, column in enumerate(choices, start=1):
        letter = get_column_letter(position)
        for row, option in enumerate([column.header, *column.options], start=1):
            lists.cell(row, position, option)
        name = f"选项_{column.header}"
        area = f"{quote_sheetname(LISTS)}!${letter}$2:${letter}${len(column.options) + 1}"
        book.defined_names[name] = DefinedName(name, attr_text=area)
    for position, column in enumerate(form.answers, start=len(form.facts) + 1):
        if column.kind == "text":
            continue
        if column.kind == "choice":
            rule = DataValidation(type="list", formula1=f"选项_{column.header}", allow_blank=True)
            rule.error = "请从下拉选项中选择。"
        else:
            rule = DataValidation(
                type="date", operator="greaterThan", formula1="DATE(2020,1,1)", allow_blank=True
            )
            rule.error = "请填日期，例如 2021-05-12。"
        rule.errorTitle = column.header
        rule.showErrorMessage = True
        letter = get_column_letter(position)
        rule.add(f"{letter}{first}:{letter}{last}")
        sheet.add_data_validation(rule)


def _set_up_page(sheet: Worksheet, form: SheetForm, header: int, last_row: int, last: int) -> None:
    sheet.freeze_panes = f"D{header + 1}"
    # With the hidden code: sorting through the filter must take it along with its household.
    sheet.auto_filter.ref = f"A{header}:{get_column_letter(last + 1)}{last_row}"
    sheet.protection.sheet = True
    for allowed in ("sort", "autoFilter", "formatColumns", "formatRows", "formatCells"):
        setattr(sheet.protection, allowed, False)
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A4
    sheet.page_setup.fitToWidth = 1
    sheet.page_setup.fitToHeight = 0
    assert sheet.sheet_properties.pageSetUpPr is not None
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.print_title_rows = f"{header}:{header}"
    sheet.print_area = f"A1:{get_column_letter(last)}{last_row}"
    sheet.page_margins.left = sheet.page_margins.right = 0.4
    sheet.page_margins.top, sheet.page_margins.bottom = 0.5, 0.7
    # Between the page's edge and the table, or the two lie on each other.
    sheet.page_margins.header = sheet.page_margins.footer = 0.3
    sheet.print_options.horizontalCentered = True
    footer = sheet.oddFooter
    assert footer is not None
    footer.center.text = "第 &P 页，共 &N 页"
    footer.right.text = "含个人信息，不得外传"
