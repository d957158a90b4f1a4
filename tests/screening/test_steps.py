"""The computing steps: what serves, what is recorded, what a repetition or a correction changes."""

from __future__ import annotations

import json
import os
from typing import Any

import pyarrow.parquet as pq
import pytest
from sqlalchemy import select

from poverty_watch.engine import DuckEngine
from poverty_watch.files import folder_written_whole
from poverty_watch.lake.screenings import Screenings
from poverty_watch.ledger.models import DatasetMonth, Screening
from poverty_watch.ledger.screenings import current_screening
from poverty_watch.months import Month
from poverty_watch.screening import ScreeningError, compare, stage, warn
from tests.screening.conftest import APRIL, Office

MARCH = Month(2021, 3)
REGISTERS = """
monitoring_register:
  - {person_id: A, household_no: 1, relation: 户主, monitored_class: 脱贫不稳定户}
hukou_register:
  - {person_id: A, hukou_id: 1, relation: 户主}
"""
BILL = REGISTERS + "medical_expenses:\n  - {person_id: A, inpatient_own_ytd: 6000}\n"


def _current(office: Office, month: Month = APRIL) -> Screening:
    with office.ledger.transaction() as session:
        found = current_screening(session, month)
        assert found is not None
        return found


def _check(office: Office, name: str) -> dict[str, Any]:
    return next(check for check in _current(office).checks if check["id"] == name)


def test_a_screening_records_inputs_parameters_and_counts(office: Office) -> None:
    office.deliver(BILL)
    outcome = warn(APRIL, office.settings, office.ledger)

    current = _current(office)
    assert current.fingerprint == outcome.fingerprint
    assert [(used["dataset"], used["month"], used["version"]) for used in current.inputs] == [
        ("hukou_register", "2021-04", 1),
        ("medical_expenses", "2021-04", 1),
        ("monitoring_register", "2021-04", 1),
    ]
    assert current.serving == {"hukou_register": "2021-04", "monitoring_register": "2021-04"}
    w01 = _check(office, "W01")
    assert (w01["status"], w01["hits"], w01["eligible"]) == (
        "ran",
        1,
        {"rows": 1, "household_id": 1},
    )
    assert w01["parameters"][0]["value"] == "脱贫户 5000，其他农户 20000"
    assert len(w01["sql_sha256"]) == 64


def test_what_lacks_its_source_is_not_run_and_has_no_count(office: Office) -> None:
    office.deliver(BILL)
    outcome = warn(APRIL, office.settings, office.ledger)
    w09 = _check(office, "W09")
    assert (w09["status"], w09["lacks"], w09["hits"]) == ("not_run", ["housing_safety"], None)
    assert outcome.not_run["W09"] == ["housing_safety"]
    assert "W09" in outcome.summary


def test_who_is_not_judged_is_counted_by_whose_data_is_missing(office: Office) -> None:
    """W05 judges poor and monitored households, W06 to W08 of the same department all or some."""
    office.deliver(
        """
        rest: nil
        not_delivered: [medical_enrolment, school_enrolment, education_burden]
        monitoring_register:
          - {person_id: A, household_no: 1, relation: 户主}
          - {person_id: B, household_no: 2, relation: 户主, household_type: 一般农户}
        hukou_register:
          - {person_id: C, hukou_id: 3, relation: 户主}
          - {person_id: D, hukou_id: 4, relation: 户主}
        deaths:
          - {person_id: D, died_on: 2021-04-10}
        """
    )
    office.deliver("employment: []", MARCH)
    warn(APRIL, office.settings, office.ledger)
    assert _current(office).not_judged == {
        "datasets": {"medical_enrolment": 1, "school_enrolment": 1, "education_burden": 3},
        "departments": {"medical_insurance": 1, "education": 3},
        "households": 3,
    }


def test_with_all_data_everybody_is_judged(office: Office) -> None:
    office.deliver(f"rest: nil\n{BILL}")
    office.deliver("employment: []", MARCH)
    warn(APRIL, office.settings, office.ledger)
    assert _current(office).not_judged == {"datasets": {}, "departments": {}, "households": 0}


def test_last_months_missing_delivery_is_its_departments_fault(office: Office) -> None:
    office.deliver(f"rest: nil\n{REGISTERS}")
    warn(APRIL, office.settings, office.ledger)
    not_judged = _current(office).not_judged
    assert not_judged is not None
    assert not_judged["datasets"] == {"employment": 1}
    assert _check(office, "W13")["lacks"] == ["employment_previous"]


def test_warn_alone_does_all_that_comes_before(office: Office) -> None:
    office.deliver(BILL)
    warn(APRIL, office.settings, office.ledger)
    for table in ("persons", "households", "members", "register_stock", "findings", "hits"):
        assert isinstance(office.table(table), list)


def test_the_same_month_twice_writes_nothing_twice(office: Office) -> None:
    office.deliver(BILL)
    first = warn(APRIL, office.settings, office.ledger)
    before = office.everything()
    folder = Screenings(office.settings.lake).folder(APRIL, first.fingerprint)
    stamps = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}

    for step in (stage, compare, warn):
        assert step(APRIL, office.settings, office.ledger).fingerprint == first.fingerprint

    assert office.everything() == before
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == stamps


