"""One household, one visit."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from poverty_watch.ledger.models import JournalEntry, Task
from poverty_watch.months import CalendarError
from poverty_watch.verification import open_tasks
from tests.verification.conftest import APRIL, MAY, OPENED_ON, County


def test_five_reasons_are_one_task(county: County) -> None:
    county.lead("R:1", "W01", "W05", "W09")
    county.lead("R:2", "W20")
    outcome = open_tasks(APRIL, county.settings, county.ledger, OPENED_ON)
    assert (outcome.leads, outcome.opened, outcome.joined) == (2, 2, 0)
    first, second = county.tasks()
    assert [r.rule_id for r in first.reasons] == ["W01", "W05", "W09"]
    assert (second.household_id, second.township, second.status) == ("R:2", "甸阳镇", "open")


def test_due_after_five_workdays_with_a_make_up_saturday(county: County) -> None:
    county.lead("R:1", "W01")
    open_tasks(APRIL, county.settings, county.ledger, OPENED_ON)
    # 6 May 2021 is a Thursday; Saturday 8 May was a make-up day for Labour Day.
    assert county.tasks()[0].due_on == date(2021, 5, 12)


def test_a_second_run_changes_nothing_even_on_a_later_day(county: County) -> None:
    county.lead("R:1", "W01")
    open_tasks(APRIL, county.settings, county.ledger, OPENED_ON)
    outcome = open_tasks(APRIL, county.settings, county.ledger, date(2021, 6, 1))
    assert (outcome.opened, outcome.joined) == (0, 0)
    (task,) = county.tasks()
    assert (task.opened_on, task.due_on) == (OPENED_ON, date(2021, 5, 12))
    with county.ledger.transaction() as session:
        assert len(list(session.scalars(select(JournalEntry)))) == 1


def test_reasons_of_a_later_month_join_the_open_task(county: County) -> None:
    county.lead("R:1", "W01")
    open_tasks(APRIL, county.settings, county.ledger, OPENED_ON)
    county.lead("R:1", "W05", month=MAY)
    outcome = open_tasks(MAY, county.settings, county.ledger, date(2021, 6, 1))
    assert (outcome.opened, outcome.joined) == (0, 1)
    (task,) = county.tasks()
    assert {(r.rule_id, r.month) for r in task.reasons} == {("W01", "2021-04"), ("W05", "2021-05")}
    assert task.due_on == date(2021, 5, 12)


def test_a_closed_task_is_followed_by_a_new_one_next_month_but_not_by_a_repeat(
    county: County,
) -> None:
    county.lead("R:1", "W01")
    open_tasks(APRIL, county.settings, county.ledger, OPENED_ON)
    with county.ledger.transaction() as session:
        session.scalars(select(Task)).one().status = "closed"
    assert open_tasks(APRIL, county.settings, county.ledger, OPENED_ON).opened == 0
    county.lead("R:1", "W01", month=MAY)
    assert open_tasks(MAY, county.settings, county.ledger, OPENED_ON).opened == 1


def test_a_year_without_a_calendar_fails_clearly_and_opens_nothing(county: County) -> None:
    county.lead("R:1", "W01")
    with pytest.raises(CalendarError, match="2027年的放假安排尚未载入"):
        open_tasks(APRIL, county.settings, county.ledger, date(2026, 12, 30))
    assert county.tasks() == []
