"""Keep the reasons of open tasks at what the newest data say; tell which of them have gone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import insert, or_, select
from sqlalchemy.orm import Session

from poverty_watch.ledger.changes import update_rows
from poverty_watch.ledger.models import HitFate, Task, TaskReason
from poverty_watch.ledger.screenings import current_screening
from poverty_watch.months import Month

JOINED = "d"
_NO_HIT = "none"
_BATCH = 500
_KEY = ("task_id", "rule_id")
_COLUMNS = (
    "task_id",
    "rule_id",
    "since",
    "month",
    "severity",
    "sentence",
    "question",
    "value",
    "threshold",
    "events",
    "gone_in",
)

Key = tuple[str, str]  # household, rule


@dataclass
class Reason:
    """A reason of an open task: the columns of `TaskReason`."""

    household_id: str
    values: dict[str, Any]
    before: Mapping[str, Any] | None = None

    @property
    def key(self) -> Key:
        """Household and rule."""
        return self.household_id, self.values["rule_id"]

    @property
    def month(self) -> str:
        """The month of its newest evidence."""
        return str(self.values["month"])

    @property
    def gone_in(self) -> str | None:
        """The month whose data no longer showed it."""
        gone: str | None = self.values["gone_in"]
        return gone

    @property
    def is_gone(self) -> bool:
        """Whether the newest data do not show it any more."""
        return self.gone_in is not None and self.gone_in >= self.month

    def tell(self, told: Mapping[str, Any]) -> bool:
        """Take over what a month says; whether that is anything else than before."""
        changed = any(self.values[name] != value for name, value in told.items())
        self.values |= told
        return changed

    def mark(self, gone_in: str | None) -> bool:
        """Say in which month it had gone; whether that is anything else than before."""
        return self.tell({"gone_in": gone_in})


@dataclass
class OpenTask:
    """An open task with its reasons by rule."""

    id: int
    household_id: str
    month: str
    reasons: dict[str, Reason] = field(default_factory=dict)

    @property
    def is_cleared(self) -> bool:
        """Whether every reason has gone from the data."""
        return bool(self.reasons) and all(reason.is_gone for reason in self.reasons.values())

    def join(self, fates: Iterable[HitFateRow]) -> bool:
        """Add what is new and refresh what a month tells differently; False if nothing was."""
        changed = False
        for fate in fates:
            reason = self.reasons.get(fate.rule_id)
            if reason is None:
                told = _told(fate)
                first = {"task_id": self.id, "rule_id": fate.rule_id, "since": fate.month}
                values = {**first, **told, "gone_in": None}
                self.reasons[fate.rule_id] = Reason(self.household_id, values)
                changed = True
            elif reason.month <= fate.month:
                changed |= reason.tell(_told(fate))
        return changed


# A row of `fates_of`: the columns of `HitFate` that a reason is made of.
HitFateRow = Any
_FATE = (
    HitFate.month,
    HitFate.household_id,
    HitFate.rule_id,
    HitFate.severity,
    HitFate.value,
    HitFate.threshold,
    HitFate.events,
    HitFate.evidence,
)


def open_tasks_now(session: Session) -> dict[str, OpenTask]:
    """All open tasks by household."""
    tasks = {
        row.id: OpenTask(row.id, row.household_id, row.month)
        for row in session.execute(
            select(Task.id, Task.household_id, Task.month).where(Task.status == "open")
        )
    }
    columns = [TaskReason.__table__.columns[name] for name in _COLUMNS]
    for row in session.execute(
        select(*columns).join(Task, Task.id == TaskReason.task_id).where(Task.status == "open")
    ).mappings():
        task = tasks[row["task_id"]]
        task.reasons[row["rule_id"]] = Reason(task.household_id, dict(row), dict(row))
    return {task.household_id: task for task in tasks.values()}


def fates_of(session: Session, month: Month, suppressed: str | None) -> list[HitFateRow]:
    """The month's hits that became leads (None), or were held back for one reason, by rule."""
    return list(
        session.execute(
            select(*_FATE)
            .where(HitFate.month == str(month), HitFate.suppressed.is_not_distinct_from(suppressed))
            .order_by(HitFate.rule_id, HitFate.household_id)
        )
    )


