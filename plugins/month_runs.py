"""How the month's runs stand in Airflow: called after their month, noted, in order, started warm."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable
from datetime import datetime
from importlib import import_module
from typing import Any

from airflow.listeners import hookimpl
from airflow.plugins_manager import AirflowPlugin
from airflow.timetables.base import DagRunInfo
from airflow.timetables.trigger import CronPartitionTimetable

_MONTHLY = "monthly_monitoring"
_LIBRARIES = (
    "airflow.sdk",
    "airflow.sdk.execution_time.task_runner",
    "alembic.runtime.migration",
    "chinese_calendar",
    "cryptography.hazmat.primitives.ciphers.aead",
    "duckdb",
    "great_expectations",
    "openpyxl",
    "pandas",
    "pyarrow.parquet",
    "pydantic",
    "python_calamine",
    "sqlalchemy.orm",
    "yaml",
)


class MonthTimetable(CronPartitionTimetable):
    """Airflow's own timetable of partitions, whose runs are called after their month."""

    def generate_run_id(self, *, partition_key: str | None = None, **how: Any) -> str:
        """``2021-04__scheduled__…``; Airflow's own name where the month is not known (triggered)."""
        name = super().generate_run_id(**how)
        return f"{partition_key}__{name}" if partition_key else name

    def iter_partition_dagrun_infos(
        self, *, earliest: datetime, latest: datetime
    ) -> Iterable[DagRunInfo]:
        """The months of a backfill, each with the time at which its scheduled run is due.

        Airflow would give them the month's own first day: a list of runs by time would then show a
        backfilled April beside the scheduled March.
        """
        for info in super().iter_partition_dagrun_infos(earliest=earliest, latest=latest):
            due = info.run_after
            for _ in range(-self._run_offset):
                due = self._get_next(due)
            yield info._replace(run_after=due)


class MonthNote:
    """Writes the month into the note of each run of the month's DAG that has none."""

    @hookimpl
    def on_dag_run_running(self, dag_run: Any, msg: str) -> None:
        """Called by the scheduler, in its own transaction, when a run begins."""
        if dag_run.dag_id == _MONTHLY and not dag_run.note:
            note = month_note(dag_run.partition_key, dag_run.conf or {}, dag_run.run_type)
            if note:
                dag_run.note = note


def month_note(key: str | None, conf: dict[str, Any], run_type: str) -> str:
    """What the note of a run says: ``2021年4月 · 补算``; empty where no month is named."""
    from poverty_watch.months import Month, MonthError

    try:
        month = Month.parse(str(key or conf.get("month") or ""))
    except MonthError:
        return ""
    is_backfill = run_type == "backfill"
    kinds = ["补算"] if is_backfill else ["草稿"] if conf.get("draft") else []
    return " · ".join([month.chinese, *kinds])


class WarmStart:
    """Has the scheduler load the libraries that most steps need, before it forks its workers.

    Each step is a fork of a fork of the scheduler: what that has loaded, a step has for nothing.
    Great Expectations alone takes a step longer than all that it does with it. Only other people's
    libraries: the project's own code is read by each step anew.
    """

    @hookimpl
    def on_starting(self, component: Any) -> None:
        """Called by each part of Airflow when it starts, before it says which part it is."""
        if "scheduler" in sys.argv[1:2] and _forks_steps():
            # It tells of each of its own functions that it does not document.
            logging.getLogger("great_expectations").setLevel(logging.WARNING)
            for name in _LIBRARIES:
                import_module(name)


def _forks_steps() -> bool:
    from airflow.configuration import conf

    return "LocalExecutor" in conf.get("core", "executor")


class MonthRuns(AirflowPlugin):
    """The timetable and the listeners."""

    name = "month_runs"
    timetables = [MonthTimetable]  # noqa: RUF012 - the form that Airflow reads
    listeners = [MonthNote(), WarmStart()]  # noqa: RUF012
