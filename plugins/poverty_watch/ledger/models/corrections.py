"""What senders answer to the queries and faults that they were told."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import DateTime, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from poverty_watch.ledger.models.base import Base, Parent, SeenBy, kept, now


class Explanation(Base):
    """Why a value that was asked about is right: it silences the query while the value stands.

    ``subject`` is the person or row that the query is about, ``value_hash`` a keyed hash of the
    values; ``delivery_id`` is the correction in which the sender wrote it. Never changed.
    """

    __tablename__ = "explanation"
    __table_args__ = (
        UniqueConstraint("dataset", "query", "subject", "value_hash"),
        kept(SeenBy(with_parent=Parent("delivery", ("delivery_id",)))),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    dataset: Mapped[str] = mapped_column(String(64))
    query: Mapped[str] = mapped_column(String(32))
    subject: Mapped[str] = mapped_column(String(256))
    value_hash: Mapped[str] = mapped_column(String(32))
    text: Mapped[str] = mapped_column(Text)
    delivery_id: Mapped[int] = mapped_column(ForeignKey("delivery.id"))
    given_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=now)
