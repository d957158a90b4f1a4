"""The cells that a department delivered, read again from the kept files: for explaining a result."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from openpyxl.utils import get_column_letter
from sqlalchemy import select
from sqlalchemy.orm import Session

from poverty_watch.contracts import Contract, load_catalogue
from poverty_watch.identity import mask_numbers
from poverty_watch.intake.kept import raw_path
from poverty_watch.intake.layout import Layout, find_layout
from poverty_watch.intake.policy import delivery_policy
from poverty_watch.intake.sheets import Cell, Sheet, UnreadableError, read_sheets
from poverty_watch.ledger.models import Delivery
from poverty_watch.months import Month
from poverty_watch.settings import Settings


@dataclass(frozen=True)
class DeliveredRow:
    """A row of a version in the lake: where the sender has it."""

    dataset: str
    month: Month
    version: int
    file: str
    sheet: str
    row: int


@dataclass(frozen=True)
class DeliveredCell:
    """One cell: under which header of the sender, at which place (``F17``), with what in it.

    ``value`` is the cell's text, a day as 2021-04-05; numbers of persons are masked.
    """

    header: str
    place: str
    value: str


def delivered_cells(
    session: Session, settings: Settings, wanted: Mapping[DeliveredRow, Iterable[str]]
) -> dict[tuple[DeliveredRow, str], DeliveredCell]:
    """The cells of some columns (by the contract's names) of some rows.

    What cannot be found again is left out: the file has been purged, or the contract reads it
    differently today. Every file is read once.
    """
    by_file: dict[tuple[str, Month, int, str], list[DeliveredRow]] = {}
    for row in wanted:
        by_file.setdefault((row.dataset, row.month, row.version, row.file), []).append(row)
    found: dict[tuple[DeliveredRow, str], DeliveredCell] = {}
    for (dataset, month, version, file), rows in by_file.items():
        contract = load_catalogue().contract(dataset)
        for sheet in _sheets(session, settings, dataset, month, version, file):
            here = {row.row: row for row in rows if row.sheet == sheet.name}
            layout = find_layout(sheet, contract) if here else None
            if isinstance(layout, Layout):
                found |= _of_sheet(sheet, layout, contract, here, wanted)
    return found


def _sheets(
    session: Session, settings: Settings, dataset: str, month: Month, version: int, file: str
) -> list[Sheet]:
    delivery = session.scalars(
        select(Delivery).where(
            Delivery.dataset == dataset, Delivery.month == str(month), Delivery.version == version
        )
    ).first()
    for entry in delivery.files if delivery else ():
        path = raw_path(settings, entry["sha256"], entry["name"])
        if entry["name"] == file and path.is_file():
            try:
                return read_sheets(path, file, delivery_policy().limits)
            except UnreadableError:
                return []
    return []


def _of_sheet(
    sheet: Sheet,
    layout: Layout,
    contract: Contract,
    here: Mapping[int, DeliveredRow],
    wanted: Mapping[DeliveredRow, Iterable[str]],
) -> dict[tuple[DeliveredRow, str], DeliveredCell]:
    found = {}
    headers = sheet.rows[layout.last_header]
    for number, cells in zip(sheet.numbers, sheet.rows, strict=True):
        if number not in here:
            continue
        row = here[number]
        for column in wanted[row]:
            position = layout.columns.get(column)
            if position is None:
                continue
            header = headers[position] if position < len(headers) else None
            found[row, column] = DeliveredCell(
                _text(header) or contract.column(column).header,
                f"{get_column_letter(position + 1)}{number}",
                mask_numbers(_text(cells[position] if position < len(cells) else None)),
            )
    return found


def _text(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        has_time = cell.time() != datetime.min.time()
        return cell.isoformat(" ", "seconds") if has_time else cell.date().isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).replace("\n", " ").strip()
