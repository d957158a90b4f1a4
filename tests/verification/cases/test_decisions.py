"""A case from the visit to the entry in the national system, and everything that can go wrong."""

from __future__ import annotations

import multiprocessing
import os
import signal
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from poverty_watch.ledger import store
from poverty_watch.ledger.access import Viewer
from poverty_watch.ledger.audit import verify
from poverty_watch.ledger.models import Case, CaseStep, Finding, JournalEntry, Measure, Task
from poverty_watch.ledger.store import open_ledger
from poverty_watch.verification.cases.errors import CaseError
from poverty_watch.verification.cases.help import finish_measure, helped_household
from poverty_watch.verification.cases.households import households_of
from poverty_watch.verification.cases.opening import open_by_hand
from poverty_watch.verification.cases.papers import paper_path
from tests.verification.cases.conftest import (
    CHECKER,
    COMPARED,
    COUNTY,
    COUNTY_2,
    ELSEWHERE,
    HERE,
    VISITOR,
    VOTES,
    Office,
    household,
)


def refused(office: Office, *args: Any, **told: Any) -> str:
    with pytest.raises(CaseError) as caught:
        office.decide(*args, **told)
    return str(caught.value)


def test_the_whole_way(office: Office) -> None:
    office.compute(household())
    taken = office.visit(office.task())
    assert taken.problems == ()
    case_id = taken.case_id
    office.to_county(case_id)
    given = {"监测对象类别": "脱贫不稳定户"}
    decided = office.decide(case_id, "approved", COUNTY_2, "2021-05-26", given, ["approval"])
    assert (decided.next_step, decided.next_due_on) == ("entry", date(2021, 6, 10))
    assert "系统录入" in decided.summary
    office.decide(case_id, "entered", VISITOR, "2021-06-02")

    case = office.case(case_id)
    assert (case.outcome, case.closed_on, case.step) == ("recognised", date(2021, 6, 2), None)
    assert (case.monitored_class, case.approved_on) == ("脱贫不稳定户", date(2021, 5, 26))
    assert (case.risks, case.persons, case.kind) == (["因病"], 3, "identification")
    told = [(s.number, s.step, s.decision, s.actor, s.done_on, s.due_on) for s in case.steps]
    assert told == [
        (1, "verify", "confirmed", "镇一", date(2021, 5, 10), date(2021, 5, 13)),
        (2, "compare", "clear", "县一", date(2021, 5, 12), date(2021, 5, 17)),
        (3, "review", "agreed", "镇一", date(2021, 5, 14), date(2021, 5, 17)),
        (4, "posting", "posted", "镇一", date(2021, 5, 15), date(2021, 5, 18)),
        (5, "publicity", "no_objection", "镇一", date(2021, 5, 22), date(2021, 5, 24)),
        (6, "township", "agreed", "镇二", date(2021, 5, 24), date(2021, 5, 26)),
        (7, "county", "approved", "县二", date(2021, 5, 26), date(2021, 5, 27)),
        (8, "entry", "entered", "镇一", date(2021, 6, 2), date(2021, 6, 10)),
    ]
    assert case.total_due_on == date(2021, 6, 2)
    assert all(step.policy_sha256 == office.desk.policy.sha256 for step in case.steps)
    with office.ledger.transaction() as session:
        task = session.query(Task).one()
        assert (task.status, task.outcome, task.case_id) == ("closed", "confirmed", case_id)
        actions = [entry.action for entry in session.query(JournalEntry).order_by("id")]
        assert actions.count("识别认定·县级审定：审定同意") == 1
        assert len([action for action in actions if action.startswith("识别认定·")]) == 8
        helped = {(m.department, m.kind) for m in session.query(Measure)}
    assert ("medical_insurance", "健康帮扶") in helped
    assert verify(office.ledger, office.settings).is_sound


