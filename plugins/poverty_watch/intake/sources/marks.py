"""The watermark: what has been taken from a department's source for a month, in the ledger."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from poverty_watch.contracts import Catalogue, Department
from poverty_watch.intake.names import dataset_in
from poverty_watch.intake.sources.interface import Arrived
from poverty_watch.ledger.models import SourceMark
from poverty_watch.ledger.models.base import now
from poverty_watch.months import Month


def has_been_taken(session: Session, month: Month, department: Department) -> bool:
    """Whether anything was ever taken from the department's source for that month."""
    found = select(SourceMark.item).where(
        SourceMark.month == str(month), SourceMark.department == department.id
    )
    return session.scalar(found.limit(1)) is not None


def keep_marks(
    session: Session, month: Month, department: Department, arrived: Arrived, catalogue: Catalogue
) -> None:
    """Write down what a source has brought; what is as it was keeps the time at which it came."""
    for taken in arrived.taken:
        kept = session.get(SourceMark, (str(month), department.id, taken.item))
        if kept is None:
            is_dataset = taken.item in department.contracts
            kept = SourceMark(
                month=str(month),
                department=department.id,
                item=taken.item,
                dataset=taken.item
                if is_dataset
                else dataset_in(taken.item.rsplit("/", 1)[-1], catalogue, department),
            )
            session.add(kept)
        if kept.mark != taken.mark:
            kept.way, kept.mark, kept.rows = department.card.arrives.way, taken.mark, taken.rows
            kept.taken_at = now()
