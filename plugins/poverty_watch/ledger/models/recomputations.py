"""Months that were computed again."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import DateTime, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from poverty_watch.ledger.models.base import Base, MonthText, SeenBy, kept, now


class Recomputation(Base):
    """One month that was computed again, and on whose word.

    ``batch`` names what was asked for together; ``run`` is Airflow's name of the month's run.
    ``known``: now (all deliveries known by then) or then (those that the standing report was made
    from). ``reason`` and ``asked_by`` are empty where nobody stated them. ``standing``: the number of
    the report that stood before, ``made``: that of the recomputed one; ``changed``: whether it shows
    anything else than the one that stood before it. ``status``: running, done, failed. ``reviewed_by``
    is never who asked.
    """

    __tablename__ = "recomputation"
    __table_args__ = (UniqueConstraint("month", "run"), kept(SeenBy(everyone=True)))

    id: Mapped[int] = mapped_column(primary_key=True)
    month: Mapped[str] = mapped_column(MonthText, index=True)
    batch: Mapped[str] = mapped_column(String(64))
    run: Mapped[str] = mapped_column(String(250))
    known: Mapped[str] = mapped_column(String(8))
    reason: Mapped[str] = mapped_column(Text)
    asked_by: Mapped[str] = mapped_column(String(128))
    asked_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=now)
    status: Mapped[str] = mapped_column(String(16), default="running")
    told: Mapped[str] = mapped_column(Text, default="")
    standing: Mapped[int | None]
    made: Mapped[int | None]
    changed: Mapped[bool | None]
    finished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    reviewed_by: Mapped[str | None] = mapped_column(String(128))
    reviewed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    review: Mapped[str | None] = mapped_column(Text)
