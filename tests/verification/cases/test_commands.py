"""The office's verbs: what they say."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from poverty_watch.cli import app
from poverty_watch.contracts import load_catalogue
from poverty_watch.ledger.models import Measure
from tests.verification.cases.conftest import Command, Office, household

HERE_AS = ["--role", "乡镇", "--place", "甸阳镇", "--by", "镇一"]
COUNTY_AS = ["--role", "县专班", "--by", "县一"]


@pytest.fixture
def ledger_url(tmp_path: Path) -> str:
    """What verbs say is the same from both databases."""
    return f"sqlite:///{tmp_path}/home/ledger.sqlite"


def test_a_case_is_worked_on_from_the_shell(office: Office, command: Command) -> None:
    office.compute(household(head_name="样例甲"))
    case_id = office.visit(office.task()).case_id
    code, told = command("case", "list", *HERE_AS)
    assert (code, "信息比对" in told, "超期15天" in told) == (0, True, False)
    assert "共1件，超期1件" in told
    code, told = command("case", "show", str(case_id), *HERE_AS)
    assert "户主：样例甲" in told
    assert "核实人：入户一、入户二" in told
    assert "比对无异议（要填：资产说明；要交：承诺授权书、信息比对结果）" in told
    code, told = command("case", "decide", str(case_id), "比对无异议", *COUNTY_AS)
    assert code == 2
    assert "缺材料“承诺授权书”。缺材料“信息比对结果”。" in told
    paper = str(office.paper())
    code, told = command(
        "case", "decide", str(case_id), "比对无异议", *COUNTY_AS, "--on", "2021-05-12",
        "--paper", f"承诺授权书={paper}", "--paper", f"信息比对结果={paper}",
    )  # fmt: skip
    assert (code, "下一步“村级评议”，期限2021-05-17" in told) == (0, True)


def test_a_household_reports_itself(office: Office, command: Command) -> None:
    office.compute(household())
    code, told = command("case", "open", "R:1", "--risks", "因病", *HERE_AS)
    assert (code, "已立第1号案件“识别认定”" in told) == (0, True)
    code, told = command("case", "open", "R:1", *HERE_AS)
    assert (code, "还没有办结" in told) == (2, True)
    code, told = command("case", "open", "R:9", *HERE_AS)
    assert (code, "请核对户编号" in told) == (2, True)
    code, told = command("case", "open", "R:1", "--origin", "部门推送", *HERE_AS)
    assert (code, "由预警派任务" in told) == (2, True)


def test_help_is_planned_carried_out_and_listed(office: Office, command: Command) -> None:
    office.compute(household())
    case_id = office.visit(office.task()).case_id
    plan = ["measure", "plan", "R:1", "因病", "社会帮扶", "卫健局", *COUNTY_AS]
    code, told = command(*plan)
    assert (code, "还没有认定" in told) == (2, True)
    office.to_county(case_id)
    given = {"监测对象类别": "脱贫不稳定户"}
    from tests.verification.cases.conftest import COUNTY_2

    office.decide(case_id, "approved", COUNTY_2, "2021-05-26", given, ["approval"])
    assert command(*plan)[0] == 0
    code, told = command("measure", "list", "--role", "部门", "--place", "卫健局", "--by", "卫健一")
    assert "共2项" in told
    with office.ledger.transaction() as session:
        number = str(session.query(Measure).filter_by(kind="社会帮扶").one().id)
    as_health = ["--role", "部门", "--place", "卫健局", "--by", "卫健一"]
    assert command("measure", "done", number, "--result", "已办理", *as_health)[0] == 0
    code, told = command("measure", "list", "--household", "R:1", *COUNTY_AS)
    assert "已落实" in told
    assert command("measure", "list", "--waiting", *COUNTY_AS)[0] == 0
    code, told = command("measure", "cancel", "1", "--reason", "重复", "--by", "县一")
    assert (code, "已取消" in told) == (0, True)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--role", "镇长", "--by", "甲"], "没有“镇长”这种身份"),
        (["--role", "乡镇", "--by", "甲"], "哪个乡镇"),
        (["--role", "部门", "--place", "气象局", "--by", "甲"], "没有“气象局”这个部门"),
        (["--role", "system", "--by", "甲"], "不能以系统身份"),
    ],
)
def test_who_acts_must_be_somebody(
    office: Office, command: Command, words: list[str], says: str
) -> None:
    office.compute(household())
    code, told = command("case", "list", *words)
    assert code == 2
    assert says in told


def test_who_only_looks_sees_no_full_name(office: Office, command: Command) -> None:
    office.compute(household(head_name="样例秘户"))
    office.visit(office.task())
    _, told = command("case", "show", "1", "--role", "查看人员", "--by", "看")
    assert "样例秘户" not in told
    assert "样***" in told
    assert "因病" not in told.split("1. ")[1], "what was found at the door is not theirs to read"


def test_departments_are_named_in_chinese(office: Office, command: Command) -> None:
    office.compute(household())
    titles = {one.title for one in load_catalogue().departments.values()}
    assert "卫健局" in titles
    assert command("measure", "list", "--role", "部门", "--place", "卫健局", "--by", "甲")[0] == 0


def test_nothing_is_made_where_there_is_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POVERTY_WATCH_HOME", str(tmp_path / "empty"))
    assert CliRunner().invoke(app, ["case", "list"]).exit_code == 2
    assert not (tmp_path / "empty").exists()
