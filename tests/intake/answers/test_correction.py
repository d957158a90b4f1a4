"""The correction sheet holds the rows to be mended and nothing else, ready to be sent back alone."""

from __future__ import annotations

import openpyxl
import pytest

from poverty_watch.contracts import load_catalogue
from poverty_watch.identity import Keyring
from poverty_watch.intake.answers.correction import is_correction_sheet
from poverty_watch.intake.answers.origin import row_code
from poverty_watch.intake.answers.texts import answer_texts
from poverty_watch.intake.layout import Layout, find_layout
from poverty_watch.intake.policy import delivery_policy
from poverty_watch.intake.sheets import read_sheets
from poverty_watch.months import Month
from tests.intake.answers.conftest import (
    EXPECTED,
    FAULT,
    FIRST_FAULTY,
    HEADER,
    Clerk,
    coloured,
    delivery,
    faulty_rows,
    good,
    table,
)
from tests.intake.conftest import APRIL

DATASET = "disability_certificates"
NAME = "更正_持证残疾人_2021年4月.xlsx"
HEAD = 6


@pytest.fixture
def sent(clerk: Clerk) -> Clerk:
    clerk.office.deliver(DATASET, delivery())
    clerk.answered()
    return clerk


def test_it_holds_exactly_the_rows_to_be_mended_as_they_were_sent(sent: Clerk) -> None:
    rows = table(sent.open("更正_"), HEAD)
    assert list(rows[0]) == [
        *("行号", "退回原因", "怎样改"),
        *HEADER,
        *("源文件", "工作表", "行码"),
    ]
    assert [row["行号"] for row in rows] == [FIRST_FAULTY + offset for offset in EXPECTED]
    # A number keeps the digits that Excel keeps: fifteen.
    lost = rows[2]["残疾人证号"]
    assert f"{lost:.14e}" == f"{530501198001010020:.14e}"
    rows[2]["残疾人证号"] = 530501198001010020
    assert [[row[header] for header in HEADER] for row in rows] == faulty_rows()


def test_the_faulty_cells_are_coloured(sent: Clerk) -> None:
    assert coloured(sent.open("更正_"), FAULT) == {
        (HEAD + 1 + offset, 4 + HEADER.index(header))
        for offset, pairs in EXPECTED.items()
        for _, header in pairs
    }


def test_the_clerk_can_change_the_departments_cells_only(sent: Clerk) -> None:
    sheet = sent.open("更正_")
    assert sheet.protection.sheet
    first = [cell.protection.locked for cell in sheet[HEAD + 1]]
    assert first == [True] * 3 + [False] * len(HEADER) + [True] * 3
    assert sheet.column_dimensions["K"].hidden


def test_identity_cells_are_text_so_that_excel_keeps_all_digits(sent: Clerk) -> None:
    sheet = sent.open("更正_")
    identity = [sheet.cell(HEAD + 1 + offset, 5) for offset in EXPECTED]
    assert {cell.number_format for cell in identity} == {"@"}
    # What Excel has destroyed stays a number: as text it would pass for one typed by hand.
    assert identity[2].data_type == "n"
    assert identity[3].data_type == "s"


def test_the_code_ties_a_row_to_its_origin(sent: Clerk) -> None:
    rows = table(sent.open("更正_"), HEAD)
    keys = Keyring.open(sent.office.settings.keys)
    delivered = sent.office.verdict(DATASET).delivery
    assert delivered is not None
    for row in rows:
        origin = (row["源文件"], row["工作表"], row["行号"])
        code = row_code(keys, APRIL, DATASET, delivered.content_sha256, *origin)
        assert row["行码"] == code
    assert len({row["行码"] for row in rows}) == len(rows)


def test_intake_can_read_it_by_the_same_contract(sent: Clerk) -> None:
    sheets = read_sheets(sent.folder() / NAME, NAME, delivery_policy().limits)
    layout = find_layout(sheets[0], load_catalogue().contract(DATASET))
    assert isinstance(layout, Layout)
    assert len(layout.data) == len(EXPECTED)
    assert is_correction_sheet(sheets[0], answer_texts())
    own = sent.office.path(DATASET, "持证残疾人2021-04.xlsx")
    assert not is_correction_sheet(
        read_sheets(own, own.name, delivery_policy().limits)[0], answer_texts()
    )


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
    rules = book.worksheets[0].data_validations.dataValidation
    lists = [column for column in contract.columns if column.values]
    assert len(rules) == len(lists)
    assert all(rule.formula1 in book.defined_names for rule in rules)


def test_a_clean_sending_takes_the_sheet_away(sent: Clerk) -> None:
    assert NAME in sent.names()
    rows = [HEADER, *(good(serial) for serial in range(1, 61))]
    sent.office.deliver(DATASET, rows, name="持证残疾人2021-04（重报）.xlsx")
    outcome = sent.answered()
    assert NAME not in sent.names()
    assert outcome.written == 1


def test_a_sending_that_cannot_be_read_leaves_the_earlier_rows_to_be_mended(sent: Clerk) -> None:
    sent.office.deliver(DATASET, [HEADER[:3], good(1)[:3]], name="持证残疾人（重报）.xlsx")
    sent.answered()
    assert len(table(sent.open("更正_"), HEAD)) == len(EXPECTED)
