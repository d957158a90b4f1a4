"""The sender's own workbook comes back: same values, exactly the faulty cells marked."""

from __future__ import annotations

import openpyxl
import pytest
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from poverty_watch.intake.answers.texts import answer_texts
from tests.intake.answers.conftest import (
    DUPLICATE,
    EXPECTED,
    FAULT,
    FIRST_FAULTY,
    HEADER,
    WHOLE_ROW,
    Clerk,
    bad_digit,
    coloured,
    delivery,
    good,
    table,
    texts,
)
from tests.intake.conftest import csv_bytes, number

DATASET = "disability_certificates"


def test_exactly_the_faulty_cells_are_coloured_and_say_why(clerk: Clerk) -> None:
    clerk.office.deliver(DATASET, delivery())
    clerk.answered()
    sheet = clerk.open("批注_")
    wanted = {
        (FIRST_FAULTY + offset, HEADER.index(header) + 1)
        for offset, pairs in EXPECTED.items()
        for _, header in pairs
    }
    assert coloured(sheet, FAULT) == wanted
    assert coloured(sheet, WHOLE_ROW) == {(DUPLICATE, column) for column in range(1, 6)}
    commented = {
        (c.row, c.column): c.comment for row in sheet.iter_rows() for c in row if c.comment
    }
    assert set(commented) == wanted | {(DUPLICATE, 1)}
    assert "【list】“残疾等级”填的是“五级”" in commented[FIRST_FAULTY + 9, 4].text
    assert "怎样改：" in commented[FIRST_FAULTY + 9, 4].text


def test_all_values_are_as_they_were_sent(clerk: Clerk) -> None:
    clerk.office.deliver(DATASET, delivery())
    clerk.answered()
    sent = openpyxl.load_workbook(clerk.office.path(DATASET, "持证残疾人2021-04.xlsx"))["Sheet1"]
    back = clerk.open("批注_")
    assert list(back.iter_rows(values_only=True)) == list(sent.iter_rows(values_only=True))
    lost = back.cell(FIRST_FAULTY + 2, 2)
    assert lost.data_type == "n"
    assert f"{lost.value:.14e}" == "5.30501198001010e+17"


def test_a_legend_explains_the_marks(clerk: Clerk) -> None:
    clerk.office.deliver(DATASET, delivery())
    clerk.answered()
    legend = clerk.open("批注_", "批注说明")
    told = texts(legend)
    assert {"id_lost_digits", "duplicate", "list"} <= set(told)
    assert legend.freeze_panes is not None


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_a_csv_comes_back_as_a_workbook_with_its_rows_where_they_were(
    clerk: Clerk, encoding: str
) -> None:
    wrong = [*good(2)[:3], "五级", "2021-03-06"]
    content = csv_bytes([HEADER, good(1), wrong, good(3)], encoding)
    clerk.office.deliver_bytes(DATASET, content, "持证残疾人202104.csv")
    clerk.answered()
    sheet = clerk.open("批注_")
    assert [list(row) for row in sheet.iter_rows(values_only=True)] == [
        HEADER,
        good(1),
        wrong,
        good(3),
    ]
    assert coloured(sheet, FAULT) == {(3, 4)}
    identity = sheet.cell(2, 2)
    assert (identity.data_type, identity.number_format) == ("s", "@")


def test_formulas_become_values_and_macros_do_not_come_along(clerk: Clerk) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    wrong = [*good(2)[:3], "五级", "2021-03-06"]
    for row in (HEADER, good(1), wrong):
        sheet.append(row)
    sheet["G3"] = '=HYPERLINK("http://example.invalid","x")'
    path = clerk.office.path(DATASET, "持证残疾人202104.xlsx")
    path.parent.mkdir(parents=True)
    book.save(path)
    clerk.office.take_in(DATASET)
    clerk.answered()
    back = clerk.open("批注_")
    assert back["G3"].value is None
    assert back["D3"].value == "五级"


