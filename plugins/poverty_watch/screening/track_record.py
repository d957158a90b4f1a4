"""A check's record in the ledger: month by month what it found and what came of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from sqlalchemy import select
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
        opened = session.scalars(
            select(Finding.opened_month).where(Finding.comparison_id == check_id)
        )
        return tuple(MonthRecord(m, n, 0, 0) for m, n in sorted(Counter(opened).items()))
    hits = Counter(session.scalars(select(HitFate.month).where(HitFate.rule_id == check_id)))
    outcomes = session.execute(
        select(TaskReason.since, Task.outcome)
        .join(Task, Task.id == TaskReason.task_id)
        .where(TaskReason.rule_id == check_id, Task.outcome.is_not(None))
    ).all()
    verified = Counter(since for since, _ in outcomes)
    confirmed = Counter(since for since, outcome in outcomes if outcome == "confirmed")
    months = sorted(hits.keys() | verified.keys())
    return tuple(MonthRecord(m, hits[m], verified[m], confirmed[m]) for m in months)
