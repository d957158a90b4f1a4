"""The verbs about verification tasks, as the office types them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from poverty_watch.cli import app
from poverty_watch.ledger.models import Task
from poverty_watch.verification.dunning import climb
from tests.verification.cases.conftest import household
from tests.verification.returns.conftest import Desktop, Sheet
from tests.verification.test_dunning import CALENDAR

Command = Callable[..., tuple[int, str]]
HERE_AS = ["--role", "乡镇", "--place", "甸阳镇", "--by", "镇一"]
THERE_AS = ["--role", "乡镇", "--place", "由旺镇", "--by", "镇三"]
BY = ["--by", "县一"]


@pytest.fixture
def ledger_url(tmp_path: Path) -> str:
    """What verbs say is the same from both databases."""
    return f"sqlite:///{tmp_path}/home/ledger.sqlite"


@pytest.fixture
def desktop(settings: object, ledger: object, keys: object) -> Desktop:
    return Desktop(settings, ledger, keys)  # type: ignore[arg-type]


@pytest.fixture
def paths(desktop: Desktop) -> list[Path]:
    """Three households here, in two villages, and one there; due on 13 May."""
    places = [("R:1", "甸阳镇", "上村"), ("R:2", "甸阳镇", "下村"), ("R:3", "甸阳镇", "下村")]
    return desktop.send_out(
        [household(h, township=t, village=v) for h, t, v in [*places, ("R:4", "由旺镇", "样例村")]],
        "W01",
        "W05",
    )


@pytest.fixture
def command(desktop: Desktop, paths: list[Path], monkeypatch: pytest.MonkeyPatch) -> Command:
    monkeypatch.setenv("POVERTY_WATCH_HOME", str(desktop.settings.home))
    monkeypatch.setenv("POVERTY_WATCH_LEDGER_URL", desktop.settings.ledger_url)
    monkeypatch.setenv("POVERTY_WATCH_TODAY", "2021-05-20")
    monkeypatch.setenv("COLUMNS", "160")

    def run(*words: str) -> tuple[int, str]:
        done = CliRunner().invoke(app, ["task", *words])
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done.exit_code, done.output

    return run


def number_of(desktop: Desktop, household_id: str) -> str:
    with desktop.ledger.transaction() as session:
        return str(session.scalars(select(Task.id).where(Task.household_id == household_id)).one())


def test_tasks_are_listed_for_whom_they_concern(desktop: Desktop, command: Command) -> None:
    code, told = command("list")
    assert (code, "共4件" in told, "R:1　W01、W05" in told) == (0, True, True)
    assert told.count("超期") == 4
    assert "共3件" in command("list", *HERE_AS)[1]
    assert "共0件" in command("list", "--month", "2021-05")[1]
    command(
        "decide",
        number_of(desktop, "R:1"),
        "--outcome",
        "查无此户",
        *BY,
        "--given",
        "核实人=甲、乙",
    )
    assert "R:1" not in command("list", "--overdue")[1]
    assert "查无此户" in command("list", "--all")[1]
    assert command("list", "--month", "五月")[0] == 2


def test_a_task_shows_reasons_reminders_and_what_came_back(
    desktop: Desktop, command: Command, paths: list[Path]
) -> None:
    climb(desktop.ledger, date(2021, 5, 14), CALENDAR)
    here = next(path for path in paths if "甸阳镇" in path.name)
    sheet = Sheet(here)
    sheet.fill_all()
    assert command("import", "2021-04", str(sheet.save()))[0] == 0
    code, told = command("show", number_of(desktop, "R:2"))
    assert code == 0
    for expected in ("样例原因W05", "提醒村", "催办乡镇", "核实结果：属实", "备注：到过2", "见第"):
        assert expected in told
    code, told = command("show", "99")
    assert (code, "没有编号为99的核实任务" in told) == (2, True)


def test_reassigning_names_an_outcome_for_each(
    desktop: Desktop, command: Command, tmp_path: Path
) -> None:
    one, two = number_of(desktop, "R:1"), number_of(desktop, "R:2")
    code, told = command("assign", one, "99", "--village", "新村", "--reason", "并村", *BY)
    assert (code, f"第{one}号：已改派" in told, "共2件，未办1件" in told) == (1, True, True)
    listed = tmp_path / "名单.csv"
    listed.write_text(f"任务,乡镇,村\n{one},,老村\n{two},由旺镇,\n", encoding="gb18030")
    code, told = command("assign", "--file", str(listed), "--reason", "并村", *BY)
    assert (code, "UTF-8" in told) == (2, True)
    listed.write_text(f"任务,乡镇,村\n{one},,老村\n{two},由旺镇,\n", encoding="utf-8-sig")
    assert command("assign", "--file", str(listed), "--reason", "并村", *BY)[0] == 0
    result = tmp_path / "名单_结果.csv"
    assert result.read_text("utf-8-sig") == f"任务,结果\n{one},已改派\n{two},已改派\n"
    assert "老村" in command("show", one)[1]
    assert "R:2" in command("list", *THERE_AS)[1]
    listed.write_text("任务,乡镇,村\n甲,,老村\n", encoding="utf-8")
    code, told = command("assign", "--file", str(listed), "--reason", "并村", *BY)
    assert (code, "第2行的“任务”不是编号" in told) == (2, True)
    assert command("assign", "--reason", "并村", *BY)[0] == 2


def test_an_outcome_is_registered_by_hand(
    desktop: Desktop, command: Command, tmp_path: Path
) -> None:
    one = number_of(desktop, "R:1")
    given = ["--given", "核实人=甲、乙", "--given", "致贫返贫风险=因病", "--on", "2021-05-12"]
    code, told = command("decide", one, "--outcome", "属实", *given, *BY)
    assert (code, "入户信息采集表" in told) == (2, True)
    paper = tmp_path / "采集表.pdf"
    paper.write_text("样例", encoding="utf-8")
    code, told = command("decide", one, "--outcome", "属实", *given, *BY, "--file", str(paper))
    assert (code, f"第{one}号任务已登记为“属实”" in told) == (0, True)
    code, told = command("decide", one, "--outcome", "不属实", *given, *BY)
    assert (code, "没有重复登记" in told) == (2, True)
    two = number_of(desktop, "R:2")
    assert command("decide", two, "--outcome", "大概", *given, *BY)[0] == 2
    assert command("decide", two, "--outcome", "属实", "--given", "没有等号", *BY)[0] == 2
    assert desktop.outcomes()["R:2"] is None


def test_a_workbook_is_taken_in_once_and_a_bad_one_is_told(
    desktop: Desktop, command: Command, paths: list[Path], tmp_path: Path
) -> None:
    there = next(path for path in paths if "由旺镇" in path.name)
    sheet = Sheet(there)
    sheet.fill_all()
    good, bad = sheet.save(), tmp_path / "别的.xlsx"
    bad.write_text("不是工作簿", encoding="utf-8")
    code, told = command("import", "2021-04", str(bad), str(good), str(tmp_path / "没有.xlsx"))
    assert code == 1
    assert "不是 Excel 工作簿" in told
    assert "没有文件" in told
    assert "已登记1行" in told
    assert "答复：" in told
    code, told = command("import", "2021-04", str(good))
    assert (code, "没有重复登记" in told) == (0, True)


def test_only_the_office_writes_sheets_and_a_township_takes_in_its_own(
    desktop: Desktop, command: Command, paths: list[Path]
) -> None:
    code, told = command("export", "2021-04", *HERE_AS)
    assert (code, "由县专班生成下发" in told) == (2, True)
    there = next(path for path in paths if "由旺镇" in path.name)
    sheet = Sheet(there)
    sheet.fill_all()
    code, told = command("import", "2021-04", str(sheet.save()), *HERE_AS)
    assert (code, "不能登记1行" in told) == (0, True)
    code, _ = command("import", "2021-04", str(sheet.save()), "--township", "由旺镇", *HERE_AS)
    assert code == 2
    assert desktop.outcomes()["R:4"] is None


def test_sheets_per_village_hold_their_own_rows_and_come_back(
    desktop: Desktop, command: Command
) -> None:
    code, told = command("export", "2021-04", "--villages")
    folder = desktop.settings.outbox / "2021-04" / "核实任务"
    assert (code, "核实任务表5份，其中新写3份" in told) == (0, True)
    names = sorted(path.name for path in (folder / "甸阳镇").glob("*.xlsx"))
    assert names == ["核实任务_甸阳镇_上村_2021年4月.xlsx", "核实任务_甸阳镇_下村_2021年4月.xlsx"]
    sheet = Sheet(folder / "甸阳镇" / names[1])
    assert set(sheet.rows()) == {"2", "3"}
    assert "甸阳镇下村" in str(sheet.sheet.cell(1, 1).value)
    sheet.fill_all("不属实")
    assert desktop.take(sheet.save(), "甸阳镇").counts == {"taken": 2}
    whole = Sheet(folder / "核实任务_甸阳镇_2021年4月.xlsx")
    whole.fill_all("不属实")
    assert desktop.take(whole.save("整镇.xlsx"), "甸阳镇").counts == {"taken": 1, "same": 2}
    desktop.holds()
