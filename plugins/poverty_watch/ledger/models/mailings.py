"""Mails of the county office: the report, extracts, how the month stands, the bulletin."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, DateTime, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from poverty_watch.ledger.models.base import Base, MonthText, kept, now


class Mailing(Base):
    """One mail to one recipient: there is never a second of its kind, month, edition, recipient.

    ``kind``: report, extract, watch, unsigned, bulletin, municipal. ``edition``: which of that kind,
    a report's number or a day. ``recipient``: group/name as in ``recipients.yaml``; the address
    itself is not kept. ``files``: path below the outbox, name in the mail, sha256.
    ``status``: waiting (not sent yet, or certainly not taken), sending (handed over, outcome not
    known: never sent again by itself), sent, dropped (a newer one takes its place, or a person said
    so). ``outcome``: the last attempt, or a person's word, in Chinese.
    """

    __tablename__ = "mailing"
    __table_args__ = (UniqueConstraint("kind", "month", "edition", "recipient"), kept())

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    month: Mapped[str] = mapped_column(MonthText, index=True)
    edition: Mapped[str] = mapped_column(String(64))
    recipient: Mapped[str] = mapped_column(String(128))
    subject: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    html: Mapped[str | None] = mapped_column(Text)
    files: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    status: Mapped[str] = mapped_column(String(16), default="waiting")
    attempts: Mapped[int] = mapped_column(default=0)
    outcome: Mapped[str | None] = mapped_column(Text)
    queued_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=now)
    sent_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
