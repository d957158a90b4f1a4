"""The department folders: a person who writes YAML learns of all mistakes at once, in Chinese."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest
import yaml

from poverty_watch.contracts import ContractError, load_catalogue
from poverty_watch.settings import EXPECTATIONS

CARD = "title: 样例局\norder: 1\n"
CONTRACT = dedent(
    """\
    title: 样例数据
    order: 1
    kind: increment
    scope: rural
    sensitivity: general
    legal_basis: 样例依据
    columns:
      - {name: name, header: 姓名, type: name}
      - {name: person_id, header: 身份证号, type: identity}
      - {name: happened_on, header: 日期, type: date, event: true}
    """
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one department and one dataset, without a mistake."""
    department = tmp_path / "expectations" / "sample_office"
    department.mkdir(parents=True)
    (department / "department.yaml").write_text(CARD)
    (department / "sample.contract.yaml").write_text(CONTRACT)
    (department / "sample.suite.json").write_text('{"name": "sample", "expectations": []}')
    return department


def mistakes(folder: Path) -> str:
    with pytest.raises(ContractError) as caught:
        load_catalogue(folder.parent)
    return str(caught.value)


def test_a_new_department_is_a_new_folder_and_nothing_else(folder: Path) -> None:
    catalogue = load_catalogue(folder.parent)
    assert [d.title for d in catalogue.departments.values()] == ["样例局"]
    assert catalogue.department_of("sample").id == "sample_office"
    assert catalogue.contract("sample").identity.header == "身份证号"
    with pytest.raises(KeyError):
        catalogue.contract("nobody_owes_this")


def test_folders_that_are_no_departments_are_passed_over(folder: Path) -> None:
    (folder.parent / ".idea").mkdir()
    (folder.parent / "__pycache__").mkdir()
    assert list(load_catalogue(folder.parent).departments) == ["sample_office"]


def test_all_mistakes_of_a_folder_are_told_at_once(folder: Path) -> None:
    (folder / "department.yaml").write_text("title: 样例局\norder: 第一\n")
    (folder / "sample.contract.yaml").write_text(
        CONTRACT.replace("kind: increment", "kind: weekly").replace("sensitivity", "sensitivty")
    )
    (folder / "other.contract.yaml").write_text("title: [\n")
    told = mistakes(folder)
    for part in (
        "部门目录有误，请逐条改正",
        "sample_office/department.yaml：order",
        "sample_office/sample.contract.yaml：kind",
        "sample_office/sample.contract.yaml：sensitivty",
        "sample_office/sample.contract.yaml：sensitivity",
        "sample_office/other.contract.yaml：不是正确的 YAML",
        "sample_office/other.suite.json：没有这个文件",
    ):
        assert part in told


@pytest.mark.parametrize(
    ("found", "written", "told"),
    [
        ("header: 日期", "header: 姓名", "表头“姓名”重复"),
        ("name: happened_on", "name: name", "列名 name 重复"),
        ("type: identity", "type: text", "必须有且只有一个 identity 列"),
        ("name: person_id", "name: holder_id", "它的 name 写 person_id"),
        ("type: name", "type: text", "必须有且只有一个 name 列"),
        ("type: date, event: true", "type: text, event: true", "只用于 date 列"),
        ("type: date, event: true", "type: choice", "要有 values"),
        (", event: true", "", None),
    ],
)
def test_a_contract_must_make_sense(
    folder: Path, found: str, written: str, told: str | None
) -> None:
    path = folder / "sample.contract.yaml"
    path.write_text(path.read_text().replace(found, written))
    if told is None:
        load_catalogue(folder.parent)
    else:
        assert told in mistakes(folder)


def test_repeats_cannot_be_told_without_an_event_date(folder: Path) -> None:
    path = folder / "sample.contract.yaml"
    path.write_text(path.read_text().replace(", event: true", "") + "repeated_by_event: true\n")
    assert "必须有一个 event 列" in mistakes(folder)


def test_an_accounting_identity_names_columns_that_exist(folder: Path) -> None:
    with (folder / "sample.contract.yaml").open("a") as stream:
        stream.write("sums: [{total: cost, parts: [paid]}]\n")
    told = mistakes(folder)
    assert "没有的列 cost" in told
    assert "没有的列 paid" in told


