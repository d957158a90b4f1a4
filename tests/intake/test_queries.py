"""Queries keep the row: the sender is asked, and asked no more once it is explained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openpyxl
import pyarrow.parquet as pq
import pytest

from poverty_watch.lake.versions import QUERIES, Lake
from poverty_watch.ledger.explanations import explain
from poverty_watch.months import Month
from tests.intake.conftest import APRIL, MARCH, Office, number

LOANS = "microcredit"
HEADER = ["姓名", "身份证号", "借据号", "借款金额", "到期日", "逾期金额", "逾期天数"]
EXPENSES = ["姓名", "身份证号", "总费用", "基本医保支付", "大病保险支付", "医疗救助支付"]
EXPENSES += ["住院自付累计", "门诊当月自付", "截止日期"]


@pytest.fixture
def ledger_url(tmp_path: Path) -> str:
    """What is said here does not depend on the database."""
    return f"sqlite:///{tmp_path}/home/ledger.sqlite"


def loan(serial: int = 1, overdue: int = 0) -> list[Any]:
    return [f"样例{serial}", number(serial=serial), f"J{serial}", 5000, "2022-01-01", overdue, 0]


def asked(office: Office, dataset: str = LOANS, month: Month = APRIL) -> list[dict[str, Any]]:
    """The queries of the version in force."""
    delivery = office.verdict(dataset, month).delivery
    assert delivery is not None
    path = Lake(office.settings.lake).folder(dataset, month, delivery.version or 0) / QUERIES
    return pq.read_table(path).to_pylist() if path.exists() else []


def open_queries(office: Office, dataset: str = LOANS, month: Month = APRIL) -> dict[str, int]:
    delivery = office.verdict(dataset, month).delivery
    assert delivery is not None
    return delivery.open_queries or {}


def answer(office: Office, dataset: str = LOANS, month: Month = APRIL) -> None:
    """Let the sender explain everything that was asked."""
    delivery = office.verdict(dataset, month).delivery
    assert delivery is not None
    given = {
        (q["query"], q["subject"], q["value_hash"]): "已核实" for q in asked(office, dataset, month)
    }
    with office.ledger.transaction() as session:
        assert explain(session, dataset, delivery.id, given) == len(given)


def test_a_doubted_row_is_accepted_and_asked_about(office: Office) -> None:
    verdict = office.deliver(LOANS, [HEADER, loan(1), loan(2, overdue=8000)])
    assert verdict.status == "accepted"
    assert verdict.delivery is not None
    assert (verdict.delivery.accepted_rows, verdict.delivery.rejected_rows) == (2, 0)
    (query,) = asked(office)
    assert (query["source_row"], query["query"]) == (3, "part_over_whole")
    assert query["columns"] == '["amount", "overdue"]'
    assert number(serial=2) not in str(query)
    hashes = {"subject", "value_hash"}  # which hold any four digits now and then
    assert "8000" not in str({name: value for name, value in query.items() if name not in hashes})
    assert open_queries(office) == {"part_over_whole": 1}


def test_an_explanation_holds_for_as_long_as_the_value_stands(office: Office) -> None:
    office.deliver(LOANS, [HEADER, loan(1), loan(2, overdue=8000)], month=MARCH)
    answer(office, month=MARCH)
    office.deliver(LOANS, [HEADER, loan(1), loan(2, overdue=8000)])
    assert open_queries(office) == {}
    (query,) = asked(office)
    assert query["explanation"] == "已核实"
    office.deliver(LOANS, [HEADER, loan(1), loan(2, overdue=8001)], name="小额信贷更正.xlsx")
    assert open_queries(office) == {"part_over_whole": 1}


def test_an_explanation_of_one_person_does_not_hold_for_another(office: Office) -> None:
    office.deliver(LOANS, [HEADER, loan(2, overdue=8000)], month=MARCH)
    answer(office, month=MARCH)
    office.deliver(LOANS, [HEADER, loan(3, overdue=8000)])
    assert open_queries(office) == {"part_over_whole": 1}


def expenses(serial: int, gap: int = 0) -> list[Any]:
    return [f"样例{serial}", number(serial=serial), 100, 50, 0, 0, 50 - gap, 0, "2021-04-30"]


def test_explained_rows_no_longer_put_the_whole_delivery_in_question(office: Office) -> None:
    rows = [EXPENSES, expenses(1), expenses(2, gap=1)]
    assert office.deliver("medical_expenses", rows).status == "accepted_with_warnings"
    answer(office, "medical_expenses")
    again = office.deliver("medical_expenses", [*rows, expenses(3)], name="医疗费用重报.xlsx")
    assert again.status == "accepted"
    assert again.delivery is not None
    assert again.delivery.messages == []


def test_single_rows_are_asked_about_where_the_whole_is_not_in_question(office: Office) -> None:
    rows = [EXPENSES, *(expenses(serial) for serial in range(1, 200)), expenses(200, gap=1)]
    assert office.deliver("medical_expenses", rows).status == "accepted"
    (query,) = asked(office, "medical_expenses")
    assert (query["source_row"], query["query"]) == (201, "sum")


def test_a_hidden_row_and_a_name_of_another_month_are_asked_about_once(office: Office) -> None:
    def send(month: Month, name: str) -> list[str]:
        book = openpyxl.Workbook()
        sheet = book.active
        for row in (HEADER, loan(1), loan(2)):
            sheet.append(row)
        sheet.row_dimensions[3].hidden = True
        path = office.path(LOANS, name, month)
        path.parent.mkdir(parents=True)
        book.save(path)
        return office.take_in(LOANS, month).messages

    told = send(MARCH, "小额信贷2021-04.xlsx")
    assert any("1行（第3行）是隐藏的" in message for message in told)
    assert any("名称写的是2021年4月" in message for message in told)
    assert open_queries(office, month=MARCH) == {"hidden": 1, "month_in_name": 1}
    answer(office, month=MARCH)
    # The files of the next month have other names, and the same habits.
    assert send(APRIL, "小额信贷2021-05.xlsx") == []
    assert open_queries(office) == {}
