"""The list of findings that an owner gets: both sides, where they stand, what was written when."""

from __future__ import annotations

import stat
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlalchemy import select

from poverty_watch.identity import Keyring, check_digit
from poverty_watch.intake.answers import write_comparison_answers
from poverty_watch.ledger.models import Finding, JournalEntry
from poverty_watch.ledger.sealed import seal_identities
from poverty_watch.ledger.store import Ledger
from poverty_watch.months import Month
from poverty_watch.settings import Settings
from poverty_watch.verification import write_correction_lists

APRIL = Month(2021, 4)
NUMBER = "53050119700101001" + check_digit("53050119700101001")
ROW = {
    "person_id": "7",
    "name": "=样例甲",
    "value": "是",
    "source": {
        "dataset": "monitoring_register",
        "month": "2021-04",
        "version": 1,
        "file": "名册.xlsx",
        "sheet": "甸阳镇",
        "row": 12,
    },
    "other_value": "低保名单中没有",
}


@pytest.fixture
def office(settings: Settings, ledger: Ledger) -> Office:
    return Office(settings, ledger)


class Office:
    """Puts findings into the ledger, writes and reads the lists."""

    def __init__(self, settings: Settings, ledger: Ledger) -> None:
        self.settings, self.ledger = settings, ledger
        with ledger.transaction() as session:
            seal_identities(session, Keyring.open(settings.keys), {7: NUMBER})

    def add(self, comparison_id: str, outcome: str, kind: Any, owner: str, **more: Any) -> None:
        evidence = {
            "title": "样例比对",
            "outcome": outcome,
            "sentence": "样例问题。",
            "rows": [ROW],
        }
        values = {
            "subject": "person",
            "subject_id": f"{owner}{comparison_id}",
            "dataset": "",
            "household_id": "R:1",
            "person_id": 7,
            "township": "甸阳镇",
            "village": "大寨村",
            "evidence": evidence,
            "opened_month": "2021-03",
            "seen_month": "2021-04",
            "due_on": date(2021, 5, 12),
        }
        with self.ledger.transaction() as session:
            session.add(
                Finding(
                    comparison_id=comparison_id,
                    outcome=outcome,
                    owner_kind=kind,
                    owner=owner,
                    **(values | more),
                )
            )

    def close_all(self) -> None:
        with self.ledger.transaction() as session:
            for finding in session.scalars(select(Finding)):
                finding.closed_month = "2021-04"

    def write(self) -> list[Path]:
        return [
            *write_correction_lists(APRIL, self.settings, self.ledger).paths,
            *write_comparison_answers(APRIL, self.settings, self.ledger).paths,
        ]

    def readings(self) -> int:
        with self.ledger.transaction() as session:
            entries = session.scalars(select(JournalEntry.action))
            return sum(action == "查看身份证号" for action in entries)


def table(path: Path) -> list[dict[str, Any]]:
    """The rows of a list by their header."""
    rows = list(load_workbook(path).active.iter_rows(values_only=True))  # type: ignore[union-attr]
    start = next(number for number, row in enumerate(rows) if row[0] == "序号")
    return [dict(zip(rows[start], row, strict=True)) for row in rows[start + 1 :]]


def test_each_owner_gets_what_it_has_to_deal_with(office: Office) -> None:
    office.add("C09", "FIX", "township", "甸阳镇")
    office.add("C14", "ASSET", "township", "甸阳镇")
    office.add("C20", "REVIEW", "county", "")
    office.add("C03", "BACK", "department", "public_security")
    office.add("C12", "STOP", "department", "human_resources")
    outbox = office.settings.outbox / "2021-04"
    written = office.write()
    assert {str(path.relative_to(outbox)) for path in written} == {
        "比对问题/比对问题_县专班_2021年4月.xlsx",
        "比对问题/比对问题_甸阳镇_2021年4月.xlsx",
        "回执/公安局/比对问题_公安局_2021年4月.xlsx",
        "回执/人社局/比对问题_人社局_2021年4月.xlsx",
    }
    assert {stat.S_IMODE(path.stat().st_mode) for path in written} == {0o600}
    assert not any(
        "待入户说明" in row["比对项目、\n性质"] for path in written for row in table(path)
    )


def test_both_sides_stand_side_by_side_with_their_places(office: Office) -> None:
    office.add("C09", "FIX", "township", "甸阳镇")
    (path,) = office.write()
    (row,) = table(path)
    assert row["编号"] == "C09-1"
    assert row["户编号\n（户号）"] == "1"
    assert row["姓名、\n身份证号"] == f"=样例甲\n{NUMBER}"
    assert row["数据一和出处"] == "是\n防返贫监测信息：名册.xlsx“甸阳镇” 第12行"
    assert row["数据二和出处"] == "低保名单中没有"
    assert row["首次发现、\n本月情况"] == "2021年3月\n本月缺数据，未复核"
    assert row["核对结果"] is None
    sheet = load_workbook(path)["比对问题"]
    assert [rule.formula1 for rule in sheet.data_validations.dataValidation] == [
        '"已更正,无误,正在核实"'
    ]
    cells = list(sheet.iter_rows())[-1]
    name = next(cell for cell in cells if str(cell.value).startswith("=样例甲"))
    assert (name.data_type, name.quotePrefix) == ("s", True)


def test_a_second_run_touches_no_file_and_opens_no_number(office: Office) -> None:
    office.add("C09", "FIX", "township", "甸阳镇")
    office.add("C03", "BACK", "department", "public_security")
    before = {path: path.stat().st_mtime_ns for path in office.write()}
    opened = office.readings()
    assert opened == 2
    assert {path: path.stat().st_mtime_ns for path in office.write()} == before
    assert office.readings() == opened


def test_a_list_with_nothing_left_is_taken_away(office: Office) -> None:
    office.add("C09", "FIX", "township", "甸阳镇")
    office.add("C03", "BACK", "department", "public_security")
    paths = office.write()
    office.close_all()
    assert office.write() == []
    assert not any(path.exists() for path in paths)


def test_a_township_named_like_a_path_stays_in_its_folder(office: Office) -> None:
    office.add("C09", "FIX", "township", "../../甸阳镇")
    (path,) = office.write()
    assert path.parent.name == "比对问题"
    assert path.resolve().is_relative_to(office.settings.outbox.resolve())
