"""A check's record in the ledger: month by month what it found and what came of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from poverty_watch.ledger.models import Finding, HitFate, Task, TaskReason


@dataclass(frozen=True)
class MonthRecord:
    """What a check found in a month.

    ``hits``: households, or findings opened; ``verified``: tasks with an outcome that the rule gave
    a reason to from that month on; ``confirmed``: those of them found real.
    """

    month: str
    hits: int
    verified: int
    confirmed: int

    @property
    def told(self) -> str:
        """As staff read it; a yield only where something was verified."""
        share = f"，属实率 {self.confirmed / self.verified:.0%}" if self.verified else ""
        return (
            f"{self.month}：报出 {self.hits}，已核实 {self.verified}，属实 {self.confirmed}{share}"
        )


def record_of(session: Session, check_id: str) -> tuple[MonthRecord, ...]:
    """The months in which a rule or comparison found something, in order."""
    if check_id.startswith("C"):
        opened = session.execute(
            select(Finding.opened_month, func.count())
            .where(Finding.comparison_id == check_id)
            .group_by(Finding.opened_month)
        )
        found = {month: count for month, count in opened}
        return tuple(MonthRecord(month, found[month], 0, 0) for month in sorted(found))
    counted = session.execute(
        select(HitFate.month, func.count())
        .where(HitFate.rule_id == check_id)
        .group_by(HitFate.month)
    )
    hits = Counter({month: count for month, count in counted})
    outcomes = session.execute(
        select(TaskReason.since, Task.outcome, func.count())
        .join(Task, Task.id == TaskReason.task_id)
        .where(TaskReason.rule_id == check_id, Task.outcome.is_not(None))
        .group_by(TaskReason.since, Task.outcome)
    )
    verified, confirmed = Counter[str](), Counter[str]()
    for since, outcome, count in outcomes:
        verified[since] += count
        confirmed[since] += count if outcome == "confirmed" else 0
    months = sorted(hits.keys() | verified.keys())
    return tuple(MonthRecord(m, hits[m], verified[m], confirmed[m]) for m in months)
