"""Open tasks follow the data: joined evidence, reasons that have gone, reasons that come back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest
from sqlalchemy import delete, select

from poverty_watch.ledger.models import HitFate, Lead, Screening, Task
from poverty_watch.ledger.screenings import current_screening
from poverty_watch.months import Month
from poverty_watch.verification import TasksOutcome, open_tasks
from tests.verification.conftest import APRIL, MAY, OPENED_ON, County

JUNE = Month(2021, 6)
ABSENCE = {"W01": "gone_this_year", "W05": "gone", "W14": "nothing"}


def ran(county: County, month: Month, *not_run: str) -> None:
    """The month's computation, in which all rules ran but these."""
    checks = [
        {"id": rule, "status": "not_run", "lacks": ["x"]}
        if rule in not_run
        else {"id": rule, "status": "ran", "lacks": [], "absence": said}
        for rule, said in ABSENCE.items()
    ]
    with county.ledger.transaction() as session:
        screening = current_screening(session, month)
        if screening is None:
            screening = Screening(month=str(month), fingerprint=str(month), inputs=[], checks=[])
            session.add(screening)
        screening.checks = checks


def joins(county: County, rule: str, month: Month, **values: Any) -> None:
    """A hit that joined the household's open task."""
    given: Mapping[str, Any] = {"severity": "red", "value": "9000", "threshold": "5000"} | values
    evidence = {"title": rule, "sentence": f"新情况{rule}", "question": f"问{rule}？"}
    with county.ledger.transaction() as session:
        session.add(
            HitFate(
                month=str(month), household_id="R:1", rule_id=rule,
                evidence=evidence, **({"suppressed": "d"} | dict(given)),
            )
        )  # fmt: skip


def forget(county: County, month: Month) -> None:
    """A correction took the month's hits away; its leads are withdrawn."""
    with county.ledger.transaction() as session:
        session.execute(delete(HitFate).where(HitFate.month == str(month)))
        for lead in session.scalars(select(Lead).where(Lead.month == str(month))):
            lead.status = "withdrawn"


def run(county: County, month: Month) -> TasksOutcome:
    return open_tasks(month, county.settings, county.ledger, OPENED_ON)


def reasons(county: County) -> dict[str, tuple[str, str | None]]:
    """Rule → the month of its newest evidence, and the month in which it had gone."""
    (task,) = county.tasks()
    return {r.rule_id: (r.month, r.gone_in if r.is_gone else None) for r in task.reasons}


@pytest.fixture
def opened(county: County) -> County:
    """A task of April for W01 and W05."""
    ran(county, APRIL)
    county.lead("R:1", "W01", "W05")
    run(county, APRIL)
    return county


def test_a_task_whose_every_reason_has_gone_is_marked_and_stays_open(opened: County) -> None:
    ran(opened, MAY)
    outcome = run(opened, MAY)
    assert reasons(opened) == {"W01": ("2021-04", "2021-05"), "W05": ("2021-04", "2021-05")}
    (task,) = opened.tasks()
    assert (task.status, task.is_cleared, outcome.cleared) == ("open", True, 1)
    assert "1件在办任务的预警原因在最新数据中已不再出现" in outcome.summary


def test_one_reason_that_remains_keeps_the_task_as_it_was(opened: County) -> None:
    ran(opened, MAY)
    joins(opened, "W01", MAY)
    assert run(opened, MAY).cleared == 0
    assert reasons(opened) == {"W01": ("2021-05", None), "W05": ("2021-04", "2021-05")}


def test_a_rule_that_did_not_run_clears_nothing(opened: County) -> None:
    ran(opened, MAY, "W05")
    assert run(opened, MAY).cleared == 0
    assert reasons(opened)["W05"] == ("2021-04", None)


def test_an_event_is_not_undone_by_a_month_without_one(county: County) -> None:
    ran(county, APRIL)
    county.lead("R:1", "W14")
    run(county, APRIL)
    ran(county, MAY)
    assert run(county, MAY).cleared == 0


