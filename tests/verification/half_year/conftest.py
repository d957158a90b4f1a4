"""Half a year of the sample county, on the way that a month really goes.

A small county for the suite; ``POVERTY_WATCH_HALF_YEAR_HOUSEHOLDS=5000`` lives through a larger one.
"""

from __future__ import annotations

import os
import random
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from poverty_watch import screening, verification
from poverty_watch.contracts import load_catalogue
from poverty_watch.intake import fetch, settle, validate
from poverty_watch.ledger.models import CaseDifference, Task
from poverty_watch.ledger.store import Ledger, open_ledger
from poverty_watch.months import Month
from poverty_watch.settings import Settings
from poverty_watch.verification.cases.carrying import Desk
from poverty_watch.verification.cases.difference_list import write_difference_list
from poverty_watch.verification.cases.differences import compare_with_register
from poverty_watch.verification.dunning import climb
from tests.verification.half_year.county import SampleCounty
from tests.verification.half_year.people import People

FIRST, LAST = Month(2021, 5), Month(2021, 10)
MONTHS = list(FIRST.through(LAST))
SIZE = "POVERTY_WATCH_HALF_YEAR_HOUSEHOLDS"
SEED = 7
# In the small county vehicles alone are what is to be explained; a larger one delivers these too.
LEFT_OUT = frozenset({"machinery", "business_registrations", "property", "payroll"})


@dataclass
class HalfYear:
    """The installation, its people, and what was seen on the way.

    ``open_on``: per workday the tasks that were still open when reminders went, with their due day.
    ``listed`` and ``expected``: per month and case in what the register differs, by the ledger's
    list and by the county's own state.
    """

    settings: Settings
    ledger: Ledger
    people: People
    county: SampleCounty
    paths: list[Path] = field(default_factory=list)
    open_on: dict[date, dict[int, date]] = field(default_factory=dict)
    listed: dict[Month, dict[int, set[str]]] = field(default_factory=dict)
    expected: dict[Month, dict[int, set[str]]] = field(default_factory=dict)

    def compute(self, month: Month) -> None:
        """Deliveries, intake, comparisons, rules, leads: as the monthly run calls them."""
        self.county.deliver(month)
        for department in load_catalogue().departments:
            for step in (fetch, validate, settle):
                step(department, month, self.settings, self.ledger)
        for computation in (screening.stage, screening.compare, screening.warn):
            computation(month, self.settings, self.ledger)
        self.compare(month)
        screening.settle_findings(month, self.settings, self.ledger, sixth(month))
        screening.raise_leads(month, self.settings, self.ledger)

    def compare(self, month: Month) -> None:
        """The ledger against the month's register, and both against the county's own state."""
        compare_with_register(month, self.settings, self.ledger)
        write_difference_list(month, self.settings, self.ledger)
        with self.ledger.transaction() as session:
            listed = self.listed.setdefault(month, {})
            wanted = select(CaseDifference).where(CaseDifference.month == str(month))
            for row in session.scalars(wanted):
                listed.setdefault(row.case_id, set()).add(row.field)
        newest = {d.household_id: d for d in self.county.decisions if not d.agreed}
        differing = {d.case_id: self.county.differs(d) for d in newest.values()}
        self.expected[month] = {case_id: told for case_id, told in differing.items() if told}
        for decision in newest.values():
            decision.agreed = not differing[decision.case_id]

    def live(self, month: Month) -> None:
        """A month is computed, its tasks go out, and the next month is spent with them."""
        self.compute(month)
        today = sixth(month)
        verification.open_tasks(month, self.settings, self.ledger, today)
        paths = verification.write_task_sheets(month, self.settings, self.ledger).paths
        self.paths += paths
        self.people.fill_in(month, paths, today)
        last = (month + 1).last_day
        while today < last:
            today += timedelta(days=1)
            if self.people.desk.workdays.is_workday(today) or any(
                one.on == today for one in self.people.on_the_way
            ):
                self.people.day(today)
                self.remind(today)
        if month == LAST:
            self.people.eliminate(month)
        self.people.work_on_cases(month)
        self.people.help(month)

    def remind(self, today: date) -> None:
        """Reminders of a day; before they go it is noted which tasks are open."""
        with self.ledger.transaction() as session:
            rows = session.execute(select(Task.id, Task.due_on).where(Task.status == "open"))
            self.open_on[today] = {row.id: row.due_on for row in rows}
        climb(self.ledger, today, self.people.desk.workdays)


def sixth(month: Month) -> date:
    """The day on which the month's tasks go out."""
    return (month + 1).first_day.replace(day=6)


@pytest.fixture(scope="package")
def half_year(tmp_path_factory: pytest.TempPathFactory) -> HalfYear:
    """Six months lived through, and the register of a seventh."""
    base = tmp_path_factory.mktemp("half_year")
    home, sheets = base / "home", base / "sheets"
    sheets.mkdir()
    settings = Settings(home, base / "inbox", f"sqlite:///{home}/ledger.sqlite")
    ledger = open_ledger(settings)
    larger = os.environ.get(SIZE)
    without = frozenset() if larger else LEFT_OUT
    county = SampleCounty(settings.inbox, FIRST, int(larger or 500), SEED, without)
    people = People(Desk(settings, ledger, FIRST.last_day), county, sheets, random.Random(SEED))
    half = HalfYear(settings, ledger, people, county)
    for month in MONTHS:
        half.live(month)
    today = (LAST + 1).last_day
    people.clear_up(LAST, half.paths, today)
    people.day(today)
    half.compute(LAST + 1)
    return half
