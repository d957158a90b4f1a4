"""Recompute months by Airflow's own backfill, on its own scheduler."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from poverty_watch.cli.airflow_home import DAG_ID, DEFAULT_PORT, AirflowHome
from poverty_watch.cli.console import WENT_WRONG, CommandError, complain, say
from poverty_watch.cli.progress import title_of
from poverty_watch.cli.rest import AirflowApi
from poverty_watch.cli.services import login, running, start_services
from poverty_watch.ledger.recomputations import KNOWN_TITLES
from poverty_watch.months import COUNTY_ZONE, Month
from poverty_watch.settings import Settings

_LOOK_EVERY = 2  # seconds
_NOTED_WITHIN = 90  # seconds; Airflow looks every 30 for backfills that have ended
_FINISHED = {"success", "failed"}
_STATE_TITLES = {"success": "完成", "failed": "失败", "running": "运行中", "queued": "排队"}


@dataclass(frozen=True)
class Wish:
    """What is asked for: the book of recomputations and the run's conf say the same."""

    first: Month
    last: Month
    known: str
    reason: str
    by: str

    @property
    def months(self) -> list[Month]:
        """All months, in order."""
        return list(self.first.through(self.last))

    def conf(self, now: datetime) -> dict[str, str]:
        """The conf of every run."""
        batch = f"{self.first}_{self.last}_{now:%Y%m%dT%H%M%S}"
        return {"batch": batch, "known": self.known, "reason": self.reason, "by": self.by}


def backfill_months(wish: Wish, settings: Settings) -> int:
    """Recompute months, from the first to the last, and say what became of each; the exit code.

    A month that was recomputed before is recomputed again as a new run.

    Raises:
        CommandError: a month is not over yet; Airflow would keep it waiting until it is. Or another
            backfill is on its way.
    """
    now = datetime.now(COUNTY_ZONE)
    if wish.last >= Month.of(now.date()):
        raise CommandError(f"{wish.last.chinese}还没有过完，不能补算。")
    if not running(settings):
        start_services(settings, DEFAULT_PORT, "127.0.0.1", schedule=False)
    api = login(settings)
    _wait_for_dag(api)
    _wait_for_earlier(api)
    conf = wish.conf(now)
    _create(AirflowHome(settings), wish, conf)
    say(
        f"补算{wish.first.chinese}至{wish.last.chinese}（{KNOWN_TITLES[wish.known]}）："
        "不派任务，不对外发送。"
    )
    code = _follow(api, conf["batch"], wish.months)
    _say_outcome(settings, conf["batch"])
    return code


def _create(home: AirflowHome, wish: Wish, conf: dict[str, str]) -> None:
    log = home.logs / "backfill.log"
    span = ("--from-date", str(wish.first.first_day), "--to-date", str(wish.last.last_day))
    with log.open("w") as stream:
        code = home.start(
            [
                *("backfill", "create", "--dag-id", DAG_ID),
                *span,
                *("--max-active-runs", "1", "--reprocess-behavior", "completed"),
                *("--dag-run-conf", json.dumps(conf, ensure_ascii=False)),
            ],
            stream,
        ).wait()
    if code:
        raise CommandError(f"Airflow 没有接受这次回填，详情见 {log}。")


def _follow(api: AirflowApi, batch: str, months: list[Month]) -> int:
    begun = time.monotonic()
    states: dict[str, str] = {}
    told: set[tuple[str, str]] = set()
    while True:
        runs = [
            run
            for run in _backfill_runs(api, len(months))
            if (run["conf"] or {}).get("batch") == batch
        ]
        for run in sorted(runs, key=lambda each: str(each["partition_key"])):
            _tell(api, run, states, told, months, time.monotonic() - begun)
        if all(run["state"] in _FINISHED for run in runs):
            break
        time.sleep(_LOOK_EVERY)
    # Airflow makes all runs at once, and none for a month of which another is on its way.
    left_out = [m for m in months if str(m) not in {run["partition_key"] for run in runs}]
    for month in left_out:
        complain(f"{month}：没有补算，这个月另有一次运行还没有结束。请等它结束再补算这个月。")
    failed = [run for run in runs if run["state"] == "failed"]
    return WENT_WRONG if failed or left_out else 0


