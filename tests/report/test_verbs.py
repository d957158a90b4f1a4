"""The verbs about reports, as a technician types them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from openpyxl import load_workbook
from typer.testing import CliRunner, Result

from poverty_watch.cli import app
from tests.report.conftest import ScreenedMonth

Verb = Callable[..., Result]


@pytest.fixture
def verb(signed: ScreenedMonth, monkeypatch: pytest.MonkeyPatch) -> Verb:
    monkeypatch.setenv("POVERTY_WATCH_HOME", str(signed.settings.home))
    monkeypatch.delenv("POVERTY_WATCH_LEDGER_URL", raising=False)
    monkeypatch.setenv("COLUMNS", "200")

    def call(*words: str) -> Result:
        return CliRunner().invoke(app, list(words))

    return call


def test_versions_are_listed_and_shown(verb: Verb) -> None:
    listed = verb("report", "list", "2021-04")
    assert listed.exit_code == 0
    assert "第2版" in listed.output
    assert "示例签发人" in listed.output
    shown = verb("report", "show", "2021-04")
    assert "2021年4月月报表第2版（已签发）" in shown.output
    assert "第2版已签发，本月锁定" in shown.output
    assert "2021-04" in verb("report", "list").output


def test_a_figure_is_traced_to_its_households(verb: Verb) -> None:
    traced = verb("trace", "2021-04", "表一!C5")
    assert "各类合计·甸阳镇·期初未消除户：2" in traced.output
    assert "R:1" in traced.output
    assert "R:2" in traced.output
    wrong = verb("trace", "2021-04", "表九!C5")
    assert (wrong.exit_code, "没有工作表“表九”" in wrong.output) == (2, True)


def test_a_changed_digit_is_told_and_the_exit_code_says_so(
    verb: Verb, signed: ScreenedMonth
) -> None:
    assert verb("verify-report", "--month", "2021-04").exit_code == 0
    path = next(signed.settings.outbox.rglob("月报表*第2版*"))
    book = load_workbook(path)
    book["表一（一）存量与增减"]["C5"].value = 9
    book.save(path)
    told = verb("verify-report", str(path))
    assert told.exit_code == 1
    assert "与发布的文件不一致" in told.output
    assert "表一（一）存量与增减!C5" in told.output
    assert verb("verify-report").exit_code == 2


def test_two_people_unlock_a_month(verb: Verb) -> None:
    assert verb("report", "unlock", "2021-04", "--by", "示例甲").exit_code == 2
    asked = verb("report", "unlock", "2021-04", "--by", "示例甲", "--reason", "民政局重报")
    assert "请另一人确认" in asked.output
    alone = verb("report", "unlock", "2021-04", "--by", "示例甲", "--confirm")
    assert (alone.exit_code, "请另一人确认" in alone.output) == (2, True)
    assert "已解锁" in verb("report", "unlock", "2021-04", "--by", "示例乙", "--confirm").output
    assert "示例甲申请，示例乙确认，原因：民政局重报" in verb("report", "show", "2021-04").output


def test_equal_versions_are_said_to_be_equal(verb: Verb) -> None:
    assert "的数完全相同" in verb("report", "diff", "2021-04", "1", "2").output
    assert "第7版没有存档" in verb("report", "diff", "2021-04", "1", "7").output
