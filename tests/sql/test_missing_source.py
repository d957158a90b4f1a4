"""A dataset that did not come: its rules say so, its households are not judged, nothing turns safe."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from poverty_watch.contracts import load_catalogue
from poverty_watch.engine import DuckEngine
from poverty_watch.lake.versions import Lake
from poverty_watch.months import Month
from poverty_watch.screening.checks import Checked, CheckRunner
from poverty_watch.screening.definitions import load_definitions
from poverty_watch.screening.inputs import MonthInputs, load_registers
from poverty_watch.screening.parameters import in_force, load_parameters
from poverty_watch.screening.staging import run_staging
from tests.screening.given import deliver

APRIL = Month(2021, 4)
# A poor, a monitored, an eliminated and an ordinary household, each with trouble of many kinds.
COUNTY = """
rest: nil
employment@2021-03: []
monitoring_register:
  - &A {person_id: A, household_no: 1, relation: 户主, labour: 无劳动力, income_per_head: 100}
  - {<<: *A, person_id: B, household_no: 2, monitored_class: 脱贫不稳定户, identified_month: 2020-01}
  - {<<: *A, person_id: C, household_no: 3, monitored_class: 脱贫不稳定户, is_eliminated: 是}
hukou_register:
  - {person_id: D, hukou_id: 4, relation: 户主}
housing_safety:
  - {person_id: C}
  - {person_id: D}
major_illness:
  - {person_id: A}
"""


def _run(folder: Path, without: str | None) -> Checked:
    given: dict[str, Any] = yaml.safe_load(COUNTY)
    given["not_delivered"] = [without] if without else []
    deliveries = tuple(deliver(folder, given, APRIL))
    inputs = MonthInputs(APRIL, deliveries, load_catalogue(), Lake(folder), load_registers())
    definitions = load_definitions()
    with DuckEngine.opened(threads=1) as engine:
        tables = run_staging(engine, inputs, definitions.staging)
        for relation in set().union(*(f.relations for f in definitions.rules)) - tables.keys():
            engine.attach(relation, inputs.relation(relation))
        parameters = in_force(load_parameters(), APRIL)
        return CheckRunner(engine, inputs, parameters, definitions.populations).rules(
            definitions.rules
        )


def _hits(done: Checked) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {record["id"]: set() for record in done.records}
    for hit in done.rows:
        found[hit["rule_id"]].add(hit["household_id"])
    return found


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Checked:
    return _run(tmp_path_factory.mktemp("whole"), without=None)


def test_with_everything_there_every_rule_runs(whole: Checked) -> None:
    assert {record["status"] for record in whole.records} == {"ran"}
    assert {record["not_judgeable"] for record in whole.records} == {0}
    hits = _hits(whole)
    assert hits["W05"] == {"R:1", "R:2", "R:3"}
    assert hits["W09"] == {"R:3", "H:4"}
    assert hits["W22"] == {"R:3"}


@pytest.mark.parametrize(
    ("without", "not_run", "not_judgeable"),
    [
        ("medical_enrolment", {"W05"}, {"W05": 3, "W22": 1}),
        ("housing_safety", {"W09"}, {"W09": 4, "W22": 1}),
        ("deaths", {"W23"}, {"W23": 4}),
        ("medical_expenses", {"W01", "W02", "W03"}, {"W01": 4, "W02": 4, "W03": 2}),
    ],
)
def test_without_a_dataset_its_rules_do_not_run_and_its_households_are_not_judged(
    whole: Checked,
    tmp_path: Path,
    without: str,
    not_run: set[str],
    not_judgeable: dict[str, int],
) -> None:
    done = _run(tmp_path, without)
    records = {record["id"]: record for record in done.records}

    assert {name for name, r in records.items() if r["status"] == "not_run"} == not_run
    assert {n: r["not_judgeable"] for n, r in records.items() if r["lacks"]} == not_judgeable
    assert {tuple(r["lacks"]) for r in records.values() if r["lacks"]} == {(without,)}
    assert {records[name]["hits"] for name in not_run} == {None}, "not run is not zero"
    before, after = _hits(whole), _hits(done)
    untouched = before.keys() - not_judgeable.keys()
    assert {name: after[name] for name in untouched} == {name: before[name] for name in untouched}
    assert after["W22"] == {"R:3"}, "the causes that can be judged still are"
