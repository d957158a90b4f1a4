"""Put the content of a report into the county's workbook template.

The template speaks through defined names. A name like ``统计月份`` marks cells that get a single
value; ``行_存量增减`` marks the one model row of a table, whose cells say in braces which field
goes there: ``{本月新增户}``. ``{类别|合并}`` joins equal cells below each other, ``{类别|合并|分页}``
also starts a new page where the value changes. ``{风险户.因病}`` takes one of an open group and
``{风险户.*}`` the sum of all of the group that have no column of their own. ``图_乡镇增减`` marks the
place of a chart, whose title is the text of its first cell. What is made is told in `Rendered`.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from openpyxl import load_workbook
from openpyxl.utils.cell import get_column_letter, range_boundaries
from openpyxl.workbook.workbook import Workbook

from poverty_watch.report import charts, sources_sheet
from poverty_watch.report.clockless import clockless
from poverty_watch.report.errors import TemplateError
from poverty_watch.report.filling import fill_table, write_value
from poverty_watch.report.places import OTHERS, ROW_PREFIX, Model, Placed, model_of, placed
from poverty_watch.report.values import Row

OPTIONAL = ("更正",)
"""Tables that only some versions have; without them their sheet goes away."""
_A4 = (842, 595)  # points, landscape
_POINTS_A_CHARACTER, _ROW = 5.25, 15
_SHRUNK = 1.25


@dataclass(frozen=True)
class Rendered:
    """A finished workbook, and where each table stands in it."""

    content: bytes
    places: dict[str, Placed]


def render(
    template: Path,
    singles: Mapping[str, str],
    tables: Mapping[str, list[Row]],
    as_of: datetime,
    sources: Sequence[Row] = (),
    identifier: str = "",
) -> Rendered:
    """The finished workbook; the same values give the same bytes.

    Args:
        template: the county's workbook template.
        singles: text by defined name.
        tables: rows by table name, in the order in which they are to be shown.
        as_of: written as creation time in the document properties.
        sources: where the figures of each column come from, for the hidden sheet.
        identifier: written into the document properties: which version this is.

    Raises:
        TemplateError: the template lacks names, or its model rows ask for unknown fields.
    """
    book = _open(template)
    areas = _areas(book)
    models = _models(template, book, areas, singles, tables)
    for name, text in singles.items():
        for sheet, reference in areas[name]:
            left, top, _, _ = range_boundaries(reference)
            write_value(book[sheet].cell(int(top or 1), int(left or 1)), text)
    # From the bottom upwards: making room below does not move the model rows above.
    for model in sorted(models, key=lambda m: (m.sheet, -m.row)):
        fill_table(book[model.sheet], model, tables[model.table])
    places = placed(models, tables)
    charts.draw(book, areas, places, tables)
    for table in OPTIONAL:
        if table not in tables and ROW_PREFIX + table in areas:
            book.remove(book[areas[ROW_PREFIX + table][0][0]])
    _bound_prints(book)
    sources_sheet.add(book, sources, places)
    for name in areas:
        del book.defined_names[name]
    properties = book.properties
    properties.creator = properties.lastModifiedBy = singles.get("填报单位", "")
    properties.created = as_of
    # Excel keeps the one when it saves, LibreOffice and WPS the other.
    properties.identifier = properties.keywords = identifier or None
    stream = io.BytesIO()
    book.save(stream)
    return Rendered(clockless(stream.getvalue(), as_of), places)


def places_in(
    template: Path, singles: Mapping[str, str], tables: Mapping[str, list[Row]]
) -> dict[str, Placed]:
    """Where the tables would stand, without making the workbook.

    Raises:
        TemplateError: as `render`.
    """
    book = _open(template)
    return placed(_models(template, book, _areas(book), singles, tables), tables)


def _areas(book: Workbook) -> dict[str, list[tuple[str, str]]]:
    """The cells of every defined name; a name whose sheet or cells were deleted has none."""
    found = {}
    for name, defined in book.defined_names.items():
        text = str(defined.attr_text or "")
        areas = [] if "#REF!" in text else list(defined.destinations)
        found[name] = [(sheet, cells) for sheet, cells in areas if sheet in book.sheetnames]
    return found


def _models(
    template: Path,
    book: Workbook,
    areas: Mapping[str, list[tuple[str, str]]],
    singles: Mapping[str, str],
    tables: Mapping[str, list[Row]],
) -> list[Model]:
    rows = [ROW_PREFIX + table for table in tables]
    _require(template, areas, [*singles, *rows, *charts.NAMES])
    models = [model_of(book, table, areas[ROW_PREFIX + table][0]) for table in tables]
    _require_fields(template, models, tables)
    return models


def _bound_prints(book: Workbook) -> None:
    """Print what is filled, whatever a clerk's cursor once touched beside it.

    A sheet that is a little longer than a page is shrunk to it: the signature shall not stand alone.
    """
    for sheet in book.worksheets:
        if sheet.sheet_state == "visible" and not sheet.print_area:
            last = f"{get_column_letter(sheet.max_column)}{sheet.max_row}"
            sheet.print_area = f"A1:{last}"
        if not sheet.row_breaks.brk and 1 < _pages(sheet) <= _SHRUNK:
            sheet.page_setup.fitToHeight = 1


def _pages(sheet: Any) -> float:
    """How many landscape A4 pages a sheet of a page's width is high."""
    margins = sheet.page_margins
    wide = _A4[0] - 72 * (margins.left + margins.right)
    high = _A4[1] - 72 * (margins.top + margins.bottom)
    # A loaded dimension may stand for several columns.
    columns = sheet.column_dimensions.values()
    characters = sum(one.width * ((one.max or 1) - (one.min or 1) + 1) for one in columns)
    width = max(characters, 1) * _POINTS_A_CHARACTER
    rows = [sheet.row_dimensions[n + 1].height or _ROW for n in range(sheet.max_row)]
    return float(sum(rows) * min(1.0, wide / width) / high)


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


def _require(template: Path, areas: Mapping[str, list[Any]], names: Sequence[str]) -> None:
    missing = [name for name in names if not areas.get(name)]
    if missing:
        raise TemplateError(
            f"报表模板 {template.name} 缺少下列名称，请在 Excel 的“公式—名称管理器”中补上后重试：\n"
            + "\n".join(f"- {name}" for name in missing)
        )


def _require_fields(template: Path, models: list[Model], tables: Mapping[str, list[Row]]) -> None:
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
