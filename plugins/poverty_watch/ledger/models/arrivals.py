"""What has been taken from departments' servers, databases and interfaces."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import DateTime, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from poverty_watch.ledger.models.base import Base, MonthText, SeenBy, kept, now


class SourceMark(Base):
    """How far a source has been taken for a month: one row per file of a server or dataset.

    ``mark`` changes when what is there has changed: size and time of a file, the SHA-256 of a
    dataset's rows; ``taken_at`` is when it last did. ``rows`` is unknown for files.
    """

    __tablename__ = "source_mark"
    __table_args__ = (kept(SeenBy(department="department")),)

    month: Mapped[str] = mapped_column(MonthText, primary_key=True)
    department: Mapped[str] = mapped_column(String(64), primary_key=True)
    item: Mapped[str] = mapped_column(String(768), primary_key=True)
    way: Mapped[str] = mapped_column(String(16))
    dataset: Mapped[str | None] = mapped_column(String(64))
    mark: Mapped[str] = mapped_column(Text)
    rows: Mapped[int | None]
    taken_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=now)
