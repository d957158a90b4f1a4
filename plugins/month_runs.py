"""Puts the month first where Airflow shows a run: in its name, in its note, in the order of runs."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from airflow.listeners import hookimpl
from airflow.plugins_manager import AirflowPlugin
from airflow.timetables.base import DagRunInfo
from airflow.timetables.trigger import CronPartitionTimetable

_MONTHLY = "monthly_monitoring"


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


class MonthRuns(AirflowPlugin):
    """The timetable and the listener."""

    name = "month_runs"
    timetables = [MonthTimetable]  # noqa: RUF012 - the form that Airflow reads
    listeners = [MonthNote()]  # noqa: RUF012
