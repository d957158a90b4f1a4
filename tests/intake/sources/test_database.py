from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, NullPool, create_engine, make_url, text

from poverty_watch.intake import SourceError, delivered
from poverty_watch.intake.sources import DatabaseSource
from tests.intake.conftest import APRIL, number
from tests.intake.sources.conftest import CONNECTION, IMPATIENT, Clinic
from tests.intake.sources.servers import PASSWORD, unused_port

ILLNESS = """
SELECT xm AS 姓名, sfzh AS person_id, bz AS 病种, qzrq AS 确诊日期, remark FROM clinic_illness
WHERE qzrq BETWEEN :month_first_day AND :month_last_day
"""
DEATHS = (
    "SELECT xm AS 姓名, sfzh AS 身份证号, swrq AS 死亡日期, zxrq AS 注销日期 FROM clinic_deaths"
)


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """The department's own database."""
    url = (
        f"sqlite:///{tmp_path}/clinic.sqlite"
        if request.param == "sqlite"
        else request.getfixturevalue("postgres")
    )
    engine = create_engine(url, poolclass=NullPool)
    tables = ("clinic_illness", "clinic_deaths")
    with engine.begin() as connection:
        for table in tables:
            connection.execute(text(f"DROP TABLE IF EXISTS {table}"))
        connection.execute(
            text(
                "CREATE TABLE clinic_illness (xm TEXT, sfzh TEXT, bz TEXT, qzrq DATE, remark TEXT)"
            )
        )
        connection.execute(
            text("CREATE TABLE clinic_deaths (xm TEXT, sfzh TEXT, swrq DATE, zxrq DATE)")
        )
    yield engine
    with engine.begin() as connection:
        for table in tables:
            connection.execute(text(f"DROP TABLE {table}"))


Add = Callable[..., None]


@pytest.fixture
def add(engine: Engine) -> Add:
    def add(*rows: tuple[str, str, str, str]) -> None:
        with engine.begin() as connection:
            for row in rows:
                connection.execute(
                    text("INSERT INTO clinic_illness VALUES (:a, :b, :c, :d, '家庭住址')"),
                    dict(zip("abcd", row, strict=True)),
                )

    return add


@pytest.fixture
def source(engine: Engine, clinic: Clinic) -> DatabaseSource:
    clinic.query("major_illness", ILLNESS)
    clinic.query("deaths", DEATHS)
    clinic.arrives(way="database", connection=CONNECTION)
    return DatabaseSource(CONNECTION, engine, IMPATIENT)


FIRST = ("样例甲", number(serial=1), "尿毒症", "2021-04-01")
LAST = ("样例乙", number(serial=2), "白血病;\n急性|重", "2021-04-30")
OUTSIDE = ("样例丙", number(serial=3), "白血病", "2021-05-01")


def test_the_months_rows_are_taken_in(clinic: Clinic, source: DatabaseSource, add: Add) -> None:
    add(FIRST, LAST, OUTSIDE)
    clinic.take_in(source)
    verdict = clinic.verdict()
    assert verdict.status == "accepted"
    assert verdict.accepted is not None
    assert sorted(verdict.accepted["name"].to_pylist()) == ["样例乙", "样例甲"]
    assert "白血病; 急性|重" in verdict.accepted["illness"].to_pylist()
    assert set(verdict.accepted["source_file"].to_pylist()) == {"大病_2021-04_取数.csv"}
    assert clinic.verdict("deaths").status == "nil"


def test_only_columns_of_the_contract_leave_the_database(
    clinic: Clinic, source: DatabaseSource, add: Add
) -> None:
    add(FIRST)
    clinic.take_in(source)
    kept = (clinic.spool / "大病_2021-04_取数.csv").read_text(encoding="utf-8")
    assert kept.splitlines()[0] == "姓名,身份证号,病种,确诊日期"
    assert "家庭住址" not in kept


def test_unchanged_rows_in_another_order_make_no_new_version(
    clinic: Clinic, source: DatabaseSource, add: Add
) -> None:
    add(FIRST, LAST)
    clinic.take_in(source)
    clinic.query("major_illness", ILLNESS + " ORDER BY xm DESC")
    assert "新到0个" in clinic.take_in(source)
    clinic.query("major_illness", ILLNESS + " ORDER BY xm")
    assert "新到0个" in clinic.take_in(source)
    add(("样例丁", number(serial=4), "肺癌", "2021-04-20"))
    assert "新到1个" in clinic.take_in(source)
    delivery = clinic.verdict().delivery
    assert delivery is not None
    assert (delivery.version, delivery.data_rows) == (2, 3)


def test_rows_that_become_again_what_they_were_are_in_force_again(
    clinic: Clinic, source: DatabaseSource, add: Add, engine: Engine
) -> None:
    add(FIRST)
    clinic.take_in(source)
    add(LAST)
    clinic.take_in(source)
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM clinic_illness WHERE xm = '样例乙'"))
    for expected in ("新到1个", "新到0个"):
        assert expected in clinic.take_in(source)
        delivery = clinic.verdict().delivery
        assert delivery is not None
        assert (delivery.version, delivery.data_rows) == (1, 1)


def test_rows_that_vanish_altogether_are_not_believed(
    clinic: Clinic, source: DatabaseSource, add: Add, engine: Engine
) -> None:
    add(FIRST)
    clinic.take_in(source)
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM clinic_illness"))
    with pytest.raises(SourceError, match="这次一行也没有"):
        clinic.take_in(source)
    assert clinic.verdict().status == "accepted"