def test_papers_are_kept_by_content_whatever_their_name(office: Office) -> None:
    office.compute(household())
    case_id = office.visit(office.task()).case_id
    evil = office.folder / "..%2f..\n承诺书.PDF"
    evil.write_text("样例", encoding="utf-8")
    from poverty_watch.verification.cases.decisions import decide

    files = {"authorisation": [evil], "信息比对结果": [office.paper()]}
    decide(office.desk, case_id, "clear", COUNTY, date(2021, 5, 12), {}, files)
    papers = office.case(case_id).steps[1].evidence
    assert [paper["kind"] for paper in papers] == ["authorisation", "comparison_sheet"]
    for paper in papers:
        kept = paper_path(office.settings, paper)
        assert kept.is_file()
        assert kept.parent.parent == office.settings.home / "papers"
        assert kept.stat().st_mode & 0o777 == 0o600
    assert "\n" not in papers[0]["name"]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("木马.exe", b"MZ", "只收"),
        ("空.pdf", b"", "空文件"),
        ("大.pdf", b"x" * (30 * 1024 * 1024 + 1), "超过30兆"),
        ("没有.pdf", None, "没有这个文件"),
    ],
)
def test_a_paper_that_cannot_be_taken_stops_the_step(
    office: Office, name: str, content: bytes | None, says: str
) -> None:
    from poverty_watch.verification.cases.decisions import decide

    office.compute(household())
    case_id = office.visit(office.task()).case_id
    path = office.folder / name
    if content is not None:
        path.write_bytes(content)
    files = {"authorisation": [path], "comparison_sheet": [office.paper()]}
    with pytest.raises(CaseError, match=says):
        decide(office.desk, case_id, "clear", COUNTY, date(2021, 5, 12), {}, files)
    assert office.case(case_id).step == "compare"
    assert not list((office.settings.home / "papers").rglob("*.pdf"))


def test_who_visited_may_not_review_or_approve(office: Office) -> None:
    office.compute(household())
    case_id = office.visit(office.task(), visitors=["镇二", "县二"]).case_id
    office.decide(case_id, "clear", COUNTY, "2021-05-12", papers=COMPARED)
    office.decide(case_id, "agreed", VISITOR, "2021-05-14", VOTES, ["minutes"])
    office.decide(case_id, "posted", VISITOR, "2021-05-15", papers=["notice_photo"])
    office.decide(case_id, "no_objection", VISITOR, "2021-05-22")
    for by in (VISITOR, CHECKER):
        told = refused(office, case_id, "agreed", by, "2021-05-24", papers=["township_opinion"])
        assert "换一个人" in told
    third = Viewer("镇四", "township", HERE)
    office.decide(case_id, "agreed", third, "2021-05-24", papers=["township_opinion"])
    for by in (COUNTY, COUNTY_2):
        given = {"监测对象类别": "脱贫不稳定户"}
        assert "换一个人" in refused(
            office, case_id, "approved", by, "2021-05-26", given, ["approval"]
        )


@pytest.mark.parametrize(
    ("poor", "on", "wanted", "says"),
    [
        (True, "2021-04-30", "脱贫不稳定户", None),
        (True, "2021-04-30", "突发严重困难户", "2021年4月没有"),
        (True, "2021-05-26", "突发严重困难户", None),
        (False, "2021-05-26", "突发严重困难户", None),
        (False, "2021-05-26", "边缘易致贫户", None),
        (False, "2021-05-26", "脱贫不稳定户", "不能定为“脱贫不稳定户”"),
        (True, "2021-05-26", "边缘易致贫户", "可以定为：脱贫不稳定户、突发严重困难户"),
    ],
)
def test_the_class_is_one_of_that_month_and_of_that_household(
    office: Office, poor: bool, on: str, wanted: str, says: str | None
) -> None:
    kind = "脱贫户" if poor else "一般农户"
    office.compute(household(is_poor=poor, household_type=kind))
    with office.ledger.transaction() as session:
        case = Case(
            kind="identification",
            household_id="R:1",
            township=HERE,
            village="样例村",
            month="2021-03",
            origin="department",
            opened_on=date(2021, 4, 1),
            step="county",
            due_on=date(2021, 5, 30),
            total_due_on=date(2021, 5, 30),
            risks=["因病"],
        )
        session.add(case)
        session.flush()
        case_id = case.id
    given = {"监测对象类别": wanted}
    if says:
        assert says in refused(office, case_id, "approved", COUNTY, on, given, ["approval"])
        assert office.case(case_id).approved_on is None
    else:
        office.decide(case_id, "approved", COUNTY, on, given, ["approval"])
        assert office.case(case_id).monitored_class == wanted


