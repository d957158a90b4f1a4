"""Faults and queries in words: one Chinese sentence each, with the sender's own value."""

from __future__ import annotations

from dataclasses import dataclass

from poverty_watch.contracts import Column, Contract
from poverty_watch.intake import cells
from poverty_watch.intake.answers.findings import Finding, Mark
from poverty_watch.intake.answers.texts import AnswerTexts
from poverty_watch.intake.policy import faults, queries
from poverty_watch.intake.proposals import starts_of
from poverty_watch.intake.sheets import Cell
from poverty_watch.months import Month

_KEPT_DIGITS = 15
_LONGEST_QUOTED = 60


@dataclass(frozen=True)
class Told:
    """A fault or query in words; ``headers`` is empty for the whole row."""

    mark: Mark
    headers: tuple[str, ...]
    values: tuple[str, ...]
    title: str
    sentence: str
    remedy: str

    @property
    def header(self) -> str:
        """The columns in one line."""
        return "、".join(self.headers)

    @property
    def value(self) -> str:
        """What stands in them, in one line."""
        return "、".join(self.values)


def tell(row: Finding, contract: Contract, month: Month, texts: AnswerTexts) -> list[Told]:
    """All faults of a row in words, in the order of ``faults.yaml``, then all queries."""
    return [_tell(row, mark, contract, month, texts) for mark in row.marks]


def _tell(row: Finding, mark: Mark, contract: Contract, month: Month, texts: AnswerTexts) -> Told:
    known = queries()[mark.code] if mark.is_query else faults()[mark.code]
    sentences = texts.sentences
    columns = [contract.column(name) for name in mark.columns]
    headers = tuple(column.header for column in columns)
    values = tuple(_value(row.cells.get(c.name), c, sentences.as_date) for c in columns)
    remedy = known.remedy
    if not columns:
        general = sentences.row
    elif not row.cells:
        general = sentences.unseen
    elif mark.is_query:
        general = sentences.query
    else:
        general = sentences.cell if values[0].strip() else sentences.blank
    choices = choices_of(contract, mark.columns[0], month) if columns else []
    if mark.code == "list" and choices:
        remedy += sentences.choices.format(choices="、".join(choices))
    if mark.code == "id_lost_digits" and row.cells and not starts_of(row.cells[mark.columns[0]]):
        remedy += sentences.digits_gone
    pairs = "，".join(
        sentences.pair.format(header=header, value=_quoted(value) or texts.returned_rows.blank)
        for header, value in zip(headers, values, strict=True)
    )
    sentence = sentences.by_fault.get(mark.code, general).format(
        header=headers[0] if headers else "",
        value=_quoted(values[0]) if values else "",
        pairs=pairs,
        title=known.title,
    )
    return Told(mark, headers, values, known.title, sentence, remedy)


def _quoted(value: str) -> str:
    short = value if len(value) <= _LONGEST_QUOTED else value[:_LONGEST_QUOTED] + "……"
    return " ".join(short.split())


def _value(cell: Cell, column: Column, words: str) -> str:
    """The cell's value; to a bare number in a date column what it was read as."""
    day = None
    if column.type == "date" and isinstance(cell, (int, float)):
        day = cells.clean_dates([cell])[0].as_py()
    return shown(cell) + (words.format(date=day.isoformat()) if day else "")


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


def choices_of(contract: Contract, column: str, month: Month) -> list[str]:
    """The values of a closed list that are valid in a month; empty where there is no list."""
    return [
        choice.value
        for choice in contract.column(column).values
        if choice.since is None or Month.parse(choice.since) <= month
    ]
