"""A month's computation and what became of its hits."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, DateTime, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from poverty_watch.ledger.models.base import Base, MonthText, Parent, SeenBy, kept, now

_ITS_LEAD = Parent("lead", ("month", "household_id"), ("month", "household_id"))


class Screening(Base):
    """One computation of a month's comparisons and rules, by the fingerprint of its inputs.

    ``inputs`` lists every delivery version read; ``checks`` has per rule and comparison the file
    hash, parameters, status (ran, not_run), what it lacks, eligible, hit and not judgeable counts;
    ``not_judged`` the distinct households that rules could not judge, or not wholly, for want of
    data: by ``datasets`` and ``departments`` at fault, and ``households`` of all together. The rows
    lie in the lake. The newest entry of a month is the one in force.
    """

    __tablename__ = "screening"
    __table_args__ = (UniqueConstraint("month", "fingerprint"), kept(SeenBy(everyone=True)))

    id: Mapped[int] = mapped_column(primary_key=True)
    month: Mapped[str] = mapped_column(MonthText, index=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    inputs: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    checks: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    serving: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    not_judged: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    confirmed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=now)


class HitFate(Base):
    """What became of a hit: it joined a lead, or was suppressed (reason a-e of the catalogue).

    ``reopens_when`` says in Chinese what would make a suppressed hit a lead. ``events`` names the
    rows of evidence. ``task_id``: the earlier task that was weighed, be it open (d), or excluded
    (b, or a lead where that was not enough).
    """

    __tablename__ = "hit_fate"
    __table_args__ = (
        Index("ix_hit_fate_rule", "rule_id", "month", "suppressed", "household_id"),
        kept(SeenBy(with_parent=_ITS_LEAD)),
    )

    month: Mapped[str] = mapped_column(MonthText, primary_key=True)
    household_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    rule_id: Mapped[str] = mapped_column(String(8), primary_key=True)
    severity: Mapped[str] = mapped_column(String(8))
    value: Mapped[str | None] = mapped_column(Text)
    threshold: Mapped[str | None] = mapped_column(Text)
    evidence: Mapped[dict[str, Any]] = mapped_column(JSON)
    suppressed: Mapped[str | None] = mapped_column(String(1))
    reopens_when: Mapped[str | None] = mapped_column(Text)
    events: Mapped[list[str] | None] = mapped_column(JSON)
    task_id: Mapped[int | None]


class Lead(Base):
    """One household and month with all its unsuppressed hits as reasons.

    ``status``: raised; withdrawn when a corrected delivery no longer gives it a reason.
    """

    __tablename__ = "lead"
    __table_args__ = (
        Index("ix_lead_township", "township", "month", "status", "household_id"),
        kept(SeenBy(township="township")),
    )

    month: Mapped[str] = mapped_column(MonthText, primary_key=True)
    household_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    severity: Mapped[str] = mapped_column(String(8))
    reasons: Mapped[list[str]] = mapped_column(JSON)
    township: Mapped[str] = mapped_column(String(64))
    village: Mapped[str] = mapped_column(String(128))
    status: Mapped[str] = mapped_column(String(16), default="raised")
