"""Three months as departments saved them: the SQL files and the reference find the same.

The deliveries lie beside the project where they are at hand; elsewhere there is nothing to compare.
"""

from __future__ import annotations

import pytest

from poverty_watch.lake.screenings import Screenings
from poverty_watch.lake.versions import Lake
from poverty_watch.ledger.screenings import current_screening
from poverty_watch.ledger.store import open_ledger
from poverty_watch.months import Month
from poverty_watch.settings import Settings
from tests.end_to_end.three_months import DELIVERIES, MONTHS
from tests.reference.comparisons import run_comparisons
from tests.reference.from_lake import county_in
from tests.reference.outcomes import comparison_outcome, rule_outcome
from tests.reference.people import View
from tests.reference.rules import run_rules

if DELIVERIES.is_dir():

    @pytest.mark.parametrize("month", MONTHS, ids=str)
    def test_every_rule_and_comparison_finds_what_the_reference_finds(
        month: Month, three_months: Settings
    ) -> None:
        ledger = open_ledger(three_months)
        view = View(county_in(Lake(three_months.lake), ledger, month))
        expected = {**run_rules(view), **run_comparisons(view)}
        with ledger.transaction() as session:
            screening = current_screening(session, month)
            assert screening is not None
            records = {record["id"]: record for record in screening.checks}
            fingerprint = screening.fingerprint
        screenings = Screenings(three_months.lake)
        hits = screenings.read(month, fingerprint, "hits").to_pylist()
        findings = screenings.read(month, fingerprint, "findings").to_pylist()
        for name, record in records.items():
            found = (
                rule_outcome(record, hits)
                if name.startswith("W")
                else comparison_outcome(record, findings)
            )
            assert found == expected[name], name
