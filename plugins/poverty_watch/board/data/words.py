"""Tasks, cases and help as staff read them in lists and on a household's page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from poverty_watch.contracts import Catalogue
from poverty_watch.ledger.access import Viewer
from poverty_watch.ledger.models import Case, CaseStep, Measure, Task
from poverty_watch.verification.cases.help import DONE, PLANNED, STATUS_TITLES
from poverty_watch.verification.cases.procedure import Policy, load_policy
from poverty_watch.verification.cases.reading import CaseLine, case_line

ANSWERS = {
    "confirmed": "属实",
    "excluded": "不属实",
    "monitored": "已在监测",
    "not_found": "查无此户",
}
"""What a visit came to, in the order of the lists."""


@dataclass(frozen=True)
class TaskLine:
    """A verification task. ``state``: how it stands, in Chinese; ``days_late``: 0 if it is not."""

    id: int
    household_id: str
    township: str
    village: str
    month: str
    reasons: tuple[str, ...]
    opened_on: date
    due_on: date
    state: str
    days_late: int


def task_lines(tasks: Iterable[Task], today: date) -> list[TaskLine]:
    """Tasks in the order given."""
    return [_task(task, today) for task in tasks]


def _task(task: Task, today: date) -> TaskLine:
    late = (today - task.due_on).days if task.status == "open" else 0
    state = ANSWERS.get(task.outcome or "", "已办结")
    if task.status == "open":
        state = "待核实（原因已不再出现）" if task.is_cleared else "待核实"
    return TaskLine(
        task.id,
        task.household_id,
        task.township,
        task.village,
        task.month,
        tuple(dict.fromkeys(reason.rule_id for reason in task.reasons)),
        task.opened_on,
        task.due_on,
        state,
        max(late, 0),
    )


@dataclass(frozen=True)
class StepLine:
    """A step of a case as it was done."""

    number: int
    done_on: date
    title: str
    decision: str
    actor: str
    is_late: bool
    given: tuple[tuple[str, str], ...]
    papers: tuple[str, ...]


@dataclass(frozen=True)
class CaseStory(CaseLine):
    """A case with the steps that were done."""

    steps: tuple[StepLine, ...]


def case_stories(cases: Iterable[Case], today: date, viewer: Viewer) -> list[CaseStory]:
    """Cases in the order given; who only looks reads no remarks and no names of visitors."""
    policy = load_policy()
    may_read = viewer.role != "viewer"
    found = []
    for case in cases:
        told = vars(case_line(policy, case, today))
        steps = tuple(_step(policy, case, done, may_read) for done in case.steps)
        found.append(
            CaseStory(**told | {"reason": told["reason"] if may_read else ""}, steps=steps)
        )
    return found


def _step(policy: Policy, case: Case, done: CaseStep, may_read: bool) -> StepLine:
    of_step = policy.procedures[case.kind].steps.get(done.step)
    decision = of_step.decisions.get(done.decision) if of_step else None
    return StepLine(
        done.number,
        done.done_on,
        of_step.title if of_step else done.step,
        decision.title if decision else done.decision,
        done.actor if may_read else "",
        bool(done.due_on and done.done_on > done.due_on),
        tuple(_given(policy, done)) if may_read else (),
        tuple(policy.papers.get(str(p["kind"]), str(p["kind"])) for p in done.evidence),
    )


def _given(policy: Policy, done: CaseStep) -> Iterable[tuple[str, str]]:
    for name, value in done.given.items():
        field = policy.fields.get(name)
        yield (field.title if field else name), _told(value)


def _told(value: object) -> str:
    if isinstance(value, dict):
        return "；".join(f"{name}：{text}" for name, text in value.items())
    return "、".join(map(str, value)) if isinstance(value, list) else str(value)


@dataclass(frozen=True)
class MeasureLine:
    """Help that a department owes or gave; ``result``: what came of it, or why it was cancelled."""

    id: int
    household_id: str
    township: str
    village: str
    risk: str
    kind: str
    department: str
    status: str
    due_on: date
    done_on: date | None
    days_late: int
    result: str


def measure_lines(
    measures: Iterable[Measure], today: date, catalogue: Catalogue, viewer: Viewer
) -> list[MeasureLine]:
    """Help in the order given; who only looks reads no remarks."""
    may_read = viewer.role != "viewer"
    titles = {department.id: department.title for department in catalogue.departments.values()}
    return [
        MeasureLine(
            one.id,
            one.household_id,
            one.township,
            one.village,
            one.risk,
            one.kind,
            titles.get(one.department, one.department),
            STATUS_TITLES.get(one.status, one.status),
            one.due_on,
            one.done_on if one.status == DONE else None,
            max((today - one.due_on).days, 0) if one.status == PLANNED else 0,
            (one.result or "") if may_read else "",
        )
        for one in measures
    ]
