"""What is wrong with a sending, row by row, with the sender's own cells."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from poverty_watch.contracts import Column, Contract
from poverty_watch.intake import cells
from poverty_watch.intake.answers.texts import AnswerTexts
from poverty_watch.intake.layout import Layout, find_layout
from poverty_watch.intake.policy import delivery_policy, faults
from poverty_watch.intake.sheets import Cell, Sheet, read_sheets
from poverty_watch.months import Month

_KEPT_DIGITS = 15
_LONGEST_QUOTED = 60


@dataclass(frozen=True)
class Mark:
    """One fault: its code and the contract column it is about, None for the whole row."""

    code: str
    column: str | None


@dataclass(frozen=True)
class FaultyRow:
    """A row that was sent back.

    ``row`` is the number that the sender sees. ``cells`` holds the native cells by the contract's
    column names, ``positions`` where they stand in the row, counted from 0; both are empty where
    the contract has changed since and the file can no longer be read by it.
    """

    file: str
    sheet: str
    row: int
    marks: tuple[Mark, ...]
    cells: dict[str, Cell]
    positions: dict[str, int]

    @property
    def faulty_columns(self) -> list[str]:
        """The columns that have a fault of their own."""
        return list(dict.fromkeys(mark.column for mark in self.marks if mark.column))

    @property
    def is_wholly_marked(self) -> bool:
        """Whether some fault is about the row as a whole."""
        return any(mark.column is None for mark in self.marks)


@dataclass(frozen=True)
class SentFile:
    """A delivered file that has faulty rows, read."""

    name: str
    path: Path
    sheets: list[Sheet]

    @property
    def rows(self) -> int:
        """Rows on all sheets."""
        return sum(len(sheet.rows) for sheet in self.sheets)


@dataclass(frozen=True)
class Findings:
    """All faulty rows of a sending in the order of its files, and these files."""

    files: list[SentFile]
    rows: list[FaultyRow]

    def of_file(self, name: str) -> list[FaultyRow]:
        """The faulty rows of one file."""
        return [row for row in self.rows if row.file == name]

    @property
    def have_cells(self) -> bool:
        """Whether every row was found in its file."""
        return all(row.cells for row in self.rows)

    def to_mend(self, texts: AnswerTexts) -> list[FaultyRow]:
        """The rows in which there is something to mend."""
        needless = set(texts.nothing_to_mend)
        return [row for row in self.rows if any(mark.code not in needless for mark in row.marks)]


def find(set_aside: Path, kept: Iterable[tuple[str, Path]], contract: Contract) -> Findings:
    """Look up the faulty rows of a sending in the files as they were delivered.

    Args:
        set_aside: the Parquet file of faulty rows (places and faults, no full values).
        kept: delivered name and kept raw file of each of the sending's files.
        contract: of the dataset.
    """
    records = pq.read_table(set_aside).to_pylist()
    by_file: dict[str, list[dict[str, object]]] = {}
    for record in records:
        by_file.setdefault(str(record["source_file"]), []).append(record)
    files: list[SentFile] = []
    rows: list[FaultyRow] = []
    for name, path in kept:
        if name in by_file:
            file = SentFile(name, path, read_sheets(path, name, delivery_policy().limits))
            files.append(file)
            rows += _rows(file, by_file[name], contract)
    if len(rows) != len(records):
        raise LookupError(f"{len(records)} faulty rows, {len(rows)} of them in the sending's files")
    return Findings(files, rows)


def _rows(
    file: SentFile, records: list[dict[str, object]], contract: Contract
) -> Iterable[FaultyRow]:
    by_header = {column.header: column.name for column in contract.columns}
    sheets: dict[str, tuple[Sheet, Layout, dict[int, int]]] = {}
    for sheet in file.sheets:
        layout = find_layout(sheet, contract)
        if isinstance(layout, Layout):
            index = {number: position for position, number in enumerate(sheet.numbers)}
            sheets[sheet.name] = (sheet, layout, index)
    for record in records:
        number = int(str(record["source_row"]))
        found = sheets.get(str(record["source_sheet"]))
        values: dict[str, Cell] = {}
        positions: dict[str, int] = {}
        if found and number in found[2]:
            sheet, layout, index = found
            positions = layout.columns
            cells_of_row = sheet.rows[index[number]]
            values = {
                name: _as_of_1900(cells_of_row[at], sheet, contract.column(name))
                for name, at in positions.items()
            }
        yield FaultyRow(
            file=file.name,
            sheet=str(record["source_sheet"]),
            row=number,
            marks=tuple(
                Mark(code, by_header.get(header or ""))
                for code, header in json.loads(str(record["all_faults"]))
            ),
            cells=values,
            positions=positions,
        )


def _as_of_1900(cell: Cell, sheet: Sheet, column: Column) -> Cell:
    """Bare numbers for days counted from 1900, as the workbooks that go back count them."""
    if sheet.is_1904 and column.type in ("date", "month"):
        return cells.from_1904(cell)
    return cell


def shown(cell: Cell) -> str:
    """A cell's full value as text. Digits that a number has lost are shown as □, never made up."""
    if isinstance(cell, str):
        return cell
    if (
        isinstance(cell, (int, float))
        and not isinstance(cell, bool)
        and abs(cell) >= cells.LOST_DIGITS_FROM
    ):
        digits, exponent = f"{cell:.{_KEPT_DIGITS - 1}e}".split("e")
        return digits.replace(".", "") + "□" * (int(exponent) + 1 - _KEPT_DIGITS)
    return cells.as_text([cell])[0].as_py() or ""


