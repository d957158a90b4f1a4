"""The receipt: what came in, what became of it, every fault, and what to do next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.utils import get_column_letter

from poverty_watch.intake.answers.findings import Findings, tell
from poverty_watch.intake.answers.pen import Look, Pen, height_of
from poverty_watch.intake.answers.sendings import Sending
from poverty_watch.intake.answers.texts import AnswerTexts
from poverty_watch.intake.policy import faults

_GRID = 6
_COLUMN = 15.0
_PLAIN = Look()
_BOLD = Look(bold=True)
_FREE = Look(boxed=False)


@dataclass(frozen=True)
class Enclosed:
    """Names of the workbooks that go with a receipt; ``too_large`` if some file has no copy."""

    copies: tuple[str, ...] = ()
    too_large: bool = False


def save_receipt(
    path: Path, sending: Sending, findings: Findings, enclosed: Enclosed, texts: AnswerTexts
) -> None:
    """Save the receipt's workbook: sheet of the verdict, sheet of all faults."""
    book = Workbook(write_only=True)
    _Front(book, sending, findings, enclosed, texts).write()
    _write_returned_rows(book, sending, findings, texts)
    book.save(path)


class _Front:
    """The first sheet, from top to bottom on a grid of six equal columns."""

    def __init__(
        self,
        book: Workbook,
        sending: Sending,
        findings: Findings,
        enclosed: Enclosed,
        texts: AnswerTexts,
    ) -> None:
        self._sending, self._findings, self._enclosed = sending, findings, enclosed
        self._texts, self._words = texts, texts.receipt
        self._fills = texts.colours.model_dump()
        self._verdict = texts.verdicts[sending.verdict]
        self._names = {
            "dataset": sending.title,
            "month": sending.month.chinese,
            "number": sending.number,
            "department": sending.department.title,
            "accepted": sending.delivery.accepted_rows,
            "returned": sending.delivery.rejected_rows,
            "same_as": sending.same_as,
            "standing": sending.standing,
        }
        sheet = book.create_sheet(self._words.sheet)
        for column in range(1, _GRID + 1):
            sheet.column_dimensions[get_column_letter(column)].width = _COLUMN
        set_up_page(sheet, landscape=False)
        self._pen = Pen(sheet)

    def write(self) -> None:
        words = self._words
        title = Look(size=20, font="方正小标宋简体", bold=True, horizontal="center", boxed=False)
        self._line(words.title, title, 34)
        middle = Look(size=11, horizontal="center", boxed=False)
        self._line(words.subtitle.format(**self._names), middle, 20)
        self._basics()
        is_new = self._sending.verdict != "identical"
        if is_new:
            self._messages()
        self._next_steps()
        if is_new:
            self._counts()
            self._faults()
        self._line(words.privacy, Look(size=9, boxed=False))

    def _line(self, text: str, look: Look, height: float | None = None) -> None:
        high = height or height_of([(text, _GRID * _COLUMN)], look.size)
        self._pen.spans([(text, _GRID, look)], high)

    def _section(self, name: str) -> None:
        self._line("", _FREE, 8)
        look = Look(font="黑体", size=11, fill=self._fills["heading"])
        self._line(name, look, 20)

    def _pair(self, label: str, text: Any, look: Look = _PLAIN) -> None:
        height = height_of([(str(text), (_GRID - 1) * _COLUMN)], look.size)
        self._pen.spans([(label, 1, _BOLD), (text, _GRID - 1, look)], max(18, height))

    def _basics(self) -> None:
        sending, labels = self._sending, self._words.labels
        self._section(self._words.sections.basics)
        card = sending.department.card
        self._pair(labels.department, f"{card.title}（{labels.contact}：{card.contact_role}）")
        self._pair(labels.dataset, sending.title)
        self._pair(labels.month, f"{sending.month.chinese}，第{sending.number}次报送")
        fill = self._fills[self._verdict.tone]
        text = self._verdict.title.format(**self._names)
        self._pair(labels.verdict, text, Look(size=14, bold=True, font="黑体", fill=fill))
        meaning = self._verdict.meaning.format(**self._names)
        self._pair("", meaning)
        if sending.delivery.version is not None and sending.same_as is None:
            self._pair(labels.version, f"第{sending.delivery.version}版")
        self._section(self._words.sections.files)
        self._table([[labels.file, labels.seen]], (4, 2), Look(bold=True, horizontal="center"))
        rows = [[f.name, f"{f.seen_at:%Y-%m-%d %H:%M}"] for f in sending.files]
        self._table(rows, (4, 2), _PLAIN)

    def _table(self, rows: Sequence[Sequence[Any]], spans: tuple[int, ...], look: Look) -> None:
        middle = replace(look, horizontal="center")
        for row in rows:
            height = height_of(
                [(str(v), s * _COLUMN) for v, s in zip(row, spans, strict=True)], look.size
            )
            parts = [
                (value, span, middle if isinstance(value, int) else look)
                for value, span in zip(row, spans, strict=True)
            ]
            self._pen.spans(parts, max(18, height))

    def _counts(self) -> None:
        words, delivery = self._words.counts, self._sending.delivery
        self._section(self._words.sections.counts)
        if not self._sending.was_judged:
            if delivery.status == "nil":
                self._line(words.nothing, _PLAIN)
                return
            self._line(words.unread, _PLAIN)
            if delivery.data_rows:
                self._table([[words.unread_data, delivery.data_rows]], (4, 2), _PLAIN)
            return
        stopped = self._sending.verdict == "rejected_in_rows"
        taken = words.not_taken if stopped else words.accepted
        fates = {
            "header": (words.header, delivery.header_rows),
            "blank": (words.blank, delivery.blank_rows),
            "total": (words.total, delivery.total_rows),
            "accepted": (taken, delivery.accepted_rows),
            "returned": (words.returned, delivery.rejected_rows),
        }
        together = sum(count for _, count in fates.values())
        self._table([list(fate) for fate in fates.values()], (4, 2), _PLAIN)
        self._table([[words.all, together]], (4, 2), _BOLD)
        if delivery.late_rows and not stopped:
            self._table([[words.late, delivery.late_rows]], (4, 2), _PLAIN)
        numbers = {name: count for name, (_, count) in fates.items()}
        self._line(words.equation.format(**numbers, all=together), Look(size=9, boxed=False))

    def _faults(self) -> None:
        words, labels = self._words, self._words.labels
        delivery = self._sending.delivery
        self._section(words.sections.faults)
        if not delivery.rejected_rows:
            self._line(words.no_faults, _PLAIN)
            return
        head = Look(bold=True, horizontal="center")
        self._table([[labels.reason, labels.rows, labels.remedy]], (2, 1, 3), head)
        known = faults()
        for code in sorted(delivery.faults, key=lambda c: known[c].rank):
            fault = known[code]
            self._table([[fault.title, delivery.faults[code], fault.remedy]], (2, 1, 3), _PLAIN)
        self._table([[labels.together, sum(delivery.faults.values()), ""]], (2, 1, 3), _BOLD)
        self._line(words.reasons_note, Look(size=9, boxed=False))

    def _messages(self) -> None:
        self._section(self._words.sections.messages)
        messages = self._sending.delivery.messages
        for number, message in enumerate(messages, start=1):
            text = f"{number}. {message}" if len(messages) > 1 else message
            self._line(text, _PLAIN)
        if not messages:
            self._line(self._words.no_messages, _PLAIN)

    def _next_steps(self) -> None:
        self._section(self._words.sections.next)
        steps = [step.format(**self._names) for step in self._verdict.next]
        if self._sending.verdict != "identical":
            steps += self._mend_steps()
        if self._sending.verdict.startswith("rejected"):
            standing = self._sending.standing
            text = self._texts.standing if standing else self._texts.none_standing
            steps.append(text.format(standing=standing))
        for number, step in enumerate(steps, start=1):
            self._line(f"{number}. {step}" if len(steps) > 1 else step, _PLAIN)

    def _mend_steps(self) -> list[str]:
        if not self._findings.rows:
            return []
        words, enclosed, steps = self._texts.mend_steps, self._enclosed, []
        to_mend = self._findings.to_mend(self._texts)
        if enclosed.copies:
            steps.append(words.marked.format(marked="”“".join(enclosed.copies)))
        if enclosed.too_large:
            steps.append(words.marked_too_large.format(limit=self._texts.marked_copy_rows))
        elif not enclosed.copies:
            steps.append(words.marked_missing)
        if to_mend:
            steps.append(words.whole.format(count=len(to_mend)))
        needless = len(self._findings.rows) - len(to_mend)
        if needless:
            steps.append(words.nothing.format(count=needless))
        return steps


