"""Which computation of a month is in force."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from poverty_watch.ledger.models import Screening, now
from poverty_watch.months import Month


def current_screening(session: Session, month: Month) -> Screening | None:
    """The computation in force for a month: the one confirmed last."""
    return session.scalars(
        select(Screening)
        .where(Screening.month == str(month))
        .order_by(Screening.confirmed_at.desc(), Screening.id.desc())
        .limit(1)
    ).first()


def confirm_screening(
    session: Session,
    month: Month,
    fingerprint: str,
    *,
    inputs: list[dict[str, Any]],
    checks: list[dict[str, Any]],
    serving: dict[str, str],
    not_judged: dict[str, Any] | None = None,
) -> bool:
    """Put a computation in force; True if another one, or none, was in force before.

    One that is in force already is not touched. An older one that fits the deliveries of today
    again (a correction was taken back) is confirmed anew.
    """
    current = current_screening(session, month)
    if current is not None and current.fingerprint == fingerprint:
        return False
    known = session.scalars(
        select(Screening).where(Screening.month == str(month), Screening.fingerprint == fingerprint)
    ).first()
    if known is None:
        session.add(
            Screening(
                month=str(month),
                fingerprint=fingerprint,
                inputs=inputs,
                checks=checks,
                serving=serving,
                not_judged=not_judged,
            )
        )
    else:
        known.confirmed_at = now()
    return True
