"""Every case of ``tests/sql/<ID>/<case>/``: what is given, and what one SQL file makes of it.

``expect.yaml`` of a rule has ``hits`` (household; severity, value, threshold, person where they
matter), of a comparison ``findings`` (household, person, dataset, subject for a township or reason;
sentence, and rows as [value, its place, other value, its place] where they matter), of a staging
table ``rows``. Any may say ``status``, ``lacks`` (datasets, or all), ``not_judgeable``, ``eligible``
(households; rows for a comparison) and ``counted`` (figures per dataset).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import sqlglot
import yaml

from poverty_watch.contracts import load_catalogue
from poverty_watch.engine import DuckEngine, parse
from poverty_watch.lake.versions import Lake
from poverty_watch.months import Month
from poverty_watch.screening.checks import Checked, CheckRunner
from poverty_watch.screening.definitions import RuleHeader, SqlFile, load_definitions
from poverty_watch.screening.inputs import MonthInputs, load_registers
from poverty_watch.screening.parameters import in_force, load_parameters, plain
from poverty_watch.screening.reference import load_risk_labels
from poverty_watch.screening.staging import run_staging
from tests.screening.given import person_id, read

HERE = Path(__file__).parent
DEFINITIONS = load_definitions()
CASES = sorted(path.parent for path in HERE.glob("*/*/expect.yaml"))
APRIL = "2021-04"
ADDED_UP = {"W01", "W02", "W03", "W06"}
OF_NO_ROW = {"C22", "C01"}  # totals of a township; rows that were sent back
# Cells that say 否, and rows in which something is missing, are told in other words.
TOLD_AS = {"W10": ["水质不达标"], "C05": ["在世的成员中没有户主"]}
LABELS = load_risk_labels()


def _read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    return content


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}-{case.name}")
def test_a_case_says_in_chinese_what_it_shows(case: Path) -> None:
    about = str(_read(case / "given.yaml").get("about", ""))
    assert re.search("[\u4e00-\u9fff]", about), "given.yaml begins with about: what the case shows"
    assert about.endswith("。")
    assert not re.search(r"[A-Za-z]{2,}", about), "plain Chinese; persons are named A, B"


def _inputs(folder: Path, given: dict[str, Any]) -> MonthInputs:
    """The same files as in a lake, put there without its care for what is written."""
    month = Month.parse(given.get("month", APRIL))
    lake = Lake(folder)
    found = []
    for one in read(given, month):
        lake.accepted(one.dataset, one.month, 1).parent.mkdir(parents=True)
        pq.write_table(one.accepted, lake.accepted(one.dataset, one.month, 1))
        pq.write_table(one.set_aside, lake.set_aside(one.dataset, one.month, 1))
        found.append(one.in_force(1))
    return MonthInputs(month, tuple(found), load_catalogue(), lake, load_registers())


@pytest.fixture(scope="module")
def engine() -> Iterator[DuckEngine]:
    with DuckEngine.opened(threads=1) as opened:
        yield opened


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}-{case.name}")
def test_case(case: Path, tmp_path: Path, engine: DuckEngine) -> None:
    inputs = _inputs(tmp_path, _read(case / "given.yaml"))
    expected = _read(case / "expect.yaml")
    name = case.parent.name
    staging = {file.id for file in DEFINITIONS.staging}
    rules = {file.id: file for file in DEFINITIONS.rules}
    checks: dict[str, SqlFile[Any]] = {file.id: file for file in DEFINITIONS.comparisons} | rules
    reads = {name} if name in staging else {"households", *checks[name].relations}
    needed = {file for table in reads for file in DEFINITIONS.needed_for(table)}
    tables = run_staging(engine, inputs, [f for f in DEFINITIONS.staging if f in needed])
    if name in tables:
        rows = engine.run(f"select * from {name}", {})
        _agree_on_rows(rows.to_pylist(), expected["rows"])
        return
    parameters = in_force(load_parameters(), inputs.month)
    runner = CheckRunner(engine, inputs, parameters, DEFINITIONS.populations)
    file = checks[name]
    for relation in file.relations - tables.keys():
        engine.attach(relation, inputs.relation(relation))
    done = runner.rule(file) if name in rules else runner.comparison(file)
    if name in rules:
        _agree_on_population(engine, runner, rules[name], done)
    _sentences_are_plain(done)
    _cells_hold_what_is_told(file, done, Lake(tmp_path))
    if name in rules:
        agree_on_hits(done, expected)
    else:
        _agree_on_findings(done, expected)
    agree_on_record(done, expected)


def _sentences_are_plain(done: Checked) -> None:
    """What an official reads: whole Chinese sentences without dates and words of the program."""
    for row in done.rows:
        sentence = json.loads(row["evidence"])["sentence"]
        assert sentence.endswith("。"), sentence
        for strange in ("None", "null", "（）", "，，", "。。", "“”", "{", "}"):
            assert strange not in sentence, sentence
        assert not re.search(r"\d{4}-\d{2}|[a-z]{3,}", sentence), sentence


def _cells_hold_what_is_told(file: SqlFile[Any], done: Checked, lake: Lake) -> None:
    """A row of evidence leads to a row whose named cells say what the evidence says."""
    for row in done.rows:
        evidence = json.loads(row["evidence"])
        for one in evidence["rows"]:
            told = " ".join(str(v) for v in one.values() if isinstance(v, str))
            for side in ("source", "other"):
                if side in one:
                    cells = _cells(file, one[side], lake)
                    # What is added up over rows, of one or several persons, stands in no one cell.
                    is_sum = file.id in ADDED_UP and evidence["rows_total"] > 1
                    is_told = any(cell in told for cell in (*cells, *TOLD_AS.get(file.id, ())))
                    assert is_sum or not cells or is_told, (told, cells)
            is_missed = isinstance(file.header, RuleHeader) and file.header.missed_in
            if "source" not in one and "other" not in one:
                assert is_missed or file.id in OF_NO_ROW, f"{file.id}: evidence without a row"


def _cells(file: SqlFile[Any], place: dict[str, Any], lake: Lake) -> list[str]:
    """What the cells say that the header names, as staff read it; blank ones as such."""
    names = [c.split(".")[1] for c in file.header.cells if c.split(".")[0] == place["dataset"]]
    if not names:
        return []
    path = lake.accepted(place["dataset"], Month.parse(place["month"]), place["version"])
    rows = pq.read_table(path, columns=[*names, "source_row"]).to_pylist()
    (row,) = (row for row in rows if row["source_row"] == place["row"])
    return [_plain(row[name]) for name in names]


def _plain(value: Any) -> str:
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, date):
        return f"{value.year}年{value.month}月"
    return LABELS.get(value, value) if value is not None else ""


def _agree_on_population(
    engine: DuckEngine, runner: CheckRunner, file: SqlFile[RuleHeader], done: Checked
) -> None:
    """Whom the SQL holds eligible is whom the header says it judges."""
    if done.record["status"] != "ran":
        return
    query = parse(file.sql)
    eligible = sqlglot.select("household_id").distinct().from_("eligible")
    for own in query.ctes:
        eligible = eligible.with_(own.alias, as_=own.this.copy())
    judged = engine.run(eligible.sql(dialect="duckdb"), runner.bound(file)).column(0).to_pylist()
    condition = runner.populations[file.header.population]
    found = engine.run(f"select household_id from households where {condition}", {})
    assert set(judged) <= set(found.column(0).to_pylist()), "eligible outside the population"


def agree_on_hits(done: Checked, expected: dict[str, Any]) -> None:
    wanted = expected["hits"]
    assert [hit["household_id"] for hit in done.rows] == [hit["household"] for hit in wanted]
    for hit, want in zip(done.rows, wanted, strict=True):
        for key in ("severity", "value", "threshold"):
            if key in want:
                assert hit[key] == str(want[key]), f"{want['household']}: {key}"
        if "person" in want:
            assert hit["person_id"] == person_id(str(want["person"])), want["household"]
        evidence = json.loads(hit["evidence"])
        if "people" in want:
            people = [int(row["person_id"]) for row in evidence["rows"]]
            assert people == [person_id(str(symbol)) for symbol in want["people"]]
        for key in ("sentence", "risk"):
            if key in want:
                assert evidence[key] == want[key]
        if "sent_back" in want:
            assert evidence["sent_back"]["rows_total"] == want["sent_back"]


def _agree_on_findings(done: Checked, expected: dict[str, Any]) -> None:
    found = {
        (
            finding["household_id"],
            finding["person_id"],
            finding["subject_id"] if finding["subject"] in ("township", "reason") else None,
            finding["dataset"],
        ): json.loads(finding["evidence"])
        for finding in done.rows
    }
    wanted = {
        (
            want.get("household"),
            person_id(str(want["person"])) if "person" in want else None,
            want.get("subject"),
            want.get("dataset"),
        ): want
        for want in expected["findings"]
    }
    assert sorted(found, key=str) == sorted(wanted, key=str)
    assert (len(done.rows), len(expected["findings"])) == (len(found), len(wanted))
    for key, want in wanted.items():
        evidence = found[key]
        if "sentence" in want:
            assert evidence["sentence"] == want["sentence"]
        if "rows" in want:
            told = [[v if v is None else str(v) for v in row] for row in want["rows"]]
            assert [_shown(row) for row in evidence["rows"]] == told, key


def _shown(row: dict[str, Any]) -> list[str | None]:
    """A row of evidence as value, where it stands, the other value, where that stands."""
    shown: list[str | None] = []
    for value, side in ((row["value"], "source"), (row["other_value"], "other")):
        place = row.get(side)
        told = place and f"{place['dataset']}@{place['month']} {place['row']}"
        shown += [value, told]
    return shown


def _lacking(wanted: list[str] | str) -> list[str]:
    if isinstance(wanted, list):
        return wanted
    without = {"all": (), "all but registers": load_registers().registers}[wanted]
    return [dataset for dataset in load_catalogue().contracts if dataset not in without]


def agree_on_record(done: Checked, expected: dict[str, Any]) -> None:
    assert done.record["status"] == expected.get("status", "ran")
    assert done.record["lacks"] == _lacking(expected.get("lacks", []))
    assert done.record.get("counted", {}) == expected.get("counted", {})
    if "not_judgeable" in expected:
        assert done.record["not_judgeable"] == expected["not_judgeable"]
    if "eligible" in expected:
        counts = done.record["eligible"]
        assert counts.get("household_id", counts["rows"]) == expected["eligible"]


def _agree_on_rows(found: list[dict[str, Any]], wanted: list[dict[str, Any]]) -> None:
    def named(row: dict[str, Any]) -> dict[str, Any]:
        ids = {"person_id", "head_person_id"} & row.keys()
        return {**row, **{key: person_id(str(row[key])) for key in ids if row[key] is not None}}

    columns = list(wanted[0]) if wanted else []
    assert all(list(row) == columns for row in wanted), "every row of a case names the same columns"
    trimmed = [{key: row[key] for key in columns} for row in found]
    assert sorted(trimmed, key=str) == sorted((named(row) for row in wanted), key=str)
