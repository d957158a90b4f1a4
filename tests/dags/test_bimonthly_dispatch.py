from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from poverty_watch.months import Month

CHINESE = re.compile(r"[\u4e00-\u9fff]")


def test_a_bulletin_is_made_then_agreed_to_then_sent(bag: Any) -> None:
    dag = bag.dags["bimonthly_dispatch"]
    assert set(dag.task_ids) == {"make", "agree", "send"}
    agree = dag.get_task("agree")
    assert (agree.options, agree.defaults) == (["同意发送", "不发送"], ["不发送"])
    assert agree.response_timeout is not None
    assert agree.upstream_task_ids == {"make"}
    assert dag.get_task("send").upstream_task_ids == {"agree"}
    shown = [dag.dag_display_name, dag.description, dag.doc_md]
    shown += [task.task_display_name for task in dag.tasks]
    assert all(CHINESE.search(text) for text in shown)


def test_it_runs_in_every_odd_month_about_the_two_before(bag: Any) -> None:
    dag = bag.dags["bimonthly_dispatch"]
    timetable = dag.timetable.serialize()
    assert timetable["timezone"] == "Asia/Shanghai"
    assert timetable["expression"] == "0 9 15 1-11/2 *"
    assert not dag.catchup


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    monkeypatch.setenv("POVERTY_WATCH_HOME", str(tmp_path))
    monkeypatch.setenv("POVERTY_WATCH_TODAY", "2021-05-15")
    monkeypatch.delenv("POVERTY_WATCH_LEDGER_URL", raising=False)
    found: list[tuple[Month, Month]] = []

    def made(first: Month, last: Month, *_: Any) -> Any:
        found.append((first, last))
        return SimpleNamespace(summary="通报", path="x.docx")

    monkeypatch.setattr("poverty_watch.report.dispatch.make_bulletin", made)

    def call(step: Any, *given: Any, **conf: Any) -> Any:
        run = SimpleNamespace(
            dag_id="bimonthly_dispatch", partition_key=None, conf=conf, run_type="manual"
        )
        context = {"dag_run": run, "ti": SimpleNamespace(task_id="a_task")}
        monkeypatch.setattr("airflow.sdk.get_current_context", lambda: context)
        return step(*given)

    call.months = found  # type: ignore[attr-defined]
    return call


def test_a_person_may_name_any_two_months(asked: Any) -> None:
    from county_run import dispatching

    asked(dispatching.make)
    asked(dispatching.make, last="2021-02")
    asked(dispatching.make, first="2020-06", last="2021-02")
    assert [tuple(map(str, months)) for months in asked.months] == [
        ("2021-03", "2021-04"),
        ("2021-01", "2021-02"),
        ("2020-06", "2021-02"),
    ]


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ({"chosen_options": ["不发送"], "responded_by_user": None}, "到期没有人决定"),
        ({"chosen_options": ["同意发送"], "responded_by_user": None}, "到期没有人决定"),
    ],
)
def test_nobodys_word_sends_nothing_and_is_loud(
    asked: Any, answer: dict[str, Any], told: str
) -> None:
    from county_run import dispatching

    with pytest.raises(RuntimeError, match=told):
        asked(dispatching.send, answer)


def test_a_persons_no_sends_nothing(asked: Any) -> None:
    from county_run import dispatching

    answer = {
        "chosen_options": ["不发送"],
        "responded_by_user": {"id": "7", "name": "样例主任"},
        "responded_at": datetime(2021, 5, 15, tzinfo=UTC),
    }
    assert asked(dispatching.send, answer) == "样例主任决定不发送。"
