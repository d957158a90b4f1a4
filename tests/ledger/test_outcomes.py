"""What became of a month's leads: the three fates add up to the leads."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from poverty_watch.ledger.models import Case, CaseStep, Lead, Measure, Task, TaskReason
from poverty_watch.ledger.outcomes import lead_outcomes, newly_helped, still_unhelped
from poverty_watch.ledger.store import Ledger
from poverty_watch.months import Month

APRIL, MAY = Month(2021, 4), Month(2021, 5)
HERE, THERE = "甸阳镇", "由旺镇"
DUE = date(2021, 5, 13)


def a_lead(
    ledger: Ledger,
    number: int,
    outcome: str | None = None,
    on: date = DUE,
    *,
    township: str = HERE,
    month: str = "2021-04",
    raised: str | None = None,
    since: str | None = None,
    last: str | None = None,
    task: bool = True,
    **case: Any,
) -> None:
    """A lead, the task that it opened or joined, and its case."""
    place = {"household_id": f"R:{number}", "township": township, "village": "样例村"}
    with ledger.transaction() as session:
        session.add(Lead(**place, month=raised or month, severity="red", reasons=["W01"]))
        if not task:
            return
        its_case = a_case(place, **case) if case else None
        if its_case is not None:
            session.add(its_case)
            session.flush()
        session.add(
            Task(
                **place,
                month=month,
                opened_on=date(2021, 5, 6),
                due_on=DUE,
                status="closed" if outcome else "open",
                outcome=outcome,
                decided_on=on if outcome else None,
                case_id=its_case.id if its_case else None,
                reasons=[
                    TaskReason(
                        rule_id="W01",
                        since=since or month,
                        month=last or month,
                        severity="red",
                        sentence="样例",
                        question="样例",
                    )
                ],
            )
        )


def a_case(place: dict[str, str], **told: Any) -> Case:
    return Case(
        **place,
        **{
            "kind": "identification",
            "month": "2021-04",
            "origin": "department",
            "opened_on": date(2021, 5, 6),
            "total_due_on": DUE,
        }
        | told,
    )


def counted(ledger: Ledger, month: Month = APRIL) -> dict[tuple[str, str], tuple[int, ...]]:
    with ledger.transaction() as session:
        found = lead_outcomes(session, month)
    for one in found:
        assert one.excluded + one.recognised + one.in_hand == one.total
        assert one.in_time <= one.verified <= one.total
    return {
        (one.township, one.source): (
            one.total, one.verified, one.in_time, one.excluded, one.recognised, one.in_hand,
        )
        for one in found
    }  # fmt: skip


def test_every_lead_has_one_fate(ledger: Ledger) -> None:
    a_lead(ledger, 1)
    a_lead(ledger, 2, task=False)
    a_lead(ledger, 3, "excluded", date(2021, 5, 13))
    a_lead(ledger, 4, "excluded", date(2021, 5, 14))
    a_lead(ledger, 5, "not_found")
    a_lead(ledger, 6, "monitored", outcome_reason=None)
    a_lead(ledger, 7, "confirmed", step="review")
    a_lead(ledger, 8, "confirmed", step="entry", approved_on=date(2021, 6, 1))
    a_lead(ledger, 9, "excluded", step=None)
    a_lead(ledger, 10, "confirmed", township=THERE, approved_on=date(2021, 5, 30))
    assert counted(ledger) == {
        (HERE, "lead"): (9, 7, 6, 5, 1, 3),
        (THERE, "lead"): (1, 1, 1, 0, 1, 0),
    }


def test_what_a_later_step_did_not_confirm_is_excluded(ledger: Ledger) -> None:
    a_lead(ledger, 1, "confirmed", outcome_reason="x", closed_on=DUE)
    with ledger.transaction() as session:
        session.query(Case).one().outcome = "excluded"
    assert counted(ledger)[HERE, "lead"] == (1, 1, 1, 1, 0, 0)


def test_a_lead_that_joined_an_earlier_task_shares_its_fate(ledger: Ledger) -> None:
    a_lead(
        ledger, 1, "excluded", month="2021-03", raised="2021-04", since="2021-03", last="2021-05"
    )
    assert counted(ledger)[HERE, "lead"] == (1, 1, 1, 1, 0, 0)


def test_a_task_that_was_closed_before_says_nothing_of_this_months_lead(ledger: Ledger) -> None:
    a_lead(ledger, 1, "excluded", month="2021-01", raised="2021-04")
    assert counted(ledger)[HERE, "lead"] == (1, 0, 0, 0, 0, 1)


def test_withdrawn_leads_and_other_months_do_not_count(ledger: Ledger) -> None:
    a_lead(ledger, 1)
    with ledger.transaction() as session:
        session.query(Lead).one().status = "withdrawn"
    assert counted(ledger) == {}
    assert counted(ledger, MAY) == {}


@pytest.mark.parametrize(
    ("done_on", "counts"),
    [
        (None, (1, 0, 0, 0, 0, 1)),
        (DUE, (1, 1, 1, 0, 0, 1)),
        (date(2021, 5, 14), (1, 1, 0, 0, 0, 1)),
    ],
)
def test_households_that_came_by_themselves_are_counted_apart(
    ledger: Ledger, done_on: date | None, counts: tuple[int, ...]
) -> None:
    place = {"household_id": "R:1", "township": HERE, "village": "样例村"}
    with ledger.transaction() as session:
        case = a_case(place, origin="self_report", month="2021-05")
        if done_on:
            case.steps.append(
                CaseStep(
                    number=1,
                    step="verify",
                    decision="confirmed",
                    actor="样例",
                    role="township",
                    done_on=done_on,
                    due_on=DUE,
                    policy_sha256="p",
                )
            )
        session.add(case)
        session.add(a_case({**place, "household_id": "R:2"}, kind="elimination", origin="cadre"))
    assert counted(ledger, MAY) == {(HERE, "self_report"): counts}


def a_measure(number: int, kind: str, done_on: date | None) -> Measure:
    return Measure(
        household_id=f"R:{number}",
        township=HERE,
        village="样例村",
        risk="因病",
        kind=kind,
        department="health",
        is_developing=False,
        status="done" if done_on else "planned",
        planned_on=date(2021, 4, 2),
        planned_by="样例",
        due_on=date(2021, 6, 30),
        done_on=done_on,
    )


def test_help_is_new_once_per_kind_and_late_after_thirty_days(ledger: Ledger) -> None:
    place = {"township": HERE, "village": "样例村"}
    with ledger.transaction() as session:
        for number in (1, 2, 3):
            case = a_case(
                {**place, "household_id": f"R:{number}"},
                approved_on=date(2021, 4, 1),
                closed_on=date(2021, 4, 9),
            )
            session.add(case)
        session.add(
            a_case(
                {**place, "household_id": "R:3"}, kind="elimination", approved_on=date(2021, 5, 20)
            )
        )
        session.add_all(
            [
                a_measure(1, "健康帮扶", date(2021, 5, 2)),
                a_measure(1, "健康帮扶", date(2021, 6, 2)),
                a_measure(1, "综合保障", date(2021, 6, 3)),
                a_measure(2, "健康帮扶", None),
            ]
        )
    with ledger.transaction() as session:
        new = {
            month.number: [(one.household_id, one.kind) for one in newly_helped(session, month)]
            for month in (MAY, MAY + 1)
        }
        late = {
            month.number: [household for _, household in still_unhelped(session, month, 30)]
            for month in (APRIL, MAY)
        }
    assert new == {5: [("R:1", "健康帮扶")], 6: [("R:1", "综合保障")]}
    assert late == {4: [], 5: ["R:2"]}
