"""When a hit opens no task: the reasons of the catalogue, tried in their order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

ALREADY_KNOWN = "a"
STILL_OPEN = "d"
NOBODY_LIVING = "e"
_OTHER_RISK = "其他"
_RED = "red"


@dataclass(frozen=True)
class Hit:
    """A hit as far as it matters here."""

    rule_id: str
    household_id: str
    severity: str
    risk: str


@dataclass(frozen=True)
class Household:
    """What is known of the household that was hit."""

    township: str
    village: str
    standing: str | None
    risks: frozenset[str]
    living_members: int


NOWHERE = Household("", "", None, frozenset(), 0)


@dataclass(frozen=True)
class Surroundings:
    """What suppression looks at besides the hit.

    ``open_before``: (household, rule) of verification tasks that an earlier month opened and that
    are open now. ``fates``: what this month's hits became when the month was computed before,
    by (household, rule): suppressed for a reason, or None for a lead.
    """

    open_before: frozenset[tuple[str, str]]
    fates: Mapping[tuple[str, str], str | None]


@dataclass(frozen=True)
class Reason:
    """One reason: its letter, when it applies, and what would reopen the hit."""

    letter: str
    applies: Callable[[Hit, Household, Surroundings], bool]
    reopens_when: str


def _is_already_known(hit: Hit, household: Household, _: Surroundings) -> bool:
    return (
        household.standing == "M"
        and hit.severity != _RED
        and hit.risk != _OTHER_RISK
        and hit.risk in household.risks
    )


def _is_still_open(hit: Hit, _: Household, surroundings: Surroundings) -> bool:
    key = (hit.household_id, hit.rule_id)
    if key in surroundings.fates:
        # A month that is computed again keeps its answer, whatever became of the task since. Where
        # an earlier reason came first, nobody had asked for this one yet.
        fate = surroundings.fates[key]
        if fate is None or fate >= STILL_OPEN:
            return fate == STILL_OPEN
    return key in surroundings.open_before


def _has_nobody(_: Hit, household: Household, __: Surroundings) -> bool:
    return household.living_members == 0


# In the catalogue's order; the first that applies is recorded.
REASONS = (
    Reason(
        ALREADY_KNOWN,
        _is_already_known,
        "情况加重为红色预警，或出现该户已登记风险以外的风险时，重新形成线索。",
    ),
    Reason(
        STILL_OPEN,
        _is_still_open,
        "该户同一事项正在核实，本次情况并入未办结的任务；任务办结后再次命中时，重新形成线索。",
    ),
    Reason(
        NOBODY_LIVING,
        _has_nobody,
        "该户目前没有在世成员；名册或户籍更正后该户有在世成员时，重新形成线索。",
    ),
)


def suppressed_by(hit: Hit, household: Household, surroundings: Surroundings) -> Reason | None:
    """The first reason that keeps a hit from becoming a lead; None if it becomes one."""
    return next((r for r in REASONS if r.applies(hit, household, surroundings)), None)
