"""Departments by months: what came, in time or not, dataset by dataset."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from poverty_watch.contracts import Catalogue, Department
from poverty_watch.contracts.duty import duty_policy
from poverty_watch.ledger.access import Viewer
from poverty_watch.ledger.deliveries import IN_FORCE, STATUS_TITLES, Fulfilled, fulfilled
from poverty_watch.ledger.models import DatasetMonth
from poverty_watch.months import Month

UNKNOWN = "unknown"
LATE = "late"
_SIGNS = {
    "accepted": "✓",
    "accepted_with_warnings": "✓疑",
    "nil": "零",
    "missing": "缺",
    "rejected": "退",
    "error": "错",
    UNKNOWN: "–",
}


@dataclass(frozen=True)
class Cell:
    """One dataset's month: a sign for the eye, the same in words, and the class that colours it."""

    month: Month
    kind: str
    sign: str
    told: str


@dataclass(frozen=True)
class Line:
    """One dataset with a cell per month."""

    dataset: str
    title: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Group:
    """A department's lines."""

    department_id: str
    department: str
    lines: tuple[Line, ...]


def duty_grid(
    session: Session, viewer: Viewer, months: Sequence[Month], catalogue: Catalogue
) -> list[Group]:
    """The grid of the departments that a viewer may see.

    Args:
        session: the viewer's.
        viewer: a department sees its own alone.
        months: the columns.
        catalogue: who owes what.
    """
    status = {
        (row.month, row.dataset): row.status
        for row in session.execute(
            select(DatasetMonth.month, DatasetMonth.dataset, DatasetMonth.status).where(
                DatasetMonth.month.in_([str(month) for month in months])
            )
        )
    }
    arrived = {month: fulfilled(session, month) for month in months}
    return [
        Group(
            department.id,
            department.title,
            tuple(
                Line(
                    dataset,
                    contract.title,
                    tuple(
                        _cell(
                            month,
                            department,
                            status.get((str(month), dataset)),
                            arrived[month].get(dataset),
                        )
                        for month in months
                    ),
                )
                for dataset, contract in department.contracts.items()
            ),
        )
        for department in departments_of(viewer, catalogue)
    ]


def departments_of(viewer: Viewer, catalogue: Catalogue) -> list[Department]:
    """The departments whose deliveries a viewer may see, in the catalogue's order."""
    return [
        department
        for department in catalogue.departments.values()
        if viewer.role != "department" or department.id == viewer.place
    ]


def _cell(
    month: Month, department: Department, status: str | None, arrived: Fulfilled | None
) -> Cell:
    if status is None:
        return Cell(month, UNKNOWN, _SIGNS[UNKNOWN], "尚未处理")
    told, sign, kind = STATUS_TITLES[status], _SIGNS[status], status
    if status in IN_FORCE and arrived is not None:
        due_on = duty_policy().of(department.card).due_on(month)
        late = arrived.days_late(due_on)
        if arrived.is_in_doubt(due_on):
            return Cell(month, kind, f"{sign}※", f"{told}，期限前已保存、期限后才首次收到，请核对")
        if late:
            return Cell(month, LATE, f"{sign}迟{late}", f"{told}，迟{late}天")
        return Cell(month, kind, sign, f"{told}，按时")
    return Cell(month, kind, sign, told)
