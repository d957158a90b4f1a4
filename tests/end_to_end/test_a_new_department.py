"""A department is added as a folder, as the how-to says, and a month runs with it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import openpyxl
import pytest

from poverty_watch.settings import PROJECT
from tests.intake.conftest import number, save_workbook

CARD = """\
title: 林草局
order: 18
contact_role: 数据报送联络员
recipients: [数据报送联络员, 分管负责人]
calendar: {due_day: 8, closing_day: 8}
arrives: {way: inbox}
"""
CONTRACT = """\
# 林草局：野生动物肇事（当月新增）
title: 野生动物肇事
order: 27
kind: increment
scope: rural
sensitivity: sensitive
legal_basis: 样例依据
repeated_by_event: true
too_old_after_months: 6
columns:
  - {name: name, header: 姓名, type: name}
  - {name: person_id, header: 身份证号, aliases: [公民身份号码], type: identity}
  - {name: happened_on, header: 发生日期, type: date, event: true}
  - {name: loss, header: 损失金额, type: amount, unit: 元}
  - {name: animal, header: 动物, type: choice, values: [亚洲象, 黑熊, 野猪]}
"""
MONTH = """
import json, sys
from datetime import date
from pathlib import Path
from airflow.dag_processing.dagbag import DagBag
from poverty_watch import report, screening
from poverty_watch.contracts import load_catalogue
from poverty_watch.intake import fetch, settle, validate
from poverty_watch.intake.answers import write_answers
from poverty_watch.intake.duty import register
from poverty_watch.ledger.store import open_ledger
from poverty_watch.months import Month
from poverty_watch.settings import PROJECT, Settings

project, month, settings = Path(sys.argv[1]), Month(2021, 4), Settings.from_environment()
assert PROJECT == project.resolve()
bag = DagBag(str(project / "dags"))
group = bag.dags["monthly_monitoring"].task_group.get_task_group_dict()["forestry"]
ledger = open_ledger(settings)
for department in ("public_security", "rural_revitalization", "forestry"):
    for step in (fetch, validate, settle, write_answers):
        step(department, month, settings, ledger)
for computation in (screening.stage, screening.compare, screening.warn, screening.raise_leads):
    computation(month, settings, ledger)
made = report.build_report(month, settings, ledger, "draft")
(line,) = [x for x in register(month, ledger, date(2021, 5, 9)) if x.dataset == "wildlife_damage"]
print(json.dumps({
    "errors": {str(k): v for k, v in bag.import_errors.items()},
    "group": group.group_display_name,
    "tasks": sorted(group.children),
    "report": str(made.path),
    "due": line.due_on.isoformat(),
    "state": line.state,
}))
"""


def suite() -> str:
    def rule(kind: str, column: str, fault: str, **more: Any) -> dict[str, Any]:
        return {
            "type": kind,
            "kwargs": {"column": column, **more},
            "severity": "critical",
            "meta": {"fault": fault},
        }

    between, within = "expect_column_values_to_be_between", "expect_column_values_to_be_in_set"
    given = "expect_column_values_to_not_be_null"
    rules = [
        rule(given, "name", "name"),
        rule("expect_column_values_to_be_null", "person_id_fault", "identity"),
        rule(given, "happened_on", "date"),
        rule(between, "happened_on", "future", max_value={"$PARAMETER": "month_end"}),
        rule(between, "happened_on", "too_old", min_value={"$PARAMETER": "earliest_event"}),
        rule(given, "loss", "amount"),
        rule(within, "animal", "list", value_set={"$PARAMETER": "animal_values"}),
        rule(within, "is_repeated", "repeated", value_set=[False]),
        rule(within, "is_duplicate", "duplicate", value_set=[False]),
    ]
    return json.dumps({"name": "wildlife_damage", "expectations": rules})


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a month says whose project has one folder more."""
    root = tmp_path_factory.mktemp("another_county")
    project, home = root / "project", root / "home"
    for part in ("plugins", "dags", "sql", "include", "expectations"):
        shutil.copytree(
            PROJECT / part, project / part, ignore=shutil.ignore_patterns("__pycache__")
        )
    folder = project / "expectations" / "forestry"
    folder.mkdir()
    (folder / "department.yaml").write_text(CARD, encoding="utf-8")
    (folder / "wildlife_damage.contract.yaml").write_text(CONTRACT, encoding="utf-8")
    (folder / "wildlife_damage.suite.json").write_text(suite(), encoding="utf-8")
    from poverty_watch.months import Month
    from poverty_watch.sample import generate

    month = Month(2021, 4)
    ground = ("hukou_register", "monitoring_register", "deaths")
    generate(home / "inbox", month, month, 500, 3, tidy=True, datasets=ground)
    save_workbook(
        home / "inbox" / "2021-04" / "林草局" / "野生动物肇事202104.xlsx",
        {
            "Sheet1": [
                ["姓名", "公民身份号码", "发生日期", "动物", "损失金额"],
                ["样例甲", number(serial=1), "2021-04-03", "野猪", "1,200元"],
                ["样例乙", number(serial=2), "2021-04-05", "老虎", 800],
                ["样例丙", number(serial=3), "2020-04-05", "黑熊", 800],
            ]
        },
    )
    airflow = home / "airflow"
    surroundings = {k: v for k, v in os.environ.items() if not k.startswith(("AIRFLOW", "POVERTY"))}
    done = subprocess.run(
        [sys.executable, "-c", dedent(MONTH), str(project)],
        env=surroundings
        | {
            "PYTHONPATH": f"{project / 'plugins'}{os.pathsep}{project / 'dags'}",
            "POVERTY_WATCH_HOME": str(home),
            "AIRFLOW_HOME": str(airflow),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(airflow / "plugins"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return said | {"home": str(home)}


def test_it_has_a_row_in_the_grid(outcome: dict[str, Any]) -> None:
    assert outcome["errors"] == {}
    assert outcome["group"] == "林草局"
    assert {"forestry.fetch", "forestry.validate", "forestry.settle"} <= set(outcome["tasks"])


def test_its_delivery_is_judged_by_its_own_contract_and_calendar(outcome: dict[str, Any]) -> None:
    assert outcome["state"] == "已接收"
    assert outcome["due"] == "2021-05-08"
    receipts = Path(outcome["home"]) / "outbox" / "2021-04" / "回执" / "林草局"
    assert list(receipts.glob("回执_野生动物肇事_*.xlsx"))


def test_its_line_is_in_the_report(outcome: dict[str, Any]) -> None:
    book = openpyxl.load_workbook(outcome["report"], read_only=True)
    (line,) = [
        row
        for sheet in book.worksheets
        if "表二" in sheet.title
        for row in sheet.iter_rows(values_only=True)
        if "野生动物肇事" in row
    ]
    assert {"林草局", "已接收", 1, 2} <= set(line)
