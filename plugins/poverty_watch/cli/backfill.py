"""Recompute months by Airflow's own backfill, on its own scheduler."""

from __future__ import annotations

import time
from typing import Any

from poverty_watch.cli.airflow_home import DAG_ID, DEFAULT_PORT, AirflowHome
from poverty_watch.cli.console import WENT_WRONG, CommandError, complain, say
from poverty_watch.cli.progress import STAGES, title_of
from poverty_watch.cli.rest import AirflowApi
from poverty_watch.cli.services import login, running, start_services
from poverty_watch.months import Month
from poverty_watch.settings import Settings

_LOOK_EVERY = 2  # seconds
_FINISHED = {"success", "failed"}
_STATE_TITLES = {"success": "完成", "failed": "失败", "running": "运行中", "queued": "排队"}


def backfill_months(first: Month, last: Month, settings: Settings) -> int:
    """Recompute all months from ``first`` to ``last`` and say what became of each; the exit code.

    A month that was recomputed before is recomputed again as a new run.
    """
    if not running(settings):
        start_services(settings, DEFAULT_PORT, "127.0.0.1", schedule=False)
    api = login(settings)
    _wait_for_dag(api)
    earlier = {run["dag_run_id"] for run in _backfill_runs(api)}
    _create(AirflowHome(settings), first, last)
    say(f"补算{first.chinese}至{last.chinese}：不派任务，不对外发送。")
    return _follow(api, earlier, list(first.through(last)))


def _create(home: AirflowHome, first: Month, last: Month) -> None:
    log = home.logs / "backfill.log"
    with log.open("w") as stream:
        code = home.start(
            [
                *("backfill", "create", "--dag-id", DAG_ID),
                *("--from-date", str(first.first_day), "--to-date", str(last.last_day)),
                *("--max-active-runs", "1", "--reprocess-behavior", "completed"),
            ],
            stream,
        ).wait()
    if code:
        raise CommandError(f"Airflow 没有接受这次回填，详情见 {log}。")


def _follow(api: AirflowApi, earlier: set[str], months: list[Month]) -> int:
    told: set[tuple[str, str, str]] = set()
    while True:
        runs = [run for run in _backfill_runs(api) if run["dag_run_id"] not in earlier]
        for run in sorted(runs, key=lambda each: str(each["partition_key"])):
            _tell(api, run, told)
        if len(runs) >= len(months) and all(run["state"] in _FINISHED for run in runs):
            break
        time.sleep(_LOOK_EVERY)
    failed = [run for run in runs if run["state"] == "failed"]
    for run in failed:
        complain(f"{run['partition_key']} 补算失败，请在网页上查看这次运行。")
    return WENT_WRONG if failed else 0


def _tell(api: AirflowApi, run: dict[str, Any], told: set[tuple[str, str, str]]) -> None:
    key = (run["dag_run_id"], "", run["state"])
    if run["state"] == "running" or key not in told:
        for task in _tasks(api, run):
            name, state = task["task_id"], str(task["state"])
            noted = (run["dag_run_id"], name, state)
            is_step = name.endswith(".settle") or name in STAGES
            if noted in told or state not in ("success", "failed"):
                continue
            told.add(noted)
            if state == "failed":
                complain(f"  {run['partition_key']}　✗ {title_of(name)}")
            elif is_step:
                say(f"  {run['partition_key']}　✓ {title_of(name)}")
    if key not in told:
        told.add(key)
        say(f"{run['partition_key']}：{_STATE_TITLES.get(run['state'], run['state'])}")


def _tasks(api: AirflowApi, run: dict[str, Any]) -> list[dict[str, Any]]:
    answer = api.get(
        f"/dags/{DAG_ID}/dagRuns/{run['dag_run_id']}/taskInstances?limit=500&order_by=end_date"
    )
    return list(answer["task_instances"])


def _backfill_runs(api: AirflowApi) -> list[dict[str, Any]]:
    answer = api.get(f"/dags/{DAG_ID}/dagRuns?run_type=backfill&order_by=-id&limit=100")
    return list(answer["dag_runs"])


def _wait_for_dag(api: AirflowApi) -> None:
    for _ in range(60):
        try:
            api.get(f"/dags/{DAG_ID}")
            return
        except CommandError:
            time.sleep(1)
    raise CommandError("Airflow 还没有载入“月度防返贫监测”，请稍后再试。")
