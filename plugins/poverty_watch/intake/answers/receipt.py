"""The receipt: what came in, what became of it, every fault, and what to do next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.utils import get_column_letter

from poverty_watch.intake.answers.corrected import CorrectedRow
from poverty_watch.intake.answers.findings import Finding, Findings
from poverty_watch.intake.answers.pen import Look, Pen, height_of
from poverty_watch.intake.answers.sendings import Sending
from poverty_watch.intake.answers.telling import Told, tell
from poverty_watch.intake.answers.texts import AnswerTexts
from poverty_watch.intake.corrections.texts import correction_texts
from poverty_watch.intake.policy import faults, queries

_GRID = 6
_COLUMN = 15.0
_PLAIN = Look()
_BOLD = Look(bold=True)
_FREE = Look(boxed=False)


@dataclass(frozen=True)
class Enclosed:
    """Names of the workbooks that go with a receipt; ``too_large`` if some file has no copy.

    ``correction`` is the sheet of rows to be mended, None where there are too many or none.
    """

    copies: tuple[str, ...] = ()
    too_large: bool = False
    correction: str | None = None


def save_receipt(
    path: Path,
    sending: Sending,
    findings: Findings,
    enclosed: Enclosed,
    texts: AnswerTexts,
    corrected: Sequence[CorrectedRow] = (),
) -> None:
    """Save the receipt's workbook: sheets of the verdict, of all faults, of all queries.

    ``corrected``: the rows of the correction sheet that is answered.
    """
    book = Workbook(write_only=True)
    _Front(book, sending, findings, enclosed, texts).write()
    if corrected:
        _write_corrected_rows(book, corrected, texts)
    words = texts.returned_rows
    _Listing(book, sending, texts, words.sheet, words.headers).write(
        findings.returned, of_queries=False
    )
    if findings.asked:
        asked = texts.asked_rows
        _Listing(book, sending, texts, asked.sheet, asked.headers).write(
            findings.asked, of_queries=True
        )
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
            "mend": sending.to_mend,
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
            self._corrected()
            self._counts()
            self._faults()
            self._queries()
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
        # The duty was met, or not, by the delivery that is corrected.
        if not sending.is_correction:
            clock, due_on, days = sending.clock
            due = f"{due_on.month}月{due_on.day}日"
            self._pair(labels.clock, self._words.clock[clock].format(due=due, days=days))
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

    def _corrected(self) -> None:
        if not self._sending.fates:
            return
        labels, words = self._words.labels, correction_texts().fates
        self._section(self._words.sections.corrected)
        self._table([[labels.fate, labels.rows]], (4, 2), Look(bold=True, horizontal="center"))
        for code, fate in words.items():
            if code in self._sending.fates:
                look = Look(fill=self._fills[fate.tone])
                self._table([[fate.title, self._sending.fates[code]]], (4, 2), look)
        together = sum(self._sending.fates.values())
        self._table([[labels.together, together]], (4, 2), _BOLD)
        if self._sending.was_judged:
            self._line(self._words.merged_note, Look(size=9, boxed=False))

    def _counts(self) -> None:
        words, delivery = self._words.counts, self._sending.delivery
        if self._sending.verdict == "corrected_nothing":
            return
        self._section(self._words.sections.counts)
        if not self._sending.was_judged:
            if delivery.status == "nil":
                self._line(words.nothing, _PLAIN)
                return
            self._line(words.unread, _PLAIN)
            if delivery.data_rows:
                self._table([[words.unread_data, delivery.data_rows]], (4, 2), _PLAIN)
            return
        stopped = self._sending.verdict in ("rejected_in_rows", "corrected_rejected")
        taken = words.not_taken if stopped else words.accepted
        fates = {
            "header": (words.header, delivery.header_rows),
            "blank": (words.blank, delivery.blank_rows),
            "total": (words.total, delivery.total_rows),
            "accepted": (taken, delivery.accepted_rows),
            "returned": (words.returned, delivery.rejected_rows),
        }
        if delivery.voided_rows:
            fates["voided"] = (words.voided, delivery.voided_rows)
        together = sum(count for _, count in fates.values())
        self._table([list(fate) for fate in fates.values()], (4, 2), _PLAIN)
        self._table([[words.all, together]], (4, 2), _BOLD)
        if delivery.late_rows and not stopped:
            self._table([[words.late, delivery.late_rows]], (4, 2), _PLAIN)
        parts = " + ".join(str(count) for _, count in fates.values())
        self._line(words.equation.format(parts=parts, all=together), Look(size=9, boxed=False))

    def _faults(self) -> None:
        words, labels = self._words, self._words.labels
        delivery = self._sending.delivery
        if self._sending.verdict == "corrected_nothing":
            return
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

    def _queries(self) -> None:
        words, labels = self._words, self._words.labels
        counts = self._sending.delivery.open_queries or {}
        if not counts:
            return
        self._section(words.sections.queries)
        head = Look(bold=True, horizontal="center")
        self._table([[labels.query, labels.rows, labels.remedy]], (2, 1, 3), head)
        whole = {question.code for question in self._findings.questions}
        for code, query in queries().items():
            if code in counts:
                title = query.title + (labels.whole_file if code in whole else "")
                self._table([[title, counts[code], query.remedy]], (2, 1, 3), _PLAIN)
        self._line(words.queries_note, Look(size=9, boxed=False))

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
        if self._sending.verdict not in ("identical", "corrected_nothing"):
            steps += self._mend_steps()
        if self._sending.delivery.status == "rejected":
            standing = self._sending.standing
            text = self._texts.standing if standing else self._texts.none_standing
            steps.append(text.format(standing=standing))
        steps = steps or [self._texts.mend_steps.done]
        for number, step in enumerate(steps, start=1):
            self._line(f"{number}. {step}" if len(steps) > 1 else step, _PLAIN)

    def _mend_steps(self) -> list[str]:
        findings, enclosed = self._findings, self._enclosed
        words, steps = self._texts.mend_steps, []
        to_mend = findings.to_mend
        explain = sum(len(row.queries) for row in findings.asked) + len(findings.questions)
        names = {"mend": len(to_mend), "explain": explain, "correction": enclosed.correction}
        if enclosed.correction and self._sending.is_mended_at_source:
            steps.append(words.at_source.format(**names))
        elif enclosed.correction and to_mend and explain:
            steps.append(words.correction.format(**names))
        elif enclosed.correction and to_mend:
            steps.append(words.correction_mend.format(**names))
        elif enclosed.correction:
            steps.append(words.correction_explain.format(**names))
        elif to_mend:
            steps.append(words.too_many.format(**names))
        if enclosed.copies:
            steps.append(words.marked.format(marked="”“".join(enclosed.copies)))
        elif enclosed.too_large:
            steps.append(words.marked_too_large.format(limit=self._texts.marked_copy_rows))
        elif findings.rows and not self._sending.is_correction:
            steps.append(words.marked_missing)
        needless = len(findings.returned) - len(to_mend)
        if needless:
            steps.append(words.nothing.format(count=needless))
        return steps


class _Listing:
    """A sheet that lists faults or queries, one by one."""

    def __init__(
        self,
        book: Workbook,
        sending: Sending,
        texts: AnswerTexts,
        title: str,
        headers: Sequence[str],
    ) -> None:
        self._sending, self._texts, self._headers = sending, texts, headers
        self._sheet = book.create_sheet(title)
        self._widths = texts.returned_rows.widths
        self._pen = Pen(self._sheet)

    def write(self, rows: Sequence[Finding], *, of_queries: bool) -> None:
        """Write it; more than anyone can read are cut off, and that is said."""
        sheet, texts = self._sheet, self._texts
        _set_up_list(sheet, self._widths)
        head = Look(font="黑体", horizontal="center", fill=texts.colours.heading)
        self._pen.row([self._pen.cell(header, head) for header in self._headers], 22)
        if not rows:
            self._pen.row([self._pen.cell(texts.receipt.no_faults, _FREE)])
            return
        sending = self._sending
        contract = sending.department.contracts[sending.dataset]
        last = 1
        every = (
            (row, told)
            for row in rows
            for told in tell(row, contract, sending.month, texts)
            if told.mark.is_query is of_queries
        )
        for row, told in every:
            if last > texts.listed_faults:
                words = texts.returned_rows.too_many.format(listed=texts.listed_faults)
                self._pen.row([self._pen.cell(words, Look(boxed=False, wrap=False))])
                break
            self._write_row(last, row, told)
            last += 1
        sheet.auto_filter.ref = f"A1:{get_column_letter(len(self._headers))}{last}"

    def _write_row(self, number: int, row: Finding, told: Told) -> None:
        words, colours = self._texts.returned_rows, self._texts.colours
        text = Look(number_format="@", size=9)
        fill = colours.question if told.mark.is_query else colours.fault
        marked = Look(number_format="@", size=9, fill=fill)
        middle = Look(horizontal="center", size=9)
        value = (told.value or words.blank) if told.headers else words.whole_row
        cells = [
            (number, middle),
            (row.file, text),
            (row.sheet, text),
            (row.row, middle),
            (told.header or words.whole_row, text),
            (value, marked),
            *((word, text) for word in (told.title, told.sentence, told.remedy)),
        ]
        sizes = [(str(v), width) for (v, _), width in zip(cells, self._widths, strict=True)]
        self._pen.row([self._pen.cell(v, look) for v, look in cells], height_of(sizes, 9))


def _set_up_list(sheet: Any, widths: Sequence[float]) -> None:
    for position, width in enumerate(widths, start=1):
        sheet.column_dimensions[get_column_letter(position)].width = width
    sheet.freeze_panes = "A2"
    set_up_page(sheet, landscape=True)
    sheet.print_title_rows = "1:1"


def _write_corrected_rows(book: Workbook, rows: Sequence[CorrectedRow], texts: AnswerTexts) -> None:
    """The rows of the correction sheet; a line for each cell that was changed."""
    words, fills = texts.corrected_rows, texts.colours.model_dump()
    sheet = book.create_sheet(words.sheet)
    _set_up_list(sheet, words.widths)
    pen = Pen(sheet)
    head = Look(font="黑体", horizontal="center", fill=texts.colours.heading)
    pen.row([pen.cell(header, head) for header in words.headers], 22)
    text, middle = Look(number_format="@", size=9), Look(horizontal="center", size=9)
    last = 1
    for number, row in enumerate(rows, start=1):
        place = ""
        if row.place is not None and row.place[2]:
            place = words.place.format(file=row.place[0], sheet=row.place[1], row=row.place[2])
        title = row.title + (words.adopted if row.is_adopted else "")
        fate = replace(text, fill=fills[row.tone])
        lines = [(c.header, c.before, c.sent, c.stands, c.is_conflict) for c in row.changes]
        for header, before, sent, stands, is_conflict in lines or [("", "", "", "", False)]:
            value = replace(text, fill=fills["fault"]) if is_conflict else text
            cells = [
                (number, middle),
                (row.sheet, text),
                (row.row, middle),
                (place, text),
                (title, fate),
                (row.sentence, text),
                (header, text),
                (before, text),
                (sent, value),
                (stands, value),
            ]
            sizes = [(str(v), w) for (v, _), w in zip(cells, words.widths, strict=True)]
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
