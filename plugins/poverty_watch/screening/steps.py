"""The three computing steps of a month. Each one writes its part whole, once per fingerprint."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from poverty_watch.ledger.deliveries import InForce
from poverty_watch.ledger.journal import record
from poverty_watch.ledger.screenings import confirm_screening
from poverty_watch.ledger.store import Ledger
from poverty_watch.months import Month
from poverty_watch.screening.computation import Computation
from poverty_watch.screening.plan import Plan, plan_month
from poverty_watch.settings import Settings

Known = Sequence[InForce] | None
"""The deliveries that a step reads; those in force today if not given."""


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


def stage(month: Month, settings: Settings, ledger: Ledger, known: Known = None) -> StepOutcome:
    """Sort out who lives where: persons, households, members, register stock.

    Raises:
        ScreeningError: no register snapshot may serve; the month stops.
        DefinitionError: a file in ``sql/`` is wrong.
    """
    plan = plan_month(month, settings, ledger, known)
    with Computation.opened(plan, settings) as computation:
        counts = computation.stage()
    return StepOutcome(month, plan.fingerprint, counts, {}, _told_of_staging(plan, counts))


def compare(month: Month, settings: Settings, ledger: Ledger, known: Known = None) -> StepOutcome:
    """Run all comparisons; raises as `stage`."""
    plan = plan_month(month, settings, ledger, known)
    with Computation.opened(plan, settings) as computation:
        records = computation.compare()
    return _outcome(plan, records, "比对", "发现问题")


def warn(month: Month, settings: Settings, ledger: Ledger, known: Known = None) -> StepOutcome:
    """Run all warning rules and put the month's computation in force; raises as `stage`.

    Staging and comparisons are done with it where they were not done before.
    """
    plan = plan_month(month, settings, ledger, known)
    with Computation.opened(plan, settings) as computation:
        compared = computation.compare()
        warned, not_judged = computation.warn()
    outcome = _outcome(plan, warned, "预警规则", "命中")
    with ledger.transaction() as session:
        is_new = confirm_screening(
            session,
            month,
            plan.fingerprint,
            inputs=plan.inputs_used,
            checks=compared + warned,
            serving=plan.serving,
            not_judged=not_judged,
        )
        if is_new:
            record(
                session,
                "screened",
                plan.fingerprint,
                month=month,
                hits=sum(outcome.counts.values()),
                not_run=outcome.not_run,
            )
    return outcome


def _told_of_staging(plan: Plan, counts: dict[str, int]) -> str:
    told = f"{plan.month.chinese}：归户 {counts['persons']} 人、{counts['households']} 户"
    late = [name for name, served in plan.serving.items() if served != str(plan.month)]
    if late:
        titles = "、".join(
            f"{plan.inputs.catalogue.contract(name).title}沿用"
            f"{Month.parse(plan.serving[name]).chinese}"
            for name in late
        )
        told += f"（{titles}）"
    return f"{told}。"


def _outcome(plan: Plan, records: list[dict[str, Any]], what: str, found: str) -> StepOutcome:
    counts = {check["id"]: check["hits"] or 0 for check in records}
    not_run = {check["id"]: check["lacks"] for check in records if check["lacks"]}
    ran = sum(check["status"] == "ran" for check in records)
    summary = f"{plan.month.chinese}：{what}运行 {ran} 项，{found} {sum(counts.values())} 条"
    if not_run:
        summary += f"；{'、'.join(not_run)} 缺数据，没有运行或没有全部运行"
    return StepOutcome(plan.month, plan.fingerprint, counts, not_run, summary + "。")
