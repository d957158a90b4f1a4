"""The verbs about leads and findings, as a person at the terminal meets them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from rich.cells import cell_len
from typer.testing import CliRunner, Result

from poverty_watch.cli import app
from poverty_watch.ledger.store import open_ledger
from poverty_watch.months import Month
from poverty_watch.screening import raise_leads, settle_findings
from poverty_watch.settings import Settings
from tests.screening.computed import APRIL, Computed, did_not_run, finding, hit, household, ran

Run = Callable[..., Result]


@pytest.fixture
def computed(tmp_path_factory: pytest.TempPathFactory) -> Computed:
    """On SQLite alone: what the verbs call is tested on both databases."""
    home = tmp_path_factory.mktemp("home")
    settings = Settings(home, home / "inbox", f"sqlite:///{home}/ledger.sqlite")
    return Computed(settings, open_ledger(settings))


@pytest.fixture
def run(computed: Computed, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("POVERTY_WATCH_HOME", str(computed.settings.home))
    monkeypatch.setenv("POVERTY_WATCH_LEDGER_URL", computed.settings.ledger_url)
    monkeypatch.setenv("POVERTY_WATCH_TODAY", "2021-05-08")
    monkeypatch.setenv("COLUMNS", "80")
    return lambda *words: CliRunner().invoke(app, list(words))


def test_a_waiver_from_the_terminal_and_its_end(run: Run, computed: Computed) -> None:
    computed.put(hits=[hit()])
    given = ["--until", "2021-09-30", "--reason", "样例理由", "--by", "样例办公室"]
    made = run("waive", "R:1", "W01", "--from", "2021-04-30", *given)
    assert made.exit_code == 0, made.output
    assert "适用2021年4月至2021年9月的数据" in made.output
    raise_leads(APRIL, computed.settings, computed.ledger)
    assert computed.fates() == {("R:1", "W01"): "c"}
    assert "1　R:1 W01　2021-04-30 至 2021-09-30　样例办公室：样例理由" in run("waivers").output

    ended = run("unwaive", "1", "--reason", "情况变化", "--by", "样例办公室")
    assert "自2021-05-08起" in ended.output
    assert "2021-05-08 撤销（样例办公室：情况变化）" in run("waivers").output
    again = run("unwaive", "1", "--reason", "情况变化", "--by", "样例办公室")
    assert (again.exit_code, "已经结束" in again.output) == (2, True)


@pytest.mark.parametrize(
    ("household_id", "rule", "until", "told"),
    [
        ("1", "W01", "2021-09-30", "户要写成 R:户编号 或 H:户号"),
        ("R:9", "W01", "2021-09-30", "2021年4月没有 R:9 这一户"),
        ("R:1", "W99", "2021-09-30", "没有 W99 这条规则"),
        ("R:1", "W01", "2021-05-07", "截止日期早于起始日期"),
    ],
)
def test_a_waiver_that_cannot_be_says_why(
    run: Run, computed: Computed, household_id: str, rule: str, until: str, told: str
) -> None:
    computed.put(hits=[hit()])
    result = run(
        "waive", household_id, rule, "--until", until, "--reason", "样例", "--by", "样例办公室"
    )
    assert result.exit_code == 2
    assert told in result.output


def test_a_waiver_without_a_month_end_says_so(run: Run, computed: Computed) -> None:
    computed.put(hits=[hit()])
    result = run("waive", "R:1", "W01", "--until", "2021-05-30", "--reason", "样例", "--by", "样例")
    assert "对哪个月都不适用" in result.output


def test_findings_are_told_and_settled(run: Run, computed: Computed) -> None:
    computed.put(
        month=APRIL,
        findings=[
            finding("R:1", sentence="样例甲家登记享受低保，低保名单中没有。"),
            finding("7", "C03", "BACK", dataset="vehicles", subject="person", household_id="R:2"),
        ],
        households=[household("R:2", township="由旺镇")],
        checks=[
            ran("C03", "deaths", title="姓名不一致"),
            did_not_run("C04", "public_posts") | {"title": "死亡后仍享受"},
            ran("C09", title="低保信息不一致"),
        ],
    )
    settle_findings(APRIL, computed.settings, computed.ledger, date(2021, 4, 6))

    result = run("findings", "2021-04")
    assert max(cell_len(line) for line in result.output.splitlines()) <= 80
    lines = [" ".join(line.split()) for line in result.output.splitlines()]
    assert "C03 姓名不一致 退回部门核改 1 0 1 缺死亡注销" in lines
    assert "C04 死亡后仍享受 未运行，缺公益岗" in lines
    assert "C09 低保信息不一致 乡镇更正 1 0 1" in lines
    assert "各单位承办、未整改的2条，其中超过办理期限2条。" in lines

    rows = run("findings", "2021-04", "--owner", "甸阳镇", "--rows").output
    assert "甸阳镇承办、未整改的1条" in rows
    (code,) = (word for word in rows.split() if word.startswith("C09-"))
    assert "甸阳镇 大寨村" in rows
    assert "样例甲家登记享受低保" in rows

    done = run("settle", code, "--reason", "已核对无误", "--by", "样例办公室")
    assert "已办结1条，计入2021年5月的已整改" in done.output
    assert run("settle", code, "--reason", "再来", "--by", "样例办公室").exit_code == 2
    assert "不是比对问题的编号" in run("settle", "C09", "--reason", "x", "--by", "y").output
    computed.put(month=Month(2021, 5), findings=[], checks=[])
    assert "未整改的1条" in run("findings", "2021-05").output


def test_a_month_that_was_not_compared_has_no_findings_to_tell(
    run: Run, computed: Computed
) -> None:
    assert "2021年4月还没有运行比对" in run("findings", "2021-04").output


def test_the_status_tells_of_findings_and_of_tasks_that_lost_their_reasons(
    run: Run, computed: Computed
) -> None:
    computed.task(W01={"gone_in": "2021-04"})
    computed.task("R:2", W01={})
    computed.put(findings=[finding()], checks=[ran()])
    settle_findings(APRIL, computed.settings, computed.ledger)
    told = run("status", "2021-04").output
    assert "各月在办任务中有1件，预警原因在最新数据中已不再出现" in told
    assert "比对问题：新发现1条，已整改0条，未整改1条" in told
