"""Visits come back: answer many tasks at once, each with its case."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from poverty_watch.ledger.access import Viewer
from poverty_watch.ledger.models import Case, Task
from poverty_watch.months import Month
from poverty_watch.verification.cases.carrying import (
    VERIFY,
    Desk,
    answer_task,
    carry_out,
    note,
    standing_of,
    write_step,
)
from poverty_watch.verification.cases.checks import Circumstances
from poverty_watch.verification.cases.errors import CaseError
from poverty_watch.verification.cases.households import Household, households_of
from poverty_watch.verification.cases.judging import Act, Ruling, Standing, judge
from poverty_watch.verification.cases.opening import ELIMINATION, case_of_task
from poverty_watch.verification.cases.papers import Paper

_BATCH = 500
_CONFIRMED = "confirmed"


@dataclass(frozen=True)
class Verdict:
    """What came back of a task's visit.

    ``decision``: confirmed, excluded, monitored, not_found. ``papers``: kept already by
    `papers.keep_papers`, such as the returned sheet.
    """

    task_id: int
    decision: str
    on: date
    given: Mapping[str, Any]
    papers: tuple[Paper, ...] = ()


@dataclass(frozen=True)
class Taken:
    """What became of a verdict: the case it is written down in, or why it was not taken."""

    task_id: int
    case_id: int | None
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Done:
    case: Case
    act: Act
    ruling: Ruling


def take_verdicts(
    session: Session, desk: Desk, verdicts: Iterable[Verdict], viewer: Viewer
) -> list[Taken]:
    """Answer open tasks, in the caller's transaction; one that cannot be taken stops no other.

    Each gets a case with the visit as its first step. A confirmed one of a household whose case is
    on its way joins that case.

    Raises:
        CalendarError: a deadline falls into a year that is not known; nothing is to be committed.
    """
    wanted = list(verdicts)
    tasks = _tasks(session, {verdict.task_id for verdict in wanted})
    ids = {task.household_id for task in tasks.values()}
    known = households_of(session, desk.settings, ids)
    on_their_way = _open_cases(session, ids)
    results: list[_Done | tuple[str, ...]] = []
    for verdict in wanted:
        task = tasks.get(verdict.task_id)
        if task is None or task.status != "open":
            results.append((_not_open(verdict.task_id, task, viewer),))
            continue
        household = known.get(task.household_id) or _told_by(task)
        try:
            one = _take(session, desk, verdict, task, household, on_their_way, viewer)
        except CaseError as error:
            results.append(error.problems)
            continue
        results.append(one)
        if one.case.closed_on is None:
            on_their_way[one.case.household_id] = one.case
    session.flush()
    taken = []
    for verdict, result in zip(wanted, results, strict=True):
        if isinstance(result, tuple):
            taken.append(Taken(verdict.task_id, None, result))
            continue
        tasks[verdict.task_id].case_id = result.case.id
        note(session, desk.policy, result.case, result.act, result.ruling)
        taken.append(Taken(verdict.task_id, result.case.id))
    return taken


def _take(
    session: Session,
    desk: Desk,
    verdict: Verdict,
    task: Task,
    household: Household,
    on_their_way: Mapping[str, Case],
    viewer: Viewer,
) -> _Done:
    case = case_of_task(desk.policy, household, task, desk.workdays)
    papers = frozenset(paper["kind"] for paper in verdict.papers)
    act = Act(verdict.decision, viewer, verdict.on, verdict.given, papers)
    act = replace(act, decision=_as_monitored(desk, case, household, act.decision))
    other = on_their_way.get(task.household_id)
    if other is not None and act.decision == _CONFIRMED and other.kind != ELIMINATION:
        return _Done(other, act, _join(session, desk, other, task, act, verdict.papers))
    if other is not None and act.decision == _CONFIRMED:
        raise CaseError([_leaving(desk, other)])
    ruling = carry_out(session, desk, case, act, Circumstances(household), verdict.papers, task)
    session.add(case)
    return _Done(case, act, ruling)


def _leaving(desk: Desk, case: Case) -> str:
    procedure = desk.policy.procedures[case.kind]
    step = procedure.steps[case.step or procedure.first].title
    return (
        f"该户的“{procedure.title}”（第{case.id}号案件）还在“{step}”环节，没有办结，"
        "不能同时立新的案件。请先办结那个案件，再报这一户。"
    )


def _join(
    session: Session, desk: Desk, case: Case, task: Task, act: Act, papers: Iterable[Paper]
) -> Ruling:
    """Write a visit down in a case that is on its way: new risks join, its place stays."""
    if case.step == VERIFY:
        return carry_out(session, desk, case, act, Circumstances(None), papers, task)
    standing = Standing(case.kind, VERIFY, task.opened_on, standing_of(case).people)
    ruling = judge(desk.policy, standing, act, desk.today, desk.workdays)
    stays = replace(ruling, next_step=case.step, next_due_on=case.due_on)
    write_step(desk, case, act, stays, papers)
    risks = [*case.risks, *act.given.get("risks", ())]
    case.risks = list(dict.fromkeys(risks))[:5]
    answer_task(task, act)
    return stays


def _as_monitored(desk: Desk, case: Case, household: Household, decision: str) -> str:
    step = desk.policy.procedures[case.kind].steps[VERIFY]
    known = step.decisions.get(decision)
    instead = known.for_monitored if known else None
    return instead if instead and household.standing == "M" else decision


def _tasks(session: Session, wanted: Collection[int]) -> dict[int, Task]:
    ids, found = sorted(wanted), dict[int, Task]()
    for start in range(0, len(ids), _BATCH):
        batch = ids[start : start + _BATCH]
        query = select(Task).where(Task.id.in_(batch)).options(selectinload(Task.reasons))
        found |= {task.id: task for task in session.scalars(query.with_for_update())}
    return found


def _open_cases(session: Session, households: Collection[str]) -> dict[str, Case]:
    ids, found = sorted(households), dict[str, Case]()
    for start in range(0, len(ids), _BATCH):
        batch = ids[start : start + _BATCH]
        query = select(Case).where(Case.household_id.in_(batch), Case.closed_on.is_(None))
        query = query.options(selectinload(Case.steps))
        found |= {case.household_id: case for case in session.scalars(query.with_for_update())}
    return found


def _not_open(task_id: int, task: Task | None, viewer: Viewer) -> str:
    if task is None:
        return f"没有编号为{task_id}的核实任务，或不属于{viewer.title}。"
    return f"第{task_id}号核实任务已于{task.decided_on}办结，没有重复登记。"


def _told_by(task: Task) -> Household:
    """A household that the newest month does not know any more."""
    return Household(
        month=Month.parse(task.month),
        household_id=task.household_id,
        township=task.township,
        village=task.village,
        head_person_id=None,
        head_name="",
        household_type="一般农户",
        is_poor=False,
        standing=None,
        monitored_class=None,
        identified_month=None,
        persons=0,
        risks=(),
    )
