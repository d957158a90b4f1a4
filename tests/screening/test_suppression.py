"""Why a hit opens no task, reason by reason and at each boundary, and what would reopen it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poverty_watch.months import Month, months_later
from poverty_watch.screening.policy import suppression_policy
from poverty_watch.screening.suppression import (
    NOTHING,
    Around,
    Exclusion,
    Hit,
    Household,
    OpenTask,
    Verdict,
    WaiverInForce,
    first_month_after,
    judge,
)

APRIL = Month(2021, 4)
POLICY = suppression_policy()
HIT = Hit("W01", "R:1", "orange", "因病", "6000", "5000", frozenset({"bills|7||"}))
HOUSEHOLD = Household("甸阳镇", "大寨村", "T", frozenset(), 4)
EXCLUDED = Exclusion(12, date(2021, 3, 12), "6000", "5000", HIT.events)


def fate(
    around: Around = NOTHING, hit: Hit = HIT, household: Household = HOUSEHOLD, month: Month = APRIL
) -> Verdict:
    return judge(hit, household, around, POLICY, month)


def excluded(exclusion: Exclusion = EXCLUDED, hit: Hit = HIT, month: Month = APRIL) -> Verdict:
    return fate(Around(exclusion=exclusion), hit, month=month)


@pytest.mark.parametrize(
    ("value", "letter"),
    [("6000", "b"), ("5100", "b"), ("7200", "b"), ("7200.01", None), ("12000", None)],
    ids=["the same", "less", "exactly 20 % more", "one cent above", "twice"],
)
def test_an_excluded_value_comes_back_when_it_has_risen_by_more_than_a_fifth(
    value: str, letter: str | None
) -> None:
    assert excluded(hit=replace(HIT, value=value)).letter == letter


@pytest.mark.parametrize(
    ("value", "letter"), [("5900", "b"), ("4000", "b"), ("3999.99", None), ("0", None)]
)
def test_where_less_is_worse_a_fall_counts_as_the_rise(value: str, letter: str | None) -> None:
    before = replace(EXCLUDED, value="5000", threshold="6000")
    hit = replace(HIT, rule_id="W11", value=value, threshold="6000", lower_is_worse=True)
    assert excluded(before, hit).letter == letter


def test_an_income_below_zero_is_judged_by_its_size() -> None:
    before = replace(EXCLUDED, value="-100", threshold="6000")
    income = replace(HIT, value="-120", threshold="6000", lower_is_worse=True)
    assert excluded(before, income).letter == "b"
    assert excluded(before, replace(income, value="-121")).letter is None


def test_from_nothing_anything_is_a_rise() -> None:
    before = replace(EXCLUDED, value="0", threshold="0")
    assert excluded(before, replace(HIT, value="0", threshold="0")).letter == "b"
    assert excluded(before, replace(HIT, value="0.01", threshold="0")).letter is None


@pytest.mark.parametrize(
    ("decided_on", "month", "letter"),
    [
        (date(2021, 1, 30), APRIL, "b"),
        (date(2021, 1, 29), APRIL, None),
        (date(2021, 1, 31), APRIL, "b"),
        (date(2020, 11, 30), Month(2021, 2), "b"),
        (date(2020, 11, 27), Month(2021, 2), None),
        (date(2021, 5, 6), APRIL, "b"),
    ],
    ids=[
        "three months to the day",
        "a day longer ago",
        "April has no 31st",
        "nor February a 30th",
        "27 February is over",
        "decided since the month's end",
    ],
)
def test_an_exclusion_counts_for_three_months(
    decided_on: date, month: Month, letter: str | None
) -> None:
    assert excluded(replace(EXCLUDED, decided_on=decided_on), month=month).letter == letter


@pytest.mark.parametrize(
    ("value", "events", "letter"),
    [
        (None, {"a"}, "b"),
        (None, {"a", "b"}, "b"),
        (None, {"a", "c"}, None),
        ("二级", {"a"}, "b"),
        ("一级", {"c"}, None),
    ],
    ids=["the same", "both known", "a new one beside", "the same grade", "another grade"],
)
def test_without_a_value_a_new_event_reopens(
    value: str | None, events: set[str], letter: str | None
) -> None:
    before = replace(EXCLUDED, value=value, threshold=None, events=frozenset({"a", "b"}))
    hit = replace(HIT, value=value, threshold=None, events=frozenset(events))
    assert excluded(before, hit).letter == letter


@pytest.mark.parametrize(
    ("value", "letter"),
    [
        ("取水30分钟、停水50天", "b"),
        ("取水30分钟、停水48天", "b"),
        ("取水31分钟、停水50天", None),
        ("取水19分钟、停水50天", None),
    ],
    ids=["a fifth more", "a little less", "more than a fifth more", "much less, be it good or bad"],
)
def test_measures_within_a_text_may_change_by_a_fifth(value: str, letter: str | None) -> None:
    before = replace(EXCLUDED, value="取水25分钟、停水50天", threshold=None)
    verdict = excluded(before, replace(HIT, value=value, threshold=None))
    assert verdict.letter == letter
    assert letter is None or "数值变动超过20%" in (verdict.reopens_when or "")


def test_where_nobody_wrote_down_the_events_the_hit_is_asked_about_again() -> None:
    before = replace(EXCLUDED, value=None, events=None)
    assert excluded(before, replace(HIT, value=None)).letter is None


def test_values_against_different_lines_are_not_compared() -> None:
    """A loan about to fall due (its amount) and one overdue (the overdue amount)."""
    due_soon = replace(EXCLUDED, value="50000", threshold="30天内到期", events=frozenset({"x"}))
    overdue = replace(HIT, value="3000", threshold="0", events=frozenset({"y"}))
    assert excluded(due_soon, overdue).letter is None


def test_an_exclusion_says_until_when_it_lasts_and_which_value_would_reopen_it() -> None:
    text = excluded().reopens_when or ""
    assert "2021年3月12日核实为不属实（任务12）" in text
    assert "排除到2021年6月12日" in text
    assert "从2021年6月的数据起" in text
    assert "高于7200（核实时为6000）" in text


def test_a_lead_that_was_excluded_before_remembers_the_task() -> None:
    verdict = excluded(hit=replace(HIT, value="9000"))
    assert (verdict.letter, verdict.task_id) == (None, 12)


def test_a_waiver_names_its_end_its_approval_and_its_reason() -> None:
    waiver = WaiverInForce(date(2021, 9, 30), "外省参保", "县联席会议办公室")
    verdict = fate(Around(waiver=waiver))
    assert verdict.letter == "c"
    assert verdict.reopens_when is not None
    for told in ("县联席会议办公室", "2021年9月30日", "外省参保", "2021年10月的数据"):
        assert told in verdict.reopens_when


def test_a_hit_that_joins_a_task_names_it() -> None:
    verdict = fate(Around(open_task=OpenTask(31, Month(2021, 3))))
    assert (verdict.letter, verdict.task_id) == ("d", 31)
    assert "任务31，2021年3月的线索" in (verdict.reopens_when or "")


def test_a_known_risk_says_what_red_means() -> None:
    household = replace(HOUSEHOLD, standing="M", risks=frozenset({"因病"}))
    verdict = fate(hit=replace(HIT, severities="达到两倍为红色"), household=household)
    assert verdict.letter == "a"
    assert "“因病”" in (verdict.reopens_when or "")
    assert "达到两倍为红色" in (verdict.reopens_when or "")


@pytest.mark.parametrize("rule", ["W25", "W26"])
def test_a_known_risk_does_not_excuse_the_lack_of_help(rule: str) -> None:
    household = replace(HOUSEHOLD, standing="M", risks=frozenset({"因病"}))
    assert fate(hit=replace(HIT, rule_id=rule), household=household).letter is None


def test_the_month_in_which_an_end_lets_hits_through_again() -> None:
    assert first_month_after(date(2021, 9, 29)) == Month(2021, 9)
    assert first_month_after(date(2021, 9, 30)) == Month(2021, 10)
    assert first_month_after(date(2021, 12, 31)) == Month(2022, 1)


_DAYS = st.dates(date(2020, 12, 1), date(2021, 12, 31))
_VALUES = st.one_of(st.none(), st.sampled_from(["一级", "0", "4999.99", "6000", "7200", "7201"]))
_EVENTS = st.frozensets(st.sampled_from(["a", "b", "c"]), max_size=3)
_AROUND = st.builds(
    Around,
    exclusion=st.none()
    | st.builds(
        Exclusion,
        st.integers(1, 99),
        _DAYS,
        _VALUES,
        st.sampled_from(["5000", "一级"]),
        st.none() | _EVENTS,
    ),
    waiver=st.none() | st.builds(WaiverInForce, _DAYS, st.just("样例理由"), st.just("样例办公室")),
    open_task=st.none() | st.builds(OpenTask, st.integers(1, 99), st.just(Month(2021, 3))),
)
_HOUSEHOLDS = st.builds(
    Household,
    st.just("甸阳镇"),
    st.just("大寨村"),
    st.sampled_from(["M", "X", "T", None]),
    st.frozensets(st.sampled_from(["因病", "其他"])),
    st.integers(0, 3),
)
_HITS = st.builds(
    Hit,
    st.sampled_from(["W01", "W05", "W25"]),
    st.sampled_from(["R:1", "H:2"]),
    st.sampled_from(["red", "orange", "yellow"]),
    st.sampled_from(["因病", "因学", "其他"]),
    _VALUES,
    st.sampled_from(["5000", "一级"]),
    _EVENTS,
)


@given(_HITS, _HOUSEHOLDS, _AROUND)
def test_every_hit_has_one_fate_and_every_suppressed_one_a_concrete_way_back(
    hit: Hit, household: Household, around: Around
) -> None:
    verdict = fate(around, hit, household)
    if verdict.letter is None:
        assert verdict.reopens_when is None
        assert household.living_members > 0
        assert around.waiver is None
        assert around.open_task is None
        return
    text = verdict.reopens_when or ""
    assert text.endswith("重新形成线索。")
    concrete = {
        "a": f"“{hit.risk}”",
        "b": f"任务{around.exclusion.task_id}" if around.exclusion else "?",
        "c": f"{around.waiver.until.month}月{around.waiver.until.day}日" if around.waiver else "?",
        "d": f"任务{around.open_task.task_id}" if around.open_task else "?",
        "e": hit.household_id[2:],
    }
    assert concrete[verdict.letter] in text


@given(_HITS, _AROUND)
def test_the_value_that_is_told_is_the_one_that_reopens(hit: Hit, around: Around) -> None:
    """Of two values the worse one is never suppressed where the better one is not."""
    if around.exclusion is None or hit.threshold != "5000":
        return
    values = ["5000", "6000", "7200", "7200.01", "9000"]
    letters = [
        excluded(replace(around.exclusion, threshold="5000"), replace(hit, value=value)).letter
        for value in values
    ]
    assert all(not (before is None and after == "b") for before, after in pairwise(letters))


@given(_DAYS, st.integers(0, 6))
def test_a_period_of_months_ends_within_its_last_month(day: date, months: int) -> None:
    end = months_later(day, months)
    assert Month.of(end) == Month.of(day) + months
    assert end.day == day.day or end + timedelta(days=1) == (Month.of(end) + 1).first_day
