from __future__ import annotations

import logging
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select

from poverty_watch.ledger.models import DatasetMonth
from poverty_watch.ledger.store import open_ledger
from poverty_watch.settings import Settings
from tests.intake.conftest import APRIL, MARCH, Office, number

NUMBER = "530501199001010014"


class Run:
    """Calls steps as Airflow would."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
        self._monkeypatch = monkeypatch
        monkeypatch.setenv("POVERTY_WATCH_HOME", str(home))
        monkeypatch.setenv("POVERTY_WATCH_INBOX", str(home / "inbox"))
        monkeypatch.delenv("POVERTY_WATCH_LEDGER_URL", raising=False)

    def __call__(self, step: Any, *given: Any, run_type: str = "manual", **conf: Any) -> Any:
        run = SimpleNamespace(partition_key="2021-04", conf=conf, run_type=run_type)
        context = {"dag_run": run, "ti": SimpleNamespace(task_id="a_task")}
        self._monkeypatch.setattr("airflow.sdk.get_current_context", lambda: context)
        return step(*given)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    return Run(monkeypatch, tmp_path)


def test_waiting_ends_with_the_fifth_of_the_following_month(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from county_run import steps

    (tmp_path / "inbox" / "2021-04").mkdir(parents=True)
    monkeypatch.setenv("POVERTY_WATCH_TODAY", "2021-05-05")
    assert not run(steps.is_delivered_or_due, "health")
    monkeypatch.setenv("POVERTY_WATCH_TODAY", "2021-05-06")
    assert run(steps.is_delivered_or_due, "health")


def test_drafts_and_recomputed_months_wait_for_nobody(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from county_run import steps

    (tmp_path / "inbox" / "2021-04").mkdir(parents=True)
    monkeypatch.setenv("POVERTY_WATCH_TODAY", "2021-05-02")
    assert run(steps.is_delivered_or_due, "health", draft=True)
    assert run(steps.is_delivered_or_due, "health", run_type="backfill")


def test_a_recomputed_month_sends_nobody_out(run: Run) -> None:
    from airflow.sdk.exceptions import AirflowSkipException

    from county_run import steps

    for step in (steps.open_tasks, steps.write_task_sheets, steps.write_finding_lists):
        with pytest.raises(AirflowSkipException, match="补算"):
            run(step, run_type="backfill")


def test_a_month_without_a_register_of_its_own_is_held_against_nothing(run: Run) -> None:
    from airflow.sdk.exceptions import AirflowSkipException

    from county_run import steps

    with pytest.raises(AirflowSkipException, match="没有当月的名册"):
        run(steps.compare_register)


@pytest.mark.parametrize(
    ("run_type", "conf", "opens"),
    [
        ("manual", {}, True),
        ("manual", {"draft": True}, True),
        ("backfill", {}, False),
        ("backfill", {"open_tasks": True}, True),
    ],
)
def test_a_draft_opens_tasks_as_a_published_month_does(
    tmp_path: Path, run_type: str, conf: dict[str, Any], opens: bool
) -> None:
    from county_run.environment import CountyRun
    from poverty_watch.months import Month

    settings = Settings(tmp_path, tmp_path / "inbox", f"sqlite:///{tmp_path}/ledger.sqlite")
    ledger = open_ledger(settings)
    run = CountyRun(Month(2021, 4), settings, ledger, conf, run_type == "backfill")
    assert run.opens_tasks is opens


def test_a_signature_is_asked_for_in_ordinary_runs_only(run: Run) -> None:
    from county_run import steps

    assert run(steps.asks_for_signature)
    assert not run(steps.asks_for_signature, draft=True)
    assert not run(steps.asks_for_signature, run_type="backfill")
    assert run(steps.asks_for_signature, run_type="backfill", ask_for_signature=True)


def test_a_department_whose_files_could_not_be_fetched_is_an_error_not_missing(
    run: Run, tmp_path: Path
) -> None:
    from county_run import steps

    (tmp_path / "inbox" / "2021-04").mkdir(parents=True)
    ledger = open_ledger(
        Settings(tmp_path, tmp_path / "inbox", f"sqlite:///{tmp_path}/ledger.sqlite")
    )
    for earlier, expected in (([None, None], "error"), (["收到", "校验"], "missing")):
        run(steps.settle, "health", earlier)
        with ledger.transaction() as session:
            assert set(session.scalars(select(DatasetMonth.status))) == {expected}


def test_an_error_that_quotes_a_number_reaches_neither_log_nor_airflow(
    run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    from county_run.environment import step

    @step
    def stumbles(_: Any) -> str:
        logging.getLogger("some.library").warning("cell holds %s", NUMBER)
        raise ValueError(f"cannot convert {NUMBER}")

    with pytest.raises(RuntimeError) as caught:
        run(stumbles)
    assert NUMBER not in caplog.text
    assert "cannot convert 530501********0014" in caplog.text
    assert NUMBER not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_what_goes_to_xcom_is_masked(run: Run) -> None:
    from county_run.environment import step

    @step
    def tells(_: Any) -> str:
        return f"未识别的文件：{NUMBER}.xlsx"

    assert run(tells) == "未识别的文件：530501********0014.xlsx"


HEADER = ["姓名", "身份证号", "单位名称", "人员身份"]


@pytest.fixture
def stopped(run: Run, tmp_path: Path) -> Office:
    """An office whose 财政供养 of April stopped for its volume."""
    settings = Settings(tmp_path, tmp_path / "inbox", f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    office = Office(settings, open_ledger(settings))
    for month, people in ((MARCH, 10), (APRIL, 4)):
        rows = [["样例甲", number(serial=i), "样例单位", "公务员"] for i in range(people)]
        office.deliver("payroll", [HEADER, *rows], month=month)
    assert office.verdict("payroll").status == "rejected"
    return office


def test_a_person_is_asked_only_where_something_stopped(run: Run, stopped: Office) -> None:
    from county_run import steps

    asked = run(steps.stopped, "finance")
    assert "**财政供养**（财政供养2021-04.xlsx）：数据4行" in asked["told"]
    assert "与2021年3月的10行相差超过50%" in asked["told"]
    assert list(asked["deliveries"]) == ["payroll"]
    assert not run(steps.stopped, "health")


def test_a_run_that_waits_for_nobody_asks_nobody(run: Run, stopped: Office) -> None:
    from county_run import steps

    assert not run(steps.stopped, "finance", draft=True)
    assert not run(steps.stopped, "finance", run_type="backfill")


def answered(*chosen: str, reason: str = "", by: str | None = "样例主任") -> dict[str, Any]:
    return {
        "chosen_options": list(chosen),
        "params_input": {"reason": reason},
        "responded_by_user": {"id": "7", "name": by} if by else None,
    }


def test_what_a_person_takes_comes_in_force_under_that_name(run: Run, stopped: Office) -> None:
    from county_run import steps

    asked = run(steps.stopped, "finance")
    answer = answered(steps.take("财政供养"), reason=f"机构改革，{NUMBER}等人划转")
    told = run(steps.accept, "finance", asked, answer)
    assert "第1版" in told
    assert "由样例主任决定接收" in told
    assert NUMBER not in told
    assert stopped.verdict("payroll").status == "accepted"
    receipts = stopped.settings.outbox / "2021-04" / "回执" / "财政局"
    assert list(receipts.glob("*.xlsx"))
    assert not run(steps.stopped, "finance")


@pytest.mark.parametrize(
    ("chosen", "more", "told"),
    [
        ("接收“财政供养”", {"reason": "核实过", "by": None}, "到期没有人决定，没有接收"),
        ("接收“财政供养”", {"reason": "  "}, "没有接收：理由不能为空"),
        ("都不接收", {"reason": "核实过"}, "决定不接收"),
    ],
)
def test_silence_and_a_choice_without_a_reason_take_nothing(
    run: Run, stopped: Office, chosen: str, more: dict[str, Any], told: str
) -> None:
    from county_run import steps

    asked = run(steps.stopped, "finance")
    assert told in run(steps.accept, "finance", asked, answered(chosen, **more))
    assert stopped.verdict("payroll").status == "rejected"


def test_only_what_was_shown_is_taken(run: Run, stopped: Office) -> None:
    """What arrives while somebody thinks about it is another delivery."""
    from county_run import steps

    asked = run(steps.stopped, "finance")
    rows = [["样例甲", number(serial=i), "样例单位", "公务员"] for i in range(9)]
    better = stopped.deliver("payroll", [HEADER, *rows], name="财政供养（更正）.xlsx")
    assert better.status == "accepted"
    answer = answered(steps.take("财政供养"), reason="核实过")
    assert "后来的一份已经接收" in run(steps.accept, "finance", asked, answer)


def test_where_nobody_waits_departments_are_fetched_at_once(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from county_run import steps

    (tmp_path / "inbox" / "2021-04" / "health").mkdir(parents=True)
    (tmp_path / "inbox" / "2021-04" / "health" / "大病.xlsx").write_bytes(b"x")
    assert "health.await_delivery" in run(steps.begin)
    assert "health.fetch" in run(steps.begin, draft=True)
    assert "health.fetch" in run(steps.begin, run_type="backfill")


def test_departments_are_told_of_every_month_but_a_recomputed_one(run: Run) -> None:
    from county_run import steps

    assert "tells_departments" in run(steps.begin)
    assert run(steps.tells_departments) is True
    assert run(steps.tells_departments, draft=True) is True
    assert run(steps.tells_departments, run_type="backfill") is False


def test_a_recomputed_month_is_entered_with_who_and_why(run: Run, tmp_path: Path) -> None:
    from county_run import steps
    from poverty_watch.ledger.recomputations import listed

    given = {"reason": "民政局更正", "by": "样本数据员", "known": "then", "batch": "一批"}
    with pytest.raises(RuntimeError, match="没有可以补算的报送"):
        run(steps.begin, run_type="backfill", **given)
    with open_ledger(Settings.from_environment()).transaction() as session:
        (entry,) = listed(session)
    # Nothing was reported then: what is known now is all there is.
    assert (entry.month, entry.known, entry.reason) == ("2021-04", "now", "民政局更正")
    assert (entry.asked_by, entry.batch, entry.status) == ("样本数据员", "一批", "failed")
    assert "没有可以补算的报送" in entry.told


def test_what_was_known_then_takes_in_nothing_new(run: Run, tmp_path: Path) -> None:
    from county_run import steps
    from poverty_watch.identity import Keyring
    from poverty_watch.ledger.models import ReportVersion

    folder = tmp_path / "inbox" / "2021-04" / "health"
    folder.mkdir(parents=True)
    (folder / "大病.xlsx").write_bytes(b"x")
    settings = Settings.from_environment()
    Keyring.open(settings.keys)
    with open_ledger(settings).transaction() as session:
        session.add(
            ReportVersion(
                month="2021-04",
                number=1,
                kind="signed",
                fingerprint="f" * 64,
                path="2021-04/1.xlsx",
                sha256="s" * 64,
                manifest={"deliveries": [], "datasets": {}},
            )
        )
    then = {"run_type": "backfill", "known": "then"}
    assert "不收新的" in run(steps.fetch, "health", **then)
    assert "不收新的" in run(steps.validate, "health", **then)
    assert "不收新的" in run(steps.settle, "health", [None, None], **then)
    with open_ledger(settings).transaction() as session:
        assert session.scalars(select(DatasetMonth)).all() == []
