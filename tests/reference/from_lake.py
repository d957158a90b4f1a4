"""A county as the lake holds it."""

from __future__ import annotations

import pyarrow.parquet as pq

from poverty_watch.lake.versions import Lake
from poverty_watch.ledger import deliveries
from poverty_watch.ledger.store import Ledger
from poverty_watch.months import Month
from tests.reference.county import County, Delivery


def county_in(lake: Lake, ledger: Ledger, month: Month) -> County:
    """The deliveries in force up to a month, with their accepted rows and faults."""
    with ledger.transaction() as session:
        found = deliveries.in_force(session, month)
    return County(
        month,
        {
            (d.dataset, d.month): Delivery(
                tuple(pq.read_table(lake.accepted(d.dataset, d.month, d.version)).to_pylist()),
                tuple(
                    pq.read_table(lake.set_aside(d.dataset, d.month, d.version))[
                        "fault"
                    ].to_pylist()
                ),
            )
            for d in found
        },
    )
