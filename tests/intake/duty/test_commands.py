"""The verbs about deliveries, as a person at the terminal meets them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len
from typer.testing import CliRunner, Result

from poverty_watch.cli import app
from tests.intake.conftest import APRIL, MARCH, Office, number, save_workbook

HEADER = ["姓名", "身份证号", "单位名称", "人员身份"]


def people(*serials: int) -> list[list[Any]]:
    return [HEADER, *(["样例甲", number(serial=n), "样例单位", "事业"] for n in serials)]


@pytest.fixture
def run(office: Office, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run a verb on the office's home, on the 8th of May."""
    monkeypatch.setenv("POVERTY_WATCH_HOME", str(office.settings.home))
    monkeypatch.setenv("POVERTY_WATCH_LEDGER_URL", office.settings.ledger_url)
    monkeypatch.setenv("POVERTY_WATCH_TODAY", "2021-05-08")
    monkeypatch.setenv("COLUMNS", "80")

    def invoke(*words: str) -> Result:
        return CliRunner().invoke(app, list(words))

    return invoke


def stop(office: Office) -> None:
    office.deliver("payroll", people(1, 2), month=MARCH)
    office.deliver("payroll", people(*range(1, 10)))


def test_the_register_fits_80_columns_and_tells_messages_in_full(run: Any, office: Office) -> None:
    stop(office)
    office.deliver("medical_expenses", [["姓名"], ["样例甲"]])
    result = run("duty", "2021-04")
    assert result.exit_code == 0
    table, below = result.output.split("应报26项：")
    assert max(cell_len(line) for line in table.splitlines()) <= 80
    assert len(table.splitlines()) == 2 + 26
    assert "整份退回 逾期3天" in " ".join(table.split())
    (fate,) = office.verdict("medical_expenses").messages
    assert fate in below
    assert "poverty-watch accept 2021-04 财政供养 --delivery" in below


def test_the_rows_of_a_re_submission_are_masked(run: Any, office: Office) -> None:
    office.deliver("payroll", people(1, 2))
    office.deliver("payroll", people(1, 3), name="财政供养更正.xlsx")
    result = run("duty", "2021-04", "--rows")
    gone = number(serial=2)
    assert (
        f"减少 {gone[:6]}********{gone[-4:]}（财政供养2021-04.xlsx Sheet1 第3行）" in result.output
    )
    assert gone not in result.output


def test_accepting_and_accepting_again(run: Any, office: Office) -> None:
    stop(office)
    words = ("accept", "2021-04", "财政供养", "--reason", "机构改革", "--by", "样例主任")
    first = run(*words)
    assert (first.exit_code, "第1版，已接收，接收9行" in first.output) == (0, True)
    again = run(*words)
    assert (again.exit_code, "没有改动" in again.output) == (0, True)
    assert office.verdict("payroll", APRIL).status == "accepted"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("2021-4", "财政供养", "--reason", "由", "--by", "某"), "不是月份"),
        (("2021-04", "财政供养", "--reason", " ", "--by", "某"), "理由不能为空"),
        (("2021-04", "财政", "--reason", "由", "--by", "某"), "没有名为“财政”的数据"),
        (("2021-05", "财政供养", "--reason", "由", "--by", "某"), "没有收到报送"),
    ],
)
def test_a_wrong_acceptance_is_refused_in_plain_words(
    run: Any, office: Office, words: tuple[str, ...], said: str
) -> None:
    stop(office)
    result = run("accept", *words)
    assert result.exit_code == 2
    assert said in result.output


def test_check_says_what_is_wrong_and_how_to_mend_it(run: Any, tmp_path: Path) -> None:
    good = save_workbook(tmp_path / "财政供养2021年4月.xlsx", {"表一": people(1, 2)})
    bad = [*people(1), ["样例乙", "1", "样例单位", "事业"]]
    faulty = save_workbook(tmp_path / "faulty" / "财政供养2021年4月.xlsx", {"表一": bad})
    unknown = save_workbook(tmp_path / "花名册.xlsx", {"表一": people(1)})
    assert run("check", str(good)).exit_code == 0
    result = run("check", str(faulty), "--month", "2021-04", "--department", "财政局")
    assert result.exit_code == 1
    assert "识别为：财政局“财政供养”，2021年4月" in result.output
    assert "工作表“表一”第3行 “身份证号”：*" in result.output
    assert "请核对后重报这一行" in result.output
    assert run("check", str(good), str(faulty), str(unknown)).exit_code == 2


def test_the_score_has_a_line_for_every_department_and_month(run: Any, office: Office) -> None:
    office.deliver("payroll", people(1, 2))
    result = run("score", "--from", "2021-03", "--to", "2021-04")
    assert result.exit_code == 0
    lines = [line.split() for line in result.output.splitlines()]
    assert len([line for line in lines if "2021-04" in line]) == 17
    assert max(map(cell_len, result.output.splitlines())) <= 80
    assert run("score", "--from", "2021-04", "--to", "2021-03").exit_code == 2