def test_what_counts_from_january_is_not_undone_by_january(county: County) -> None:
    december, january = Month(2021, 12), Month(2022, 1)
    for month in (december, january):
        ran(county, month)
    county.lead("R:1", "W01", month=december)
    run(county, december)
    assert run(county, january).cleared == 0


def test_a_hit_held_back_for_another_reason_is_still_there(opened: County) -> None:
    """The household is monitored for it by now, or has a waiver: it has not vanished."""
    ran(opened, MAY)
    joins(opened, "W05", MAY, suppressed="c")
    run(opened, MAY)
    assert reasons(opened)["W05"] == ("2021-04", None)


def test_a_lead_that_a_correction_took_away_leaves_its_task_marked(opened: County) -> None:
    forget(opened, APRIL)
    assert run(opened, APRIL).cleared == 1
    assert reasons(opened) == {"W01": ("2021-04", "2021-04"), "W05": ("2021-04", "2021-04")}


def test_a_reason_that_comes_back_is_marked_no_longer(opened: County) -> None:
    ran(opened, MAY)
    run(opened, MAY)
    ran(opened, JUNE)
    joins(opened, "W05", JUNE)
    assert run(opened, JUNE).cleared == 0
    assert reasons(opened)["W05"] == ("2021-06", None)


def test_a_month_computed_again_takes_its_own_mark_back(opened: County) -> None:
    ran(opened, MAY)
    run(opened, MAY)
    joins(opened, "W05", MAY)
    run(opened, MAY)
    assert reasons(opened)["W05"] == ("2021-05", None)
    ran(opened, MAY, "W01")
    run(opened, MAY)
    assert reasons(opened)["W01"] == ("2021-04", None)


def test_a_past_month_says_nothing_about_newer_evidence(opened: County) -> None:
    ran(opened, MAY)
    joins(opened, "W05", MAY)
    run(opened, MAY)
    forget(opened, APRIL)
    run(opened, APRIL)
    assert reasons(opened)["W05"] == ("2021-05", None)


def test_joined_evidence_is_what_will_have_been_verified(opened: County) -> None:
    ran(opened, MAY)
    joins(opened, "W01", MAY, events=["a"])
    run(opened, MAY)
    (task,) = opened.tasks()
    (w01, _) = task.reasons
    assert (w01.since, w01.month, w01.severity) == ("2021-04", "2021-05", "red")
    assert (w01.value, w01.threshold, w01.events) == ("9000", "5000", ["a"])
    assert w01.sentence == "新情况W01"


def test_evidence_that_a_correction_took_away_falls_back_to_the_month_before(
    county: County,
) -> None:
    """May's second accident was a mistake; April's has still happened."""
    for month in (APRIL, MAY):
        ran(county, month)
    county.lead("R:1", "W14")
    run(county, APRIL)
    joins(county, "W14", MAY)
    run(county, MAY)
    forget(county, MAY)
    run(county, MAY)
    assert reasons(county) == {"W14": ("2021-04", None)}
    assert county.tasks()[0].reasons[0].sentence == "样例原因W14"


def test_a_closed_task_keeps_what_was_verified(opened: County) -> None:
    with opened.ledger.transaction() as session:
        task = session.scalars(select(Task)).one()
        task.status, task.outcome, task.decided_on = "closed", "excluded", date(2021, 5, 12)
    ran(opened, MAY)
    joins(opened, "W01", MAY)
    run(opened, MAY)
    assert reasons(opened) == {"W01": ("2021-04", None), "W05": ("2021-04", None)}


def test_a_second_run_changes_nothing(opened: County) -> None:
    ran(opened, MAY)
    joins(opened, "W01", MAY)
    run(opened, MAY)
    before = reasons(opened)
    with opened.ledger.transaction() as session:
        written = [tuple(row) for row in session.execute(select(Task.__table__))]
    outcome = run(opened, MAY)
    with opened.ledger.transaction() as session:
        assert [tuple(row) for row in session.execute(select(Task.__table__))] == written
    assert (reasons(opened), outcome.opened, outcome.joined) == (before, 0, 0)