def test_mistakes_of_a_suite_are_told_with_those_of_the_contract(folder: Path) -> None:
    (folder / "department.yaml").write_text(
        CARD + "calendar: {due_day: 8, closing_day: 5}\nrecipients: []\n"
    )
    rule = {"type": "expect_column_values_to_not_be_null", "severity": "critical"}
    rules = [
        rule | {"kwargs": {"column": "name"}, "meta": {"fault": "name"}},
        rule | {"kwargs": {"column": "nmae"}, "meta": {"fault": "name"}},
        rule | {"kwargs": {"column": "is_repeated"}, "meta": {"fault": "repeated"}},
        {"type": "not null", "severity": "fatal"},
    ]
    (folder / "sample.suite.json").write_text(json.dumps({"name": "s", "expectations": rules}))
    told = mistakes(folder)
    for part in (
        "department.yaml：calendar",
        "closing_day 不能早于 due_day",
        "department.yaml：recipients",
        "sample.suite.json：第2条：kwargs → column：没有列“nmae”",
        "sample.suite.json：第3条：kwargs → column：没有列“is_repeated”",
        "sample.suite.json：第4条：type：“not null”不是规则名称",
        "sample.suite.json：第4条：severity",
        "sample.suite.json：第4条：meta",
    ):
        assert part in told
    assert "第1条" not in told
    (folder / "sample.suite.json").write_text('{"name": ')
    assert "sample.suite.json：不是正确的 JSON" in mistakes(folder)


def test_names_that_airflow_and_sql_cannot_use_are_refused(folder: Path) -> None:
    shutil.copytree(folder, folder.with_name("Sample-Office"))
    told = mistakes(folder)
    assert "Sample-Office：文件夹名只能用小写字母" in told
    assert "名称“样例局”有两个部门在用" in told
    assert "order：1 有两个部门在用" in told


def test_two_departments_cannot_owe_the_same_dataset(folder: Path) -> None:
    twin = folder.with_name("twin_office")
    shutil.copytree(folder, twin)
    told = mistakes(folder)
    assert "sample_office 已经有同名数据集" in told
    assert "名称“样例数据”有两个数据集在用" in told


def shipped() -> Iterator[Path]:
    return EXPECTATIONS.glob("*/*.contract.yaml")


def test_the_shipped_departments_load_whole() -> None:
    catalogue = load_catalogue()
    loaded = {f"{d.id}/{name}" for d in catalogue.departments.values() for name in d.contracts}
    assert loaded == {
        f"{path.parent.name}/{path.name.removesuffix('.contract.yaml')}" for path in shipped()
    }
    orders = [
        contract.order for d in catalogue.departments.values() for contract in d.contracts.values()
    ]
    assert len(set(orders)) == len(orders)


def test_shipped_headers_are_unambiguous_in_the_form_they_are_compared_in() -> None:
    """Headers are compared after NFKC without blanks: none may collide then."""
    import unicodedata

    for path in shipped():
        columns = yaml.safe_load(path.read_text(encoding="utf-8"))["columns"]
        spellings = [h for c in columns for h in (c["header"], *c.get("aliases", []))]
        plain = ["".join(unicodedata.normalize("NFKC", text).split()) for text in spellings]
        assert len(set(plain)) == len(plain), path.name


def test_great_expectations_loads_every_expectation_that_is_written() -> None:
    """It drops a misspelt type without an error: what is loaded must be what is written."""
    import great_expectations as gx
    from great_expectations.expectations.registry import list_registered_expectation_implementations

    known = set(list_registered_expectation_implementations())
    suites = sorted(EXPECTATIONS.glob("*/*.suite.json"))
    assert len(suites) == len(list(shipped()))
    for path in suites:
        content = json.loads(path.read_text(encoding="utf-8"))
        written = content["expectations"]
        assert {e["type"] for e in written} <= known, path.name
        suite = gx.ExpectationSuite(name=content["name"], expectations=written)
        assert len(suite.expectations) == len(written) > 0, path.name


def test_suites_speak_only_of_columns_faults_and_queries_that_exist() -> None:
    reference = EXPECTATIONS.parent / "include" / "reference"
    faults = yaml.safe_load((reference / "faults.yaml").read_text(encoding="utf-8"))
    queries = yaml.safe_load((reference / "queries.yaml").read_text(encoding="utf-8"))
    assert not set(faults) & set(queries)
    catalogue = load_catalogue()
    for department in catalogue.departments.values():
        for dataset, contract in department.contracts.items():
            columns = {column.name for column in contract.columns}
            identity = f"{contract.identity.name}_fault"
            columns |= {identity, "is_duplicate", "is_repeated"}
            columns |= {f"{identity.total}_gap" for identity in contract.sums}
            written = json.loads(department.suite_path(dataset).read_text(encoding="utf-8"))
            for expectation in written["expectations"]:
                kwargs = expectation["kwargs"]
                named = {kwargs[k] for k in ("column", "column_A", "column_B") if k in kwargs}
                assert named, dataset
                assert named <= columns, dataset
                if expectation["severity"] != "critical":  # keeps the rows
                    assert expectation["meta"]["query"] in queries, dataset
                elif identity in named:  # the very reason is in the column
                    assert expectation["meta"]["fault"] == "identity", dataset
                else:
                    assert expectation["meta"]["fault"] in faults, dataset
