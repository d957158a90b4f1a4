"""How runs stand in Airflow: called after their month or day, noted, in order, started warm."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterable
from datetime import datetime
from importlib import import_module
from typing import TYPE_CHECKING, Any

from airflow.listeners import hookimpl
from airflow.plugins_manager import AirflowPlugin
from airflow.timetables.base import DagRunInfo
from airflow.timetables.trigger import CronPartitionTimetable, CronTriggerTimetable

if TYPE_CHECKING:
    from poverty_watch.months import Month

_MONTHLY = "monthly_monitoring"
_TRIGGER = f"/api/v2/dags/{_MONTHLY}/dagRuns"
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

    def generate_run_id(
        self, *, run_after: datetime, partition_key: str | None = None, **how: Any
    ) -> str:
        """``2021-04__scheduled__2021-05-01T08:00:00+08:00__…``, in the county's time.

        Without the month where Airflow does not tell it: for runs that are triggered, see `MonthFirst`.
        """
        name = super().generate_run_id(run_after=run_after.astimezone(self._timezone), **how)
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


class DayTimetable(CronTriggerTimetable):
    """Airflow's own timetable of days, whose runs are called by the county's time, not by UTC."""

    def generate_run_id(self, *, run_after: datetime, **how: Any) -> str:
        """``scheduled__2021-05-08T08:30:00+08:00``."""
        return super().generate_run_id(run_after=run_after.astimezone(self._timezone), **how)


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
    month = _named_month(key, conf)
    if month is None:
        return ""
    is_backfill = run_type == "backfill"
    kinds = ["补算"] if is_backfill else ["草稿"] if conf.get("draft") else []
    return " · ".join([month.chinese, *kinds])


def _named_month(key: str | None, conf: dict[str, Any]) -> Month | None:
    from poverty_watch.months import Month, MonthError

    try:
        return Month.parse(str(key or conf.get("month") or ""))
    except MonthError:
        return None


class MonthFirst:
    """Calls a run that somebody triggers after its month, as the timetable calls the others.

    Airflow asks the timetable for a name without telling it the month. So the name is put into what
    the page sends, as if the person had typed it; one that a person did type stays.
    """

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one request; only the trigger of the month's DAG is looked into."""
        is_trigger = scope["type"] == "http" and scope["method"] == "POST"
        if is_trigger and scope["path"].endswith(_TRIGGER):
            receive = await _with_name(receive)
        await self._app(scope, receive, send)


async def _with_name(receive: Any) -> Any:
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] != "http.request":  # whoever asked has gone
            break
        body += message.get("body", b"")
        more = message.get("more_body", False)
    else:
        message = {"type": "http.request", "body": _named(body), "more_body": False}
    waiting = [message]

    async def once_more() -> Any:
        return waiting.pop() if waiting else await receive()

    return once_more


def _named(body: bytes) -> bytes:
    from poverty_watch.months import COUNTY_ZONE

    try:
        asked = json.loads(body)
    except ValueError:
        return body
    if not isinstance(asked, dict) or asked.get("dag_run_id"):
        return body
    conf = asked.get("conf")
    month = _named_month(asked.get("partition_key"), conf if isinstance(conf, dict) else {})
    if month is None:
        return body
    return json.dumps(
        asked | {"dag_run_id": f"{month}__manual__{datetime.now(COUNTY_ZONE).isoformat()}"}
    ).encode()


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
    """The timetables, the listeners, and the names of triggered runs."""

    name = "month_runs"
    timetables = [MonthTimetable, DayTimetable]  # noqa: RUF012 - the form that Airflow reads
    fastapi_root_middlewares = [  # noqa: RUF012
        {"middleware": MonthFirst, "name": "月份在前"}
    ]
    listeners = [MonthNote(), WarmStart()]  # noqa: RUF012
