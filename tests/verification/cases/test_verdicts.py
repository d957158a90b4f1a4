"""Visits come back by the sheet: every task gets its fate, none a wrong one."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from poverty_watch.ledger.models import Case, JournalEntry, Task
from poverty_watch.verification.cases.verdicts import Verdict, take_verdicts
from tests.verification.cases.conftest import (
    COMPARED,
    COUNTY,
    ELSEWHERE,
    HERE,
    THERE,
    VISITOR,
    Office,
    household,
)

ON = date(2021, 5, 10)
VISITORS = ["入户一", "入户二"]


@pytest.fixture
def ledger_url(tmp_path: Path) -> str:
    """The steps of a case are tried on both databases where they are decided."""
    return f"sqlite:///{tmp_path}/home/ledger.sqlite"


def task(office: Office, task_id: int) -> Task:
    with office.ledger.transaction() as session:
        return session.get_one(Task, task_id)


@pytest.mark.parametrize(
    ("decision", "given", "outcome", "is_open"),
    [
        ("confirmed", {"risks": ["因病"]}, None, True),
        ("excluded", {"excluded_because": "数据有误", "remarks": "重名"}, "excluded", False),
        ("monitored", {}, "monitored", False),
        ("not_found", {}, "not_found", False),
    ],
)
def test_each_answer_has_its_case(
    office: Office, decision: str, given: dict[str, object], outcome: str | None, is_open: bool
) -> None:
    office.compute(household())
    task_id = office.task()
    with office.ledger.transaction(VISITOR) as session:
        papers = ({"kind": "visit_sheet", "sha256": "0" * 64, "suffix": ".xlsx"},)
        verdict = Verdict(task_id, decision, ON, {"visitors": VISITORS, **given}, papers)
        (taken,) = take_verdicts(session, office.desk, [verdict], VISITOR)
    answered = task(office, task_id)
    assert (answered.outcome, answered.status, answered.decided_on) == (decision, "closed", ON)
    assert answered.case_id == taken.case_id
    case = office.case(taken.case_id or 0)
    assert (case.outcome, case.closed_on is None) == (outcome, is_open)
    assert [step.decision for step in case.steps] == [decision]
    if decision == "excluded":
        assert case.outcome_reason == "数据有误；重名"


def test_one_that_cannot_be_taken_stops_no_other(office: Office) -> None:
    office.compute(household(), household("R:2"), household("R:3", township=THERE))
    tasks = [office.task(), office.task("R:2"), office.task("R:3", township=THERE)]
    papers = ({"kind": "visit_sheet", "sha256": "0" * 64, "suffix": ".xlsx"},)
    told = {"visitors": VISITORS, "risks": ["因病"]}
    verdicts = [
        Verdict(tasks[0], "confirmed", ON, {"visitors": ["一个人"], "risks": ["因病"]}, papers),
        Verdict(tasks[1], "confirmed", ON, told, papers),
        Verdict(tasks[2], "confirmed", ON, told, papers),
        Verdict(tasks[1], "excluded", ON, told, papers),
        Verdict(999, "confirmed", ON, told, papers),
    ]
    with office.ledger.transaction(VISITOR) as session:
        taken = take_verdicts(session, office.desk, verdicts, VISITOR)
    assert [bool(one.problems) for one in taken] == [True, False, True, True, True]
    assert "至少要2个人" in taken[0].problems[0]
    assert "不属于甸阳镇" in taken[2].problems[0]
    assert "没有重复登记" in taken[3].problems[0]
    assert [task(office, number).status for number in tasks] == ["open", "closed", "open"]
    with office.ledger.transaction() as session:
        assert [case.household_id for case in session.query(Case)] == ["R:2"]
        assert session.query(JournalEntry).count() == 1


def test_taking_the_same_answers_again_changes_nothing(office: Office) -> None:
    office.compute(household())
    task_id = office.task()
    office.visit(task_id)
    again = office.visit(task_id)
    assert again.case_id is None
    assert len(office.case(1).steps) == 1


def test_a_monitored_household_that_is_confirmed_brings_nobody_new(office: Office) -> None:
    office.compute(household(standing="M"))
    task_id = office.task()
    case = office.case(office.visit(task_id).case_id)
    assert (case.outcome, task(office, task_id).outcome) == ("monitored", "monitored")


def test_an_eliminated_household_that_is_confirmed_comes_back(office: Office) -> None:
    office.compute(household(standing="X"))
    case = office.case(office.visit(office.task("R:1", "W22")).case_id)
    assert (case.kind, case.step) == ("relapse", "compare")


@pytest.mark.parametrize(
    ("rules", "origin"), [(["W24"], "petition"), (["W24", "W01"], "department")]
)
def test_where_it_came_from(office: Office, rules: list[str], origin: str) -> None:
    office.compute(household())
    assert office.case(office.visit(office.task("R:1", *rules)).case_id).origin == origin


def test_a_second_lead_joins_the_case_on_its_way(office: Office) -> None:
    office.compute(household())
    case_id = office.visit(office.task()).case_id
    office.decide(case_id, "clear", COUNTY, "2021-05-12", papers=COMPARED)
    second = office.task("R:1", "W09")
    taken = office.visit(second, on=date(2021, 5, 13), risks=["住房安全", "因病"])
    assert taken.case_id == case_id
    case = office.case(case_id)
    assert (case.step, case.due_on) == ("review", date(2021, 5, 17))
    assert case.risks == ["因病", "住房安全"]
    assert [step.step for step in case.steps] == ["verify", "compare", "verify"]
    # A visit on the way does not set the clock of the step back.
    votes = {"到会人数": "3", "同意票": "3", "不同意票": "0"}
    office.decide(case_id, "agreed", VISITOR, "2021-05-12", votes, ["minutes"])


def test_a_second_lead_that_is_unfounded_has_a_case_of_its_own(office: Office) -> None:
    office.compute(household())
    first = office.visit(office.task()).case_id
    second = office.visit(office.task("R:1", "W09"), "excluded", excluded_because="数据有误")
    assert second.case_id != first
    assert office.case(first).step == "compare"


def test_a_household_that_nobody_knows_any_more(office: Office) -> None:
    office.compute(household("R:2"))
    case = office.case(office.visit(office.task(), "not_found").case_id)
    assert (case.township, case.outcome) == (HERE, "not_found")


def test_a_township_answers_no_others(office: Office) -> None:
    office.compute(household())
    taken = office.visit(office.task(), by=ELSEWHERE)
    assert taken.problems


def test_a_risk_that_comes_back_waits_for_the_open_elimination(office: Office) -> None:
    """The register says eliminated already, here it is not entered yet: one open case at most."""
    office.compute(household(standing="X", monitored_class="脱贫不稳定户"), household("R:2"))
    with office.ledger.transaction() as session:
        session.add(
            Case(
                kind="elimination", household_id="R:1", township=HERE, village="样例村",
                month="2021-03", origin="cadre", opened_on=date(2021, 4, 6), step="entry",
                total_due_on=date(2021, 5, 6), approved_on=date(2021, 4, 29),
            )
        )  # fmt: skip
    waiting, other = office.visit(office.task("R:1", "W22")), office.visit(office.task("R:2"))
    assert waiting.case_id is None
    assert "“风险消除”（第1号案件）还在“系统录入”环节" in waiting.problems[0]
    assert other.case_id is not None
    with office.ledger.transaction() as session:
        assert session.query(Task).filter_by(household_id="R:1").one().status == "open"
