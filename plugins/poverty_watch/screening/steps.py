"""The three computing steps of a month. Each one writes its part whole, once per fingerprint."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from poverty_watch.engine import DuckEngine, Engine, ParquetPart, Rows
from poverty_watch.lake.screenings import Screenings
from poverty_watch.ledger.journal import record
from poverty_watch.ledger.screenings import confirm_screening
from poverty_watch.ledger.store import Ledger
from poverty_watch.months import Month
from poverty_watch.screening.checks import Checked, CheckRunner
from poverty_watch.screening.definitions import ComparisonHeader, RuleHeader, SqlFile
from poverty_watch.screening.evidence import FINDINGS, HITS, Row, table_of
from poverty_watch.screening.plan import Plan, plan_month
from poverty_watch.screening.staging import staging_tables
from poverty_watch.settings import Settings

_STAGING = "staging"
_COMPARISONS = "comparisons"
_RULES = "rules"


@dataclass(frozen=True)
class StepOutcome:
    """What a step left behind.

    ``counts``: rows per table, hits per rule or findings per comparison. ``not_run``: what did not
    run, wholly or for some datasets, with what it lacked.
    """

    month: Month
    fingerprint: str
    counts: dict[str, int]
    not_run: dict[str, list[str]]
    summary: str


def stage(month: Month, settings: Settings, ledger: Ledger) -> StepOutcome:
    """Sort out who lives where: persons, households, members, register stock.

    Raises:
        ScreeningError: no register snapshot may serve; the month stops.
        DefinitionError: a file in ``sql/`` is wrong.
    """
    return _stage(plan_month(month, settings, ledger), settings)


def compare(month: Month, settings: Settings, ledger: Ledger) -> StepOutcome:
    """Run all comparisons; raises as `stage`."""
    return _compare(plan_month(month, settings, ledger), settings)


def warn(month: Month, settings: Settings, ledger: Ledger) -> StepOutcome:
    """Run all warning rules and put the month's computation in force; raises as `stage`."""
    plan = plan_month(month, settings, ledger)
    _compare(plan, settings)
    outcome = _warn(plan, settings)
    screenings = Screenings(settings.lake)
    checks = [
        check
        for part in (_COMPARISONS, _RULES)
        for check in screenings.notes(month, plan.fingerprint, part)
    ]
    with ledger.transaction() as session:
        is_new = confirm_screening(
            session,
            month,
            plan.fingerprint,
            inputs=plan.inputs_used,
            checks=checks,
            serving=plan.serving,
        )
        if is_new:
            record(
                session,
                "screened",
                plan.fingerprint,
                month=month,
                hits=sum(check["hits"] or 0 for check in checks if check["id"] in outcome.counts),
                not_run=outcome.not_run,
            )
    return outcome


def _stage(plan: Plan, settings: Settings) -> StepOutcome:
    screenings = Screenings(settings.lake)
    if not screenings.exists(plan.month, plan.fingerprint, _STAGING):
        tables = staging_tables(plan)
        rows = {name: table.num_rows for name, table in tables.items()}
        screenings.write(plan.month, plan.fingerprint, tables, part=_STAGING, notes=rows)
    counts: dict[str, int] = screenings.notes(plan.month, plan.fingerprint, _STAGING)
    summary = f"{plan.month.chinese}：归户 {counts['persons']} 人、{counts['households']} 户"
    late = [name for name, served in plan.serving.items() if served != str(plan.month)]
    if late:
        titles = "、".join(
            f"{plan.inputs.catalogue.contract(name).title}沿用"
            f"{Month.parse(plan.serving[name]).chinese}"
            for name in late
        )
        summary += f"（{titles}）"
    return StepOutcome(plan.month, plan.fingerprint, counts, {}, summary + "。")


def _compare(plan: Plan, settings: Settings) -> StepOutcome:
    _stage(plan, settings)
    screenings = Screenings(settings.lake)
    if not screenings.exists(plan.month, plan.fingerprint, _COMPARISONS):
        with DuckEngine.opened() as engine:
            comparisons = _in_force(plan.definitions.comparisons)
            runner = _runner(engine, plan, screenings, comparisons)
            done = [runner.comparison(file) for file in comparisons]
        tables = {"findings": table_of(_all_rows(done), FINDINGS)}
        _write(plan, screenings, _COMPARISONS, tables, done)
    return _outcome(plan, screenings, _COMPARISONS, "比对", "发现问题")


def _warn(plan: Plan, settings: Settings) -> StepOutcome:
    _stage(plan, settings)
    screenings = Screenings(settings.lake)
    if not screenings.exists(plan.month, plan.fingerprint, _RULES):
        with DuckEngine.opened() as engine:
            rules = _in_force(plan.definitions.rules)
            runner = _runner(engine, plan, screenings, rules)
            done = [runner.rule(file) for file in rules]
        _write(plan, screenings, _RULES, {"hits": table_of(_all_rows(done), HITS)}, done)
    return _outcome(plan, screenings, _RULES, "预警规则", "命中")


_C = TypeVar("_C", RuleHeader, ComparisonHeader)


def _in_force(files: Iterable[SqlFile[_C]]) -> list[SqlFile[_C]]:
    """Those that are no drafts."""
    return [file for file in files if file.header.state == "in_force"]


def _runner(
    engine: Engine, plan: Plan, screenings: Screenings, files: Iterable[SqlFile[Any]]
) -> CheckRunner:
    """A runner over the deliveries and the staging tables that these files read."""
    staged = {file.id for file in plan.definitions.staging}
    for relation in sorted({"households"}.union(*(file.relations for file in files))):
        if relation in staged:
            path = screenings.path(plan.month, plan.fingerprint, relation)
            engine.attach(relation, Rows(pq.read_schema(path), (ParquetPart(path),)))
        else:
            engine.attach(relation, plan.inputs.relation(relation))
    return CheckRunner(engine, plan.inputs, plan.parameters, plan.definitions.populations)


def _all_rows(done: Iterable[Checked]) -> list[Row]:
    return [row for checked in done for row in checked.rows]


def _write(
    plan: Plan,
    screenings: Screenings,
    part: str,
    tables: dict[str, pa.Table],
    done: Iterable[Checked],
) -> None:
    records = [checked.record for checked in done]
    screenings.write(plan.month, plan.fingerprint, tables, part=part, notes=records)


def _outcome(plan: Plan, screenings: Screenings, part: str, what: str, found: str) -> StepOutcome:
    records = screenings.notes(plan.month, plan.fingerprint, part)
    counts = {check["id"]: check["hits"] or 0 for check in records}
    not_run = {check["id"]: check["lacks"] for check in records if check["lacks"]}
    ran = sum(check["status"] == "ran" for check in records)
    summary = f"{plan.month.chinese}：{what}运行 {ran} 项，{found} {sum(counts.values())} 条"
    if not_run:
        summary += f"；{'、'.join(not_run)} 缺数据，没有运行或没有全部运行"
    return StepOutcome(plan.month, plan.fingerprint, counts, not_run, summary + "。")
