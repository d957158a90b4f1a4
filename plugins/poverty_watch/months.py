"""The month that is monitored, and the workdays that deadlines are counted in."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

import yaml

COUNTY_ZONE = ZoneInfo("Asia/Shanghai")


class MonthError(ValueError):
    """A text names no month; the message is Chinese and meant for staff."""


class CalendarError(ValueError):
    """The workdays of a year are not known; the message is Chinese and says what to do."""


@dataclass(frozen=True, order=True)
class Month:
    """A calendar month, written ``YYYY-MM``; ordered, hashable, usable as a key."""

    year: int
    number: int

    def __post_init__(self) -> None:
        if not (1 <= self.number <= 12 and 1900 <= self.year <= 2999):
            raise MonthError(
                f"没有“{self.year}-{self.number:02d}”这个月份，请写成 2021-04 的形式。"
            )

    @classmethod
    def parse(cls, text: str) -> Month:
        """Read ``YYYY-MM``.

        Raises:
            MonthError: the text is anything else, or no such month exists.
        """
        match = re.fullmatch(r"(\d{4})-(\d{2})", text.strip())
        if match is None:
            raise MonthError(f"“{text}”不是月份，请写成 2021-04 的形式。")
        return cls(int(match[1]), int(match[2]))

    @classmethod
    def of(cls, day: date) -> Month:
        """The month that a day lies in."""
        return cls(day.year, day.month)

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.number:02d}"

    def __add__(self, months: int) -> Month:
        index = self.year * 12 + self.number - 1 + months
        return Month(index // 12, index % 12 + 1)

    def __sub__(self, months: int) -> Month:
        return self + -months

    def months_since(self, other: Month) -> int:
        """How many calendar months this month is later than another."""
        return (self.year - other.year) * 12 + self.number - other.number

    def through(self, last: Month) -> Iterator[Month]:
        """All months from this one to ``last``, both included."""
        month = self
        while month <= last:
            yield month
            month = month + 1

    @property
    def first_day(self) -> date:
        """The 1st."""
        return date(self.year, self.number, 1)

    @property
    def last_day(self) -> date:
        """The month end, at which ages and windows are taken."""
        return date(self.year, self.number, calendar.monthrange(self.year, self.number)[1])

    @property
    def chinese(self) -> str:
        """As staff write it: 2021年4月."""
        return f"{self.year}年{self.number}月"


def county_day(moment: datetime) -> date:
    """The county's calendar day of a moment of the ledger."""
    # SQLite gives times back without their zone; they are UTC.
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.astimezone(COUNTY_ZONE).date()


def months_later(day: date, months: int) -> date:
    """The last day of a period of months that begins with ``day`` (Civil Code, article 202).

    That is the same day of the later month, or its end where it has no such day.
    """
    month = Month.of(day) + months
    return month.first_day.replace(day=min(day.day, month.last_day.day))


PROVISIONAL = "（暂按周一至周五推算）"


@lru_cache(maxsize=4096)
def _published(day: date) -> bool | None:
    """Whether the State Council's list, as the library has it, says workday; None: not published."""
    import chinese_calendar

    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return None


@dataclass(frozen=True)
class Workdays:
    """Chinese workdays: State Council days off and make-up days, corrected by a county file.

    ``corrections`` maps a day to True (worked) or False (off). A year that neither the
    ``chinesecalendar`` library nor the county file knows is refused: a guessed deadline would be
    worse than none. The county may allow a guess for a year (``provisional_years``: Monday to
    Friday); `note` then says so beside every such day.
    """

    corrections: Mapping[date, bool]
    confirmed_years: frozenset[int] = frozenset()
    provisional_years: frozenset[int] = frozenset()

    @classmethod
    def from_file(cls, path: Path) -> Workdays:
        """Read the county's corrections (``include/reference/workdays.yaml``).

        The file has ``workdays:`` and ``days_off:`` (lists of dates) and ``confirmed_years:``
        (years for which the two lists, on top of plain weekends, are complete), and
        ``provisional_years:`` (years that may be guessed until they are published).
        """
        content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        corrections = {day: True for day in content.get("workdays") or []}
        corrections |= {day: False for day in content.get("days_off") or []}
        return cls(
            corrections,
            frozenset(content.get("confirmed_years") or []),
            frozenset(content.get("provisional_years") or []),
        )

    def is_workday(self, day: date) -> bool:
        """Whether offices work on that day.

        Raises:
            CalendarError: nobody has published that year's days off yet.
        """
        if day in self.corrections:
            return self.corrections[day]
        published = _published(day)
        if published is not None:
            return published
        if day.year in self.confirmed_years | self.provisional_years:
            return day.weekday() < 5
        raise CalendarError(
            f"{day.year}年的放假安排尚未载入，无法计算工作日期限。请升级 chinesecalendar，"
            "或把国务院公布的放假、调休日期写入 include/reference/workdays.yaml 后重试；国务院还没有公布的，"
            f"可以在该文件的 provisional_years 里写上 {day.year}，暂按周一至周五推算。"
        )

    def note(self, day: date) -> str:
        """What to say beside a deadline that rests on a guess; empty for any other."""
        is_known = _published(day) is not None or day.year in self.confirmed_years
        return "" if is_known or day.year not in self.provisional_years else PROVISIONAL

    def after(self, day: date, count: int) -> date:
        """The ``count``-th workday after ``day``; ``day`` itself does not count.

        Raises:
            CalendarError: the span reaches a year that is not known.
        """
        while count > 0:
            day += timedelta(days=1)
            if self.is_workday(day):
                count -= 1
        return day
