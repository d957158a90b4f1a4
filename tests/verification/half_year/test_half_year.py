"""At the end of half a year: every lead has its fate, every deadline its record, every sum is right."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import chinese_calendar
import numpy as np
from sqlalchemy import select

from poverty_watch.ledger.audit import verify
from poverty_watch.ledger.models import (
    Case,
    CaseStep,
    HitFate,
    Lead,
    Measure,
    Task,
    TaskAnswer,
    TaskRung,
)
from poverty_watch.ledger.outcomes import lead_fates, newly_helped
from poverty_watch.months import Month
from poverty_watch.screening.track_record import record_of
from tests.verification.half_year.conftest import LAST, MONTHS, HalfYear, sixth
from tests.verification.half_year.people import OUTCOMES

RUNGS = {"village": -1, "township": 1, "county": 3, "joint_meeting": 5}


def workdays_from(day: date, count: int) -> date:
    """By the library's own list, not by the county's calendar."""
    while count:
        day += timedelta(days=1 if count > 0 else -1)
        count -= chinese_calendar.is_workday(day) * (1 if count > 0 else -1)
    return day


def test_every_lead_has_a_fate(half_year: HalfYear) -> None:
    with half_year.ledger.transaction() as session:
        for month in MONTHS:
            raised = set(
                session.scalars(
                    select(Lead.household_id).where(
                        Lead.month == str(month), Lead.status == "raised"
                    )
                )
            )
            fates = lead_fates(session, month)
            assert {one.household_id for one in fates} == raised
            assert len(fates) == len(raised) > 0
            assert all(one.is_verified for one in fates), "every door was knocked at in the end"
        assert not session.scalars(select(Task.id).where(Task.status == "open")).all()
        on_their_way = session.scalars(select(Case).where(Case.closed_on.is_(None))).all()
        assert all(case.step and case.due_on for case in on_their_way)
        outcomes = Counter(session.scalars(select(Case.outcome)))
    assert {"recognised", "excluded", "monitored", "not_found", "eliminated", "kept"} <= {*outcomes}


def test_each_row_of_each_sheet_became_what_it_should(half_year: HalfYear) -> None:
    """Sheets half filled in, wrongly, late, twice, out of date: rows per fate, as the filler knew."""
    assert half_year.people.surprises == []


def test_the_ledger_holds_what_was_written_at_the_doors(half_year: HalfYear) -> None:
    visits = half_year.people.visits
    with half_year.ledger.transaction() as session:
        found = {
            row.id: (row.household_id, row.outcome, row.answers["remarks"])
            for row in session.execute(
                select(Task.id, Task.household_id, Task.outcome, TaskAnswer.answers).join(
                    TaskAnswer, TaskAnswer.task_id == Task.id
                )
            )
        }
    assert found == {
        task: (v.household_id, OUTCOMES[v.outcome], f"到过{v.household_id.partition(':')[2]}")
        for task, v in visits.items()
    }
    assert len(found) > 100


def test_yield_per_rule_is_right_by_an_independent_count(half_year: HalfYear) -> None:
    """From the notes of who went: the rules that the sheet told, and what was found at the door."""
    verified, real = Counter[str](), Counter[str]()
    for visit in half_year.people.visits.values():
        verified.update(visit.rules)
        real.update(visit.rules if visit.outcome == "属实" else ())
    with half_year.ledger.transaction() as session:
        rules = set(session.scalars(select(HitFate.rule_id)))
        records = {rule: record_of(session, rule) for rule in rules}
    assert {rule: sum(m.verified for m in told) for rule, told in records.items()} == {
        rule: verified[rule] for rule in rules
    }
    assert {rule: sum(m.confirmed for m in told) for rule, told in records.items()} == {
        rule: real[rule] for rule in rules
    }
    assert len(rules) > 10
    assert sum(real.values()) > 30


def test_every_deadline_has_its_record(half_year: HalfYear) -> None:
    """Of each task the rungs that it had reached by the days on which it was still open."""
    with half_year.ledger.transaction() as session:
        opened = {t.id: (t.opened_on, t.due_on) for t in session.scalars(select(Task))}
        reached = {
            (row.task_id, row.rung): row.reached_on for row in session.scalars(select(TaskRung))
        }
        steps = session.scalars(select(CaseStep)).all()
        first_visits = {step.due_on for step in steps if step.step == "verify"}
    for number, (opened_on, due_on) in opened.items():
        assert due_on == workdays_from(opened_on, 5), number
    expected: dict[tuple[int, str], date] = {}
    for day in sorted(half_year.open_on):
        for task, due_on in half_year.open_on[day].items():
            for rung, offset in RUNGS.items():
                if day >= workdays_from(due_on, offset):
                    expected.setdefault((task, rung), day)
    assert reached == expected
    assert {rung for _, rung in reached} == set(RUNGS)
    assert all(step.due_on for step in steps)
    assert all((step.next_step is None) == (step.next_due_on is None) for step in steps)
    assert first_visits


def test_register_and_ledger_agree_or_the_difference_is_listed(half_year: HalfYear) -> None:
    assert half_year.listed == half_year.expected
    fields = {f for month in half_year.listed.values() for told in month.values() for f in told}
    assert {"是否在册", "监测对象类别", "致贫返贫风险"} <= fields
    agreed = [d for d in half_year.county.decisions if d.agreed]
    assert len(agreed) > len(half_year.county.decisions) / 2
    with half_year.ledger.transaction() as session:
        recorded = set(session.scalars(select(Case.id).where(Case.agreed_in.is_not(None))))
    assert recorded == {d.case_id for d in agreed}
    for month, listed in half_year.listed.items():
        folder = half_year.settings.outbox / str(month) / "名册核对"
        assert len(list(folder.glob("*.xlsx"))) == bool(listed)


def test_who_was_approved_is_helped_and_the_months_count_it_once(half_year: HalfYear) -> None:
    with half_year.ledger.transaction() as session:
        approved = set(
            session.scalars(
                select(Case.id).where(Case.approved_on.is_not(None), Case.kind != "elimination")
            )
        )
        measures = {m.id: m for m in session.scalars(select(Measure))}
        counted = {
            (one.household_id, one.kind): month
            for month in [*MONTHS, LAST + 1]
            for one in newly_helped(session, month)
        }
    assert approved <= {m.case_id for m in measures.values()}
    assert len(approved) > 10
    first: dict[tuple[str, str], date] = {}
    for number, day in half_year.people.helped.items():
        key = measures[number].household_id, measures[number].kind
        first[key] = min(day, first.get(key, day))
    assert counted == {key: Month.of(day) for key, day in first.items()}
    # Three months on hardly anybody waits still: what is owed has its deadline in the quarter.
    assert all(m.due_on <= m.planned_on + timedelta(days=92) for m in measures.values())


def test_only_whose_risk_is_gone_leaves_monitoring(half_year: HalfYear) -> None:
    county, people = half_year.county, half_year.people
    register = county.county.register
    assert people.proposed
    for household_id, row in people.proposed.items():
        assert all(county.incomes[month][household_id] >= 6000 for month in MONTHS)
        assert register["identified"][row] <= np.datetime64(str(LAST - 1), "M")
        assert not register["unsafe"][row]
        assert register["water"][row]
    told = " ".join(people.refused.values())
    for reason in ("识别当月和次月不能消除", "没有未了的预警", "收入稳定", "整户没有劳动力"):
        assert reason in told
    with half_year.ledger.transaction() as session:
        gone = session.scalars(select(Case).where(Case.outcome == "eliminated")).all()
    assert {case.household_id for case in gone} <= set(people.proposed)
    assert gone


def test_a_risk_that_comes_back_reopens(half_year: HalfYear) -> None:
    """The house of a household out of monitoring fell down: W22, a visit, monitored again."""
    household_id = half_year.county.ruined
    with half_year.ledger.transaction() as session:
        rules = set(
            session.scalars(select(HitFate.rule_id).where(HitFate.household_id == household_id))
        )
        cases = session.scalars(select(Case).where(Case.household_id == household_id)).all()
    assert {"W09", "W22"} <= rules
    assert [case.kind for case in cases if case.outcome == "recognised"] == ["relapse"]
    (typed_in,) = [
        d
        for d in half_year.county.decisions
        if (d.household_id, d.kind) == (household_id, "relapse")
    ]
    assert typed_in.row is not None


def test_nothing_was_changed_behind_the_journals_back(half_year: HalfYear) -> None:
    assert verify(half_year.ledger, half_year.settings).is_sound
    assert sixth(LAST) in {task.opened_on for task in _tasks(half_year)}


def _tasks(half_year: HalfYear) -> list[Task]:
    with half_year.ledger.transaction() as session:
        return list(session.scalars(select(Task)))
