"""What senders answer to the queries and faults that they were told."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, DateTime, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from poverty_watch.ledger.models.base import Base, Parent, SeenBy, kept, now


class Correction(Base):
    """A delivery that consists of mended rows of an earlier one, its base, merged with it.

    Without a base there was nothing that could be corrected. ``rows`` counts the rows of the correction sheet by fate. The rows themselves lie beside the
    delivery's in the lake.
    """

    __tablename__ = "correction"
    __table_args__ = (kept(SeenBy(with_parent=Parent("delivery", ("delivery_id",)))),)

    delivery_id: Mapped[int] = mapped_column(ForeignKey("delivery.id"), primary_key=True)
    base_id: Mapped[int | None] = mapped_column(ForeignKey("delivery.id"))
    rows: Mapped[dict[str, int]] = mapped_column(JSON, default=dict)


class Explanation(Base):
    """Why a value that was asked about is right: it silences the query while the value stands.

    ``subject`` is the person or row that the query is about, ``value_hash`` a keyed hash of the
    values; ``delivery_id`` is the correction in which the sender wrote it. Never changed.
    """

    __tablename__ = "explanation"
    __table_args__ = (
        UniqueConstraint("dataset", "query", "subject", "value_hash"),
        kept(SeenBy(with_parent=Parent("delivery", ("delivery_id",))), append_only=True),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    dataset: Mapped[str] = mapped_column(String(64))
    query: Mapped[str] = mapped_column(String(32))
    subject: Mapped[str] = mapped_column(String(256))
    value_hash: Mapped[str] = mapped_column(String(32))
    text: Mapped[str] = mapped_column(Text)
    delivery_id: Mapped[int] = mapped_column(ForeignKey("delivery.id"))
    given_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=now)
