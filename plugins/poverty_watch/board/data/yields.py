"""What verification made of each rule's hits, all months together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from poverty_watch.ledger.models import Task, TaskReason


@dataclass(frozen=True)
class Yield:
    """Tasks with an outcome that a rule gave a reason to, and those of them found real."""

    verified: int = 0
    confirmed: int = 0

    @property
    def rate(self) -> float | None:
        """Found real, of those verified; None where nothing was."""
        return self.confirmed / self.verified if self.verified else None


def yields_of(session: Session) -> Mapping[str, Yield]:
    """By rule, of the viewer's tasks."""
    rows = session.execute(
        select(
            TaskReason.rule_id,
            func.count(),
            func.sum(case((Task.outcome == "confirmed", 1), else_=0)),
        )
        .join(Task, Task.id == TaskReason.task_id)
        .where(Task.outcome.is_not(None))
        .group_by(TaskReason.rule_id)
    )
    found = {rule: Yield(int(count), int(real or 0)) for rule, count, real in rows}
    return defaultdict(Yield, found)
