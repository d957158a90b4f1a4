"""What the pages count is what is there: for whom it is, on the day that it is."""

from __future__ import annotations

import re
from datetime import date

import pytest

from poverty_watch.board.data.pages import PER_PAGE, paged
from poverty_watch.ledger.models import Case, Measure
from poverty_watch.ledger.store import open_ledger
from poverty_watch.settings import Settings
from tests.board.conftest import Asking


def row_of(text: str, start: str) -> list[str]:
    """The cells of the table row that begins with a heading, as one reads them."""
    rows = (re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in text.split("<tr"))
    read = ([re.sub(r"<[^>]+>", "", cell).strip() for cell in row] for row in rows)
    return next(row for row in read if row and row[0] == start)


@pytest.mark.parametrize(
    ("account", "hits", "leads"), [("office", "2", "2"), ("township", "1", "1")]
)
def test_warnings_count_the_viewers_households(
    office: Asking, account: str, hits: str, leads: str
) -> None:
    text = office(account).get("/warnings").text
    assert row_of(text, "W01")[2] == hits
    assert row_of(text, "线索（户，一户有几条也只算一户）")[1] == leads


def test_a_rule_that_lacks_data_has_no_number_and_says_what_it_lacks(office: Asking) -> None:
    text = office("office").get("/warnings").text
    assert row_of(text, "W10")[2] == "未运行"
    assert "W10 饮水不安全：缺水利局“饮水安全”，未运行" in text


@pytest.mark.parametrize(("account", "found"), [("office", "2"), ("township", "1")])
def test_comparisons_count_the_viewers_findings(office: Asking, account: str, found: str) -> None:
    client = office(account)
    assert row_of(client.get("/comparisons").text, "C05")[2:5] == [found, "0", found]
    assert f"共 {found} 条" in client.get("/comparisons/2021-04/C05").text
    assert "没有这样的比对问题" in client.get("/comparisons/2021-04/C05?state=mended").text


def test_verification_counts_by_the_day(office: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    client = office("office")
    assert row_of(client.get("/verification").text, "甸阳镇")[2:7] == ["1", "1", "0", "0", "0"]
    monkeypatch.setenv("POVERTY_WATCH_TODAY", "2021-05-20")
    assert row_of(client.get("/verification").text, "甸阳镇")[2:7] == ["1", "1", "0", "1", "0"]
    late = client.get("/verification/tasks?state=late").text
    assert late.count("超期8天") == 2
    assert row_of(office("township").get("/verification").text, "大寨村")[5] == "1"
    assert (
        "超期没有核实的任务（各月合计）</a> <strong>1</strong>"
        in office("township").get("/month").text
    )


def test_a_case_is_late_by_its_step_or_by_the_whole_procedure(
    office: Asking, furnished: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_ledger(furnished).transaction() as session:
        case = session.get_one(Case, 1)
        case.due_on, case.total_due_on = date(2021, 5, 20), date(2021, 5, 10)
    client = office("office")
    assert "没有这样的案件" in client.get("/cases?state=late").text
    monkeypatch.setenv("POVERTY_WATCH_TODAY", "2021-05-12")
    assert row_of(client.get("/cases?state=late").text, "第1号")[-1] == "2021-05-20 超期2天"
    assert "超期的案件</a> <strong>1</strong>" in office("township").get("/month").text


def test_help_that_was_cancelled_says_why_but_not_to_who_only_looks(
    office: Asking, furnished: Settings
) -> None:
    with open_ledger(furnished).transaction() as session:
        measure = session.get_one(Measure, 1)
        measure.status, measure.result = "cancelled", "第1号案件已结案：不属实"
    told = {
        name: office(name).get("/measures?state=cancelled").text for name in ("office", "viewer")
    }
    assert row_of(told["office"], "第1号")[-1] == "第1号案件已结案：不属实"
    assert row_of(told["viewer"], "第1号")[-1] == ""


def test_quality_shows_in_time_and_returned_rows_of_the_viewers_departments(office: Asking) -> None:
    text = office("office").get("/quality").text
    assert row_of(text, "民政局")[1:5] == ["1/1", "100.0%", "12", "16.7%"]
    assert "财政局" in text
    assert "财政局" not in office("department").get("/quality").text


def test_the_month_tells_the_clock_and_what_blocks(
    office: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = office("office")
    assert "还有3天" in client.get("/month").text
    monkeypatch.setenv("POVERTY_WATCH_TODAY", "2021-05-12")
    late = client.get("/month").text
    assert "已过2天" in late
    assert "已误期" in late
    assert "卡在“签发”" in late
    assert "等待签发的月报" in late
    assert "等待签发的月报" not in office("township").get("/month").text


def test_a_report_that_was_changed_by_hand_is_told(office: Asking, furnished: Settings) -> None:
    client = office("office")
    assert "与生成时一致" in client.get("/reports/2021-04/1").text
    (workbook,) = (furnished.outbox / "2021-04").glob("月报表_*.xlsx")
    workbook.write_bytes(workbook.read_bytes() + b" ")
    assert "文件被改动过" in client.get("/reports/2021-04/1").text


def test_a_figure_of_the_report_leads_to_its_households(office: Asking) -> None:
    client = office("office")
    assert "不是单元格" in client.get("/reports/2021-04/1/trace?cell=x").text
    assert "两版的数完全相同" in client.get("/reports/2021-04/1/difference?against=1").text


def test_a_long_list_comes_page_by_page() -> None:
    found = paged(list(range(PER_PAGE * 2 + 1)), 3, "户")
    assert (list(found.rows), found.pages, found.total) == ([PER_PAGE * 2], 3, PER_PAGE * 2 + 1)
    assert list(paged([1], 2, "户").rows) == []
    assert paged([], 1, "户").pages == 1
