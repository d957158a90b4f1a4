"""Each fault of ``faults.yaml`` by the cell that makes it: the reason is the right one, in plain words."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import openpyxl
import pytest

from poverty_watch.contracts import load_catalogue
from poverty_watch.intake.answers import write_answers
from poverty_watch.intake.policy import faults
from tests.intake.answers.conftest import bad_digit, table
from tests.intake.conftest import APRIL, MARCH, Office, number

DATASET = "disaster_losses"
HEADER = [
    *("户主姓名", "户主身份证号", "灾种", "受灾日期", "倒塌间数"),
    *("严重损坏间数", "受灾面积", "绝收面积", "直接经济损失"),
]
NAME, ID, DAY, ROOMS, LOSS = "户主姓名", "户主身份证号", "受灾日期", "倒塌间数", "直接经济损失"
CUT = number(serial=7)[:17]
# What stands in one cell, the reason for sending the row back, and what its sender is told.
CASES: list[tuple[str, Any, str, str]] = [
    (NAME, None, "name", "没有填“户主姓名”。"),
    (NAME, "\u3000 ", "name", "没有填“户主姓名”。"),
    (ID, None, "id_missing", "没有填“户主身份证号”。"),
    (ID, "''", "id_missing", "没有填“户主身份证号”。"),
    (ID, int(CUT + "0"), "id_lost_digits", "被 Excel 存成了数字"),
    (ID, "5.30501E+17", "id_lost_digits", "被 Excel 存成了数字"),
    (ID, CUT, "id_length", "身份证号位数不对"),
    (ID, "O" + CUT, "id_characters", "身份证号含有不应有的字符"),
    (ID, "530501198002300010", "id_date", "身份证号中的出生日期不存在"),
    (ID, "530501202106010019", "id_date", "身份证号中的出生日期不存在"),
    (ID, bad_digit(number(serial=7)), "id_check_digit", "身份证号校验码不符"),
    (DAY, None, "date", "没有填“受灾日期”。"),
    (DAY, "2021.2.30", "date", "“受灾日期”填的是“2021.2.30”，日期无法识别。"),
    (DAY, "不详", "date", "“受灾日期”填的是“不详”，日期无法识别。"),
    (DAY, "2021-05-01", "future", "“受灾日期”填的是“2021-05-01”，日期晚于本月月底。"),
    (DAY, 44317, "future", "“受灾日期”填的是“44317（即2021-05-01）”，日期晚于本月月底。"),
    (LOSS, None, "amount", "没有填“直接经济损失”。"),
    (LOSS, -1, "amount", "“直接经济损失”填的是“-1”，数值不正确。"),
    (LOSS, "三千元", "amount", "“直接经济损失”填的是“三千元”，数值不正确。"),
    (ROOMS, 10_000_000.01, "amount", "“倒塌间数”填的是“10000000.01”，数值不正确。"),
    (DAY, "2020-09-30", "too_old", "“受灾日期”填的是“2020-09-30”，事项发生过早。"),
]


def good(serial: int, day: str = "2021-04-05") -> list[Any]:
    return [f"样例{serial}", number(serial=serial), "洪涝", day, 1, None, None, None, 3000]


@pytest.fixture
def ledger_url(tmp_path: Any) -> str:
    return f"sqlite:///{tmp_path}/home/ledger.sqlite"


def told(office: Office, dataset: str, rows: list[list[Any]]) -> dict[int, tuple[str, str]]:
    """What the receipt lists, by row: the reason's title and the sentence."""
    assert office.deliver(dataset, rows).status == "accepted"
    department = load_catalogue().department_of(dataset)
    write_answers(department.id, APRIL, office.settings, office.ledger)
    folder = office.settings.outbox / str(APRIL) / "回执" / department.title
    (path,) = folder.glob("回执_*.xlsx")
    listed = table(openpyxl.load_workbook(path)["退回行"])
    return {row["行号"]: (row["退回原因"], row["说明"]) for row in reversed(listed)}


def test_each_cell_is_named_with_its_reason(office: Office) -> None:
    assert (
        office.deliver(DATASET, [HEADER, good(1, "2021-03-03")], month=MARCH).status == "accepted"
    )
    rows = [good(serial) for serial in range(100, 200)]
    first = len(rows) + 2
    for serial, (column, cell, _, _) in enumerate(CASES, start=201):
        row = good(serial)
        row[HEADER.index(column)] = cell
        rows.append(row)
    rows += [good(1, "2021-03-03"), good(100)]
    found = told(office, DATASET, [HEADER, *rows])
    for at, (column, cell, code, sentence) in enumerate(CASES, start=first):
        title, words = found.pop(at)
        assert title == faults()[code].title, (column, cell)
        assert sentence in words, (column, cell)
    repeated, duplicate = (found.pop(first + len(CASES) + n) for n in range(2))
    assert repeated == (faults()["repeated"].title, "这一行以前月份已经报过，内容完全相同。")
    assert duplicate == (
        faults()["duplicate"].title,
        "这一行与本表前面的一行完全相同，已保留前一行。",
    )
    assert found == {}


def test_a_value_outside_of_a_list_and_the_cases_leave_no_reason_untried(office: Office) -> None:
    header = ["姓名", "残疾人证号", "残疾类别", "残疾等级", "发证日期"]
    day = datetime(2021, 3, 6)
    rows = [["样例", number(serial=n), "肢体", "一级", day] for n in range(1, 30)]
    rows[3][3], rows[4][3] = "五级", None
    found = told(office, "disability_certificates", [header, *rows])
    title = faults()["list"].title
    assert found == {
        5: (title, f"“残疾等级”填的是“五级”，{title}。"),
        6: (title, "没有填“残疾等级”。"),
    }
    tried = {code for _, _, code, _ in CASES} | {"list", "repeated", "duplicate"}
    assert tried == set(faults())


def test_of_several_faults_the_first_in_order_is_the_reason(office: Office) -> None:
    rows = [good(serial) for serial in range(1, 30)]
    rows[0][0], rows[0][1], rows[0][3] = None, CUT, "不详"
    rows[1][3], rows[1][8] = "2021-05-01", -1
    rows[2][3], rows[2][8] = "2019-01-01", "若干"
    found = told(office, DATASET, [HEADER, *rows])
    assert [found[row][0] for row in (2, 3, 4)] == [
        faults()[code].title for code in ("name", "future", "amount")
    ]
