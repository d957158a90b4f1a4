"""The sender's own workbook back: the same values, faulty cells coloured and commented."""

from __future__ import annotations

import logging
import warnings
import zipfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from openpyxl import Workbook, load_workbook
from openpyxl.cell.cell import MergedCell
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.utils.datetime import CALENDAR_MAC_1904
from openpyxl.worksheet.worksheet import Worksheet

from poverty_watch.contracts import Contract
from poverty_watch.intake.answers.findings import Finding, SentFile, counted
from poverty_watch.intake.answers.pen import FORMULA_STARTS, TEXT, safe_value, text_width
from poverty_watch.intake.answers.receipt import set_up_page
from poverty_watch.intake.answers.sendings import Sending
from poverty_watch.intake.answers.telling import Told, tell
from poverty_watch.intake.answers.texts import AnswerTexts
from poverty_watch.intake.policy import Fault, Query, faults, queries
from poverty_watch.intake.sheets import Sheet

# A sheet with millions of formatted empty cells is small as a file and huge once it is read.
_LARGEST_SHEETS = 64 * 2**20
_EXCEL_COLUMNS = 16_384
_SAMPLED_ROWS, _WIDEST = 200, 40
log = logging.getLogger(__name__)


def save_marked(
    path: Path, file: SentFile, rows: Sequence[Finding], sending: Sending, texts: AnswerTexts
) -> None:
    """Save a copy of a delivered file with all its faults marked.

    An .xlsx or .xlsm keeps its looks; formulas become their stored values and macros are left out.
    A .xls, a CSV, and a workbook that openpyxl cannot read are drawn anew: same sheets, same rows
    and columns, same values.
    """
    contract = sending.department.contracts[sending.dataset]
    book = _opened(file)
    if book is not None:
        try:
            _mark(book, file, rows, contract, sending, texts)
            book.save(path)
            return
        except Exception as error:
            # A message of openpyxl may quote a cell: only its kind is logged.
            log.warning("a delivered workbook is drawn anew: %s", type(error).__name__)
    book = _drawn_anew(file.sheets)
    _mark(book, file, rows, contract, sending, texts)
    book.save(path)


def _opened(file: SentFile) -> Workbook | None:
    if not zipfile.is_zipfile(file.path):
        return None
    try:
        with zipfile.ZipFile(file.path) as package:
            size = sum(
                entry.file_size
                for entry in package.infolist()
                if entry.filename.startswith("xl/worksheets/")
            )
        if size > _LARGEST_SHEETS:
            return None
        with file.path.open("rb") as stream, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = load_workbook(stream, data_only=True, keep_vba=False, keep_links=False)
    except Exception as error:
        log.warning("a delivered workbook is drawn anew: %s", type(error).__name__)
        return None
    # Names that point into other workbooks would be broken without their links.
    for name in [n for n, d in book.defined_names.items() if "[" in (d.attr_text or "")]:
        del book.defined_names[name]
    for sheet in book.worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                if isinstance(cell.value, str):
                    _keep_as_text(cell)
    return book


def _keep_as_text(cell: Any) -> None:
    cell.data_type = "s"
    if cell.value.startswith(FORMULA_STARTS):
        cell.quotePrefix = True


def _drawn_anew(sheets: Sequence[Sheet]) -> Workbook:
    book = Workbook()
    book.remove(book.worksheets[0])
    if any(source.is_1904 for source in sheets):
        book.epoch = CALENDAR_MAC_1904
    for source in sheets:
        sheet = book.create_sheet(source.name)
        for number, values in zip(source.numbers, source.rows, strict=True):
            for column, value in enumerate(values[:_EXCEL_COLUMNS], start=1):
                if value is not None and value != "":
                    _draw(sheet.cell(number, column), value)
        for (top, left), (bottom, right) in source.merged:
            sheet.merge_cells(
                start_row=top + 1, end_row=bottom + 1, start_column=left + 1, end_column=right + 1
            )
        _fit_columns(sheet, source)
    return book


def _draw(cell: Any, value: Any) -> None:
    cell.value = safe_value(value)
    if isinstance(cell.value, str):
        _keep_as_text(cell)
        cell.number_format = TEXT
    elif isinstance(value, datetime):
        has_time = (value.hour, value.minute, value.second) != (0, 0, 0)
        cell.number_format = "yyyy-mm-dd hh:mm:ss" if has_time else "yyyy-mm-dd"


def _fit_columns(sheet: Worksheet, source: Sheet) -> None:
    # A title stands in one cell of its row and runs over the others: no measure for its column.
    sample = [
        row
        for row in source.rows[:_SAMPLED_ROWS]
        if sum(cell not in (None, "") for cell in row) > 1
    ]
    for column, cells in enumerate(zip(*sample, strict=False), start=1):
        longest = max((text_width(str(c)[:99]) for c in cells if c is not None), default=8)
        width = float(min(max(longest + 2, 8), _WIDEST))
        sheet.column_dimensions[get_column_letter(column)].width = width


