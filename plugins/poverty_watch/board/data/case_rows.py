"""Cases and help of a viewer, a page at a time, the most pressing first."""

from __future__ import annotations

from datetime import date

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from poverty_watch.board.data.pages import Found, limited
from poverty_watch.board.data.words import CaseStory, MeasureLine, case_stories, measure_lines
from poverty_watch.contracts import Catalogue
from poverty_watch.ledger.access import Viewer
from poverty_watch.ledger.models import Case, Measure
from poverty_watch.verification.cases.procedure import load_policy
from poverty_watch.verification.cases.reading import (
    CaseLine,
    case_line,
    case_with_steps,
    is_late,
)

CASE_STATES = {"open": "在办", "late": "超期", "closed": "已结案"}
MEASURE_STATES = {
    "planned": "待落实",
    "late": "超期未落实",
    "done": "已落实",
    "cancelled": "已取消",
}


def cases_of(session: Session, state: str, page: int, today: date) -> Found[CaseLine]:
    """A page of the viewer's cases; ``state`` is a key of ``CASE_STATES``."""
    wanted: dict[str, ColumnElement[bool]] = {
        "open": Case.closed_on.is_(None),
        "late": is_late(today),
        "closed": Case.closed_on.is_not(None),
    }
    total = session.scalar(select(func.count()).select_from(Case).where(wanted[state])) or 0
    order = Case.closed_on.desc() if state == "closed" else Case.due_on
    query = select(Case).where(wanted[state]).order_by(order, Case.id)
    policy = load_policy()
    lines = [case_line(policy, case, today) for case in session.scalars(limited(query, page))]
    return Found(lines, total, page, "件")


def one_case(session: Session, viewer: Viewer, case_id: int, today: date) -> CaseStory | None:
    """A case that the viewer may see, with its steps."""
    case = case_with_steps(session, case_id)
    return None if case is None else case_stories([case], today, viewer)[0]


def measures_of(
    session: Session, viewer: Viewer, state: str, page: int, today: date, catalogue: Catalogue
) -> Found[MeasureLine]:
    """A page of the viewer's help; ``state`` is a key of ``MEASURE_STATES``."""
    status = "planned" if state == "late" else state
    conditions = [Measure.status == status]
    if state == "late":
        conditions.append(Measure.due_on < today)
    total = session.scalar(select(func.count()).select_from(Measure).where(*conditions)) or 0
    query = select(Measure).where(*conditions).order_by(Measure.due_on, Measure.id)
    rows = session.scalars(limited(query, page))
    return Found(measure_lines(rows, today, catalogue, viewer), total, page, "项")
