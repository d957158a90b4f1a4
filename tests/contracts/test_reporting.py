"""The report's days around weekends and holidays."""

from __future__ import annotations

from datetime import date

import pytest

from poverty_watch.contracts.reporting import GUESSED, reporting_days, watched_month
from poverty_watch.months import Month, Workdays
from poverty_watch.settings import REFERENCE

CALENDAR = Workdays.from_file(REFERENCE / "workdays.yaml")


def days(month: str) -> tuple[date, date, list[tuple[date, tuple[int, ...]]]]:
    found = reporting_days(Month.parse(month), CALENDAR)
    return found.draft_on, found.due_on, list(found.watch.items())


def test_without_holidays_only_a_saturday_moves() -> None:
    draft_on, due_on, watch = days("2021-05")
    assert (draft_on, due_on) == (date(2021, 6, 8), date(2021, 6, 10))
    assert watch == [
        (date(2021, 6, 3), (3,)),
        (date(2021, 6, 4), (5,)),
        *((date(2021, 6, day), (day,)) for day in (8, 9, 10)),
    ]


def test_a_saturday_that_is_worked_is_a_workday() -> None:
    draft_on, due_on, watch = days("2021-04")
    assert draft_on == date(2021, 5, 8)
    assert due_on == date(2021, 5, 10)
    # May Day begins on the 1st: who has not delivered is told before it.
    assert watch[0] == (date(2021, 4, 30), (3, 5))
    # The 9th is a Sunday.
    assert watch[1:] == [(date(2021, 5, 8), (8, 9)), (date(2021, 5, 10), (10,))]


def test_the_tenth_in_spring_festival_moves_before_it() -> None:
    # 10 to 17 February 2024 are off.
    draft_on, due_on, watch = days("2024-01")
    assert (draft_on, due_on) == (date(2024, 2, 8), date(2024, 2, 9))
    assert watch[-1] == (date(2024, 2, 9), (9, 10))


def test_the_eighth_in_a_holiday_that_begins_before_the_closing_day_moves_behind_it() -> None:
    # 1 to 8 October 2020 are off; nothing has been collected before them.
    draft_on, due_on, watch = days("2020-09")
    assert (draft_on, due_on) == (date(2020, 10, 9), date(2020, 10, 10))
    assert watch == [
        (date(2020, 9, 30), (3, 5)),
        (date(2020, 10, 9), (8, 9)),
        (date(2020, 10, 10), (10,)),
    ]


def test_days_eight_to_ten_in_spring_festival_all_move_behind_it() -> None:
    # 4 to 10 February 2019 are off, Sunday the 3rd is worked.
    draft_on, due_on, watch = days("2019-01")
    assert (draft_on, due_on) == (date(2019, 2, 11), date(2019, 2, 11))
    assert watch == [(date(2019, 2, 3), (3, 5)), (date(2019, 2, 11), (8, 9, 10))]


@pytest.mark.parametrize(
    ("day", "month"),
    [
        (date(2020, 9, 30), "2020-09"),
        (date(2020, 10, 9), "2020-09"),
        (date(2020, 10, 8), None),
        (date(2021, 6, 10), "2021-05"),
        (date(2021, 6, 11), None),
    ],
)
def test_a_watch_day_knows_its_month_even_before_that_month_is_over(
    day: date, month: str | None
) -> None:
    assert watched_month(day, CALENDAR) == (Month.parse(month) if month else None)


def test_a_year_that_nobody_has_published_is_watched_all_the_same_and_says_so() -> None:
    found = reporting_days(Month.parse("2031-04"), CALENDAR)
    assert found.due_on == date(2031, 5, 9)  # the 10th is a Saturday
    assert found.note == GUESSED
    assert reporting_days(Month.parse("2021-04"), CALENDAR).note == ""
