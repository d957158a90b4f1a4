"""Run one month through the real DAG, in one process below this one, with no server."""

from __future__ import annotations

import json
import time
from datetime import datetime
from pathlib import Path

from poverty_watch.cli.airflow_home import DAG_ID, AirflowHome
from poverty_watch.cli.console import WENT_WRONG, complain, say
from poverty_watch.cli.progress import Progress
from poverty_watch.months import Month
from poverty_watch.settings import Settings

_LOOK_EVERY = 0.3  # seconds


def run_month(month: Month, settings: Settings) -> int:
    """Run a month as a draft and say how it goes; the exit code.

    The caller has checked month and inbox. Nobody is waited for, nobody is asked to sign.
    """
    home = AirflowHome(settings)
    with home.locked() as lock:
        say("准备 Airflow……", "dim")
        home.prepare()
        home.forget_killed_runs()
        folder = home.logs / "runs"
        folder.mkdir(parents=True, exist_ok=True)
        stem = f"{month}_{datetime.now():%Y%m%dT%H%M%S}"
        log, told = folder / f"{stem}.log", folder / f"{stem}.progress.jsonl"
        say(f"运行{month.chinese}（草稿，不等待报送，不请人签发）……")
        progress = _run(home, month, log, told, lock)
    return _conclude(progress, month, settings, log)


def _run(home: AirflowHome, month: Month, log: Path, told: Path, lock: int) -> Progress:
    conf = json.dumps({"month": str(month), "draft": True})
    progress = Progress(told)
    with log.open("w") as stream:
        process = home.start(
            ["dags", "test", DAG_ID, "-c", conf],
            stream,
            extra={"POVERTY_WATCH_PROGRESS": str(told)},
            keep_open=(lock,),
        )
        try:
            while True:
                ended = process.poll() is not None
                for line, is_failure in progress.news():
                    say(line, "red" if is_failure else None)
                if ended:
                    return progress
                time.sleep(_LOOK_EVERY)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()


def _conclude(progress: Progress, month: Month, settings: Settings, log: Path) -> int:
    if not progress.is_complete:
        complain(
            f"{month.chinese}没有运行完。详情见日志 {log}；排除故障后重新执行同一条命令即可接着完成。"
        )
        return WENT_WRONG
    from poverty_watch.cli.results import say_results

    if progress.failed_departments:
        complain(
            f"这些部门的数据处理出错，未计入本月：{'、'.join(progress.failed_departments)}（日志 {log}）"
        )
    say_results(month, settings)
    return 0
