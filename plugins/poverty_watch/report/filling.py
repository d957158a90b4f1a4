"""Fill the model row of a table: as many rows as there are values, in the model's own style."""

from __future__ import annotations

import unicodedata
from copy import copy
from math import ceil
from typing import Any

from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, Cell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils.cell import get_column_letter
from openpyxl.worksheet.cell_range import CellRange
from openpyxl.worksheet.pagebreak import Break
from openpyxl.worksheet.worksheet import Worksheet

from poverty_watch.report.places import Field, Model, field_value
from poverty_watch.report.values import NOT_APPLICABLE, NOT_KNOWN_MARK, Row, Value

_FORMULA_STARTS = ("=", "+", "-", "@")
_TOTAL_FILL = PatternFill("solid", fgColor="F2F2F2")


def write_value(cell: Cell | Any, value: Value) -> None:
    """Write a value so that a text can never become a formula; None is printed as not known."""
    if value is None:
        value = NOT_KNOWN_MARK
    if isinstance(value, str):
        text = ILLEGAL_CHARACTERS_RE.sub("", value)
        cell.value = text
        if text.startswith(_FORMULA_STARTS):
            cell.data_type = "s"
            cell.quotePrefix = True
    else:
        cell.value = value


def fill_table(sheet: Worksheet, model: Model, rows: list[Row]) -> None:
    """Write the rows of a table; one that says 无 where there are none."""
    texts = rows or [{f.name: "" for f in model.fields} | {model.fields[0].name: "无"}]
    _make_room(sheet, model, len(texts))
    columns = [field.name for field in model.fields]
    for offset, row in enumerate(texts):
        for field in model.fields:
            cell = sheet.cell(model.row + offset, field.column)
            value = field_value(row, field.name, columns)
            write_value(cell, value)
            if value is None or value == NOT_APPLICABLE:
                cell.alignment = Alignment(horizontal="center", vertical="center")
        if row.get("是否合计"):
            _emphasise(sheet, model, model.row + offset)
        _fit_height(sheet, model, model.row + offset)
    for field in model.fields:
        _join(sheet, model, field, len(texts))


def _make_room(sheet: Worksheet, model: Model, count: int) -> None:
    """Repeat the model row ``count`` times; what stands below moves down, merges and heights too."""
    extra = count - 1
    if extra == 0:
        return
    merges = [
        CellRange(found.coord) for found in sheet.merged_cells.ranges if found.max_row >= model.row
    ]
    heights = {number: found.height for number, found in sheet.row_dimensions.items()}
    for found in merges:
        sheet.unmerge_cells(found.coord)
    sheet.insert_rows(model.row + 1, extra)
    for number in [n for n in heights if n > model.row]:
        sheet.row_dimensions[number].height = None
    for number, height in heights.items():
        if number > model.row:
            sheet.row_dimensions[number + extra].height = height
    for offset in range(1, count):
        sheet.row_dimensions[model.row + offset].height = heights.get(model.row)
        for column in range(model.first_column, model.last_column + 1):
            source: Any = sheet.cell(model.row, column)
            target: Any = sheet.cell(model.row + offset, column)
            target._style = copy(source._style)
    for found in merges:
        if found.min_row > model.row:
            found.shift(row_shift=extra)
        sheet.merge_cells(found.coord)
        if found.min_row == found.max_row == model.row:
            for _ in range(extra):
                found.shift(row_shift=1)
                sheet.merge_cells(found.coord)


def _emphasise(sheet: Worksheet, model: Model, row: int) -> None:
    for column in range(model.first_column, model.last_column + 1):
        cell = sheet.cell(row, column)
        cell.font = Font(name=cell.font.name, size=cell.font.size, color=cell.font.color, bold=True)
        cell.fill = _TOTAL_FILL


def _join(sheet: Worksheet, model: Model, field: Field, count: int) -> None:
    if not (field.is_joined or field.starts_page):
        return
    start = model.row
    for row in range(model.row + 1, model.row + count + 1):
        ends = row == model.row + count
        if (
            not ends
            and sheet.cell(row, field.column).value == sheet.cell(start, field.column).value
        ):
            continue
        if field.is_joined and row - 1 > start:
            sheet.merge_cells(
                start_row=start, end_row=row - 1, start_column=field.column, end_column=field.column
            )
        if field.starts_page and not ends:
            sheet.row_breaks.append(Break(id=row - 1))
        start = row


def _fit_height(sheet: Worksheet, model: Model, row: int) -> None:
    """Rows grow with their longest text: Excel does not do it for merged cells."""
    spans = {
        found.min_col: found.max_col
        for found in sheet.merged_cells.ranges
        if found.min_row == row == found.max_row
    }
    needed = sheet.row_dimensions[row].height or 15.0
    for field in model.fields:
        cell = sheet.cell(row, field.column)
        if field.is_joined or not isinstance(cell.value, str):
            continue
        last = spans.get(field.column, field.column)
        width = sum(
            sheet.column_dimensions[get_column_letter(column)].width
            for column in range(field.column, last + 1)
        )
        size = float(cell.font.size or 11)
        letters = sum(2 if unicodedata.east_asian_width(c) in "WFA" else 1 for c in cell.value)
        lines = ceil(letters * size / 11 / max(width - 1.5, 1)) if letters else 1
        needed = max(needed, lines * size * 1.4 + 5)
    sheet.row_dimensions[row].height = min(needed, 400)
