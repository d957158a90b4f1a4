"""Verification tasks."""

from __future__ import annotations

from datetime import date
from typing import Literal

from sqlalchemy import JSON, Date, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from poverty_watch.ledger.models.base import Base, MonthText, Parent, SeenBy, kept

# What a verification came to: the matter is real; it is not (属实, 不属实); the household is
# monitored already; there is no such household (已在监测, 查无此户).
Outcome = Literal["confirmed", "excluded", "monitored", "not_found"]


class Task(Base):
    """A verification task: one household, one visit. At most one is open per household.

    ``status``: open or closed. A closed one has an ``outcome`` and the day on which it was decided;
    ``excluded`` keeps later hits of its reasons back for a time, counted from that day. ``case_id``:
    the case in which the verification is written down; several tasks may come to one case.
    """

    __tablename__ = "task"
    __table_args__ = (
        Index(
            "uq_task_open_household",
            "household_id",
            unique=True,
            sqlite_where=text("status = 'open'"),
            postgresql_where=text("status = 'open'"),
        ),
        Index("ix_task_progress", "township", "village", "status", "outcome", "due_on", "month"),
        kept(SeenBy(township="township")),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    household_id: Mapped[str] = mapped_column(String(64), index=True)
    township: Mapped[str] = mapped_column(String(64))
    village: Mapped[str] = mapped_column(String(128))
    month: Mapped[str] = mapped_column(MonthText)
    opened_on: Mapped[date] = mapped_column(Date)
    due_on: Mapped[date] = mapped_column(Date)
    status: Mapped[str] = mapped_column(String(16), default="open")
    outcome: Mapped[Outcome | None] = mapped_column(String(16))
    decided_on: Mapped[date | None] = mapped_column(Date)
    case_id: Mapped[int | None] = mapped_column(ForeignKey("household_case.id"), index=True)

    reasons: Mapped[list[TaskReason]] = relationship(
        back_populates="task", cascade="all, delete-orphan", order_by="TaskReason.rule_id"
    )

    @property
    def is_cleared(self) -> bool:
        """Whether every reason has gone from the data; a person closes the task all the same."""
        return bool(self.reasons) and all(reason.is_gone for reason in self.reasons)


class TaskReason(Base):
    """Why a household is to be visited: one rule, with the months that gave it first and last.

    While the task is open the reason follows the newest evidence (``month``, ``value``,
    ``threshold``, ``events``); when it is closed they stay as what was verified. ``events`` names
    the rows of evidence, so that a new one can be told from a known one. ``gone_in``: the month
    whose data no longer showed the reason; a ``month`` after it shows it again.
    """

    __tablename__ = "task_reason"
    __table_args__ = (kept(SeenBy(with_parent=Parent("task", ("task_id",)))),)

    task_id: Mapped[int] = mapped_column(ForeignKey("task.id"), primary_key=True)
    rule_id: Mapped[str] = mapped_column(String(8), primary_key=True)
    month: Mapped[str] = mapped_column(MonthText)
    severity: Mapped[str] = mapped_column(String(8))
    sentence: Mapped[str] = mapped_column(Text)
    question: Mapped[str] = mapped_column(Text)

    since: Mapped[str] = mapped_column(MonthText)
    value: Mapped[str | None] = mapped_column(Text)
    threshold: Mapped[str | None] = mapped_column(Text)
    events: Mapped[list[str] | None] = mapped_column(JSON)
    gone_in: Mapped[str | None] = mapped_column(MonthText)

    task: Mapped[Task] = relationship(back_populates="reasons")

    @property
    def is_gone(self) -> bool:
        """Whether the newest data do not show the reason any more."""
        return self.gone_in is not None and self.gone_in >= self.month