def test_a_fault_in_a_hidden_row_or_column_is_shown(clerk: Clerk) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    for row in (HEADER, good(1), [*good(2)[:3], "五级", "2021-03-06"]):
        sheet.append(row)
    sheet.row_dimensions[3].hidden = True
    sheet.column_dimensions["D"].hidden = True
    path = clerk.office.path(DATASET, "持证残疾人202104.xlsx")
    path.parent.mkdir(parents=True)
    book.save(path)
    clerk.office.take_in(DATASET)
    clerk.answered()
    back = clerk.open("批注_")
    assert not back.row_dimensions[3].hidden
    assert not back.column_dimensions["D"].hidden


def test_a_large_file_gets_no_copy_and_the_receipt_says_so(
    clerk: Clerk, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = answer_texts().model_copy(update={"marked_copy_rows": 3})
    monkeypatch.setattr("poverty_watch.intake.answers.steps.answer_texts", lambda: small)
    wrong = [*good(9)[:3], "五级", "2021-03-06"]
    clerk.office.deliver(DATASET, [HEADER, *(good(s) for s in range(1, 4)), wrong])
    clerk.answered()
    assert [name[:3] for name in clerk.names()] == ["回执_", "更正_"]
    assert any("没有附标红的副本" in text for text in texts(clerk.open("回执_")))


def test_text_that_looks_like_a_formula_stays_text_everywhere(clerk: Clerk) -> None:
    wrong = ["=1+1", bad_digit(number()), "@SUM(A1)", "+五级", "-去年"]
    content = csv_bytes([HEADER, good(1), wrong])
    clerk.office.deliver_bytes(DATASET, content, "持证残疾人202104.csv")
    clerk.answered()
    books = [p for p in clerk.folder().iterdir() if p.suffix == ".xlsx"]
    assert len(books) == 3
    dangerous = 0
    for path in books:
        for sheet in openpyxl.load_workbook(path).worksheets:
            for cell in (cell for row in sheet.iter_rows() for cell in row):
                assert cell.data_type != "f", (path.name, sheet.title, cell.coordinate)
                if isinstance(cell.value, str) and cell.value.startswith(("=", "+", "-", "@")):
                    assert cell.quotePrefix, (path.name, sheet.title, cell.coordinate)
                    dangerous += 1
    assert dangerous >= 8


def test_mended_in_the_marked_copy_and_sent_back_whole_it_is_clean(clerk: Clerk) -> None:
    office = clerk.office
    office.deliver(DATASET, [HEADER, good(1), [*good(2)[:3], "五级", "2021-03-06"]])
    clerk.answered()
    (path,) = (p for p in clerk.folder().iterdir() if p.name.startswith("批注_"))
    book = openpyxl.load_workbook(path)
    book.worksheets[0]["D3"] = "三级"
    target = office.path(DATASET, path.name)
    book.save(target)
    verdict = office.take_in(DATASET)
    assert verdict.delivery is not None
    assert (verdict.delivery.version, verdict.delivery.accepted_rows) == (2, 2)
    assert verdict.faults == {}


def test_day_numbers_of_a_1904_workbook_mean_the_same_days_in_all_answers(clerk: Clerk) -> None:
    book = openpyxl.Workbook()
    book.epoch = CALENDAR_MAC_1904
    sheet = book.active
    for row in (HEADER, good(1), [*good(2)[:4], 42868]):
        sheet.append(row)
    path = clerk.office.path(DATASET, "持证残疾人202104.xlsx")
    path.parent.mkdir(parents=True)
    book.save(path)
    verdict = clerk.office.take_in(DATASET)
    assert verdict.faults == {3: "future"}
    clerk.answered()
    (line,) = table(clerk.open("回执_", "退回行"))
    assert line["填写的内容"] == "44330（即2021-05-14）"
    assert clerk.open("批注_").cell(3, 5).value == 42868
    assert clerk.open("批注_").parent.epoch == CALENDAR_MAC_1904
