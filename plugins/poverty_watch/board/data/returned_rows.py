"""Rows of a delivery that were sent back, a page at a time, their values masked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from poverty_watch.board.data.pages import PER_PAGE, Found, first_row
from poverty_watch.identity import mask_numbers
from poverty_watch.intake.policy import faults
from poverty_watch.lake.versions import SET_ASIDE
from poverty_watch.ledger.access import Viewer

_COLUMNS = ["source_file", "source_sheet", "source_row", "header", "fault", "value"]
_SHOWN_TO_VIEWERS = ("list", "date", "future", "amount", "too_old")
"""Faults whose value names nobody."""


@dataclass(frozen=True)
class ReturnedRow:
    """Where a faulty cell stands in the sender's file, what is wrong, and what it holds."""

    place: str
    header: str
    fault: str
    remedy: str
    value: str


def returned_rows(folder: Path, viewer: Viewer, page: int) -> Found[ReturnedRow]:
    """A page of the rows that were sent back from the delivery that lies in a folder."""
    path = folder / SET_ASIDE
    if not path.is_file():
        return Found([], 0, page, "处")
    table = pq.read_table(path, columns=_COLUMNS)
    rows = table.slice(first_row(page), PER_PAGE)
    return Found(_told(rows, viewer), table.num_rows, page, "处")


def _told(rows: pa.Table, viewer: Viewer) -> list[ReturnedRow]:
    known = faults()
    found = []
    for row in rows.to_pylist():
        fault = known.get(row["fault"])
        sheet = f"“{row['source_sheet']}”" if row["source_sheet"] else ""
        may_read = viewer.role != "viewer" or row["fault"] in _SHOWN_TO_VIEWERS
        found.append(
            ReturnedRow(
                f"{mask_numbers(row['source_file'])}{sheet}第{row['source_row']}行",
                row["header"] or "",
                fault.title if fault else row["fault"],
                fault.remedy if fault else "",
                mask_numbers(row["value"] or "") if may_read else "",
            )
        )
    return found
