"""When a hit opens no task: the reasons of the catalogue, tried in their order."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

from poverty_watch.months import Month, months_later
from poverty_watch.screening.parameters import plain
from poverty_watch.screening.policy import SuppressionPolicy

ALREADY_KNOWN = "a"
EXCLUDED = "b"
WAIVED = "c"
STILL_OPEN = "d"
NOBODY_LIVING = "e"
TITLES = {
    ALREADY_KNOWN: "已在监测，同一风险已登记",
    EXCLUDED: "不久前核实为不属实",
    WAIVED: "在豁免期内",
    STILL_OPEN: "并入在办的核实任务",
    NOBODY_LIVING: "户内没有在世成员",
}
"""Why a hit opens no task, as staff read it."""
_RED = "red"
_AGAIN = "重新形成线索"
_DIGITS = re.compile(r"\d+(?:\.\d+)?")


@dataclass(frozen=True)
class Hit:
    """A hit as far as it matters here.

    ``events`` names its rows of evidence; None where they are not known. ``severities`` is the
    rule's word on them, as staff read it; ``lower_is_worse`` says which way its value gets worse.
    """

    rule_id: str
    household_id: str
    severity: str
    risk: str
    value: str | None = None
    threshold: str | None = None
    events: frozenset[str] | None = None
    severities: str = ""
    lower_is_worse: bool = False


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
class Exclusion:
    """A task that was closed as 不属实, with the evidence that was verified then.

    ``events`` is None where nobody wrote down which rows of evidence there were.
    """

    task_id: int
    decided_on: date
    value: str | None
    threshold: str | None
    events: frozenset[str] | None


@dataclass(frozen=True)
class OpenTask:
    """A task of an earlier month that still asks about the same rule."""

    task_id: int
    month: Month


@dataclass(frozen=True)
class WaiverInForce:
    """A waiver that covers the month's end."""

    until: date
    reason: str
    approved_by: str


@dataclass(frozen=True)
class Around:
    """What is weighed besides a hit and its household, each None where there is none."""

    exclusion: Exclusion | None = None
    waiver: WaiverInForce | None = None
    open_task: OpenTask | None = None


NOTHING = Around()


@dataclass(frozen=True)
class Verdict:
    """Why a hit opens no task (``letter`` None: it does), and what would reopen it, in Chinese.

    ``task_id`` is the earlier task that was weighed: the open one that it joins, else the one that
    was closed as excluded, whether or not that was enough.
    """

    letter: str | None
    reopens_when: str | None
    task_id: int | None


Reason = Callable[[Hit, Household, Around, SuppressionPolicy, Month], str | None]


def judge(
    hit: Hit, household: Household, around: Around, policy: SuppressionPolicy, month: Month
) -> Verdict:
    """What becomes of a month's hit: the first reason that applies keeps it from being a lead."""
    excluded = around.exclusion.task_id if around.exclusion else None
    for letter, reason in _REASONS:
        reopens_when = reason(hit, household, around, policy, month)
        if reopens_when is not None:
            joins = around.open_task if letter == STILL_OPEN else None
            return Verdict(letter, reopens_when, joins.task_id if joins else excluded)
    return Verdict(None, None, excluded)


def _is_already_known(
    hit: Hit, household: Household, _: Around, policy: SuppressionPolicy, __: Month
) -> str | None:
    known = policy.already_known
    if (
        household.standing != "M"
        or hit.severity == _RED
        or hit.risk in known.not_for_risks
        or hit.rule_id in known.not_for_rules
        or hit.risk not in household.risks
    ):
        return None
    how = f"（{hit.severities}）" if hit.severities else ""
    return (
        f"该户已因“{hit.risk}”列为监测户。命中升为红色{how}，或名册中该户不再有“{hit.risk}”"
        f"这一风险、不再是监测户时，{_AGAIN}。"
    )


def _was_excluded(
    hit: Hit, _: Household, around: Around, policy: SuppressionPolicy, month: Month
) -> str | None:
    exclusion = around.exclusion
    if exclusion is None:
        return None
    until = months_later(exclusion.decided_on, policy.excluded.months)
    if month.last_day > until:
        return None
    percent = policy.excluded.rise_percent
    limit = reopening_limit(hit, exclusion, percent)
    if limit is not None:
        if limit.is_passed_by(hit.value):
            return None
        meanwhile = f"此前数值{limit.chinese}（核实时为{exclusion.value}）时"
    else:
        if _is_news(hit, exclusion, percent):
            return None
        meanwhile = "此前出现核实时没有的人员、事项或等级时"
        if _numbers(hit.value):
            meanwhile = f"此前出现核实时没有的人员、事项，或其中数值变动超过{plain(percent)}%时"
    return (
        f"该户这一事项已于{_day(exclusion.decided_on)}核实为不属实（任务{exclusion.task_id}），"
        f"排除到{_day(until)}为止：从{first_month_after(until).chinese}的数据起再次命中，"
        f"或{meanwhile}，{_AGAIN}。"
    )


