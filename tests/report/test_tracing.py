"""Every figure leads to its households or delivered rows, of the version that is asked for."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pyarrow as pa
import pytest
from openpyxl import load_workbook
from openpyxl.utils.cell import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from poverty_watch.lake.versions import Lake
from poverty_watch.ledger.models import Finding, Measure, Task, TaskReason
from poverty_watch.ledger.store import open_ledger
from poverty_watch.report import build_report
from poverty_watch.report.archive import Archive
from poverty_watch.report.behind import Figure, counted
from poverty_watch.report.places import field_value
from poverty_watch.report.tracing import Traced, TraceError, trace
from poverty_watch.settings import Settings
from tests.report.conftest import APRIL, ScreenedMonth, household
from tests.report.test_workbook import find

CHECKS = [
    {"id": "W01", "title": "住院自付累计超线", "status": "ran"},
    {"id": "W24", "title": "生活困难诉求", "status": "ran"},
    {"id": "C14", "title": "名下有车辆", "status": "ran", "outcome": "ASSET"},
]


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> ScreenedMonth:
    """A month with something in every table; one database is enough, what is traced is kept."""
    folder = tmp_path_factory.mktemp("traced")
    settings = Settings(folder / "home", folder / "inbox", f"sqlite:///{folder}/ledger.sqlite")
    april = ScreenedMonth(settings, open_ledger(settings))
    april.screen(
        [
            household("1") | {"measures": "健康帮扶"},
            household("2", "由旺镇", identified="2021-04", risk="因学", living=5),
            household("3", eliminated="2021-04", living=2),
            household("4", "由旺镇", identified="2020-12") | {"head_name": "段样"},
        ],
        [household("1"), household("3", living=2), household("5", "由旺镇")],
        checks=CHECKS,
    )
    april.lead("R:1", "W01")
    april.lead("R:2", "W24", township="由旺镇")
    april.deliver("medical_expenses", "medical_insurance", accepted=9, faults={"name": 1})
    Lake(april.settings.lake).write(
        "medical_expenses",
        APRIL,
        1,
        pa.table({"person_id": pa.array([1], pa.int64())}),
        pa.table(
            {
                "source_file": ["医疗费用.xlsx"],
                "source_sheet": ["甸阳镇"],
                "source_row": pa.array([7], pa.int32()),
                "column": ["name"],
                "header": ["姓名"],
                "fault": ["name"],
                "value": ["53050119900101001X"],
            }
        ),
        {"content_sha256": "medical_expenses"},
    )
    with april.ledger.transaction() as session:
        session.add(
            Finding(
                comparison_id="C14", subject="household", subject_id="R:1", dataset="vehicles",
                outcome="ASSET", owner_kind="township", owner="甸阳镇", household_id="R:1",
                township="甸阳镇", village="", evidence={}, opened_month="2021-04",
                seen_month="2021-04",
            )
        )  # fmt: skip
        session.add(
            Measure(
                household_id="R:4", township="由旺镇", village="", risk="因病", kind="产业帮扶",
                department="agriculture", is_developing=True, status="done",
                planned_on=date(2021, 4, 1), planned_by="示例", due_on=date(2021, 6, 30),
                done_on=date(2021, 4, 20),
            )
        )  # fmt: skip
        session.add(
            Task(
                household_id="R:1", township="甸阳镇", village="", month="2021-04",
                opened_on=date(2021, 5, 6), due_on=date(2021, 5, 13), status="closed",
                outcome="confirmed", decided_on=date(2021, 5, 12),
                reasons=[
                    TaskReason(
                        rule_id="W01", month="2021-04", since="2021-04", severity="red",
                        sentence="", question="",
                    )
                ],
            )
        )  # fmt: skip
    build_report(APRIL, april.settings, april.ledger)
    return april


def traced(month: ScreenedMonth, reference: str, number: int | None = None) -> Traced:
    with month.ledger.transaction() as session:
        return trace(session, month.settings, month.month, reference, number)


def cell(month: ScreenedMonth, sheet_name: str, row: str, caption: str, further: int = 0) -> str:
    """The address of the cell in the row with this text, below this caption."""
    path = next(month.settings.outbox.rglob("月报表*第1版*.xlsx"))
    sheet: Worksheet = load_workbook(path)[sheet_name]
    column = get_column_letter(find(sheet, caption)[1] + further)
    return f"{sheet_name}!{column}{find(sheet, row)[0]}"


def households(found: Traced) -> list[str]:
    return [row[3] for row in found.rows]


@pytest.mark.parametrize(
    ("sheet", "row", "caption", "expected"),
    [
        ("表一（一）存量与增减", "甸阳镇", "期末未消除", ["R:1"]),
        ("表一（一）存量与增减", "合计", "累计识别", ["R:1", "R:3", "R:2", "R:4"]),
        ("表一（二）本月新增", "由旺镇", "因学", ["R:2"]),
        ("表一（三）本月消除", "甸阳镇", "帮扶消除", ["R:3"]),
        ("表一（四）本月线索", "由旺镇", "信访热线", ["R:2"]),
        ("表一（四）本月线索", "合计", "已核实", ["R:1"]),
        ("表一（五）帮扶落实", "甸阳镇", "本月新落实", ["R:1"]),
        ("表一（五）帮扶落实", "合计", "产业帮扶", ["R:4"]),
        ("表二 部门报送", "医疗费用", "线索数（户）", ["R:1"]),
        ("表二 部门报送", "医疗费用", "核实属实（户）", ["R:1"]),
        ("表三 比对问题", "合计", "新发现", ["R:1"]),
    ],
)
def test_a_figure_leads_to_its_households(
    full: ScreenedMonth, sheet: str, row: str, caption: str, expected: list[str]
) -> None:
    found = traced(full, cell(full, sheet, row, caption))
    assert found.value == str(len(expected))
    assert sorted(households(found)) == sorted(expected)


def test_every_number_of_the_report_is_the_sum_of_the_rows_behind_it(full: ScreenedMonth) -> None:
    kept = Archive(full.settings.lake).find(APRIL, 1)
    assert kept is not None
    checked = 0
    for table, place in kept.places.items():
        for row in kept.tables[table]:
            for field in place.columns:
                value = field_value(row, field, place.columns)
                found = counted(Figure(table, row, field, place.columns), kept.behind)
                if not isinstance(value, int) or found is None or table in ("名单", "更正补录"):
                    continue
                if field.split(".")[0].endswith("人"):
                    assert value == sum(one.persons or 0 for one in found), (table, field, row)
                else:
                    assert value == sum(one.households for one in found), (table, field, row)
                checked += 1
    assert checked > 1000


def test_returned_rows_are_listed_masked(full: ScreenedMonth) -> None:
    found = traced(full, cell(full, "表二 部门报送", "医疗费用", "退回行数"))
    assert found.value == "1"
    (row,) = found.rows
    assert row[:5] == ("医疗费用.xlsx", "甸阳镇", "7", "姓名", "姓名为空")
    assert row[5] == "530501********001X"


def test_names_are_masked(full: ScreenedMonth) -> None:
    address = cell(full, "表一（一）存量与增减", "由旺镇", "期末未消除")
    names = {row[3]: row[2] for row in traced(full, address).rows}
    assert names["R:4"] == "段*"


def test_a_sheet_may_be_named_by_its_beginning(full: ScreenedMonth) -> None:
    assert traced(full, "表一!F7").cell.startswith("表一（一）存量与增减!F7")
    assert traced(full, "表一(四)！b7").cell.startswith("表一（四）本月线索!B7")


@pytest.mark.parametrize(
    ("reference", "told"),
    [
        ("表九!A1", "没有工作表“表九”，有：说明"),
        ("表一!A1", "是标题或说明文字"),
        ("F7", "请写成 表一!F7 的形式"),
        ("表一!七", "请写成 表一!F7 的形式"),
    ],
)
def test_what_cannot_be_traced_says_why(full: ScreenedMonth, reference: str, told: str) -> None:
    with pytest.raises(TraceError, match=re.escape(told)):
        traced(full, reference)


def test_a_hidden_sheet_says_where_every_column_comes_from(full: ScreenedMonth) -> None:
    path = next(full.settings.outbox.rglob("月报表*第1版*.xlsx"))
    sheet = load_workbook(path)["数据来源"]
    assert sheet.sheet_state == "hidden"
    rows: list[Any] = list(sheet.iter_rows(min_row=2, values_only=True))
    stocks = [row for row in rows if row[0] == "表一（一）存量与增减"]
    assert len(stocks) == 26
    assert "防返贫监测信息" in stocks[2][3]
    assert stocks[2][5] == "poverty-watch trace 2021-04 表一（一）存量与增减!C5"


def test_an_old_version_leads_to_the_rows_of_its_day(full: ScreenedMonth) -> None:
    address = cell(full, "表一（四）本月线索", "合计", "线索合计")
    full.lead("R:4", "W01", township="由旺镇")
    build_report(APRIL, full.settings, full.ledger)
    assert sorted(households(traced(full, address, 1))) == ["R:1", "R:2"]
    assert sorted(households(traced(full, address))) == ["R:1", "R:2", "R:4"]
