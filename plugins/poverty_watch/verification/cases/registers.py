"""Accepted rows of the two registers, as they served a month's computation."""

from __future__ import annotations

from collections.abc import Collection

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from sqlalchemy.orm import Session

from poverty_watch.lake.screenings import Screenings
from poverty_watch.lake.versions import Lake
from poverty_watch.ledger.deliveries import in_force
from poverty_watch.ledger.models import Screening
from poverty_watch.ledger.screenings import current_screening
from poverty_watch.months import Month
from poverty_watch.settings import Settings

MONITORING = "monitoring_register"
HUKOU = "hukou_register"
PREFIX = {MONITORING: ("R:", "household_no"), HUKOU: ("H:", "hukou_id")}


def serving_month(screening: Screening, dataset: str = MONITORING) -> Month | None:
    """Of which month the snapshot is that a computation used; None where there was none."""
    text = screening.serving.get(dataset)
    return Month.parse(str(text)) if text else None


def register_rows(
    session: Session, settings: Settings, month: Month, dataset: str, households: Collection[str]
) -> pa.Table | None:
    """A register's rows of these households (ids ``R:…`` or ``H:…``) with a ``household_id``.

    None where no snapshot of it served the month.
    """
    screening = current_screening(session, month)
    served = serving_month(screening, dataset) if screening else None
    found = [
        delivery
        for delivery in (in_force(session, served) if served else ())
        if delivery.dataset == dataset and delivery.month == served
    ]
    if not found:
        return None
    prefix, column = PREFIX[dataset]
    path = Lake(settings.lake).accepted(dataset, found[0].month, found[0].version)
    table = pq.read_table(path)
    ids = pc.binary_join_element_wise(prefix, table.column(column).cast(pa.string()), "")
    table = table.append_column("household_id", ids)
    return table.filter(pc.is_in(ids, pa.array(sorted(households), pa.string())))


def computed(session: Session, settings: Settings, month: Month, name: str) -> pa.Table | None:
    """A table of the month's computation in force; None where the month was not computed."""
    screening = current_screening(session, month)
    if screening is None:
        return None
    screenings = Screenings(settings.lake)
    if not screenings.path(month, screening.fingerprint, name).exists():
        return None
    return screenings.read(month, screening.fingerprint, name)
