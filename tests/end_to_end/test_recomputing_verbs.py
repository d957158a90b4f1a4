"""The verbs of recomputed months, without a scheduler."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from poverty_watch.cli import app
from poverty_watch.cli.backfill import Wish
from poverty_watch.identity import Keyring
from poverty_watch.ledger import recomputations as book
from poverty_watch.ledger.store import open_ledger
from poverty_watch.months import COUNTY_ZONE, Month
from poverty_watch.settings import Settings


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("POVERTY_WATCH_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("POVERTY_WATCH_LEDGER_URL", raising=False)
    settings = Settings.from_environment()
    Keyring.open(settings.keys)
    return settings


def test_every_run_of_a_backfill_knows_who_why_and_which_batch() -> None:
    wish = Wish(Month(2021, 2), Month(2021, 4), "then", "民政局更正", "样本数据员")
    assert [str(month) for month in wish.months] == ["2021-02", "2021-03", "2021-04"]
    assert wish.conf(datetime(2021, 6, 1, 8, 30)) == {
        "batch": "2021-02_2021-04_20210601T083000",
        "known": "then",
        "reason": "民政局更正",
        "by": "样本数据员",
    }


def test_the_book_is_shown_and_reviewed(place: Settings) -> None:
    nothing = CliRunner().invoke(app, ["recomputations"])
    assert "还没有台账" in nothing.output
    open_ledger(place)
    assert "还没有补算过" in CliRunner().invoke(app, ["recomputations"]).output
    with open_ledger(place).transaction() as session:
        for month in (Month(2021, 3), Month(2021, 4)):
            request = book.Request("一批", str(month), "now", "民政局更正", "样本数据员")
            book.begin(session, month, request)
            book.fail(session, month, str(month), "没有可以补算的报送")
    shown = CliRunner().invoke(app, ["recomputations"]).output
    assert "一批　按现在所知　经手人：样本数据员　理由：民政局更正　待复核" in shown
    assert "2021-03　未完成　没有可以补算的报送" in shown
    own = CliRunner().invoke(app, ["recomputations", "--review", "一批", "--by", "样本数据员"])
    assert own.exit_code == 2
    other = CliRunner().invoke(app, ["recomputations", "--review", "一批", "--by", "样本复核人"])
    assert "2个月" in other.output
    assert "样本复核人复核" in CliRunner().invoke(app, ["recomputations"]).output


def test_knowledge_is_now_or_then(place: Settings) -> None:
    wrong = CliRunner().invoke(
        app, ["backfill", "--from", "2021-02", "--to", "2021-03", "--known", "later"]
    )
    assert wrong.exit_code == 2


def test_a_month_that_is_not_over_is_not_waited_for(place: Settings) -> None:
    place.inbox.mkdir(parents=True)
    this_month = str(Month.of(datetime.now(COUNTY_ZONE).date()))
    asked = CliRunner().invoke(app, ["backfill", "--from", this_month, "--to", this_month])
    assert asked.exit_code == 2
    assert "还没有过完" in asked.output


class _Airflow:
    """Runs of a backfill as the page tells them, one look after another."""

    def __init__(self, *looks: list[dict[str, Any]]) -> None:
        self._looks = list(looks)

    def get(self, path: str) -> Any:
        if "taskInstances" in path:
            return {"task_instances": [{"task_id": "health.validate"}] if "bad" in path else []}
        return {"dag_runs": self._looks.pop(0) if len(self._looks) > 1 else self._looks[0]}


def _run(month: str, state: str, batch: str = "一批", name: str = "") -> dict[str, Any]:
    return {
        "dag_run_id": name or month,
        "partition_key": month,
        "state": state,
        "conf": {"batch": batch},
    }


def test_progress_tells_each_month_and_what_was_left_out(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from poverty_watch.cli import backfill

    monkeypatch.setattr(backfill, "_LOOK_EVERY", 0)
    others = _run("2021-01", "running", "别的一批")
    months = list(Month(2021, 2).through(Month(2021, 4)))
    airflow: Any = _Airflow(
        [_run("2021-02", "running"), _run("2021-03", "queued"), others],
        [_run("2021-02", "success"), _run("2021-03", "running", name="bad"), others],
        [_run("2021-02", "success"), _run("2021-03", "failed", name="bad"), others],
    )
    assert backfill._follow(airflow, "一批", months) == 1
    told = capsys.readouterr()
    assert "2021-02：完成（1/3个月" in told.out
    assert "2021-03：失败（2/3个月" in told.out
    assert "卫健局校验" in told.err
    assert "2021-04：没有补算" in told.err
    assert "2021-01" not in told.out + told.err


class _Backfills:
    """An Airflow that has not noted the end of a backfill at the first looks."""

    def __init__(self, looks: int, waiting: list[dict[str, Any]]) -> None:
        self.looks = looks
        self._waiting = waiting

    def get(self, path: str) -> Any:
        if path.startswith("/backfills"):
            self.looks -= 1
            return {"backfills": [{"completed_at": None if self.looks > 0 else "2021-06-01"}]}
        return {"dag_runs": self._waiting}


def test_the_end_of_the_backfill_before_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    from poverty_watch.cli import backfill

    monkeypatch.setattr(backfill, "_LOOK_EVERY", 0)
    airflow: Any = _Backfills(3, [])
    backfill._wait_for_earlier(airflow)
    assert airflow.looks == 0


def test_a_backfill_on_its_way_is_named_and_not_disturbed() -> None:
    from poverty_watch.cli import backfill
    from poverty_watch.cli.console import CommandError

    airflow: Any = _Backfills(9, [_run("2021-03", "queued"), _run("2021-02", "running")])
    with pytest.raises(CommandError, match="2021-02、2021-03"):
        backfill._wait_for_earlier(airflow)
