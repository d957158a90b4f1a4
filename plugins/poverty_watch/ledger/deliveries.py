"""Which delivery versions are in force: what screening and the report read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from poverty_watch.ledger.models import DatasetMonth, Delivery, SeenFile
from poverty_watch.months import Month, county_day

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


@dataclass(frozen=True)
class Fulfilled:
    """When a department first fulfilled what it owed, as the county's days.

    ``arrived_on`` is when the last file of the delivery was first seen, ``saved_on`` when its newest
    file was last saved by the sender's own clock.
    """

    arrived_on: date
    saved_on: date

    def days_late(self, due_on: date) -> int:
        """Days after the due day; 0 is on time."""
        return max(0, (self.arrived_on - due_on).days)

    def is_in_doubt(self, due_on: date) -> bool:
        """Whether it was saved in time, but seen late: perhaps nobody looked into the inbox."""
        return self.saved_on <= due_on < self.arrived_on


def fulfilled(session: Session, month: Month) -> dict[str, Fulfilled]:
    """Every dataset of a month of which a delivery was accepted, or a nil return, and when first."""
    files = session.scalars(select(SeenFile).where(SeenFile.month == str(month)))
    deliveries = session.scalars(
        select(Delivery).where(Delivery.month == str(month), Delivery.status.in_(IN_FORCE))
    )
    return fulfilled_by(files, deliveries)


def fulfilled_by(files: Iterable[SeenFile], deliveries: Iterable[Delivery]) -> dict[str, Fulfilled]:
    """`fulfilled` of a month whose files and deliveries are at hand."""
    seen = {(file.path, file.sha256): file for file in files}
    found: dict[str, Fulfilled] = {}
    for delivery in deliveries:
        if delivery.status not in IN_FORCE:
            continue
        own = [seen[key] for f in delivery.files if (key := (f["path"], f["sha256"])) in seen]
        if not own:
            continue
        arrived = Fulfilled(
            county_day(max(file.first_seen_at for file in own)),
            county_day(max(file.modified_at for file in own)),
        )
        known = found.get(delivery.dataset)
        if known is None or arrived.arrived_on < known.arrived_on:
            found[delivery.dataset] = arrived
    return found


def fates(session: Session, month: Month) -> list[DatasetMonth]:
    """What became of every dataset of a month, by dataset."""
    return list(
        session.scalars(
            select(DatasetMonth)
            .where(DatasetMonth.month == str(month))
            .order_by(DatasetMonth.dataset)
        )
    )
