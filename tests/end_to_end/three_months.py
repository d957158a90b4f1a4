"""Three months as departments saved them, through the library in their order."""

from __future__ import annotations

from datetime import date

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
