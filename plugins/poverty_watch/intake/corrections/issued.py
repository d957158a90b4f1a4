"""Which rows were handed out with a delivery's correction sheet, by their codes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from poverty_watch.contracts import Contract
from poverty_watch.identity import Keyring
from poverty_watch.intake.amendments import Place
from poverty_watch.intake.corrections.codes import row_code
from poverty_watch.intake.corrections.merging import Issued
from poverty_watch.intake.policy import faults
from poverty_watch.lake.versions import QUERIES, SET_ASIDE
from poverty_watch.ledger.models import Delivery
from poverty_watch.months import Month


@dataclass(frozen=True)
class HandedOutRows:
    """Rows and questions about files that a delivery's answer asks to be mended or explained.

    ``rows`` and ``files`` by code; a question about a file is named by query and subject.
    """

    rows: dict[str, Issued]
    files: dict[str, tuple[str, str]]


def handed_out(
    delivery: Delivery, folder: Path, contract: Contract, keys: Keyring
) -> HandedOutRows:
    """What was handed out with a settled delivery that lies in this folder of the lake."""
    columns: dict[Place, set[str]] = {}
    for place, names in _faulty(folder / SET_ASIDE, contract):
        columns.setdefault(place, set()).update(names)
    files: dict[str, tuple[str, str]] = {}
    month = Month.parse(delivery.month)

    def code(place: Place) -> str:
        return row_code(keys, month, delivery.dataset, delivery.content_sha256, place)

    for record in _queries(folder / QUERIES):
        if record["explanation"] is not None:
            continue
        if record["source_row"]:
            columns.setdefault(_place(record), set()).update(json.loads(record["columns"]))
        else:
            files[code(question_place(record))] = (record["query"], record["subject"])
    return HandedOutRows(
        rows={
            code(place): Issued(delivery.content_sha256, place, frozenset(names))
            for place, names in columns.items()
        },
        files=files,
    )


def question_place(record: Mapping[str, Any]) -> Place:
    """By what place the code of a question about a file is made."""
    return (record["source_file"], f"{record['query']}:{record['source_sheet']}", 0)


def _place(record: dict[str, Any]) -> Place:
    return (record["source_file"], record["source_sheet"], record["source_row"])


def _faulty(path: Path, contract: Contract) -> Iterator[tuple[Place, list[str]]]:
    known = faults()
    by_header = {column.header: column.name for column in contract.columns}
    if path.exists():
        for record in pq.read_table(path).to_pylist():
            found = json.loads(record["all_faults"])
            if any(not known[code].needless for code, _ in found):
                yield _place(record), [by_header[h] for _, h in found if h in by_header]


def _queries(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pq.read_table(path).to_pylist() if path.exists() else []
    return found
