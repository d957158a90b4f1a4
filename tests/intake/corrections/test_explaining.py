"""What is asked may be explained in the correction sheet; what is wrong has to be mended."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import yaml
from sqlalchemy import select

from poverty_watch.contracts import Department, catalogue
from poverty_watch.intake import fetch, settle, validate
from poverty_watch.intake.sources.interface import Arrived
from poverty_watch.ledger.models import Explanation, JournalEntry
from poverty_watch.months import Month
from poverty_watch.settings import EXPECTATIONS
from tests.intake.answers.conftest import bad_digit
from tests.intake.conftest import APRIL, Office, csv_bytes, number
from tests.intake.corrections.conftest import Sender

LOANS = "microcredit"
HEADER = ["姓名", "身份证号", "借据号", "借款金额", "到期日", "逾期金额", "逾期天数"]
SHEET = "更正_小额信贷_2021年4月_第1次.xlsx"


def loan(serial: int, overdue: int = 0) -> list[Any]:
    return [f"样例{serial}", number(serial=serial), f"J{serial}", 5000, "2022-01-01", overdue, 0]


@pytest.fixture
def asked(office: Office) -> Sender:
    """Rows 2 and 3 are odd, row 4 is odd and wrong, row 5 is fine."""
    sender = Sender(office, LOANS)
    wrong = loan(3, 7000)
    wrong[1] = bad_digit(wrong[1])
    verdict = sender.deliver([HEADER, loan(1, 8000), loan(2, 9000), wrong, loan(4)])
    assert verdict.status == "accepted"
    return sender


def test_an_explained_query_is_remembered_and_not_asked_again(
    asked: Sender, office: Office
) -> None:
    form = asked.form()
    form.row(2)["说明"] = "含罚息，已与借款人 530501198001010015 核对"
    form.row(3)["逾期金额"] = 900
    form.row(4).update(身份证号=number(serial=3), 说明="含罚息")
    verdict = asked.send_back(form, SHEET)
    assert asked.fates() == {3: "说明已记下", 4: "改正并接收", 5: "改正并接收"}
    assert verdict.delivery is not None
    assert verdict.delivery.open_queries == {}
    assert (verdict.delivery.accepted_rows, verdict.delivery.version) == (4, 2)
    assert not asked.has_form
    with office.ledger.transaction() as session:
        told = {e.text for e in session.scalars(select(Explanation))}
        journal = [e.detail for e in session.scalars(select(JournalEntry))]
    assert told == {"含罚息，已与借款人 530501********0015 核对", "含罚息"}
    assert {"correction": {"explained": 1, "mended": 2}}.items() <= journal[-2].items()
    # Next month the same values say nothing new; a value that has moved is asked about again.
    may = Sender(office, LOANS, month=APRIL + 1)
    may.deliver([HEADER, loan(1, 8000), loan(2, 900), loan(3, 7001), loan(4)])
    assert [row["姓名"] for row in may.form().rows] == ["样例3"]


def test_an_error_cannot_be_explained_away(asked: Sender) -> None:
    form = asked.form()
    form.header.insert(0, "说明一")
    form.row(4)["说明"] = "号码确实如此"
    verdict = asked.send_back(form, SHEET)
    assert asked.fates()[5] == "只写了说明"
    assert verdict.faults == {4: "id_check_digit"}


def test_a_good_row_that_is_made_wrong_stays_as_it_was(asked: Sender) -> None:
    form = asked.form()
    form.row(2)["逾期金额"] = "九百"
    form.row(3)["逾期金额"] = 900
    verdict = asked.send_back(form, SHEET)
    assert asked.fates() == {3: "改后反而有误", 4: "改正并接收", 5: "没有改动"}
    assert asked.standing()["样例1"]["overdue"] == 8000
    assert asked.standing()["样例2"]["overdue"] == 900
    assert verdict.delivery is not None
    assert verdict.delivery.open_queries == {"part_over_whole": 2}


def test_a_question_about_the_file_is_answered_on_its_own_sheet(office: Office) -> None:
    sender = Sender(office, LOANS)
    sender.deliver([HEADER, loan(1)], name="小额信贷2021-05.xlsx")
    path = sender.path("更正")
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == ["整份疑问"]
    sheet = book["整份疑问"]
    assert "名称写的是2021年5月" in str(sheet["A5"].value)
    sheet["B5"] = "文件名写的是报送的月份"
    book.save(office.path(LOANS, path.name))
    sender.taken_in()
    assert "更正已接收" in sender.receipt()
    assert not sender.has_form
    may = Sender(office, LOANS, month=APRIL + 1)
    verdict = may.deliver([HEADER, loan(1)], name="小额信贷2021-06.xlsx")
    assert verdict.messages == []


class Source:
    """A department's system that says the same whenever it is asked."""

    def __init__(self, rows: list[list[Any]]) -> None:
        self.rows = rows

    def deliver(self, month: Month, department: Department, into: Path) -> Arrived:
        del month, department
        (into / "小额信贷.csv").write_bytes(csv_bytes(self.rows))
        return Arrived()


def test_a_department_that_mends_in_its_own_system_gets_a_list_and_may_explain(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "expectations"
    shutil.copytree(EXPECTATIONS, root)
    card = root / "rural_credit" / "department.yaml"
    pages = {LOANS: {"path": "/loans"}}
    arrives = {"way": "http", "connection": "credit", "datasets": pages}
    text = yaml.safe_load(card.read_text(encoding="utf-8")) | {"arrives": arrives}
    card.write_text(yaml.safe_dump(text, allow_unicode=True), encoding="utf-8")
    load = catalogue._load
    monkeypatch.setattr(catalogue, "_load", lambda _root: load(root))
    wrong = loan(2)
    wrong[1] = bad_digit(wrong[1])
    source = Source([HEADER, loan(1, 8000), wrong])
    office.settings.inbox.mkdir()
    sender = Sender(office, LOANS)

    def take_in() -> None:
        fetch("rural_credit", APRIL, office.settings, office.ledger, source)
        for step in (validate, settle):
            step("rural_credit", APRIL, office.settings, office.ledger)
        sender.answered()

    take_in()
    path = sender.path("错误清单")
    told = sender.receipt()
    assert any("请在系统里改正，下次取数时自动更新" in text for text in told)
    book = openpyxl.load_workbook(path)
    sheet = book["更正"]
    at = next(row for row in range(1, 20) if sheet.cell(row, 1).value == "原表行号")
    header = {str(cell.value): cell.column for cell in sheet[at]}
    assert "处理" not in header  # a row is taken back in the system, too
    sheet.cell(at + 1, header["说明"]).value = "含罚息"
    sheet.cell(at + 2, header["身份证号"]).value = number(serial=2)
    path = office.path(LOANS, path.name)
    path.parent.mkdir(parents=True)
    book.save(path)
    take_in()
    assert sorted(sender.fates().values()) == ["应在业务系统里改", "说明已记下"]
    verdict = office.verdict(LOANS)
    assert verdict.faults == {3: "id_check_digit"}
    assert verdict.delivery is not None
    assert verdict.delivery.open_queries == {}
    # Asked again, the system says the same: what was explained stays explained.
    take_in()
    assert office.verdict(LOANS).delivery.version == verdict.delivery.version  # type: ignore[union-attr]
    # Mended at the source, the next asking brings it.
    source.rows[2] = loan(2)
    take_in()
    verdict = office.verdict(LOANS)
    assert verdict.faults == {}
    assert verdict.delivery is not None
    assert verdict.delivery.open_queries == {}
