from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from poverty_watch.contracts.recipients import Recipients
from tests import postbox
from tests.postbox import Postbox

CHINESE = re.compile(r"[\u4e00-\u9fff]")


def test_it_runs_every_day_and_tells_on_the_days_of_the_policy(bag: Any) -> None:
    dag = bag.dags["deadline_watch"]
    assert set(dag.task_ids) == {"is_watch_day", "tell", "send_again"}
    assert dag.get_task("tell").upstream_task_ids == {"is_watch_day"}
    # What waits is sent on every day.
    assert dag.get_task("send_again").upstream_task_ids == set()
    assert dag.get_task("tell").retries == 5
    timetable = dag.timetable.serialize()
    assert (timetable["expression"], timetable["timezone"]) == ("30 8 * * *", "Asia/Shanghai")
    assert not dag.catchup
    shown = [dag.dag_display_name, dag.description, dag.doc_md]
    shown += [task.task_display_name for task in dag.tasks]
    assert all(CHINESE.search(text) for text in shown)


@pytest.fixture
def box(monkeypatch: pytest.MonkeyPatch) -> Iterator[Postbox]:
    """A mail server under the name by which the DAGs know one."""
    with postbox.opened() as (box, server):
        extra = {"from_email": server.sender, "security": "plain"}
        known = {"conn_type": "smtp", "host": server.host, "port": server.port, "extra": extra}
        monkeypatch.setenv("AIRFLOW_CONN_POVERTY_WATCH_SMTP", json.dumps(known))
        yield box


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    monkeypatch.setenv("POVERTY_WATCH_HOME", str(tmp_path))
    monkeypatch.delenv("POVERTY_WATCH_LEDGER_URL", raising=False)
    people = Recipients(county={"值班": "duty@example.org"})
    monkeypatch.setattr("poverty_watch.contracts.recipients.recipients", lambda: people)

    def call(step: Any, day: str, run_type: str = "scheduled", **conf: Any) -> Any:
        monkeypatch.setenv("POVERTY_WATCH_TODAY", day)
        run = SimpleNamespace(
            dag_id="deadline_watch", partition_key=None, conf=conf, run_type=run_type
        )
        context = {"dag_run": run, "ti": SimpleNamespace(task_id="a_task")}
        monkeypatch.setattr("airflow.sdk.get_current_context", lambda: context)
        return step()

    return call


def test_only_on_watch_days_unless_a_person_asks(run: Any) -> None:
    from county_run import watching

    assert run(watching.is_watch_day, "2021-04-30")  # the 3rd and 5th are in a holiday
    assert not run(watching.is_watch_day, "2021-05-05")
    assert run(watching.is_watch_day, "2021-05-10")
    assert not run(watching.is_watch_day, "2021-05-11")
    assert run(watching.is_watch_day, "2021-05-11", run_type="manual")


def test_a_month_of_which_nothing_is_known_is_told_too(run: Any, box: Postbox) -> None:
    from county_run import watching

    told = run(watching.tell, "2021-05-10")
    assert "本次发出1封" in told
    assert box.to("duty@example.org")["Subject"].startswith("【防贫守望·红】2021年4月月报")
    run(watching.tell, "2021-05-10")
    assert len(box.mails) == 1
    run(watching.tell, "2021-05-20", run_type="manual", month="2021-03")
    assert "2021年3月" in box.mails[-1]["Subject"]


def test_a_day_on_which_nobody_was_told_is_red(run: Any, box: Postbox) -> None:
    from county_run import watching

    box.refused = {"duty@example.org": "550 no such user"}
    with pytest.raises(RuntimeError, match="没有全部发出"):
        run(watching.tell, "2021-05-10")
    box.refused = {}
    assert "本次发出1封" in run(watching.tell, "2021-05-10")


def test_what_waits_is_sent_on_any_day(run: Any, box: Postbox) -> None:
    from county_run import watching

    assert run(watching.send_again, "2021-05-11") == "没有要发的邮件"