def write_reasons(session: Session, tasks: Iterable[OpenTask]) -> None:
    """Write the reasons that are new or differ from what was read."""
    reasons = [reason for task in tasks for reason in task.reasons.values()]
    fresh = [reason.values for reason in reasons if reason.before is None]
    changed = [r.values for r in reasons if r.before is not None and r.values != r.before]
    if fresh:
        session.execute(insert(TaskReason), fresh)
    update_rows(session, TaskReason, changed, _KEY)


def follow_data(session: Session, month: Month, tasks: Iterable[OpenTask]) -> int:
    """Bring the reasons of open tasks to a month's data, once its leads have joined them.

    A hit that joined a task becomes its newest evidence. A reason is marked as gone where its rule
    ran on all its sources and either a correction took the month's own hit away, or the month does
    not show it any more and its silence means something. What newer months have said is left alone.

    Returns:
        How many reasons were changed.
    """
    text = str(month)
    reasons = [r for task in tasks for r in task.reasons.values() if r.month <= text]
    shown, absences = _shown(session, text), _absences(session, month)
    joined = {(f.household_id, f.rule_id): f for f in fates_of(session, month, JOINED)}
    changed, lost, silent = 0, list[Reason](), list[Reason]()
    for reason in reasons:
        if reason.key in joined:
            changed += reason.tell(_told(joined[reason.key]))
        if shown.get(reason.key, _NO_HIT) in (None, JOINED):
            changed += reason.mark(None if reason.gone_in == text else reason.gone_in)
        else:
            (lost if reason.month == text else silent).append(reason)
    earlier = _newest_before(session, text, lost)
    for reason in lost:
        fate = earlier.get(reason.key)
        if fate is not None:
            changed += reason.tell(_told(fate))
            silent.append(reason)
        elif reason.key[1] in absences:
            changed += reason.mark(text)
    for reason in silent:
        if reason.gone_in is not None and reason.gone_in > text:
            continue
        is_gone = reason.key not in shown and _says_gone(
            absences.get(reason.key[1]), reason.month, text
        )
        if is_gone and not reason.is_gone:
            changed += reason.mark(text)
        elif not is_gone and reason.gone_in == text:
            changed += reason.mark(None)
    return changed


def _shown(session: Session, month: str) -> dict[Key, str | None]:
    rows = session.execute(
        select(HitFate.household_id, HitFate.rule_id, HitFate.suppressed).where(
            HitFate.month == month
        )
    )
    return {(row.household_id, row.rule_id): row.suppressed for row in rows}


def _newest_before(session: Session, month: str, lost: Sequence[Reason]) -> dict[Key, HitFateRow]:
    """The newest earlier hit that gave each of these reasons, where an earlier month did."""
    since = {r.key: str(r.values["since"]) for r in lost if r.values["since"] < month}
    households = sorted({household for household, _ in since})
    newest: dict[Key, HitFateRow] = {}
    for start in range(0, len(households), _BATCH):
        for fate in session.execute(
            select(*_FATE)
            .where(HitFate.household_id.in_(households[start : start + _BATCH]))
            .where(HitFate.month < month, HitFate.month >= min(since.values()))
            .where(or_(HitFate.suppressed.is_(None), HitFate.suppressed == JOINED))
            .order_by(HitFate.month)
        ):
            key = fate.household_id, fate.rule_id
            if fate.month >= since.get(key, month):
                newest[key] = fate
    return newest


def _absences(session: Session, month: Month) -> dict[str, str]:
    """What its silence means, of each rule that ran on all its sources."""
    screening = current_screening(session, month)
    return {
        check["id"]: check.get("absence", "nothing")
        for check in (screening.checks if screening else ())
        if check["status"] == "ran" and not check["lacks"]
    }


def _says_gone(absence: str | None, told_in: str, month: str) -> bool:
    same_year = told_in[:4] == month[:4]
    return absence == "gone" or (absence == "gone_this_year" and same_year)


def _told(fate: HitFateRow) -> dict[str, Any]:
    return {
        "month": fate.month,
        "severity": fate.severity,
        "sentence": str(fate.evidence["sentence"]),
        "question": str(fate.evidence["question"]),
        "value": fate.value,
        "threshold": fate.threshold,
        "events": fate.events,
    }
