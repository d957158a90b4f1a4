"""A risk is gone when everything says so; what nobody can judge is no pass."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from poverty_watch.engine import spark_text
from poverty_watch.lake.screenings import Screenings
from poverty_watch.ledger.models import Case, HitFate, Lead, Screening
from poverty_watch.ledger.screenings import current_screening
from poverty_watch.months import Month
from poverty_watch.screening import warn
from poverty_watch.screening.evidence import HITS
from poverty_watch.verification.cases.elimination import FILE, criteria
from poverty_watch.verification.cases.errors import CaseError
from poverty_watch.verification.cases.households import households_of
from poverty_watch.verification.cases.opening import open_by_hand
from tests.screening.given import deliver, person_id, write_down
from tests.verification.cases.conftest import (
    CHECKER,
    COUNTY,
    HERE,
    HOUSEHOLDS,
    VISITOR,
    VOTES,
    Office,
    household,
)

APRIL, MAY, JUNE = Month(2021, 4), Month(2021, 5), Month(2021, 6)
GUARANTEES = ("W05", "W07", "W09", "W10")


@pytest.fixture
def ledger_url(tmp_path: Path) -> str:
    """The criteria read the lake; the ledger's part is the same on both databases."""
    return f"sqlite:///{tmp_path}/home/ledger.sqlite"


PERSONS = pa.schema([("person_id", pa.int64()), ("died_on", pa.date32())])


def monitored(**changed: Any) -> dict[str, Any]:
    return household(standing="M", identified_month=date(2020, 11, 1)) | changed


def checks(not_run: str = "", line: str = "6000元") -> list[dict[str, Any]]:
    parameter = {"name": "income_line", "value": line, "unit": "元"}
    return [
        {
            "id": rule,
            "title": "样例",
            "status": "not_run" if rule == not_run else "ran",
            "lacks": [],
        }
        for rule in GUARANTEES
    ] + [{"id": "W11", "title": "样例", "status": "ran", "parameters": [parameter]}]


def a_month(
    office: Office,
    month: Month,
    *households: dict[str, Any],
    hits: tuple[str, ...] = (),
    serving: Month | None = None,
    not_run: str = "",
    labour: tuple[str, ...] = ("普通劳动力", "无劳动力"),
    dead: tuple[str, ...] = (),
    register: bool = True,
) -> None:
    """A computed month, with its register where that is read."""
    if register:
        _register(office, month, labour, [row["household_id"] for row in households])
    died = [{"person_id": person_id(name), "died_on": date(2021, 1, 1)} for name in dead]
    rows = [{"rule_id": rule, "household_id": "R:1", "severity": "red"} for rule in hits]
    Screenings(office.settings.lake).write(
        month,
        "sample",
        {
            "households": pa.Table.from_pylist(list(households), schema=HOUSEHOLDS),
            "hits": pa.Table.from_pylist(rows, schema=HITS),
            "persons": pa.Table.from_pylist(died, schema=PERSONS),
        },
    )
    with office.ledger.transaction() as session:
        session.add(
            Screening(
                month=str(month),
                fingerprint="sample",
                inputs=[],
                checks=checks(not_run),
                serving={"monitoring_register": str(serving or month)},
            )
        )


def _register(office: Office, month: Month, labour: tuple[str, ...], households: list[str]) -> None:
    rows = [
        {"household_no": one[2:], "person_id": name, "person_no": name, "labour": skill}
        for one in households
        for name, skill in zip("ABCDEF", labour, strict=False)
    ]
    found = deliver(office.settings.lake, {"monitoring_register": rows}, month)
    write_down(office.ledger, [d for d in found if d.dataset == "monitoring_register"])


def half_a_year(office: Office, **last: Any) -> None:
    """Six months in which everything is well, the last one as told."""
    for month in Month(2020, 11).through(Month(2021, 3)):
        a_month(
            office, month, last.get("before") or monitored(), register=month == last.get("serving")
        )
    a_month(
        office, APRIL, last.get("one") or monitored(),
        **{name: told for name, told in last.items() if name != "one"},
    )  # fmt: skip


