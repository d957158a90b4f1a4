"""The correction sheet: only the rows to be mended or explained, to be sent back alone.

Faulty cells stand in the sender's own columns, under the sender's own headers, with the values as
they were sent; what is wrong and how to mend it stands to the left of them. A code at the right end
ties each row to its origin (`corrections.codes`); `corrections.returned` reads the sheet again by
the headers in ``更正表.yaml``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.utils import get_column_letter, quote_sheetname
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.datavalidation import DataValidation

from poverty_watch.contracts import Column
from poverty_watch.identity import Keyring
from poverty_watch.intake.amendments import Place
from poverty_watch.intake.answers.findings import Finding, Question
from poverty_watch.intake.answers.pen import TEXT, Look, Pen, height_of, text_width
from poverty_watch.intake.answers.receipt import set_up_page
from poverty_watch.intake.answers.sendings import Sending
from poverty_watch.intake.answers.telling import choices_of, shown, tell
from poverty_watch.intake.answers.texts import AnswerTexts
from poverty_watch.intake.cells import LOST_DIGITS_FROM
from poverty_watch.intake.corrections.codes import row_code, sheet_mark
from poverty_watch.intake.corrections.texts import CorrectionTexts
from poverty_watch.intake.sheets import Cell

_TEXT_TYPES = ("text", "name", "identity", "identity_reference", "phone", "choice", "month")
_WIDTH_OF_A_PAGE = 190.0
_WIDEST = 32


@dataclass(frozen=True)
class ToCorrect:
    """What a correction sheet holds.

    ``headers`` are the sender's words by the contract's column names, in the sender's order;
    ``proposals`` the numbers that rows with lost digits can only have had, by place.
    """

    rows: Sequence[Finding]
    questions: Sequence[Question]
    headers: Mapping[str, str]
    proposals: Mapping[Place, str] = field(default_factory=dict)

    @property
    def has_queries(self) -> bool:
        """Whether anything may be explained."""
        return any(row.queries for row in self.rows)


def save_correction(
    path: Path,
    sending: Sending,
    asked: ToCorrect,
    keys: Keyring,
    answers: AnswerTexts,
    texts: CorrectionTexts,
) -> None:
    """Save the workbook: a sheet of rows, one of questions about files, closed lists as drop-downs."""
    book = Workbook(write_only=True)
    if asked.rows:
        _Rows(book, sending, asked, keys, answers, texts).write()
    if asked.questions:
        _write_questions(book, sending, asked.questions, keys, answers, texts)
    book.save(path)


class _Rows:
    """The sheet of rows, from left to right: what is wrong, the sender's columns, the origin."""

    def __init__(
        self,
        book: Workbook,
        sending: Sending,
        asked: ToCorrect,
        keys: Keyring,
        answers: AnswerTexts,
        texts: CorrectionTexts,
    ) -> None:
        self._book, self._sending, self._asked, self._keys = book, sending, asked, keys
        self._answers, self._texts = answers, texts
        self._contract = sending.department.contracts[sending.dataset]
        self._columns = [self._contract.column(name) for name in asked.headers]
        before = ["row", "problem", "remedy"]
        if not sending.is_mended_at_source:
            before += ["treatment"]
        if asked.proposals:
            before += ["proposal", "adopt"]
        if asked.has_queries:
            before += ["explanation"]
        places = {row.place[:2] for row in asked.rows}
        after = ["file"] if len({file for file, _ in places}) > 1 else []
        after += ["sheet"] if len({sheet for _, sheet in places}) > 1 else []
        self._before, self._after = before, [*after, "code"]
        widths = texts.widths.model_dump()
        self._widths = [widths[name] for name in before]
        self._widths += [_width(column, asked) for column in self._columns]
        self._widths += [widths[name] for name in self._after]
        self._sheet = book.create_sheet(texts.sheets.rows)
        self._pen = Pen(self._sheet)
        colours = answers.colours
        self._given = Look(fill=colours.locked, size=9)
        self._fault = colours.fault
        self._doubt = colours.question

    def write(self) -> None:
        """Write it from top to bottom."""
        sheet, bands = self._sheet, self._bands()
        for position, width in enumerate(self._widths, start=1):
            sheet.column_dimensions[get_column_letter(position)].width = width
        header = len(bands) + 1
        last = header + len(self._asked.rows)
        sheet.freeze_panes = f"C{header + 1}"
        set_up_page(sheet, landscape=True)
        # A wide table goes over several pages side by side rather than too small to read.
        sheet.page_setup.fitToWidth = max(1, round(sum(self._widths) / _WIDTH_OF_A_PAGE))
        sheet.print_title_rows, sheet.print_title_cols = f"{header}:{header}", "A:B"
        for text, look in bands:
            self._pen.row([self._pen.cell(text, look)], look.size * 1.7)
        self._write_header()
        for row in self._asked.rows:
            self._write_row(row)
        self._add_choices(header + 1, last)
        sheet.auto_filter.ref = f"A{header}:{get_column_letter(len(self._widths))}{last}"

    def _bands(self) -> list[tuple[str, Look]]:
        """The heading; not merged, for a merged band would scroll away behind the frozen columns."""
        form, sending = self._texts.form, self._sending
        at_source = sending.is_mended_at_source
        notes = list(form.notes_at_source if at_source else form.notes)
        if self._asked.has_queries:
            notes.append(form.note_query.format(back=form.back if at_source else ""))
        if self._asked.proposals:
            notes.append(form.note_proposal)
        elif any(mark.code == "id_lost_digits" for row in self._asked.rows for mark in row.faults):
            notes.append(form.note_lost)
        names = _names(sending, len(self._asked.rows))
        title = (form.title_at_source if at_source else form.title).format(**names)
        free = Look(boxed=False, wrap=False)
        return [
            (title, Look(size=16, bold=True, boxed=False, wrap=False)),
            (form.subtitle.format(**names), Look(size=11, boxed=False, wrap=False)),
            *((f"{number}. {note}", free) for number, note in enumerate(notes, start=1)),
        ]

    def _write_header(self) -> None:
        colours, words = self._answers.colours, self._texts.headers.model_dump()
        ours = Look(font="黑体", horizontal="center", fill=colours.locked)
        theirs = Look(font="黑体", horizontal="center", fill=colours.heading)
        pen = self._pen
        headers = [self._asked.headers[column.name] for column in self._columns]
        cells = [pen.cell(words[name], ours) for name in self._before]
        cells += [pen.cell(header, theirs) for header in headers]
        cells += [pen.cell(words[name], ours) for name in self._after]
        pen.row(cells, 32)

    def _write_row(self, row: Finding) -> None:
        form, pen = self._texts.form, self._pen
        told = tell(row, self._contract, self._sending.month, self._answers)
        problem = "\n".join(
            (form.query if t.mark.is_query else form.error).format(sentence=t.sentence)
            for t in told
        )
        remedy = "\n".join(dict.fromkeys(t.remedy for t in told))
        proposal = self._asked.proposals.get(row.place)
        if proposal:
            remedy = f"{form.remedy_proposal}\n{remedy}"
        free = Look(locked=False)
        office = {
            "row": (row.row, self._given),
            "problem": (problem, self._given),
            "remedy": (remedy, self._given),
            "treatment": (None, free),
            "proposal": (proposal, Look(fill=self._given.fill, number_format=TEXT)),
            "adopt": (None, free if proposal else self._given),
            "explanation": (None, free if row.queries else self._given),
            "file": (row.file, self._given),
            "sheet": (row.sheet, self._given),
            "code": (self._code(row.place), _code_look(self._given.fill)),
        }
        cells = [pen.cell(*office[name]) for name in self._before]
        faulty, doubted = row.columns(of_queries=False), row.columns(of_queries=True)
        for column in self._columns:
            value = _as_sent(row.cells[column.name], column)
            is_marked = column.name in faulty or column.name in doubted
            fill = (self._fault if column.name in faulty else self._doubt) if is_marked else None
            look = Look(fill=fill, number_format=_format(column, value), locked=False)
            cells.append(pen.cell(value, look))
        cells += [pen.cell(*office[name]) for name in self._after]
        widths = self._texts.widths
        parts = [(problem, widths.problem), (remedy, widths.remedy), (row.file, widths.file)]
        pen.row(cells, max(20, height_of(parts, 9)))

    def _code(self, place: Place) -> str:
        sending = self._sending
        content = sending.delivery.content_sha256
        return row_code(self._keys, sending.month, sending.dataset, content, place)

    def _add_choices(self, first: int, last: int) -> None:
        lists: list[tuple[int, Column | None, list[str]]] = []
        of_ours = {
            "treatment": list(self._texts.treatments.values()),
            "adopt": [self._texts.form.adopt_choice],
        }
        for at, name in enumerate(self._before, start=1):
            if name in of_ours:
                lists.append((at, None, of_ours[name]))
        for position, column in enumerate(self._columns, start=len(self._before) + 1):
            choices = choices_of(self._contract, column.name, self._sending.month)
            if choices:
                lists.append((position, column, choices))
        if not lists:
            return
        name = self._texts.sheets.lists
        hidden = self._book.create_sheet(name)
        hidden.sheet_state = "hidden"
        for row in range(max(len(choices) for *_, choices in lists)):
            hidden.append([c[row] if row < len(c) else None for *_, c in lists])
        for index, (position, listed, choices) in enumerate(lists, start=1):
            letter = get_column_letter(index)
            area = f"{quote_sheetname(name)}!${letter}$1:${letter}${len(choices)}"
            named = f"{name}_{position}"
            self._book.defined_names[named] = DefinedName(named, attr_text=area)
            rule = DataValidation(
                type="list", formula1=named, allow_blank=listed is None or listed.optional
            )
            if listed is not None:
                rule.error, rule.errorTitle = self._texts.form.list_error, listed.header
                rule.showErrorMessage = True
            target = get_column_letter(position)
            rule.add(f"{target}{first}:{target}{last}")
            self._sheet.data_validations.append(rule)


