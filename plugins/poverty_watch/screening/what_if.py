"""What another threshold would change, before anybody changes it; and rules on trial.

Nothing here touches leads, tasks, or the month's figures: what-if stores nothing, and a draft rule's
hits lie in a table of their own (``shadow_hits``) beside the month's computation.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import select
from sqlalchemy.orm import Session

from poverty_watch.lake.screenings import Screenings
from poverty_watch.ledger.models import Task, TaskReason
from poverty_watch.ledger.screenings import current_screening
from poverty_watch.ledger.store import Ledger
from poverty_watch.months import Month
from poverty_watch.screening.checks import CheckRunner
from poverty_watch.screening.computation import STAGING, Computation
from poverty_watch.screening.definitions import RuleHeader, SqlFile, load_definitions
from poverty_watch.screening.errors import ScreeningError
from poverty_watch.screening.parameters import InForce
from poverty_watch.screening.plan import Plan, plan_month
from poverty_watch.settings import Settings

MAIN = "threshold"
"""Stands for a rule's first parameter; ``threshold_T`` and ``threshold_G`` for its two values."""
SHADOW = "shadow_hits"
_CONFIRMED = "confirmed"


@dataclass(frozen=True)
class Change:
    """Households of one month and township that would be hit besides, or no more.

    ``more_confirmed`` and ``fewer_confirmed``: those of them that a visit found real in a task to
    which this rule gave a reason.
    """

    month: Month
    township: str
    now: int
    then: int
    more: int
    fewer: int
    more_confirmed: int
    fewer_confirmed: int


def what_if(
    rule_id: str,
    settings_of_parameters: Mapping[str, Decimal],
    months: Iterable[Month],
    settings: Settings,
    ledger: Ledger,
) -> list[Change]:
    """How a rule's hits would differ, per month and township; townships without a hit are left out.

    Args:
        rule_id: such as W01.
        settings_of_parameters: new values by name: a parameter, ``<parameter>_t`` or ``_g``, or
            ``threshold`` (``_T``, ``_G``) for the rule's first one.
        months: months that have been computed.
        settings: the installation.
        ledger: what is in force, and what visits found.

    Raises:
        ScreeningError: no such rule or parameter, or a month that has not been computed with the
            deliveries that are in force now.
    """
    rule = _rule(rule_id)
    changes: list[Change] = []
    for month in months:
        plan = _computed(month, settings, ledger)
        changed = _with(plan, rule, settings_of_parameters)
        with Computation.opened(plan, settings) as computation:
            runner = computation.runner([rule])
            now, then = (_hit(rule, one) for one in (runner, replace(runner, parameters=changed)))
        townships = _townships(plan, settings, now | then)
        changes += _changes(month, now, then, townships, _confirmed(rule_id, month, ledger))
    return changes


def run_drafts(month: Month, settings: Settings, ledger: Ledger) -> dict[str, int]:
    """Run the rules that are drafts; households hit by rule id, empty where there is no draft.

    The hits are kept in ``shadow_hits``, once per set of drafts and computation.

    Raises:
        ScreeningError: the month has not been computed with the deliveries that are in force now.
    """
    drafts = _drafts()
    if not drafts:
        return {}
    plan = _computed(month, settings, ledger)
    part = _part_of(drafts)
    screenings = Screenings(settings.lake)
    if not screenings.exists(month, plan.fingerprint, part):
        with Computation.opened(plan, settings) as computation:
            hits = computation.runner(drafts).rules(drafts).table
        screenings.write(month, plan.fingerprint, {SHADOW: hits}, part=part)
    return _counted(screenings, month, plan.fingerprint, drafts)


def trial_hits(month: Month, settings: Settings, session: Session) -> dict[str, int | None]:
    """By draft rule, how many households its last run of a month would report.

    None for one that has not been run as it stands over the computation in force.
    """
    drafts, current = _drafts(), current_screening(session, month)
    screenings = Screenings(settings.lake)
    if current is None or not screenings.exists(month, current.fingerprint, _part_of(drafts)):
        return dict.fromkeys((file.id for file in drafts), None)
    return {**_counted(screenings, month, current.fingerprint, drafts)}


def _drafts() -> list[SqlFile[RuleHeader]]:
    return [file for file in load_definitions().rules if file.header.state == "draft"]


def _part_of(drafts: Iterable[SqlFile[RuleHeader]]) -> str:
    mark = hashlib.sha256("".join(file.sha256 for file in drafts).encode()).hexdigest()[:12]
    return f"shadow-{mark}"


