"""Which delivery versions are in force: what screening and the report read."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from poverty_watch.ledger.models import DatasetMonth, Delivery
from poverty_watch.months import Month

STATUS_TITLES = {
    "accepted": "已接收",
    "accepted_with_warnings": "已接收（有疑问）",
    "rejected": "整份退回",
    "nil": "零报告",
    "missing": "未报送",
    "error": "处理出错",
}
"""What staff read for what became of a dataset, wherever they read it."""

IN_FORCE = ("accepted", "accepted_with_warnings", "nil")


@dataclass(frozen=True)
class InForce:
    """The delivery of a dataset for a month that counts: its version in the lake.

    A nil return has a version too (a partition with no rows).
    """

    dataset: str
    month: Month
    version: int
    status: str
    content_sha256: str


def in_force(session: Session, through: Month) -> list[InForce]:
    """Deliveries in force for all months up to and including ``through``, by dataset and month."""
    rows = session.execute(
        select(DatasetMonth, Delivery)
        .join(Delivery, DatasetMonth.delivery_id == Delivery.id)
        .where(DatasetMonth.month <= str(through), DatasetMonth.status.in_(IN_FORCE))
        .order_by(DatasetMonth.dataset, DatasetMonth.month)
    )
    return [
        InForce(
            fate.dataset,
            Month.parse(fate.month),
            delivery.version or 0,
            fate.status,
            delivery.content_sha256,
        )
        for fate, delivery in rows
    ]


def fates(session: Session, month: Month) -> list[DatasetMonth]:
    """What became of every dataset of a month, by dataset."""
    return list(
        session.scalars(
            select(DatasetMonth)
            .where(DatasetMonth.month == str(month))
            .order_by(DatasetMonth.dataset)
        )
    )
