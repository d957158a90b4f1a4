"""The CSV files beside the report: exact form, for the office's eyes alone."""

from __future__ import annotations

import csv
from pathlib import Path

import pyarrow as pa

from poverty_watch.identity import Keyring
from poverty_watch.ledger.sealed import seal_identities
from poverty_watch.report import write_exports
from tests.report.conftest import APRIL, ScreenedMonth, household

NUMBER = "530501199001010017"
HEADERS = {
    "deliveries.csv": "month,dataset,status,accepted_rows,rejected_rows",
    "hits.csv": "month,rule_id,household_id,severity",
    "comparisons.csv": "month,comparison_id,subject_id,dataset",
    "stocks_flows.csv": "month,township,class,item,households,persons",
    "leads.csv": "month,household_id,severity,reasons",
    "suppressed.csv": "month,rule_id,household_id,severity,reason",
    "rejections.csv": "month,dataset,reason,rows",
    "not_run.csv": "id,lacks",
}


def exported(month: ScreenedMonth) -> dict[str, list[list[str]]]:
    paths = write_exports(month.month, month.settings, month.ledger)
    return {path.name: list(csv.reader(path.open(encoding="utf-8", newline=""))) for path in paths}


def body(month: ScreenedMonth, name: str) -> list[list[str]]:
    return exported(month)[name][1:]


def folder(month: ScreenedMonth) -> Path:
    return month.settings.outbox / "2021-04" / "internal"


def test_all_eight_files_with_their_headers(april: ScreenedMonth) -> None:
    april.screen([household()])
    assert {name: ",".join(rows[0]) for name, rows in exported(april).items()} == HEADERS


def test_only_the_owner_can_read_them(april: ScreenedMonth) -> None:
    april.screen([household()])
    paths = write_exports(APRIL, april.settings, april.ledger)
    assert {path.stat().st_mode & 0o777 for path in paths} == {0o600}
    assert folder(april).stat().st_mode & 0o777 == 0o700


def test_the_same_month_again_leaves_the_files_alone(april: ScreenedMonth) -> None:
    april.screen([household()])
    before = [p.stat().st_mtime_ns for p in write_exports(APRIL, april.settings, april.ledger)]
    after = [p.stat().st_mtime_ns for p in write_exports(APRIL, april.settings, april.ledger)]
    assert before == after


def test_deliveries_and_rejections_speak_of_the_version_in_force(april: ScreenedMonth) -> None:
    april.screen([household()])
    april.deliver("vehicles", "public_security", accepted=431, faults={"id_length": 4, "list": 6})
    april.deliver("payroll", "finance", "rejected")
    april.deliver("deaths", "public_security", "nil")
    april.deliver("property", "natural_resources", "missing")
    files = exported(april)
    assert files["deliveries.csv"][1:] == [
        ["2021-04", "deaths", "nil", "0", "0"],
        ["2021-04", "payroll", "rejected", "0", "0"],
        ["2021-04", "property", "missing", "0", "0"],
        ["2021-04", "vehicles", "accepted", "431", "10"],
    ]
    assert files["rejections.csv"][1:] == [
        ["2021-04", "vehicles", "id_length", "4"],
        ["2021-04", "vehicles", "list", "6"],
    ]


def test_hits_are_one_line_per_rule_and_household_sorted(april: ScreenedMonth) -> None:
    hits = [
        {"rule_id": "W09", "household_id": "R:2", "person_id": 1, "severity": "red"},
        {"rule_id": "W01", "household_id": "R:2", "person_id": 2, "severity": "orange"},
        {"rule_id": "W01", "household_id": "H:1", "person_id": 3, "severity": "orange"},
    ]
    april.screen([household()], hits=hits)
    assert body(april, "hits.csv") == [
        ["2021-04", "W01", "H:1", "orange"],
        ["2021-04", "W01", "R:2", "orange"],
        ["2021-04", "W09", "R:2", "red"],
    ]


def test_a_finding_names_its_subject_a_person_by_number(
    april: ScreenedMonth, keys: Keyring
) -> None:
    person = keys.person_ids(pa.array([NUMBER]))[0].as_py()
    with april.ledger.transaction() as session:
        seal_identities(session, keys, {person: NUMBER})
    finding = {"comparison_id": "C04", "household_id": "R:1", "person_id": person}
    findings = [
        finding | {"subject_id": str(person), "dataset": "public_posts"},
        {"comparison_id": "C14", "subject_id": "R:1", "household_id": "R:1"},
        {"comparison_id": "C22", "subject_id": "甸阳镇"},
        {"comparison_id": "C01", "subject_id": "check_digit", "dataset": "payroll"},
    ]
    april.screen([household()], findings=findings)
    assert body(april, "comparisons.csv") == [
        ["2021-04", "C01", "check_digit", "payroll"],
        ["2021-04", "C04", NUMBER, "public_posts"],
        ["2021-04", "C14", "R:1", ""],
        ["2021-04", "C22", "甸阳镇", ""],
    ]


def test_leads_carry_their_reasons_and_suppressed_hits_their_letter(april: ScreenedMonth) -> None:
    april.screen([household()])
    april.lead("R:2", "W20", "W01")
    april.lead("R:1", "W05")
    april.suppress("R:3", "W05", "a")
    files = exported(april)
    assert files["leads.csv"][1:] == [
        ["2021-04", "R:1", "orange", "W05"],
        ["2021-04", "R:2", "orange", "W01 W20"],
    ]
    assert files["suppressed.csv"][1:] == [["2021-04", "W05", "R:3", "yellow", "a"]]


def test_not_run_lists_what_a_check_lacks(april: ScreenedMonth) -> None:
    checks = [
        {"id": "W09", "status": "not_run", "lacks": ["housing_safety"]},
        {"id": "C04", "status": "ran", "lacks": ["public_posts", "employment"]},
        {"id": "W01", "status": "ran", "lacks": []},
    ]
    april.screen([household()], checks=checks)
    assert body(april, "not_run.csv") == [
        ["C04", "employment public_posts"],
        ["W09", "housing_safety"],
    ]


def test_stocks_and_flows_in_the_order_of_the_table(april: ScreenedMonth) -> None:
    april.screen([household()], [household()])
    rows = body(april, "stocks_flows.csv")
    assert len(rows) == 14 * 2 * 12
    assert rows[0] == ["2021-04", "甸阳镇", "脱贫不稳定户", "期初未消除", "1", "3"]
    assert {row[1] for row in rows[-24:]} == {"合计"}
    assert rows[-24] == ["2021-04", "合计", "脱贫不稳定户", "期初未消除", "1", "3"]


def test_a_month_without_a_screening_has_no_empty_lists_of_hits(april: ScreenedMonth) -> None:
    april.deliver("monitoring_register", "rural_revitalization", "missing")
    assert set(exported(april)) == {"deliveries.csv", "rejections.csv"}
