"""Three months as departments saved them, against results that were worked out elsewhere.

The deliveries lie beside the project where they are at hand; elsewhere there is nothing to compare.
"""

from __future__ import annotations

import csv
from datetime import date
from itertools import pairwise
from pathlib import Path

from poverty_watch import report, screening, verification
from poverty_watch.contracts import load_catalogue
from poverty_watch.intake import fetch, settle, validate
from poverty_watch.ledger.store import open_ledger
from poverty_watch.months import Month
from poverty_watch.settings import PROJECT, Settings

DELIVERIES = PROJECT.parent / "shared" / "deliveries"
MONTHS = list(Month(2021, 2).through(Month(2021, 4)))


def run_month(month: Month, settings: Settings) -> None:
    """A month through the library, as the DAG calls it."""
    ledger = open_ledger(settings)
    for department in load_catalogue().departments:
        for step in (fetch, validate, settle):
            step(department, month, settings, ledger)
    for computation in (screening.stage, screening.compare, screening.warn, screening.raise_leads):
        computation(month, settings, ledger)
    verification.open_tasks(month, settings, ledger, date(2021, 5, 6))
    report.build_report(month, settings, ledger, "draft")
    report.write_exports(month, settings, ledger)


def rows(path: Path) -> list[tuple[str, ...]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return sorted(tuple(row) for row in csv.reader(stream))


def exported(settings: Settings, month: Month, name: str) -> list[tuple[str, ...]]:
    return rows(settings.outbox / str(month) / "internal" / name)


def stocks(settings: Settings, month: Month, item: str) -> dict[tuple[str, str], tuple[str, str]]:
    found = exported(settings, month, "stocks_flows.csv")
    return {(town, kind): (h, p) for _, town, kind, what, h, p in found if what == item}


if DELIVERIES.is_dir():

    def test_three_months_give_the_known_results(tmp_path: Path) -> None:
        home = tmp_path / "home"
        settings = Settings(home, DELIVERIES, f"sqlite:///{home}/ledger.sqlite")
        for month in MONTHS:
            run_month(month, settings)
        last = MONTHS[-1]
        for expected in sorted((DELIVERIES / "expected" / str(last)).glob("*.csv")):
            assert exported(settings, last, expected.name) == rows(expected), expected.name
        for month, following in pairwise(MONTHS):
            assert stocks(settings, month, "期末未消除") == stocks(
                settings, following, "期初未消除"
            )
