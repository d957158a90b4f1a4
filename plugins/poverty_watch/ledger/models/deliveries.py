"""Deliveries: files seen, submissions, what is in force, decisions."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from poverty_watch.ledger.models.base import Base, MonthText, Parent, SeenBy, kept, now
from poverty_watch.months import COUNTY_ZONE


class SeenFile(Base):
    """A file met in an inbox: kept as delivered below its SHA-256, in the order of arrival (id).

    ``fate``: waiting, settled, unknown (no dataset is named), ignored (lock and system files).
    ``kind``: whole (a delivery, or a township's part of one) or correction (a correction sheet).
    """

    __tablename__ = "seen_file"
    __table_args__ = (
        UniqueConstraint("month", "department", "path", "sha256"),
        kept(SeenBy(department="department")),
    )

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
    kind: Mapped[str] = mapped_column(String(16), default="whole", server_default="whole")


class Delivery(Base):
    """One submission of one dataset for one month, by content; accepted ones have a version.

    ``policy_sha256`` names the contract, suite and limits by which it was judged: a stopped delivery
    is judged again once those have changed, an accepted one never. ``open_queries`` counts by code
    what the sender was asked and had not explained; null in rows of before there were queries.
    ``voided_rows`` are those that the sender has taken back in a correction sheet.
    """

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("month", "dataset", "content_sha256"),
        UniqueConstraint("month", "dataset", "version"),
        kept(SeenBy(department="department")),
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
    voided_rows: Mapped[int] = mapped_column(default=0, server_default="0")
    header_rows: Mapped[int] = mapped_column(default=0)
    blank_rows: Mapped[int] = mapped_column(default=0)
    total_rows: Mapped[int] = mapped_column(default=0)
    late_rows: Mapped[int] = mapped_column(default=0)
    faults: Mapped[dict[str, int]] = mapped_column(JSON, default=dict)
    open_queries: Mapped[dict[str, int] | None] = mapped_column(JSON)
    files: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    messages: Mapped[list[str]] = mapped_column(JSON, default=list)
    settled_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=now)

    @property
    def was_judged(self) -> bool:
        """Whether its rows were looked at one by one."""
        return bool(self.accepted_rows + self.rejected_rows + self.voided_rows)


class DatasetMonth(Base):
    """What became of a dataset for a month.

    ``status`` is one of accepted, accepted_with_warnings, rejected, nil, missing, error;
    ``delivery_id`` is the delivery in force (accepted, accepted_with_warnings, nil), else null.
    """

    __tablename__ = "dataset_month"
    __table_args__ = (kept(SeenBy(department="department")),)

    month: Mapped[str] = mapped_column(MonthText, primary_key=True)
    dataset: Mapped[str] = mapped_column(String(64), primary_key=True)
    department: Mapped[str] = mapped_column(String(64))
    status: Mapped[str] = mapped_column(String(32))
    delivery_id: Mapped[int | None] = mapped_column(ForeignKey("delivery.id"))
    messages: Mapped[list[str]] = mapped_column(JSON, default=list)
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=now)

    delivery: Mapped[Delivery | None] = relationship()


class StoppedDecision(Base):
    """A person's decision to accept a delivery that stopped, with the reason. Never changed."""

    __tablename__ = "stopped_decision"
    __table_args__ = (kept(SeenBy(with_parent=Parent("delivery", ("delivery_id",)))),)

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
