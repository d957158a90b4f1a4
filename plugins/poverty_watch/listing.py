"""A plain list as a workbook: titles, a header to filter by, rows, columns to fill in.

Text stays text whatever it begins with, and rows are written one after the other, so that a long
list needs no more memory than a short one.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any
from unicodedata import east_asian_width

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from poverty_watch.files import written_whole

_POINTS_PER_LINE = 14.0
_FIT = 0.95  # a column's nominal width is counted in digits, and cells have margins
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_LINE = Side(style="thin", color="A6A6A6")
_BOX = Border(left=_LINE, right=_LINE, top=_LINE, bottom=_LINE)
_HEAD = PatternFill("solid", fgColor="D9E2EC")
_ASKED = PatternFill("solid", fgColor="FFF4D6")
_CENTRE = Alignment(horizontal="center", vertical="center", wrap_text=True)
_LEFT = Alignment(horizontal="left", vertical="center", wrap_text=True)
Cell = str | int | date | None


@dataclass(frozen=True)
class ListColumn:
    """A column; ``width`` in characters. ``is_asked``: who gets the list fills it in."""

    header: str
    width: float
    is_asked: bool = False
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Listing:
    """What a list shows."""

    sheet: str
    title: str
    subtitle: str
    notes: tuple[str, ...]
    columns: tuple[ListColumn, ...]

    def fingerprint(self, facts: Any) -> str:
        """Names what the list is made from; ``facts`` is anything that JSON can hold."""
        plain = json.dumps([asdict(self), facts], ensure_ascii=False, default=str, sort_keys=True)
        return hashlib.sha256(plain.encode()).hexdigest()


def stands(path: Path, fingerprint: str) -> bool:
    """Whether the list was written for this fingerprint and is still there."""
    beside = _beside(path)
    return path.exists() and beside.exists() and beside.read_text() == fingerprint


def write_list(
    path: Path, fingerprint: str, listing: Listing, rows: Sequence[Sequence[Cell]]
) -> None:
    """Write the list (mode 0600); rows have a value for each column that nobody is asked for."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with written_whole(path, mode=0o600) as target:
        target.touch(mode=0o600)
        _save(target, listing, rows)
    with written_whole(_beside(path), mode=0o600) as target:
        target.write_text(fingerprint)


def remove_list(path: Path) -> None:
    """Take a list away that has nothing to say any more."""
    path.unlink(missing_ok=True)
    _beside(path).unlink(missing_ok=True)


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.stem}.sha256")


def _save(path: Path, listing: Listing, rows: Sequence[Sequence[Cell]]) -> None:
    book = Workbook(write_only=True)
    sheet: Any = book.create_sheet(listing.sheet)
    width = len(listing.columns)
    header = 3 + len(listing.notes)
    _set_up(sheet, listing, header, header + len(rows))
    _heading(sheet, listing, width)
    # In this mode a row's height is to be said before the row.
    sheet.row_dimensions[header].height = 2 * _POINTS_PER_LINE + 4
    sheet.append([_head_cell(sheet, column) for column in listing.columns])
    empty = [None] * sum(column.is_asked for column in listing.columns)
    styles = _Styles(sheet)
    widths = [column.width for column in listing.columns]
    for number, row in enumerate(rows, start=header + 1):
        lines = max(_lines(value, width) for value, width in zip(row, widths, strict=False))
        sheet.row_dimensions[number].height = lines * _POINTS_PER_LINE + 4
        sheet.append([styles.cell(value) for value in [*row, *empty]])
    book.save(path)


def _lines(value: Cell, width: float) -> int:
    """How many lines a wrapped text takes; East Asian characters are two wide."""
    if not isinstance(value, str):
        return 1
    wide = [sum(2 if east_asian_width(c) in "WFA" else 1 for c in t) for t in value.split("\n")]
    return sum(max(1, math.ceil(columns / (width * _FIT))) for columns in wide)


def _set_up(sheet: Any, listing: Listing, header: int, last: int) -> None:
    width = get_column_letter(len(listing.columns))
    for number, column in enumerate(listing.columns, start=1):
        letter = get_column_letter(number)
        sheet.column_dimensions[letter].width = column.width
        if column.choices and last > header:
            options = ",".join(column.choices)
            rule = DataValidation(type="list", formula1=f'"{options}"', allow_blank=True)
            rule.add(f"{letter}{header + 1}:{letter}{last}")
            sheet.data_validations.append(rule)
    sheet.freeze_panes = f"A{header + 1}"
    sheet.auto_filter.ref = f"A{header}:{width}{last}"
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = 9  # A4
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.print_title_rows = f"{header}:{header}"
    sheet.page_margins.left = sheet.page_margins.right = 0.4
    sheet.oddFooter.center.text = "第 &P 页，共 &N 页"
    sheet.oddFooter.right.text = "含个人信息，不得外传"


def _heading(sheet: Any, listing: Listing, width: int) -> None:
    lines = [(listing.title, 18, True), (listing.subtitle, 11, False)]
    lines += [(note, 10, False) for note in listing.notes]
    for number, (text, size, bold) in enumerate(lines, start=1):
        cell = WriteOnlyCell(sheet, text)
        cell.font = Font(name="宋体", size=size, bold=bold)
        cell.alignment = _CENTRE if number <= 2 else _LEFT
        sheet.merged_cells.add(f"A{number}:{get_column_letter(width)}{number}")
        sheet.row_dimensions[number].height = 30 if number == 1 else 18
        sheet.append([cell])


def _head_cell(sheet: Any, column: ListColumn) -> Any:
    cell = WriteOnlyCell(sheet, column.header)
    cell.font = Font(name="黑体", size=10)
    cell.fill = _ASKED if column.is_asked else _HEAD
    cell.border = _BOX
    cell.alignment = _CENTRE
    return cell


class _Styles:
    """Cells of rows; each look is worked out once."""

    def __init__(self, sheet: Any) -> None:
        self._sheet = sheet
        self._known: dict[tuple[bool, bool, bool], Any] = {}

    def cell(self, value: Cell) -> Any:
        is_text = isinstance(value, str)
        text = ILLEGAL_CHARACTERS_RE.sub("\ufffd", value) if isinstance(value, str) else ""
        shown: Any = (text or None) if is_text else value
        cell: Any = WriteOnlyCell(self._sheet, shown)
        cell._style = self._style(
            is_text, text.startswith(_FORMULA_STARTS), isinstance(value, date)
        )
        if text:
            cell.data_type = "s"
        return cell

    def _style(self, is_text: bool, quoted: bool, is_date: bool) -> Any:
        key = is_text, quoted, is_date
        if key not in self._known:
            model: Any = WriteOnlyCell(self._sheet, None)
            model.font = Font(name="宋体", size=10)
            model.border = _BOX
            model.alignment = _LEFT
            model.number_format = "yyyy-mm-dd" if is_date else "@" if is_text else "General"
            model.quotePrefix = quoted
            self._known[key] = model._style
        return self._known[key]