def _counted(
    screenings: Screenings, month: Month, fingerprint: str, drafts: Iterable[SqlFile[RuleHeader]]
) -> dict[str, int]:
    path = screenings.folder(month, fingerprint) / _part_of(drafts) / f"{SHADOW}.parquet"
    counted = Counter(pq.read_table(path, columns=["rule_id"]).column(0).to_pylist())
    return {file.id: counted[file.id] for file in drafts}


def _rule(rule_id: str) -> SqlFile[RuleHeader]:
    rules = {file.id: file for file in load_definitions().rules}
    if rule_id.upper() not in rules:
        raise ScreeningError(f"没有编号“{rule_id}”的预警规则。可用的编号：{'、'.join(rules)}。")
    return rules[rule_id.upper()]


def _computed(month: Month, settings: Settings, ledger: Ledger) -> Plan:
    plan = plan_month(month, settings, ledger)
    if not Screenings(settings.lake).exists(month, plan.fingerprint, STAGING):
        raise ScreeningError(
            f"{month.chinese}还没有运行，或运行以后报送、规则有了变化。请先重新运行这个月。"
        )
    return plan


def _with(
    plan: Plan, rule: SqlFile[RuleHeader], wanted: Mapping[str, Decimal]
) -> dict[str, InForce]:
    """The parameters in force with other values; all unknown names are told at once."""
    names = rule.header.parameters
    parameters = dict(plan.parameters)
    unknown = []
    for given, value in wanted.items():
        name, part = _meant(given, names)
        found = parameters.get(name) if name in names else None
        if found is None or (part and found.value.value is not None):
            unknown.append(given)
            continue
        if part:
            fields: dict[str, Decimal] = {part: value}
        elif found.value.value is None:
            fields = {"t": value, "g": value}
        else:
            fields = {"value": value}
        parameters[name] = replace(found, value=found.value.model_copy(update=fields))
    if unknown:
        raise ScreeningError(
            f"{rule.id} 没有参数 {'、'.join(unknown)}。可以写：{'、'.join(_choices(plan, names))}。"
        )
    return parameters


def _meant(given: str, names: tuple[str, ...]) -> tuple[str, str]:
    """The parameter that a name means, and which of its two values; "" for the whole."""
    name, part = given, ""
    for ending in ("_t", "_g"):
        if given.lower().endswith(ending) and given.lower() not in names:
            name, part = given[: -len(ending)], ending[1:]
    if name == MAIN and names:
        name = names[0]
    return name, part


def _choices(plan: Plan, names: tuple[str, ...]) -> list[str]:
    choices: list[str] = []
    for name in names:
        found = plan.parameters.get(name)
        if found is not None:
            has_two = found.value.value is None
            choices += [f"{name}_t", f"{name}_g"] if has_two else [name]
    return choices or ["（这条规则没有参数）"]


def _hit(rule: SqlFile[RuleHeader], runner: CheckRunner) -> set[str]:
    found = runner.rules([rule])
    if found.record["status"] != "ran":
        lacks = "、".join(map(str, found.record["lacks"]))
        raise ScreeningError(
            f"{runner.inputs.month.chinese}{rule.id} 缺少数据（{lacks}），无法比较。"
        )
    return set(found.table.column("household_id").to_pylist())


def _townships(plan: Plan, settings: Settings, wanted: set[str]) -> dict[str, str]:
    path = Screenings(settings.lake).path(plan.month, plan.fingerprint, "households")
    table: pa.Table = pq.read_table(
        path,
        columns=["household_id", "township"],
        filters=[("household_id", "in", sorted(wanted) or [""])],
    )
    return {row["household_id"]: row["township"] or "" for row in table.to_pylist()}


def _confirmed(rule_id: str, month: Month, ledger: Ledger) -> set[str]:
    with ledger.transaction() as session:
        return set(
            session.scalars(
                select(Task.household_id)
                .join(TaskReason, TaskReason.task_id == Task.id)
                .where(
                    TaskReason.rule_id == rule_id.upper(),
                    TaskReason.since <= str(month),
                    TaskReason.month >= str(month),
                    Task.outcome == _CONFIRMED,
                )
            )
        )


def _changes(
    month: Month,
    now: set[str],
    then: set[str],
    townships: Mapping[str, str],
    confirmed: set[str],
) -> list[Change]:
    more, fewer = then - now, now - then

    def counted(households: set[str]) -> Counter[str]:
        return Counter(townships.get(household, "") for household in households)

    columns = [
        counted(one) for one in (now, then, more, fewer, more & confirmed, fewer & confirmed)
    ]
    places = sorted(set().union(*columns))
    return [Change(month, place, *(column[place] for column in columns)) for place in places]
