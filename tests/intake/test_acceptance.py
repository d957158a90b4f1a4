"""A person accepts a stopped delivery with a reason; what cannot be read is never let through."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import func, select

from poverty_watch.intake import acceptance, fetch, settle, steps
from poverty_watch.intake.acceptance import AcceptanceError, Accepted, accept_stopped
from poverty_watch.ledger.deliveries import in_force
from poverty_watch.ledger.models import Delivery, JournalEntry, StoppedDecision
from tests.intake.conftest import APRIL, MARCH, Office, number, save_workbook

HEADER = ["姓名", "身份证号", "单位名称", "人员身份"]
REASON = "机构改革，人员划转"


def people(count: int, first: int = 1, bad: int = 0) -> list[list[Any]]:
    rows = [["样例甲", number(serial=first + n), "样例单位", "事业"] for n in range(count)]
    for row in rows[:bad]:
        row[1] = "1"
    return [HEADER, *rows]


def accept(office: Office, reason: str = REASON, by: str = "样例主任", **named: Any) -> Accepted:
    return accept_stopped(
        named.get("month", APRIL),
        named.get("dataset", "财政供养"),
        named.get("delivery_id"),
        reason,
        by,
        office.settings,
        office.ledger,
    )


def stopped_for_volume(office: Office) -> None:
    office.deliver("payroll", people(4), month=MARCH)
    assert office.deliver("payroll", people(9)).status == "rejected"


def journal(office: Office, action: str) -> list[JournalEntry]:
    with office.ledger.transaction() as session:
        return list(session.scalars(select(JournalEntry).where(JournalEntry.action == action)))


def test_a_delivery_stopped_for_its_volume_comes_in_force(office: Office) -> None:
    stopped_for_volume(office)
    made = accept(office)
    assert (made.version, made.status, made.is_new) == (1, "accepted", True)
    verdict = office.verdict("payroll")
    assert verdict.status == "accepted"
    assert verdict.accepted is not None
    assert verdict.accepted.num_rows == 9
    told = "".join(verdict.messages)
    assert "由样例主任决定接收，理由：机构改革，人员划转。" in told
    assert "本月数据9行，与2021年3月的4行相差超过50%，经人工核准接收。" in told
    assert "整份暂不接收" not in told
    (entry,) = journal(office, "人工接收")
    assert (entry.actor, entry.detail["reason"]) == ("样例主任", REASON)


def test_faulty_rows_stay_out_of_an_accepted_delivery(office: Office) -> None:
    assert office.deliver("payroll", people(30, bad=12)).status == "rejected"
    made = accept(office)
    assert (made.accepted_rows, made.rejected_rows) == (18, 12)
    verdict = office.verdict("payroll")
    assert verdict.accepted is not None
    assert verdict.accepted.num_rows == 18
    assert set(verdict.faults.values()) == {"id_length"}
    with office.ledger.transaction() as session:
        assert in_force(session, APRIL)[0].version == 1


def test_accepting_again_changes_nothing_and_says_who_did_it(office: Office) -> None:
    stopped_for_volume(office)
    first = accept(office)
    before = office.verdict("payroll")
    again = accept(office, reason="另一个理由", by="样例副主任")
    assert again.is_new is False
    assert again.sentence == first.sentence
    assert "以前已经接收" in again.summary
    assert office.verdict("payroll").messages == before.messages
    assert len(journal(office, "人工接收")) == 1


def test_the_next_run_of_the_month_leaves_the_decision_alone(office: Office) -> None:
    stopped_for_volume(office)
    accept(office)
    before = len(journal(office, "判定报送"))
    verdict = office.take_in("payroll")
    assert verdict.status == "accepted"
    assert "样例主任" in "".join(verdict.messages)
    assert len(journal(office, "判定报送")) == before


@pytest.mark.parametrize("killed_in", ["validating.judge", "settling._settle_dataset"])
def test_killed_after_the_decision_the_month_s_run_finishes_it(
    office: Office, monkeypatch: pytest.MonkeyPatch, killed_in: str
) -> None:
    stopped_for_volume(office)

    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(f"poverty_watch.intake.steps.{killed_in}", die)
        with pytest.raises(KeyboardInterrupt):
            accept(office)
    assert office.verdict("payroll").status == "rejected"
    assert office.take_in("payroll").status == "accepted"


def test_killed_after_the_decision_the_same_call_finishes_it(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped_for_volume(office)

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(steps, "judge_decided", die)
        with pytest.raises(KeyboardInterrupt):
            accept(office)
    made = accept(office, by="样例副主任")
    assert (made.version, made.is_new) == (1, True)
    assert "由样例主任决定接收" in made.sentence
    assert len(journal(office, "人工接收")) == 1
    with office.ledger.transaction() as session:
        assert session.scalar(select(func.count()).select_from(StoppedDecision)) == 1


def test_a_stopped_correction_replaces_what_was_in_force(office: Office) -> None:
    office.deliver("payroll", people(4), month=MARCH)
    office.deliver("payroll", people(5))
    office.deliver("payroll", people(9), name="财政供养更正.xlsx")
    assert office.verdict("payroll").status == "accepted"
    assert accept(office).version == 2
    verdict = office.verdict("payroll")
    assert verdict.delivery is not None
    assert (verdict.delivery.version, verdict.delivery.data_rows) == (2, 9)


def test_what_a_later_delivery_has_replaced_is_not_accepted_any_more(office: Office) -> None:
    stopped_for_volume(office)
    with office.ledger.transaction() as session:
        stopped = session.scalar(select(Delivery.id).where(Delivery.status == "rejected"))
    office.deliver("payroll", people(5), name="财政供养更正.xlsx")
    assert acceptance.stopped_waiting(APRIL, office.ledger) == []
    with pytest.raises(AcceptanceError, match="没有停下等待决定"):
        accept(office)
    with pytest.raises(AcceptanceError, match="后来的一份已经接收"):
        accept(office, delivery_id=stopped)


def test_one_of_several_stopped_deliveries_can_be_chosen(office: Office) -> None:
    stopped_for_volume(office)
    office.deliver("payroll", people(20), name="财政供养重报.xlsx")
    first, second = acceptance.stopped_waiting(APRIL, office.ledger)
    assert (first.data_rows, second.data_rows) == (9, 20)
    assert "相差超过50%" in first.messages[0]
    assert accept(office, delivery_id=first.delivery_id).accepted_rows == 9
    assert [s.data_rows for s in acceptance.stopped_waiting(APRIL, office.ledger)] == [20]
    assert accept(office).accepted_rows == 20
    verdict = office.verdict("payroll")
    assert verdict.delivery is not None
    assert verdict.delivery.version == 2


def test_a_file_without_the_columns_is_never_let_through(office: Office) -> None:
    office.deliver("payroll", [HEADER[:2], ["样例甲", number()]])
    assert acceptance.stopped_waiting(APRIL, office.ledger) == []
    with pytest.raises(AcceptanceError, match=r"只能改正后重报.*缺少列"):
        accept(office)


def test_an_old_file_sent_again_is_never_let_through(office: Office) -> None:
    header = ["姓名", "身份证号", "总费用", "基本医保支付", "大病保险支付", "医疗救助支付"]
    header += ["住院自付累计", "门诊当月自付", "截止日期"]
    row = ["样例甲", number(), 0, 0, 0, 0, 0, 0, "2021-03-31"]
    assert office.deliver("medical_expenses", [header, row]).status == "rejected"
    with pytest.raises(AcceptanceError, match="只能改正后重报"):
        accept(office, dataset="医疗费用")


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ({"reason": " \n"}, "理由不能为空"),
        ({"by": "　"}, "决定人姓名不能为空"),
        ({"dataset": "财政"}, "没有名为“财政”的数据"),
        ({"month": APRIL + 1}, "2021年5月“财政供养”没有收到报送"),
        ({"delivery_id": 4711}, "没有编号为4711的报送"),
    ],
)
def test_what_cannot_be_accepted_is_refused_in_plain_words(
    office: Office, named: dict[str, Any], said: str
) -> None:
    stopped_for_volume(office)
    with pytest.raises(AcceptanceError, match=said):
        accept(office, **named)
    assert office.verdict("payroll").status == "rejected"
    assert journal(office, "人工接收") == []


def test_an_accepted_delivery_is_not_accepted_by_hand(office: Office) -> None:
    office.deliver("payroll", people(4))
    with pytest.raises(AcceptanceError, match="已是“已接收”"):
        accept(office)


def test_a_number_in_the_reason_is_masked(office: Office) -> None:
    stopped_for_volume(office)
    accept(office, reason=f"{number()}已调出")
    assert number() not in "".join(office.verdict("payroll").messages)
    assert number() not in str(journal(office, "人工接收")[0].detail)


def test_other_datasets_of_the_department_are_left_as_they_are(office: Office) -> None:
    header = ["姓名", "身份证号", "务工地", "企业", "月收入", "就业状态", "起始年月"]
    rows = [["样例甲", number(serial=n), "施甸", "", 1, "在岗", "2021-01"] for n in range(1, 10)]
    office.deliver("employment", [header, *rows[:4]], month=MARCH)
    office.deliver("employment", [header, *rows])
    settle("human_resources", APRIL, office.settings, office.ledger, earlier_step_failed=True)
    assert office.verdict("public_posts").status == "error"
    accept(office, dataset="务工监测")
    assert office.verdict("employment").status == "accepted"
    assert office.verdict("public_posts").status == "error"


def test_a_file_that_waits_to_be_judged_does_not_get_lost(office: Office) -> None:
    stopped_for_volume(office)
    save_workbook(office.path("payroll", "财政供养更正.xlsx"), {"Sheet1": people(5)})
    fetch("finance", APRIL, office.settings, office.ledger)
    made = accept(office)
    assert made.accepted_rows == 9
    verdict = office.verdict("payroll")
    assert verdict.delivery is not None
    assert verdict.delivery.data_rows == 5
