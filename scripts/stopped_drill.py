"""A delivery stops, a person accepts it in Airflow's page, the register shows it: on a real scheduler.

    .venv/bin/python scripts/stopped_drill.py [--port 18200] [--twice]

A home of its own gets one delivery of April 2021 with too many faulty rows. Airflow's services are
started, the month is triggered, and what it asks is answered over the same REST API that the page
uses: first without a reason, which must take nothing, then, after the month is run again, with one.
Exit code 1 if the register, the receipt or the journal says anything else than what was decided.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

PROJECT = Path(__file__).parents[1]
sys.path[:0] = [str(PROJECT), str(PROJECT / "plugins")]

from rich.console import Console  # noqa: E402
from sqlalchemy import select  # noqa: E402
from tests.intake.conftest import number, save_workbook  # noqa: E402

from poverty_watch.cli.rest import AirflowApi  # noqa: E402
from poverty_watch.cli.services import login, start_services, stop_services  # noqa: E402
from poverty_watch.ledger.models import DatasetMonth, JournalEntry, StoppedDecision  # noqa: E402
from poverty_watch.ledger.store import open_ledger  # noqa: E402
from poverty_watch.settings import Settings  # noqa: E402

DAG, DEPARTMENT, DATASET, TITLE = (
    "monthly_monitoring", "disabled_federation", "disability_certificates", "持证残疾人",
)  # fmt: skip
MONTH = "2021-04"
GOOD, BAD = 20, 12
REASON = "残联电话核实：旧证换号，下月补报"
PATIENCE = 600
CONSOLE = Console(highlight=False, markup=False)


def deliver(inbox: Path) -> None:
    """Put a delivery into the inbox of which more than a fifth is faulty."""
    header = ["姓名", "残疾人证号", "残疾类别", "残疾等级", "发证日期"]
    good = [["样例甲", number(serial=i), "肢体", "二级", "2021-03-06"] for i in range(1, GOOD + 1)]
    bad = [["样例乙", "53050119800101", "肢体", "二级", "2021-03-06"]] * BAD
    bad = [[f"样例{at}", *row[1:]] for at, row in enumerate(bad)]
    save_workbook(inbox / MONTH / "残联" / f"{TITLE}202104.xlsx", {"表": [header, *good, *bad]})


def wait(what: str, look: Callable[[], Any]) -> Any:
    """Look until there is something."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if found := look():
            CONSOLE.print(f"{time.strftime('%H:%M:%S')} {what}")
            return found
        time.sleep(2)
    raise SystemExit(f"未等到：{what}")


def respond(api: AirflowApi, run: str, body: dict[str, Any]) -> None:
    """Answer as the page does."""
    task = f"{DEPARTMENT}.decide"
    change(api, f"/dags/{DAG}/dagRuns/{run}/taskInstances/{task}/-1/hitlDetails", body)


def change(api: AirflowApi, path: str, body: dict[str, Any]) -> None:
    """PATCH below ``/api/v2``."""
    request = Request(
        f"{api.address}/api/v2{path}",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json", "Authorization": f"Bearer {api.token}"},
        method="PATCH",
    )
    with build_opener(ProxyHandler({})).open(request, timeout=30) as answer:
        assert answer.status == 200


def month(api: AirflowApi, reason: str) -> str:
    """Run the month until the decision is registered; gives the question that was asked."""
    run = api.post(f"/dags/{DAG}/dagRuns", {"logical_date": None, "partition_key": MONTH})
    name = run["dag_run_id"]
    path = f"/dags/{DAG}/dagRuns/{name}"
    for task in api.get(f"/dags/{DAG}/tasks")["tasks"]:
        department, _, step = task["task_id"].partition(".")
        if step == "await_delivery" and department != DEPARTMENT:
            # Only one department is played; the others, and what comes after all, are put aside.
            put_aside = {"new_state": "skipped", "include_downstream": True}
            change(api, f"{path}/taskInstances/{department}.await_delivery", put_aside)

    def asked() -> Any:
        details = api.get(f"{path}/hitlDetails?response_received=false&limit=100")["hitl_details"]
        return [d for d in details if d["task_instance"]["task_id"] == f"{DEPARTMENT}.decide"]

    question = wait("请人决定是否接收", asked)[0]
    respond(api, name, {"chosen_options": [f"接收“{TITLE}”"], "params_input": {"reason": reason}})

    def registered() -> Any:
        task = api.get(f"{path}/taskInstances/{DEPARTMENT}.accept")
        return task["state"] if task["state"] in ("success", "failed", "upstream_failed") else None

    assert wait("决定已登记", registered) == "success"
    # One month at a time: what is left of this run is not needed.
    change(api, path, {"state": "failed"})
    return str(question["subject"]) + "\n" + str(question["body"])


def state(settings: Settings) -> tuple[str, list[str], list[str]]:
    """The dataset's status, the decisions with their reason, what the journal says of them."""
    with open_ledger(settings).transaction() as session:
        fate = session.get_one(DatasetMonth, (MONTH, DATASET))
        decisions = [
            f"{d.decided_by}：{d.reason}" for d in session.scalars(select(StoppedDecision))
        ]
        entries = session.scalars(select(JournalEntry).where(JournalEntry.action == "人工接收"))
        return fate.status, decisions, [str(entry.actor) for entry in entries]


def main() -> int:
    """Play it and compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=18_200)
    parser.add_argument("--twice", action="store_true")
    given = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="stopped-"))
    settings = Settings(home, home / "inbox", f"sqlite:///{home / 'ledger.sqlite'}")
    os.environ |= {"POVERTY_WATCH_HOME": str(home), "POVERTY_WATCH_INBOX": str(settings.inbox)}
    before: tuple[str, list[str], list[str]] = ("", [], [])
    deliver(settings.inbox)
    start_services(settings, given.port, "127.0.0.1", schedule=False)
    try:
        api = login(settings)
        wait("看到月度流程", lambda: DAG in str(api.get("/dags?limit=100")))
        if given.twice:
            CONSOLE.print(month(api, ""))
            before = state(settings)
            CONSOLE.print(f"没有理由：{before}")
        CONSOLE.print(month(api, REASON))
        after = state(settings)
    finally:
        stop_services(settings)
    CONSOLE.print(f"写明理由：{after}")
    receipts = [path.name for path in settings.outbox.rglob("*回执*")]
    CONSOLE.print("回执：", receipts)
    good = not given.twice or before[:2] == ("rejected", [])
    good = good and after[0] in ("accepted", "accepted_with_warnings")
    good = good and after[1] == [f"admin：{REASON}"] and after[2] == ["admin"] and bool(receipts)
    CONSOLE.print("相符" if good else "不符")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