def test_the_database_is_only_read(clinic: Clinic, source: DatabaseSource, add: Add) -> None:
    add(FIRST)
    for query in ("DELETE FROM clinic_illness", "DELETE FROM clinic_illness RETURNING xm AS 姓名"):
        clinic.query("deaths", query)
        with pytest.raises(SourceError, match="死亡注销"):
            clinic.take_in(source)
    clinic.query("deaths", DEATHS)
    clinic.take_in(source)
    assert clinic.verdict().status == "accepted"


def test_an_error_in_a_query_names_the_dataset_and_quotes_the_database(
    clinic: Clinic, source: DatabaseSource
) -> None:
    clinic.query("deaths", "SELECT no_such_column FROM clinic_deaths")
    with pytest.raises(SourceError) as caught:
        clinic.take_in(source)
    for part in ("样例卫生院", "数据库", CONNECTION, "死亡注销", "no_such_column"):
        assert part in str(caught.value)


def test_an_unknown_parameter_is_named(clinic: Clinic, source: DatabaseSource) -> None:
    clinic.query("deaths", DEATHS + " WHERE swrq > :since")
    with pytest.raises(SourceError, match=":since"):
        clinic.take_in(source)


def test_a_result_without_a_known_column_is_refused(clinic: Clinic, source: DatabaseSource) -> None:
    clinic.query("deaths", "SELECT xm AS a FROM clinic_deaths")
    with pytest.raises(SourceError, match="没有一列认得"):
        clinic.take_in(source)


def test_a_query_that_takes_too_long_is_stopped(clinic: Clinic, source: DatabaseSource) -> None:
    endless = (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000000000)"
        " SELECT count(*) AS 姓名 FROM n"
    )
    clinic.query("deaths", endless)
    with pytest.raises(SourceError, match="用时过长"):
        clinic.take_in(replace(source, patience=replace(IMPATIENT, whole=0.3)))


def test_a_database_that_comes_back_is_asked_again(
    clinic: Clinic, source: DatabaseSource, add: Add, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sqlalchemy.exc import OperationalError

    add(FIRST)
    connect = Engine.connect
    failures = [OperationalError("connect", {}, Exception("server closed the connection"))] * 2

    def shaky(engine: Engine) -> Any:
        if engine is source.engine and failures:
            raise failures.pop()
        return connect(engine)

    monkeypatch.setattr(Engine, "connect", shaky)
    clinic.take_in(source)
    assert clinic.verdict().status == "accepted"


def test_waiting_goes_on_while_a_dataset_has_no_row(
    clinic: Clinic, source: DatabaseSource, add: Add, engine: Engine
) -> None:
    add(FIRST)
    settings = clinic.office.settings
    assert not delivered("clinic", APRIL, settings, source)
    with engine.begin() as connection:
        connection.execute(
            text("INSERT INTO clinic_deaths VALUES ('样例丙', '1', '2021-04-01', '2021-04-02')")
        )
    assert delivered("clinic", APRIL, settings, source)


def test_a_recomputed_month_stays_as_it_was_taken(
    clinic: Clinic, source: DatabaseSource, add: Add
) -> None:
    add(FIRST)
    clinic.take_in(source)
    add(LAST)
    # The ledger remembers, whatever became of the spool.
    shutil.rmtree(clinic.spool)
    assert clinic.take_in(source, ask_again=False) == "样例卫生院：0个文件，新到0个"
    assert clinic.verdict().status == "accepted"
    before = clinic.marks()
    assert {item: rows for item, (_, rows) in before.items()} == {"deaths": 0, "major_illness": 1}
    assert "新到" in clinic.take_in(source)
    after = clinic.marks()
    assert after["deaths"] == before["deaths"]
    assert after["major_illness"][1] == 2
    assert after["major_illness"][0] != before["major_illness"][0]


def test_a_number_column_of_identities_loses_no_digits_silently(
    clinic: Clinic, source: DatabaseSource, add: Add
) -> None:
    add(FIRST)
    clinic.query(
        "major_illness",
        f"SELECT xm AS 姓名, {number(serial=1)} AS 身份证号, bz AS 病种, qzrq AS 确诊日期 FROM clinic_illness",
    )
    clinic.take_in(source)
    verdict = clinic.verdict()
    assert [row["fault"] for row in verdict.set_aside] == ["id_lost_digits"]


def test_a_database_that_is_down_is_named_without_its_password(
    clinic: Clinic, caplog: pytest.LogCaptureFixture
) -> None:
    clinic.query("major_illness", ILLNESS)
    clinic.query("deaths", DEATHS)
    clinic.arrives(way="database", connection=CONNECTION)
    url = make_url(f"postgresql+psycopg://county:{PASSWORD}@127.0.0.1:{unused_port()}/clinic")
    source = DatabaseSource(CONNECTION, create_engine(url), IMPATIENT)
    with pytest.raises(SourceError) as caught:
        clinic.take_in(source)
    told = str(caught.value)
    for part in ("样例卫生院", "数据库", CONNECTION, "请检查网络"):
        assert part in told
    assert "没有成功" in caplog.text
    assert PASSWORD not in told + caplog.text + repr(source)
