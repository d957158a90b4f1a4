"""A signed month is locked: what leave there is to correct it, who gave it and until when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from poverty_watch.files import read_yaml
from poverty_watch.ledger.journal import record
from poverty_watch.ledger.models import ReportUnlock, ReportVersion, now
from poverty_watch.months import COUNTY_ZONE, Month
from poverty_watch.report.errors import LockError
from poverty_watch.settings import REFERENCE

POLICY = REFERENCE / "report.yaml"


@dataclass(frozen=True)
class Lock:
    """The lock on a signed month; ``unlock`` is the leave that is open now, if any."""

    month: Month
    number: int
    signed_by: str
    unlock: ReportUnlock | None

    @property
    def is_closed(self) -> bool:
        """Whether nothing new may be made of the month."""
        return self.unlock is None


@lru_cache(maxsize=4)
def report_policy(path: Path = POLICY) -> dict[str, Any]:
    """``include/reference/report.yaml``."""
    found: dict[str, Any] = read_yaml(path.read_text(encoding="utf-8"))
    return found


def lock_of(session: Session, month: Month, at: datetime | None = None) -> Lock | None:
    """The month's lock; None while it is not signed."""
    signed = session.scalars(
        select(ReportVersion)
        .where(ReportVersion.month == str(month), ReportVersion.kind == "signed")
        .order_by(ReportVersion.number.desc())
        .limit(1)
    ).first()
    if signed is None:
        return None
    moment = at or now()
    leaves = session.scalars(
        select(ReportUnlock)
        .where(
            ReportUnlock.month == str(month),
            ReportUnlock.number == signed.number,
            ReportUnlock.until.is_not(None),
        )
        .order_by(ReportUnlock.id.desc())
    )
    leave = next((one for one in leaves if _utc(one.until) > moment), None)
    return Lock(month, signed.number, signed.signed_by or "", leave)


def ask_unlock(
    session: Session, month: Month, by: str, reason: str, days: int | None = None
) -> ReportUnlock:
    """Ask for leave to correct a signed month.

    Raises:
        LockError: the month is not signed, name or reason are missing, it is asked for too long, or
            a request is open already.
    """
    policy = report_policy()["unlock"]
    wanted = policy["days"] if days is None else days
    lock = lock_of(session, month)
    if lock is None:
        raise LockError(f"{month.chinese}的月报还没有签发，没有锁定，不用解锁。")
    if not by.strip() or not reason.strip():
        raise LockError("申请解锁要写明申请人和原因。")
    if not 1 <= wanted <= policy["at_most_days"]:
        raise LockError(f"解锁天数应在1至{policy['at_most_days']}天之间。")
    if lock.unlock is not None:
        raise LockError(
            f"{month.chinese}的月报已经解锁，到{local_time(_utc(lock.unlock.until))}为止。"
        )
    if _waiting(session, lock) is not None:
        raise LockError(f"{month.chinese}已有待确认的解锁申请，请另一人确认，不用再申请。")
    asked = ReportUnlock(
        month=str(month),
        number=lock.number,
        reason=reason.strip(),
        days=wanted,
        asked_by=by.strip(),
    )
    session.add(asked)
    record(
        session,
        "申请解锁月报",
        f"{month.chinese}月报第{lock.number}版",
        month=month,
        actor=by.strip(),
        reason=asked.reason,
        days=wanted,
    )
    return asked


def confirm_unlock(session: Session, month: Month, by: str) -> ReportUnlock:
    """Give the leave that another person asked for.

    Raises:
        LockError: nobody asked, it is too late, or the same person asked.
    """
    lock = lock_of(session, month)
    waiting = None if lock is None else _waiting(session, lock)
    if lock is None or waiting is None:
        raise LockError(f"{month.chinese}没有待确认的解锁申请，请先由一人申请并写明原因。")
    if not by.strip():
        raise LockError("确认解锁要写明确认人。")
    if by.strip() == waiting.asked_by:
        raise LockError(f"解锁要两个人办：{waiting.asked_by}申请的，请另一人确认。")
    waiting.confirmed_by, waiting.confirmed_at = by.strip(), now()
    waiting.until = waiting.confirmed_at + timedelta(days=waiting.days)
    record(
        session,
        "确认解锁月报",
        f"{month.chinese}月报第{lock.number}版",
        month=month,
        actor=by.strip(),
        asked_by=waiting.asked_by,
        reason=waiting.reason,
        until=waiting.until.isoformat(timespec="seconds"),
    )
    return waiting


def _waiting(session: Session, lock: Lock) -> ReportUnlock | None:
    """The request that nobody has confirmed yet and that is not too old."""
    limit = now() - timedelta(days=report_policy()["unlock"]["confirm_within_days"])
    asked = session.scalars(
        select(ReportUnlock)
        .where(
            ReportUnlock.month == str(lock.month),
            ReportUnlock.number == lock.number,
            ReportUnlock.confirmed_at.is_(None),
        )
        .order_by(ReportUnlock.id.desc())
    )
    return next((one for one in asked if _utc(one.asked_at) >= limit), None)


def leave_text(leave: ReportUnlock) -> str:
    """Who gave leave, why, until when."""
    until = local_time(leave.until) if leave.until else "（待确认）"
    return f"{leave.asked_by}申请，{leave.confirmed_by}确认，原因：{leave.reason}，到{until}为止"


def local_time(moment: datetime) -> str:
    """A moment as the county's clocks show it."""
    return f"{_utc(moment).astimezone(COUNTY_ZONE):%Y-%m-%d %H:%M}"


def _utc(moment: datetime | None) -> datetime:
    # SQLite gives times back without their zone; they are UTC.
    assert moment is not None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
