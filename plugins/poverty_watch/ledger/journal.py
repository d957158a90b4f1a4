"""Write down what happened."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from poverty_watch.ledger.models import JournalEntry
from poverty_watch.months import Month


def record(
    session: Session,
    action: str,
    subject: str,
    *,
    month: Month | None = None,
    actor: str = "系统",
    **detail: Any,
) -> None:
    """Add one entry to the journal, in the caller's transaction."""
    session.add(
        JournalEntry(
            month=str(month) if month else None,
            actor=actor,
            action=action,
            subject=subject,
            detail=detail,
        )
    )