def judged(office: Office, decided: Month = MAY) -> dict[str, tuple[str, str]]:
    """What does not pass, by criterion."""
    with office.ledger.transaction() as session:
        found = criteria(session, office.settings, ["R:1"], decided)["R:1"]
    assert len(found) == 12
    return {one.title: (one.verdict, one.detail) for one in found if one.verdict != "met"}


def test_everything_is_well(office: Office) -> None:
    half_a_year(office)
    assert judged(office) == {}


def test_who_was_approved_again_stays_for_that_month_and_the_next(office: Office) -> None:
    """A risk that came back: the register keeps the first month of identification."""
    half_a_year(office)
    with office.ledger.transaction() as session:
        session.add(
            Case(
                kind="relapse", household_id="R:1", township=HERE, village="样例村",
                month="2021-03", origin="department", opened_on=date(2021, 4, 6),
                total_due_on=date(2021, 5, 6), approved_on=date(2021, 4, 29),
                closed_on=date(2021, 4, 30), outcome="recognised",
            )
        )  # fmt: skip
    told = "2021-04识别，识别当月和次月不能消除"
    assert judged(office, MAY) == {"识别时间": ("unmet", told)}
    assert judged(office, JUNE) == {}


# What stands in the row of the last month, or of the months before.
OF_THE_ROW: list[tuple[dict[str, Any], dict[str, Any], str, str, str]] = [
    ({"standing": "X"}, {}, "监测对象", "unmet", "已标注消除"),
    ({"standing": None}, {}, "监测对象", "unmet", "不是"),
    ({"income_per_head": Decimal("5999.99")}, {}, "收入稳定", "unmet", "5999.99"),
    ({}, {"income_per_head": Decimal(10)}, "收入稳定", "unmet", "2020-11 10.00元"),
    ({}, {"income_per_head": None}, "收入稳定", "unknown", "没有该户收入"),
    ({"has_unsafe_house": "是"}, {}, "住房安全（名册）", "unmet", "是"),
    ({"has_unsafe_house": None}, {}, "住房安全（名册）", "unknown", "空白"),
    ({"has_safe_water": "否"}, {}, "饮水安全（名册）", "unmet", "否"),
    ({"has_safe_water": None}, {}, "饮水安全（名册）", "unknown", "空白"),
    ({"identified_month": None}, {}, "识别时间", "unknown", "空白"),
]


def test_each_thing_in_the_register_can_fail_or_be_beyond_judgement(office: Office) -> None:
    ids = [f"R:{number}" for number in range(1, len(OF_THE_ROW) + 1)]
    for month in Month(2020, 11).through(APRIL):
        rows = [
            monitored(household_id=one, **(last if month == APRIL else before))
            for one, (last, before, *_) in zip(ids, OF_THE_ROW, strict=True)
        ]
        a_month(office, month, *rows, register=month == APRIL)
    with office.ledger.transaction() as session:
        found = criteria(session, office.settings, ids, MAY)
    for one, (_, _, title, verdict, says) in zip(ids, OF_THE_ROW, strict=True):
        missed = [(c.title, c.verdict) for c in found[one] if c.verdict != "met"]
        assert missed == [(title, verdict)], says
        assert any(says in c.detail for c in found[one] if c.title == title)


