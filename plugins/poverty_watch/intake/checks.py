"""How each expectation of a suite came out, as it is kept with a delivery: counts, and masked cells."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from poverty_watch.contracts import Contract
from poverty_watch.identity import mask, mask_numbers
from poverty_watch.intake import cells
from poverty_watch.intake.standardise import Standardised

_FIRST_ROWS = 10
_LONGEST_SHOWN = 40
_NUMBERS = ("identity", "identity_reference", "phone")


@dataclass(frozen=True)
class Check:
    """One expectation and what it found.

    ``columns`` are those of the expectation itself, a pair for one that compares two; ``limits`` its
    other arguments with parameters filled in; ``code`` its fault or query. ``checked`` counts the
    rows that it could be asked of, ``failing`` holds the positions of those that do not meet it.
    """

    type: str
    columns: tuple[str, ...]
    limits: Mapping[str, Any]
    severity: str
    code: str
    checked: int
    failing: np.ndarray


@dataclass(frozen=True)
class FailingRow:
    """Where a row stands in the sender's file, and its cells that the expectation is about, masked."""

    file: str
    sheet: str
    row: int
    values: tuple[str, ...]


@dataclass(frozen=True)
class KeptCheck:
    """A `Check` without the rows but the first."""

    type: str
    columns: tuple[str, ...]
    limits: Mapping[str, Any]
    severity: str
    code: str
    checked: int
    failing: int
    first: tuple[FailingRow, ...]


def kept_checks(standardised: Standardised, checks: Sequence[Check]) -> list[KeptCheck]:
    """What is kept of the checks: no full number is among it."""
    return [
        KeptCheck(
            type=check.type,
            columns=check.columns,
            limits=check.limits,
            severity=check.severity,
            code=check.code,
            checked=check.checked,
            failing=len(check.failing),
            first=_first(standardised, check),
        )
        for check in checks
    ]


def _first(standardised: Standardised, check: Check) -> tuple[FailingRow, ...]:
    if not len(check.failing):
        return ()
    rows = np.sort(check.failing)[:_FIRST_ROWS]
    places = [v.to_pylist() for v in standardised.source_columns(rows).values()]
    columns = [shown_column(standardised.contract, column) for column in check.columns]
    return tuple(
        FailingRow(
            mask_numbers(file),
            mask_numbers(sheet),
            row,
            tuple(_shown(standardised, column, int(at)) for column in columns),
        )
        for at, file, sheet, row in zip(rows, *places, strict=True)
    )


def shown_column(contract: Contract, column: str) -> str:
    """The contract's column that an expectation about a helping column is really about."""
    if column in {c.name for c in contract.columns}:
        return column
    gaps = {f"{identity.total}_gap": identity.total for identity in contract.sums}
    return gaps.get(column, contract.identity.name)


def _shown(standardised: Standardised, column: str, row: int) -> str:
    text: str = cells.as_text([standardised.raw[column][row]])[0].as_py() or ""
    if not text.strip():
        return ""
    is_number = standardised.contract.column(column).type in _NUMBERS
    masked = mask(text) if is_number else mask_numbers(text)
    return masked if len(masked) <= _LONGEST_SHOWN else masked[:_LONGEST_SHOWN] + "……"


def checks_text(checks: Sequence[KeptCheck]) -> str:
    """As JSON, for a file of the lake."""
    records = [
        check.__dict__ | {"first": [row.__dict__ for row in check.first]} for check in checks
    ]
    return json.dumps(records, ensure_ascii=False, indent=1, default=_plain)


def _plain(value: Any) -> Any:
    return value.date().isoformat() if hasattr(value, "date") else str(value)


def read_checks(path: Path) -> list[KeptCheck]:
    """The checks that were kept there; none of a delivery that was kept before there were any."""
    if not path.exists():
        return []
    return [
        KeptCheck(
            **record
            | {
                "columns": tuple(record["columns"]),
                "first": tuple(
                    FailingRow(**row | {"values": tuple(row["values"])}) for row in record["first"]
                ),
            }
        )
        for record in json.loads(path.read_text(encoding="utf-8"))
    ]
