"""What is wrong with a sending, and what is asked about it, row by row, with the sender's own cells."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from poverty_watch.contracts import Column, Contract
from poverty_watch.identity import Keyring
from poverty_watch.intake import cells
from poverty_watch.intake.amendments import Place
from poverty_watch.intake.corrections.composition import Composition, amendments_of, kept
from poverty_watch.intake.corrections.issued import question_place
from poverty_watch.intake.layout import Layout, fill_merged, find_layout, plain
from poverty_watch.intake.policy import delivery_policy, faults
from poverty_watch.intake.sheets import Cell, Sheet, read_sheets
from poverty_watch.intake.standardise import ReadFile, standardise
from poverty_watch.lake.versions import QUERIES, SET_ASIDE
from poverty_watch.months import Month
from poverty_watch.settings import Settings


@dataclass(frozen=True)
class Mark:
    """One fault or query: its code and the contract columns it is about, none for the whole row."""

    code: str
    columns: tuple[str, ...] = ()
    is_query: bool = False


@dataclass(frozen=True)
class Finding:
    """A row that was sent back, or about which there is a question.

    ``row`` is the number that the sender sees. ``cells`` holds the native cells by the contract's
    column names, ``positions`` where they stand in the delivered row, counted from 0. Both are
    empty where the contract has changed since and the file can no longer be read by it; a mended
    row stands in a correction sheet and has no positions.
    """

    file: str
    sheet: str
    row: int
    marks: tuple[Mark, ...]
    cells: Mapping[str, Cell]
    positions: Mapping[str, int]

    @property
    def place(self) -> Place:
        """Where it stands."""
        return (self.file, self.sheet, self.row)

    @property
    def faults(self) -> tuple[Mark, ...]:
        """What sends it back."""
        return tuple(mark for mark in self.marks if not mark.is_query)

    @property
    def queries(self) -> tuple[Mark, ...]:
        """What is asked about it."""
        return tuple(mark for mark in self.marks if mark.is_query)

    def columns(self, *, of_queries: bool) -> list[str]:
        """The columns with faults, or those with queries."""
        marks = self.queries if of_queries else self.faults
        return list(dict.fromkeys(column for mark in marks for column in mark.columns))

    @property
    def is_wholly_marked(self) -> bool:
        """Whether some fault is about the row as a whole."""
        return any(not mark.columns for mark in self.faults)


@dataclass(frozen=True)
class Question:
    """What is asked about a file or sheet as a whole; ``place`` is what its code is made by."""

    code: str
    file: str
    sheet: str
    sentence: str
    place: Place


@dataclass(frozen=True)
class SentFile:
    """A delivered file with findings, read."""

    name: str
    path: Path
    sheets: list[Sheet]

    @property
    def rows(self) -> int:
        """Rows on all sheets."""
        return sum(len(sheet.rows) for sheet in self.sheets)


@dataclass(frozen=True)
class Findings:
    """All findings of a delivery in the order of its files.

    ``files`` are those sent as a whole that hold some of them; ``headers`` the sender's own words
    for the contract's columns, in the sender's order.
    """

    files: list[SentFile] = field(default_factory=list)
    rows: list[Finding] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    headers: Mapping[str, str] = field(default_factory=dict)

    def of_file(self, name: str) -> list[Finding]:
        """The findings in one file."""
        return [row for row in self.rows if row.file == name]

    @property
    def returned(self) -> list[Finding]:
        """The rows that were sent back."""
        return [row for row in self.rows if row.faults]

    @property
    def asked(self) -> list[Finding]:
        """The rows about which there is a question."""
        return [row for row in self.rows if row.queries]

    @property
    def have_cells(self) -> bool:
        """Whether every row was found in its file."""
        return all(row.cells for row in self.rows)

    @property
    def to_mend(self) -> list[Finding]:
        """Rows sent back in which there is something to mend."""
        known = faults()
        return [row for row in self.rows if any(not known[m.code].needless for m in row.faults)]


def find(
    folder: Path,
    found: Composition,
    contract: Contract,
    month: Month,
    keys: Keyring,
    settings: Settings,
) -> Findings:
    """Look up a settled delivery's findings in the files as they were delivered.

    Args:
        folder: where the delivery lies in the lake (places, faults and queries; no full values).
        found: what it consists of.
        contract: of the dataset.
        month: that it is about.
        keys: the installation's.
        settings: the installation.
    """
    marks, questions = _marks(folder, contract)
    if not marks and not questions:
        return Findings()
    limits = delivery_policy().limits
    sent = []
    for entry in found.whole:
        file = kept(entry, settings)
        wanted = found.layers or any(place[0] == file.name for place in marks)
        if wanted:
            sent.append(SentFile(file.name, file.path, read_sheets(file.path, file.name, limits)))
    layouts = {
        (file.name, sheet.name): (sheet, layout)
        for file in sent
        for sheet in file.sheets
        if isinstance(layout := find_layout(sheet, contract), Layout)
    }
    for sheet, layout in layouts.values():
        fill_merged(sheet, layout, contract)
    rows = _looked_up(marks, layouts, contract)
    if found.layers:
        rows = _as_mended(rows, sent, found, contract, month, keys, settings)
    if len(rows) != len(marks):
        raise LookupError(f"{len(marks)} findings, {len(rows)} of them in the delivery's files")
    names = {row.file for row in rows}
    order = {
        (file.name, s.name): at
        for at, (file, s) in enumerate((f, s) for f in sent for s in f.sheets)
    }
    rows.sort(key=lambda row: (order.get(row.place[:2], len(order)), row.place))
    return Findings(
        files=[file for file in sent if file.name in names],
        rows=rows,
        questions=questions,
        headers=_headers(layouts.values(), contract),
    )


def _marks(folder: Path, contract: Contract) -> tuple[dict[Place, list[Mark]], list[Question]]:
    by_header = {column.header: column.name for column in contract.columns}
    marks: dict[Place, list[Mark]] = {}
    questions = []
    for record in _records(folder / SET_ASIDE):
        marks[_place(record)] = [
            Mark(code, tuple(n for n in [by_header.get(header or "")] if n))
            for code, header in json.loads(record["all_faults"])
        ]
    for record in _records(folder / QUERIES):
        if record["explanation"] is not None:
            continue
        if record["source_row"]:
            mark = Mark(record["query"], tuple(json.loads(record["columns"])), is_query=True)
            marks.setdefault(_place(record), []).append(mark)
        else:
            questions.append(
                Question(
                    code=record["query"],
                    file=record["source_file"],
                    sheet=record["source_sheet"],
                    sentence=record["sentence"],
                    place=question_place(record),
                )
            )
    return marks, questions


def _records(path: Path) -> list[dict[str, Any]]:
    records: list[dict[str, Any]] = pq.read_table(path).to_pylist() if path.exists() else []
    return records


def _place(record: Mapping[str, Any]) -> Place:
    return (record["source_file"], record["source_sheet"], record["source_row"])


_Layouts = Mapping[tuple[str, str], tuple[Sheet, Layout]]


def _looked_up(
    marks: Mapping[Place, list[Mark]], layouts: _Layouts, contract: Contract
) -> list[Finding]:
    index = {
        key: {number: at for at, number in enumerate(sheet.numbers)}
        for key, (sheet, _) in layouts.items()
        if any(place[:2] == key for place in marks)
    }
    rows = []
    for place, of_row in marks.items():
        file, name, number = place
        values: dict[str, Cell] = {}
        positions: dict[str, int] = {}
        at = index.get((file, name), {}).get(number)
        if at is not None:
            sheet, layout = layouts[file, name]
            positions = layout.columns
            values = {
                column: _as_of_1900(sheet.rows[at][position], sheet, contract.column(column))
                for column, position in positions.items()
            }
        rows.append(Finding(file, name, number, tuple(of_row), values, positions))
    return rows


def _as_mended(
    rows: list[Finding],
    sent: list[SentFile],
    found: Composition,
    contract: Contract,
    month: Month,
    keys: Keyring,
    settings: Settings,
) -> list[Finding]:
    """The findings with the cells that stand now, whatever correction sheet they come from."""
    read = [ReadFile(file.name, file.sheets) for file in sent]
    amendments = amendments_of(found, contract, settings)
    standing = standardise(contract, read, month, keys, amendments)
    at = standing.places.positions(row.place for row in rows)
    return [
        Finding(
            row.file,
            row.sheet,
            row.row,
            row.marks,
            {name: values[at[row.place]] for name, values in standing.raw.items()},
            row.positions,
        )
        for row in rows
        if row.place in at
    ]


def _as_of_1900(cell: Cell, sheet: Sheet, column: Column) -> Cell:
    """Bare numbers for days counted from 1900, as the workbooks that go back count them."""
    if sheet.is_1904 and column.type in ("date", "month"):
        return cells.from_1904(cell)
    return cell


def _headers(laid_out: Iterable[tuple[Sheet, Layout]], contract: Contract) -> dict[str, str]:
    """The sender's words for the columns, where a column can be known again by them alone."""
    first = next(iter(laid_out), None)
    if first is None:
        return {column.name: column.header for column in contract.columns}
    sheet, layout = first
    header = sheet.rows[layout.last_header]
    words = {}
    for name in sorted(layout.columns, key=lambda n: layout.columns[n]):
        column, cell = contract.column(name), header[layout.columns[name]]
        known = plain(cell) in {plain(text) for text in column.headers}
        words[name] = " ".join(str(cell).split()) if known else column.header
    return words


Tally = Callable[[Finding], tuple[Mark, ...]]


def counted(rows: Iterable[Finding], marks: Tally) -> Counter[str]:
    """In how many rows each fault, or each query, occurs, whether it is the first or not."""
    return Counter(code for row in rows for code in {mark.code for mark in marks(row)})