def test_assets_found_are_to_be_explained_one_by_one(office: Office) -> None:
    office.compute(household())
    case_id = office.visit(office.task()).case_id
    with office.ledger.transaction() as session:
        for number, closed in ((1, None), (2, None), (3, "2021-04")):
            session.add(
                Finding(
                    id=number,
                    comparison_id="C14",
                    subject="household",
                    subject_id="R:1",
                    dataset=str(number),
                    outcome="ASSET",
                    owner_kind="township",
                    owner=HERE,
                    household_id="R:1",
                    township=HERE,
                    village="样例村",
                    evidence={"sentence": f"样例车{number}"},
                    opened_month="2021-03",
                    seen_month="2021-04",
                    closed_month=closed,
                )
            )
    told = refused(
        office, case_id, "clear", COUNTY, "2021-05-12", {"资产说明": "1：已报废"}, COMPARED
    )
    assert "样例车2" in told
    assert "样例车1" not in told
    both = {"资产说明": "1：已报废；2：农用三轮"}
    told = refused(
        office,
        case_id,
        "clear",
        COUNTY,
        "2021-05-12",
        {"资产说明": "1：甲；2：乙；9：丙"},
        COMPARED,
    )
    assert "编号9" in told
    office.decide(case_id, "clear", COUNTY, "2021-05-12", both, COMPARED)
    assert office.case(case_id).steps[1].given["assets"] == {"1": "已报废", "2": "农用三轮"}


def test_a_meeting_that_does_not_agree_ends_it_and_the_matter_rests(office: Office) -> None:
    office.compute(household())
    case_id = office.visit(office.task()).case_id
    office.decide(case_id, "clear", COUNTY, "2021-05-12", papers=COMPARED)
    given = {"到会人数": "12", "同意票": "3", "不同意票": "9", "理由": "收入稳定"}
    office.decide(case_id, "excluded", VISITOR, "2021-05-14", given, ["minutes"])
    case = office.case(case_id)
    assert (case.outcome, case.outcome_reason, case.step) == ("excluded", "收入稳定", None)
    with office.ledger.transaction() as session:
        assert session.query(Task).one().outcome == "excluded"
    assert "已经结案" in refused(office, case_id, "agreed", VISITOR, "2021-05-15", VOTES)


def test_an_objection_sends_it_back_to_the_door(office: Office) -> None:
    office.compute(household())
    case_id = office.visit(office.task()).case_id
    office.decide(case_id, "clear", COUNTY, "2021-05-12", papers=COMPARED)
    office.decide(case_id, "agreed", VISITOR, "2021-05-14", VOTES, ["minutes"])
    office.decide(case_id, "posted", VISITOR, "2021-05-15", papers=["notice_photo"])
    office.decide(case_id, "objection", VISITOR, "2021-05-18", {"异议内容": "家里有门面房"})
    case = office.case(case_id)
    assert (case.step, case.due_on) == ("verify", date(2021, 5, 25))
    visit = {"核实人": "入户三、入户四", "致贫返贫风险": "因病"}
    office.decide(case_id, "confirmed", VISITOR, "2021-05-20", visit, ["visit_sheet"])
    # The steps are done again under new numbers; nothing is undone.
    assert [s.step for s in office.case(case_id).steps] == [
        "verify", "compare", "review", "posting", "publicity", "verify",
    ]  # fmt: skip


