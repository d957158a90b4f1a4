"""When a month's report is due: ``report`` in ``include/reference/deadlines.yaml``, around holidays."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

from poverty_watch.contracts.duty import duty_policy
from poverty_watch.months import CalendarError, Month, Workdays
from poverty_watch.settings import REFERENCE

GUESSED = "（放假安排尚未载入，暂按周一至周五推算）"


class ReportingPolicy(BaseModel):
    """Days of the following month; ``decide_days`` is for a report that is made after its day."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    draft_day: int = Field(ge=1, le=28)
    due_day: int = Field(ge=1, le=28)
    watch_days: tuple[int, ...]
    decide_days: int = Field(ge=1)

    @model_validator(mode="after")
    def _in_order(self) -> ReportingPolicy:
        if self.due_day < self.draft_day:
            raise ValueError("due_day 不能早于 draft_day")
        if not all(1 <= day <= 28 for day in self.watch_days):
            raise ValueError("watch_days 应在 1 至 28 之间")
        return self


@lru_cache(maxsize=4)
def reporting_policy(path: Path = REFERENCE / "deadlines.yaml") -> ReportingPolicy:
    """The policy in force."""
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    return ReportingPolicy.model_validate(content["report"])


@dataclass(frozen=True)
class ReportingDays:
    """A month's days, as moved around holidays.

    ``draft_on``: from this day on the draft is made and signed; ``due_on``: the last day, whole, on
    which it is to be signed and delivered. ``watch``: the days on which the office is told how the
    month stands, each with the days of the policy that fell on it. ``note`` says that a day rests
    on a guess; empty otherwise.
    """

    month: Month
    draft_on: date
    due_on: date
    watch: dict[date, tuple[int, ...]]
    note: str


def reporting_days(
    month: Month,
    workdays: Workdays,
    policy: ReportingPolicy | None = None,
    closing_day: int | None = None,
) -> ReportingDays:
    """The days of a month's report.

    A day that is no workday moves to the last workday before it. A day after the closing day of
    deliveries never moves to it or before it: there would be nothing to report yet; it moves to the
    first workday after. A year that nobody has published counts Monday to Friday, and ``note`` says
    so: being watched by a guess is better than not being watched.

    Args:
        month: the month that is reported on.
        workdays: the county's calendar.
        policy: that of ``deadlines.yaml`` if not given.
        closing_day: until when deliveries are waited for; that of ``duty.yaml`` if not given.
    """
    policy = policy or reporting_policy()
    closes = duty_policy().closing_day if closing_day is None else closing_day
    mover = _Mover(workdays, (month + 1).first_day.replace(day=closes))
    days = {
        day: mover.moved((month + 1).first_day.replace(day=day))
        for day in {policy.draft_day, policy.due_day, *policy.watch_days}
    }
    watch: dict[date, tuple[int, ...]] = {}
    for day in sorted(policy.watch_days):
        watch[days[day]] = (*watch.get(days[day], ()), day)
    return ReportingDays(
        month,
        days[policy.draft_day],
        days[policy.due_day],
        watch,
        mover.note,
    )


def watched_month(day: date, workdays: Workdays) -> Month | None:
    """The month whose watch day it is; None on all other days.

    A watch day may have moved to the end of the month that is watched.
    """
    for month in (Month.of(day) - 1, Month.of(day)):
        if day in reporting_days(month, workdays).watch:
            return month
    return None


class _Mover:
    def __init__(self, workdays: Workdays, closes_on: date) -> None:
        self._workdays = workdays
        self._closes_on = closes_on
        self.note = ""

    def moved(self, day: date) -> date:
        earlier = self._next(day, -1)
        if earlier <= self._closes_on < day:
            earlier = self._next(day, 1)
        self.note = self.note or self._workdays.note(earlier)
        return earlier

    def _next(self, day: date, step: int) -> date:
        while not self._is_workday(day):
            day += timedelta(days=step)
        return day

    def _is_workday(self, day: date) -> bool:
        try:
            return self._workdays.is_workday(day)
        except CalendarError:
            self.note = GUESSED
            return day.weekday() < 5