OF_THE_MONTH = [
    ({"serving": Month(2021, 3)}, "收入稳定", "unknown", "2021-04 没有当月名册"),
    ({"not_run": "W05"}, "基本医保", "unknown", "不能判断"),
    ({"not_run": "W07"}, "义务教育", "unknown", "不能判断"),
    ({"not_run": "W09"}, "住房鉴定", "unknown", "不能判断"),
    ({"not_run": "W10"}, "饮水监测", "unknown", "不能判断"),
    ({"hits": ("W05", "W07")}, "基本医保", "unmet", "命中"),
    ({"hits": ("W05", "W07")}, "义务教育", "unmet", "命中"),
    ({"hits": ("W09", "W10")}, "住房鉴定", "unmet", "命中"),
    ({"hits": ("W09", "W10")}, "饮水监测", "unmet", "命中"),
    ({"hits": ("W01",)}, "没有未了的预警", "unmet", "W01"),
    ({"labour": ("无劳动力", "丧失劳动力")}, "家庭劳动力", "unmet", "继续监测"),
    ({"labour": ("普通劳动力", "无劳动力"), "dead": ("A",)}, "家庭劳动力", "unmet", "继续监测"),
    ({"labour": ("", "无劳动力")}, "家庭劳动力", "unknown", "空白"),
    ({"labour": ()}, "家庭劳动力", "unknown", "没有在世成员"),
]


@pytest.mark.parametrize(("last", "title", "verdict", "says"), OF_THE_MONTH)
def test_each_thing_of_the_month_can_fail_or_be_beyond_judgement(
    office: Office, last: dict[str, Any], title: str, verdict: str, says: str
) -> None:
    half_a_year(office, **last)
    found = judged(office)
    assert found[title][0] == verdict
    assert says in found[title][1]
    # A hit of one of the four guarantees is an open warning as well.
    assert len(set(found) - {"没有未了的预警"}) <= max(1, len(last.get("hits", ())))


@pytest.mark.parametrize(
    ("identified", "passes"),
    [((2021, 5), False), ((2021, 4), False), ((2021, 3), True)],
)
def test_not_in_the_month_of_identification_or_the_next(
    office: Office, identified: tuple[int, int], passes: bool
) -> None:
    half_a_year(office, one=monitored(identified_month=date(*identified, 1)))
    assert ("识别时间" not in judged(office)) == passes


def test_less_than_six_months_of_registers_is_no_pass(office: Office) -> None:
    for month in (Month(2021, 3), APRIL):
        a_month(office, month, monitored())
    verdict, detail = judged(office)["收入稳定"]
    assert verdict == "unknown"
    assert "2020-11 没有当月名册" in detail


def test_old_data_say_nothing_about_today(office: Office) -> None:
    half_a_year(office)
    assert "数据时间" not in judged(office, JUNE)
    assert judged(office, Month(2021, 7))["数据时间"][0] == "unknown"


def test_an_open_task_or_lead_is_an_open_warning(office: Office) -> None:
    half_a_year(office)
    with office.ledger.transaction() as session:
        session.add(
            Lead(
                month="2021-04", household_id="R:1", severity="red", reasons=["W01"],
                township=HERE, village="样例村",
            )
        )  # fmt: skip
    assert "没有未了的预警" in judged(office)
    office.visit(office.task(), "excluded", excluded_because="数据有误")
    assert judged(office) == {}


@pytest.mark.parametrize(("suppressed", "passes"), [("b", True), ("c", True), ("a", False)])
def test_a_hit_that_was_excluded_or_waived_is_settled(
    office: Office, suppressed: str, passes: bool
) -> None:
    half_a_year(office, hits=("W01",))
    with office.ledger.transaction() as session:
        session.add(
            HitFate(
                month="2021-04", household_id="R:1", rule_id="W01", severity="red", evidence={},
                suppressed=suppressed,
            )
        )  # fmt: skip
    assert ("没有未了的预警" not in judged(office)) == passes


def test_without_any_month_nothing_is_judged(office: Office) -> None:
    with pytest.raises(CaseError, match="还没有运行"):
        judged(office)


def proposed(office: Office, on: date = date(2021, 5, 10)) -> int:
    with office.ledger.transaction(VISITOR) as session:
        one = households_of(session, office.settings, ["R:1"])["R:1"]
        desk = office.desk
        case = open_by_hand(session, desk.policy, one, None, on, VISITOR, desk.workdays)
    return case.id


MODE = {"消除方式": "帮扶消除", "理由": "收入稳定"}