def _is_waived(
    _: Hit, __: Household, around: Around, ___: SuppressionPolicy, ____: Month
) -> str | None:
    waiver = around.waiver
    if waiver is None:
        return None
    return (
        f"经{waiver.approved_by}批准豁免到{_day(waiver.until)}（{waiver.reason}）："
        f"从{first_month_after(waiver.until).chinese}的数据起再次命中，或豁免撤销后，{_AGAIN}。"
    )


def _is_still_open(
    _: Hit, __: Household, around: Around, ___: SuppressionPolicy, ____: Month
) -> str | None:
    task = around.open_task
    if task is None:
        return None
    return (
        f"该户同一事项正在核实（任务{task.task_id}，{task.month.chinese}的线索），本次情况并入该任务；"
        f"该任务办结以后的月份再次命中时，{_AGAIN}。"
    )


def _has_nobody(
    hit: Hit, household: Household, _: Around, __: SuppressionPolicy, ___: Month
) -> str | None:
    if household.living_members:
        return None
    kind = "户编号" if hit.household_id.startswith("R:") else "户号"
    number = hit.household_id.partition(":")[2]
    return f"{kind}{number}目前没有在世成员；名册、户籍或死亡数据更正后有在世成员时，{_AGAIN}。"


# In the catalogue's order; the first that applies is recorded.
_REASONS: tuple[tuple[str, Reason], ...] = (
    (ALREADY_KNOWN, _is_already_known),
    (EXCLUDED, _was_excluded),
    (WAIVED, _is_waived),
    (STILL_OPEN, _is_still_open),
    (NOBODY_LIVING, _has_nobody),
)


@dataclass(frozen=True)
class Limit:
    """The value beyond which an exclusion no longer speaks of the hit."""

    value: Decimal
    lower_is_worse: bool

    def is_passed_by(self, value: str | None) -> bool:
        """Whether a value lies beyond it; the limit itself does not."""
        number = _number(value)
        assert number is not None
        return number < self.value if self.lower_is_worse else number > self.value

    @property
    def chinese(self) -> str:
        """高于7200, or 低于 where less is worse."""
        return f"{'低于' if self.lower_is_worse else '高于'}{plain(self.value)}"


def reopening_limit(hit: Hit, exclusion: Exclusion, rise_percent: Decimal) -> Limit | None:
    """How far the value may get worse; None where the two values do not measure the same.

    Values measured against different lines are not compared.
    """
    value, before = _number(hit.value), _number(exclusion.value)
    if value is None or before is None or hit.threshold != exclusion.threshold:
        return None
    change = abs(before) * rise_percent / 100
    return Limit(before - change if hit.lower_is_worse else before + change, hit.lower_is_worse)


def _is_news(hit: Hit, exclusion: Exclusion, percent: Decimal) -> bool:
    """Whether a hit without a number for a value tells of anything that was not verified.

    Numbers within the text may change as far as a value may rise; which way is worse is not known.
    """
    if exclusion.events is None or hit.events is None or not hit.events <= exclusion.events:
        return True
    before, now = _numbers(exclusion.value), _numbers(hit.value)
    return len(before) == len(now) and any(
        abs(new - old) > abs(old) * percent / 100 for old, new in zip(before, now, strict=True)
    )


def first_month_after(day: date) -> Month:
    """The first month whose end lies after a day."""
    month = Month.of(day)
    return month if day < month.last_day else month + 1


def is_number(value: str | None) -> bool:
    """Whether the value of a piece of evidence is a number."""
    return _number(value) is not None


def kind_of(value: str | None) -> str:
    """What a value tells, its numbers aside: 取水25分钟 and 取水30分钟 are of one kind."""
    return "" if value is None or is_number(value) else _DIGITS.sub("#", value)


def _numbers(text: str | None) -> list[Decimal]:
    return [] if text is None else [Decimal(found) for found in _DIGITS.findall(text)]


def _number(text: str | None) -> Decimal | None:
    try:
        number = Decimal(text) if text is not None else None
    except InvalidOperation:
        return None
    return number if number is not None and number.is_finite() else None


def _day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"
