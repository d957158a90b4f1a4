"""The ledger's tables. Months are ``YYYY-MM`` texts; times are UTC; ids are the ledger's own."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Date,
    DateTime,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from poverty_watch.months import COUNTY_ZONE

NAMING = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


def now() -> datetime:
    """The present moment, UTC."""
    return datetime.now(UTC)


class Base(DeclarativeBase):
    """All tables of the ledger."""

    metadata = MetaData(naming_convention=NAMING)


MonthText = String(7)


class SeenFile(Base):
    """A file met in an inbox: kept as delivered below its SHA-256, in the order of arrival (id).

    ``fate``: waiting, settled, unknown (no dataset is named), ignored (lock and system files).
    """

    __tablename__ = "seen_file"
    __table_args__ = (UniqueConstraint("month", "department", "path", "sha256"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    month: Mapped[str] = mapped_column(MonthText)
    department: Mapped[str] = mapped_column(String(64))
    path: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(String(64))
    bytes: Mapped[int] = mapped_column(BigInteger)
    modified_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    first_seen_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=now)
    arrival: Mapped[int]
    dataset: Mapped[str | None] = mapped_column(String(64))
    fate: Mapped[str] = mapped_column(String(16))


class Delivery(Base):
    """One submission of one dataset for one month, by content; accepted ones have a version.

    ``policy_sha256`` names the contract, suite and limits by which it was judged: a stopped delivery
    is judged again once those have changed, an accepted one never.
    """

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("month", "dataset", "content_sha256"),
        UniqueConstraint("month", "dataset", "version"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    month: Mapped[str] = mapped_column(MonthText)
    dataset: Mapped[str] = mapped_column(String(64))
    department: Mapped[str] = mapped_column(String(64))
    content_sha256: Mapped[str] = mapped_column(String(64))
    policy_sha256: Mapped[str] = mapped_column(String(64))
    status: Mapped[str] = mapped_column(String(32))
    version: Mapped[int | None]
    data_rows: Mapped[int] = mapped_column(default=0)
    accepted_rows: Mapped[int] = mapped_column(default=0)
    rejected_rows: Mapped[int] = mapped_column(default=0)
    header_rows: Mapped[int] = mapped_column(default=0)
    blank_rows: Mapped[int] = mapped_column(default=0)
    total_rows: Mapped[int] = mapped_column(default=0)
    late_rows: Mapped[int] = mapped_column(default=0)
    faults: Mapped[dict[str, int]] = mapped_column(JSON, default=dict)
    files: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    messages: Mapped[list[str]] = mapped_column(JSON, default=list)
    settled_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=now)


class DatasetMonth(Base):
    """What became of a dataset for a month.

    ``status`` is one of accepted, accepted_with_warnings, rejected, nil, missing, error;
    ``delivery_id`` is the delivery in force (accepted, accepted_with_warnings, nil), else null.
    """

    __tablename__ = "dataset_month"

    month: Mapped[str] = mapped_column(MonthText, primary_key=True)
    dataset: Mapped[str] = mapped_column(String(64), primary_key=True)
    department: Mapped[str] = mapped_column(String(64))
    status: Mapped[str] = mapped_column(String(32))
    delivery_id: Mapped[int | None] = mapped_column(ForeignKey("delivery.id"))
    messages: Mapped[list[str]] = mapped_column(JSON, default=list)
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=now)

    delivery: Mapped[Delivery | None] = relationship()


class SealedPerson(Base):
    """The one place where identity numbers and phones are kept, encrypted."""

    __tablename__ = "sealed_person"

    person_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    identity: Mapped[bytes] = mapped_column(LargeBinary)
    phone: Mapped[bytes | None] = mapped_column(LargeBinary)


class Screening(Base):
    """One computation of a month's comparisons and rules, by the fingerprint of its inputs.

    ``inputs`` lists every delivery version read; ``checks`` has per rule and comparison the file
    hash, parameters, status (ran, not_run), what it lacks, eligible and hit counts. The rows lie in
    the lake. The newest entry of a month is the one in force.
    """

    __tablename__ = "screening"
    __table_args__ = (UniqueConstraint("month", "fingerprint"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    month: Mapped[str] = mapped_column(MonthText, index=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    inputs: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    checks: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    serving: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    confirmed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=now)


class HitFate(Base):
    """What became of a hit: it joined a lead, or was suppressed (reason a-e of the catalogue)."""

    __tablename__ = "hit_fate"

    month: Mapped[str] = mapped_column(MonthText, primary_key=True)
    household_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    rule_id: Mapped[str] = mapped_column(String(8), primary_key=True)
    severity: Mapped[str] = mapped_column(String(8))
    value: Mapped[str | None] = mapped_column(Text)
    threshold: Mapped[str | None] = mapped_column(Text)
    evidence: Mapped[dict[str, Any]] = mapped_column(JSON)
    suppressed: Mapped[str | None] = mapped_column(String(1))
    reopens_when: Mapped[str | None] = mapped_column(Text)


class Lead(Base):
    """One household and month with all its unsuppressed hits as reasons.

    ``status``: raised; withdrawn when a corrected delivery no longer gives it a reason.
    """

    __tablename__ = "lead"

    month: Mapped[str] = mapped_column(MonthText, primary_key=True)
    household_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    severity: Mapped[str] = mapped_column(String(8))
    reasons: Mapped[list[str]] = mapped_column(JSON)
    township: Mapped[str] = mapped_column(String(64))
    village: Mapped[str] = mapped_column(String(128))
    status: Mapped[str] = mapped_column(String(16), default="raised")


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


class ReportVersion(Base):
    """A numbered, immutable report of a month. ``kind``: draft, signed, recomputed."""

    __tablename__ = "report_version"
    __table_args__ = (UniqueConstraint("month", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    month: Mapped[str] = mapped_column(MonthText)
    number: Mapped[int]
    kind: Mapped[str] = mapped_column(String(16))
    fingerprint: Mapped[str] = mapped_column(String(64))
    path: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(String(64))
    manifest: Mapped[dict[str, Any]] = mapped_column(JSON)
    signed_by: Mapped[str | None] = mapped_column(String(128))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=now)


class JournalEntry(Base):
    """What happened, in order: never changed, never deleted."""

    __tablename__ = "journal"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=now)
    month: Mapped[str | None] = mapped_column(MonthText, index=True)
    actor: Mapped[str] = mapped_column(String(64))
    action: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(Text)
    detail: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)


class StoppedDecision(Base):
    """A person's decision to accept a delivery that stopped, with the reason. Never changed."""

    __tablename__ = "stopped_decision"

    delivery_id: Mapped[int] = mapped_column(ForeignKey("delivery.id"), primary_key=True)
    decided_by: Mapped[str] = mapped_column(String(128))
    reason: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=now)

    @property
    def sentence(self) -> str:
        """Who accepted it, when and why, as staff read it."""
        # SQLite gives times back without their zone; they are UTC.
        aware = self.at if self.at.tzinfo else self.at.replace(tzinfo=UTC)
        day = aware.astimezone(COUNTY_ZONE)
        return (
            f"本份曾整份暂停，{day.year}年{day.month}月{day.day}日由{self.decided_by}决定接收，"
            f"理由：{self.reason.rstrip('。')}。"
        )