def test_a_step_that_somebody_took_meanwhile_is_not_taken_twice(office: Office) -> None:
    office.compute(household())
    case_id = office.visit(office.task()).case_id
    office.decide(case_id, "clear", COUNTY, "2021-05-12", papers=COMPARED, step="compare")
    told = refused(office, case_id, "clear", COUNTY, "2021-05-12", papers=COMPARED, step="compare")
    assert "已到“村级评议”环节" in told
    assert len(office.case(case_id).steps) == 2


def test_another_townships_case_is_not_there(office: Office) -> None:
    office.compute(household())
    case_id = office.visit(office.task()).case_id
    office.decide(case_id, "clear", COUNTY, "2021-05-12", papers=COMPARED)
    told = refused(office, case_id, "agreed", ELSEWHERE, "2021-05-14", VOTES, ["minutes"])
    assert "不属于由旺镇" in told


def by_hand(office: Office, household_id: str = "R:1", *, by: Viewer = VISITOR, **told: Any) -> int:
    with office.ledger.transaction(by) as session:
        found = households_of(session, office.settings, [household_id])
        assert found, "not this viewer's household"
        desk = office.desk
        case = open_by_hand(
            session,
            desk.policy,
            found[household_id],
            told.pop("origin", "self_report"),
            date(2021, 5, 7),
            by,
            desk.workdays,
            **told,
        )
        return case.id


def test_a_household_that_reports_itself_and_its_open_task_are_one_visit(office: Office) -> None:
    office.compute(household())
    task_id = office.task()
    case_id = by_hand(office)
    case = office.case(case_id)
    assert (case.origin, case.month, case.due_on) == ("self_report", "2021-05", date(2021, 5, 13))
    visit = {"核实人": "入户一、入户二", "致贫返贫风险": "因病、因学"}
    office.decide(case_id, "confirmed", VISITOR, "2021-05-10", visit, ["visit_sheet"])
    with office.ledger.transaction() as session:
        task = session.get_one(Task, task_id)
        assert (task.outcome, task.case_id) == ("confirmed", case_id)


def test_the_green_channel_helps_first(office: Office) -> None:
    office.compute(household())
    with pytest.raises(CaseError, match="绿色通道"):
        by_hand(office, urgent_because="房屋倒塌")
    case_id = by_hand(office, urgent_because="房屋倒塌", risks=["住房安全"])
    with office.ledger.transaction() as session:
        (measure,) = session.scalars(select(Measure))
        assert (measure.department, measure.due_on) == ("housing", date(2021, 5, 12))
        assert measure.case_id == case_id
    case = office.case(case_id)
    assert (case.is_urgent, case.step) == (True, "verify")


UNFOUNDED = {"核实人": "入户一、入户二", "不属实原因": "数据有误"}


@pytest.mark.parametrize(
    ("decision", "given", "status", "says"),
    [
        ("excluded", UNFOUNDED, "cancelled", "不属实，数据有误"),
        ("not_found", {"核实人": "入户一、入户二"}, "cancelled", "查无此户"),
        # It is monitored already: what was promised to it stands.
        ("monitored", {"核实人": "入户一、入户二"}, "planned", None),
    ],
)
def test_help_that_went_ahead_ends_with_a_case_that_came_to_nothing(
    office: Office, decision: str, given: dict[str, str], status: str, says: str | None
) -> None:
    office.compute(household())
    case_id = by_hand(office, urgent_because="突发大病", risks=["因病"])
    with office.ledger.transaction() as session:
        done, *owed = session.scalars(select(Measure).order_by(Measure.id))
        helper = Viewer("某某", "department", done.department)
    with office.ledger.transaction(helper) as session:
        finish_measure(session, done.id, "done", "已办", date(2021, 5, 8), helper, office.today)
    office.decide(case_id, decision, VISITOR, "2021-05-10", given)
    with office.ledger.transaction() as session:
        assert session.get_one(Measure, done.id).status == "done"
        for one in owed:
            ended = session.get_one(Measure, one.id)
            assert ended.status == status
            told = f"第{case_id}号案件已结案：{says}" if says else None
            assert ended.result == told
        known = households_of(session, office.settings, ["R:1"])["R:1"]
        with pytest.raises(CaseError, match="还没有认定"):
            helped_household(session, "R:1", known, COUNTY)


