"""A report that is to show what was known then shows the fates of then."""

from __future__ import annotations

from datetime import UTC, datetime

from poverty_watch.ledger.models import DatasetMonth, Delivery, SeenFile
from poverty_watch.ledger.store import Ledger
from poverty_watch.months import Month
from poverty_watch.report.facts import dataset_fates

APRIL = Month(2021, 4)


def _delivery(dataset: str, version: int, rows: int) -> Delivery:
    path = f"2021-04/{dataset}{version}.xlsx"
    return Delivery(
        month="2021-04",
        dataset=dataset,
        department="health",
        content_sha256=f"{dataset}{version}".ljust(64, "0"),
        policy_sha256="p" * 64,
        status="accepted",
        version=version,
        data_rows=rows,
        accepted_rows=rows,
        rejected_rows=0,
        faults={},
        open_queries=0,
        files=[{"path": path, "sha256": "s" * 64, "name": path}],
        messages=[f"第{version}份"],
    )


def test_versions_of_then_and_nothing_that_came_later(ledger: Ledger) -> None:
    with ledger.transaction() as session:
        deliveries = [_delivery("major_illness", 1, 10), _delivery("major_illness", 2, 12)]
        later = _delivery("deaths", 1, 3)
        session.add_all([*deliveries, later])
        session.flush()
        for delivery in (deliveries[1], later):
            session.add(
                DatasetMonth(
                    month="2021-04",
                    dataset=delivery.dataset,
                    department="health",
                    status="accepted",
                    delivery_id=delivery.id,
                    messages=[],
                )
            )
        session.add(
            SeenFile(
                month="2021-04",
                department="health",
                path="2021-04/major_illness1.xlsx",
                sha256="s" * 64,
                bytes=1,
                modified_at=datetime(2021, 5, 1, tzinfo=UTC),
                arrival=1,
                dataset="major_illness",
                fate="settled",
                kind="whole",
            )
        )
    then = {
        "major_illness": {"status": "accepted", "version": 1},
        "deaths": {"status": "missing", "version": None},
    }
    with ledger.transaction() as session:
        now = dataset_fates(session, APRIL)
        found = dataset_fates(session, APRIL, then)
    assert (now["major_illness"].version, now["major_illness"].accepted_rows) == (2, 12)
    assert (found["major_illness"].version, found["major_illness"].accepted_rows) == (1, 10)
    assert found["major_illness"].messages == ("第1份",)
    assert (found["deaths"].status, found["deaths"].accepted_rows) == ("missing", None)
