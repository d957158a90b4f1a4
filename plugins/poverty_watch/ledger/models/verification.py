"""Verification tasks."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Date, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from poverty_watch.ledger.models.base import Base, MonthText


class Task(Base):
    """A verification task: one household, one visit. At most one is open per household."""

    __tablename__ = "task"
    __table_args__ = (
        Index(
            "uq_task_open_household",
            "household_id",
            unique=True,
            sqlite_where=text("status = 'open'"),
            postgresql_where=text("status = 'open'"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    household_id: Mapped[str] = mapped_column(String(64), index=True)
    township: Mapped[str] = mapped_column(String(64))
    village: Mapped[str] = mapped_column(String(128))
    month: Mapped[str] = mapped_column(MonthText)
    opened_on: Mapped[date] = mapped_column(Date)
    due_on: Mapped[date] = mapped_column(Date)
    status: Mapped[str] = mapped_column(String(16), default="open")

    reasons: Mapped[list[TaskReason]] = relationship(
        back_populates="task", cascade="all, delete-orphan", order_by="TaskReason.rule_id"
    )


class TaskReason(Base):
    """Why a household is to be visited: one rule, with the month that gave it last."""

    __tablename__ = "task_reason"

    task_id: Mapped[int] = mapped_column(ForeignKey("task.id"), primary_key=True)
    rule_id: Mapped[str] = mapped_column(String(8), primary_key=True)
    month: Mapped[str] = mapped_column(MonthText)
    severity: Mapped[str] = mapped_column(String(8))
    sentence: Mapped[str] = mapped_column(Text)
    question: Mapped[str] = mapped_column(Text)

    task: Mapped[Task] = relationship(back_populates="reasons")
