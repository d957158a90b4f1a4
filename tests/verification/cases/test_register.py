"""The next snapshot of the national register is compared with what was decided here."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from openpyxl import load_workbook

from poverty_watch.ledger.models import CaseDifference, JournalEntry
from poverty_watch.months import Month
from poverty_watch.verification.cases.difference_list import write_difference_list
from poverty_watch.verification.cases.differences import compare_with_register
from poverty_watch.verification.cases.errors import CaseError
from tests.verification.cases.conftest import Office, household

MAY, JUNE, JULY = Month(2021, 5), Month(2021, 6), Month(2021, 7)
STOCK = pa.schema(
    [
        ("household_id", pa.string()),
        ("monitored_class", pa.string()),
        ("identified_month", pa.date32()),
        ("is_eliminated", pa.string()),
        ("eliminated_month", pa.date32()),
        ("elimination_mode", pa.string()),
        *((f"risk_{number}", pa.string()) for number in range(1, 6)),
    ]
)
PERSONS = pa.schema([("person_id", pa.int64()), ("household_id", pa.string())])


@pytest.fixture
def ledger_url(tmp_path: Path) -> str:
    """What is compared comes from the lake; both databases keep the same rows."""
    return f"sqlite:///{tmp_path}/home/ledger.sqlite"


def listed(household_id: str = "R:1", **changed: Any) -> dict[str, Any]:
    """The household as the register should have it."""
    return {
        "household_id": household_id,
        "monitored_class": "脱贫不稳定户",
        "identified_month": date(2021, 5, 1),
        "is_eliminated": "否",
        "risk_1": "因病",
    } | changed


def snapshot(
    office: Office, month: Month, *rows: dict[str, Any], head_lives_in: str = "R:1"
) -> None:
    office.compute(
        household(),
        month=month,
        serving={"monitoring_register": str(month)},
        register_stock=pa.Table.from_pylist(list(rows), schema=STOCK),
        persons=pa.Table.from_pylist(
            [{"person_id": 10, "household_id": head_lives_in}], schema=PERSONS
        ),
    )


def differences(office: Office, month: Month) -> dict[str, tuple[str | None, str | None]]:
    compare_with_register(month, office.settings, office.ledger)
    with office.ledger.transaction() as session:
        return {
            row.field: (row.here, row.in_register)
            for row in session.query(CaseDifference).filter_by(month=str(month))
        }


@pytest.fixture
def decided(office: Office) -> int:
    office.compute(household())
    return office.approved()


CASES = [
    ([listed()], {}),
    ([], {"是否在册": ("已审定", "名册中没有这一户")}),
    ([listed(monitored_class=None)], {"是否在册": ("已审定", "在册，但不是监测对象")}),
    (
        [listed(monitored_class="突发严重困难户", identified_month=date(2021, 6, 1))],
        {
            "监测对象类别": ("脱贫不稳定户", "突发严重困难户"),
            "识别监测时间": ("2021-05", "2021-06"),
        },
    ),
    ([listed(risk_1="因学", risk_2="因病")], {"致贫返贫风险": ("因病", "因学、因病")}),
    ([listed(is_eliminated="是")], {"风险是否已消除": ("否", "是")}),
]


@pytest.mark.parametrize(("rows", "found"), CASES)
def test_what_differs_is_listed_field_by_field(
    office: Office, decided: int, rows: list[dict[str, Any]], found: dict[str, Any]
) -> None:
    snapshot(office, MAY, *rows)
    assert differences(office, MAY) == found
    case = office.case(decided)
    assert case.agreed_in == (None if found else "2021-05")
    # Neither side is overwritten.
    assert (case.monitored_class, case.risks) == ("脱贫不稳定户", ["因病"])


def test_a_household_that_is_new_in_the_register_is_found_by_its_head(office: Office) -> None:
    office.compute(household("H:1"))
    office.approved("H:1")
    snapshot(office, MAY, listed("R:77"), head_lives_in="R:77")
    assert differences(office, MAY) == {}


def test_a_month_run_again_does_not_take_back_a_later_months_word(
    office: Office, decided: int
) -> None:
    snapshot(office, MAY)
    assert differences(office, MAY)
    snapshot(office, JUNE, listed())
    assert differences(office, JUNE) == {}
    assert differences(office, MAY), "run again it says what it said"
    assert office.case(decided).agreed_in == "2021-06"


def test_the_office_gets_a_list_until_both_agree(office: Office, decided: int) -> None:
    snapshot(office, MAY, listed(monitored_class="突发严重困难户", risk_1=None))
    compare_with_register(MAY, office.settings, office.ledger)
    made = write_difference_list(MAY, office.settings, office.ledger)
    assert (made.cases, made.differences) == (1, 2)
    assert made.path is not None
    assert made.path.stat().st_mode & 0o777 == 0o600
    rows = [row[:10] for row in load_workbook(made.path).active.iter_rows(values_only=True)]
    assert ["致贫返贫风险", "因病", "（空）"] in [list(row[7:]) for row in rows]
    assert ["监测对象类别", "脱贫不稳定户", "突发严重困难户"] in [list(row[7:]) for row in rows]
    before = made.path.stat().st_mtime_ns
    assert write_difference_list(MAY, office.settings, office.ledger).path == made.path
    assert made.path.stat().st_mtime_ns == before
    snapshot(office, MAY, listed())
    compare_with_register(MAY, office.settings, office.ledger)
    assert write_difference_list(MAY, office.settings, office.ledger).path is None
    assert not made.path.exists()


def test_once_agreed_later_changes_are_the_registers(office: Office, decided: int) -> None:
    snapshot(office, MAY)
    assert differences(office, MAY)
    snapshot(office, JUNE, listed())
    assert differences(office, JUNE) == {}
    snapshot(office, JULY, listed(monitored_class="突发严重困难户"))
    assert differences(office, JULY) == {}
    assert office.case(decided).agreed_in == "2021-06"


def test_comparing_again_changes_nothing(office: Office, decided: int) -> None:
    snapshot(office, MAY)
    first = compare_with_register(MAY, office.settings, office.ledger)
    assert compare_with_register(MAY, office.settings, office.ledger) == first
    assert "不一致1件" in first.summary
    with office.ledger.transaction() as session:
        entries = session.query(JournalEntry).filter_by(action="名册与台账核对").all()
        assert len(entries) == 1


def test_a_corrected_snapshot_takes_the_place_of_the_one_before(
    office: Office, decided: int
) -> None:
    snapshot(office, MAY)
    assert differences(office, MAY)
    snapshot(office, MAY, listed())
    assert differences(office, MAY) == {}


def test_approved_after_the_month_is_not_looked_for_yet(office: Office) -> None:
    office.compute(household())
    office.approved(on="2021-06-02")
    snapshot(office, MAY)
    assert differences(office, MAY) == {}


def test_a_month_without_its_own_snapshot_compares_nothing(office: Office, decided: int) -> None:
    office.compute(household(), month=JUNE, serving={"monitoring_register": "2021-05"})
    with pytest.raises(CaseError, match="没有当月的名册"):
        compare_with_register(JUNE, office.settings, office.ledger)