def test_a_correction_taken_back_puts_the_older_computation_in_force(office: Office) -> None:
    office.deliver(BILL)
    first = warn(APRIL, office.settings, office.ledger).fingerprint
    with office.ledger.transaction() as session:
        original = {
            fate.dataset: fate.delivery_id for fate in session.scalars(select(DatasetMonth))
        }
    office.deliver(BILL.replace("6000", "16000"))
    second = warn(APRIL, office.settings, office.ledger).fingerprint
    assert second != first
    assert office.table("hits")[0]["severity"] == "red"

    with office.ledger.transaction() as session:
        for fate in session.scalars(select(DatasetMonth)):
            fate.delivery_id = original[fate.dataset]
    warn(APRIL, office.settings, office.ledger)

    assert _current(office).fingerprint == first
    assert office.table("hits")[0]["severity"] == "orange"


def test_a_killed_step_is_simply_done_again(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.deliver(BILL)

    def killed(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(DuckEngine, "save", killed)
    with pytest.raises(KeyboardInterrupt):
        stage(APRIL, office.settings, office.ledger)
    monkeypatch.undo()
    assert not list((office.settings.lake / "screening").rglob("*.parquet"))

    warn(APRIL, office.settings, office.ledger)
    assert len(office.table("hits")) == 1


def test_a_half_written_part_is_not_read(office: Office) -> None:
    office.deliver(BILL)
    fingerprint = warn(APRIL, office.settings, office.ledger).fingerprint
    screenings = Screenings(office.settings.lake)
    folder = screenings.folder(APRIL, fingerprint)
    with folder_written_whole(folder / "another") as beside:
        pq.write_table(
            screenings.read(APRIL, fingerprint, "hits").slice(0, 0), beside / "hits.parquet"
        )
        assert screenings.read(APRIL, fingerprint, "hits").num_rows == 1
        os.remove(beside / "hits.parquet")


def test_an_earlier_register_serves_at_most_three_months(office: Office) -> None:
    office.deliver(REGISTERS, Month(2021, 1))
    office.deliver("not_delivered: [monitoring_register, hukou_register]\nhousing_safety: []")
    outcome = stage(APRIL, office.settings, office.ledger)
    assert outcome.counts["persons"] == 1
    assert "防返贫监测信息沿用2021年1月" in outcome.summary

    with pytest.raises(ScreeningError) as caught:
        stage(APRIL + 1, office.settings, office.ledger)
    assert "2021年5月不能比对" in str(caught.value)
    assert "公安局“农村户籍人口”" in str(caught.value)
    assert "乡村振兴局“防返贫监测信息”" in str(caught.value)


def test_one_register_may_be_older_than_the_other(office: Office) -> None:
    office.deliver(REGISTERS, MARCH)
    office.deliver(
        "not_delivered: [hukou_register]\nmonitoring_register:\n  - {person_id: B, household_no: 2}"
    )
    warn(APRIL, office.settings, office.ledger)
    assert _current(office).serving == {
        "hukou_register": "2021-03",
        "monitoring_register": "2021-04",
    }


def test_the_stock_of_the_month_before_is_that_months(office: Office) -> None:
    office.deliver(REGISTERS, MARCH)
    office.deliver(
        """
        monitoring_register:
          - {person_id: A, household_no: 1, relation: 户主, monitored_class: 脱贫不稳定户}
        deaths:
          - {person_id: A, died_on: 2021-03-20}
        """
    )
    warn(APRIL, office.settings, office.ledger)
    (now,) = office.table("register_stock")
    (before,) = office.table("register_stock_previous")
    assert now["living_register_members"] == 0
    assert before["living_register_members"] == 1, "March did not know of the death yet"


def test_without_a_snapshot_before_there_is_no_stock_before(office: Office) -> None:
    office.deliver(REGISTERS)
    fingerprint = warn(APRIL, office.settings, office.ledger).fingerprint
    path = Screenings(office.settings.lake).path(APRIL, fingerprint, "register_stock_previous")
    assert pq.read_metadata(path).num_rows == 0
    assert pq.read_schema(path).metadata[b"has_snapshot"] == b"false"


def test_rules_run_on_the_deliveries_of_their_own_month(office: Office) -> None:
    """A later month's deliveries change nothing in a month that is computed again."""
    office.deliver(BILL)
    first = warn(APRIL, office.settings, office.ledger).fingerprint
    office.deliver(BILL.replace("6000", "16000"), APRIL + 1)
    assert warn(APRIL, office.settings, office.ledger).fingerprint == first


def test_evidence_leads_back_to_file_sheet_and_row(office: Office) -> None:
    office.deliver(BILL)
    warn(APRIL, office.settings, office.ledger)
    (hit,) = office.table("hits")
    (row,) = json.loads(hit["evidence"])["rows"]
    assert row["source"] == {
        "dataset": "medical_expenses",
        "month": "2021-04",
        "version": 1,
        "file": "medical_expenses.xlsx",
        "sheet": "Sheet1",
        "row": 2,
    }


def test_evidence_lists_the_first_rows_and_counts_all(office: Office) -> None:
    rows = "\n".join(
        f"  - {{person_id: P{n}, household_no: 1, person_no: {n}}}" for n in range(1, 31)
    )
    office.deliver(f"monitoring_register:\n{rows}\nmedical_enrolment: []")
    warn(APRIL, office.settings, office.ledger)
    (hit,) = office.table("hits")
    evidence = json.loads(hit["evidence"])
    assert (evidence["rows_total"], len(evidence["rows"])) == (30, 20)
    assert evidence["sentence"].endswith("；另有27项。")
