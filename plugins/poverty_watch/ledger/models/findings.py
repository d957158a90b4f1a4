"""What comparisons found, from the month that shows it first to the one that no longer does."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

from sqlalchemy import JSON, BigInteger, Date, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from poverty_watch.ledger.models.base import Base, MonthText, SeenBy, kept


class Finding(Base):
    """A comparison's finding about one subject (and dataset; "" where none is named).

    Open while ``closed_month`` is empty. ``opened_month``: the first month that shows it;
    ``seen_month``: the newest that does; ``closed_month``: the month whose delivery no longer does.
    One that returns after it was closed is a new entry with the next ``round``. ``evidence`` is that
    of ``seen_month``: a sentence, and rows with both values and where each stands.

    A person may settle one that the data go on showing (it was explained, reviewed, or is no
    mistake): ``settled_month``. It stays settled until it has gone and come back.

    ``owner_kind`` and ``owner``: a department's id, a township's name, or the county's office (no
    name). ``opened_on`` and ``due_on`` are empty where a recomputed month told nobody.
    """

    __tablename__ = "finding"
    __table_args__ = (
        Index(
            "uq_finding_open",
            "comparison_id",
            "subject",
            "subject_id",
            "dataset",
            unique=True,
            sqlite_where=text("closed_month IS NULL"),
            postgresql_where=text("closed_month IS NULL"),
        ),
        Index("ix_finding_months", "opened_month", "closed_month"),
        # All that counts of a month need, so that they need not read the evidence.
        Index(
            "ix_finding_counts",
            "comparison_id",
            "outcome",
            "township",
            "opened_month",
            "closed_month",
            "settled_month",
            "owner",
        ),
        kept(SeenBy(township="township", department="owner")),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    comparison_id: Mapped[str] = mapped_column(String(8))
    subject: Mapped[str] = mapped_column(String(16))
    subject_id: Mapped[str] = mapped_column(String(128))
    dataset: Mapped[str] = mapped_column(String(64))
    round: Mapped[int] = mapped_column(default=1)
    outcome: Mapped[str] = mapped_column(String(8))
    owner_kind: Mapped[Literal["department", "township", "county"]] = mapped_column(String(16))
    owner: Mapped[str] = mapped_column(String(64))
    household_id: Mapped[str | None] = mapped_column(String(64), index=True)
    person_id: Mapped[int | None] = mapped_column(BigInteger)
    township: Mapped[str] = mapped_column(String(64))
    village: Mapped[str] = mapped_column(String(128))
    evidence: Mapped[dict[str, Any]] = mapped_column(JSON)
    opened_month: Mapped[str] = mapped_column(MonthText)
    opened_on: Mapped[date | None] = mapped_column(Date)
    due_on: Mapped[date | None] = mapped_column(Date)
    seen_month: Mapped[str] = mapped_column(MonthText)
    closed_month: Mapped[str | None] = mapped_column(MonthText)
    settled_month: Mapped[str | None] = mapped_column(MonthText)
    settled_by: Mapped[str | None] = mapped_column(String(64))
    settled_because: Mapped[str | None] = mapped_column(Text)
