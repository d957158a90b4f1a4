"""Put the content of a report into the county's workbook template.

The template speaks through defined names. A name like ``统计月份`` marks cells that get a single
value; ``行_存量增减`` marks the one model row of a table, whose cells say in braces which field
goes there: ``{本月新增户}``. ``{类别|合并}`` joins equal cells below each other, ``{类别|合并|分页}``
also starts a new page where the value changes. ``{风险户.因病}`` takes one of an open group and
``{风险户.*}`` the sum of all of the group that have no column of their own.
"""

from __future__ import annotations

import io
import re
import unicodedata
import zipfile
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from pathlib import Path
from typing import Any, cast

from openpyxl import load_workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, Cell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils.cell import get_column_letter, range_boundaries
from openpyxl.workbook.workbook import Workbook
from openpyxl.worksheet.cell_range import CellRange
from openpyxl.worksheet.pagebreak import Break
from openpyxl.worksheet.worksheet import Worksheet

from poverty_watch.report.errors import TemplateError
from poverty_watch.report.values import NOT_APPLICABLE, NOT_KNOWN_MARK, Row, Value

ROW_PREFIX = "行_"
OTHERS = "*"
_PLACEHOLDER = re.compile(r"\{([^{}|]+)((?:\|[^{}|]+)*)\}")
_FORMULA_STARTS = ("=", "+", "-", "@")
_TOTAL_FILL = PatternFill("solid", fgColor="F2F2F2")
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class _Field:
    """What one column of a model row shows."""

    column: int
    name: str
    is_joined: bool
    starts_page: bool


@dataclass(frozen=True)
class _Model:
    """The model row of a table."""

    table: str
    sheet: str
    row: int
    first_column: int
    last_column: int
    fields: tuple[_Field, ...]

    def named_in_group(self, group: str) -> set[str]:
        """The members of an open group that have a column of their own."""
        prefix = f"{group}."
        return {f.name.removeprefix(prefix) for f in self.fields if f.name.startswith(prefix)}


def render(
    template: Path, singles: Mapping[str, str], tables: Mapping[str, list[Row]], as_of: datetime
) -> bytes:
    """The finished workbook; the same values give the same bytes.

    Args:
        template: the county's workbook template.
        singles: text by defined name.
        tables: rows by table name, in the order in which they are to be shown.
        as_of: written as creation time in the document properties.

    Raises:
        TemplateError: the template lacks names, or its model rows ask for unknown fields.
    """
    book = _open(template)
    areas = {name: list(defined.destinations) for name, defined in book.defined_names.items()}
    _require(template, areas, [*singles, *(ROW_PREFIX + table for table in tables)])
    models = [_model(book, table, areas[ROW_PREFIX + table][0]) for table in tables]
    _require_fields(template, models, tables)
    for name, text in singles.items():
        for sheet, reference in areas[name]:
            left, top, _, _ = range_boundaries(reference)
            write_value(book[sheet].cell(int(top or 1), int(left or 1)), text)
    # From the bottom upwards: making room below does not move the model rows above.
    for model in sorted(models, key=lambda m: (m.sheet, -m.row)):
        _fill_table(book[model.sheet], model, tables[model.table])
    for name in [*singles, *(ROW_PREFIX + table for table in tables)]:
        del book.defined_names[name]
    properties = book.properties
    properties.creator = properties.lastModifiedBy = singles.get("填报单位", "")
    properties.created = as_of
    stream = io.BytesIO()
    book.save(stream)
    return _without_clock(stream.getvalue(), as_of)


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


def _open(template: Path) -> Workbook:
    try:
        return load_workbook(template)
    except FileNotFoundError:
        raise TemplateError(
            f"找不到报表模板 {template.name}，请把模板放回 include/templates 文件夹。"
        ) from None
    except Exception as error:
        raise TemplateError(
            f"报表模板 {template.name} 打不开（{type(error).__name__}），请用 Excel 另存为 xlsx 后重试。"
        ) from error


def _require(template: Path, areas: Mapping[str, list[Any]], names: list[str]) -> None:
    missing = [name for name in names if not areas.get(name)]
    if missing:
        raise TemplateError(
            f"报表模板 {template.name} 缺少下列名称，请在 Excel 的“公式—名称管理器”中补上后重试：\n"
            + "\n".join(f"- {name}" for name in missing)
        )


