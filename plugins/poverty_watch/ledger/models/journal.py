"""What happened, in order, each entry chained to the one before."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, DateTime, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from poverty_watch.ledger.models.base import Base, MonthText, SeenBy, kept, now


class JournalEntry(Base):
    """What happened, in order: never changed, never deleted, which the database itself refuses.

    ``hash`` is a keyed hash over the entry and the hash before it; null only in entries older than
    the chain. Written by `poverty_watch.ledger.journal.record` alone.
    """

    __tablename__ = "journal"
    __table_args__ = (kept(SeenBy(appended_by_all=True), append_only=True),)

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=now)
    month: Mapped[str | None] = mapped_column(MonthText, index=True)
    actor: Mapped[str] = mapped_column(String(64))
    action: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(Text)
    detail: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    hash: Mapped[str | None] = mapped_column(String(64))


class JournalHead(Base):
    """The last link of the journal: one row, so that an entry cut off at the end is missed.

    It is also what writers queue at: whoever appends holds this row until the transaction ends.
    """

    __tablename__ = "journal_head"
    __table_args__ = (kept(SeenBy(written_by_all=True)),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last_id: Mapped[int]
    hash: Mapped[str | None] = mapped_column(String(64))
