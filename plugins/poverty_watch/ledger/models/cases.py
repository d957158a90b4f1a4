"""Cases: a household's way from a lead to a decision, the help it gets, and back out again.

``case_step`` is append-only: the database refuses to change or delete a row.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Date,
    DateTime,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from poverty_watch.ledger.models.base import Base, MonthText, Parent, SeenBy, kept, now


class Case(Base):
    """A household's case. At most one is open per household (``closed_on`` is null).

    ``kind``: identification, relapse (a household whose risk was eliminated before), elimination.
    ``origin``: department, petition, self_report, cadre. ``month``: the month monitored that raised
    it. ``step``: the step that is to be done next, null once closed; ``due_on``: its deadline.
    ``outcome``: recognised, excluded, monitored, not_found (closed without recognition), eliminated,
    kept (stays monitored). ``approved_on``: the day of the county's decision; its month is the month in which
    the report counts it. ``risks``: main risk first. ``persons``: living register members (of a
    household outside the register: living members) on the day of approval. ``agreed_in``: the first
    register snapshot that says the same as the decision.
    """

    __tablename__ = "household_case"
    __table_args__ = (
        Index(
            "uq_household_case_open_household",
            "household_id",
            unique=True,
            sqlite_where=text("closed_on IS NULL"),
            postgresql_where=text("closed_on IS NULL"),
        ),
        kept(SeenBy(township="township")),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    household_id: Mapped[str] = mapped_column(String(64), index=True)
    township: Mapped[str] = mapped_column(String(64))
    village: Mapped[str] = mapped_column(String(128))
    month: Mapped[str] = mapped_column(MonthText, index=True)
    head_person_id: Mapped[int | None] = mapped_column(BigInteger)
    origin: Mapped[str] = mapped_column(String(16))
    is_urgent: Mapped[bool] = mapped_column(default=False)
    opened_on: Mapped[date] = mapped_column(Date)
    step: Mapped[str | None] = mapped_column(String(16))
    due_on: Mapped[date | None] = mapped_column(Date)
    total_due_on: Mapped[date] = mapped_column(Date)
    monitored_class: Mapped[str | None] = mapped_column(String(16))
    risks: Mapped[list[str]] = mapped_column(JSON, default=list)
    mode: Mapped[str | None] = mapped_column(String(16))
    approved_on: Mapped[date | None] = mapped_column(Date)
    persons: Mapped[int | None]
    outcome: Mapped[str | None] = mapped_column(String(16))
    outcome_reason: Mapped[str | None] = mapped_column(Text)
    closed_on: Mapped[date | None] = mapped_column(Date)
    agreed_in: Mapped[str | None] = mapped_column(MonthText)

    steps: Mapped[list[CaseStep]] = relationship(
        back_populates="case", order_by="CaseStep.number", passive_deletes="all"
    )


class CaseStep(Base):
    """One step of a case as it was done: who, when, with what, and what comes next. Never changed.

    ``done_on`` is the day that the step names, ``at`` the moment it was written down. ``due_on`` is
    the deadline that was in force. ``evidence`` lists files kept by content: kind, sha256, name,
    bytes. ``policy_sha256`` names the procedure by which it was judged.
    """

    __tablename__ = "case_step"
    __table_args__ = (
        UniqueConstraint("case_id", "number"),
        kept(SeenBy(with_parent=Parent("household_case", ("case_id",))), append_only=True),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("household_case.id"))
    number: Mapped[int]
    step: Mapped[str] = mapped_column(String(16))
    decision: Mapped[str] = mapped_column(String(32))
    actor: Mapped[str] = mapped_column(String(64))
    role: Mapped[str] = mapped_column(String(16))
    place: Mapped[str] = mapped_column(String(64), default="")
    done_on: Mapped[date] = mapped_column(Date)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=now)
    due_on: Mapped[date | None] = mapped_column(Date)
    given: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    evidence: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    next_step: Mapped[str | None] = mapped_column(String(16))
    next_due_on: Mapped[date | None] = mapped_column(Date)
    policy_sha256: Mapped[str] = mapped_column(String(64))

    case: Mapped[Case] = relationship(back_populates="steps")


class Measure(Base):
    """Help for a household against one risk, owed by one department.

    ``status``: planned, done, cancelled. ``kind`` is one of the national system's categories;
    ``is_developing``: 产业, 就业, 金融, 公益岗.
    """

    __tablename__ = "measure"
    __table_args__ = (
        Index(
            "uq_measure_standing",
            "household_id",
            "risk",
            "kind",
            "department",
            unique=True,
            sqlite_where=text("status = 'planned'"),
            postgresql_where=text("status = 'planned'"),
        ),
        kept(SeenBy(township="township", department="department")),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int | None] = mapped_column(ForeignKey("household_case.id"), index=True)
    household_id: Mapped[str] = mapped_column(String(64), index=True)
    township: Mapped[str] = mapped_column(String(64))
    village: Mapped[str] = mapped_column(String(128))
    risk: Mapped[str] = mapped_column(String(32))
    kind: Mapped[str] = mapped_column(String(32))
    department: Mapped[str] = mapped_column(String(64))
    is_developing: Mapped[bool]
    status: Mapped[str] = mapped_column(String(16), default="planned")
    planned_on: Mapped[date] = mapped_column(Date)
    planned_by: Mapped[str] = mapped_column(String(64))
    due_on: Mapped[date] = mapped_column(Date)
    done_on: Mapped[date | None] = mapped_column(Date)
    done_by: Mapped[str | None] = mapped_column(String(64))
    result: Mapped[str | None] = mapped_column(Text)
    evidence: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)


class CaseDifference(Base):
    """Where the register snapshot of a month says something else than a case decided here.

    Nothing is overwritten on either side. ``field``: what differs, as staff call it.
    """

    __tablename__ = "case_difference"
    __table_args__ = (kept(SeenBy(township="township")),)

    month: Mapped[str] = mapped_column(MonthText, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("household_case.id"), primary_key=True)
    field: Mapped[str] = mapped_column(String(32), primary_key=True)
    township: Mapped[str] = mapped_column(String(64))
    here: Mapped[str | None] = mapped_column(Text)
    in_register: Mapped[str | None] = mapped_column(Text)
