"""Computed rows of a month: ``<lake>/screening/<YYYY-MM>/<fingerprint>/<table>.parquet``.

The folder of a fingerprint never changes once it stands: same deliveries, rules and parameters give
the same fingerprint. The ledger's `Screening` entry says which one is in force.

Tables (written by screening, read by verification and report):

* ``persons``: person_id, name, birth_date, household_id, source, died_on
* ``households``: household_id, township, village, head_name, ... (one row per household)
* ``members``: household_id, person_id, via, birth_date, is_living, ...
* ``register_stock``, ``register_stock_previous``: R households of this month and the one before
* ``hits``: rule_id, household_id, person_id, severity, value, threshold, evidence (JSON text)
* ``findings``: comparison_id, household_id, person_id, subject, dataset, evidence (JSON text)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from poverty_watch.files import folder_written_whole
from poverty_watch.months import Month


@dataclass(frozen=True)
class Screenings:
    """Read and write the computed tables of a month."""

    lake: Path

    def folder(self, month: Month, fingerprint: str) -> Path:
        """Where a computation's tables lie."""
        return self.lake / "screening" / str(month) / fingerprint

    def exists(self, month: Month, fingerprint: str) -> bool:
        """Whether that computation was completed."""
        return self.folder(month, fingerprint).is_dir()

    def write(self, month: Month, fingerprint: str, tables: Mapping[str, pa.Table]) -> Path:
        """Write all tables of a computation at once; a completed one is left alone."""
        folder = self.folder(month, fingerprint)
        if not folder.exists():
            with folder_written_whole(folder) as beside:
                for name, table in tables.items():
                    pq.write_table(table, beside / f"{name}.parquet", compression="zstd")
        return folder

    def path(self, month: Month, fingerprint: str, table: str) -> Path:
        """The Parquet file of one table."""
        return self.folder(month, fingerprint) / f"{table}.parquet"

    def read(self, month: Month, fingerprint: str, table: str) -> pa.Table:
        """One table."""
        return pq.read_table(self.path(month, fingerprint, table))
