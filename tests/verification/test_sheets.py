"""The sheet that a township opens, fills in and sends back."""

from __future__ import annotations

import stat
from datetime import date
from pathlib import Path

import pytest
from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet
from sqlalchemy import delete, select, update

from poverty_watch.ledger.models import HitFate, Lead, Task, TaskReason
from poverty_watch.months import Month
from poverty_watch.verification import open_tasks, write_task_sheets
from poverty_watch.verification.policy import sheet_form
from tests.verification.conftest import APRIL, MAY, OPENED_ON, County, identity_number


def write(county: County) -> list[Path]:
    return write_task_sheets(APRIL, county.settings, county.ledger).paths


@pytest.fixture
def paths(county: County) -> list[Path]:
    county.lead("R:1", "W01", "W05")
    county.lead("H:2", "W09", township="由旺镇", sentence="=1+1，样例原因")
    county.households({"R:1": "样例甲", "H:2": "样例乙"})
    open_tasks(APRIL, county.settings, county.ledger, OPENED_ON)
    return write(county)


def sheet_of(path: Path) -> Worksheet:
    sheet = load_workbook(path)["核实任务"]
    assert isinstance(sheet, Worksheet)
    return sheet


def header_row(sheet: Worksheet) -> int:
    return next(row for row in range(1, 20) if sheet.cell(row, 1).value == "序号")


def test_one_workbook_per_township_readable_by_the_office_alone(paths: list[Path]) -> None:
    assert [p.name for p in paths] == [
        "核实任务_由旺镇_2021年4月.xlsx",
        "核实任务_甸阳镇_2021年4月.xlsx",
    ]
    assert {stat.S_IMODE(p.stat().st_mode) for p in paths} == {0o600}


def test_what_is_known_is_filled_in_and_locked_the_rest_is_open(paths: list[Path]) -> None:
    sheet = sheet_of(paths[1])
    row = header_row(sheet) + 1
    facts, answers = sheet_form().facts, sheet_form().answers
    shown = [sheet.cell(row, column + 1).value for column in range(len(facts))]
    assert shown[2] == f"样例甲\n{identity_number(0)}\n10000000001"
    assert shown[3] == "1\n脱贫户\n脱贫不稳定户（已消除）\n4人"
    assert shown[4] == "【橙】样例原因W01\n【橙】样例原因W05"
    assert shown[5] == "问W01？\n问W05？"
    assert sheet.protection.sheet
    for column in range(1, len(facts) + len(answers) + 1):
        assert sheet.cell(row, column).protection.locked is (column <= len(facts))


def test_choices_are_drop_downs(paths: list[Path]) -> None:
    book = load_workbook(paths[0])
    lists = [v for v in book["核实任务"].data_validations.dataValidation if v.type == "list"]
    choices = [a for a in sheet_form().answers if a.kind == "choice"]
    assert {v.formula1 for v in lists} == {f"选项_{a.header}" for a in choices}
    area = book.defined_names["选项_核实结果"].attr_text
    assert area is not None
    cells = book["选项"][area.split("!")[1].replace("$", "")]
    assert [row[0].value for row in cells] == ["属实", "不属实", "已在监测", "查无此户"]


def test_text_that_looks_like_a_formula_stays_text(county: County) -> None:
    county.lead("R:1", "W01")
    county.households({"R:1": "=HYPERLINK(1)"})
    open_tasks(APRIL, county.settings, county.ledger, OPENED_ON)
    sheet = sheet_of(write(county)[0])
    cell = sheet.cell(header_row(sheet) + 1, 3)
    assert cell.data_type == "s"
    assert str(cell.value).startswith("=HYPERLINK(1)")
    assert cell.quotePrefix


def test_a_second_run_touches_no_file(county: County, paths: list[Path]) -> None:
    before = {p: p.stat().st_mtime_ns for p in paths}
    assert write_task_sheets(APRIL, county.settings, county.ledger).written == 0
    assert {p: p.stat().st_mtime_ns for p in paths} == before


