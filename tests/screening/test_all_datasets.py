"""What goes through all datasets alike takes a new department's data along by its folder alone."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path
from textwrap import dedent

import pyarrow as pa
import pytest
import yaml

from poverty_watch.contracts import Catalogue, load_catalogue
from poverty_watch.contracts.shape import accepted_schema
from poverty_watch.engine import DuckEngine
from poverty_watch.intake.cells import clean_text
from poverty_watch.intake.judgement import SET_ASIDE_SCHEMA
from poverty_watch.lake.versions import Lake
from poverty_watch.ledger.deliveries import InForce
from poverty_watch.screening.checks import Checked, CheckRunner
from poverty_watch.screening.definitions import load_definitions
from poverty_watch.screening.inputs import MonthInputs, load_registers
from poverty_watch.screening.staging import run_staging
from poverty_watch.settings import EXPECTATIONS
from tests.screening.conftest import APRIL
from tests.screening.given import deliver, person_id

CONTRACT = """
title: 样例数据
order: 99
kind: snapshot
scope: rural
sensitivity: general
legal_basis: 样例依据
columns:
  - {name: name, header: 姓名, type: name}
  - {name: person_id, header: 身份证号, type: identity}
"""
REGISTERS = """
hukou_register:
  - {person_id: A, hukou_id: 1, name: 样·本}
"""
NAMES_THAT_ARE_THE_SAME = [
    "样·本",
    "样•本",
    "样．本",
    " 样・本\u3000",
    "样\u200b‧本",
    "\ufeff样∙本",
]


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    root = tmp_path / "expectations"
    shutil.copytree(EXPECTATIONS, root)
    folder = root / "sample_office"
    folder.mkdir()
    (folder / "department.yaml").write_text("title: 样例局\norder: 99\n", encoding="utf-8")
    (folder / "sample.contract.yaml").write_text(dedent(CONTRACT), encoding="utf-8")
    (folder / "sample.suite.json").write_text('{"name": "sample", "expectations": []}')
    return load_catalogue(root)


def _compared(
    name: str, catalogue: Catalogue, lake: Path, people: list[tuple[str, str]], faults: list[str]
) -> Checked:
    """A comparison over the register and a delivery of the new department."""
    names = clean_text([written for _, written in people], drop_white=True)
    rows = [
        {
            "person_id": person_id(symbol),
            "name": known_as,
            "birth_date": date(1980, 1, 1),
            "source_file": "样例.xlsx",
            "source_sheet": "Sheet1",
            "source_row": number,
            "is_late": False,
        }
        for number, ((symbol, _), known_as) in enumerate(
            zip(people, names.to_pylist(), strict=True), 2
        )
    ]
    Lake(lake).write(
        "sample",
        APRIL,
        1,
        pa.Table.from_pylist(rows, schema=accepted_schema(catalogue.contract("sample"))),
        pa.Table.from_pylist([{"fault": fault} for fault in faults], schema=SET_ASIDE_SCHEMA),
        {"content_sha256": "sample"},
    )
    found = deliver(lake, yaml.safe_load(REGISTERS), APRIL)
    found.append(InForce("sample", APRIL, 1, "accepted", "sample"))
    inputs = MonthInputs(APRIL, tuple(found), catalogue, Lake(lake), load_registers())
    definitions = load_definitions()
    file = next(file for file in definitions.comparisons if file.id == name)
    with DuckEngine.opened(threads=1) as engine:
        staged = run_staging(engine, inputs, definitions.staging)
        for relation in file.relations - staged.keys():
            engine.attach(relation, inputs.relation(relation))
        return CheckRunner(engine, inputs, {}, {}).comparison(file)


def _told(done: Checked) -> list[tuple[str, int | None, str]]:
    return [(row["subject_id"], row["person_id"], row["dataset"]) for row in done.rows]


def test_faults_of_its_numbers_are_told(catalogue: Catalogue, tmp_path: Path) -> None:
    done = _compared("C01", catalogue, tmp_path, [], ["id_date", "list"])
    assert _told(done) == [("date", None, "sample")]
    assert json.loads(done.rows[0]["evidence"])["verifies"] == "sample_office"


def test_its_names_are_compared(catalogue: Catalogue, tmp_path: Path) -> None:
    same = [("A", name) for name in NAMES_THAT_ARE_THE_SAME]
    assert _told(_compared("C03", catalogue, tmp_path / "same", same, [])) == []

    done = _compared("C03", catalogue, tmp_path / "other", [*same, ("A", "样一本")], [])
    assert _told(done) == [(str(person_id("A")), person_id("A"), "sample")]


def test_its_people_are_looked_up(catalogue: Catalogue, tmp_path: Path) -> None:
    done = _compared("C25", catalogue, tmp_path, [("A", "样·本"), ("B", "样本")], [])
    assert _told(done) == [(str(person_id("B")), person_id("B"), "sample")]


def test_it_is_named_where_it_is_missing(catalogue: Catalogue, tmp_path: Path) -> None:
    found = deliver(tmp_path, {"rest": "nil"}, APRIL)
    inputs = MonthInputs(APRIL, tuple(found), catalogue, Lake(tmp_path), load_registers())
    for source in ("delivered_rows", "delivered_beside_registers", "set_aside_rows"):
        lacking = [d for d in inputs.sources_of([source]) if not inputs.is_delivered(d)]
        assert lacking == ["sample"]
