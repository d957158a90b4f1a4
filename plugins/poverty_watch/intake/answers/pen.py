"""Write cells that show what they hold: text stays text, whatever it begins with.

Sheets are written row by row (openpyxl's write-only mode): hundreds of thousands of rows need no
more memory than a few, and each style is worked out once.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, cast

from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, Cell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Protection, Side
from openpyxl.utils import get_column_letter

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
TEXT = "@"
_LINE = Side(style="thin", color="A6A6A6")
_BOX = Border(left=_LINE, right=_LINE, top=_LINE, bottom=_LINE)
_POINTS_PER_LINE = 14.5
# A column's nominal width is counted in digits at 11 points; text here is smaller.
_FIT = 1.05


@dataclass(frozen=True)
class Look:
    """How a cell looks; ``fill`` as RRGGBB, ``size`` in points."""

    fill: str | None = None
    size: float = 10
    font: str = "宋体"
    bold: bool = False
    number_format: str = "General"
    horizontal: str = "left"
    locked: bool = True
    boxed: bool = True
    wrap: bool = True


def safe_value(value: Any) -> Any:
    """A value that a workbook can hold: control characters replaced, whole numbers without .0."""
    if isinstance(value, str):
        return ILLEGAL_CHARACTERS_RE.sub("\ufffd", value)
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return int(value)
    if value is None or isinstance(
        value, (bool, int, float, Decimal, datetime, date, time, timedelta)
    ):
        return value
    return str(value)


class Pen:
    """Makes cells for one write-only sheet."""

    def __init__(self, sheet: Any) -> None:
        self._sheet = sheet
        self._styles: dict[tuple[Look, bool], Any] = {}
        self._row = 0

    def cell(self, value: Any, look: Look) -> Cell:
        """A cell; text that a spreadsheet would take for a formula is marked as text."""
        value = safe_value(value)
        is_text = isinstance(value, str)
        cell: Any = WriteOnlyCell(self._sheet, value)
        cell._style = self._style(look, is_text and value.startswith(FORMULA_STARTS))
        if is_text:
            cell.data_type = "s"
        return cast(Cell, cell)

    def row(self, cells: Sequence[Cell | None], height: float | None = None) -> int:
        """Append a row; its number."""
        self._row += 1
        if height is not None:
            self._sheet.row_dimensions[self._row].height = height
        self._sheet.append(cells)
        return self._row

    def spans(self, parts: Sequence[tuple[Any, int, Look]], height: float | None = None) -> int:
        """Append a row of merged cells: value, number of columns, look."""
        cells: list[Cell | None] = []
        for value, columns, look in parts:
            start = len(cells) + 1
            cells.append(self.cell(value, look))
            cells += [self.cell(None, look) for _ in range(columns - 1)]
            if columns > 1:
                last = get_column_letter(len(cells))
                area = f"{get_column_letter(start)}{self._row + 1}:{last}{self._row + 1}"
                self._sheet.merged_cells.add(area)
        return self.row(cells, height)

    def _style(self, look: Look, quoted: bool) -> Any:
        style = self._styles.get((look, quoted))
        if style is None:
            model: Any = WriteOnlyCell(self._sheet, None)
            model.font = Font(name=look.font, size=look.size, bold=look.bold)
            if look.fill:
                model.fill = PatternFill("solid", fgColor=look.fill)
            if look.boxed:
                model.border = _BOX
            model.alignment = Alignment(
                horizontal=look.horizontal,
                vertical="center",
                wrap_text=look.wrap,
            )
            model.number_format = look.number_format
            model.protection = Protection(locked=look.locked)
            model.quotePrefix = quoted
            style = self._styles[look, quoted] = copy(model._style)
        return style


def text_width(text: str) -> int:
    """Columns that a line of text takes; East Asian characters are two wide."""
    return sum(2 if unicodedata.east_asian_width(c) in "WFA" else 1 for c in text)


def height_of(parts: Sequence[tuple[str, float]], size: float = 10) -> float:
    """Points that a row of wrapped texts needs, given each one's width in characters."""
    lines = max(
        sum(max(1, math.ceil(text_width(line) / width)) for line in text.split("\n"))
        for text, width in parts
    )
    return max(1, lines) * _POINTS_PER_LINE * size / 10 + 4
