"""Cases as their viewers may read them: lists and one case with its steps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session, selectinload

from poverty_watch.ledger.models import Case
from poverty_watch.verification.cases.opening import ORIGIN_TITLES
from poverty_watch.verification.cases.procedure import Policy


@dataclass(frozen=True)
class CaseLine:
    """A case as staff read it in lists; ``step``: what is to be done next, empty once it is closed.

    ``days_late``: past its step's deadline or the whole procedure's, 0 if not.
    """

    id: int
    kind: str
    household_id: str
    township: str
    village: str
    origin: str
    opened_on: date
    step: str
    due_on: date | None
    days_late: int
    is_urgent: bool
    outcome: str
    reason: str


OUTCOME_TITLES = {
    "recognised": "已认定",
    "excluded": "不属实",
    "monitored": "已在监测",
    "not_found": "查无此户",
    "eliminated": "已消除",
    "kept": "继续监测",
}


def list_cases(
    session: Session,
    policy: Policy,
    today: date,
    *,
    step: str | None = None,
    household_id: str | None = None,
    late: bool = False,
    closed: bool = False,
) -> list[CaseLine]:
    """The viewer's cases, the most pressing first.

    Args:
        session: the viewer's.
        policy: gives steps their titles.
        today: lateness is counted to this day.
        step: only those at this step, by key or Chinese title.
        household_id: only this household's, closed ones too.
        late: only those past their deadline.
        closed: closed ones instead of open ones.
    """
    query = select(Case)
    if household_id is not None:
        query = query.where(Case.household_id == household_id)
    else:
        query = query.where(Case.closed_on.is_not(None) if closed else Case.closed_on.is_(None))
    lines = [
        case_line(policy, case, today)
        for case in session.scalars(query.order_by(Case.due_on, Case.id))
        if step is None or step in (case.step, _title(policy, case))
    ]
    return [line for line in lines if line.days_late or not late]


def case_with_steps(session: Session, case_id: int) -> Case | None:
    """A case that the viewer may see, with its steps."""
    wanted = select(Case).where(Case.id == case_id).options(selectinload(Case.steps))
    return session.scalars(wanted).one_or_none()


def _title(policy: Policy, case: Case) -> str:
    return policy.procedures[case.kind].steps[case.step].title if case.step else ""


def is_late(today: date) -> ColumnElement[bool]:
    """The condition under which ``days_late`` of a case is more than 0."""
    whole = and_(Case.approved_on.is_(None), Case.total_due_on < today)
    return and_(Case.step.is_not(None), or_(Case.due_on < today, whole))


def case_line(policy: Policy, case: Case, today: date) -> CaseLine:
    """A case in Chinese, its deadlines counted to a day."""
    late = (today - case.due_on).days if case.step and case.due_on else 0
    if case.step and case.approved_on is None:
        # All of it has its deadline too, up to the county's decision.
        late = max(late, (today - case.total_due_on).days)
    return CaseLine(
        case.id,
        policy.procedures[case.kind].title,
        case.household_id,
        case.township,
        case.village,
        ORIGIN_TITLES.get(case.origin, case.origin),
        case.opened_on,
        _title(policy, case),
        case.due_on if case.step else None,
        max(late, 0),
        case.is_urgent,
        OUTCOME_TITLES.get(case.outcome or "", ""),
        case.outcome_reason or "",
    )