def test_out_of_monitoring_the_whole_way(office: Office) -> None:
    half_a_year(office)
    case_id = proposed(office)
    office.decide(case_id, "proposed", VISITOR, "2021-05-10", MODE)
    visit = {"核实人": "入户一、入户二"}
    office.decide(case_id, "met", VISITOR, "2021-05-11", visit, ["visit_sheet", "assessment"])
    office.decide(case_id, "agreed", VISITOR, "2021-05-13", VOTES, ["minutes"])
    office.decide(case_id, "posted", VISITOR, "2021-05-14", papers=["notice_photo"])
    office.decide(case_id, "no_objection", VISITOR, "2021-05-21")
    office.decide(case_id, "agreed", CHECKER, "2021-05-24", papers=["township_opinion"])
    office.decide(case_id, "approved", COUNTY, "2021-05-26", papers=["approval"])
    office.decide(case_id, "entered", VISITOR, "2021-06-02")
    case = office.case(case_id)
    assert (case.outcome, case.mode, case.approved_on) == (
        "eliminated",
        "帮扶消除",
        date(2021, 5, 26),
    )


def test_a_proposal_is_refused_with_every_reason(office: Office) -> None:
    half_a_year(office, hits=("W09",), labour=("无劳动力",), not_run="W05")
    case_id = proposed(office)
    with pytest.raises(CaseError) as caught:
        office.decide(case_id, "proposed", VISITOR, "2021-05-10", MODE)
    told = str(caught.value)
    for part in ("基本医保不能判断", "住房鉴定不符合", "没有未了的预警不符合", "家庭劳动力不符合"):
        assert part in told
    office.decide(case_id, "kept", VISITOR, "2021-05-10", {"理由": "条件不够"})
    assert office.case(case_id).outcome == "kept"


def test_the_county_judges_again_on_the_day_of_approval(office: Office) -> None:
    half_a_year(office)
    case_id = proposed(office)
    office.decide(case_id, "proposed", VISITOR, "2021-05-10", MODE)
    visit = {"核实人": "入户一、入户二"}
    office.decide(case_id, "met", VISITOR, "2021-05-11", visit, ["visit_sheet", "assessment"])
    office.decide(case_id, "agreed", VISITOR, "2021-05-13", VOTES, ["minutes"])
    office.decide(case_id, "posted", VISITOR, "2021-05-14", papers=["notice_photo"])
    office.decide(case_id, "no_objection", VISITOR, "2021-05-21")
    office.decide(case_id, "agreed", CHECKER, "2021-05-24", papers=["township_opinion"])
    office.task()
    with pytest.raises(CaseError, match="还在核实"):
        office.decide(case_id, "approved", COUNTY, "2021-05-26", papers=["approval"])


def test_only_a_monitored_household_leaves(office: Office) -> None:
    a_month(office, APRIL, monitored(standing="X"))
    with pytest.raises(CaseError, match="不能办理风险消除"):
        proposed(office)


def test_screening_gives_what_the_criteria_read(office: Office) -> None:
    """The line, what ran, and the columns come from a real computation."""
    given = {
        "monitoring_register": [
            {"household_no": "1", "person_id": "A", "monitored_class": "脱贫不稳定户",
             "identified_month": date(2020, 11, 1), "is_eliminated": "否"},
        ],
        "medical_enrolment": [], "school_enrolment": [], "housing_safety": [], "water_supply": [],
    }  # fmt: skip
    write_down(office.ledger, deliver(office.settings.lake, given, APRIL))
    warn(APRIL, office.settings, office.ledger)
    with office.ledger.transaction() as session:
        screening = current_screening(session, APRIL)
        assert screening is not None
        found = criteria(session, office.settings, ["R:1"], Month(2021, 5))["R:1"]
    told = {one.title: one for one in found}
    assert "监测线6000元" in told["收入稳定"].detail
    assert told["住房鉴定"].verdict == "met"
    assert told["基本医保"].verdict == "unmet"
    assert told["监测对象"].verdict == "met"


def test_the_criteria_run_on_spark_too() -> None:
    assert spark_text(FILE.read_text(encoding="utf-8"))