def test_a_later_month_leaves_the_sheet_of_this_month_as_it_was(
    county: County, paths: list[Path]
) -> None:
    county.lead("R:1", "W20", month=MAY)
    county.households({"R:1": "样例甲"}, month=MAY)
    open_tasks(MAY, county.settings, county.ledger, date(2021, 6, 1))
    assert write_task_sheets(APRIL, county.settings, county.ledger).written == 0
    (may,) = write_task_sheets(MAY, county.settings, county.ledger).paths
    sheet = sheet_of(may)
    reasons = str(sheet.cell(header_row(sheet) + 1, 5).value)
    assert reasons.split("\n") == ["【橙】样例原因W01", "【橙】样例原因W05", "【橙】样例原因W20"]


def test_the_task_code_differs_per_task_and_is_hidden(paths: list[Path]) -> None:
    codes = set()
    for path in paths:
        sheet = sheet_of(path)
        row = header_row(sheet)
        column = next(c for c in range(1, 40) if sheet.cell(row, c).value == "任务码")
        codes.add(sheet.cell(row + 1, column).value)
        assert sheet.column_dimensions[sheet.cell(row, column).column_letter].hidden
    assert len(codes) == 2


def cells(path: Path, row: int = 1) -> tuple[str, str]:
    """Reasons and questions of a household's row."""
    sheet = sheet_of(path)
    at = header_row(sheet) + row
    return str(sheet.cell(at, 5).value), str(sheet.cell(at, 6).value)


def gone(county: County, household_id: str, month: Month) -> None:
    """The month's data do not show any reason of the household's task any more."""
    with county.ledger.transaction() as session:
        for task in session.scalars(select(Task).where(Task.household_id == household_id)):
            for reason in task.reasons:
                reason.gone_in = str(month)


def test_a_task_whose_reasons_have_gone_is_in_the_sheet_of_that_month(
    county: County, paths: list[Path]
) -> None:
    county.lead("R:3", "W20", month=MAY)
    county.households({"R:1": "样例甲", "R:3": "样例丙"}, month=MAY)
    open_tasks(MAY, county.settings, county.ledger, date(2021, 6, 1))
    gone(county, "R:1", MAY)
    (may,) = write_task_sheets(MAY, county.settings, county.ledger).paths
    reasons, questions = cells(may)
    assert reasons.split("\n") == [
        "【已不再出现】2021年5月的数据中已没有下列情况，请核实现状，写明结果后办结：",
        "【橙】样例原因W01",
        "【橙】样例原因W05",
    ]
    assert questions == "问W01？\n问W05？"
    assert cells(may, 2)[0] == "【橙】样例原因W20"
    assert write_task_sheets(APRIL, county.settings, county.ledger).written == 0
    # In June the reasons are there again; the sheet of May says what May knew.
    with county.ledger.transaction() as session:
        for reason in session.scalars(select(TaskReason).where(TaskReason.gone_in == str(MAY))):
            reason.month, reason.sentence = "2021-06", "六月的情况"
    assert write_task_sheets(MAY, county.settings, county.ledger).written == 0


def test_a_lead_that_was_withdrawn_leaves_its_task_in_the_sheet(
    county: County, paths: list[Path]
) -> None:
    with county.ledger.transaction() as session:
        session.execute(update(Lead).where(Lead.household_id == "R:1").values(status="withdrawn"))
        session.execute(delete(HitFate).where(HitFate.household_id == "R:1"))
    gone(county, "R:1", APRIL)
    sheets = write_task_sheets(APRIL, county.settings, county.ledger)
    assert sheets.written == 1
    assert cells(sheets.paths[1])[0].startswith("【预警已撤回】2021年4月的数据更正后")


def test_what_a_household_owns_is_asked_about(county: County) -> None:
    county.lead("R:1", "W01")
    county.households({"R:1": "样例甲"})
    open_tasks(APRIL, county.settings, county.ledger, OPENED_ON)
    for household_id, outcome in (("R:1", "ASSET"), ("R:1", "FIX"), ("R:9", "ASSET")):
        county.finding(household_id, outcome, f"样例甲名下有小型轿车{outcome}。")
    (path,) = write(county)
    reasons, questions = cells(path)
    assert questions == "问W01？\n请说明：样例甲名下有小型轿车ASSET。"
    assert reasons == "【橙】样例原因W01"
