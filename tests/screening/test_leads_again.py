"""What verification has decided, and a month that is computed again: nothing flips by itself."""

from __future__ import annotations

from datetime import date
from typing import Any

import pyarrow as pa
import pytest
from sqlalchemy import select

from poverty_watch.lake.versions import Lake
from poverty_watch.ledger.models import HitFate
from poverty_watch.ledger.store import Ledger
from poverty_watch.months import Month
from poverty_watch.screening.leads import LeadsOutcome, raise_leads
from poverty_watch.settings import Settings
from tests.screening.computed import APRIL, Computed, hit

MAY = Month(2021, 5)
DATASET = "disability_certificates"
KEY = ("R:1", "W01")
VISITED = date(2021, 4, 20)


@pytest.fixture
def computed(settings: Settings, ledger: Ledger) -> Computed:
    return Computed(settings, ledger)


def run(computed: Computed, month: Month = APRIL) -> LeadsOutcome:
    return raise_leads(month, computed.settings, computed.ledger)


def fate(computed: Computed) -> HitFate:
    with computed.ledger.transaction() as session:
        return session.scalars(select(HitFate)).one()


def test_a_household_that_was_verified_and_excluded_is_left_in_peace(computed: Computed) -> None:
    task = computed.task(W01={"value": "6000", "threshold": "5000"})
    computed.close(task, "excluded", VISITED)
    computed.put(hits=[hit(value="7200")])
    outcome = run(computed)
    assert (computed.fates(), outcome.suppressed) == ({KEY: "b"}, {"b": 1})
    assert fate(computed).task_id == task
    assert computed.leads() == {}


@pytest.mark.parametrize("outcome", ["confirmed", "monitored", "not_found", None])
def test_only_an_exclusion_excludes(computed: Computed, outcome: str | None) -> None:
    task = computed.task(W01={"value": "6000", "threshold": "5000"})
    computed.close(task, outcome, VISITED)
    computed.put(hits=[hit()])
    run(computed)
    assert computed.fates() == {KEY: None}


def test_the_newest_decision_counts(computed: Computed) -> None:
    for outcome, day in (("excluded", date(2021, 3, 10)), ("confirmed", date(2021, 4, 2))):
        task = computed.task(month="2021-02", W01={"value": "6000", "threshold": "5000"})
        computed.close(task, outcome, day)
    computed.put(hits=[hit()])
    run(computed)
    assert computed.fates() == {KEY: None}


def test_a_household_that_got_a_register_number_is_a_new_one(computed: Computed) -> None:
    """Excluded, and still open, as H:5; since April it is R:1."""
    task = computed.task("H:5", W01={"value": "6000", "threshold": "5000"})
    computed.close(task, "excluded", VISITED)
    computed.task("H:5", W05={})
    computed.put(hits=[hit(), hit(rule_id="W05")])
    run(computed)
    assert set(computed.fates().values()) == {None}


def test_an_exclusion_that_came_later_does_not_flip_a_lead(computed: Computed) -> None:
    computed.put(hits=[hit()])
    run(computed)
    task = computed.task(month="2021-03", W01={"value": "6000", "threshold": "5000"})
    computed.close(task, "excluded", date(2021, 5, 12))
    assert run(computed).changed == 0
    assert computed.fates() == {KEY: None}


def test_a_joined_hit_stays_joined_when_its_task_is_excluded(computed: Computed) -> None:
    task = computed.task(W01={"value": "6000", "threshold": "5000"})
    computed.put(hits=[hit()])
    run(computed)
    computed.close(task, "excluded", date(2021, 5, 12))
    assert run(computed).changed == 0
    assert computed.fates() == {KEY: "d"}

    computed.put(month=MAY, hits=[hit()])
    run(computed, MAY)
    assert computed.fates(MAY) == {KEY: "b"}


def test_an_excluded_hit_stays_so_whatever_is_opened_or_decided_since(computed: Computed) -> None:
    task = computed.task(W01={"value": "6000", "threshold": "5000"})
    computed.close(task, "excluded", VISITED)
    computed.put(hits=[hit()])
    run(computed)
    computed.task(month="2021-03", W01={"value": "9000", "threshold": "5000"})
    assert run(computed).changed == 0
    assert computed.fates() == {KEY: "b"}


def test_a_corrected_value_is_weighed_against_the_same_exclusion(computed: Computed) -> None:
    task = computed.task(W01={"value": "6000", "threshold": "5000"})
    computed.close(task, "excluded", VISITED)
    computed.put(hits=[hit(value="6100")])
    run(computed)
    computed.put(hits=[hit(value="7201")])
    run(computed)
    assert (computed.fates(), fate(computed).task_id) == ({KEY: None}, task)
    computed.put(hits=[hit(value="6100")])
    run(computed)
    assert computed.fates() == {KEY: "b"}


def test_a_decision_that_is_taken_back_reopens_the_hit(computed: Computed) -> None:
    task = computed.task(W01={"value": "6000", "threshold": "5000"})
    computed.close(task, "excluded", VISITED)
    computed.put(hits=[hit()])
    run(computed)
    computed.close(task, "confirmed", VISITED)
    run(computed)
    assert computed.fates() == {KEY: None}


def certificates(computed: Computed, month: Month, *issued: date) -> None:
    """A delivery with one certificate per row, from row 2 on."""
    fields = [("source_file", pa.string()), ("source_sheet", pa.string())]
    schema = pa.schema([*fields, ("source_row", pa.int32()), ("issued_on", pa.date32())])
    place = {"source_file": f"{month}.xlsx", "source_sheet": "a"}
    rows = [{**place, "source_row": n, "issued_on": day} for n, day in enumerate(issued, start=2)]
    table = pa.Table.from_pylist(rows, schema=schema)
    content = {"content_sha256": str(month)}
    Lake(computed.settings.lake).write(DATASET, month, 1, table, table, content)


def certificate(month: Month, row: int, **told: str) -> dict[str, Any]:
    """A row of evidence of W16."""
    place = {"dataset": DATASET, "month": str(month), "version": 1, "file": f"{month}.xlsx"}
    return {"value": "二级", "source": place | {"sheet": "a", "row": row}, **told}


def newly_disabled(*rows: dict[str, Any]) -> dict[str, Any]:
    return hit(rule_id="W16", value=rows[0]["value"], threshold="一级、二级", rows=rows)


@pytest.mark.parametrize(
    ("rows", "letter"),
    [
        ([certificate(MAY, 3)], "b"),
        ([certificate(MAY, 2)], None),
        ([certificate(MAY, 3), certificate(MAY, 2)], None),
        ([certificate(MAY, 3, person_id="8")], None),
        ([certificate(MAY, 3, value="一级")], None),
    ],
    ids=["the same one, in another row", "a new one", "both", "another person's", "a worse grade"],
)
def test_a_rule_without_a_number_is_reopened_by_a_new_event(
    computed: Computed, rows: list[dict[str, Any]], letter: str | None
) -> None:
    certificates(computed, APRIL, date(2021, 4, 2))
    certificates(computed, MAY, date(2021, 5, 3), date(2021, 4, 2))
    computed.put(hits=[newly_disabled(certificate(APRIL, 2))])
    run(computed)
    task = computed.task(month="2021-04", W16={"events": fate(computed).events, "value": "二级"})
    computed.close(task, "excluded", date(2021, 5, 12))

    computed.put(month=MAY, hits=[newly_disabled(*rows)])
    run(computed, MAY)

    assert computed.fates(MAY) == {("R:1", "W16"): letter}
