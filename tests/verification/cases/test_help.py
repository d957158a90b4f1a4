"""Help: who owes what by when, and who has waited too long."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from openpyxl import load_workbook
from sqlalchemy import select

from poverty_watch.ledger.access import Viewer
from poverty_watch.ledger.models import Measure
from poverty_watch.ledger.outcomes import newly_helped, still_unhelped
from poverty_watch.months import Month
from poverty_watch.verification.cases.errors import CaseError, ProcedureError
from poverty_watch.verification.cases.given import risk_names
from poverty_watch.verification.cases.help import (
    CANCELLED,
    DONE,
    FILE,
    Helped,
    finish_measure,
    load_help_policy,
    plan_measure,
    without_development,
    without_help,
)
from poverty_watch.verification.cases.help_lists import write_help_lists
from tests.verification.cases.conftest import COUNTY, HERE, Office, household

TODAY = date(2021, 12, 31)
MEDICAL = Viewer("医保一", "department", "medical_insurance")
WATER = Viewer("水利一", "department", "water")
FOR = Helped("R:1", HERE, "样例村", None)


@pytest.fixture
def ledger_url(tmp_path: Path) -> str:
    """The report's counts are tried on both databases beside the ledger's other counts."""
    return f"sqlite:///{tmp_path}/home/ledger.sqlite"


def measures(office: Office, viewer: Viewer = COUNTY) -> list[Measure]:
    with office.ledger.transaction(viewer) as session:
        return list(session.scalars(select(Measure).order_by(Measure.id)))


def finish(
    office: Office, number: int, by: Viewer, on: str, status: str = DONE, result: str = "已报销"
) -> Measure:
    with office.ledger.transaction(by) as session:
        return finish_measure(session, number, status, result, date.fromisoformat(on), by, TODAY)


def test_every_risk_has_a_department(office: Office) -> None:
    assert set(load_help_policy().risks) == set(risk_names().values())


def test_an_approval_gives_each_responsible_department_its_measure(office: Office) -> None:
    office.compute(household())
    office.approved(risks=["因病", "饮水安全"])
    owed = {(m.risk, m.department, m.kind, m.due_on) for m in measures(office)}
    # Approved on 26 May: within the quarter.
    end = date(2021, 6, 30)
    assert owed == {
        ("因病", "medical_insurance", "健康帮扶", end),
        ("因病", "health", "健康帮扶", end),
        ("因病", "civil_affairs", "综合保障", end),
        ("饮水安全", "water", "饮水安全保障", end),
    }
    assert [m.department for m in measures(office, WATER)] == ["water"]


@pytest.mark.parametrize(
    ("start", "due"),
    [
        ("2021-05-26", "2021-06-30"),
        ("2021-06-15", "2021-06-30"),
        ("2021-06-16", "2021-07-16"),
        ("2021-12-20", "2022-01-19"),
    ],
)
def test_help_is_due_within_the_quarter_or_in_thirty_days(start: str, due: str) -> None:
    policy = load_help_policy()
    assert policy.due_on(date.fromisoformat(start), is_urgent=False) == date.fromisoformat(due)


def test_a_department_carries_out_its_own(office: Office) -> None:
    office.compute(household())
    office.approved()
    by_department = {m.department: m.id for m in measures(office)}
    done = finish(office, by_department["medical_insurance"], MEDICAL, "2021-06-02")
    assert (done.status, done.done_on, done.done_by) == (DONE, date(2021, 6, 2), "医保一")
    with pytest.raises(CaseError, match="不属于"):
        finish(office, by_department["civil_affairs"], MEDICAL, "2021-06-02")
    with pytest.raises(CaseError, match="不能再改"):
        finish(office, by_department["medical_insurance"], MEDICAL, "2021-06-03")


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({"on": "2021-05-25"}, "应在派出日"),
        ({"on": "2022-01-01"}, "应在派出日"),
        ({"result": " "}, "请写明"),
        ({"status": CANCELLED}, "由县专班办理"),
    ],
)
def test_what_is_missing_is_told(office: Office, told: dict[str, Any], says: str) -> None:
    office.compute(household())
    office.approved()
    (number,) = [m.id for m in measures(office) if m.department == "medical_insurance"]
    with pytest.raises(CaseError, match=says):
        finish(office, number, MEDICAL, **{"on": "2021-06-02"} | told)


def test_a_measure_that_stands_is_not_planned_twice(office: Office) -> None:
    told = ("因病", "健康帮扶", "health", date(2021, 5, 26), "县一")
    with office.ledger.transaction() as session:
        plan_measure(session, FOR, *told)
    with pytest.raises(CaseError, match="已经派给"), office.ledger.transaction() as session:
        plan_measure(session, FOR, *told)
    with pytest.raises(CaseError) as caught, office.ledger.transaction() as session:
        plan_measure(session, FOR, "因懒", "发钱", "mayor", date(2021, 5, 26), "县一")
    assert len(caught.value.problems) == 3


def waiting(office: Office, on: str) -> list[str]:
    with office.ledger.transaction() as session:
        return [one.household_id for one in without_help(session, date.fromisoformat(on))]


def undeveloped(office: Office, on: str) -> list[str]:
    with office.ledger.transaction() as session:
        found = without_development(session, date.fromisoformat(on))
        return [one.household_id for one in found]


def test_thirty_days_without_help_are_late(office: Office) -> None:
    office.compute(household())
    office.approved()
    assert waiting(office, "2021-06-25") == []
    assert waiting(office, "2021-06-26") == ["R:1"]
    finish(office, 1, COUNTY, "2021-07-20")
    assert waiting(office, "2021-07-19") == ["R:1"]
    assert waiting(office, "2021-07-20") == []


def test_half_a_year_without_development_is_late(office: Office) -> None:
    office.compute(household())
    case_id = office.approved()
    finish(office, 1, COUNTY, "2021-06-02")
    assert undeveloped(office, "2021-11-25") == []
    assert undeveloped(office, "2021-11-26") == ["R:1"]
    with office.ledger.transaction() as session:
        helped = Helped("R:1", HERE, "样例村", case_id)
        told = ("因病", "就业帮扶", "human_resources", date(2021, 7, 1), "县一")
        number = plan_measure(session, helped, *told)
        session.flush()
        number_id = number.id
    finish(office, number_id, COUNTY, "2021-07-05")
    assert undeveloped(office, "2021-11-26") == []


def test_what_the_report_counts(office: Office) -> None:
    office.compute(household(), household("R:2"))
    office.approved()
    office.approved("R:2")
    of = {(m.household_id, m.department): m.id for m in measures(office)}
    finish(office, of["R:1", "health"], COUNTY, "2021-06-02")
    finish(office, of["R:1", "medical_insurance"], COUNTY, "2021-07-02")
    finish(office, of["R:1", "civil_affairs"], COUNTY, "2021-07-03")
    with office.ledger.transaction() as session:
        helped = {
            month.number: [(one.household_id, one.kind) for one in newly_helped(session, month)]
            for month in Month(2021, 5).through(Month(2021, 7))
        }
        late = {
            month.number: still_unhelped(session, month, 30)
            for month in Month(2021, 5).through(Month(2021, 7))
        }
    # The second 健康帮扶 is not new.
    assert helped == {5: [], 6: [("R:1", "健康帮扶")], 7: [("R:1", "综合保障")]}
    assert late == {5: [], 6: [(HERE, "R:2")], 7: [(HERE, "R:2")]}


@pytest.mark.parametrize(
    "change",
    [
        lambda c: c["risks"]["因病"].append({"department": "mayor", "kinds": ["健康帮扶"]}),
        lambda c: c["risks"]["因病"].append({"department": "health", "kinds": ["发钱"]}),
        lambda c: c["developing"].append("发钱"),
    ],
)
def test_a_file_with_unknown_names_is_refused(tmp_path: Path, change: Any) -> None:
    content = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    change(content)
    path = tmp_path / FILE.name
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    with pytest.raises(ProcedureError):
        load_help_policy(path)


def test_each_department_gets_a_list_of_what_it_owes_and_no_other(office: Office) -> None:
    office.compute(household(head_name="=样例甲"), household("R:2", head_name="样例乙"))
    office.approved("R:1", risks=["因病"])
    office.approved("R:2", risks=["饮水安全"])
    before = write_help_lists(office.settings, office.ledger, date(2021, 6, 30))
    folder = office.settings.outbox / "2021-06" / "帮扶任务"
    assert sorted(path.name for path in folder.glob("*.xlsx")) == [
        "帮扶任务_医保局.xlsx", "帮扶任务_卫健局.xlsx", "帮扶任务_民政局.xlsx", "帮扶任务_水利局.xlsx"
    ]  # fmt: skip
    assert (before.measures, before.late) == (4, 0)
    assert {path.stat().st_mode & 0o777 for path in before.paths} == {0o600}
    assert "样例乙" not in told(folder / "帮扶任务_医保局.xlsx")
    assert "=样例甲" in told(folder / "帮扶任务_医保局.xlsx")
    late = write_help_lists(office.settings, office.ledger, date(2021, 7, 2))
    assert late.late == 4
    assert "超期2天" in told(
        office.settings.outbox / "2021-07" / "帮扶任务" / "帮扶任务_水利局.xlsx"
    )
    (water,) = measures(office, WATER)
    finish(office, water.id, WATER, "2021-07-02")
    after = write_help_lists(office.settings, office.ledger, date(2021, 7, 2))
    assert "帮扶任务_水利局.xlsx" not in [path.name for path in after.paths]
    assert not (office.settings.outbox / "2021-07" / "帮扶任务" / "帮扶任务_水利局.xlsx").exists()


def told(path: Path) -> list[str]:
    rows = load_workbook(path).active.iter_rows(values_only=True)
    return [str(cell) for row in rows for cell in row if cell is not None]
