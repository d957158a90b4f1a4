"""Every step of the procedure: what is allowed leads on, anything else is refused with the reason."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from poverty_watch.ledger.access import Viewer
from poverty_watch.months import CalendarError, Workdays
from poverty_watch.settings import REFERENCE
from poverty_watch.verification.cases.errors import CaseError, ProcedureError
from poverty_watch.verification.cases.given import read_given
from poverty_watch.verification.cases.judging import Act, Standing, judge
from poverty_watch.verification.cases.procedure import FILE, Span, load_policy

POLICY = load_policy()
CALENDAR = Workdays.from_file(REFERENCE / "workdays.yaml")
ENTERED, ON, TODAY = date(2021, 5, 6), date(2021, 5, 17), date(2021, 6, 30)
WAYS = [
    (kind, step, decision)
    for kind, procedure in POLICY.procedures.items()
    for step, of_step in procedure.steps.items()
    for decision in of_step.decisions
]
STEPS = sorted({(kind, step) for kind, step, _ in WAYS})
SAMPLES: dict[str, Any] = {
    "people": ["入户一", "入户二"],
    "text": "样例",
    "risks": ["因病"],
    "class": "脱贫不稳定户",
    "explanations": {},
}
VOTES = {"attended": 10, "votes_for": 9, "votes_against": 1}
PLACES = {"township": "甸阳镇"}


def wanted(kind: str, step: str, decision: str) -> Any:
    return POLICY.procedures[kind].steps[step].decisions[decision]


def complete(kind: str, step: str, decision: str, **changed: Any) -> Act:
    """An act that has everything."""
    way = wanted(kind, step, decision)
    role = POLICY.procedures[kind].steps[step].roles[0]
    given = {}
    for name in way.needs:
        field = POLICY.fields[name]
        given[name] = VOTES.get(name) or SAMPLES.get(field.kind) or (field.options or ({},))[0]
    told: dict[str, Any] = {
        "decision": decision,
        "by": Viewer("经办人", role, PLACES.get(role, "")),
        "on": ON,
        "given": given,
        "papers": frozenset(way.papers),
    }
    return Act(**told | changed)


def rule(kind: str, step: str | None, act: Act, people: Any = None) -> Any:
    return judge(POLICY, Standing(kind, step, ENTERED, people or {}), act, TODAY, CALENDAR)


def refused(kind: str, step: str | None, act: Act, people: Any = None) -> str:
    with pytest.raises(CaseError) as caught:
        rule(kind, step, act, people)
    return str(caught.value)


@pytest.mark.parametrize(("kind", "step", "decision"), WAYS)
def test_what_is_complete_leads_on(kind: str, step: str, decision: str) -> None:
    ruling = rule(kind, step, complete(kind, step, decision))
    way = wanted(kind, step, decision)
    assert ruling.next_step == way.next
    assert (ruling.next_due_on is None) == (way.ends is not None)
    assert ruling.next_due_on is None or ruling.next_due_on > ON


@pytest.mark.parametrize(("kind", "step"), STEPS)
def test_decisions_of_other_steps_are_refused(kind: str, step: str) -> None:
    own = POLICY.procedures[kind].steps[step].decisions
    for of, other, decision in WAYS:
        if of == kind and decision not in own:
            told = refused(kind, step, complete(of, other, decision))
            assert POLICY.procedures[kind].steps[step].title in told
            assert all(way.title in told for way in own.values())


@pytest.mark.parametrize(("kind", "step", "decision"), WAYS)
def test_each_thing_that_is_missing_is_named(kind: str, step: str, decision: str) -> None:
    act = complete(kind, step, decision)
    for name in act.given:
        if POLICY.fields[name].kind == "explanations":
            continue
        less = {key: value for key, value in act.given.items() if key != name}
        told = refused(kind, step, complete(kind, step, decision, given=less))
        assert f"缺“{POLICY.fields[name].title}”" in told
    for paper in act.papers:
        told = refused(kind, step, complete(kind, step, decision, papers=act.papers - {paper}))
        assert f"缺材料“{POLICY.papers[paper]}”" in told


def test_everything_that_is_wrong_is_told_at_once() -> None:
    act = Act("confirmed", Viewer("某局", "department", "housing"), date(2021, 7, 1))
    told = refused("identification", "verify", act)
    for part in ("由乡镇、县专班办理", "晚于今天", "缺“核实人”", "缺“致贫返贫风险”", "缺材料"):
        assert part in told


@pytest.mark.parametrize(("kind", "step"), STEPS)
@pytest.mark.parametrize("role", ["township", "county", "department", "viewer", "system"])
def test_only_those_named_may_do_a_step(kind: str, step: str, role: Any) -> None:
    of_step = POLICY.procedures[kind].steps[step]
    by = Viewer("经办人", role, "甸阳镇" if role in ("township", "department") else "")
    act = complete(kind, step, next(iter(of_step.decisions)), by=by)
    if role in of_step.roles:
        assert rule(kind, step, act)
    else:
        assert "不能办理" in refused(kind, step, act)


@pytest.mark.parametrize(
    ("kind", "step", "earlier"),
    [(k, s, e) for k, s in STEPS for e in POLICY.procedures[k].steps[s].not_by],
)
def test_maker_and_checker_differ(kind: str, step: str, earlier: str) -> None:
    act = complete(kind, step, next(iter(POLICY.procedures[kind].steps[step].decisions)))
    people = {earlier: frozenset(["别人", " 经办 人"])}
    told = refused(kind, step, act, people)
    assert f"经手过“{POLICY.procedures[kind].steps[earlier].title}”" in told
    assert rule(kind, step, act, {earlier: frozenset(["别人"])})


def test_the_checks_are_there() -> None:
    """Who visited or sat in the meeting does not review; who did anything before does not approve."""
    for kind in ("identification", "relapse"):
        steps = POLICY.procedures[kind].steps
        assert set(steps["compare"].not_by) >= {"verify"}
        assert set(steps["township"].not_by) >= {"verify", "review"}
        assert set(steps["county"].not_by) >= {"verify", "compare", "review", "township"}
    assert set(POLICY.procedures["elimination"].steps["county"].not_by) >= {"propose", "verify"}


def test_two_visitors_are_two_persons() -> None:
    for visitors in (["入户一"], ["入户一", "入户 一"], []):
        act = complete("identification", "verify", "monitored", given={"visitors": visitors})
        assert "核实人" in refused("identification", "verify", act)


@pytest.mark.parametrize("day", ["2021-05-05", "2021-07-01"])
def test_a_day_before_the_last_step_or_after_today_is_refused(day: str) -> None:
    act = complete("identification", "review", "agreed", on=date.fromisoformat(day))
    assert day in refused("identification", "review", act)


def test_a_notice_hangs_for_seven_days() -> None:
    def on(day: str) -> Act:
        return complete("identification", "publicity", "no_objection", on=date.fromisoformat(day))

    assert "2021-05-13才满期" in refused("identification", "publicity", on("2021-05-12"))
    assert rule("identification", "publicity", on("2021-05-13")).next_step == "township"
    objection = complete("identification", "publicity", "objection", on=date(2021, 5, 8))
    assert rule("identification", "publicity", objection).next_step == "verify"


@pytest.mark.parametrize(
    ("attended", "in_favour", "against", "passes"),
    [(10, 6, 4, True), (10, 5, 5, False), (10, 5, 0, False), (10, 9, 2, False), (11, 6, 0, True)],
)
def test_a_meeting_agrees_by_more_than_half_of_those_there(
    attended: int, in_favour: int, against: int, passes: bool
) -> None:
    given = {"attended": attended, "votes_for": in_favour, "votes_against": against}
    act = complete("identification", "review", "agreed", given=given)
    if passes:
        assert rule("identification", "review", act).next_step == "posting"
    else:
        assert "票" in refused("identification", "review", act)


def test_a_closed_case_is_closed() -> None:
    act = complete("identification", "verify", "confirmed")
    assert "已经结案" in refused("identification", None, act)


@pytest.mark.parametrize(
    ("step", "decision", "on", "due"),
    [
        # Five workdays from 10 May: a week, no holiday between.
        ("verify", "confirmed", "2021-05-10", "2021-05-17"),
        # Before the Dragon Boat holiday of 2021 (12 to 14 June).
        ("compare", "clear", "2021-06-10", "2021-06-16"),
        # 25 April and 8 May 2021 were worked, 1 to 5 May were not.
        ("review", "agreed", "2021-04-30", "2021-05-07"),
        ("posting", "posted", "2021-05-10", "2021-05-19"),
        ("county", "approved", "2021-05-26", "2021-06-10"),
        ("county", "approved", "2021-12-26", "2022-01-10"),
    ],
)
def test_deadlines(step: str, decision: str, on: str, due: str) -> None:
    act = complete("identification", step, decision, on=date.fromisoformat(on))
    ruling = judge(
        POLICY,
        Standing("identification", step, date(2021, 4, 1)),
        act,
        date(2022, 12, 31),
        CALENDAR,
    )
    assert ruling.next_due_on == date.fromisoformat(due)


def test_a_year_that_nobody_published_is_refused_loudly() -> None:
    act = complete("identification", "verify", "confirmed", on=date(2199, 1, 4))
    standing = Standing("identification", "verify", date(2199, 1, 1))
    with pytest.raises(CalendarError, match="2199"):
        judge(POLICY, standing, act, date(2199, 2, 1), CALENDAR)


def test_what_is_typed_is_read_by_title_or_key() -> None:
    read = read_given(
        POLICY,
        {
            "核实人": "甲、乙，丙 甲",
            "risks": "因大病、因饮水",
            "同意票": "１２",
            "资产说明": "3：车已报废；7：父亲的房",
            "理由": "电话\n核实 530501197001010008",
            "不属实原因": "其他(写在备注)",
        },
    )
    assert read == {
        "visitors": ["甲", "乙", "丙"],
        "risks": ["因病", "饮水安全"],
        "votes_for": 12,
        "assets": {"3": "车已报废", "7": "父亲的房"},
        "reason": "电话 核实 530501********0008",
        "excluded_because": "其他（写在备注）",
    }


def test_all_that_cannot_be_read_is_told_at_once() -> None:
    typed = {"同意票": "多数", "致贫返贫风险": "因懒", "天气": "晴", "监测对象类别": "贫困户"}
    with pytest.raises(CaseError) as caught:
        read_given(POLICY, typed)
    assert len(caught.value.problems) == 4


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda c: c["procedures"]["elimination"]["steps"]["review"]["decisions"]["agreed"].update(next="nowhere"), "nowhere"),
        (lambda c: c["procedures"]["elimination"]["steps"]["propose"]["decisions"]["kept"].pop("ends"), "next 和 ends"),
        (lambda c: c["procedures"]["elimination"]["steps"]["propose"]["decisions"]["kept"].update(needs=["mood"]), "mood"),
        (lambda c: c["procedures"]["elimination"]["steps"]["verify"].update(not_by=["nobody"]), "nobody"),
        (lambda c: c["procedures"]["elimination"]["steps"]["verify"].update(within={}), "期限"),
        (lambda c: c["procedures"]["elimination"]["steps"]["verify"].update(roles=["mayor"]), "mayor|township"),
    ],
)  # fmt: skip
def test_a_file_that_does_not_hold_together_is_refused(
    tmp_path: Path, change: Any, says: str
) -> None:
    content = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    change(content)
    path = tmp_path / FILE.name
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    with pytest.raises(ProcedureError, match=says):
        load_policy(path)


def test_a_span_is_one_thing() -> None:
    with pytest.raises(ValueError, match="期限"):
        Span(workdays=3, days=4)
