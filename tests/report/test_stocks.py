"""表一: every kind of change between two registers lands in its own item."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from poverty_watch.contracts import load_catalogue
from poverty_watch.months import Month
from poverty_watch.report import identities
from poverty_watch.report.errors import IdentityError
from poverty_watch.report.stocks import Count, Stocks, classes_of, stocks_and_flows, township_names
from poverty_watch.settings import REFERENCE
from tests.report.conftest import APRIL, household, register

TOWNSHIPS = ("甸阳镇", "由旺镇")
A, B = "脱贫不稳定户", "边缘易致贫户"
QUIET = ("转入", "转出")


def count(
    now: list[dict[str, Any]], before: list[dict[str, Any]] | None, month: Month = APRIL
) -> Stocks:
    previous = None if before is None else register(*before)
    stocks = stocks_and_flows(month, register(*now), previous, TOWNSHIPS, (A, B))
    identities.check(stocks)
    return stocks


def moved(stocks: Stocks, township: str = "合计", of: str = A) -> dict[str, tuple[int, int]]:
    """The items of one cell row that are not zero."""
    return {
        item: (found.households, found.persons)
        for item in stocks.items
        if (found := stocks.cells[township, of, item]) != Count(0, 0)
    }


def test_a_household_that_stays_moves_nothing() -> None:
    stocks = count([household()], [household()])
    assert moved(stocks) == {"期初未消除": (1, 3), "期末未消除": (1, 3), "累计识别": (1, 3)}


def test_a_household_identified_this_month_is_new() -> None:
    stocks = count([household(identified="2021-04")], [household("2")])
    assert moved(stocks)["本月新增"] == (1, 3)
    assert moved(stocks)["期末未消除"] == (1, 3)


def test_new_household_is_also_new_when_the_register_held_it_without_a_class() -> None:
    stocks = count([household(identified="2021-04")], [household(of=None, identified=None)])
    assert moved(stocks)["本月新增"] == (1, 3)


def test_identified_and_eliminated_in_one_month_counts_as_new_and_as_eliminated() -> None:
    stocks = count([household(identified="2021-04", eliminated="2021-04")], [])
    assert moved(stocks) == {
        "本月新增": (1, 3),
        "本月消除": (1, 3),
        "累计识别": (1, 3),
        "累计消除": (1, 3),
    }


def test_an_eliminated_household_that_is_monitored_again_is_a_relapse() -> None:
    stocks = count([household()], [household(eliminated="2021-02")])
    assert moved(stocks) == {"回退": (1, 3), "期末未消除": (1, 3), "累计识别": (1, 3)}


def test_elimination_counts_the_members_at_month_end_and_the_change_apart() -> None:
    stocks = count([household(eliminated="2021-04", living=2)], [household(living=3)])
    assert moved(stocks) == {
        "期初未消除": (1, 3),
        "本月消除": (1, 2),
        "自然变动": (0, -1),
        "累计识别": (1, 2),
        "累计消除": (1, 2),
    }


def test_elimination_is_counted_in_the_class_the_household_had() -> None:
    stocks = count([household(of=B, eliminated="2021-04")], [household(of=A)])
    assert moved(stocks, of=A)["本月消除"] == (1, 3)
    assert "本月消除" not in moved(stocks, of=B)


def test_conversion_takes_the_natural_change_in_the_old_class() -> None:
    stocks = count([household(of=B, living=5)], [household(of=A, living=3)])
    assert moved(stocks, of=A) == {"期初未消除": (1, 3), "转出": (1, 5), "自然变动": (0, 2)}
    assert moved(stocks, of=B) == {"转入": (1, 5), "期末未消除": (1, 5), "累计识别": (1, 5)}


def test_a_household_gone_from_the_register_is_a_decrease_with_its_former_members() -> None:
    stocks = count([], [household(living=4)])
    assert moved(stocks) == {"期初未消除": (1, 4), "整户减少": (1, 4)}


def test_eliminated_and_nobody_alive_is_a_decrease_and_no_elimination() -> None:
    stocks = count([household(eliminated="2021-04", living=0)], [household(living=1)])
    assert moved(stocks) == {"期初未消除": (1, 1), "整户减少": (1, 1)}


def test_a_late_entry_is_a_correction_and_is_listed() -> None:
    stocks = count([household("7", identified="2021-02")], [])
    assert moved(stocks)["更正补录"] == (1, 3)
    (listed,) = stocks.corrections
    assert (listed.household_id, listed.count) == ("R:7", Count(1, 3))
    assert "识别监测时间不是本月" in listed.note


def test_a_class_taken_back_is_a_negative_correction() -> None:
    stocks = count([household(of=None)], [household()])
    assert moved(stocks) == {"期初未消除": (1, 3), "更正补录": (-1, -3)}


def test_an_elimination_dated_in_another_month_is_a_negative_correction() -> None:
    stocks = count([household(eliminated="2021-02")], [household()])
    assert moved(stocks)["更正补录"] == (-1, -3)
    assert "本月消除" not in moved(stocks)


def test_eliminated_this_month_but_never_in_stock_is_balanced_by_a_correction() -> None:
    stocks = count([household(eliminated="2021-04")], [])
    assert moved(stocks)["本月消除"] == (1, 3)
    assert moved(stocks)["更正补录"] == (1, 3)


def test_a_township_move_is_a_correction_in_both_townships_and_none_in_the_county() -> None:
    stocks = count(
        [household(township="由旺镇", living=2)], [household(township="甸阳镇", living=3)]
    )
    assert moved(stocks, "甸阳镇") == {
        "期初未消除": (1, 3),
        "更正补录": (-1, -2),
        "自然变动": (0, -1),
    }
    assert moved(stocks, "由旺镇")["更正补录"] == (1, 2)
    assert "更正补录" not in moved(stocks)


def test_moved_and_eliminated_is_eliminated_in_the_new_township() -> None:
    stocks = count([household(township="由旺镇", eliminated="2021-04")], [household()])
    assert moved(stocks, "由旺镇")["本月消除"] == (1, 3)


def test_without_an_earlier_register_the_opening_stock_comes_from_this_one() -> None:
    stocks = count(
        [
            household("1", identified="2020-12"),
            household("2", identified="2020-12", eliminated="2021-04"),
            household("3", identified="2021-04"),
            household("4", identified=None),
            household("5", identified="2020-12", eliminated="2021-01"),
            household("6", identified=None, eliminated="2021-04"),
            household("7", identified="2021-04", eliminated="2021-04"),
        ],
        None,
    )
    assert moved(stocks) == {
        "期初未消除": (3, 9),
        "本月新增": (2, 6),
        "本月消除": (3, 9),
        "更正补录": (1, 3),
        "期末未消除": (3, 9),
        "累计识别": (7, 21),
        "累计消除": (4, 12),
    }
    assert [c.household_id for c in stocks.corrections] == ["R:4"]


def test_a_blank_elimination_mark_counts_as_not_eliminated() -> None:
    assert moved(count([household(done="")], [household()]))["期末未消除"] == (1, 3)


def test_every_township_and_class_has_its_row_in_order_with_the_county_last() -> None:
    stocks = count([], [])
    assert list(dict.fromkeys(place for place, _, _ in stocks.cells)) == [*TOWNSHIPS, "合计"]
    assert len(stocks.cells) == 3 * 2 * 12
    assert set(stocks.cells.values()) == {Count(0, 0)}


def test_an_unknown_township_gets_a_row_of_its_own_and_is_not_lost() -> None:
    stocks = count([household(township="甸阳"), household("2", township=None)], [])
    assert stocks.townships == (*TOWNSHIPS, "", "甸阳")
    assert stocks.cells["合计", A, "期末未消除"] == Count(2, 6)


def test_classes_are_those_of_the_law_of_the_month() -> None:
    contract = load_catalogue().contract("monitoring_register")
    assert classes_of(contract, Month.parse("2021-04")) == (A, B)
    assert classes_of(contract, Month.parse("2021-05")) == (A, B, "突发严重困难户")


def test_townships_are_in_the_order_of_their_codes() -> None:
    names = township_names(REFERENCE / "divisions_530521.csv")
    assert (len(names), names[0], names[-1]) == (13, "甸阳镇", "水长乡")


def test_new_by_risk_and_eliminated_by_mode_add_up() -> None:
    stocks = count(
        [
            household("1", identified="2021-04", risk="因学"),
            household("2", identified="2021-04", risk=None, living=1),
            household("3", eliminated="2021-04", mode="自然消除"),
        ],
        [household("3")],
    )
    assert stocks.detail(stocks.by_risk, "合计", None) == {"因学": Count(1, 3), "": Count(1, 1)}
    assert stocks.detail(stocks.by_mode, "甸阳镇", A) == {"自然消除": Count(1, 3)}


@pytest.mark.parametrize(
    ("key", "named"),
    [
        (
            ("甸阳镇", A, "期末未消除"),
            "甸阳镇·脱贫不稳定户·期末未消除户：期初加减本月变动得 1，期末未消除是 9",
        ),
        (("合计", A, "回退"), "合计·脱贫不稳定户·回退户：各乡镇相加得 0，合计是 9"),
        (
            ("由旺镇", B, "本月新增"),
            "由旺镇·边缘易致贫户·本月新增户：按主要风险相加得 0，本月新增是 9",
        ),
    ],
)
def test_a_broken_identity_names_the_cells(key: tuple[str, str, str], named: str) -> None:
    stocks = count([household()], [household()])
    wrong = dataclasses.replace(stocks, cells={**stocks.cells, key: Count(9, 30)})
    with pytest.raises(IdentityError) as caught:
        identities.check(wrong)
    assert named in str(caught.value)


def test_fewer_persons_than_households_is_refused() -> None:
    stocks = count([household(living=1)], [household(living=1)])
    keys = [(t, A, i) for t in ("甸阳镇", "合计") for i in ("期初未消除", "期末未消除", "累计识别")]
    wrong = dataclasses.replace(stocks, cells={**stocks.cells, **dict.fromkeys(keys, Count(1, 0))})
    with pytest.raises(IdentityError, match="0 人少于 1 户"):
        identities.check(wrong)


MONTHS = st.sampled_from([None, "2020-11", "2021-03", "2021-04", "2021-05"])
HOUSEHOLDS = st.builds(
    household,
    number=st.integers(1, 12).map(str),
    township=st.sampled_from([*TOWNSHIPS, "无此乡", None]),
    of=st.sampled_from([A, B, None]),
    identified=MONTHS,
    eliminated=MONTHS,
    living=st.integers(0, 4),
    done=st.sampled_from(["是", "否", ""]),
    mode=st.sampled_from(["帮扶消除", "自然消除", None]),
    risk=st.sampled_from(["因病", "其他", None]),
)
REGISTERS = st.lists(HOUSEHOLDS, max_size=12, unique_by=lambda row: row["household_id"])


@settings(max_examples=50, deadline=None)
@given(now=REGISTERS, before=st.none() | REGISTERS)
def test_the_identities_hold_for_any_two_registers(
    now: list[dict[str, Any]], before: list[dict[str, Any]] | None
) -> None:
    stocks = count(now, before)  # checks them
    if before is not None:
        stock = [
            row
            for row in before
            if row["monitored_class"]
            and row["is_eliminated"] != "是"
            and row["living_register_members"]
        ]
        opening = stocks.cell("合计", None, "期初未消除")
        assert opening.households == len(stock)
        assert opening.persons == sum(row["living_register_members"] for row in stock)
