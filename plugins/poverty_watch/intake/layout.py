"""Find the header of a sheet and tell its rows apart: header, blank, total or signature, data."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from operator import itemgetter

from poverty_watch.contracts import Column, Contract
from poverty_watch.workbooks.sheet import Cell, Sheet

_HEADER_WITHIN_ROWS = 60
_TOTALS = {"合计", "总计", "小计"}
_SIGNATURES = ("填表人", "填报人", "审核人", "制表人", "负责人", "备注", "注:", "说明")
_COLUMN_NUMBER = re.compile(r"\d{1,2}|[甲乙丙丁戊己庚辛壬癸]")
_WHITE = re.compile(r"[\s\u200b-\u200f\u2060\ufeff]+")
_TOTAL_STARTS = frozenset(total[0] for total in _TOTALS) | frozenset(
    map(chr, (*range(0x200B, 0x2010), 0x2060, 0xFEFF))
)


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


def spellings_of(column: Column) -> list[str]:
    """The names of a column as they are compared; its own unit may stand behind it in brackets."""
    names = [plain(header) for header in column.headers]
    units = (f"({column.unit})", f"(单位:{column.unit})") if column.unit else ()
    return names + [name + unit for unit in units for name in names]


@dataclass(frozen=True)
class Layout:
    """Where things are in a sheet.

    ``columns`` maps a contract column's name to its position; ``data`` lists positions of data rows;
    ``header``, ``blank`` and ``total`` count the other rows, so that every row has a fate.
    ``numbered`` counts the blank rows in which something stands outside of the contract's columns:
    a running number, a unit.
    ``last_header`` is the position of the row that names the columns.
    ``odd`` are the data rows with no plain number for an identity number.
    """

    columns: dict[str, int]
    data: list[int]
    header: int
    blank: int
    total: int
    last_header: int
    numbered: int = 0
    odd: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class NoLayout:
    """No row of the sheet has the required columns; the nearest one, for the message.

    ``others`` are the names in that row that no column of the contract bears. ``problem``, where
    there is one, is a Chinese sentence: the columns are there, but the sheet cannot be read.
    """

    nearest_row: int | None
    missing: tuple[str, ...]
    others: tuple[str, ...] = ()
    problem: str = ""


def find_layout(sheet: Sheet, contract: Contract) -> Layout | NoLayout:
    """The layout of a sheet under a contract, or what is missing for one."""
    best: tuple[int, int, tuple[str, ...], tuple[str, ...]] | None = None
    names = [[plain(cell) for cell in row] for row in sheet.rows[:_HEADER_WITHIN_ROWS]]
    for row, lower in enumerate(names):
        if not any(lower):
            continue
        for first, last in ((row, row), (row, row + 1)):
            if last >= len(names):
                continue
            columns = _solve(lower if first < last else None, names[last], contract)
            missing = tuple(c.header for c in contract.columns if c.name not in columns)
            if not missing:
                layout = _classify(
                    sheet, contract, columns, first, _last_of_merged(sheet, columns, last)
                )
                problem = another_table(sheet, layout, contract)
                return NoLayout(sheet.numbers[last], (), problem=problem) if problem else layout
            if best is None or len(columns) > best[0]:
                known = {name for c in contract.columns for name in spellings_of(c)}
                others = tuple(name for name in names[last] if name and name not in known)
                best = (len(columns), sheet.numbers[last], missing, others)
    if best is None or best[0] * 2 < len(contract.columns):
        return NoLayout(None, tuple(c.header for c in contract.columns))
    return NoLayout(best[1], best[2], best[3])


def layout_at(sheet: Sheet, contract: Contract, header: int, beside: Iterable[int] = ()) -> Layout:
    """The layout of a sheet whose header row is known; columns that it lacks are left out.

    ``beside``: positions of other columns that make a row one with content.
    """
    names = [plain(cell) for cell in sheet.rows[header]]
    columns = _solve(None, names, contract)
    return _classify(sheet, contract, columns, header, header, beside)


def begins_like(rows: Sequence[Sequence[Cell]], contract: Contract) -> bool:
    """Whether among these rows is a header of the contract, or one that lacks only some columns."""
    sheet = Sheet("", [list(row) for row in rows], list(range(1, len(rows) + 1)))
    found = find_layout(sheet, contract)
    return isinstance(found, Layout) or found.nearest_row is not None


def another_table(sheet: Sheet, layout: Layout, contract: Contract) -> str:
    """What is wrong where a sheet holds a second table with its columns elsewhere; blank if none.

    Read by the first table's columns, its values would come under wrong names, or not at all.
    """
    spellings = {c.name: set(spellings_of(c)) for c in contract.columns}
    names = [plain(cell) for cell in sheet.rows[layout.last_header]]
    if all(sum(name in known for name in names) > 1 for known in spellings.values()):
        return (
            f"第{sheet.numbers[layout.last_header]}行的表头里并排有两张同样的表。"
            "请把右边的表接到左边的表下面，合成一张表后重报。"
        )
    for at in layout.odd:
        row = {plain(cell) for cell in sheet.rows[at]}
        if all(row & known for known in spellings.values()):
            return (
                f"第{sheet.numbers[at]}行又有一个表头，各列的位置与第"
                f"{sheet.numbers[layout.last_header]}行的不同。请把各列排得一样，合成一张表后重报。"
            )
    return ""


def fill_merged(sheet: Sheet, layout: Layout, contract: Contract) -> int:
    """Give every row of a merged cell its value, in place; gives the number of cells filled.

    Amounts are left alone: one amount for several rows must not be counted several times.
    """
    places = {
        position
        for name, position in layout.columns.items()
        if contract.column(name).type != "amount"
    }
    filled = 0
    for (top, left), (bottom, _) in sheet.merged:
        if left not in places or bottom == top or top <= layout.last_header:
            continue
        value = sheet.rows[top][left] if top < len(sheet.rows) else None
        for row in sheet.rows[top + 1 : bottom + 1]:
            if is_blank(row[left]) and not is_blank(value) and not all(map(is_blank, row)):
                row[left] = value
                filled += 1
    return filled


def _solve(upper: list[str] | None, lower: list[str], contract: Contract) -> dict[str, int]:
    """Which column stands where: by the lower name, group and lower name together, or the group.

    Where a name stands twice, below two groups, a place that group and name together give to one
    column is no other column's (of two columns 身份证号 the one below 户主 is 户主身份证号), and the
    group in which the identity number stands goes first.
    """
    by_name: dict[str, list[int]] = {}
    by_group: dict[str, list[int]] = {}
    by_caption: dict[str, list[int]] = {}
    groups: list[str] = []
    for position, name in enumerate(lower):
        caption = upper[position] if upper and position < len(upper) else ""
        groups.append(caption or (groups[-1] if groups else ""))
        if name:
            by_name.setdefault(name, []).append(position)
            if upper:
                by_group.setdefault(groups[-1] + name, []).append(position)
        if caption:
            by_caption.setdefault(caption, []).append(position)
    headers = {c.name: spellings_of(c) for c in contract.columns}
    claimed = {
        position: name
        for name, spellings in headers.items()
        for spelling in spellings
        if spelling not in by_name
        for position in by_group.get(spelling, [])
    }

    def places(name: str) -> list[int]:
        for table in (by_name, by_group, by_caption):
            found = [place for spelling in headers[name] for place in table.get(spelling, [])]
            if free := [place for place in found if claimed.get(place, name) == name]:
                return free
        return []

    own = places(contract.identity.name)
    columns = {contract.identity.name: own[0]} if own else {}
    for name in headers:
        if name not in columns and (found := places(name)):
            beside = [place for place in found if own and groups[place] == groups[own[0]]]
            columns[name] = (beside or found)[0]
    return columns


def _last_of_merged(sheet: Sheet, columns: dict[str, int], header: int) -> int:
    """The last row of the header: names merged with the cells below them belong to it."""
    places = set(columns.values())
    return max(
        (
            bottom
            for (top, left), (bottom, _) in sheet.merged
            if top <= header < bottom <= header + 2 and left in places
        ),
        default=header,
    )


def _classify(
    sheet: Sheet,
    contract: Contract,
    columns: dict[str, int],
    first: int,
    last: int,
    beside: Iterable[int] = (),
) -> Layout:
    rows = sheet.rows
    start = last + 1
    blank, total = _blank_and_total(rows, start)
    total |= _signatures(rows, start, blank | total)
    passed = blank | total
    data = [p for p in range(start, len(rows)) if p not in passed]
    odd = _odd(rows, data, columns.get(contract.identity.name))
    repeated = _repeated_headers(rows, odd, columns, range(first, start))
    if start in data and _numbers_columns(rows[start], columns):
        repeated.add(start)
    empty = _without_content(rows, odd, [*columns.values(), *beside])
    gone = repeated | empty
    return Layout(
        columns=columns,
        data=[p for p in data if p not in gone] if gone else data,
        header=start + len(repeated),
        blank=len(blank) + len(empty),
        total=len(total),
        last_header=last,
        numbered=len(empty),
        odd=[p for p in odd if p not in gone],
    )


def _numbers_columns(row: list[Cell], columns: dict[str, int]) -> bool:
    """Whether a row below the names only numbers the columns: 1 2 3, 甲 乙 1 2."""
    numbers = [plain(row[place]) for place in columns.values()]
    differ = len(set(numbers)) == len(numbers) > 1
    return differ and all(map(_COLUMN_NUMBER.fullmatch, numbers))


def _odd(rows: list[list[Cell]], data: list[int], key: int | None) -> list[int]:
    """The rows that may be something else than data: where an identity number stands, they are not."""
    if key is None:
        return data
    return [
        p
        for p in data
        if not ((cell := rows[p][key]).__class__ is str and cell.isascii() and cell[:1].isdigit())
    ]


def _blank_and_total(rows: list[list[Cell]], start: int) -> tuple[set[int], set[int]]:
    blank: set[int] = set()
    total: set[int] = set()
    # A cheap test spares hundreds of thousands of rows a closer look: 0.1 s for a million.
    for position, first in enumerate(map(itemgetter(0), rows[start:]), start=start):
        if first and not (
            first.__class__ is str and (first[0] in _TOTAL_STARTS or first[0].isspace())
        ):
            continue
        value = next((cell for cell in rows[position] if not is_blank(cell)), None)
        if value is None:
            blank.add(position)
        elif isinstance(value, str) and plain(value).rstrip(":") in _TOTALS:
            total.add(position)
    return blank, total


def _signatures(rows: list[list[Cell]], start: int, passed: set[int]) -> set[int]:
    """Rows of signatures and notes at the end; a date or a seal alone in its row may follow."""
    found: set[int] = set()
    for position in range(len(rows) - 1, start - 1, -1):
        if position in passed:
            continue
        values = [cell for cell in rows[position] if not is_blank(cell)]
        if isinstance(values[0], str) and plain(values[0]).startswith(_SIGNATURES):
            found.add(position)
        elif len(values) > 1:
            break
    return found


def _repeated_headers(
    rows: list[list[Cell]], data: list[int], columns: dict[str, int], header: range
) -> set[int]:
    """Rows that repeat the header, as each page of a printed table does: nobody's data.

    The names alone tell a row of the header; of the titles above it the whole row.
    """
    found: set[int] = set()
    for row in range(header.start):
        key = next((place for place, cell in enumerate(rows[row]) if not is_blank(cell)), None)
        if key is not None:
            title = rows[row]
            found |= {p for p in data if rows[p][key] == title[key] and rows[p] == title}
    for row in header:
        names = {place: plain(rows[row][place]) for place in columns.values()}
        key = next((place for place, name in names.items() if name), None)
        if key is None:
            continue
        written = rows[row][key]
        found |= {
            p
            for p in data
            if rows[p][key] == written
            and all(plain(rows[p][place]) == name for place, name in names.items())
        }
    return found


def _without_content(rows: list[list[Cell]], data: list[int], places: Sequence[int]) -> set[int]:
    """Rows in which none of these columns holds anything."""
    if not places:
        return set()
    return {
        p
        for p in data
        if not rows[p][places[0]] and all(is_blank(rows[p][place]) for place in places)
    }