def _write_questions(
    book: Workbook,
    sending: Sending,
    questions: Sequence[Question],
    keys: Keyring,
    answers: AnswerTexts,
    texts: CorrectionTexts,
) -> None:
    """The sheet of what is asked about files as a whole."""
    sheet = book.create_sheet(texts.sheets.files)
    columns = ("question", "explanation", "code")
    widths, words = texts.widths.model_dump(), texts.headers.model_dump()
    for position, name in enumerate(columns, start=1):
        sheet.column_dimensions[get_column_letter(position)].width = widths[name]
    set_up_page(sheet, landscape=True)
    pen, form = Pen(sheet), texts.form
    names = _names(sending, len(questions))
    free = Look(boxed=False, wrap=False)
    pen.row(
        [
            pen.cell(
                form.files_title.format(**names), Look(size=16, bold=True, boxed=False, wrap=False)
            )
        ],
        27,
    )
    pen.row([pen.cell(form.subtitle.format(**names), free)], 20)
    pen.row([pen.cell(form.files_note, free)], 20)
    head = Look(font="黑体", horizontal="center", fill=answers.colours.locked)
    pen.row([pen.cell(words[name], head) for name in columns], 24)
    given = Look(fill=answers.colours.locked)
    for question in questions:
        content = sending.delivery.content_sha256
        code = row_code(keys, sending.month, sending.dataset, content, question.place)
        cells = [
            pen.cell(question.sentence, given),
            pen.cell(None, Look(locked=False)),
            pen.cell(code, _code_look(given.fill)),
        ]
        pen.row(cells, max(30, height_of([(question.sentence, widths["question"])])))


