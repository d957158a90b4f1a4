"""What departments have said already stands in the sheet, and nothing that they have not said."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from poverty_watch.contracts import load_catalogue
from poverty_watch.contracts.shape import accepted_schema
from poverty_watch.lake.screenings import Screenings
from poverty_watch.lake.versions import Lake
from poverty_watch.ledger.models import DatasetMonth, Delivery, Screening
from poverty_watch.verification import open_tasks, write_task_sheets
from poverty_watch.verification.known import known_facts
from tests.verification.conftest import APRIL, NO_FINDINGS, OPENED_ON, County
from tests.verification.test_sheets import cells


@pytest.fixture
def ledger_url(tmp_path: Path) -> str:
    """What is known comes from the lake."""
    return f"sqlite:///{tmp_path}/home/ledger.sqlite"


def deliver(county: County, dataset: str, *rows: dict[str, Any]) -> None:
    """Accepted rows of a dataset; what is not told is null."""
    contract = load_catalogue().contract(dataset)
    table = pa.Table.from_pylist(list(rows), schema=accepted_schema(contract))
    Lake(county.settings.lake).write(dataset, APRIL, 1, table, pa.table({}), {})
    with county.ledger.transaction() as session:
        delivery = Delivery(
            month=str(APRIL), dataset=dataset, department="样例", content_sha256=dataset,
            policy_sha256="样例", status="accepted", version=1, accepted_rows=len(rows),
            rejected_rows=0,
        )  # fmt: skip
        session.add(delivery)
        session.flush()
        session.add(
            DatasetMonth(
                month=str(APRIL), dataset=dataset, department="样例", status="accepted",
                delivery_id=delivery.id,
            )
        )  # fmt: skip


def settle(county: County, *members: tuple[str, int, bool]) -> None:
    """Households R:1 (in the register) and H:2, with their members."""
    households = pa.table(
        {
            "household_id": ["R:1", "H:2"],
            "head_person_id": pa.array([1, 2], pa.int64()),
            "head_name": ["样例甲", "样例乙"],
            "household_type": ["脱贫户", None],
            "monitored_class": pa.nulls(2, pa.string()),
            "standing": pa.nulls(2, pa.string()),
            "living_members": [2, 1],
            "income_per_head": pa.array([Decimal("6800.50"), None], pa.decimal128(18, 4)),
            "measures": ["产业帮扶、就业帮扶", None],
        }
    )
    names = ("household_id", "person_id", "is_living")
    listed = pa.table([list(c) for c in zip(*members, strict=True)], names=list(names))
    tables = {"households": households, "members": listed, "findings": NO_FINDINGS}
    Screenings(county.settings.lake).write(APRIL, "sample", tables)
    with county.ledger.transaction() as session:
        session.add(Screening(month=str(APRIL), fingerprint="sample", inputs=[], checks=[]))


def known(county: County) -> dict[str, list[str]]:
    with county.ledger.transaction() as session:
        return known_facts(session, county.settings, APRIL, {"R:1", "H:2"})


def test_only_what_was_delivered_is_known(county: County) -> None:
    settle(county, ("R:1", 1, True), ("R:1", 3, True), ("R:1", 4, False), ("H:2", 2, True))
    assert known(county) == {"R:1": ["人均纯收入6800.50元", "已有帮扶：产业帮扶、就业帮扶"]}
    deliver(county, "medical_enrolment", {"person_id": 1, "status": "正常参保"})
    deliver(
        county,
        "social_assistance",
        {"person_id": 3, "category": "农村低保"},
        {"person_id": 4, "category": "农村低保"},
    )
    deliver(county, "housing_safety", {"person_id": 2, "grade": "C"})
    deliver(county, "employment", {"person_id": 2, "status": "失业", "monthly_income": Decimal(9)})
    assert known(county) == {
        "R:1": [
            "人均纯收入6800.50元",
            "已有帮扶：产业帮扶、就业帮扶",
            "农村低保1人",
            "1人正常参保，1人没有正常参保",
        ],
        "H:2": ["0人正常参保，1人没有正常参保", "住房鉴定C级"],
    }


def test_every_kind_of_fact_is_said_in_words(county: County) -> None:
    settle(county, ("H:2", 2, True), ("H:2", 5, True))
    both = ({"person_id": 2}, {"person_id": 5})
    deliver(county, "medical_enrolment", *(one | {"status": "正常参保"} for one in both))
    bills = ("100.10", "0.90")
    deliver(
        county,
        "medical_expenses",
        *(one | {"inpatient_own_ytd": Decimal(b)} for one, b in zip(both, bills, strict=True)),
    )
    deliver(county, "disability_certificates", {"person_id": 5, "grade": "二级"})
    deliver(
        county,
        "employment",
        *(one | {"status": "在岗", "monthly_income": Decimal(1500)} for one in both),
    )
    deliver(county, "public_posts", {"person_id": 2})
    deliver(county, "school_enrolment", {"person_id": 5, "status": "在读", "stage": "小学"})
    deliver(
        county, "water_supply", {"person_id": 2, "quality_ok": "否", "litres_per_day": Decimal(30)}
    )
    deliver(
        county,
        "microcredit",
        {"person_id": 2, "overdue": Decimal(0)},
        {"person_id": 2, "overdue": Decimal(50)},
    )
    assert known(county)["H:2"] == [
        "今年住院自付累计101.00元",
        "2人正常参保",
        "持证残疾1人（二级）",
        "在岗务工2人，月收入合计3000.00元",
        "公益岗1人",
        "在读1人（小学）",
        "水质不达标，日均30.0升",
        "小额信贷2笔，逾期50.00元",
    ]


def test_it_stands_in_the_sheet_below_the_reasons(county: County) -> None:
    county.lead("R:1", "W01")
    settle(county, ("R:1", 1, True))
    open_tasks(APRIL, county.settings, county.ledger, OPENED_ON)
    (path,) = write_task_sheets(APRIL, county.settings, county.ledger).paths
    reasons, questions = cells(path)
    assert reasons.split("\n") == [
        "【橙】样例原因W01",
        "【部门已有数据】人均纯收入6800.50元；已有帮扶：产业帮扶、就业帮扶。",
    ]
    assert questions == "问W01？"