def _mark(
    book: Workbook,
    file: SentFile,
    rows: Sequence[Finding],
    contract: Contract,
    sending: Sending,
    texts: AnswerTexts,
) -> None:
    fault = PatternFill("solid", fgColor=texts.colours.fault)
    doubt = PatternFill("solid", fgColor=texts.colours.question)
    whole = PatternFill("solid", fgColor=texts.colours.whole_row)
    for row in rows:
        sheet = book[row.sheet]
        sheet.row_dimensions[row.row].hidden = False
        if sheet.sheet_state != "visible":
            sheet.sheet_state = "visible"
        told = tell(row, contract, sending.month, texts)
        by_column: dict[int, list[Told]] = {}
        if row.is_wholly_marked:
            for position in sorted(row.positions.values()):
                _anchor(sheet, row.row, position + 1).fill = whole
            first = min(row.positions.values()) + 1
            by_column[first] = [t for t in told if not t.mark.columns]
        # Faults come last: where there is both, the cell shows the fault.
        for words in sorted(told, key=lambda t: not t.mark.is_query):
            for name in words.mark.columns:
                column = row.positions[name] + 1
                _anchor(sheet, row.row, column).fill = doubt if words.mark.is_query else fault
        for words in told:
            if words.mark.columns:
                column = row.positions[words.mark.columns[0]] + 1
                by_column.setdefault(column, []).append(words)
        for column, of_cell in by_column.items():
            _show_column(sheet, column, of_cell)
            _comment(_anchor(sheet, row.row, column), of_cell, texts)
    _add_legend(book, file, rows, sending, texts)


def _anchor(sheet: Any, row: int, column: int) -> Any:
    """The cell, or the one that shows for it where cells are merged."""
    cell = sheet.cell(row, column)
    if isinstance(cell, MergedCell):
        for area in sheet.merged_cells.ranges:
            if cell.coordinate in area:
                return sheet.cell(area.min_row, area.min_col)
    return cell


def _show_column(sheet: Any, column: int, told: Sequence[Told]) -> None:
    """Unhide a column with a fault and widen it where the faulty value would be cut off."""
    letter = get_column_letter(column)
    spanning = [
        dimension
        for name, dimension in sheet.column_dimensions.items()
        if name == letter or (dimension.min or 0) <= column <= (dimension.max or 0)
    ]
    for dimension in spanning:
        dimension.hidden = False
    wanted = min(max(text_width(t.value) for t in told) + 3, _WIDEST)
    own = spanning[0] if spanning else sheet.column_dimensions[letter]
    stands_alone = own.min in (None, column) and own.max in (None, column)
    if stands_alone and own.width < wanted:
        own.width = wanted


def _comment(cell: Any, told: Sequence[Told], texts: AnswerTexts) -> None:
    lines = [
        texts.comment.format(code=t.mark.code, sentence=t.sentence, remedy=t.remedy) for t in told
    ]
    if cell.comment is not None:
        lines.append(cell.comment.text)
    text = str(safe_value("\n".join(lines)))
    comment = Comment(text, texts.office, width=320, height=60 + 22 * (text_width(text) // 40))
    cell.comment = comment


def _add_legend(
    book: Workbook,
    file: SentFile,
    rows: Sequence[Finding],
    sending: Sending,
    texts: AnswerTexts,
) -> None:
    words = texts.legend
    sheet = book.create_sheet(words.sheet)
    set_up_page(sheet, landscape=True)
    wrapped = Alignment(wrap_text=True, vertical="center")
    for letter, width in zip("ABCD", (16, 26, 8, 70), strict=True):
        sheet.column_dimensions[letter].width = width
    names = {"department": sending.department.title, "file": file.name}
    title = sheet.cell(1, 1, words.title)
    title.font = Font(name="黑体", size=14)
    for line in words.lines:
        text = str(safe_value(line.format(**names)))
        number = sheet.max_row + 1
        cell: Any = sheet.cell(number, 1, text)
        _keep_as_text(cell)
        cell.alignment = wrapped
        sheet.merge_cells(start_row=number, end_row=number, start_column=1, end_column=4)
        sheet.row_dimensions[number].height = 16.0 * (1 + text_width(text) // 105)
    header = sheet.max_row + 1
    for column, name in enumerate(words.headers, start=1):
        cell = sheet.cell(header, column, name)
        cell.font = Font(name="黑体", size=10)
        cell.fill = PatternFill("solid", fgColor=texts.colours.heading)
    sheet.freeze_panes = f"A{header + 1}"
    colours = texts.colours
    listed: list[tuple[str, Fault | Query, str]] = [
        (code, fault, colours.whole_row if fault.needless else colours.fault)
        for code, fault in faults().items()
    ]
    listed += [(code, query, colours.question) for code, query in queries().items()]
    counts = counted(rows, lambda row: row.marks)
    for offset, (code, known, colour) in enumerate(
        (entry for entry in listed if entry[0] in counts), start=1
    ):
        for column, value in enumerate([code, known.title, counts[code], known.remedy], start=1):
            cell = sheet.cell(header + offset, column, value)
            cell.alignment = wrapped
        sheet.cell(header + offset, 1).fill = PatternFill("solid", fgColor=colour)
