"""The month that a run is about: the one place where a date is read from a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from poverty_watch.months import Month, MonthError


def report_month(context: Mapping[str, Any]) -> Month:
    """The month of a run: its partition key, else ``conf.month``.

    All other dates of a partitioned run are empty or differ by how the run began.

    Raises:
        MonthError: the run names no month, or something that is none.
    """
    run = context["dag_run"]
    named = getattr(run, "partition_key", None) or (run.conf or {}).get("month")
    if not named:
        raise MonthError(
            "这次运行没有写明月份：请在触发时填写分区键，或在“监测月份”一栏填写，例如 2021-04。"
        )
    return Month.parse(str(named))
