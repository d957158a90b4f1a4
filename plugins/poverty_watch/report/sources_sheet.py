"""The hidden sheet 数据来源: where the figures of every column come from, and how to see the rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from openpyxl.styles import Alignment, Font
from openpyxl.utils.cell import get_column_letter
from openpyxl.workbook.workbook import Workbook

from poverty_watch.report.filling import write_value
from poverty_watch.report.places import Placed
from poverty_watch.report.values import Row

TITLE = "数据来源"
_HEADINGS = (
    ("工作表", 24),
    ("单元格", 16),
    ("栏目", 18),
    ("数据来自", 70),
    ("计算文件", 40),
    ("查看明细的命令", 56),
)


def add(book: Workbook, sources: Sequence[Row], places: Mapping[str, Placed]) -> None:
    """Add the sheet, hidden; nothing where nothing is known of sources.

    Args:
        book: the workbook, filled.
        sources: rows with ``table``, ``field`` (``*`` for all fields of the table), 数据来自,
            计算文件 and 命令, where ``{cell}`` stands for the first cell.
        places: where the tables stand.
    """
    if not sources:
        return
    sheet = book.create_sheet(TITLE)
    sheet.sheet_state = "hidden"
    for column, (heading, width) in enumerate(_HEADINGS, 1):
        cell = sheet.cell(1, column, heading)
        cell.font = Font(name="黑体", size=10)
        sheet.column_dimensions[get_column_letter(column)].width = width
    number = 1
    for source in sources:
        place = places.get(str(source["table"]))
        if place is None or place.rows == 0:
            continue
        for field, column in place.columns.items():
            if source["field"] not in (field, field.split(".", 1)[0], "*"):
                continue
            number += 1
            letter = get_column_letter(column)
            first = f"{letter}{place.first_row}"
            told = (
                place.sheet,
                f"{first}:{letter}{place.last_row}",
                field,
                source["数据来自"],
                source["计算文件"],
                str(source["命令"]).replace("{cell}", f"{place.sheet}!{first}"),
            )
            for at, text in enumerate(told, 1):
                cell = sheet.cell(number, at)
                write_value(cell, str(text))
                cell.alignment = Alignment(vertical="top", wrap_text=at == 4)
