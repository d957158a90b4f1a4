"""Every SQL file: header, sources, parameters, cases, and that Spark could run it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from poverty_watch.contracts import load_catalogue
from poverty_watch.engine import counting, parse, spark_text
from poverty_watch.screening.definitions import SENDER, SqlFile, load_definitions
from poverty_watch.screening.errors import DefinitionError
from poverty_watch.screening.inputs import OF_ALL_DATASETS, load_registers
from poverty_watch.screening.parameters import load_parameters
from poverty_watch.screening.reference import REFERENCE_TABLES, load_risk_labels
from poverty_watch.settings import SQL

HERE = Path(__file__).parent
DEFINITIONS = load_definitions()
CHECKS = (*DEFINITIONS.comparisons, *DEFINITIONS.rules)
OF_EVERY_MONTH = {"month", "month_start", "month_end", "year_start"}
RULE_COLUMNS = ["household_id", "person_id", "name", "severity", "value", "threshold", "detail"]
SOURCE_COLUMNS = ["source_file", "source_sheet", "source_row"]
COMPARISON_COLUMNS = [
    *("household_id", "person_id", "name", "dataset", "detail"),
    *("value", "source_dataset", *SOURCE_COLUMNS),
    *("other_value", "other_dataset", "other_file", "other_sheet", "other_row"),
]
OPTIONAL_COLUMNS = {
    "rule": {"source_dataset", "risk"},
    "comparison": {"source_month", "other_month", "is_count"},
}
RISKS_OF_ROWS = {"该户主要风险", "各原因的风险"}


def _by_id(files: Any) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("file", files, ids=lambda file: file.id)


def _base(relation: str) -> str:
    return relation.removesuffix("_previous").removesuffix("_history")


def _read_through(table: str) -> set[str]:
    """What a staging table and those below it read; without deaths of the month all run."""
    return {r for staging in DEFINITIONS.needed_for(table) for r in staging.relations}


@_by_id(CHECKS)
def test_a_check_reads_only_what_its_header_names(file: SqlFile[Any]) -> None:
    staged = {staging.id for staging in DEFINITIONS.staging}
    ground = _read_through("persons") | REFERENCE_TABLES.keys()
    through = set().union(*(_read_through(name) for name in file.relations & staged))
    read = {_base(r) for r in (file.relations | through) - staged - ground}
    read -= set(load_registers().registers)

    named = {_base(source) for source in file.header.sources}

    assert read == named - set(load_registers().registers), "the SQL reads the sources named"
    assert named <= {*load_catalogue().contracts, *OF_ALL_DATASETS}
    for source in file.header.sources:
        assert {source, f"{source}_history"} & (file.relations | through), source


@_by_id(CHECKS)
def test_a_check_binds_only_what_its_header_names(file: SqlFile[Any]) -> None:
    parameters = load_parameters()
    offered = set(OF_EVERY_MONTH)
    for name in file.header.parameters:
        assert file.id in parameters[name].used_by, f"{name} does not name {file.id} in used_by"
        value = parameters[name].values[0]
        offered |= {name} if value.value is not None else {f"{name}_t", f"{name}_g"}
        offered.add(f"{name}_note")
    sources = {_base(source) for source in file.header.sources}
    offered |= {f"has_{source}_previous" for source in sources}
    if file.header.one_by_one:
        offered |= {f"has_{source}" for source in sources}

    assert file.binds <= offered
    named = {name for name in file.header.parameters if any(b.startswith(name) for b in file.binds)}
    assert named == set(file.header.parameters), "a parameter in the header is not used"


@_by_id(CHECKS)
def test_a_check_is_verified_by_a_department_that_exists(file: SqlFile[Any]) -> None:
    of_the_dataset = {SENDER} if file in DEFINITIONS.comparisons else set()
    assert file.header.verifies in {*load_catalogue().departments, *of_the_dataset}


@_by_id(DEFINITIONS.rules)
def test_a_rule_warns_of_a_risk_that_exists(file: SqlFile[Any]) -> None:
    if "risk" in parse(file.sql).named_selects:
        assert file.header.risk in RISKS_OF_ROWS
    else:
        assert file.header.risk in set(load_risk_labels().values())


@_by_id(CHECKS)
def test_a_check_gives_the_common_columns(file: SqlFile[Any]) -> None:
    is_rule = file in DEFINITIONS.rules
    common = [*RULE_COLUMNS, *SOURCE_COLUMNS] if is_rule else COMPARISON_COLUMNS
    optional = OPTIONAL_COLUMNS["rule" if is_rule else "comparison"]
    columns = [column for column in parse(file.sql).named_selects if column not in optional]

    assert columns == common
    assert counting(file.sql, "eligible", ()), "one CTE is called eligible"


@_by_id(CHECKS)
def test_a_check_says_what_a_missing_value_means(file: SqlFile[Any]) -> None:
    assert file.header.missing.endswith("。")


@_by_id(DEFINITIONS.rules)
def test_a_rule_is_missed_in_what_it_reads(file: SqlFile[Any]) -> None:
    assert set(file.header.missed_in) <= set(file.header.sources)


@_by_id(CHECKS)
def test_a_check_names_the_cells_that_hold_its_values(file: SqlFile[Any]) -> None:
    """What goes through all datasets finds its values in whichever there are."""
    contracts = load_catalogue().contracts
    assert file.header.cells or file.relations & OF_ALL_DATASETS
    for cell in file.header.cells:
        dataset, _, column = cell.partition(".")
        assert contracts[dataset].column(column), cell
        assert {dataset, f"{dataset}_previous"} & file.relations or dataset in {
            *file.header.sources,
            "monitoring_register",
        }, cell


@_by_id(CHECKS)
def test_a_sentence_can_be_told(file: SqlFile[Any]) -> None:
    told = file.header.sentence.format(
        name="样本", value="1", other_value="3", threshold="2", detail="细节"
    )
    assert told
    assert not told.endswith("。"), "clauses are joined, the full stop comes at the end"


@_by_id(DEFINITIONS.all)
def test_spark_could_run_it(file: SqlFile[Any]) -> None:
    text = spark_text(file.sql)

    assert not re.search(r"\$[a-z]", text)
    for name in file.binds:
        assert f":{name}" in text


@_by_id(DEFINITIONS.all)
def test_a_file_has_cases(file: SqlFile[Any]) -> None:
    cases = [path.parent.name for path in (HERE / file.id).glob("*/expect.yaml")]
    least = 4 if file in DEFINITIONS.rules else 1

    assert len(cases) >= least
    if file in CHECKS and file.header.sources:
        assert any("not_run" in (HERE / file.id / c / "expect.yaml").read_text() for c in cases)


def test_no_case_is_for_a_file_that_does_not_exist() -> None:
    ids = {file.id for file in DEFINITIONS.all}
    assert {path.parent.parent.name for path in HERE.glob("*/*/expect.yaml")} <= ids


def test_staging_tables_come_after_what_they_read() -> None:
    names = [file.id for file in DEFINITIONS.staging]
    for position, file in enumerate(DEFINITIONS.staging):
        assert not file.relations & set(names[position:])


def test_no_sql_asks_for_todays_date() -> None:
    asks = re.compile(r"\b(current_date|now\(\)|today\(\)|current_timestamp)", re.IGNORECASE)
    assert [p.name for p in SQL.rglob("*.sql") if asks.search(p.read_text(encoding="utf-8"))] == []


def test_a_population_that_is_not_there_is_told(tmp_path: Path) -> None:
    good = (SQL / "rules" / "W09_only_house_unsafe.sql").read_text(encoding="utf-8")
    _write(tmp_path, "rules/W09_x.sql", good.replace("population: 所有农村户", "population: 全村"))
    _write(tmp_path, "populations.yaml", '所有农村户: "true"\n坏的: is_poor or or')

    with pytest.raises(DefinitionError) as caught:
        load_definitions(tmp_path)

    assert "W09_x.sql：population：populations.yaml 里没有“全村”" in str(caught.value)
    assert "populations.yaml：坏的" in str(caught.value)


def _write(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def test_all_mistakes_are_listed_at_once(tmp_path: Path) -> None:
    good = (SQL / "rules" / "W09_only_house_unsafe.sql").read_text(encoding="utf-8")
    _write(tmp_path, "rules/W01_no_header.sql", "select 1 as x")
    _write(tmp_path, "rules/W02_wrong_field.sql", good.replace("question:", "frage:"))
    _write(tmp_path, "rules/W03_other_id.sql", good)
    _write(tmp_path, "rules/W04_no_sql.sql", "/*\nid: W04\n*/ selec t")

    with pytest.raises(DefinitionError) as caught:
        load_definitions(tmp_path)

    message = str(caught.value)
    for part in (
        "W01_no_header",
        "question",
        "frage",
        "W03_other_id.sql：文件名应以编号 W09 开头",
        "W04",
    ):
        assert part in message


def test_two_files_may_not_share_an_id(tmp_path: Path) -> None:
    good = (SQL / "rules" / "W09_only_house_unsafe.sql").read_text(encoding="utf-8")
    _write(tmp_path, "rules/W09_one.sql", good)
    _write(tmp_path, "rules/W09_two.sql", good)

    with pytest.raises(DefinitionError, match="编号 W09 有两个文件在用"):
        load_definitions(tmp_path)


def test_tables_that_read_each_other_are_refused(tmp_path: Path) -> None:
    header = "/*\nid: {0}\ntitle: x\nbasis: x\n*/\nselect * from {1}"
    _write(tmp_path, "staging/one.sql", header.format("one", "two"))
    _write(tmp_path, "staging/two.sql", header.format("two", "one"))

    with pytest.raises(DefinitionError, match="one、two 互相引用"):
        load_definitions(tmp_path)


def test_months_are_counted_from_first_to_first() -> None:
    """DuckDB counts the month boundaries crossed, Spark whole months: alike between two firsts."""
    for file in DEFINITIONS.all:
        for start, end in re.findall(r"date_diff\('month', (.*?), (\S+?)\) as", file.sql):
            assert start.startswith("date_trunc('month', "), file.id
            assert end == "$month_start", file.id
