"""Versions of the bulletin of two months."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Date, DateTime, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from poverty_watch.ledger.models.base import Base, MonthText, SeenBy, kept, now


class Bulletin(Base):
    """A numbered, immutable bulletin. ``month`` is the second of its two months, ``first`` the first.

    ``manifest``: the report versions that it was made from, its policy, and its files with their
    SHA-256; ``path`` is the bulletin itself, below the outbox. ``agreed_by``: who had it sent.
    """

    __tablename__ = "bulletin"
    __table_args__ = (UniqueConstraint("month", "first", "number"), kept(SeenBy(everyone=True)))

    id: Mapped[int] = mapped_column(primary_key=True)
    month: Mapped[str] = mapped_column(MonthText)
    first: Mapped[str] = mapped_column(MonthText)
    number: Mapped[int]
    as_of: Mapped[date] = mapped_column(Date)
    fingerprint: Mapped[str] = mapped_column(String(64))
    path: Mapped[str] = mapped_column(Text)
    manifest: Mapped[dict[str, Any]] = mapped_column(JSON)
    agreed_by: Mapped[str | None] = mapped_column(String(128))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=now)