def _tell(
    api: AirflowApi,
    run: dict[str, Any],
    states: dict[str, str],
    told: set[tuple[str, str]],
    months: list[Month],
    seconds: float,
) -> None:
    name, month, state = run["dag_run_id"], run["partition_key"], run["state"]
    if states.get(name) == state and state != "running":
        return
    if state == "running" or state in _FINISHED:
        for task in _failed_tasks(api, run):
            if (name, task) not in told:
                told.add((name, task))
                complain(f"  {month}　✗ {title_of(task)}")
    if states.get(name) != state:
        states[name] = state
        if state in _FINISHED:
            done = sum(each in _FINISHED for each in states.values())
            say(
                f"{month}：{_STATE_TITLES[state]}（{done}/{len(months)}个月，已用{_clock(seconds)}）",
                "red" if state == "failed" else None,
            )
        elif state == "running":
            say(f"{month}：运行中")


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}分{rest:02d}秒"


def _say_outcome(settings: Settings, batch: str) -> None:
    """What the book of recomputations says of each month."""
    from poverty_watch.cli.ledgers import standing_ledger
    from poverty_watch.cli.recomputing import line_of
    from poverty_watch.ledger.recomputations import listed

    with standing_ledger(settings).transaction() as session:
        entries = listed(session, batch)
    for entry in entries:
        say(line_of(entry))
    if entries:
        say(
            f"补算登记：{batch}。请另一个人看过后执行 poverty-watch recomputations --review {batch} --by 姓名。"
        )


def _failed_tasks(api: AirflowApi, run: dict[str, Any]) -> list[str]:
    answer = api.get(
        f"/dags/{DAG_ID}/dagRuns/{run['dag_run_id']}/taskInstances?state=failed&limit=200"
    )
    return [task["task_id"] for task in answer["task_instances"]]


def _backfill_runs(api: AirflowApi, wanted: int) -> list[dict[str, Any]]:
    """The newest runs of backfills: as many as are wanted, and some."""
    found: list[dict[str, Any]] = []
    while len(found) <= wanted:
        page = api.get(
            f"/dags/{DAG_ID}/dagRuns?run_type=backfill&order_by=-id&limit=100&offset={len(found)}"
        )["dag_runs"]
        found += page
        if len(page) < 100:
            break
    return found


def _wait_for_dag(api: AirflowApi) -> None:
    for _ in range(60):
        try:
            api.get(f"/dags/{DAG_ID}")
            return
        except CommandError:
            time.sleep(1)
    raise CommandError("Airflow 还没有载入“月度防返贫监测”，请稍后再试。")


def _wait_for_earlier(api: AirflowApi) -> None:
    """Airflow takes no backfill before it has noted the end of the one before."""
    begun = time.monotonic()
    while True:
        answer = api.get(f"/backfills?dag_id={DAG_ID}&order_by=-id&limit=20")
        if all(backfill["completed_at"] for backfill in answer["backfills"]):
            return
        waiting = api.get(
            f"/dags/{DAG_ID}/dagRuns?run_type=backfill&state=running&state=queued&limit=100"
        )["dag_runs"]
        if waiting:
            months = "、".join(sorted(str(run["partition_key"]) for run in waiting))
            raise CommandError(
                f"前一次补算还没有办完（{months}）。请等它办完再执行；不要了的，在网页“回填”里取消。"
            )
        if time.monotonic() - begun > _NOTED_WITHIN:
            raise CommandError("Airflow 还没有登记前一次补算已经结束，请过几分钟再执行。")
        time.sleep(_LOOK_EVERY)
