"""The rule that the how-to page adds, added as the page says."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
import yaml

from poverty_watch.contracts import load_catalogue
from poverty_watch.engine import DuckEngine
from poverty_watch.lake.versions import Lake
from poverty_watch.months import Month
from poverty_watch.screening.checks import CheckRunner
from poverty_watch.screening.definitions import RuleHeader, load_definitions
from poverty_watch.screening.inputs import MonthInputs, load_registers
from poverty_watch.screening.parameters import in_force, load_parameters
from poverty_watch.screening.staging import run_staging
from poverty_watch.settings import PROJECT, SQL
from tests.screening.given import deliver
from tests.sql.test_cases import agree_on_hits, agree_on_record

PAGE = PROJECT / "docs" / "how-to" / "add-a-rule.md"
APRIL = Month(2021, 4)


@pytest.fixture(scope="module")
def blocks() -> dict[str, str]:
    """The page's examples: the rule, what is given, what is expected."""
    found = re.findall(r"^  ```(\w+)\n(.*?)^  ```$", PAGE.read_text("utf-8"), re.S | re.M)
    texts = [re.sub(r"^  ", "", text, flags=re.M) for _, text in found]
    assert [kind for kind, _ in found] == ["sql", "yaml", "yaml"]
    return dict(zip(("rule", "given", "expect"), texts, strict=True))


def test_the_rule_of_the_page_runs_and_finds_what_the_page_says(
    blocks: dict[str, str], tmp_path: Path
) -> None:
    sql = shutil.copytree(SQL, tmp_path / "sql")
    (sql / "rules" / "W27_post_without_pay.sql").write_text(blocks["rule"], encoding="utf-8")
    definitions = load_definitions(sql)
    (rule,) = [file for file in definitions.rules if file.id == "W27"]
    given, expected = yaml.safe_load(blocks["given"]), yaml.safe_load(blocks["expect"])
    lake = tmp_path / "lake"
    inputs = MonthInputs(
        APRIL,
        tuple(deliver(lake, given, APRIL)),
        load_catalogue(),
        Lake(lake),
        load_registers(),
    )
    with DuckEngine.opened(threads=1) as engine:
        tables = run_staging(engine, inputs, definitions.staging)
        for relation in rule.relations - tables.keys():
            engine.attach(relation, inputs.relation(relation))
        parameters = in_force(load_parameters(), APRIL)
        done = CheckRunner(engine, inputs, parameters, definitions.populations).rule(rule)
    agree_on_hits(done, expected)
    agree_on_record(done, expected)


def test_the_page_explains_every_field_of_a_header() -> None:
    text = PAGE.read_text("utf-8")
    assert [name for name in RuleHeader.model_fields if name not in text] == []
