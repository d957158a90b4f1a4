"""What was erased because its time was over."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, DateTime, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from poverty_watch.ledger.models.base import Base, MonthText, kept, now


class Purge(Base):
    """One erasure; never changed.

    ``kind``: raw (files as delivered), rows (a dataset's rows in the lake), evidence (of settled
    questions about assets), sheets (documents with full numbers), logs. ``items`` counts files, or
    findings; ``keep_months`` is the period that was over.
    """

    __tablename__ = "purge"
    __table_args__ = (kept(append_only=True),)

    id: Mapped[int] = mapped_column(primary_key=True)
    purged_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=now)
    purged_by: Mapped[str] = mapped_column(String(128))
    kind: Mapped[str] = mapped_column(String(16))
    month: Mapped[str] = mapped_column(MonthText, index=True)
    dataset: Mapped[str] = mapped_column(String(64), default="")
    what: Mapped[str] = mapped_column(Text)
    items: Mapped[int]
    bytes: Mapped[int] = mapped_column(BigInteger)
    keep_months: Mapped[int]
