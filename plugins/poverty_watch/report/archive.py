"""Every report version as it was made, kept apart from what people are handed.

``<lake>/reports/<YYYY-MM>/v0001/``: ``files/`` byte for byte, ``report.json`` with all values and
where they stand, and a Parquet file for each table of rows behind them. Nobody changes a version
that the ledger names; one that a killed run left unnamed is written anew.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from poverty_watch.files import folder_written_whole
from poverty_watch.months import Month
from poverty_watch.report.places import Placed
from poverty_watch.report.values import Row

_FILES, _VALUES = "files", "report.json"


@dataclass(frozen=True)
class Archived:
    """One kept version."""

    folder: Path

    @cached_property
    def _values(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / _VALUES).read_text(encoding="utf-8"))
        return found

    @property
    def singles(self) -> dict[str, str]:
        """Single values by name."""
        return dict(self._values["singles"])

    @property
    def tables(self) -> dict[str, list[Row]]:
        """All tables, as they were shown."""
        return dict(self._values["tables"])

    @cached_property
    def places(self) -> dict[str, Placed]:
        """Where the tables stand in the workbook."""
        return {name: Placed(**place) for name, place in self._values["places"].items()}

    @cached_property
    def behind(self) -> dict[str, pa.Table]:
        """The rows that the figures count."""
        return {path.stem: pq.read_table(path) for path in sorted(self.folder.glob("*.parquet"))}

    def file(self, name: str) -> Path:
        """A file of the version, as it was handed out."""
        return self.folder / _FILES / name


@dataclass(frozen=True)
class Archive:
    """The kept versions of an installation."""

    lake: Path

    def folder(self, month: Month, number: int) -> Path:
        """Where a version lies."""
        return self.lake / "reports" / str(month) / f"v{number:04d}"

    def find(self, month: Month, number: int) -> Archived | None:
        """A version; None if it was made before versions were kept, or lost."""
        folder = self.folder(month, number)
        return Archived(folder) if (folder / _VALUES).is_file() else None

    def write(
        self,
        month: Month,
        number: int,
        files: Mapping[str, bytes],
        singles: Mapping[str, str],
        tables: Mapping[str, list[Row]],
        places: Mapping[str, Placed],
        behind: Mapping[str, pa.Table],
    ) -> Archived:
        """Keep a version whole; the caller has made sure that the ledger does not name it yet."""
        values = {
            "singles": dict(singles),
            "tables": dict(tables),
            "places": {name: asdict(place) for name, place in places.items()},
        }
        folder = self.folder(month, number)
        with folder_written_whole(folder) as beside:
            (beside / _FILES).mkdir(mode=0o750)
            for name, content in files.items():
                (beside / _FILES / name).write_bytes(content)
            text = json.dumps(values, ensure_ascii=False, indent=1)
            (beside / _VALUES).write_text(text, encoding="utf-8")
            for name, rows in behind.items():
                pq.write_table(rows, beside / f"{name}.parquet", compression="zstd")
        return Archived(folder)