def _code_look(fill: str | None) -> Look:
    # Filled cells cut off what does not fit instead of running over.
    return Look(fill=fill, size=7, wrap=False, horizontal="fill")


def _names(sending: Sending, count: int) -> dict[str, Any]:
    return {
        "dataset": sending.title,
        "department": sending.department.title,
        "month": sending.month.chinese,
        "number": sending.number,
        "count": count,
        "mark": sheet_mark(sending.delivery.content_sha256),
    }


def _as_sent(cell: Cell, column: Column) -> Any:
    """The cell as it was sent; an exact number that is really a code as the text of its digits.

    A number that has lost its digits stays a number: as text it would pass for one typed by hand.
    """
    is_number = isinstance(cell, (int, float)) and not isinstance(cell, bool)
    if is_number and column.type in _TEXT_TYPES and column.type != "month":
        return shown(cell) if abs(cell) < LOST_DIGITS_FROM else cell
    return None if cell == "" else cell


def _format(column: Column, value: Any) -> str:
    if isinstance(value, (datetime, date)):
        return "yyyy-mm" if column.type == "month" else "yyyy-mm-dd"
    if column.type in _TEXT_TYPES:
        return TEXT
    is_number = isinstance(value, (int, float))
    return "yyyy-mm-dd" if column.type == "date" and not is_number else "General"


def _width(column: Column, asked: ToCorrect) -> float:
    longest = max(
        (text_width(shown(row.cells[column.name])) for row in asked.rows[:500]), default=0
    )
    least = 21 if column.type in ("identity", "identity_reference") else 9
    header = text_width(asked.headers[column.name])
    return float(min(max(least, longest + 2, header * 0.6 + 2), _WIDEST))
