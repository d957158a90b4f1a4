"""The workbook that people open: values in their cells, nothing that runs, nothing that is lost."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from poverty_watch.ledger.models import Task, TaskReason
from poverty_watch.months import Month
from poverty_watch.report import build_report
from poverty_watch.report.drafting import composed
from poverty_watch.report.errors import TemplateError
from poverty_watch.report.template_builder import build
from poverty_watch.report.versions import TEMPLATE
from poverty_watch.report.workbook import write_value
from tests.report.conftest import APRIL, ScreenedMonth, household


@pytest.fixture
def ledger_url(tmp_path: Path) -> str:
    """One database is enough: no cell depends on which one the ledger is."""
    return f"sqlite:///{tmp_path}/home/ledger.sqlite"


def report(month: ScreenedMonth) -> Workbook:
    with month.ledger.transaction() as session:
        draft = composed(session, month.month, month.settings, "draft", TEMPLATE)
    return load_workbook(io.BytesIO(draft.workbook(1, None, None).content))


def find(sheet: Worksheet, text: str) -> tuple[int, int]:
    """Row and column of the first cell that holds exactly this text."""
    return next((c.row, c.column) for row in sheet.iter_rows() for c in row if c.value == text)


def row_of(sheet: Worksheet, text: str) -> list[object]:
    return [cell.value for cell in sheet[find(sheet, text)[0]]]


def under(sheet: Worksheet, row: str, *captions: str) -> list[object]:
    """The cells of a row below these captions; of a caption with 户 and 人 below it the first."""
    at = find(sheet, row)[0]
    return [sheet.cell(at, find(sheet, caption)[1]).value for caption in captions]


def all_texts(book: Workbook) -> str:
    return "\n".join(
        str(cell.value)
        for sheet in book.worksheets
        for row in sheet.iter_rows()
        for cell in row
        if cell.value is not None
    )


def test_the_first_page_says_what_the_reader_must_know(april: ScreenedMonth) -> None:
    april.screen(
        [household()],
        checks=[
            {
                "id": "W09",
                "title": "唯一住房为危房",
                "status": "not_run",
                "lacks": ["housing_safety"],
            },
            {
                "id": "W20",
                "title": "小额信贷逾期",
                "status": "ran",
                "parameters": [{"name": "days", "value": 30, "confirmed": False}],
            },
        ],
        serving={"monitoring_register": "2021-03"},
    )
    april.deliver("housing_safety", "housing", "missing")
    text = all_texts(report(april))
    for expected in (
        "施甸县乡村振兴局",
        "2021年4月30日",
        "草稿（未签发）",
        "沿用2021年3月末",
        "W09",
        "住建局“住房安全”",
        "未报送的数据：住建局“住房安全”",
        "W20",
        "没有2021年3月末的名册",
    ):
        assert expected in text


def test_checks_without_the_optional_keys_are_shown_all_the_same(april: ScreenedMonth) -> None:
    april.screen([household()], checks=[{"id": "C04", "status": "not_run"}])
    assert "原因未记录" in all_texts(report(april))


def test_figures_stand_in_the_row_of_their_township(april: ScreenedMonth) -> None:
    april.screen(
        [household(), household("2", identified="2021-04", risk="因学", living=5)], [household()]
    )
    book = report(april)
    row = row_of(book["表一（一）存量与增减"], "甸阳镇")
    assert row[:6] == ["各类合计", "甸阳镇", 1, 3, 1, 5]
    detail = book["表一（二）本月新增"]
    learning = find(detail, "因学")[1] - 1
    assert row_of(detail, "甸阳镇")[learning] == 1


def test_a_risk_without_a_column_is_counted_in_the_last_one(april: ScreenedMonth) -> None:
    april.screen([household(identified="2021-04", risk="未见过的风险")], [household("2")])
    detail = report(april)["表一（二）本月新增"]
    assert row_of(detail, "甸阳镇")[find(detail, "未填或未列明")[1] - 1] == 1


def test_not_known_is_a_dash_and_none_is_a_zero(april: ScreenedMonth) -> None:
    april.screen([household()], checks=[{"id": "W24", "status": "ran"}])
    april.lead("R:1", "W01")
    april.deliver("vehicles", "public_security", "missing")
    april.deliver("deaths", "public_security", "nil")
    book = report(april)
    sheet = book["表一（四）本月线索"]
    ways = ("部门推送", "信访热线", "自主申报", "干部排查", "线索合计")
    fates = ("已核实", "按时核实率", "排除", "转认定", "在办")
    assert under(sheet, "甸阳镇", *ways) == [1, 0, 0, 0, 1]
    assert under(sheet, "甸阳镇", *fates) == ["—"] * 5
    assert under(sheet, "由旺镇", *ways) == [0] * 5
    deliveries = book["表二 部门报送"]
    # delivered, days late, status, version, rows, accepted, returned
    assert row_of(deliveries, "机动车登记")[4:11] == ["否", "—", "未报送", "—", *["未报送"] * 3]
    assert row_of(deliveries, "死亡注销")[4:11] == ["是", "—", "零报告", 1, 0, 0, 0]
    assert row_of(deliveries, "住房安全")[4:11] == ["—", "—", "尚未处理", *["—"] * 4]


def test_petitions_are_not_judged_while_their_rule_does_not_run(april: ScreenedMonth) -> None:
    april.screen([household()], checks=[{"id": "W24", "status": "not_run", "lacks": ["petitions"]}])
    assert under(report(april)["表一（四）本月线索"], "由旺镇", "信访热线") == ["无法判断"]


def _task(household: str, **answer: Any) -> Task:
    return Task(
        household_id=household, township="甸阳镇", village="某村", month="2021-04",
        opened_on=date(2021, 5, 6), due_on=date(2021, 5, 13),
        reasons=[TaskReason(rule_id="W01", month="2021-04", since="2021-04", severity="red", sentence="", question="")],
        **answer,
    )  # fmt: skip


def test_leads_are_counted_by_what_became_of_them(april: ScreenedMonth) -> None:
    april.screen([household()])
    for number in ("R:1", "R:2", "R:3", "R:4"):
        april.lead(number, "W01")
    in_time, too_late = date(2021, 5, 13), date(2021, 5, 14)
    with april.ledger.transaction() as session:
        session.add_all(
            [
                _task("R:1", status="closed", outcome="excluded", decided_on=in_time),
                _task("R:2", status="closed", outcome="confirmed", decided_on=too_late),
                _task("R:3"),
            ]
        )
    found = under(
        report(april)["表一（四）本月线索"],
        "甸阳镇",
        *("线索合计", "已核实", "按时核实率", "排除", "转认定", "在办"),
    )
    # In hand is also the one that nobody was sent to yet.
    assert found == [4, 2, 0.25, 1, 0, 3]


def test_sent_back_rows_are_explained_in_chinese(april: ScreenedMonth) -> None:
    april.screen([household()])
    april.deliver(
        "vehicles", "public_security", accepted=431, faults={"id_check_digit": 3, "duplicate": 7}
    )
    sheet = report(april)["表二 部门报送"]
    assert row_of(sheet, "机动车登记")[4:11] == ["是", "—", "已接收", 1, 441, 431, 10]
    (why,) = under(sheet, "机动车登记", "退回原因")
    assert str(why).endswith("身份证号校验码不符 3行")
    assert "id_" not in str(why)


def test_who_could_not_be_judged_stands_with_the_dataset_at_fault(april: ScreenedMonth) -> None:
    told = {"datasets": {"vehicles": 12}, "departments": {"public_security": 12}, "households": 12}
    april.screen([household()], not_judged=told)
    table = report(april)["表二 部门报送"]
    assert under(table, "机动车登记", "无法判断户数") == [12]
    assert under(table, "大病", "无法判断户数") == [0]


def test_a_computation_that_did_not_ask_who_was_judged_says_no_zero(april: ScreenedMonth) -> None:
    april.screen([household()])
    assert under(report(april)["表二 部门报送"], "机动车登记", "无法判断户数") == ["—"]


def test_an_identity_number_in_a_message_is_masked(april: ScreenedMonth) -> None:
    april.screen([household()])
    april.deliver("vehicles", "public_security", "error", messages=["53050119900101001X 读不出"])
    text = all_texts(report(april))
    assert "53050119900101001X" not in text
    assert "530501********001X" in text


@pytest.mark.parametrize("text", ["=1+1", "+86", "-1", "@SUM(A1)"])
def test_a_text_never_becomes_a_formula(text: str, tmp_path: Path) -> None:
    book = Workbook()
    cell = book.worksheets[0]["A1"]
    write_value(cell, text)
    book.save(tmp_path / "a.xlsx")
    read = load_workbook(tmp_path / "a.xlsx").worksheets[0]["A1"]
    assert (read.value, read.data_type, read.quotePrefix) == (text, "s", True)


def test_a_township_that_looks_like_a_formula_stays_a_text(april: ScreenedMonth) -> None:
    april.screen([household(township="=HYPERLINK(1)")])
    for sheet in report(april).worksheets:
        assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)


def test_each_class_starts_a_page_and_headers_repeat(april: ScreenedMonth) -> None:
    april.screen([household()])
    sheet = report(april)["表一（一）存量与增减"]
    assert len(sheet.row_breaks.brk) == 2
    assert sheet.print_title_rows == "$1:$4"
    assert (sheet.page_setup.orientation, sheet.page_setup.fitToWidth) == ("landscape", 1)


def test_three_classes_from_may_2021(screened: Callable[[Month], ScreenedMonth]) -> None:
    may = screened(APRIL + 1)
    may.screen([household(of="突发严重困难户")])
    assert "突发严重困难户" in all_texts(report(may))


def test_the_signature_line_stands_below_the_table(april: ScreenedMonth) -> None:
    april.screen([household(str(n), identified=None) for n in range(5)])
    sheet = report(april)["附 更正补录"]
    last = max(cell.row for row in sheet.iter_rows() for cell in row if cell.value)
    assert str(sheet.cell(last, 1).value).startswith("填表人")
    assert find(sheet, "没有上月名册，识别监测时间为空或晚于本月")[0] == 4
    assert sheet.cell(last - 2, 1).value == 5


def test_the_shipped_template_is_what_the_builder_makes() -> None:
    made, shipped = build(), load_workbook(TEMPLATE)
    assert {n: d.attr_text for n, d in made.defined_names.items()} == {
        n: d.attr_text for n, d in shipped.defined_names.items()
    }
    for sheet in made.worksheets:
        cells = {c.coordinate: c.value for row in sheet.iter_rows() for c in row if c.value}
        twin = shipped[sheet.title]
        assert cells == {c.coordinate: c.value for row in twin.iter_rows() for c in row if c.value}


def test_all_missing_names_are_listed(april: ScreenedMonth, tmp_path: Path) -> None:
    april.screen([household()])
    template = tmp_path / "月报表.xlsx"
    book = load_workbook(TEMPLATE)
    del book.defined_names["统计月份"], book.defined_names["行_部门报送"]
    book.save(template)
    with pytest.raises(TemplateError) as caught:
        build_report(APRIL, april.settings, april.ledger, template=template)
    assert "- 统计月份" in str(caught.value)
    assert "- 行_部门报送" in str(caught.value)
    assert not list(april.settings.outbox.rglob("*.xlsx"))


def test_an_unknown_field_is_named(april: ScreenedMonth, tmp_path: Path) -> None:
    april.screen([household()])
    template = tmp_path / "月报表.xlsx"
    book = load_workbook(TEMPLATE)
    sheet = book["表一（四）本月线索"]
    row, column = find(sheet, "{部门推送户}")
    sheet.cell(row, column).value = "{部门推荐}"
    book.save(template)
    with pytest.raises(TemplateError, match="部门推荐"):
        build_report(APRIL, april.settings, april.ledger, template=template)


def test_a_template_that_would_lose_a_risk_is_refused(april: ScreenedMonth, tmp_path: Path) -> None:
    april.screen([household(identified="2021-04", risk="未见过的风险")], [household("2")])
    template = tmp_path / "月报表.xlsx"
    book = load_workbook(TEMPLATE)
    sheet = book["表一（二）本月新增"]
    row, column = find(sheet, "{风险户.*}")
    sheet.cell(row, column).value = None
    book.save(template)
    with pytest.raises(TemplateError, match="未见过的风险"):
        build_report(APRIL, april.settings, april.ledger, template=template)


def test_a_template_that_is_no_workbook_is_refused(april: ScreenedMonth, tmp_path: Path) -> None:
    april.screen([household()])
    template = tmp_path / "月报表.xlsx"
    template.write_text("nothing")
    with pytest.raises(TemplateError, match="打不开"):
        build_report(APRIL, april.settings, april.ledger, template=template)
