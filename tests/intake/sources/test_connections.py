"""Departments with a source get their connection from Airflow; a failing one stops nobody else."""

from __future__ import annotations

import json
from functools import partialmethod
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import NullPool, create_engine, text

from poverty_watch.intake.sources import DatabaseSource, HttpSource, Patience, SftpSource
from tests.dags.conftest import DAGS  # where Airflow is told where it lives
from tests.intake.conftest import csv_bytes, number
from tests.intake.sources.conftest import CONNECTION, Clinic
from tests.intake.sources.servers import PASSWORD, USER, HttpServer, SftpServer, unused_port

VARIABLE = f"AIRFLOW_CONN_{CONNECTION.upper()}"
HEADER = ["姓名", "身份证号", "病种", "确诊日期"]
ROW = ["样例甲", number(serial=1), "尿毒症", "2021-04-03"]


class Run:
    """Calls the steps of the clinic as Airflow would."""

    def __init__(self, clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
        assert DAGS.is_dir()
        from county_run import connections
        from poverty_watch import contracts

        self.clinic, self._monkeypatch = clinic, monkeypatch
        settings = clinic.office.settings
        monkeypatch.setenv("POVERTY_WATCH_HOME", str(settings.home))
        monkeypatch.setenv("POVERTY_WATCH_INBOX", str(settings.inbox))
        monkeypatch.setenv("POVERTY_WATCH_LEDGER_URL", settings.ledger_url)
        for where in (connections, contracts):
            monkeypatch.setattr(where, "load_catalogue", lambda: clinic.catalogue)
        quick = Patience(attempts=2, first_wait=0.01, silence=2.0, whole=5.0)
        for source in (SftpSource, HttpSource, DatabaseSource):
            less: dict[str, Any] = {"patience": quick}
            if source is SftpSource:
                less["steady_for"] = 0.01
            monkeypatch.setattr(source, "__init__", partialmethod(source.__init__, **less))

    def connection(self, **parts: Any) -> None:
        self._monkeypatch.setenv(VARIABLE, json.dumps(parts))

    def __call__(self, name: str, *given: Any, **conf: Any) -> Any:
        from county_run import steps

        run = SimpleNamespace(partition_key="2021-04", conf=conf, run_type="manual")
        context = {"dag_run": run, "ti": SimpleNamespace(task_id="a_task")}
        self._monkeypatch.setattr("airflow.sdk.get_current_context", lambda: context)
        return getattr(steps, name)("clinic", *given)

    def through(self) -> str:
        """Fetch, validate, settle; the status of 大病."""
        said = [self("fetch"), self("validate")]
        self("settle", said)
        return self.clinic.verdict().status


@pytest.fixture
def run(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> Run:
    return Run(clinic, monkeypatch)


def sftp_connection(sftp: SftpServer, **other: Any) -> dict[str, Any]:
    return {
        "conn_type": "sftp",
        "host": "127.0.0.1",
        "port": sftp.port,
        "login": USER,
        "password": PASSWORD,
        "extra": {"host_key": sftp.host_key},
    } | other


def test_files_arrive_from_sftp_with_the_connection_that_airflow_has(
    run: Run, sftp: SftpServer
) -> None:
    run.clinic.arrives(way="sftp", connection=CONNECTION)
    run.connection(**sftp_connection(sftp))
    path = sftp.root / "2021-04" / "clinic" / "大病.csv"
    path.write_bytes(csv_bytes([HEADER, ROW]))
    assert run.through() == "accepted"


def test_a_server_that_airflow_does_not_know_the_key_of_is_not_trusted(
    run: Run, sftp: SftpServer
) -> None:
    run.clinic.arrives(way="sftp", connection=CONNECTION)
    run.connection(**sftp_connection(sftp, extra={}))
    with pytest.raises(RuntimeError, match="host_key"):
        run("fetch")


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_rows_arrive_from_a_database_with_the_connection_that_airflow_has(
    database: str, run: Run, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    clinic = run.clinic
    select = "SELECT '{}' AS 姓名, '{}' AS 身份证号, '{}' AS 病种, '{}' AS 确诊日期".format(*ROW)
    clinic.query("major_illness", "SELECT * FROM clinic_view WHERE 确诊日期 >= :month_first_day")
    clinic.query("deaths", "SELECT 姓名, 身份证号 FROM clinic_view WHERE 1 = 0")
    clinic.arrives(way="database", connection=CONNECTION)
    if database == "sqlite":
        url = f"sqlite:///{tmp_path}/clinic.sqlite"
        run.connection(
            conn_type="generic",
            schema=f"{tmp_path}/clinic.sqlite",
            extra={"drivername": "sqlite"},
        )
    else:
        url = request.getfixturevalue("postgres")
        select = select.replace(f"'{ROW[3]}'", f"DATE '{ROW[3]}'")
        parts = create_engine(url).url
        run.connection(
            conn_type="postgres",
            host=parts.host or parts.query.get("host"),
            port=parts.port,
            login=parts.username,
            password=parts.password,
            schema=parts.database,
        )
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text(f"CREATE VIEW clinic_view AS {select}"))
    try:
        assert run.through() == "accepted"
    finally:
        with engine.begin() as connection:
            connection.execute(text("DROP VIEW clinic_view"))


def test_rows_arrive_over_http_with_the_connection_that_airflow_has(
    run: Run, http: HttpServer
) -> None:
    datasets = {name: {"path": f"/{name}"} for name in ("major_illness", "deaths")}
    run.clinic.arrives(way="http", connection=CONNECTION, datasets=datasets)
    host, port = http.url.removeprefix("http://").split(":")
    run.connection(
        conn_type="http",
        host=host,
        port=int(port),
        login=USER,
        password=PASSWORD,
        extra={"X-Api-Key": "key-of-the-county"},
    )
    rows = [dict(zip(HEADER, ROW, strict=True))]
    http.answer = lambda path, query: (200, rows if path == "/major_illness" else [])
    assert run.through() == "accepted"
    assert http.headers[0]["X-Api-Key"] == "key-of-the-county"
    assert http.headers[0]["Authorization"].startswith("Basic ")


def test_a_connection_that_does_not_exist_is_named_with_what_to_do(run: Run) -> None:
    run.clinic.arrives(way="sftp", connection=CONNECTION)
    with pytest.raises(RuntimeError) as caught:
        run("fetch")
    for part in ("样例卫生院", "SFTP", CONNECTION, "还没有建立", VARIABLE):
        assert part in str(caught.value)


@pytest.mark.parametrize(
    ("arrives", "parts"),
    [
        ({"way": "sftp"}, {"conn_type": "sftp", "extra": {"private_key": PASSWORD}}),
        ({"way": "database"}, {"conn_type": "no_such_kind"}),
        ({"way": "database"}, {"conn_type": "generic", "extra": {"drivername": "no_such"}}),
        ({"way": "http", "datasets": {}}, {"conn_type": "http", "host": "127.0.0.1"}),
    ],
)
def test_neither_log_nor_error_repeats_a_secret(
    arrives: dict[str, Any],
    parts: dict[str, Any],
    run: Run,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("DEBUG")
    clinic = run.clinic
    if arrives["way"] == "database":
        clinic.query("major_illness", "SELECT 1")
        clinic.query("deaths", "SELECT 1")
    if "datasets" in arrives:
        names = ("major_illness", "deaths")
        arrives = arrives | {"datasets": {name: {"path": "/"} for name in names}}
    clinic.arrives(connection=CONNECTION, **arrives)
    run.connection(
        **{"host": "127.0.0.1", "port": unused_port(), "login": USER, "password": PASSWORD} | parts
    )
    with pytest.raises(RuntimeError) as caught:
        run("fetch")
    assert CONNECTION in str(caught.value)
    assert PASSWORD not in str(caught.value) + caplog.text


def test_a_source_that_is_down_is_waited_for_until_the_cut_off(
    run: Run, sftp: SftpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    run.clinic.arrives(way="sftp", connection=CONNECTION)
    run.connection(**sftp_connection(sftp, port=unused_port()))
    monkeypatch.setenv("POVERTY_WATCH_TODAY", "2021-05-03")
    assert not run("is_delivered_or_due")
    monkeypatch.setenv("POVERTY_WATCH_TODAY", "2021-05-06")
    assert run("is_delivered_or_due")
    with pytest.raises(RuntimeError, match="请检查网络"):
        run("fetch")
    run("settle", [None, None])
    assert run.clinic.verdict().status == "error"
