from __future__ import annotations

import json
import re
import sqlite3
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from tests.end_to_end.conftest import MONTH, PLANTED, TwoRuns
from tests.end_to_end.snapshots import differences

# All numbers of the sample begin with a place code that was never issued.
FULL_NUMBER = re.compile(r"530501\d{11}[\dXx]")


def rows(database: Path, query: str) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def test_a_month_ends_with_report_sheets_and_lists(two_runs: TwoRuns) -> None:
    first = two_runs.outputs[0]
    assert first.returncode == 0, first.stdout + first.stderr
    outbox = two_runs.home / "outbox" / MONTH
    reports = list(outbox.glob("*.xlsx"))
    assert len(reports) == 1
    assert str(reports[0]) in first.stdout
    assert "草稿，未签发" in first.stdout
    assert "下一步" in first.stdout
    assert list((outbox / "核实任务").glob("*.xlsx"))
    lists = list((outbox / "internal").glob("*.csv"))
    assert lists
    assert {path.stat().st_mode & 0o777 for path in lists} == {0o600}


def test_the_run_went_through_the_real_dag(two_runs: TwoRuns) -> None:
    database = two_runs.home / "airflow" / "airflow.sqlite"
    states = rows(database, "SELECT dag_id, state FROM dag_run")
    assert states == [("monthly_monitoring", "success")] * 2
    tasks = dict(rows(database, "SELECT task_id, state FROM task_instance ORDER BY start_date"))
    assert tasks["build_report"] == "success"
    assert tasks["approve"] == "skipped"


def test_running_again_changes_nothing(two_runs: TwoRuns) -> None:
    assert two_runs.outputs[1].returncode == 0, two_runs.outputs[1].stderr
    assert differences(*two_runs.states) == []
    assert two_runs.states[0]["台账/task"]


def test_no_full_number_in_logs(two_runs: TwoRuns) -> None:
    logs = [path for path in (two_runs.home / "airflow" / "logs").rglob("*") if path.is_file()]
    text = {path.name: path.read_text("utf-8") for path in logs}
    assert any("登记" in content or "settle" in content for content in text.values())
    assert [name for name, content in text.items() if FULL_NUMBER.search(content)] == []
    for output in two_runs.outputs:
        assert not FULL_NUMBER.search(output.stdout + output.stderr)


def test_no_full_number_in_airflows_database(two_runs: TwoRuns) -> None:
    database = two_runs.home / "airflow" / "airflow.sqlite"
    tables = [
        name for (name,) in rows(database, "SELECT name FROM sqlite_master WHERE type = 'table'")
    ]
    assert {"xcom", "rendered_task_instance_fields"} <= set(tables)
    found = [
        table
        for table in tables
        if FULL_NUMBER.search(repr(rows(database, f'SELECT * FROM "{table}"')))
    ]
    assert found == []
    told = [json.loads(value) for (value,) in rows(database, "SELECT value FROM xcom")]
    assert any("线索" in str(line) for line in told)
    assert not FULL_NUMBER.search(str(told))


def test_no_full_number_in_validation_results(two_runs: TwoRuns) -> None:
    set_aside = list((two_runs.home / "lake").rglob("set_aside.parquet"))
    assert set_aside
    for path in set_aside:
        assert not FULL_NUMBER.search(repr(pq.read_table(path).to_pylist())), path
    ledger = two_runs.home / "ledger.sqlite"
    judged = rows(ledger, "SELECT faults, messages FROM delivery") + rows(
        ledger, "SELECT messages FROM dataset_month"
    )
    plain = str([json.loads(text) for row in judged for text in row])
    assert PLANTED not in plain
    assert not FULL_NUMBER.search(plain)


def test_secrets_are_the_owners_alone(two_runs: TwoRuns) -> None:
    keys = list((two_runs.home / "keys").iterdir())
    assert len(keys) >= 5
    modes = {
        path.stat().st_mode & 0o777 for path in [*keys, two_runs.home / "airflow" / "airflow.cfg"]
    }
    assert modes == {0o600}