@pytest.mark.parametrize(
    ("standing", "kind"), [(None, "identification"), ("X", "relapse"), ("M", None)]
)
def test_the_kind_follows_the_households_standing(
    office: Office, standing: str | None, kind: str | None
) -> None:
    office.compute(household(standing=standing))
    if kind is None:
        with pytest.raises(CaseError, match="已是监测对象"):
            by_hand(office)
    else:
        assert office.case(by_hand(office)).kind == kind


def test_one_open_case_per_household(office: Office) -> None:
    office.compute(household())
    by_hand(office)
    with pytest.raises(CaseError, match="还没有办结"):
        by_hand(office)


def test_only_townships_and_the_county_open_cases(office: Office) -> None:
    office.compute(household())
    with pytest.raises(CaseError, match="不能办理"):
        by_hand(office, by=Viewer("样例局", "department", "housing"))
    with pytest.raises(AssertionError, match="not this viewer's"):
        by_hand(office, by=ELSEWHERE)


def _killed_while_deciding(office: Office, case_id: int, moment: str) -> None:
    store._opened.cache_clear()
    office.ledger = open_ledger(office.settings)

    def die(*_: Any) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    decisions = iter(range(10))

    def second(session: Session, *_: Any) -> None:
        # The first transaction of a decision only looks.
        if next(decisions) == 1:
            die()

    event.listen(Session, moment, second)
    office.decide(case_id, "clear", COUNTY, "2021-05-12", papers=COMPARED)


@pytest.mark.parametrize(
    ("moment", "step"), [("before_commit", "compare"), ("after_commit", "review")]
)
def test_killed_in_the_middle_it_is_the_old_state_or_the_new(
    office: Office, moment: str, step: str
) -> None:
    office.compute(household())
    case_id = office.visit(office.task()).case_id
    office.ledger.engine.dispose()
    forks = multiprocessing.get_context("fork")
    process = forks.Process(target=_killed_while_deciding, args=(office, case_id, moment))
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    case = office.case(case_id)
    assert (case.step, len(case.steps)) == (step, 1 if step == "compare" else 2)
    assert verify(office.ledger, office.settings).is_sound
    if step == "compare":
        office.decide(case_id, "clear", COUNTY, "2021-05-12", papers=COMPARED, step="compare")
    else:
        told = refused(
            office, case_id, "clear", COUNTY, "2021-05-12", papers=COMPARED, step="compare"
        )
        assert "没有重复办理" in told
    with office.ledger.transaction() as session:
        assert session.query(CaseStep).count() == 2


def _decides(office: Office, case_id: int, number: int, outcomes: Any) -> None:
    store._opened.cache_clear()
    office.ledger = open_ledger(office.settings)
    by = Viewer(f"县{number}", "county")
    try:
        office.decide(case_id, "clear", by, "2021-05-12", papers=COMPARED, step="compare")
        outcomes.put("done")
    except CaseError:
        outcomes.put("refused")


def test_of_several_who_decide_at_once_one_does(office: Office, tmp_path: Path) -> None:
    office.compute(household())
    case_id = office.visit(office.task()).case_id
    office.ledger.engine.dispose()
    forks = multiprocessing.get_context("fork")
    outcomes = forks.SimpleQueue()
    processes = [
        forks.Process(target=_decides, args=(office, case_id, number, outcomes))
        for number in range(4)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    told = sorted(outcomes.get() for _ in processes)
    assert told == ["done", "refused", "refused", "refused"]
    assert len(office.case(case_id).steps) == 2
