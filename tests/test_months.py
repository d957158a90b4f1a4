"""Months are keys and arithmetic; workdays are the State Council's, corrected by the county."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import holidays
import pytest
from hypothesis import given
from hypothesis import strategies as st

from poverty_watch.months import CalendarError, Month, MonthError, Workdays
from poverty_watch.settings import REFERENCE

months = st.builds(Month, st.integers(1950, 2900), st.integers(1, 12))


@pytest.fixture
def workdays() -> Workdays:
    return Workdays.from_file(REFERENCE / "workdays.yaml")


@pytest.mark.parametrize("text", ["2021-04", " 2021-04 ", "2021-04\n"])
def test_a_month_is_read_from_its_written_form(text: str) -> None:
    assert Month.parse(text) == Month(2021, 4)
    assert str(Month.parse(text)) == "2021-04"
    assert Month.parse(text).chinese == "2021年4月"


@pytest.mark.parametrize(
    "text", ["", "2021-4", "202104", "2021-13", "2021-00", "2021-04-01", "0001-01", "四月"]
)
def test_what_is_no_month_is_refused_in_chinese_with_the_right_form(text: str) -> None:
    with pytest.raises(MonthError, match="请写成 2021-04 的形式"):
        Month.parse(text)


@given(month=months, steps=st.integers(-240, 240))
def test_going_and_coming_back_ends_where_it_began(month: Month, steps: int) -> None:
    assert (month + steps) - steps == month
    assert (month + steps).months_since(month) == steps
    assert Month.parse(str(month)) == month


@given(month=months)
def test_the_month_end_is_the_day_before_the_next_month(month: Month) -> None:
    assert ((month + 1).first_day - month.last_day).days == 1
    assert Month.of(month.first_day) == month == Month.of(month.last_day)


def test_a_span_over_the_turn_of_the_year_has_both_ends() -> None:
    span = [str(month) for month in Month(2020, 11).through(Month(2021, 2))]
    assert span == ["2020-11", "2020-12", "2021-01", "2021-02"]


def test_written_months_sort_as_months_do() -> None:
    span = list(Month(2019, 8).through(Month(2021, 3)))
    assert sorted(map(str, reversed(span))) == [str(month) for month in span]


@pytest.mark.parametrize(
    ("opened", "due"),
    [
        # An ordinary week.
        ("2021-03-01", "2021-03-08"),
        # Labour Day 2021: 1-5 May off, Saturday 8 May worked.
        ("2021-04-30", "2021-05-11"),
        ("2021-05-06", "2021-05-12"),
        # Before National Day 2021: Sunday 26 September worked.
        ("2021-09-24", "2021-09-30"),
        # Spring Festival 2022: Saturday 29 and Sunday 30 January worked, 31 January-6 February off.
        ("2022-01-28", "2022-02-09"),
        # National Day 2023: 29 September-6 October off, Saturday 7 and Sunday 8 October worked.
        ("2023-09-28", "2023-10-11"),
        # Spring Festival 2024: 10-17 February off, Sunday 18 February worked.
        ("2024-02-09", "2024-02-22"),
        # National Day 2025: Sunday 28 September and Saturday 11 October worked, 1-8 October off.
        ("2025-09-26", "2025-10-10"),
        ("2025-10-01", "2025-10-14"),
        # Spring Festival 2026: 15-23 February off, Saturday 14 February worked.
        ("2026-02-13", "2026-02-27"),
        # National Day 2026: Sunday 20 September and Saturday 10 October worked, 1-7 October off.
        ("2026-09-18", "2026-09-24"),
        ("2026-09-30", "2026-10-13"),
        # The last span that still ends within a known year.
        ("2026-12-24", "2026-12-31"),
    ],
)
def test_five_workdays_go_round_holidays_and_count_make_up_days(
    workdays: Workdays, opened: str, due: str
) -> None:
    assert workdays.after(date.fromisoformat(opened), 5) == date.fromisoformat(due)


@pytest.mark.parametrize("opened", [date(2026, 12, 28), date(2027, 3, 1), date(2003, 3, 3)])
def test_a_year_without_published_days_off_is_refused_with_the_remedy(
    workdays: Workdays, opened: date
) -> None:
    with pytest.raises(CalendarError, match=r"放假安排尚未载入.*workdays\.yaml"):
        workdays.after(opened, 5)


def test_the_county_file_overrules_and_opens_a_new_year(tmp_path: Path) -> None:
    file = tmp_path / "workdays.yaml"
    file.write_text(
        "workdays: [2021-03-06]\ndays_off: [2021-03-08, 2027-01-01]\nconfirmed_years: [2027]\n"
    )
    county = Workdays.from_file(file)
    assert county.is_workday(date(2021, 3, 6))
    assert not county.is_workday(date(2021, 3, 8))
    assert county.is_workday(date(2021, 3, 9))
    # 2026-12-31 is a Thursday; 1 January 2027 is listed as off, the 2nd and 3rd are a weekend.
    assert county.after(date(2026, 12, 31), 1) == date(2027, 1, 4)


def test_an_empty_county_file_corrects_nothing(tmp_path: Path) -> None:
    file = tmp_path / "workdays.yaml"
    file.write_text("# nothing yet\n")
    assert Workdays.from_file(file).after(date(2021, 3, 1), 5) == date(2021, 3, 8)


def test_due_days_from_2021_to_2026_are_the_same_by_a_second_calendar(workdays: Workdays) -> None:
    second = holidays.country_holidays("CN", years=range(2021, 2028))
    day = date(2021, 1, 1)
    while day < date(2026, 12, 24):
        assert workdays.after(day, 5) == second.get_nth_working_day(day, 5), day
        day += timedelta(days=1)


def test_a_guessed_year_says_so_and_what_is_published_is_no_guess(tmp_path: Path) -> None:
    file = tmp_path / "workdays.yaml"
    file.write_text("provisional_years: [2026, 2027]\n")
    county = Workdays.from_file(file)
    due = county.after(date(2026, 12, 31), 5)
    assert due == date(2027, 1, 7)
    assert county.note(due) == "（暂按周一至周五推算）"
    # 1 October 2026 is published: the list counts, and nothing is said.
    assert not county.is_workday(date(2026, 10, 1))
    assert county.note(date(2026, 10, 8)) == ""
    assert Workdays({}, frozenset({2027}), frozenset({2027})).note(due) == ""
