"""A correction sheet that came back: its rows with their codes, whatever has been done to it.

Rows may have been sorted, filtered or taken out, columns added, moved or taken out, and the file
saved by another program or under another format. What a column is, its header says; what a row is,
its code says, in whichever cell it stands.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from poverty_watch.contracts import Contract
from poverty_watch.identity import mask_numbers
from poverty_watch.intake import cells
from poverty_watch.intake.corrections.codes import code_in
from poverty_watch.intake.corrections.texts import CorrectionTexts, Headers, Treatment
from poverty_watch.intake.layout import is_blank, layout_at, plain
from poverty_watch.intake.policy import delivery_policy
from poverty_watch.intake.sheets import Cell, Sheet, read_sheets
from poverty_watch.intake.standardise import RowCount

_HEADER_WITHIN_ROWS = 60


@dataclass(frozen=True)
class ReturnedRow:
    """A row as it came back.

    ``row`` is its number in the returned sheet. ``cells`` holds those of the contract's columns
    that the sheet still has; ``proposal`` is the proposed number if the sender wants it taken,
    ``treatment`` what is to be done with the row, if the sender says so. ``is_file`` marks an answer to a question about a file as a whole.
    """

    sheet: str
    row: int
    code: str | None
    cells: Mapping[str, Cell]
    explanation: str | None = None
    proposal: Cell = None
    treatment: Treatment | None = None
    is_file: bool = False


@dataclass
class Returned:
    """All rows of a returned correction sheet.

    ``counts.data`` is the number of ``rows``; ``missing`` are headers of the contract that no sheet
    has any more; ``passed_over`` names sheets that are not part of a correction sheet.
    """

    rows: list[ReturnedRow] = field(default_factory=list)
    counts: RowCount = field(default_factory=RowCount)
    missing: list[str] = field(default_factory=list)
    passed_over: list[str] = field(default_factory=list)


def read_returned(path: Path, name: str, contract: Contract, texts: CorrectionTexts) -> Returned:
    """Read a correction sheet that was sent back.

    Raises:
        UnreadableError: the file cannot be opened.
    """
    returned = Returned()
    have: set[str] = set()
    for sheet in read_sheets(path, name, delivery_policy().limits):
        header = _header_of(sheet, contract, texts.headers)
        if header is None:
            is_ours = plain(sheet.name) == texts.sheets.lists
            if not is_ours and any(not is_blank(cell) for row in sheet.rows for cell in row):
                returned.passed_over.append(sheet.name)
            continue
        have |= _read_sheet(sheet, header, contract, texts, returned)
    if any(not row.is_file for row in returned.rows):
        returned.missing = [c.header for c in contract.columns if c.name not in have]
    return returned


def _header_of(sheet: Sheet, contract: Contract, headers: Headers) -> int | None:
    """The row that names the office's columns, or where these are gone the contract's."""
    ours = {plain(text) for text in headers.model_dump().values()}
    theirs = {plain(header) for column in contract.columns for header in column.headers}
    first = next(
        (at for at, row in enumerate(sheet.rows) if any(code_in(cell) for cell in row)), None
    )
    best: tuple[int, int] | None = None
    for position, row in enumerate(sheet.rows[:_HEADER_WITHIN_ROWS]):
        names = {plain(cell) for cell in row}
        if len(ours & names) > 1:
            return position
        if first is not None and position < first and (found := len(theirs & names)):
            best = max(best or (0, 0), (found, position))
    return best[1] if best else None


def _read_sheet(
    sheet: Sheet, header: int, contract: Contract, texts: CorrectionTexts, returned: Returned
) -> set[str]:
    office = _office_columns(sheet.rows[header], texts.headers)
    told = [office[name] for name in ("question", "explanation") if name in office]
    coded = {at for row in sheet.rows for at, cell in enumerate(row) if code_in(cell)}
    layout = layout_at(sheet, contract, header, [*coded, *told])
    is_file = plain(texts.headers.question) in map(plain, sheet.rows[header])
    columns = {} if is_file else layout.columns
    yes = {plain(word).casefold() for word in texts.means_yes}
    for position in layout.data:
        row = sheet.rows[position]
        treatment = plain(_at(row, office.get("treatment")))
        adopts = plain(_at(row, office.get("adopt"))).casefold() in yes
        returned.rows.append(
            ReturnedRow(
                sheet=sheet.name,
                row=sheet.numbers[position],
                code=next((code for cell in row if (code := code_in(cell))), None),
                cells={
                    name: _as_of_1900(row[at], sheet, contract, name)
                    for name, at in columns.items()
                },
                explanation=_text(_at(row, office.get("explanation")), texts),
                proposal=_at(row, office.get("proposal")) if adopts else None,
                treatment=texts.treatment_of(treatment),
                is_file=is_file,
            )
        )
    counts = returned.counts
    counts.all += len(sheet.rows)
    counts.header += layout.header
    counts.blank += layout.blank
    counts.total += layout.total
    counts.data += len(layout.data)
    return set(columns)


def _office_columns(header: Sequence[Cell], headers: Headers) -> dict[str, int]:
    words = {plain(text): name for name, text in headers.model_dump().items()}
    found: dict[str, int] = {}
    for position, cell in enumerate(header):
        name = words.get(plain(cell))
        if name is not None:
            found.setdefault(name, position)
    return found


def _at(row: Sequence[Cell], position: int | None) -> Cell:
    return None if position is None or position >= len(row) else row[position]


def _as_of_1900(cell: Cell, sheet: Sheet, contract: Contract, name: str) -> Cell:
    if sheet.is_1904 and contract.column(name).type in ("date", "month"):
        return cells.from_1904(cell)
    return cell


def _text(cell: Cell, texts: CorrectionTexts) -> str | None:
    words = " ".join((cells.as_text([cell])[0].as_py() or "").split())
    # Names and amounts are the sender's to write; numbers of persons have no business here.
    return mask_numbers(words)[: texts.longest_explanation] or None
