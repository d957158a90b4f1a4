"""The sealed identity numbers."""

from __future__ import annotations

from sqlalchemy import BigInteger, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from poverty_watch.ledger.models.base import Base, kept


class SealedPerson(Base):
    """The one place where identity numbers and phones are kept, encrypted."""

    __tablename__ = "sealed_person"
    __table_args__ = (kept(),)

    person_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    identity: Mapped[bytes] = mapped_column(LargeBinary)
    phone: Mapped[bytes | None] = mapped_column(LargeBinary)
