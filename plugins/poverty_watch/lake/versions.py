"""Delivery versions in the lake: ``<lake>/<dataset>/<YYYY-MM>/v0001/``."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from poverty_watch.files import folder_written_whole
from poverty_watch.months import Month

ACCEPTED = "accepted.parquet"
SET_ASIDE = "set_aside.parquet"
QUERIES = "queries.parquet"
CORRECTION = "correction.parquet"
AMENDMENTS = "amendments.parquet"
CHECKS = "checks.json"
MANIFEST = "manifest.json"
# DuckDB gives a group of rows to one thread: a county's largest deliveries keep two busy.
_ROWS_PER_GROUP = 122_880


def write_rows(rows: pa.Table, path: Path) -> None:
    """Write rows as the lake keeps them."""
    pq.write_table(rows, path, compression="zstd", row_group_size=_ROWS_PER_GROUP)


class LakeError(RuntimeError):
    """The lake holds something else than the ledger says; never overwritten."""


@dataclass(frozen=True)
class Lake:
    """Read and write immutable delivery versions.

    ``accepted.parquet`` has the contract's columns by their names, with ``person_id`` (int64) in
    place of an identity number, ``birth_date`` (date32) derived from it, and ``source_file``,
    ``source_sheet`` (string), ``source_row`` (int32, the row number that the sender sees),
    ``is_late`` (bool). ``set_aside.parquet`` has ``source_file, source_sheet, source_row, column,
    header, fault, value`` (numbers masked). ``queries.parquet``, where there is one, says what the
    sender is asked about rows that were accepted; ``correction.parquet`` what became of each row of
    a correction sheet, ``amendments.parquet`` which cells of which rows are those of correction
    sheets, ``checks.json`` how each expectation came out.
    """

    root: Path

    def folder(self, dataset: str, month: Month, version: int) -> Path:
        """Where a version lies."""
        return self.root / dataset / str(month) / f"v{version:04d}"

    def accepted(self, dataset: str, month: Month, version: int) -> Path:
        """The Parquet file of a version's accepted rows."""
        return self.folder(dataset, month, version) / ACCEPTED

    def set_aside(self, dataset: str, month: Month, version: int) -> Path:
        """The Parquet file of a version's faulty rows."""
        return self.folder(dataset, month, version) / SET_ASIDE

    def write(
        self,
        dataset: str,
        month: Month,
        version: int,
        accepted: pa.Table,
        set_aside: pa.Table,
        manifest: Mapping[str, Any],
    ) -> Path:
        """Write a version whole, once.

        ``manifest`` must hold ``content_sha256``: a version that already stands with the same
        content is left alone: a killed process is being repeated.

        Raises:
            LakeError: another content stands under that version.
        """
        folder = self.folder(dataset, month, version)
        if not self._stands(folder, manifest):
            with folder_written_whole(folder) as beside:
                write_rows(accepted, beside / ACCEPTED)
                write_rows(set_aside, beside / SET_ASIDE)
                _write_manifest(beside, manifest)
        return folder

    def adopt(
        self, dataset: str, month: Month, version: int, judged: Path, manifest: Mapping[str, Any]
    ) -> Path:
        """`write` for a folder that holds ``accepted.parquet`` and ``set_aside.parquet`` already."""
        folder = self.folder(dataset, month, version)
        if not self._stands(folder, manifest):
            with folder_written_whole(folder) as beside:
                for name in (ACCEPTED, SET_ASIDE):
                    shutil.copyfile(judged / name, beside / name)
                _copy_extras(judged, beside)
                _write_manifest(beside, manifest)
        return folder

    def _stands(self, folder: Path, manifest: Mapping[str, Any]) -> bool:
        standing = folder / MANIFEST
        if not standing.exists():
            return False
        content = json.loads(standing.read_text(encoding="utf-8"))["content_sha256"]
        if content != manifest["content_sha256"]:
            raise LakeError(f"{folder} holds another delivery than the one to be settled")
        return True

    def write_returned(
        self,
        dataset: str,
        month: Month,
        content_sha256: str,
        judged: Path,
        manifest: Mapping[str, Any],
    ) -> Path:
        """Keep the faulty rows of a delivery that was stopped as a whole: it has no version."""
        folder = self.returned(dataset, month, content_sha256)
        with folder_written_whole(folder) as beside:
            shutil.copyfile(judged / SET_ASIDE, beside / SET_ASIDE)
            _copy_extras(judged, beside)
            _write_manifest(beside, manifest)
        return folder

    def returned(self, dataset: str, month: Month, content_sha256: str) -> Path:
        """Where a delivery that was stopped as a whole lies."""
        return self.root / dataset / str(month) / f"returned-{content_sha256[:16]}"


def _copy_extras(judged: Path, folder: Path) -> None:
    for name in (QUERIES, CORRECTION, AMENDMENTS, CHECKS):
        if (judged / name).exists():
            shutil.copyfile(judged / name, folder / name)


def _write_manifest(folder: Path, manifest: Mapping[str, Any]) -> None:
    text = json.dumps(manifest, ensure_ascii=False, indent=1, sort_keys=True)
    (folder / MANIFEST).write_text(text, encoding="utf-8")
