"""A clerk who sends something in, gets the answer and opens it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from poverty_watch.contracts import load_catalogue
from poverty_watch.intake.answers import AnswersOutcome, write_answers
from poverty_watch.months import Month
from tests.intake.conftest import APRIL, Office, number

HEADER = ["姓名", "残疾人证号", "残疾类别", "残疾等级", "发证日期"]
FAULT, WHOLE_ROW, DOUBT = "00FFC7CE", "00E0E0E0", "00FFF2CC"


def good(serial: int) -> list[Any]:
    """A row without faults."""
    return [f"样例{serial}", number(serial=serial), "肢体", "二级", "2021-03-06"]


def bad_digit(text: str) -> str:
    """The number with another check digit."""
    return text[:17] + ("0" if text[17] != "0" else "1")


def faulty_rows() -> list[list[Any]]:
    """One row per kind of fault, and one row with three."""
    rows = [good(serial) for serial in range(101, 112)]
    rows[0][0] = " "
    rows[1][1] = None
    rows[2][1] = 530501198001010020
    rows[3][1] = rows[3][1][:17]
    rows[4][1] = "53050119800101O011"
    rows[5][1] = "530501198013010019"
    rows[6][1] = bad_digit(rows[6][1])
    rows[7][4] = "去年"
    rows[8][4] = "2021-05-01"
    rows[9][3] = "五级"
    rows[10] = [None, bad_digit(number(serial=111)), "肢体", "十级", "不详"]
    return rows


# The codes of `faulty_rows` and of the duplicate that the delivery adds, with their columns.
EXPECTED = {
    0: [("姓名为空", "姓名")],
    1: [("身份证号为空", "残疾人证号")],
    2: [("身份证号末几位已丢失", "残疾人证号")],
    3: [("身份证号位数不对", "残疾人证号")],
    4: [("身份证号含有不应有的字符", "残疾人证号")],
    5: [("身份证号中的出生日期不存在", "残疾人证号")],
    6: [("身份证号校验码不符", "残疾人证号")],
    7: [("日期无法识别", "发证日期")],
    8: [("日期晚于本月月底", "发证日期")],
    9: [("填写内容不在规定选项之内", "残疾等级")],
    10: [
        ("姓名为空", "姓名"),
        ("身份证号校验码不符", "残疾人证号"),
        ("日期无法识别", "发证日期"),
        ("填写内容不在规定选项之内", "残疾等级"),
    ],
}
TITLE_ROWS = 2
FIRST_FAULTY = TITLE_ROWS + 1 + 60 + 1
DUPLICATE = FIRST_FAULTY + len(EXPECTED)


def delivery() -> list[list[Any]]:
    """Title, blank row, header, 60 good rows, all kinds of faults, a duplicate, a total row."""
    rows: list[list[Any]] = [["持证残疾人明细表"], [], HEADER]
    rows += [good(serial) for serial in range(1, 61)]
    return [*rows, *faulty_rows(), good(1), ["合计", 72]]


@dataclass(frozen=True)
class Clerk:
    """Opens what lies in the outbox."""

    office: Office
    dataset: str = "disability_certificates"

    def answered(self, dataset: str | None = None, month: Month = APRIL) -> AnswersOutcome:
        """Let the answers be written."""
        department = load_catalogue().department_of(dataset or self.dataset).id
        return write_answers(department, month, self.office.settings, self.office.ledger)

    def folder(self, dataset: str | None = None, month: Month = APRIL) -> Path:
        """Where a department's answers lie."""
        department = load_catalogue().department_of(dataset or self.dataset)
        return self.office.settings.outbox / str(month) / "回执" / department.title

    def names(self, dataset: str | None = None) -> list[str]:
        """The workbooks that the clerk finds; the page of results beside them is tried on its own."""
        return sorted(p.name for p in self.folder(dataset).glob("[!.]*.xlsx"))

    def open(self, start: str, sheet: str | None = None, dataset: str | None = None) -> Worksheet:
        """A sheet of the one workbook whose name starts so; the first sheet if none is named."""
        (path,) = (p for p in self.folder(dataset).iterdir() if p.name.startswith(start))
        book = openpyxl.load_workbook(path)
        return book[sheet] if sheet else book.worksheets[0]


@pytest.fixture
def clerk(office: Office) -> Clerk:
    return Clerk(office)


def texts(sheet: Worksheet) -> list[str]:
    """All texts and numbers of a sheet."""
    return [str(c) for row in sheet.iter_rows(values_only=True) for c in row if c is not None]


def table(sheet: Worksheet, header_row: int = 1) -> list[dict[str, Any]]:
    """A sheet's rows by their headers."""
    rows = list(sheet.iter_rows(min_row=header_row, values_only=True))
    return [dict(zip(map(str, rows[0]), row, strict=True)) for row in rows[1:]]


def coloured(sheet: Worksheet, colour: str) -> set[tuple[int, int]]:
    """(row, column) of the cells with a fill."""
    return {
        (cell.row, cell.column)
        for row in sheet.iter_rows()
        for cell in row
        if cell.fill.fill_type == "solid" and cell.fill.fgColor.rgb == colour
    }


Save = Callable[..., Path]
