"""The verification desk: sheets that came back, what was answered, who was reminded of what."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Date, DateTime, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from poverty_watch.ledger.models.base import Base, MonthText, Parent, SeenBy, kept, now


class SheetReturn(Base):
    """A returned workbook, taken in once per content and sender.

    ``township``: the sender as the folder names it, empty where it names none. ``rows``: what became
    of each row that was not plainly registered, with the answers that stood in it; ``counts``: rows
    per fate, all of them.
    """

    __tablename__ = "sheet_return"
    __table_args__ = (
        UniqueConstraint("sha256", "township"),
        kept(SeenBy(township="township")),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64))
    township: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(Text)
    month: Mapped[str] = mapped_column(MonthText, index=True)
    taken_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=now)
    counts: Mapped[dict[str, int]] = mapped_column(JSON, default=dict)
    rows: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)


class TaskAnswer(Base):
    """The answer that closed a task, as it stood in the sheet: header to text. Never changed."""

    __tablename__ = "task_answer"
    __table_args__ = (kept(SeenBy(with_parent=Parent("task", ("task_id",)))),)

    task_id: Mapped[int] = mapped_column(ForeignKey("task.id"), primary_key=True)
    return_id: Mapped[int] = mapped_column(ForeignKey("sheet_return.id"), index=True)
    answers: Mapped[dict[str, str]] = mapped_column(JSON)


class TaskRung(Base):
    """A rung of the escalation ladder that an open task has reached."""

    __tablename__ = "task_rung"
    __table_args__ = (kept(SeenBy(with_parent=Parent("task", ("task_id",)))),)

    task_id: Mapped[int] = mapped_column(ForeignKey("task.id"), primary_key=True)
    rung: Mapped[str] = mapped_column(String(16), primary_key=True)
    reached_on: Mapped[date] = mapped_column(Date)


class DeskMail(Base):
    """One mail to one recipient about the tasks that reached a rung on a day.

    ``status``: waiting (no address, or the server did not take it), sending (handed over, outcome
    not known: never sent again), sent. ``outcome``: the last attempt in Chinese.
    """

    __tablename__ = "desk_mail"
    __table_args__ = (UniqueConstraint("rung", "recipient", "day"), kept())

    id: Mapped[int] = mapped_column(primary_key=True)
    rung: Mapped[str] = mapped_column(String(16))
    recipient: Mapped[str] = mapped_column(String(128))
    day: Mapped[date] = mapped_column(Date)
    tasks: Mapped[list[int]] = mapped_column(JSON)
    status: Mapped[str] = mapped_column(String(16), default="waiting")
    attempts: Mapped[int] = mapped_column(default=0)
    outcome: Mapped[str | None] = mapped_column(Text)
    sent_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
