"""Computed rows of a month: ``<lake>/screening/<YYYY-MM>/<fingerprint>/<part>/<table>.parquet``.

What stands under a fingerprint never changes, but for what is erased by law (`upkeep`): same
deliveries, rules and parameters give the same fingerprint. Each step of the computation writes its part whole, so a step that was killed is simply
done again. The ledger's `Screening` entry says which fingerprint is in force.

Tables (written by screening, read by verification and report):

* ``persons``: person_id, name, birth_date, household_id, source, died_on, ...
* ``households``: household_id, township, village, head_name, ... (one row per household)
* ``members``: household_id, person_id, birth_date, is_living, joined_through, ...
* ``register_stock``, ``register_stock_previous``: R households of this month and the one before
* ``hits``: rule_id, household_id, person_id, severity, value, threshold, evidence (JSON text)
* ``findings``: comparison_id, subject (person, household, township or reason), subject_id (text),
  household_id, person_id (only where a person is the subject), dataset, evidence (JSON text)
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from poverty_watch.files import folder_written_whole
from poverty_watch.months import Month

_NOTES = "notes.json"
_ONLY_PART = "tables"


@dataclass(frozen=True)
class Screenings:
    """Read and write the computed tables of a month."""

    lake: Path

    @property
    def root(self) -> Path:
        """Where the months lie."""
        return self.lake / "screening"

    def folder(self, month: Month, fingerprint: str) -> Path:
        """Where a computation's parts lie."""
        return self.root / str(month) / fingerprint

    def exists(self, month: Month, fingerprint: str, part: str = _ONLY_PART) -> bool:
        """Whether that part of a computation was completed."""
        return (self.folder(month, fingerprint) / part).is_dir()

    def write(
        self,
        month: Month,
        fingerprint: str,
        tables: Mapping[str, pa.Table],
        *,
        part: str = _ONLY_PART,
        notes: Any = None,
    ) -> Path:
        """Write all tables of a part at once; a completed one is left alone.

        ``notes`` is anything that JSON can hold, kept beside the tables.
        """

        def fill(folder: Path) -> Any:
            for name, table in tables.items():
                pq.write_table(table, folder / f"{name}.parquet", compression="zstd")
            return notes

        return self.fill(month, fingerprint, part, fill)

    def fill(self, month: Month, fingerprint: str, part: str, fill: Callable[[Path], Any]) -> Path:
        """Have a part's folder filled, whole; a completed one is left alone.

        ``fill`` writes ``<table>.parquet`` files into the folder that it is given; what it returns
        is kept as the part's notes.
        """
        folder = self.folder(month, fingerprint) / part
        if not folder.exists():
            with folder_written_whole(folder) as beside:
                notes = fill(beside)
                text = json.dumps(notes, ensure_ascii=False, indent=1, sort_keys=True)
                (beside / _NOTES).write_text(text, encoding="utf-8")
        return folder

    def notes(self, month: Month, fingerprint: str, part: str) -> Any:
        """What was kept beside a part's tables."""
        path = self.folder(month, fingerprint) / part / _NOTES
        return json.loads(path.read_text(encoding="utf-8"))

    def path(self, month: Month, fingerprint: str, table: str) -> Path:
        """The Parquet file of one table, whichever part it belongs to."""
        folder = self.folder(month, fingerprint)
        # Folders that are being written begin with a dot.
        found = sorted(p for p in folder.glob(f"[!.]*/{table}.parquet"))
        return found[0] if found else folder / _ONLY_PART / f"{table}.parquet"

    def read(self, month: Month, fingerprint: str, table: str) -> pa.Table:
        """One table."""
        return pq.read_table(self.path(month, fingerprint, table))
