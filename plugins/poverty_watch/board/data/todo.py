"""What a viewer has to do now: one line each, with the page where it is done."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from poverty_watch.contracts import Catalogue
from poverty_watch.intake.acceptance import stopped_waiting
from poverty_watch.ledger.access import Viewer
from poverty_watch.ledger.findings import open_after
from poverty_watch.ledger.models import (
    Base,
    Case,
    DatasetMonth,
    Delivery,
    Finding,
    Measure,
    Task,
)
from poverty_watch.ledger.store import Ledger
from poverty_watch.months import Month
from poverty_watch.verification.cases.reading import is_late


@dataclass(frozen=True)
class ToDo:
    """A line: what it is, how much, whether it presses, and the path of the page."""

    title: str
    count: int
    unit: str
    presses: bool
    path: str


def to_do(
    ledger: Ledger, viewer: Viewer, month: Month, today: date, catalogue: Catalogue
) -> list[ToDo]:
    """What this viewer has to do; nothing for one who only looks."""
    with ledger.transaction(viewer) as session:
        own = {
            "county": lambda: list(_county(session, month, today)),
            "township": lambda: list(_township(session, month, today)),
            "department": lambda: list(_department(session, month, today, viewer.place)),
        }
        found = own[viewer.role]() if viewer.role in own else []
    if viewer.role == "county":
        stopped = sum(not one.decided for one in stopped_waiting(month, ledger, catalogue))
        path = f"/deliveries?month={month}"
        found.insert(0, ToDo("整份暂停、等您决定的报送", stopped, "份", True, path))
    return [line for line in found if line.count]


def _count(session: Session, of: type[Base], *conditions: ColumnElement[bool]) -> int:
    return session.scalar(select(func.count()).select_from(of).where(*conditions)) or 0


def _county(session: Session, month: Month, today: date) -> Iterator[ToDo]:
    late = _count(session, Task, Task.status == "open", Task.due_on < today)
    yield ToDo("超期没有核实的任务（各月合计）", late, "件", True, "/verification")
    yield ToDo(
        "县级复核的比对问题",
        _count(session, Finding, Finding.owner_kind == "county", open_after(month)),
        "条",
        False,
        f"/comparisons?month={month}",
    )
    yield from _cases(session, today, ("county", "compare"))


def _township(session: Session, month: Month, today: date) -> Iterator[ToDo]:
    still_open = Task.status == "open"
    late = _count(session, Task, still_open, Task.due_on < today)
    yield ToDo("超期没有核实的任务（各月合计）", late, "件", True, "/verification/tasks?state=late")
    in_time = _count(session, Task, still_open, Task.due_on >= today)
    yield ToDo("等着入户核实的任务", in_time, "件", False, "/verification/tasks?state=open")
    findings = _count(session, Finding, Finding.owner_kind == "township", open_after(month))
    yield ToDo("等着更正的比对问题", findings, "条", False, f"/comparisons?month={month}")
    yield from _cases(session, today, ("verify", "review", "posting", "publicity", "township"))


def _cases(session: Session, today: date, steps: tuple[str, ...]) -> Iterator[ToDo]:
    late = _count(session, Case, Case.step.in_(steps), is_late(today))
    yield ToDo("超期的案件", late, "件", True, "/cases?state=late")
    waiting = _count(session, Case, Case.step.in_(steps), ~is_late(today))
    yield ToDo("等着办的案件", waiting, "件", False, "/cases")


def _department(session: Session, month: Month, today: date, place: str) -> Iterator[ToDo]:
    of_month = DatasetMonth.month == str(month)
    missing = _count(
        session, DatasetMonth, of_month, DatasetMonth.status.in_(("missing", "rejected", "error"))
    )
    yield ToDo("没有报来或被整份退回的数据", missing, "项", True, f"/deliveries?month={month}")
    returned = session.scalar(
        select(func.sum(Delivery.rejected_rows))
        .join(DatasetMonth, DatasetMonth.delivery_id == Delivery.id)
        .where(of_month)
    )
    yield ToDo("退回、要改正的行", int(returned or 0), "行", False, f"/deliveries?month={month}")
    findings = _count(session, Finding, Finding.owner == place, open_after(month))
    yield ToDo("等着核改的比对问题", findings, "条", False, f"/comparisons?month={month}")
    planned = Measure.status == "planned"
    late = _count(session, Measure, planned, Measure.due_on < today)
    yield ToDo("超期没有落实的帮扶", late, "项", True, "/measures")
    waiting = _count(session, Measure, planned, Measure.due_on >= today)
    yield ToDo("等着落实的帮扶", waiting, "项", False, "/measures")
