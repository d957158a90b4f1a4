"""Report versions."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, DateTime, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from poverty_watch.ledger.models.base import Base, MonthText, SeenBy, kept, now


class ReportVersion(Base):
    """A numbered, immutable report of a month. ``kind``: draft, signed, recomputed.

    ``manifest`` says what it was made from and which files belong to it; of a correction it has
    ``corrects``: the number of the version that it corrects, and the reason.
    """

    __tablename__ = "report_version"
    __table_args__ = (
        UniqueConstraint("month", "number"),
        kept(SeenBy(everyone=True), append_only=True),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    month: Mapped[str] = mapped_column(MonthText)
    number: Mapped[int]
    kind: Mapped[str] = mapped_column(String(16))
    fingerprint: Mapped[str] = mapped_column(String(64))
    path: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(String(64))
    manifest: Mapped[dict[str, Any]] = mapped_column(JSON)
    signed_by: Mapped[str | None] = mapped_column(String(128))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=now)


class ReportUnlock(Base):
    """Leave to correct a signed month: one person asked and said why, another one confirmed.

    It opens the version ``number`` alone, from ``confirmed_at`` until ``until``; a newer signed
    version is locked again by itself.
    """

    __tablename__ = "report_unlock"
    __table_args__ = (kept(SeenBy(everyone=True)),)

    id: Mapped[int] = mapped_column(primary_key=True)
    month: Mapped[str] = mapped_column(MonthText, index=True)
    number: Mapped[int]
    reason: Mapped[str] = mapped_column(Text)
    days: Mapped[int]
    asked_by: Mapped[str] = mapped_column(String(64))
    asked_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=now)
    confirmed_by: Mapped[str | None] = mapped_column(String(64))
    confirmed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