def _model(book: Workbook, table: str, area: tuple[str, str]) -> _Model:
    sheet, reference = area
    left, top, right, _ = (int(bound or 1) for bound in range_boundaries(reference))
    fields = []
    for column in range(left, right + 1):
        match = _PLACEHOLDER.fullmatch(str(book[sheet].cell(top, column).value or "").strip())
        if match:
            marks = match[2].split("|")
            fields.append(_Field(column, match[1].strip(), "合并" in marks, "分页" in marks))
    return _Model(table, sheet, top, left, right, tuple(fields))


def _require_fields(template: Path, models: list[_Model], tables: Mapping[str, list[Row]]) -> None:
    problems = []
    for model in models:
        if not model.fields:
            problems.append(f"名称“{ROW_PREFIX}{model.table}”所在行没有任何 {{字段}}")
        for row in tables[model.table][:1]:
            for name in (f.name for f in model.fields):
                if name.split(".", 1)[0] not in row:
                    problems.append(f"“{model.sheet}”中的 {{{name}}} 不是可填的字段")
        for row in tables[model.table]:
            for group, members in row.items():
                if isinstance(members, Mapping):
                    named = model.named_in_group(group)
                    lost = sorted(k for k, v in members.items() if v and k not in named)
                    if named and OTHERS not in named and lost:
                        words = "、".join(name or "未填" for name in lost)
                        problems.append(
                            f"“{model.sheet}”没有“{words}”一栏，请加一栏 {{{group}.{OTHERS}}}"
                        )
    if problems:
        listed = "\n".join(f"- {problem}" for problem in dict.fromkeys(problems))
        raise TemplateError(f"报表模板 {template.name} 有误，请改正后重试：\n{listed}")


def _value(model: _Model, name: str, row: Row) -> Value:
    group, _, member = name.partition(".")
    found: Any = row[group]
    if not isinstance(found, Mapping):
        return cast("Value", found)
    if member == OTHERS:
        named = model.named_in_group(group)
        return int(sum(count for key, count in found.items() if key not in named))
    return cast("Value", found.get(member, 0))


def _fill_table(sheet: Worksheet, model: _Model, rows: list[Row]) -> None:
    texts = rows or [{f.name: "" for f in model.fields} | {model.fields[0].name: "无"}]
    _make_room(sheet, model, len(texts))
    for offset, row in enumerate(texts):
        for field in model.fields:
            cell = sheet.cell(model.row + offset, field.column)
            value = _value(model, field.name, row)
            write_value(cell, value)
            if value is None or value == NOT_APPLICABLE:
                cell.alignment = Alignment(horizontal="center", vertical="center")
        if row.get("是否合计"):
            _emphasise(sheet, model, model.row + offset)
        _fit_height(sheet, model, model.row + offset)
    for field in model.fields:
        _join(sheet, model, field, len(texts))


def _make_room(sheet: Worksheet, model: _Model, count: int) -> None:
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


def _emphasise(sheet: Worksheet, model: _Model, row: int) -> None:
    for column in range(model.first_column, model.last_column + 1):
        cell = sheet.cell(row, column)
        cell.font = Font(name=cell.font.name, size=cell.font.size, color=cell.font.color, bold=True)
        cell.fill = _TOTAL_FILL


def _join(sheet: Worksheet, model: _Model, field: _Field, count: int) -> None:
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


def _fit_height(sheet: Worksheet, model: _Model, row: int) -> None:
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


def _without_clock(content: bytes, as_of: datetime) -> bytes:
    """The same archive with fixed times, so that equal workbooks are equal files."""
    stamp = as_of.strftime("%Y-%m-%dT%H:%M:%SZ").encode()
    result = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as source,
        zipfile.ZipFile(result, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for name in source.namelist():
            part = source.read(name)
            if name == "docProps/core.xml":
                part = re.sub(
                    rb"(<dcterms:modified[^>]*>)[^<]*(</dcterms:modified>)",
                    rb"\g<1>" + stamp + rb"\g<2>",
                    part,
                )
            info = zipfile.ZipInfo(name, _ZIP_TIME)
            info.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(info, part)
    return result.getvalue()
