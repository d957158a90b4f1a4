"""The correction sheet holds the rows to be mended or explained and nothing else, in the sender's own form."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from poverty_watch.contracts import load_catalogue
from poverty_watch.intake.corrections.codes import code_in, mark_in
from poverty_watch.intake.corrections.texts import correction_texts
from poverty_watch.intake.layout import plain
from poverty_watch.months import Month
from tests.intake.answers.conftest import (
    DOUBT,
    EXPECTED,
    FAULT,
    FIRST_FAULTY,
    HEADER,
    Clerk,
    bad_digit,
    coloured,
    delivery,
    faulty_rows,
    good,
    table,
)
from tests.intake.conftest import csv_bytes, number

DATASET = "disability_certificates"


@pytest.fixture
def ledger_url(tmp_path: Path) -> str:
    """What is said here does not depend on the database."""
    return f"sqlite:///{tmp_path}/home/ledger.sqlite"


@pytest.fixture
def sent(clerk: Clerk) -> Clerk:
    clerk.office.deliver(DATASET, delivery())
    clerk.answered()
    return clerk


def header_row(sheet: Worksheet) -> int:
    return next(row for row in range(1, 20) if sheet.cell(row, 1).value == "原表行号")


def rows_of(sheet: Worksheet) -> list[dict[str, Any]]:
    return table(sheet, header_row(sheet))


def test_it_holds_exactly_the_rows_to_be_mended_as_they_were_sent(sent: Clerk) -> None:
    rows = rows_of(sent.open("更正_"))
    assert list(rows[0]) == ["原表行号", "问题", "怎样改", "处理", *HEADER, "行码"]
    assert [row["原表行号"] for row in rows] == [FIRST_FAULTY + offset for offset in EXPECTED]
    # A number keeps the digits that Excel keeps: fifteen.
    lost = rows[2]["残疾人证号"]
    assert f"{lost:.14e}" == f"{530501198001010020:.14e}"
    rows[2]["残疾人证号"] = 530501198001010020
    assert [[row[header] for header in HEADER] for row in rows] == faulty_rows()
    several = rows[10]["问题"].split("\n")
    assert len(several) == 4
    assert all(line.startswith("错误：") for line in several)


def test_a_number_of_which_six_digits_are_left_is_said_to_be_beyond_help(clerk: Clerk) -> None:
    content = csv_bytes([HEADER, ["样例1", "5.30501E+17", "肢体", "二级", "2021-03-06"]])
    clerk.office.deliver_bytes(DATASET, content, "持证残疾人202104.csv")
    clerk.answered()
    (row,) = rows_of(clerk.open("更正_"))
    assert "身份证号末几位已丢失" in row["问题"] or "末几位已经丢失" in row["问题"]
    assert "不要从这个 CSV 里复制" in row["怎样改"]


def test_a_number_of_which_fifteen_digits_are_left_is_not(sent: Clerk) -> None:
    (row,) = (row for row in rows_of(sent.open("更正_")) if "丢失" in row["问题"])
    assert "不要从这个 CSV 里复制" not in row["怎样改"]


def test_exactly_the_faulty_cells_are_coloured(sent: Clerk) -> None:
    sheet = sent.open("更正_")
    at = header_row(sheet)
    assert coloured(sheet, FAULT) == {
        (at + 1 + offset, 5 + HEADER.index(header))
        for offset, pairs in EXPECTED.items()
        for _, header in pairs
    }


def test_identity_cells_are_text_so_that_excel_keeps_all_digits(sent: Clerk) -> None:
    sheet = sent.open("更正_")
    at = header_row(sheet)
    identity = [sheet.cell(at + 1 + offset, 6) for offset in EXPECTED]
    assert {cell.number_format for cell in identity} == {"@"}
    # What Excel has destroyed stays a number: as text it would pass for one typed by hand.
    assert identity[2].data_type == "n"
    assert identity[3].data_type == "s"


def test_each_row_has_a_code_of_its_own_and_the_sheet_is_known_by_its_mark(sent: Clerk) -> None:
    codes = [code_in(row["行码"]) for row in rows_of(sent.open("更正_"))]
    assert None not in codes
    assert len(set(codes)) == len(EXPECTED)
    (path,) = (p for p in sent.folder().iterdir() if p.name.startswith("更正_"))
    delivered = sent.office.verdict(DATASET).delivery
    assert delivered is not None
    assert mark_in(path) == delivered.content_sha256[:12]
    others = [p for p in sent.folder().iterdir() if p.suffix == ".xlsx" and p != path]
    own = sent.office.path(DATASET, "持证残疾人2021-04.xlsx")
    assert [mark_in(p) for p in (*others, own)] == [None] * 3


def test_columns_go_by_the_senders_own_words_and_order(clerk: Clerk) -> None:
    header = ["序号", "发证日期", "残疾等级", "残疾\n类别", "身份证号", "残疾人 证号", "姓名"]
    wrong = [1, "去年", "五级", "肢体", "x", number(serial=2), "样例2"]
    clerk.office.deliver(DATASET, [header, wrong])
    clerk.answered()
    row = rows_of(clerk.open("更正_"))[0]
    assert list(row)[4:-1] == ["发证日期", "残疾等级", "残疾 类别", "残疾人 证号", "姓名"]
    assert row["残疾人 证号"] == number(serial=2)


def test_a_doubted_row_stands_beside_the_faulty_ones_and_offers_room_to_explain(
    clerk: Clerk,
) -> None:
    header = ["姓名", "身份证号", "借据号", "借款金额", "到期日", "逾期金额", "逾期天数"]
    odd = ["样例1", number(), "J1", 5000, "2022-01-01", 8000, 0]
    wrong = ["样例2", bad_digit(number(serial=2)), "J2", 5000, "2022-01-01", 9000, 0]
    clerk.office.deliver("microcredit", [header, odd, wrong])
    clerk.answered("microcredit")
    sheet = clerk.open("更正_", "更正", "microcredit")
    rows = rows_of(sheet)
    assert list(rows[0])[:5] == ["原表行号", "问题", "怎样改", "处理", "说明"]
    assert rows[0]["问题"] == "疑问：“借款金额”5000，“逾期金额”8000：部分大于全部。"
    assert [line[:3] for line in rows[1]["问题"].split("\n")] == ["错误：", "疑问："]
    at = header_row(sheet)
    assert coloured(sheet, DOUBT) == {(at + 1, 9), (at + 1, 11), (at + 2, 9), (at + 2, 11)}
    assert coloured(sheet, FAULT) == {(at + 2, 7)}
    listed = table(clerk.open("回执_", "疑问行", "microcredit"))
    assert [line["行号"] for line in listed] == [2, 3]
    assert coloured(clerk.open("批注_", None, "microcredit"), DOUBT) == {
        (2, 4),
        (2, 6),
        (3, 4),
        (3, 6),
    }


@pytest.mark.parametrize(("month", "is_valid"), [("2021-04", False), ("2021-05", True)])
def test_a_closed_list_offers_what_is_valid_in_that_month(
    clerk: Clerk, month: str, is_valid: bool
) -> None:
    contract = load_catalogue().contract("monitoring_register")
    header = [column.header for column in contract.columns]
    row = {column.name: None for column in contract.columns} | {"name": "样例甲"}
    when = Month.parse(month)
    clerk.office.deliver("monitoring_register", [header, list(row.values())], month=when)
    clerk.answered("monitoring_register", when)
    folder = clerk.folder("monitoring_register", when)
    (path,) = (p for p in folder.iterdir() if p.name.startswith("更正_"))
    book = openpyxl.load_workbook(path)
    assert book["选项"].sheet_state == "hidden"
    offered = {str(c) for r in book["选项"].iter_rows(values_only=True) for c in r if c}
    assert ("突发严重困难户" in offered) is is_valid
    rules = book["更正"].data_validations.dataValidation
    lists = [column for column in contract.columns if column.values]
    assert len(rules) == len(lists) + 1  # and the one of 处理
    assert all(rule.formula1 in book.defined_names for rule in rules)


def test_a_clean_sending_takes_the_sheet_away(sent: Clerk) -> None:
    rows = [HEADER, *(good(serial) for serial in range(1, 61))]
    sent.office.deliver(DATASET, rows, name="持证残疾人2021-04（重报）.xlsx")
    outcome = sent.answered()
    assert not [name for name in sent.names() if name.startswith("更正_")]
    assert outcome.written == 2


def test_a_sending_that_cannot_be_read_leaves_the_earlier_rows_to_be_mended(sent: Clerk) -> None:
    sent.office.deliver(DATASET, [HEADER[:3], good(1)[:3]], name="持证残疾人（重报）.xlsx")
    sent.answered()
    assert len(rows_of(sent.open("更正_"))) == len(EXPECTED)


def test_too_many_rows_to_be_mended_one_by_one_are_to_be_sent_again_whole(
    clerk: Clerk, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = correction_texts().model_copy(update={"most_rows": 5})
    monkeypatch.setattr("poverty_watch.intake.answers.steps.correction_texts", lambda: few)
    clerk.office.deliver(DATASET, delivery())
    clerk.answered()
    assert [name[:2] for name in clerk.names()] == ["回执", "批注"]
    told = [str(c.value) for row in clerk.open("回执_", "回执") for c in row if c.value]
    assert any("要改的有11行，多半是导出时整份出了错" in text for text in told)


def test_the_rows_of_several_files_say_which_they_are_of(clerk: Clerk) -> None:
    for township in ("甸阳镇", "由旺镇"):
        path = clerk.office.path(DATASET, f"持证残疾人_{township}.csv")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(csv_bytes([HEADER, good(1), [*good(2)[:3], "五级", "2021-03-06"]]))
    clerk.office.take_in(DATASET)
    clerk.answered()
    rows = rows_of(clerk.open("更正_"))
    assert [row["原文件"] for row in rows] == ["持证残疾人_由旺镇.csv", "持证残疾人_甸阳镇.csv"]
    assert "原工作表" not in rows[0]


def test_no_contract_calls_a_column_as_the_office_calls_its_own() -> None:
    ours = {plain(text) for text in correction_texts().headers.model_dump().values()}
    for dataset, contract in load_catalogue().contracts.items():
        theirs = {plain(header) for column in contract.columns for header in column.headers}
        assert not ours & theirs, dataset
