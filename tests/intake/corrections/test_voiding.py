"""A clerk takes a faulty row back instead of mending it: it is gone, and still accounted for."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from poverty_watch.contracts import load_catalogue
from poverty_watch.identity import Keyring
from poverty_watch.intake.amendments import Amendment
from poverty_watch.intake.corrections.texts import correction_texts
from poverty_watch.intake.duty import register
from poverty_watch.intake.judgement import DeliveredFile, History, Judgement, judge_submission
from tests.intake.answers.conftest import HEADER, bad_digit, good
from tests.intake.conftest import APRIL, Verdict, save_workbook
from tests.intake.corrections.conftest import DATASET, Form, Sender

GRADE, DIGIT = 12, 13


@pytest.fixture
def asked(sender: Sender) -> Sender:
    """Ten good rows, then one with a wrong grade and one of a person whose number is wrong."""
    rows = [good(serial) for serial in range(1, 11)] + [good(21), good(22)]
    rows[10][3], rows[11][1] = "五级", bad_digit(rows[11][1])
    sender.deliver([HEADER, *rows])
    return sender


def void(form: Form, *numbers: int) -> Form:
    """Take these rows back."""
    for number in numbers:
        form.row(number)["处理"] = "本行作废"
    return form


def counts(verdict: Verdict) -> tuple[int, int, int]:
    """Rows accepted, sent back and taken back."""
    delivery = verdict.delivery
    assert delivery is not None
    found = (delivery.accepted_rows, delivery.rejected_rows, delivery.voided_rows)
    assert sum(found) == delivery.data_rows
    return found


def test_a_row_is_taken_back_in_the_real_workbook_and_the_next_receipt_is_clean(
    asked: Sender,
) -> None:
    book = openpyxl.load_workbook(asked.path("更正"))
    sheet = book["更正"]
    at = next(row for row in range(1, 20) if sheet.cell(row, 1).value == "原表行号")
    column = {str(cell.value): cell.column for cell in sheet[at]}
    row_of = {sheet.cell(row, 1).value: row for row in range(at + 1, sheet.max_row + 1)}
    rules = {
        min(r.min_col for r in v.sqref.ranges): v for v in sheet.data_validations.dataValidation
    }
    listed = book.defined_names[rules[column["处理"]].formula1].attr_text.split("!")[1]
    offered = [cell.value for (cell,) in book["选项"][listed.replace("$", "")]]
    assert offered == ["改正", "本行作废"]
    assert not sheet.cell(row_of[DIGIT], column["处理"]).protection.locked
    sheet.cell(row_of[DIGIT], column["处理"]).value = offered[1]
    sheet.cell(row_of[GRADE], column["残疾等级"]).value = "三级"
    inbox = asked.office.path(DATASET, asked.path("更正").name, APRIL)
    book.save(inbox)

    verdict = asked.taken_in()
    assert verdict.status == "accepted"
    assert counts(verdict) == (11, 0, 1)
    assert asked.fates() == {row_of[GRADE]: "改正并接收", row_of[DIGIT]: "本行作废"}
    told = asked.receipt()
    assert "更正已接收" in told
    assert "不用再做什么。" in told
    assert "报送单位作废的行" in told
    assert "1 + 0 + 0 + 11 + 0 + 1 = 13，一行不少。" in told
    assert not asked.has_form
    (line,) = [
        line
        for line in register(APRIL, asked.office.ledger, date(2021, 5, 6))
        if line.dataset == DATASET
    ]
    assert line.rejected_rows == 0
    assert any("1行报送单位已在更正表里作废" in remark for remark in line.remarks)
    assert good(22)[0] not in asked.standing()


def test_a_row_stays_taken_back_until_its_sender_wants_it_again(asked: Sender) -> None:
    first = asked.form()
    assert counts(asked.send_back(void(first, DIGIT))) == (10, 1, 1)
    # The same sheet once more, then without the word: nothing is asked for.
    assert counts(asked.send_back(first)) == (10, 1, 1)
    first.row(DIGIT)["处理"] = None
    assert counts(asked.send_back(first)) == (10, 1, 1)
    first.row(DIGIT)["处理"] = "改正"
    assert counts(asked.send_back(first)) == (10, 2, 0)
    first.row(DIGIT)["残疾人证号"] = good(22)[1]
    assert counts(asked.send_back(first)) == (11, 1, 0)


def test_other_rows_can_be_mended_after_one_was_taken_back(asked: Sender) -> None:
    asked.send_back(void(asked.form(), DIGIT))
    second = asked.form()
    assert [row["原表行号"] for row in second.rows] == [GRADE]
    second.row(GRADE)["残疾等级"] = "三级"
    assert counts(asked.send_back(second)) == (11, 0, 1)
    assert not asked.has_form


def test_what_is_typed_in_a_row_that_is_taken_back_does_not_count(asked: Sender) -> None:
    form = void(asked.form(), GRADE)
    form.row(GRADE)["残疾等级"] = "六级"
    assert counts(asked.send_back(form)) == (10, 1, 1)
    assert "本行作废" in asked.fates().values()


def test_a_row_that_was_mended_since_is_not_taken_back_by_an_older_sheet(asked: Sender) -> None:
    old = asked.form()
    mended = asked.form()
    mended.row(GRADE)["残疾等级"] = "三级"
    assert counts(asked.send_back(mended)) == (11, 1, 0)
    assert counts(asked.send_back(void(old, GRADE))) == (11, 1, 0)
    assert "与后来的数据冲突" in asked.fates().values()


def test_a_word_beside_the_content_of_another_row_takes_nothing_back(asked: Sender) -> None:
    """Someone has sorted some columns and not the codes: nobody knows whom the word is about."""
    form = void(asked.form(), DIGIT)
    one, other = form.row(GRADE), form.row(DIGIT)
    for name in HEADER:
        one[name], other[name] = other[name], one[name]
    assert counts(asked.send_back(form)) == (10, 2, 0)
    assert set(asked.fates().values()) == {"行码与内容对不上"}


def test_other_words_than_those_agreed_take_nothing_back(asked: Sender) -> None:
    form = asked.form()
    form.row(DIGIT)["处理"] = "再看看"
    assert counts(asked.send_back(form)) == (10, 2, 0)
    assert correction_texts().treatment_of("作废") == "void"


def judged_with_void(tmp_path: Path, rows: list[list[Any]], *void: int) -> Judgement:
    """The table judged with these of its rows taken back."""
    contract = load_catalogue().contract(DATASET)
    suite = load_catalogue().department_of(DATASET).suite_path(DATASET)
    path = save_workbook(tmp_path / "持证残疾人.xlsx", {"表": rows})
    return judge_submission(
        contract,
        suite,
        [DeliveredFile(path, path.name)],
        False,
        APRIL,
        Keyring(b"1" * 32, b"2" * 32),
        History([], None, None),
        amendments=[
            Amendment((path.name, "表", row), ("更正.xlsx", "更正", 3 + row), {}, is_void=True)
            for row in void
        ],
    )


def test_the_row_that_equals_one_taken_back_is_no_repetition(tmp_path: Path) -> None:
    judged = judged_with_void(tmp_path, [HEADER, good(1), good(1), good(2)], 2)
    assert judged.rows["voided"] == 1
    assert judged.faults == {}
    assert judged.accepted["source_row"].to_pylist() == [3, 4]


def test_a_register_whose_rows_are_all_taken_back_waits_for_a_person(tmp_path: Path) -> None:
    rows = [HEADER, good(1), good(2)]
    assert judged_with_void(tmp_path, rows, 2).status == "accepted"
    judged = judged_with_void(tmp_path, rows, 2, 3)
    assert judged.status == "rejected"
    assert "2行全部作废" in judged.messages[0]
