"""Each department's files taken away, one after the other, from a sample county.

What needs them does not run and says whose they are, its households are not judged, and nothing that
was found before turns safe: it is found again, or among those who cannot be judged.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa
import pytest
from scripts.bench.lake_county import home_of, lake_county
from scripts.bench.measure import Size

from poverty_watch.contracts import load_catalogue
from poverty_watch.engine import DuckEngine
from poverty_watch.lake.versions import Lake
from poverty_watch.ledger import deliveries
from poverty_watch.ledger.store import open_ledger
from poverty_watch.months import Month
from poverty_watch.screening.checks import Checked, CheckRunner
from poverty_watch.screening.definitions import SqlFile, households_in, load_definitions
from poverty_watch.screening.inputs import MonthInputs, load_registers
from poverty_watch.screening.parameters import in_force, load_parameters
from poverty_watch.screening.staging import run_staging
from poverty_watch.settings import Settings

MONTH = Month(2021, 4)
CATALOGUE, DEFINITIONS = load_catalogue(), load_definitions()
REGISTERS = set(load_registers().registers)
FEEDS_STAGING = {*REGISTERS, "deaths"}


@dataclass(frozen=True)
class Screened:
    """What rules and comparisons found and said, and the households by population."""

    rules: Checked
    comparisons: Checked
    not_judged: dict[str, dict[str, int]]
    populations: dict[str, set[str]]
    serving: dict[str, Month]

    def found(self) -> dict[str, set[tuple[str, str]]]:
        """Whom each check found: households of rules, subjects and datasets of comparisons."""
        found: dict[str, set[tuple[str, str]]] = {}
        for row in self.rules.rows:
            found.setdefault(row["rule_id"], set()).add((row["household_id"], ""))
        for row in self.comparisons.rows:
            key = (row["subject_id"], row["dataset"] or "")
            found.setdefault(row["comparison_id"], set()).add(key)
        return found


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> MonthInputs:
    size = Size(600, 3, str(MONTH), tmp_path_factory.mktemp("county"))
    home = lake_county(size, lambda _: None)
    assert home == home_of(size)
    ledger = open_ledger(Settings(home, home / "inbox", f"sqlite:///{home / 'ledger.sqlite'}"))
    with ledger.transaction() as session:
        found = tuple(deliveries.in_force(session, MONTH))
    return MonthInputs(MONTH, found, CATALOGUE, Lake(home / "lake"), load_registers())


@pytest.fixture(scope="module")
def engine() -> Iterator[DuckEngine]:
    with DuckEngine.opened(threads=1) as opened:
        yield opened


def _screened(inputs: MonthInputs, engine: DuckEngine, lost: set[str]) -> Screened:
    """Staging, and all checks that the lost datasets reach: the others read what they read before."""
    staged = run_staging(engine, inputs, DEFINITIONS.staging)
    is_all = not lost or bool(lost & FEEDS_STAGING)
    rules = [f for f in DEFINITIONS.rules if is_all or _is_touched(f, inputs, lost)]
    comparisons = [f for f in DEFINITIONS.comparisons if is_all or _is_touched(f, inputs, lost)]
    checks: list[SqlFile[Any]] = [*rules, *comparisons]
    for relation in frozenset[str]().union(*(f.relations for f in checks)) - staged.keys():
        engine.attach(relation, inputs.relation(relation))
    runner = CheckRunner(
        engine, inputs, in_force(load_parameters(), MONTH), DEFINITIONS.populations
    )
    populations = {}
    for name, condition in DEFINITIONS.populations.items():
        table: pa.Table = engine.run(households_in(condition), {})
        populations[name] = set(table.column("household_id").to_pylist())
    return Screened(
        runner.rules(rules),
        runner.comparisons(comparisons),
        runner.not_judged(DEFINITIONS.rules),
        populations,
        {name: served.month for name, served in inputs.serving.items()},
    )


@pytest.fixture(scope="module")
def whole(county: MonthInputs, engine: DuckEngine) -> Screened:
    return _screened(county, engine, set())


def test_with_everything_there_all_run_and_nearly_all_find_somebody(whole: Screened) -> None:
    records = [*whole.rules.records, *whole.comparisons.records]
    assert {record["status"] for record in records} == {"ran"}
    assert not any(record["lacks"] for record in records)
    assert whole.not_judged["households"] == 0
    assert len(whole.found()) >= 40


@pytest.mark.parametrize("department", CATALOGUE.departments)
def test_without_a_department_nothing_turns_safe(
    county: MonthInputs, engine: DuckEngine, whole: Screened, department: str
) -> None:
    lost = set(CATALOGUE.departments[department].contracts)
    kept = tuple(d for d in county.deliveries if d.month != MONTH or d.dataset not in lost)
    done = _screened(replace(county, deliveries=kept), engine, lost)
    before, after = whole.found(), done.found()
    rules = {rule.id: rule.header for rule in DEFINITIONS.rules}

    needing = {name for name, header in rules.items() if lost & set(header.sources)}
    records = {record["id"]: record for record in done.rules.records}
    for name, record in records.items():
        header = rules[name]
        lacking = [s for s in header.sources if s in lost]
        assert record["lacks"] == lacking, name
        if not lacking:
            assert (record["status"], record["not_judgeable"]) == ("ran", 0), name
            continue
        population = done.populations[header.population]
        assert record["not_judgeable"] == len(population) > 0, name
        assert not record["hits"] or header.one_by_one, f"{name}: not run is not zero"
        is_run = header.one_by_one and len(lacking) < len(header.sources)
        assert record["status"] == ("ran" if is_run else "not_run"), name
        if not is_run:
            assert record["hits"] is None, name
            assert name not in after
        if not lost & FEEDS_STAGING:
            households = {household for household, _ in before.get(name, set())}
            living = {h for h in households if h in whole.populations["所有农村户"]}
            assert living <= population | {h for h, _ in after.get(name, set())}, name

    told = done.not_judged["departments"]
    assert (set(told) == {department}) == bool(needing)
    assert all(told.values())
    assert set(done.not_judged["datasets"]) == {s for n in needing for s in rules[n].sources} & lost

    for record in done.comparisons.records:
        header = next(f.header for f in DEFINITIONS.comparisons if f.id == record["id"])
        sources = county.sources_of(header.sources)
        assert set(record["lacks"]) == set(sources) & lost, record["id"]
        runs = not set(sources) & lost or (header.one_by_one and bool(set(sources) - lost))
        assert record["status"] == ("ran" if runs else "not_run"), record["id"]
        assert (record["hits"] is None) == (record["status"] == "not_run"), record["id"]

    if not lost & FEEDS_STAGING:
        for name, found in after.items():
            assert found <= before[name], f"{name}: a missing file accuses nobody"
    served = {name: MONTH - 1 if name in lost else MONTH for name in REGISTERS}
    assert done.serving == served, "an earlier register serves, and it is said which"


def _is_touched(file: SqlFile[Any], inputs: MonthInputs, lost: set[str]) -> bool:
    """Whether a check reads a lost dataset, of whichever month."""
    read = {inputs.dataset_of(relation).removesuffix("_history") for relation in file.relations}
    return bool((set(inputs.sources_of(file.header.sources)) | read) & lost)
