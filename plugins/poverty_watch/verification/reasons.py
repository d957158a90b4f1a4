"""Keep the reasons of open tasks at what the newest data say; tell which of them have gone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from poverty_watch.ledger.models import HitFate, Task, TaskReason
from poverty_watch.ledger.screenings import current_screening
from poverty_watch.months import Month

JOINED = "d"
_NO_HIT = "none"
_BATCH = 500

Key = tuple[str, str]  # household, rule
Pair = tuple[Task, TaskReason]


def add_reasons(task: Task, fates: Iterable[HitFate]) -> bool:
    """Add what is new and refresh what a month tells differently; False if nothing was."""
    known = {reason.rule_id: reason for reason in task.reasons}
    changed = False
    for fate in fates:
        reason = known.get(fate.rule_id)
        if reason is None:
            told = _told(fate)
            task.reasons.append(TaskReason(rule_id=fate.rule_id, since=fate.month, **told))
            changed = True
        elif reason.month <= fate.month:
            changed |= _retell(reason, fate)
    return changed


def follow_data(session: Session, month: Month, tasks: Iterable[Task]) -> int:
    """Bring the reasons of open tasks to a month's data, once its leads have joined them.

    A hit that joined a task becomes its newest evidence. A reason is marked as gone where its rule
    ran on all its sources and either a correction took the month's own hit away, or the month does
    not show it any more and its silence means something. What newer months have said is left alone.

    Returns:
        How many reasons were changed.
    """
    text = str(month)
    pairs = [(task, r) for task in tasks for r in task.reasons if r.month <= text]
    shown, joined, absences = (
        _shown(session, text),
        _joined(session, text),
        _absences(session, month),
    )
    changed, lost, silent = 0, list[Pair](), list[Pair]()
    for task, reason in pairs:
        key = _key(task, reason)
        if key in joined:
            changed += _retell(reason, joined[key])
        if shown.get(key, _NO_HIT) in (None, JOINED):
            changed += _mark(reason, None if reason.gone_in == text else reason.gone_in)
        else:
            (lost if reason.month == text else silent).append((task, reason))
    earlier = _newest_before(session, text, lost)
    for task, reason in lost:
        fate = earlier.get(_key(task, reason))
        if fate is not None:
            changed += _retell(reason, fate)
            silent.append((task, reason))
        elif reason.rule_id in absences:
            changed += _mark(reason, text)
    for task, reason in silent:
        if reason.gone_in is not None and reason.gone_in > text:
            continue
        is_gone = _key(task, reason) not in shown and _says_gone(
            absences.get(reason.rule_id), reason.month, text
        )
        if is_gone and not reason.is_gone:
            changed += _mark(reason, text)
        elif not is_gone and reason.gone_in == text:
            changed += _mark(reason, None)
    return changed


def _shown(session: Session, month: str) -> dict[Key, str | None]:
    rows = session.execute(
        select(HitFate.household_id, HitFate.rule_id, HitFate.suppressed).where(
            HitFate.month == month
        )
    )
    return {(row.household_id, row.rule_id): row.suppressed for row in rows}


def _joined(session: Session, month: str) -> dict[Key, HitFate]:
    fates = session.scalars(
        select(HitFate).where(HitFate.month == month, HitFate.suppressed == JOINED)
    )
    return {(fate.household_id, fate.rule_id): fate for fate in fates}


def _newest_before(session: Session, month: str, lost: Sequence[Pair]) -> dict[Key, HitFate]:
    """The newest earlier hit that gave each of these reasons, where an earlier month did."""
    since = {_key(task, reason): reason.since for task, reason in lost if reason.since < month}
    households = sorted({household for household, _ in since})
    newest: dict[Key, HitFate] = {}
    for start in range(0, len(households), _BATCH):
        for fate in session.scalars(
            select(HitFate)
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


def _key(task: Task, reason: TaskReason) -> Key:
    return task.household_id, reason.rule_id


def _mark(reason: TaskReason, gone_in: str | None) -> bool:
    changed = reason.gone_in != gone_in
    reason.gone_in = gone_in
    return changed


def _told(fate: HitFate) -> dict[str, Any]:
    return {
        "month": fate.month,
        "severity": fate.severity,
        "sentence": str(fate.evidence["sentence"]),
        "question": str(fate.evidence["question"]),
        "value": fate.value,
        "threshold": fate.threshold,
        "events": fate.events,
    }


def _retell(reason: TaskReason, fate: HitFate) -> bool:
    different = {n: v for n, v in _told(fate).items() if getattr(reason, n) != v}
    for name, value in different.items():
        setattr(reason, name, value)
    return bool(different)
