"""Report versions."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, DateTime, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from poverty_watch.ledger.models.base import Base, MonthText, SeenBy, kept, now


class ReportVersion(Base):
    """A numbered, immutable report of a month. ``kind``: draft, signed, recomputed."""

    __tablename__ = "report_version"
    __table_args__ = (UniqueConstraint("month", "number"), kept(SeenBy(everyone=True)))

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
