"""The month first: what a run is called, in which order runs stand, what its note says."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.testclient import TestClient

from month_runs import DayTimetable, MonthFirst, MonthNote, MonthTimetable

TRIGGER = "/api/v2/dags/{}/dagRuns"
CLOCK = {"timezone": "Asia/Shanghai", "run_offset": -1, "key_format": "%Y-%m"}


@pytest.fixture
def timetable() -> MonthTimetable:
    return MonthTimetable("0 8 1 * *", **CLOCK)


def test_a_run_is_called_after_its_month(timetable: MonthTimetable) -> None:
    from airflow.utils.types import DagRunType

    when = datetime(2021, 5, 1, tzinfo=UTC)
    for kind in (DagRunType.SCHEDULED, DagRunType.BACKFILL_JOB):
        name = timetable.generate_run_id(
            run_type=kind, run_after=when, data_interval=None, partition_key="2021-04"
        )
        assert name.startswith(f"2021-04__{kind}__2021-05-01T08:00:00+08:00__")


def test_a_run_of_a_day_is_called_by_the_countys_time() -> None:
    from airflow.utils.types import DagRunType

    name = DayTimetable("30 8 * * *", timezone="Asia/Shanghai").generate_run_id(
        run_type=DagRunType.SCHEDULED,
        run_after=datetime(2021, 5, 8, 0, 30, tzinfo=UTC),
        data_interval=None,
    )
    assert name == "scheduled__2021-05-08T08:30:00+08:00"


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ({"partition_key": "2021-04"}, "2021-04__manual__"),
        ({"partition_key": None, "conf": {"month": "2021-03"}}, "2021-03__manual__"),
        ({"partition_key": "2021-04", "dag_run_id": "重跑一次"}, "重跑一次"),
    ],
)
def test_a_triggered_run_is_called_after_its_month_unless_somebody_named_it(
    page: TestClient, asked: dict[str, Any], name: str
) -> None:
    sent = {"logical_date": None, "note": "汉字", **asked}
    taken = page.post(TRIGGER.format("monthly_monitoring"), json=sent).json()
    assert taken.pop("dag_run_id").startswith(name)
    assert taken == {key: value for key, value in sent.items() if key != "dag_run_id"}


def test_everything_else_that_is_sent_stays_as_it_is(page: TestClient) -> None:
    for content in (b'{"conf": {"month": "x"}}', b"not JSON", b"[1]", b'{"conf": 5}', b""):
        assert page.post(TRIGGER.format("monthly_monitoring"), content=content).content == content
    content = b'{"partition_key": "2021-04"}'
    assert page.post(TRIGGER.format("verification_desk"), content=content).content == content


@pytest.fixture
def page() -> TestClient:
    """A page that answers with what it was sent."""

    async def answer(request: Request) -> Response:
        return Response(await request.body())

    app = Starlette(routes=[Route(TRIGGER.format("{dag}"), answer, methods=["POST"])])
    app.add_middleware(MonthFirst)
    return TestClient(app)


def test_airflow_takes_the_name(timetable: MonthTimetable) -> None:
    from airflow.models.dagrun import DagRun
    from airflow.utils.types import DagRunType

    name = timetable.generate_run_id(
        run_type=DagRunType.BACKFILL_JOB,
        run_after=datetime(2021, 5, 1, tzinfo=UTC),
        data_interval=None,
        partition_key="2021-04",
    )
    assert DagRun(dag_id="monthly_monitoring", run_id=name).run_id == name


def test_backfilled_months_stand_where_their_scheduled_runs_would(
    timetable: MonthTimetable,
) -> None:
    infos = list(
        timetable.iter_partition_dagrun_infos(
            earliest=datetime(2020, 12, 1, tzinfo=UTC), latest=datetime(2021, 2, 28, tzinfo=UTC)
        )
    )
    assert [info.partition_key for info in infos] == ["2020-12", "2021-01", "2021-02"]
    eight = [(i.run_after.in_timezone("Asia/Shanghai").isoformat()[:16]) for i in infos]
    assert eight == ["2021-01-01T08:00", "2021-02-01T08:00", "2021-03-01T08:00"]


def test_the_timetable_is_the_months_and_survives_airflows_database(
    monthly: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow import plugins_manager
    from airflow.serialization.decoders import decode_timetable
    from airflow.serialization.encoders import encode_timetable

    monkeypatch.setattr(
        plugins_manager,
        "get_timetables_plugins",
        lambda: {"month_runs.MonthTimetable": MonthTimetable},
    )
    again = decode_timetable(encode_timetable(monthly.timetable))
    assert isinstance(again, MonthTimetable)
    assert again.serialize() == monthly.timetable.serialize()


@pytest.mark.parametrize(
    ("run", "note"),
    [
        ({"partition_key": "2021-04", "run_type": "backfill"}, "2021年4月 · 补算"),
        ({"partition_key": "2021-04", "run_type": "scheduled"}, "2021年4月"),
        (
            {"conf": {"month": "2021-03", "draft": True}, "run_type": "manual"},
            "2021年3月 · 草稿",
        ),
        ({"conf": {"month": "三月"}, "run_type": "manual"}, None),
        ({"partition_key": "2021-04", "run_type": "manual", "note": "看过"}, "看过"),
        ({"dag_id": "verification_desk", "run_type": "scheduled"}, None),
    ],
)
def test_the_note_says_the_month_unless_somebody_wrote_one(
    run: dict[str, Any], note: str | None
) -> None:
    given = SimpleNamespace(
        **(
            {"dag_id": "monthly_monitoring", "partition_key": None, "conf": None, "note": None}
            | run
        )
    )
    MonthNote().on_dag_run_running(given, "started")
    assert given.note == note


@pytest.mark.parametrize(
    ("argv", "executor", "loads"),
    [
        (["airflow", "scheduler"], "LocalExecutor", True),
        (["airflow", "scheduler"], "CeleryExecutor", False),
        (["airflow", "api-server"], "LocalExecutor", False),
        (["airflow", "tasks", "scheduler"], "LocalExecutor", False),
    ],
)
def test_only_a_scheduler_that_forks_its_steps_loads_libraries_for_them(
    monkeypatch: pytest.MonkeyPatch, argv: list[str], executor: str, loads: bool
) -> None:
    import month_runs

    loaded: list[str] = []
    monkeypatch.setattr("sys.argv", argv)
    monkeypatch.setattr(month_runs, "import_module", loaded.append)
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", executor)
    month_runs.WarmStart().on_starting(component=object())
    assert ("great_expectations" in loaded) is loads
    # The project's own code is read by each step anew.
    assert not [name for name in loaded if name.startswith(("poverty_watch", "county_run"))]


def test_what_is_loaded_beforehand_is_there() -> None:
    from importlib.util import find_spec

    import month_runs

    assert [name for name in month_runs._LIBRARIES if find_spec(name) is None] == []
