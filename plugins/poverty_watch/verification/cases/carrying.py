"""What a decision does to a case, once it is judged: the step, the case's place, its effects."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import get_args

from sqlalchemy import select
from sqlalchemy.orm import Session

from poverty_watch.ledger.journal import record
from poverty_watch.ledger.models import Case, CaseStep, Task
from poverty_watch.ledger.models.verification import Outcome
from poverty_watch.ledger.store import Ledger
from poverty_watch.months import Workdays
from poverty_watch.settings import REFERENCE, Settings
from poverty_watch.verification.cases.checks import Circumstances, problems_of
from poverty_watch.verification.cases.errors import CaseError
from poverty_watch.verification.cases.help import Helped, call_off, plan_for_risks
from poverty_watch.verification.cases.judging import Act, Ruling, Standing, judge
from poverty_watch.verification.cases.papers import Paper
from poverty_watch.verification.cases.procedure import Decision, Policy, load_policy

OUTCOMES: tuple[str, ...] = get_args(Outcome)
VERIFY = "verify"
_WHY = ("excluded_because", "reason", "objection", "remarks")
_UNFOUNDED = ("excluded", "not_found")


@dataclass(frozen=True)
class Desk:
    """Where and when decisions are taken: an installation, the day, the calendar, the procedure."""

    settings: Settings
    ledger: Ledger
    today: date
    workdays: Workdays = field(
        default_factory=lambda: Workdays.from_file(REFERENCE / "workdays.yaml")
    )
    policy: Policy = field(default_factory=load_policy)


def standing_of(case: Case) -> Standing:
    """Where a case is, from its steps: whoever did a step in it counts, however often it was done."""
    people: dict[str, set[str]] = {}
    for step in case.steps:
        people.setdefault(step.step, set()).update([step.actor, *step.given.get("visitors", ())])
    entered, at = case.opened_on, case.steps[0].step if case.steps else case.step
    for step in case.steps:
        # A visit that joined a case on its way did not move it.
        if step.step == at:
            entered, at = step.done_on, step.next_step
    return Standing(
        case.kind, case.step, entered, {name: frozenset(found) for name, found in people.items()}
    )


def carry_out(
    session: Session,
    desk: Desk,
    case: Case,
    act: Act,
    found: Circumstances,
    papers: Iterable[Paper] = (),
    task: Task | None = None,
) -> Ruling:
    """Judge an act and do it, in the caller's transaction; the caller has it journalled by `note`.

    Args:
        session: a case that is new is added by the caller.
        desk: the day, the calendar, the procedure.
        case: locked by the caller, with its steps.
        act: what is to be done.
        found: what the checks look at.
        papers: kept already.
        task: the household's open task, which a visit answers.

    Raises:
        CaseError: everything that is missing or wrong; nothing was changed.
    """
    ruling = _ruled(desk, case, act, found)
    write_step(desk, case, act, ruling, papers)
    case.step, case.due_on = ruling.next_step, ruling.next_due_on
    case.risks = list(act.given.get("risks") or case.risks)
    case.monitored_class = act.given.get("monitored_class") or case.monitored_class
    case.mode = act.given.get("mode") or case.mode
    if ruling.decision.effect is not None:
        _take_effect(session, case, act, ruling, found)
    if ruling.decision.ends is not None:
        _close(session, case, act, ruling.decision)
    if ruling.step == VERIFY and task is not None and act.decision in OUTCOMES:
        answer_task(task, act)
    return ruling


def _ruled(desk: Desk, case: Case, act: Act, found: Circumstances) -> Ruling:
    standing = standing_of(case)
    problems: list[str] = []
    ruling = None
    try:
        ruling = judge(desk.policy, standing, act, desk.today, desk.workdays)
    except CaseError as error:
        problems += error.problems
    steps = desk.policy.procedures[case.kind].steps
    step = steps.get(standing.step or "")
    decision = step.decisions.get(act.decision) if step else None
    if step is not None and decision is not None and not decision.unchecked:
        problems += problems_of(step.checks, desk.policy, case, act, found)
    if problems or ruling is None:
        raise CaseError(problems)
    return ruling


def write_step(desk: Desk, case: Case, act: Act, ruling: Ruling, papers: Iterable[Paper]) -> None:
    """Add the step to the case's record."""
    case.steps.append(
        CaseStep(
            number=len(case.steps) + 1,
            step=ruling.step,
            decision=act.decision,
            actor=act.by.name,
            role=act.by.role,
            place=act.by.place,
            done_on=act.on,
            due_on=case.due_on,
            given=dict(act.given),
            evidence=list(papers),
            next_step=ruling.next_step,
            next_due_on=ruling.next_due_on,
            policy_sha256=desk.policy.sha256,
        )
    )


def answer_task(task: Task, act: Act) -> None:
    """Close a task with what its visit found."""
    task.status, task.decided_on = "closed", act.on
    task.outcome = next(outcome for outcome in get_args(Outcome) if outcome == act.decision)


def _take_effect(
    session: Session, case: Case, act: Act, ruling: Ruling, found: Circumstances
) -> None:
    case.approved_on = act.on
    case.persons = found.household.persons if found.household else None
    if ruling.decision.effect == "approve":
        helped = Helped(case.household_id, case.township, case.village, case.id)
        plan_for_risks(session, helped, case.risks, act.on, act.by.name, is_urgent=False)


def _close(session: Session, case: Case, act: Act, decision: Decision) -> None:
    outcome = decision.ends
    case.closed_on, case.outcome = act.on, outcome
    reasons = [str(act.given[name]) for name in _WHY if act.given.get(name)]
    case.outcome_reason = "；".join(reasons) or None
    # One that is new, and closed at once, has no help and no task yet.
    if case.id is not None and outcome in _UNFOUNDED:
        # The green channel helps before anybody has decided.
        why = f"第{case.id}号案件已结案：{decision.title}"
        call_off(session, case, "，".join([why, *reasons]), act.on, act.by.name)
    if case.id is not None and outcome == "excluded":
        # What the visit confirmed and a later step did not: the same matter rests for a time.
        for task in session.scalars(select(Task).where(Task.case_id == case.id)):
            if task.outcome == "confirmed":
                task.outcome = "excluded"


def note(session: Session, policy: Policy, case: Case, act: Act, ruling: Ruling) -> None:
    """Journal what was done to a case that has its number."""
    procedure = policy.procedures[case.kind]
    record(
        session,
        f"{procedure.title}·{procedure.steps[ruling.step].title}：{ruling.decision.title}",
        case.household_id,
        actor=act.by.name,
        case=case.id,
        on=str(act.on),
        role=act.by.role,
        next=ruling.next_step,
        papers=[paper["sha256"] for paper in case.steps[-1].evidence],
    )
