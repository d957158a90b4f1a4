"""What became of each row of a correction sheet, as it is kept beside the delivery in the lake."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from poverty_watch.intake.amendments import Place
from poverty_watch.intake.corrections.merging import RowFate
from poverty_watch.intake.corrections.texts import Fate

FATES_SCHEMA = pa.schema(
    [
        ("sheet", pa.string()),
        ("row", pa.int32()),
        ("is_file", pa.bool_()),
        ("fate", pa.string()),
        ("fault", pa.string()),
        ("applied", pa.bool_()),
        ("adopted", pa.bool_()),
        ("explained", pa.bool_()),
        ("columns", pa.string()),
        ("conflicts", pa.string()),
        ("content", pa.string()),
        ("issued", pa.string()),
        ("delivered", pa.string()),
    ]
)
"""A row per row of the correction sheet; no values. ``columns`` and ``conflicts`` are JSON lists of
column names; ``content`` is the hash of the delivery that the row's code names, ``issued`` its place
there, ``delivered`` the place in the delivery as a whole of the row that it was compared with
(places as JSON lists, null where there is none)."""


@dataclass(frozen=True)
class KeptFate:
    """A line of ``correction.parquet``."""

    sheet: str
    row: int
    is_file: bool
    fate: Fate
    fault: str | None
    applied: bool
    adopted: bool
    explained: bool
    columns: tuple[str, ...]
    conflicts: tuple[str, ...]
    content: str | None
    issued: Place | None
    delivered: Place | None


def table_of(fates: Sequence[RowFate], delivered: Sequence[Place | None]) -> pa.Table:
    """As `FATES_SCHEMA`; ``delivered`` gives each fate's row of the delivery as a whole."""
    return pa.Table.from_pylist(
        [
            {
                "sheet": fate.row.sheet,
                "row": fate.row.row,
                "is_file": fate.row.is_file,
                "fate": fate.fate,
                "fault": fate.fault,
                "applied": fate.applied,
                "adopted": fate.adopted,
                "explained": fate.row.explanation is not None,
                "columns": json.dumps(fate.columns),
                "conflicts": json.dumps(fate.conflicts),
                "content": fate.issued.content if fate.issued else None,
                "issued": _text(fate.issued.place if fate.issued else None),
                "delivered": _text(place),
            }
            for fate, place in zip(fates, delivered, strict=True)
        ],
        schema=FATES_SCHEMA,
    )


def read_fates(path: Path) -> list[KeptFate]:
    """The lines of a ``correction.parquet``."""
    return [
        KeptFate(
            **{
                **record,
                "columns": tuple(json.loads(record["columns"])),
                "conflicts": tuple(json.loads(record["conflicts"])),
                "issued": _place(record["issued"]),
                "delivered": _place(record["delivered"]),
            }
        )
        for record in pq.read_table(path).to_pylist()
    ]


def _text(place: Place | None) -> str | None:
    return None if place is None else json.dumps(place, ensure_ascii=False)


def _place(text: Any) -> Place | None:
    if text is None:
        return None
    file, sheet, row = json.loads(text)
    return file, sheet, row
