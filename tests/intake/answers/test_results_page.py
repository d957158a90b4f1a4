"""The page of validation results: every expectation in Chinese, complete, masked, needing no other file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import lxml.html
import pytest

from poverty_watch.contracts import load_catalogue
from poverty_watch.intake.answers.results_page import page_words, sentence_of
from poverty_watch.intake.checks import KeptCheck
from poverty_watch.intake.suites import load_suite, parameters
from tests.intake.answers.conftest import Clerk, delivery, good
from tests.intake.conftest import APRIL, Office, number

DATASET = "disability_certificates"
HEADER = ["姓名", "残疾人证号", "残疾类别", "残疾等级", "发证日期"]


@pytest.fixture
def ledger_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/home/ledger.sqlite"


def page(clerk: Clerk) -> tuple[str, Any]:
    """The one page as text and as a tree."""
    (path,) = clerk.folder().glob("校验结果_*.html")
    assert path.stat().st_mode & 0o777 == 0o600
    text = path.read_text(encoding="utf-8")
    return text, lxml.html.fromstring(text)


def cells(row: Any) -> list[str]:
    """The texts of a row's cells; of one that holds a table only what stands before it."""
    return ["".join(c.xpath("./text() | ./strong//text() | ./span//text()")).strip() for c in row]


def test_each_expectation_is_told_with_rows_checked_and_failing(clerk: Clerk) -> None:
    clerk.office.deliver(DATASET, delivery())
    clerk.answered()
    text, tree = page(clerk)
    department = load_catalogue().department_of(DATASET)
    suite = load_suite(department.suite_path(DATASET))
    rows = [cells(row) for row in tree.xpath("//table[thead]/tbody/tr[not(ancestor::details)]")]
    assert len(rows) == len(suite.expectations)
    by_rule = {row[1].rstrip("。"): (row[2], row[3], row[4]) for row in rows}
    assert by_rule["“姓名”必须填写"] == ("错误", "72", "2")
    assert by_rule["“残疾人证号”必须是有效的身份证号码"] == ("错误", "72", "7")
    assert by_rule["“发证日期”必须填写，并且能认出是哪一天"] == ("错误", "72", "2")
    assert by_rule["“发证日期”不能晚于2021-04-30"] == ("错误", "70", "1")
    assert by_rule["“残疾等级”只能是：一级、二级、三级、四级"] == ("错误", "72", "2")
    assert by_rule["同一份报送里没有完全相同的两行"][2] == "1"
    assert "整份退回" not in text
    assert "72（接收60，退回12）" in text


def test_it_needs_no_other_file_and_runs_nothing(clerk: Clerk) -> None:
    clerk.office.deliver(DATASET, delivery())
    clerk.answered()
    text, tree = page(clerk)
    assert tree.xpath("//@src | //@href | //@data") == []
    assert "<script" not in text
    assert "http" not in text
    assert "@import" not in text


def test_first_rows_stand_at_their_place_with_masked_cells(clerk: Clerk) -> None:
    rows = [good(1), ["样例乙", f"{number()[:17]}*", "肢体", "二级", "2021-03-06"]]
    name = f"持证残疾人{number()}.xlsx"
    clerk.office.deliver(DATASET, [HEADER, *rows], name=name)
    clerk.answered()
    text, tree = page(clerk)
    first = [cells(row) for row in tree.xpath("//details//tbody/tr")]
    assert [row[1:] for row in first] == [["Sheet1", "3", "530501********001*"]]
    assert not re.search(r"\d{15}", text)


def test_what_a_clerk_has_typed_is_text_and_nothing_else(clerk: Clerk) -> None:
    rows = [good(1), ["<b>样</b>", number(serial=2), "肢体", "<img src=x>", "2021-03-06"]]
    clerk.office.deliver(DATASET, [HEADER, *rows])
    clerk.answered()
    text, _ = page(clerk)
    assert "<img" not in text
    assert "&lt;img src=x&gt;" in text


def test_a_delivery_without_rows_to_check_says_why(clerk: Clerk) -> None:
    clerk.office.deliver(DATASET, [HEADER[:4], ["样例甲", number(), "肢体", "二级"]])
    clerk.answered()
    text, _ = page(clerk)
    assert "没有逐行校验" in text
    assert "缺少列：发证日期" in text


def test_every_expectation_of_every_department_has_a_sentence_of_its_own() -> None:
    words = page_words()
    for department in load_catalogue().departments.values():
        for dataset, contract in department.contracts.items():
            given = parameters(contract, APRIL)
            told = []
            for expectation in load_suite(department.suite_path(dataset)).expectations:
                config = expectation.configuration
                named = [
                    config.kwargs[c]
                    for c in ("column", "column_A", "column_B")
                    if c in config.kwargs
                ]
                limits: dict[str, Any] = {
                    k: given[v["$PARAMETER"]] if isinstance(v, dict) else v
                    for k, v in config.kwargs.items()
                    if not k.startswith("column")
                }
                code = config.meta.get("fault") or config.meta["query"]
                check = KeptCheck(
                    config.type, tuple(named), limits, config.severity.value, code, 1, 0, ()
                )
                told.append(sentence_of(check, contract, words))
            assert len(set(told)) == len(told), dataset
            assert not any("不应出现" in sentence or "None" in sentence for sentence in told), told


def test_an_expectation_that_nobody_has_words_for_goes_by_its_fault(office: Office) -> None:
    contract = load_catalogue().contract(DATASET)
    strange = KeptCheck(
        "expect_column_values_to_match_regex", ("name",), {}, "critical", "name", 1, 0, ()
    )
    assert sentence_of(strange, contract, page_words()) == "“姓名”：不应出现“姓名为空”。"
