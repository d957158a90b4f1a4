"""Find the header of a sheet and tell its rows apart: header, blank, total or signature, data."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from operator import itemgetter

from poverty_watch.contracts import Contract
from poverty_watch.intake.sheets import Cell, Sheet

_HEADER_WITHIN_ROWS = 60
_TOTALS = {"合计", "总计", "小计"}
_TOTAL_STARTS = frozenset(total[0] for total in _TOTALS) | {"\u200b", "\ufeff"}
_SIGNATURES = ("填表人", "填报人", "审核人", "制表人", "负责人", "备注", "注:", "说明")
_WHITE = re.compile(r"[\s\u200b-\u200f\u2060\ufeff]+")


def plain(cell: Cell) -> str:
    """A header or label cell as compared: NFKC, no white space; whole numbers without decimals."""
    if cell is None or cell == "":
        return ""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return _WHITE.sub("", unicodedata.normalize("NFKC", str(cell)))


def is_blank(cell: Cell) -> bool:
    """Whether a cell holds nothing that a person can see."""
    return cell is None or cell == "" or (isinstance(cell, str) and not _WHITE.sub("", cell))


def _may_be_no_data(rows: list[list[Cell]], start: int) -> list[int]:
    """A cheap test that spares hundreds of thousands of rows a closer look: 0.1 s for a million."""
    return [
        position
        for position, first in enumerate(map(itemgetter(0), rows[start:]), start=start)
        if not first
        or (first.__class__ is str and (first[0] in _TOTAL_STARTS or first[0].isspace()))
    ]


@dataclass(frozen=True)
class Layout:
    """Where things are in a sheet.

    ``columns`` maps a contract column's name to its position; ``data`` lists positions of data rows;
    ``header``, ``blank`` and ``total`` count the other rows, so that every row has a fate.
    ``last_header`` is the position of the row that names the columns.
    """

    columns: dict[str, int]
    data: list[int]
    header: int
    blank: int
    total: int
    last_header: int


@dataclass(frozen=True)
class NoLayout:
    """No row of the sheet has the required columns; the nearest one, for the message."""

    nearest_row: int | None
    missing: tuple[str, ...]


def find_layout(sheet: Sheet, contract: Contract) -> Layout | NoLayout:
    """The layout of a sheet under a contract, or what is missing for one."""
    best: tuple[int, int, tuple[str, ...]] | None = None
    names = [[plain(cell) for cell in row] for row in sheet.rows[:_HEADER_WITHIN_ROWS]]
    for row, lower in enumerate(names):
        if not any(lower):
            continue
        for upper, last in ((None, row), (lower, row + 1)):
            if last >= len(names):
                continue
            columns = _solve(upper, names[last], contract)
            missing = tuple(c.header for c in contract.columns if c.name not in columns)
            if not missing:
                return _classify(sheet, columns, last)
            if best is None or len(columns) > best[0]:
                best = (len(columns), sheet.numbers[last], missing)
    if best is None or best[0] * 2 < len(contract.columns):
        return NoLayout(None, tuple(c.header for c in contract.columns))
    return NoLayout(best[1], best[2])


def layout_at(sheet: Sheet, contract: Contract, header: int) -> Layout:
    """The layout of a sheet whose header row is known; columns that it lacks are left out."""
    names = [plain(cell) for cell in sheet.rows[header]]
    return _classify(sheet, _solve(None, names, contract), header)


def _solve(upper: list[str] | None, lower: list[str], contract: Contract) -> dict[str, int]:
    by_name: dict[str, int] = {}
    by_group: dict[str, int] = {}
    by_caption: dict[str, int] = {}
    group = ""
    for position, name in enumerate(lower):
        caption = upper[position] if upper and position < len(upper) else ""
        group = caption or group
        if name:
            by_name.setdefault(name, position)
            if upper:
                by_group.setdefault(group + name, position)
        elif caption:
            by_caption.setdefault(caption, position)
    columns: dict[str, int] = {}
    for column in contract.columns:
        headers = [plain(header) for header in column.headers]
        for table in (by_name, by_group, by_caption):
            position_found = next((table[h] for h in headers if h in table), None)
            if position_found is not None:
                columns[column.name] = position_found
                break
    return columns


def _classify(sheet: Sheet, columns: dict[str, int], last_header: int) -> Layout:
    rows = sheet.rows
    start = last_header + 1
    blank: set[int] = set()
    total: set[int] = set()
    for position in _may_be_no_data(rows, start):
        value = next((cell for cell in rows[position] if not is_blank(cell)), None)
        if value is None:
            blank.add(position)
        elif isinstance(value, str) and plain(value) in _TOTALS:
            total.add(position)
    for position in range(len(rows) - 1, start - 1, -1):
        if position in blank or position in total:
            continue
        value = next((cell for cell in rows[position] if not is_blank(cell)), "")
        if not (isinstance(value, str) and plain(value).startswith(_SIGNATURES)):
            break
        total.add(position)
    # A page break in the printed table repeats the header; such a row is nobody's data.
    header_cells = {name: plain(rows[last_header][p]) for name, p in columns.items()}
    data = [p for p in range(start, len(rows)) if p not in blank and p not in total]
    key = min(columns.values(), default=0)
    key_cell = rows[last_header][key]
    named = columns and not is_blank(key_cell)
    alike = [p for p in data if rows[p][key] == key_cell] if named else []
    repeated = {
        p
        for p in alike
        if all(plain(rows[p][columns[n]]) == text for n, text in header_cells.items())
    }
    return Layout(
        columns=columns,
        data=[p for p in data if p not in repeated] if repeated else data,
        header=start + len(repeated),
        blank=len(blank),
        total=len(total),
        last_header=last_header,
    )
