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


def test_a_signature_is_asked_for_in_ordinary_runs_only(run: Run) -> None:
    from county_run import steps

    assert run(steps.asks_for_signature)
    assert not run(steps.asks_for_signature, draft=True)
    assert not run(steps.asks_for_signature, run_type="backfill")
    assert run(steps.asks_for_signature, run_type="backfill", ask_for_signature=True)


@pytest.mark.parametrize(
    "answer",
    [
        None,
        {"chosen_options": ["Reject"], "responded_by_user": {"id": "1", "name": "样例甲"}},
        {"chosen_options": ["Approve"], "responded_by_user": None},
    ],
)
def test_anything_but_a_persons_yes_is_loudly_not_signed(
    run: Run, answer: dict[str, Any] | None
) -> None:
    from county_run import steps

    with pytest.raises(RuntimeError, match="未签发"):
        run(steps.sign_report, answer)


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
