"""The engine: relations over files and tables, bound parameters, errors that name the text."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from poverty_watch.engine import (
    DuckEngine,
    EngineError,
    ParquetPart,
    Rows,
    Text,
    counting,
    relations_of,
    spark_text,
)

SHAPE = pa.schema([("person_id", pa.int64()), ("name", pa.string())])


@pytest.fixture
def engine() -> Iterator[DuckEngine]:
    with DuckEngine.opened(threads=1) as opened:
        yield opened


def _file(path: Path, **columns: list[object]) -> Path:
    pq.write_table(pa.table(columns), path)
    return path


def test_files_of_several_months_become_one_relation(engine: DuckEngine, tmp_path: Path) -> None:
    march = _file(tmp_path / "march.parquet", person_id=[1], name=["样本甲"])
    april = _file(tmp_path / "april.parquet", person_id=[2], name=["样本乙"])
    parts = (ParquetPart(march, "2021-03"), ParquetPart(april, "2021-04"))
    engine.attach("history", Rows(SHAPE, parts, has_month=True))

    found = engine.run("select month, person_id from history order by month", {})

    assert found.to_pylist() == [
        {"month": "2021-03", "person_id": 1},
        {"month": "2021-04", "person_id": 2},
    ]


def test_a_column_that_an_older_file_lacks_is_null_there(
    engine: DuckEngine, tmp_path: Path
) -> None:
    old = _file(tmp_path / "old.parquet", person_id=[1])
    new = _file(tmp_path / "new.parquet", person_id=[2], name=["样本乙"])
    engine.attach("people", Rows(SHAPE, (ParquetPart(old), ParquetPart(new))))

    found = engine.run("select person_id, name from people order by person_id", {})

    assert found.column("name").to_pylist() == [None, "样本乙"]


def test_rows_of_several_datasets_say_which(engine: DuckEngine, tmp_path: Path) -> None:
    """Only the columns that they have in common are read, whatever else a file holds."""
    shape = pa.schema([("person_id", pa.int64()), ("name", pa.string())])
    deaths = _file(tmp_path / "d.parquet", person_id=[1], name=["样本甲"], value=[date(2021, 4, 1)])
    payroll = _file(tmp_path / "p.parquet", person_id=[2], value=["教师"])
    parts = (ParquetPart(deaths, dataset="deaths"), ParquetPart(payroll, dataset="payroll"))
    engine.attach("all_rows", Rows(shape, parts, has_dataset=True))

    found = engine.run("select * from all_rows order by person_id", {})

    assert found.to_pylist() == [
        {"person_id": 1, "name": "样本甲", "dataset": "deaths"},
        {"person_id": 2, "name": None, "dataset": "payroll"},
    ]


def test_a_relation_without_files_is_empty_and_typed(engine: DuckEngine) -> None:
    shape = pa.schema(
        [("day", pa.date32()), ("amount", pa.decimal128(18, 4)), ("is_late", pa.bool_())]
    )
    engine.attach("nothing", Rows(shape, has_month=True))

    found = engine.run("select day, amount, is_late, month from nothing", {})

    assert found.num_rows == 0
    assert found.schema.types == [pa.date32(), pa.decimal128(18, 4), pa.bool_(), pa.string()]


def test_only_the_parameters_that_a_text_uses_are_bound(engine: DuckEngine) -> None:
    given = {"line": Decimal("0.3"), "month_end": date(2021, 4, 30), "unused": 1}

    found = engine.run("select $line as line, $month_end as month_end", given)

    assert found.to_pylist() == [{"line": Decimal("0.3"), "month_end": date(2021, 4, 30)}]


def test_kept_rows_are_read_by_later_texts_and_saved(engine: DuckEngine, tmp_path: Path) -> None:
    engine.attach("bills", pa.table({"person_id": [1, 2, 3], "own": [5, 6, 7]}))

    rows = engine.keep(
        {
            "heavy": Text("select * from bills where own >= $line", {"line": 6}),
            "light": Text("select * from bills where own < $line", {"line": 6}),
        }
    )
    engine.save({"heavy": tmp_path / "heavy.parquet"})

    assert rows == {"heavy": 2, "light": 1}
    assert engine.run("select sum(own) as own from heavy", {}).to_pylist() == [{"own": 13}]
    assert sorted(pq.read_table(tmp_path / "heavy.parquet").column("own").to_pylist()) == [6, 7]


def test_texts_run_side_by_side_and_answer_in_their_order() -> None:
    with DuckEngine.opened(threads=2) as engine:
        engine.attach("bills", pa.table({"own": [5, 6, 7]}))
        texts = [
            Text("select count(*) as n from bills where own >= $line", {"line": line})
            for line in range(4, 9)
        ]

        found = engine.run_all(texts)

    assert [table.column("n").to_pylist() for table in found] == [[3], [3], [2], [1], [0]]


def test_of_several_texts_the_wrong_one_is_named() -> None:
    with DuckEngine.opened(threads=2) as engine:
        engine.attach("bills", pa.table({"own": [5]}))
        texts = [
            Text("select own from bills", name="W01.sql"),
            Text("select no from bills", name="W02.sql"),
        ]
        with pytest.raises(EngineError, match=r"W02\.sql: .*no"):
            engine.run_all(texts)


def test_rows_are_kept_anew(engine: DuckEngine) -> None:
    engine.attach("heavy", pa.table({"x": [1]}))
    for x in (2, 3):
        engine.keep({"heavy": Text("select $x as x", {"x": x})})
        assert engine.run("select x from heavy", {}).column("x").to_pylist() == [x]


def test_a_missing_parameter_is_named(engine: DuckEngine) -> None:
    with pytest.raises(EngineError, match=r"W01\.sql: no parameter line"):
        engine.run("select $line as line", {}, name="W01.sql")


def test_a_missing_relation_is_named(engine: DuckEngine) -> None:
    with pytest.raises(EngineError, match="no relation deaths"):
        engine.run("select * from deaths", {})


def test_a_variable_of_the_program_is_no_relation(engine: DuckEngine) -> None:
    secrets = pa.table({"x": [1]})
    assert secrets.num_rows == 1
    with pytest.raises(EngineError, match="no relation secrets"):
        engine.run("select * from secrets", {})


def test_a_relation_that_is_attached_anew_replaces_the_old_one(
    engine: DuckEngine, tmp_path: Path
) -> None:
    shape = pa.schema([("x", pa.int64())])
    path = _file(tmp_path / "x.parquet", x=[3])
    seen = []
    for relation in (pa.table({"x": [1]}), pa.table({"x": [2]}), Rows(shape, (ParquetPart(path),))):
        engine.attach("numbers", relation)
        seen.append(engine.run("select x from numbers", {}).column("x").to_pylist())
    engine.attach("numbers", pa.table({"x": [4]}))
    seen.append(engine.run("select x from numbers", {}).column("x").to_pylist())

    assert seen == [[1], [2], [3], [4]]


def test_a_value_is_never_pasted_into_the_text(engine: DuckEngine) -> None:
    engine.attach("names", pa.table({"name": ["样本"]}))

    found = engine.run("select name from names where name = $name", {"name": "' or 1=1 --"})

    assert found.num_rows == 0


def test_the_relations_of_a_text_are_not_its_own_ctes() -> None:
    sql = "with deaths as (select * from vehicles) select * from deaths join members using (id)"
    assert relations_of(sql) == {"vehicles", "members"}


@pytest.mark.parametrize(("grade", "rows"), [("C", 2), ("D", 0)])
def test_a_counting_text_counts_a_cte_beside_its_own_rows(
    engine: DuckEngine, grade: str, rows: int
) -> None:
    engine.attach("houses", pa.table({"household_id": ["a", "a", "b"], "grade": ["A", "C", "C"]}))
    sql = """
    /* select nothing ( */
    with eligible as (select * from houses where grade >= $least), -- not ) select this
    bad as (select * from eligible where grade = $grade)
    select household_id, ') select (' as detail from bad
    """
    text = counting(sql, "eligible", ("household_id",))

    found = engine.run(text, {"least": "A", "grade": grade}).to_pylist()

    assert {(row["n_rows"], row["n_household_id"]) for row in found} == {(3, 2)}
    assert sum(row["is_row"] is True for row in found) == rows


def test_counting_a_cte_that_is_not_there_fails() -> None:
    with pytest.raises(ValueError, match="no CTE eligible"):
        counting("select 1 as x", "eligible", ())


def test_bound_parameters_reach_spark() -> None:
    assert ":line" in spark_text("select * from bills where own_payment >= $line")