def _write_returned_rows(
    book: Workbook, sending: Sending, findings: Findings, texts: AnswerTexts
) -> None:
    words = texts.returned_rows
    sheet = book.create_sheet(words.sheet)
    for position, width in enumerate(words.widths, start=1):
        sheet.column_dimensions[get_column_letter(position)].width = width
    sheet.freeze_panes = "A2"
    set_up_page(sheet, landscape=True)
    sheet.print_title_rows = "1:1"
    pen = Pen(sheet)
    head = Look(font="黑体", horizontal="center", fill=texts.colours.heading)
    pen.row([pen.cell(header, head) for header in words.headers], 22)
    if not findings.rows:
        pen.row([pen.cell(texts.receipt.no_faults, _FREE)])
        return
    contract, month = sending.department.contracts[sending.dataset], sending.month
    unboxed = Look(boxed=False, wrap=False)
    text = Look(number_format="@", size=9)
    faulty = Look(number_format="@", size=9, fill=texts.colours.fault)
    middle = Look(horizontal="center", size=9)
    last = 1
    every = ((row, told) for row in findings.rows for told in tell(row, contract, month, texts))
    for row, told in every:
        if last > texts.listed_faults:
            pen.row([pen.cell(words.too_many.format(listed=texts.listed_faults), unboxed)])
            break
        value = words.whole_row if told.header is None else told.value or words.blank
        cells = [
            (last, middle),
            (row.file, text),
            (row.sheet, text),
            (row.row, middle),
            (told.header or words.whole_row, text),
            (value, faulty),
            *((word, text) for word in (told.title, told.sentence, told.remedy)),
        ]
        sizes = [(str(v), width) for (v, _), width in zip(cells, words.widths, strict=True)]
        pen.row([pen.cell(v, look) for v, look in cells], height_of(sizes, 9))
        last += 1
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(words.headers))}{last}"


def set_up_page(sheet: Any, *, landscape: bool) -> None:
    """A4, fitted to the page's width, with page numbers."""
    sheet.page_setup.orientation = "landscape" if landscape else "portrait"
    sheet.page_setup.paperSize = 9
    sheet.page_setup.fitToWidth = 1
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.page_margins.left = sheet.page_margins.right = 0.5
    sheet.page_margins.top, sheet.page_margins.bottom = 0.6, 0.8
    sheet.page_margins.footer = 0.4
    sheet.oddFooter.center.text = "第 &P 页，共 &N 页"
