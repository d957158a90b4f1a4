"""The manual's pictures show cases and help: the script that makes them goes by the procedure."""

from __future__ import annotations

from collections import Counter

from scripts.sample_cases import furnish
from sqlalchemy import select

from poverty_watch.ledger.audit import verify
from poverty_watch.ledger.models import Case, Lead, Measure
from tests.verification.cases.conftest import HERE, Office, household


def test_the_sample_has_help_in_every_state(office: Office) -> None:
    monitored = {"standing": "M", "monitored_class": "脱贫不稳定户"}
    office.compute(
        *(household(f"R:{number}") for number in (1, 2, 3)), household("R:4", **monitored)
    )
    with office.ledger.transaction() as session:
        for number in (1, 2, 3, 4):
            session.add(
                Lead(
                    month="2021-04",
                    household_id=f"R:{number}",
                    severity="red",
                    reasons=["W01"],
                    township=HERE,
                    village="样例村",
                )
            )
    assert furnish(office.desk) > 0
    assert furnish(office.desk) == 0, "a second run changes nothing"
    with office.ledger.transaction() as session:
        states = Counter(measure.status for measure in session.scalars(select(Measure)))
        outcomes = [case.outcome for case in session.scalars(select(Case).order_by(Case.id))]
    assert set(states) == {"planned", "done", "cancelled"}
    assert outcomes == [None, None, "excluded"]
    assert verify(office.ledger, office.settings).is_sound