@dataclass(frozen=True)
class Told:
    """A fault in words; ``header`` is None for the whole row."""

    code: str
    header: str | None
    value: str
    title: str
    sentence: str
    remedy: str


def tell(row: FaultyRow, contract: Contract, month: Month, texts: AnswerTexts) -> list[Told]:
    """All faults of a row in words, in the order of ``faults.yaml``."""
    return [_tell(row, mark, contract, month, texts) for mark in row.marks]


def _tell(row: FaultyRow, mark: Mark, contract: Contract, month: Month, texts: AnswerTexts) -> Told:
    fault = faults()[mark.code]
    sentences = texts.sentences
    header, value, remedy = None, "", fault.remedy
    general = sentences.row
    if mark.column is not None:
        header = contract.column(mark.column).header
        cell = row.cells.get(mark.column)
        value = shown(cell) + _as_date(cell, contract.column(mark.column), sentences.as_date)
        general = sentences.cell if value.strip() else sentences.blank
        if not row.cells:
            general = sentences.unseen
        choices = choices_of(contract, mark.column, month)
        if mark.code == "list" and choices:
            remedy += sentences.choices.format(choices="、".join(choices))
    quoted = value if len(value) <= _LONGEST_QUOTED else value[:_LONGEST_QUOTED] + "……"
    sentence = sentences.by_fault.get(mark.code, general).format(
        header=header or "", value=" ".join(quoted.split()), title=fault.title
    )
    return Told(mark.code, header, value, fault.title, sentence, remedy)


def _as_date(cell: Cell, column: Column, words: str) -> str:
    """What a bare number in a date column was read as: to the sender it is only a number."""
    if column.type != "date" or not isinstance(cell, (int, float)):
        return ""
    day = cells.clean_dates([cell])[0].as_py()
    return words.format(date=day.isoformat()) if day else ""


def choices_of(contract: Contract, column: str, month: Month) -> list[str]:
    """The values of a closed list that are valid in a month; empty where there is no list."""
    return [
        choice.value
        for choice in contract.column(column).values
        if choice.since is None or Month.parse(choice.since) <= month
    ]


def counted(rows: Iterable[FaultyRow]) -> Counter[str]:
    """In how many rows each fault occurs, whether it is the first or not."""
    return Counter(code for row in rows for code in {mark.code for mark in row.marks})
