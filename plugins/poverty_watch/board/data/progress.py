"""How verification goes, per township or village: open, due, late, done, and what it came to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import Session, selectinload

from poverty_watch.board.data.pages import Found, limited
from poverty_watch.board.data.words import ANSWERS, TaskLine, task_lines
from poverty_watch.ledger.access import Viewer
from poverty_watch.ledger.models import Task
from poverty_watch.months import Month

DUE_SOON_DAYS = 2
STATES = {
    "open": "在办",
    "soon": f"{DUE_SOON_DAYS}天内到期",
    "late": "超期",
    "done": "已核实",
    **{name: f"已核实：{title}" for name, title in ANSWERS.items()},
}


@dataclass(frozen=True)
class PlaceLine:
    """A township's (for a township: a village's) tasks. ``soon`` and ``late`` are among ``open``."""

    place: str
    open: int = 0
    soon: int = 0
    late: int = 0
    done: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """All tasks."""
        return self.open + self.done

    @property
    def share_done(self) -> float | None:
        """Of all tasks those that have an answer."""
        return self.done / self.total if self.total else None


def progress(session: Session, viewer: Viewer, month: Month | None, today: date) -> list[PlaceLine]:
    """Per township, or per village of a township, most late first; the sum is `total_of`.

    Args:
        session: the viewer's.
        viewer: a township's tasks are told village by village.
        month: tasks that this month opened; all of all months if None.
        today: the county's day.
    """
    place = Task.village if viewer.role == "township" else Task.township
    is_open = Task.status == "open"
    rows = session.execute(
        select(
            place.label("place"),
            Task.status,
            Task.outcome,
            func.count().label("tasks"),
            _sum(is_open & (Task.due_on < today)).label("late"),
            _sum(is_open & _soon(today)).label("soon"),
        )
        .where(*_of_month(month))
        .group_by(place, Task.status, Task.outcome)
    )
    found: dict[str, PlaceLine] = defaultdict(lambda: PlaceLine(""))
    for row in rows:
        known = found[row.place]
        is_done = row.status != "open"
        outcomes = dict(known.outcomes)
        if is_done:
            name = row.outcome or ""
            outcomes[name] = outcomes.get(name, 0) + row.tasks
        found[row.place] = PlaceLine(
            row.place,
            known.open + (0 if is_done else row.tasks),
            known.soon + int(row.soon or 0),
            known.late + int(row.late or 0),
            known.done + (row.tasks if is_done else 0),
            outcomes,
        )
    return sorted(found.values(), key=lambda line: (-line.late, -line.open, line.place))


def total_of(lines: Iterable[PlaceLine]) -> PlaceLine:
    """All lines together."""
    every: Sequence[PlaceLine] = list(lines)
    outcomes: dict[str, int] = defaultdict(int)
    for line in every:
        for name, count in line.outcomes.items():
            outcomes[name] += count
    return PlaceLine(
        "合计",
        sum(line.open for line in every),
        sum(line.soon for line in every),
        sum(line.late for line in every),
        sum(line.done for line in every),
        dict(outcomes),
    )


def tasks_of(
    session: Session,
    viewer: Viewer,
    month: Month | None,
    place: str,
    state: str,
    page: int,
    today: date,
) -> Found[TaskLine]:
    """A page of tasks, what is due first.

    Args:
        session: the viewer's.
        viewer: for a township ``place`` is a village, else a township.
        month: tasks that this month opened; all of all months if None.
        place: of which place alone; empty for all.
        state: a key of ``STATES``.
        page: which page.
        today: the county's day.
    """
    column = Task.village if viewer.role == "township" else Task.township
    wanted = [*_of_month(month), *_in_state(state, today)]
    if place:
        wanted.append(column == place)
    total = session.scalar(select(func.count()).select_from(Task).where(*wanted)) or 0
    query = (
        select(Task)
        .where(*wanted)
        .options(selectinload(Task.reasons))
        .order_by(Task.due_on, Task.township, Task.village, Task.id)
    )
    rows = session.scalars(limited(query, page))
    return Found(task_lines(rows, today), total, page, "件")


def _of_month(month: Month | None) -> list[ColumnElement[bool]]:
    return [] if month is None else [Task.month == str(month)]


def _soon(today: date) -> ColumnElement[bool]:
    return Task.due_on.between(today, today + timedelta(days=DUE_SOON_DAYS))


def _in_state(state: str, today: date) -> list[ColumnElement[bool]]:
    if state in ANSWERS:
        return [Task.outcome == state]
    if state == "done":
        return [Task.status != "open"]
    more = {"late": [Task.due_on < today], "soon": [_soon(today)]}.get(state, [])
    return [Task.status == "open", *more]


def _sum(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.sum(case((condition, 1), else_=0))
