"""Decide a case.

All of a decision is one transaction under a lock of the case: a killed process leaves the old state
or the new one, and of two people who decide at once the second is told where the case is now.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from poverty_watch.ledger.access import Viewer
from poverty_watch.ledger.models import Case, Finding, Task
from poverty_watch.months import Month
from poverty_watch.verification.cases.carrying import Desk, carry_out, note
from poverty_watch.verification.cases.checks import Circumstances
from poverty_watch.verification.cases.elimination import Criterion, criteria
from poverty_watch.verification.cases.errors import CaseError
from poverty_watch.verification.cases.households import households_of
from poverty_watch.verification.cases.judging import Act, Ruling
from poverty_watch.verification.cases.papers import keep_papers
from poverty_watch.verification.cases.procedure import Decision, Policy, Step

_ASSET = "ASSET"


@dataclass(frozen=True)
class Decided:
    """What a decision led to; ``next_step`` is None once the case is closed."""

    case_id: int
    step: str
    decision: str
    next_step: str | None
    next_due_on: date | None
    summary: str


def decide(
    desk: Desk,
    case_id: int,
    decision: str,
    viewer: Viewer,
    on: date,
    given: Mapping[str, Any],
    files: Mapping[str, Iterable[Path]] | None = None,
    *,
    step: str | None = None,
) -> Decided:
    """Take a decision about a case.

    Args:
        desk: where and when.
        case_id: which case.
        decision: its key in the procedure.
        viewer: who decides.
        on: the day that the step was done.
        given: what the procedure asks for, read by `given.read_given`.
        files: papers per kind.
        step: where the caller saw the case; refused if it has moved on since. The case's own if not
            given.

    Raises:
        CaseError: everything that is missing or wrong; nothing was written.
        CalendarError: the next deadline falls into a year that is not known.
    """
    with desk.ledger.transaction(viewer) as session:
        seen = found_case(session, case_id, viewer)
        _stays_at(desk.policy, seen, step or seen.step)
        household_id, at = seen.household_id, seen.step
        needs_criteria = _needs_criteria(desk.policy, seen, decision)
    # Read as the county: a township does not see every hit that speaks against an elimination.
    met = _criteria(desk, household_id, on) if needs_criteria else ()
    papers = keep_papers(desk.settings, desk.policy, files or {})
    act = Act(decision, viewer, on, given, frozenset(paper["kind"] for paper in papers))
    with desk.ledger.transaction(viewer) as session:
        case = found_case(session, case_id, viewer, lock=True)
        _stays_at(desk.policy, case, at)
        household = households_of(session, desk.settings, [household_id]).get(household_id)
        found = Circumstances(household, _assets(session, household_id), met)
        task = session.scalars(
            select(Task).where(Task.household_id == household_id, Task.status == "open")
        ).one_or_none()
        ruling = carry_out(session, desk, case, act, found, papers, task)
        if task is not None and task.status != "open":
            task.case_id = case.id
        note(session, desk.policy, case, act, ruling)
        return _decided(desk, case, act, ruling)


def found_case(session: Session, case_id: int, viewer: Viewer, *, lock: bool = False) -> Case:
    """A case that the viewer may see.

    Raises:
        CaseError: there is none of that number for this viewer.
    """
    wanted = select(Case).where(Case.id == case_id)
    if lock:
        wanted = wanted.with_for_update().execution_options(populate_existing=True)
    case = session.scalars(wanted).one_or_none()
    if case is None:
        raise CaseError([f"没有第{case_id}号案件，或不属于{viewer.title}。"])
    return case


def decision_named(policy: Policy, case: Case, name: str) -> str:
    """The key of a decision of the case's step, named by key or Chinese title; else the name."""
    step = _step(policy, case)
    titles = {d.title: key for key, d in step.decisions.items()} if step else {}
    return titles.get(name, name)


def _step(policy: Policy, case: Case) -> Step | None:
    return policy.procedures[case.kind].steps.get(case.step or "")


def _stays_at(policy: Policy, case: Case, expected: str | None) -> None:
    if case.step == expected:
        return
    step = _step(policy, case)
    where = f"已到“{step.title}”环节" if step else "已经结案"
    raise CaseError([f"第{case.id}号案件{where}，这一步已有人办过，没有重复办理。"])


def _needs_criteria(policy: Policy, case: Case, decision: str) -> bool:
    step = _step(policy, case)
    wanted: Decision | None = step.decisions.get(decision) if step else None
    return bool(step and wanted and "criteria" in step.checks and not wanted.unchecked)


def _criteria(desk: Desk, household_id: str, on: date) -> tuple[Criterion, ...]:
    with desk.ledger.transaction() as session:
        return tuple(criteria(session, desk.settings, [household_id], Month.of(on))[household_id])


def _assets(session: Session, household_id: str) -> tuple[Finding, ...]:
    return tuple(
        session.scalars(
            select(Finding)
            .where(
                Finding.household_id == household_id,
                Finding.outcome == _ASSET,
                Finding.closed_month.is_(None),
            )
            .order_by(Finding.id)
        )
    )


def _decided(desk: Desk, case: Case, act: Act, ruling: Ruling) -> Decided:
    steps = desk.policy.procedures[case.kind].steps
    told = f"第{case.id}号案件“{steps[ruling.step].title}”：{ruling.decision.title}。"
    if ruling.next_step is None or ruling.next_due_on is None:
        told += "已结案。"
    else:
        # A deadline that rests on a guessed calendar says so.
        due = f"{ruling.next_due_on}{desk.workdays.note(ruling.next_due_on)}"
        told += f"下一步“{steps[ruling.next_step].title}”，期限{due}。"
    return Decided(case.id, ruling.step, act.decision, ruling.next_step, ruling.next_due_on, told)
