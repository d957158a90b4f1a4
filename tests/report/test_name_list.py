"""表四: who is monitored, masked, with what happened in the month and who is to help."""

from __future__ import annotations

from poverty_watch.contracts import load_catalogue
from poverty_watch.report.name_list import masked_name, monitored_rows
from poverty_watch.report.stocks import stocks_and_flows
from tests.report.conftest import APRIL, household, register

TOWNSHIPS = ("甸阳镇", "由旺镇")


def test_each_household_stands_once_with_its_month() -> None:
    before = register(
        household("1"), household("2", eliminated="2020-12"), household("3"), household("9")
    )
    now = register(
        household("10", "由旺镇", identified="2021-04", risk="住房安全"),
        household("9") | {"head_name": "样本甲", "village": "样本村", "measures": "产业帮扶"},
        household("1", eliminated="2021-04"),
        household("2", done="否"),
        household("3", eliminated="2021-03"),
        household("4", of=None),
        household("5", living=0),
    )
    stocks = stocks_and_flows(APRIL, now, before, TOWNSHIPS, ["脱贫不稳定户"])

    rows = monitored_rows(now, stocks, load_catalogue())

    assert [(row["乡镇"], row["户编号"], row["状态"]) for row in rows] == [
        ("甸阳镇", "1", "本月消除"),
        ("甸阳镇", "2", "在监测（本月回退）"),
        ("甸阳镇", "9", "在监测"),
        ("由旺镇", "10", "在监测（本月新增）"),
    ]
    assert rows[2]["户主"] == "样**"
    assert rows[2]["责任部门"] == "医保局、卫健局、民政局"
    assert rows[3]["责任部门"] == "住建局"
    assert rows[3]["识别月"] == "2021-04"
    assert rows[3]["措施"] == "（未填）"


def test_a_name_shows_its_first_character_alone() -> None:
    assert (masked_name("样本甲"), masked_name("样"), masked_name(None)) == (
        "样**",
        "样",
        "（未填）",
    )
