"""A county office whose deliveries are written down as YAML rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
import yaml
from sqlalchemy import select

from poverty_watch.lake.screenings import Screenings
from poverty_watch.ledger.models import Base, HitFate, Lead, Task, TaskReason
from poverty_watch.ledger.screenings import current_screening
from poverty_watch.ledger.store import Ledger
from poverty_watch.months import Month
from poverty_watch.screening import LeadsOutcome, raise_leads, warn
from poverty_watch.settings import Settings
from tests.screening.given import deliver, write_down

APRIL = Month(2021, 4)


@dataclass
class Office:
    """Deliver, screen, look."""

    settings: Settings
    ledger: Ledger
    version: int = 0

    def deliver(self, text: str, month: Month = APRIL) -> None:
        """Put the deliveries of a month (YAML, see `tests.screening.given`) in force."""
        self.version += 1
        found = deliver(self.settings.lake, yaml.safe_load(text), month, self.version)
        write_down(self.ledger, found)

    def screen(self, month: Month = APRIL) -> LeadsOutcome:
        """Run the rules and raise the leads."""
        warn(month, self.settings, self.ledger)
        return raise_leads(month, self.settings, self.ledger)

    def table(self, name: str, month: Month = APRIL) -> list[dict[str, Any]]:
        """A table of the computation in force."""
        with self.ledger.transaction() as session:
            current = current_screening(session, month)
            assert current is not None
            rows = Screenings(self.settings.lake).read(month, current.fingerprint, name)
        found: list[dict[str, Any]] = rows.to_pylist()
        return found

    def fates(self, month: Month = APRIL) -> dict[tuple[str, str], str | None]:
        """What became of every hit, by household and rule."""
        with self.ledger.transaction() as session:
            return {
                (fate.household_id, fate.rule_id): fate.suppressed
                for fate in session.scalars(select(HitFate).where(HitFate.month == str(month)))
            }

    def leads(self, month: Month = APRIL) -> dict[str, tuple[str, str, list[str]]]:
        """Status, severity and reasons of every lead, by household."""
        with self.ledger.transaction() as session:
            return {
                lead.household_id: (lead.status, lead.severity, lead.reasons)
                for lead in session.scalars(select(Lead).where(Lead.month == str(month)))
            }

    def open_task(
        self, household: str, reasons: Mapping[str, str], month: str, status: str = "open"
    ) -> None:
        """A verification task with its rules and the month that gave each."""
        with self.ledger.transaction() as session:
            session.add(
                Task(
                    household_id=household,
                    township="甸阳镇",
                    village="大寨村",
                    month=month,
                    opened_on=date(2021, 4, 1),
                    due_on=date(2021, 4, 8),
                    status=status,
                    reasons=[
                        TaskReason(
                            rule_id=rule,
                            month=of,
                            since=of,
                            severity="red",
                            sentence="样本",
                            question="样本",
                        )
                        for rule, of in reasons.items()
                    ],
                )
            )

    def close_tasks(self) -> None:
        """Close every task."""
        with self.ledger.transaction() as session:
            for task in session.scalars(select(Task)):
                task.status = "closed"

    def everything(self) -> dict[str, list[Any]]:
        """All rows of the ledger."""
        with self.ledger.transaction() as session:
            return {
                table.name: sorted(session.execute(select(table)).all(), key=str)
                for table in Base.metadata.sorted_tables
            }


@pytest.fixture
def office(settings: Settings, ledger: Ledger) -> Office:
    return Office(settings, ledger)
