"""Where a case begins: by hand, by a verified task, or to take a household out of monitoring."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from poverty_watch.ledger.access import Viewer
from poverty_watch.ledger.journal import record
from poverty_watch.ledger.models import Case, Task
from poverty_watch.months import Month, Workdays
from poverty_watch.verification.cases.errors import CaseError
from poverty_watch.verification.cases.help import Helped, plan_for_risks
from poverty_watch.verification.cases.households import Household
from poverty_watch.verification.cases.judging import span_end
from poverty_watch.verification.cases.procedure import Policy

Origin = Literal["department", "petition", "self_report", "cadre"]
ORIGIN_TITLES: dict[str, str] = {
    "department": "部门推送",
    "petition": "信访热线",
    "self_report": "自主申报",
    "cadre": "干部排查",
}
ELIMINATION = "elimination"
_PETITIONS = {"W24"}


def kind_for(household: Household, *, leaves: bool = False) -> str:
    """What a case of this household is about.

    Args:
        household: as the newest month knows it.
        leaves: whether it is to leave monitoring.

    Raises:
        CaseError: it is monitored already, or, to leave, is not.
    """
    if leaves:
        if household.standing != "M":
            raise CaseError(["该户不是监测系统中未消除的监测对象，不能办理风险消除。"])
        return ELIMINATION
    if household.standing == "M":
        raise CaseError(["该户已是监测对象，不必再识别；风险有变化的，请调整帮扶措施。"])
    return "relapse" if household.standing == "X" else "identification"


def new_case(
    policy: Policy,
    household: Household,
    kind: str,
    origin: str,
    month: Month,
    opened_on: date,
    workdays: Workdays,
    due_on: date | None = None,
) -> Case:
    """A case at its first step; not in the ledger yet.

    Raises:
        CalendarError: a deadline falls into a year that is not known.
    """
    procedure = policy.procedures[kind]
    first = procedure.steps[procedure.first]
    return Case(
        kind=kind,
        household_id=household.household_id,
        township=household.township,
        village=household.village,
        head_person_id=household.head_person_id,
        month=str(month),
        origin=origin,
        is_urgent=False,
        opened_on=opened_on,
        step=procedure.first,
        due_on=due_on or span_end(first.within, opened_on, workdays),
        total_due_on=workdays.after(opened_on, policy.total_workdays),
        risks=[],
        steps=[],
    )


def case_of_task(policy: Policy, household: Household, task: Task, workdays: Workdays) -> Case:
    """The case in which the verification of a task is written down.

    A household that is monitored already has one too: it tells that the lead brought nobody new.
    """
    kind = "relapse" if household.standing == "X" else "identification"
    rules = {reason.rule_id for reason in task.reasons}
    return new_case(
        policy,
        household,
        kind,
        "petition" if rules and rules <= _PETITIONS else "department",
        Month.parse(task.month),
        task.opened_on,
        workdays,
        task.due_on,
    )


def open_by_hand(
    session: Session,
    policy: Policy,
    household: Household,
    origin: Origin | None,
    on: date,
    viewer: Viewer,
    workdays: Workdays,
    *,
    urgent_because: str = "",
    risks: list[str] | None = None,
    remarks: str = "",
) -> Case:
    """Open a case of a household that reported itself or was found, or, without origin, is to leave.

    A household with an open task keeps it; the task is answered by the visit of this case.

    Args:
        session: the viewer's.
        policy: the procedure.
        household: as the newest month knows it.
        origin: how it came up; None to take it out of monitoring.
        on: the day it came up.
        viewer: who opens it.
        workdays: the calendar of deadlines.
        urgent_because: 绿色通道, with the reason: help is planned at once.
        risks: what threatens the household; needed where help is planned at once.
        remarks: kept with the entry of the journal.

    Raises:
        CaseError: it has an open case, is monitored already, or something is missing.
    """
    if viewer.role not in ("township", "county"):
        raise CaseError([f"立案由乡镇或县专班办理，{viewer.title}不能办理。"])
    kind = kind_for(household, leaves=origin is None)
    standing = session.scalars(
        select(Case).where(Case.household_id == household.household_id, Case.closed_on.is_(None))
    ).first()
    if standing is not None:
        title = policy.procedures[standing.kind].title
        raise CaseError([f"该户的“{title}”（第{standing.id}号）还没有办结，不能另立。"])
    if urgent_because and not risks:
        raise CaseError(["走绿色通道要写明致贫返贫风险，才能先派帮扶任务。"])
    case = new_case(policy, household, kind, origin or "cadre", Month.of(on), on, workdays)
    case.is_urgent, case.risks = bool(urgent_because), list(risks or ())
    session.add(case)
    session.flush()
    told: Mapping[str, Any] = {"urgent_because": urgent_because, "remarks": remarks}
    record(
        session,
        f"立案：{policy.procedures[kind].title}",
        household.household_id,
        actor=viewer.name,
        case=case.id,
        on=str(on),
        origin=case.origin,
        **{name: text for name, text in told.items() if text},
    )
    if urgent_because:
        helped = Helped(case.household_id, case.township, case.village, case.id)
        plan_for_risks(session, helped, case.risks, on, viewer.name, is_urgent=True)
    return case
