"""The correction sheet: only the rows to be mended, to be corrected and sent back alone.

For whoever merges it, the layout is this. On the first sheet a title band, then one header row:
行号, 退回原因, 怎样改, the contract's own headers (`Column.header`, in the contract's order), 源文件,
工作表, and hidden 行码. The five office columns are locked, the contract's are not. 源文件, 工作表 and
行号 are the row's ``source_file``, ``source_sheet`` and ``source_row`` in the lake's
``set_aside.parquet``; 行码 is `origin.row_code` over month, dataset, content and these three. So a
returned row is taken for its origin only when the code computed afresh from them is equal, and it
then stands in for that row of the delivery whose content hash begins with the code's first part.
The cells below the contract's headers are to be read as any delivered cells are. A row that came
back unchanged has simply the same fault again; a row that is missing stays as it was. Rows in which
there is nothing to mend (duplicates, rows of earlier months) are not in the sheet.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.utils import get_column_letter, quote_sheetname
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.datavalidation import DataValidation

from poverty_watch.contracts import Column, Contract
from poverty_watch.identity import Keyring
from poverty_watch.intake.answers.findings import FaultyRow, choices_of, shown, tell
from poverty_watch.intake.answers.origin import row_code
from poverty_watch.intake.answers.pen import TEXT, Look, Pen, height_of, text_width
from poverty_watch.intake.answers.receipt import set_up_page
from poverty_watch.intake.answers.sendings import Sending
from poverty_watch.intake.answers.texts import AnswerTexts, CorrectionTexts
from poverty_watch.intake.layout import plain
from poverty_watch.intake.sheets import Cell, Sheet

_BEFORE = 3
_ROW_WIDTH, _REASON_WIDTH, _REMEDY_WIDTH, _FILE_WIDTH, _SHEET_WIDTH = 7.0, 34.0, 36.0, 26.0, 10.0
_TEXT_TYPES = ("text", "name", "identity", "identity_reference", "phone", "choice", "month")
_EXACT_BELOW = 1e15
_WIDTH_OF_A_PAGE = 190.0


def is_correction_sheet(sheet: Sheet, texts: AnswerTexts) -> bool:
    """Whether a delivered sheet is a correction sheet of ours: its columns are there by name."""
    words = texts.correction
    wanted = {words.code_header, words.file_header, words.sheet_header, words.row_header}
    return any(wanted <= {plain(cell) for cell in row} for row in sheet.rows[:20])


def save_correction(
    path: Path, sending: Sending, rows: Sequence[FaultyRow], keys: Keyring, texts: AnswerTexts
) -> None:
    """Save the workbook of rows to be mended, faulty cells coloured, closed lists as drop-downs."""
    contract = sending.department.contracts[sending.dataset]
    words = texts.correction
    book = Workbook(write_only=True)
    sheet = book.create_sheet(words.sheet)
    widths = [_ROW_WIDTH, _REASON_WIDTH, _REMEDY_WIDTH]
    widths += [_width(column, rows) for column in contract.columns]
    widths += [_FILE_WIDTH, _SHEET_WIDTH, 10.0]
    for position, width in enumerate(widths, start=1):
        sheet.column_dimensions[get_column_letter(position)].width = width
    sheet.column_dimensions[get_column_letter(len(widths))].hidden = True
    header_row = 3 + len(words.notes)
    sheet.freeze_panes = f"C{header_row + 1}"
    sheet.protection.sheet = True
    for allowed in ("formatColumns", "formatRows", "formatCells"):
        setattr(sheet.protection, allowed, False)
    set_up_page(sheet, landscape=True)
    # A wide table goes over several pages side by side rather than too small to read.
    sheet.page_setup.fitToWidth = max(1, round(sum(widths) / _WIDTH_OF_A_PAGE))
    sheet.print_title_rows = f"{header_row}:{header_row}"
    sheet.print_title_cols = "A:B"
    pen = Pen(sheet)
    _write_heading(pen, sending, contract, len(rows), texts)
    for row in rows:
        _write_row(pen, row, sending, contract, keys, texts, widths)
    last = header_row + len(rows)
    _add_choices(book, sheet, sending, contract, words, header_row + 1, last)
    sheet.print_area = f"A1:{get_column_letter(len(widths) - 1)}{last}"
    book.save(path)


def _write_heading(
    pen: Pen, sending: Sending, contract: Contract, count: int, texts: AnswerTexts
) -> None:
    words = texts.correction
    names = {
        "dataset": sending.title,
        "department": sending.department.title,
        "month": sending.month.chinese,
        "number": sending.number,
        "count": count,
    }
    # Not merged: a merged band would scroll out of sight behind the frozen columns.
    bands = [(words.title.format(**names), Look(size=16, bold=True, boxed=False, wrap=False))]
    bands.append((words.subtitle.format(**names), Look(size=11, boxed=False, wrap=False)))
    bands += [(note, Look(boxed=False, wrap=False)) for note in words.notes]
    for text, look in bands:
        pen.row([pen.cell(text, look)], look.size * 1.7)
    ours = Look(font="黑体", horizontal="center", fill=texts.colours.locked)
    theirs = Look(font="黑体", horizontal="center", fill=texts.colours.heading)
    before = [words.row_header, words.reason_header, words.remedy_header]
    after = [words.file_header, words.sheet_header, words.code_header]
    pen.row(
        [
            *(pen.cell(name, ours) for name in before),
            *(pen.cell(column.header, theirs) for column in contract.columns),
            *(pen.cell(name, ours) for name in after),
        ],
        32,
    )


def _write_row(
    pen: Pen,
    row: FaultyRow,
    sending: Sending,
    contract: Contract,
    keys: Keyring,
    texts: AnswerTexts,
    widths: Sequence[float],
) -> None:
    locked = Look(fill=texts.colours.locked, size=9)
    told = tell(row, contract, sending.month, texts)
    reason = "\n".join(dict.fromkeys(t.sentence for t in told))
    remedy = "\n".join(dict.fromkeys(t.remedy for t in told))
    code = row_code(
        keys,
        sending.month,
        sending.dataset,
        sending.delivery.content_sha256,
        row.file,
        row.sheet,
        row.row,
    )
    faulty = set(row.faulty_columns)
    cells = [pen.cell(row.row, locked), pen.cell(reason, locked), pen.cell(remedy, locked)]
    for column in contract.columns:
        value = _as_sent(row.cells[column.name], column)
        fill = texts.colours.fault if column.name in faulty else None
        look = Look(fill=fill, number_format=_format(column, value), locked=False)
        cells.append(pen.cell(value, look))
    cells += [pen.cell(text, locked) for text in (row.file, row.sheet, code)]
    parts = [(reason, widths[1]), (remedy, widths[2]), (row.file, _FILE_WIDTH)]
    pen.row(cells, max(20, height_of(parts, 9)))


def _as_sent(cell: Cell, column: Column) -> Any:
    """The cell as it was sent; an exact number that is really a code as the text of its digits.

    A number that has lost its digits stays a number: as text it would pass for one typed by hand.
    """
    is_number = isinstance(cell, (int, float)) and not isinstance(cell, bool)
    if is_number and column.type in _TEXT_TYPES and column.type != "month":
        return shown(cell) if abs(cell) < _EXACT_BELOW else cell
    return None if cell == "" else cell


def _format(column: Column, value: Any) -> str:
    if isinstance(value, (datetime, date)):
        return "yyyy-mm" if column.type == "month" else "yyyy-mm-dd"
    if column.type in _TEXT_TYPES:
        return TEXT
    is_number = isinstance(value, (int, float))
    return "yyyy-mm-dd" if column.type == "date" and not is_number else "General"


def _width(column: Column, rows: Sequence[FaultyRow]) -> float:
    longest = max((text_width(shown(row.cells[column.name])) for row in rows[:500]), default=0)
    least = 21 if column.type in ("identity", "identity_reference") else 9
    return float(min(max(least, longest + 2, text_width(column.header) * 0.6 + 2), 32))


def _add_choices(
    book: Workbook,
    sheet: Any,
    sending: Sending,
    contract: Contract,
    words: CorrectionTexts,
    first: int,
    last: int,
) -> None:
    offered = [
        (position, column, choices)
        for position, column in enumerate(contract.columns, start=_BEFORE + 1)
        if (choices := choices_of(contract, column.name, sending.month))
    ]
    if not offered:
        return
    lists = book.create_sheet(words.lists)
    lists.sheet_state = "hidden"
    longest = max(len(choices) for *_, choices in offered)
    for row in range(longest):
        lists.append([c[row] if row < len(c) else None for *_, c in offered])
    for index, (position, column, choices) in enumerate(offered, start=1):
        letter = get_column_letter(index)
        name = f"{words.lists}_{position}"
        area = f"{quote_sheetname(words.lists)}!${letter}$1:${letter}${len(choices)}"
        book.defined_names[name] = DefinedName(name, attr_text=area)
        rule = DataValidation(type="list", formula1=name, allow_blank=column.optional)
        rule.error, rule.errorTitle, rule.showErrorMessage = words.list_error, column.header, True
        target = get_column_letter(position)
        rule.add(f"{target}{first}:{target}{last}")
        sheet.data_validations.append(rule)
