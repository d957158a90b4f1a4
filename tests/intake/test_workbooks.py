"""What a clerk has hidden is read and said; dates that count from 1904 are dates all the same."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import openpyxl
import pytest
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from poverty_watch.workbooks import SheetFacts, WorkbookFacts
from poverty_watch.workbooks.package import facts_of
from tests.intake.conftest import Office, number

DATA = Path(__file__).parent / "data"
HEADER = ["姓名", "残疾人证号", "残疾类别", "残疾等级", "发证日期"]


def book_with_rows(count: int) -> openpyxl.Workbook:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(HEADER)
    for serial in range(1, count + 1):
        sheet.append(["样例甲", number(serial=serial % 999), "肢体", "二级", "2021-03-06"])
    return book


@pytest.fixture
def path(office: Office) -> Path:
    path = office.path("disability_certificates", "持证残疾人202104.xlsx")
    path.parent.mkdir(parents=True)
    return path


def test_hidden_rows_and_columns_are_read_and_reported(office: Office, path: Path) -> None:
    book = book_with_rows(3)
    sheet = book.active
    assert sheet is not None
    sheet.row_dimensions[3].hidden = True
    sheet.column_dimensions["C"].hidden = True
    book.save(path)
    verdict = office.take_in("disability_certificates")
    assert verdict.delivery is not None
    assert verdict.delivery.accepted_rows == 3
    assert "1行（第3行）、1列（C列）是隐藏的" in verdict.messages[0]


def test_a_hidden_sheet_is_read_and_reported(office: Office, path: Path) -> None:
    book = book_with_rows(1)
    hidden = book.create_sheet("由旺镇")
    hidden.append(HEADER)
    hidden.append(["样例乙", number(serial=9), "肢体", "二级", "2021-03-06"])
    hidden.sheet_state = "veryHidden"
    book.save(path)
    verdict = office.take_in("disability_certificates")
    assert verdict.delivery is not None
    assert verdict.delivery.accepted_rows == 2
    assert "“由旺镇”是隐藏的" in verdict.messages[0]


def test_dates_that_count_from_1904(office: Office, path: Path) -> None:
    book = book_with_rows(0)
    book.epoch = CALENDAR_MAC_1904
    sheet = book.active
    assert sheet is not None
    for serial, day in enumerate([date(2021, 3, 6), 42799], start=1):
        sheet.append(["样例甲", number(serial=serial), "肢体", "二级", day])
    book.save(path)
    verdict = office.take_in("disability_certificates")
    assert verdict.accepted is not None
    assert verdict.accepted["issued_on"].to_pylist() == [date(2021, 3, 6)] * 2


def test_a_plain_workbook_hides_nothing(path: Path) -> None:
    book_with_rows(2).save(path)
    assert facts_of(path, 1000) == WorkbookFacts(
        sheets={"Sheet": SheetFacts(rows=3, columns=52, is_plain=True)}, is_doubtful=False
    )


def test_one_stray_cell_in_the_far_corner_is_not_worth_a_computers_memory(
    office: Office, path: Path
) -> None:
    book = book_with_rows(2)
    sheet = book.active
    assert sheet is not None
    sheet["XFD1048576"] = "x"
    book.save(path)
    verdict = office.take_in("disability_certificates")
    assert verdict.status == "rejected"
    assert "第1048576行、XFD列" in verdict.messages[0]


def test_an_old_workbook_says_what_it_hides_and_from_when_its_days_count(office: Office) -> None:
    verdict = office.deliver_bytes(
        "disability_certificates", (DATA / "hidden_1904.xls").read_bytes(), "持证残疾人202104.xls"
    )
    assert verdict.accepted is not None
    assert verdict.accepted["issued_on"].to_pylist() == [date(2021, 3, 6)] * 4
    told = "".join(verdict.messages)
    assert "“甸阳镇”有1行（第3行）、1列（C列）是隐藏的" in told
    assert "“由旺镇”是隐藏的" in told


def test_facts_of_a_sheet_larger_than_one_block(path: Path) -> None:
    book = book_with_rows(20_000)
    sheet = book.active
    assert sheet is not None
    for row in (2, 9_999, 20_001):
        sheet.row_dimensions[row].hidden = True
    book.save(path)
    assert facts_of(path, 10**7).of("Sheet").hidden_rows == (2, 9_999, 20_001)
