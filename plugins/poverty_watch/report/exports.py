"""The month's figures as CSV for the office's own use: ``<outbox>/<month>/internal/``."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from poverty_watch.contracts import load_catalogue
from poverty_watch.files import written_whole
from poverty_watch.identity import Keyring
from poverty_watch.ledger.models import HitFate, Lead
from poverty_watch.ledger.sealed import unseal_identities
from poverty_watch.ledger.store import Ledger
from poverty_watch.months import Month
from poverty_watch.report.errors import ReportError
from poverty_watch.report.facts import Facts, computed_table, dataset_fates, gather
from poverty_watch.report.ground import ground_of, stocks_of
from poverty_watch.settings import Settings

FOLDER = "internal"


@dataclass(frozen=True)
class _Source:
    """Where an export's rows come from; ``facts`` is None while the month is not screened."""

    month: Month
    settings: Settings
    session: Session
    facts: Facts | None

    def screened(self) -> Facts:
        """The screening's facts.

        Raises:
            ReportError: there is none yet.
        """
        if self.facts is None:
            raise ReportError("not screened")
        return self.facts


@dataclass(frozen=True)
class _Export:
    header: tuple[str, ...]
    rows: Callable[[_Source], Iterable[Sequence[Any]]]
    needs_screening: bool = True
    is_sorted: bool = True


def write_exports(month: Month, settings: Settings, ledger: Ledger) -> list[Path]:
    """Write the CSV files of a month (UTF-8, folder 0700, files 0600); unchanged ones stay.

    A month that could not be screened gets only what is known of its deliveries: an empty file of
    hits would say that there are none.
    """
    folder = settings.outbox / str(month) / FOLDER
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.chmod(folder, 0o700)
    written = []
    with ledger.transaction() as session:
        try:
            facts = gather(session, month)
        except ReportError:
            facts = None
        source = _Source(month, settings, session, facts)
        for name, export in _EXPORTS.items():
            path = folder / name
            if export.needs_screening and facts is None:
                path.unlink(missing_ok=True)
                continue
            _write(path, export, export.rows(source))
            written.append(path)
    return written


def _write(path: Path, export: _Export, rows: Iterable[Sequence[Any]]) -> None:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(export.header)
    ordered = [tuple(str(value) for value in row) for row in rows]
    writer.writerows(sorted(set(ordered)) if export.is_sorted else ordered)
    content = stream.getvalue().encode()
    if path.exists() and path.read_bytes() == content:
        os.chmod(path, 0o600)
        return
    with written_whole(path, 0o600) as beside:
        beside.touch(mode=0o600)
        beside.write_bytes(content)


def _deliveries(source: _Source) -> Iterable[Sequence[Any]]:
    fates = dataset_fates(source.session, source.month)
    for dataset in load_catalogue().contracts:
        fate = fates.get(dataset)
        if fate is not None:
            counts = (fate.accepted_rows or 0, fate.rejected_rows or 0)
            yield (source.month, dataset, fate.status, *counts)


def _rejections(source: _Source) -> Iterable[Sequence[Any]]:
    for dataset, fate in dataset_fates(source.session, source.month).items():
        for reason, rows in fate.faults.items():
            if rows:
                yield source.month, dataset, reason, rows


def _rows(source: _Source, table: str) -> list[dict[str, Any]]:
    found = computed_table(source.settings, source.screened(), table)
    return [] if found is None else list(found.to_pylist())


def _hits(source: _Source) -> Iterable[Sequence[Any]]:
    for row in _rows(source, "hits"):
        yield source.month, row["rule_id"], row["household_id"], row["severity"]


def _comparisons(source: _Source) -> Iterable[Sequence[Any]]:
    findings = _rows(source, "findings")
    people = {row["person_id"] for row in findings if row["person_id"] is not None}
    numbers = (
        unseal_identities(
            source.session,
            Keyring.open(source.settings.keys),
            people,
            purpose=f"{source.month.chinese}比对结果导出",
        )
        if people
        else {}
    )
    for row in findings:
        subject = row["subject_id"] if row["person_id"] is None else numbers[row["person_id"]]
        yield source.month, row["comparison_id"], subject, row["dataset"] or ""


def _stocks_flows(source: _Source) -> Iterable[Sequence[Any]]:
    facts = source.screened()
    stocks = stocks_of(facts, ground_of(facts, source.settings))
    for (township, name, item), count in stocks.cells.items():
        yield source.month, township, name, item, count.households, count.persons


def _leads(source: _Source) -> Iterable[Sequence[Any]]:
    for lead in source.session.scalars(
        select(Lead).where(Lead.month == str(source.month), Lead.status == "raised")
    ):
        yield source.month, lead.household_id, lead.severity, " ".join(sorted(lead.reasons))


def _suppressed(source: _Source) -> Iterable[Sequence[Any]]:
    for fate in source.session.scalars(
        select(HitFate).where(HitFate.month == str(source.month), HitFate.suppressed.is_not(None))
    ):
        yield source.month, fate.rule_id, fate.household_id, fate.severity, fate.suppressed


def _not_run(source: _Source) -> Iterable[Sequence[Any]]:
    for check in source.screened().screening.checks:
        lacks = [str(dataset) for dataset in check.get("lacks") or ()]
        if check.get("status") == "not_run" or lacks:
            yield check.get("id", ""), " ".join(sorted(lacks))


_EXPORTS = {
    "deliveries.csv": _Export(
        ("month", "dataset", "status", "accepted_rows", "rejected_rows"),
        _deliveries,
        needs_screening=False,
    ),
    "hits.csv": _Export(("month", "rule_id", "household_id", "severity"), _hits),
    "comparisons.csv": _Export(("month", "comparison_id", "subject_id", "dataset"), _comparisons),
    "stocks_flows.csv": _Export(
        ("month", "township", "class", "item", "households", "persons"),
        _stocks_flows,
        is_sorted=False,  # the order of 表一
    ),
    "leads.csv": _Export(("month", "household_id", "severity", "reasons"), _leads),
    "suppressed.csv": _Export(
        ("month", "rule_id", "household_id", "severity", "reason"), _suppressed
    ),
    "rejections.csv": _Export(
        ("month", "dataset", "reason", "rows"), _rejections, needs_screening=False
    ),
    "not_run.csv": _Export(("id", "lacks"), _not_run),
}
