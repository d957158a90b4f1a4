"""What must be true of a household before a step: by name, as the procedure calls for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from poverty_watch.contracts import load_catalogue
from poverty_watch.ledger.models import Case, Finding
from poverty_watch.months import Month
from poverty_watch.verification.cases.elimination import Criterion, not_met
from poverty_watch.verification.cases.households import Household
from poverty_watch.verification.cases.judging import Act
from poverty_watch.verification.cases.procedure import Check, Policy

_REGISTER = "monitoring_register"


@dataclass(frozen=True)
class Circumstances:
    """What checks look at: the household, its open findings about assets, its criteria."""

    household: Household | None
    assets: tuple[Finding, ...] = ()
    criteria: tuple[Criterion, ...] = field(default=())


def problems_of(
    checks: Iterable[Check], policy: Policy, case: Case, act: Act, found: Circumstances
) -> list[str]:
    """A sentence for each thing that is not as it should be."""
    return [problem for check in checks for problem in _CHECKS[check](policy, case, act, found)]


def classes_in(month: Month) -> tuple[str, ...]:
    """The classes of monitored households that the law of a month knows."""
    column = load_catalogue().contract(_REGISTER).column("monitored_class")
    return tuple(
        choice.value
        for choice in column.values
        if choice.since is None or Month.parse(choice.since) <= month
    )


def _assets_explained(_: Policy, __: Case, act: Act, found: Circumstances) -> list[str]:
    explained = act.given.get("assets") or {}
    known = {str(finding.id) for finding in found.assets}
    problems = [
        f"比对发现“{finding.evidence.get('sentence', finding.comparison_id)}”"
        f"（编号{finding.id}）还没有说明。"
        for finding in found.assets
        if str(finding.id) not in explained
    ]
    unknown = sorted(set(explained) - known)
    if unknown:
        problems.append(f"资产说明中的编号{'、'.join(unknown)}不是该户的比对发现。")
    return problems


def _class_fits(policy: Policy, _: Case, act: Act, found: Circumstances) -> list[str]:
    wanted = act.given.get("monitored_class")
    if not wanted:
        return []
    month = Month.of(act.on)
    if wanted not in classes_in(month):
        return [f"{month.chinese}没有“{wanted}”这一类别，可以用：{'、'.join(classes_in(month))}。"]
    if found.household is None:
        return ["最近一期数据里没有这一户，不能核对户类型。"]
    needs = policy.classes[wanted]
    if needs != "any" and (needs == "poor") != found.household.is_poor:
        fitting = [
            name
            for name in classes_in(month)
            if policy.classes[name] in ("any", "poor" if found.household.is_poor else "other")
        ]
        return [
            f"该户是{found.household.household_type}，不能定为“{wanted}”，"
            f"可以定为：{'、'.join(fitting)}。"
        ]
    return []


def _criteria(_: Policy, __: Case, ___: Act, found: Circumstances) -> list[str]:
    if not found.criteria:
        return ["风险消除的条件还没有判断。"]
    return not_met(found.criteria)


_CHECKS: dict[Check, Callable[[Policy, Case, Act, Circumstances], list[str]]] = {
    "assets_explained": _assets_explained,
    "class_fits": _class_fits,
    "criteria": _criteria,
}
