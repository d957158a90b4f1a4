"""What the ledger knows around a month's hits: tasks, exclusions, waivers, what they became before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from poverty_watch.ledger.models import HitFate, Task, TaskReason, Waiver
from poverty_watch.months import Month
from poverty_watch.screening.suppression import (
    ALREADY_KNOWN,
    STILL_OPEN,
    WAIVED,
    Around,
    Exclusion,
    OpenTask,
    WaiverInForce,
)

_OPEN = "open"
_EXCLUDED = "excluded"

Key = tuple[str, str]  # household, rule


@dataclass(frozen=True)
class _Before:
    """What a hit of this month became when the month was computed before."""

    letter: str | None
    task_id: int | None


@dataclass(frozen=True)
class Surroundings:
    """Everything that the ledger holds around the hits of one month, by household and rule."""

    open_tasks: Mapping[Key, OpenTask]
    joined_before: Mapping[Key, OpenTask]
    newest_exclusions: Mapping[Key, Exclusion]
    exclusions_by_task: Mapping[tuple[int, str], Exclusion]
    waivers: Mapping[Key, WaiverInForce]
    before: Mapping[Key, _Before]

    def of(self, key: Key) -> Around:
        """What is weighed for one hit.

        A month that is computed again weighs the tasks that it weighed before, whatever became of
        them or was opened since. Where an earlier reason of the catalogue's order came first, nobody
        had asked for the later ones yet.
        """
        waiver = self.waivers.get(key)
        before = self.before.get(key)
        if before is None or before.letter == ALREADY_KNOWN:
            return Around(self.newest_exclusions.get(key), waiver, self.open_tasks.get(key))
        if before.letter == STILL_OPEN:
            joined = self.joined_before.get(key) or self.open_tasks.get(key)
            return Around(None, waiver, joined)
        exclusion = self.exclusions_by_task.get((before.task_id or 0, key[1]))
        unasked = before.letter == WAIVED
        return Around(exclusion, waiver, self.open_tasks.get(key) if unasked else None)


def surroundings(session: Session, month: Month, exclusion_months: int) -> Surroundings:
    """Read the ledger for a month.

    Tasks and exclusions are those of reasons that an earlier month gave: what this very month added
    does not suppress its own hits.
    """
    newest, by_task = _exclusions(session, month, exclusion_months)
    return Surroundings(
        open_tasks=_open_tasks(session, month),
        joined_before=_joined_before(session, month),
        newest_exclusions=newest,
        exclusions_by_task=by_task,
        waivers=_waivers(session, month),
        before=_before(session, month),
    )


def _open_tasks(session: Session, month: Month) -> dict[Key, OpenTask]:
    rows = session.execute(
        select(Task.id, Task.household_id, Task.month, TaskReason.rule_id)
        .join(TaskReason, TaskReason.task_id == Task.id)
        .where(Task.status == _OPEN, Task.month < str(month), TaskReason.since < str(month))
    )
    return _by_key(rows)


def _joined_before(session: Session, month: Month) -> dict[Key, OpenTask]:
    rows = session.execute(
        select(Task.id, Task.month, HitFate.household_id, HitFate.rule_id)
        .join(Task, Task.id == HitFate.task_id)
        .where(HitFate.month == str(month), HitFate.suppressed == STILL_OPEN)
    )
    return _by_key(rows)


def _by_key(rows: Iterable[Any]) -> dict[Key, OpenTask]:
    return {
        (row.household_id, row.rule_id): OpenTask(row.id, Month.parse(row.month)) for row in rows
    }


def _exclusions(
    session: Session, month: Month, exclusion_months: int
) -> tuple[dict[Key, Exclusion], dict[tuple[int, str], Exclusion]]:
    """The newest decision per household and rule where it excludes; and all exclusions by task."""
    rows = session.execute(
        select(
            Task.id,
            Task.household_id,
            Task.outcome,
            Task.decided_on,
            TaskReason.rule_id,
            TaskReason.value,
            TaskReason.threshold,
            TaskReason.events,
        )
        .join(TaskReason, TaskReason.task_id == Task.id)
        .where(
            Task.status != _OPEN,
            Task.decided_on >= (month - exclusion_months).first_day,
            TaskReason.since < str(month),
        )
        .order_by(Task.decided_on, Task.id)
    )
    newest: dict[Key, Exclusion | None] = {}
    by_task: dict[tuple[int, str], Exclusion] = {}
    for row in rows:
        key = row.household_id, row.rule_id
        newest[key] = None
        if row.outcome == _EXCLUDED:
            newest[key] = by_task[row.id, row.rule_id] = _exclusion(row)
    return {key: found for key, found in newest.items() if found is not None}, by_task


def _exclusion(row: Any) -> Exclusion:
    events = None if row.events is None else frozenset(row.events)
    return Exclusion(row.id, row.decided_on, row.value, row.threshold, events)


def _waivers(session: Session, month: Month) -> dict[Key, WaiverInForce]:
    """Waivers that cover the month's end; of several the one that lasts longest."""
    end = month.last_day
    rows = session.scalars(
        select(Waiver)
        .where(Waiver.valid_from <= end, Waiver.valid_until >= end)
        .where(or_(Waiver.revoked_on.is_(None), Waiver.revoked_on > end))
        .order_by(Waiver.valid_until, Waiver.id)
    )
    return {
        (row.household_id, row.rule_id): WaiverInForce(row.valid_until, row.reason, row.approved_by)
        for row in rows
    }


def _before(session: Session, month: Month) -> dict[Key, _Before]:
    rows = session.execute(
        select(HitFate.household_id, HitFate.rule_id, HitFate.suppressed, HitFate.task_id).where(
            HitFate.month == str(month)
        )
    )
    return {(row.household_id, row.rule_id): _Before(row.suppressed, row.task_id) for row in rows}
