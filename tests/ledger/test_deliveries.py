"""Which delivery counts: asked by screening and report alike."""

from __future__ import annotations

from poverty_watch.ledger.deliveries import fates, in_force
from poverty_watch.ledger.models import DatasetMonth, Delivery
from poverty_watch.ledger.screenings import confirm_screening, current_screening
from poverty_watch.ledger.store import Ledger
from poverty_watch.months import Month

APRIL = Month(2021, 4)


def settle(ledger: Ledger, month: Month, dataset: str, status: str, version: int | None) -> None:
    """A dataset's month with its delivery, where one is in force."""
    with ledger.transaction() as session:
        delivery = None
        if version is not None:
            delivery = Delivery(
                month=str(month),
                dataset=dataset,
                department="sample",
                content_sha256=f"{dataset}{month}{version}",
                policy_sha256="p",
                status=status,
                version=version,
            )
        session.add(
            DatasetMonth(
                month=str(month),
                dataset=dataset,
                department="sample",
                status=status,
                delivery=delivery,
                messages=[],
            )
        )


def test_only_accepted_and_nil_deliveries_are_in_force(ledger: Ledger) -> None:
    for dataset, status, version in [
        ("a_accepted", "accepted", 2),
        ("b_warned", "accepted_with_warnings", 1),
        ("c_nil", "nil", 1),
        ("d_rejected", "rejected", None),
        ("e_missing", "missing", None),
        ("f_error", "error", None),
    ]:
        settle(ledger, APRIL, dataset, status, version)
    with ledger.transaction() as session:
        found = [(d.dataset, d.version, d.status) for d in in_force(session, APRIL)]
        told = {fate.dataset: fate.status for fate in fates(session, APRIL)}
    assert found == [
        ("a_accepted", 2, "accepted"),
        ("b_warned", 1, "accepted_with_warnings"),
        ("c_nil", 1, "nil"),
    ]
    assert told["d_rejected"] == "rejected"
    assert len(told) == 6


def test_a_month_sees_earlier_months_and_no_later_one(ledger: Ledger) -> None:
    for month in (Month(2020, 12), APRIL, APRIL + 1):
        settle(ledger, month, "deaths", "accepted", 1)
    with ledger.transaction() as session:
        assert [d.month for d in in_force(session, APRIL)] == [Month(2020, 12), APRIL]
        assert [fate.month for fate in fates(session, APRIL)] == ["2021-04"]


def test_the_computation_confirmed_last_is_in_force(ledger: Ledger) -> None:
    def confirm(fingerprint: str) -> bool:
        with ledger.transaction() as session:
            return confirm_screening(session, APRIL, fingerprint, inputs=[], checks=[], serving={})

    assert confirm("one")
    assert not confirm("one")
    assert confirm("two")
    # A correction was taken back: the older computation fits again and is not stored twice.
    assert confirm("one")
    with ledger.transaction() as session:
        current = current_screening(session, APRIL)
        assert current is not None
        assert current.fingerprint == "one"
        assert current_screening(session, APRIL - 1) is None
