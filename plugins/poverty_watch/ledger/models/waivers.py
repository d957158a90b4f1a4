"""Waivers: a household's rule that opens no task for a time."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from sqlalchemy import Date, DateTime, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from poverty_watch.ledger.models.base import Base, kept, now


class Waiver(Base):
    """Who approved that a household's rule opens no task, why, from when until when.

    Both days belong to it. ``origin``: the county's file, or the office by command. One that was
    taken back counts until the day before ``revoked_on``: what it covered stays covered.
    """

    __tablename__ = "waiver"
    __table_args__ = (kept(),)

    id: Mapped[int] = mapped_column(primary_key=True)
    household_id: Mapped[str] = mapped_column(String(64), index=True)
    rule_id: Mapped[str] = mapped_column(String(8))
    valid_from: Mapped[date] = mapped_column(Date)
    valid_until: Mapped[date] = mapped_column(Date)
    reason: Mapped[str] = mapped_column(Text)
    approved_by: Mapped[str] = mapped_column(String(128))
    origin: Mapped[Literal["file", "office"]] = mapped_column(String(8))
    recorded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=now)
    revoked_on: Mapped[date | None] = mapped_column(Date)
    revoked_because: Mapped[str | None] = mapped_column(Text)
    revoked_by: Mapped[str | None] = mapped_column(String(128))
