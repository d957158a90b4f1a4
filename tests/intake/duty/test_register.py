"""The register of duty: each dataset is shown as what it is, and its lateness by the county's clock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import update

from poverty_watch.intake import judgement, settle
from poverty_watch.intake.acceptance import accept_stopped
from poverty_watch.intake.duty import DutyLine, DutyPolicy, duty_policy, register
from poverty_watch.lake.versions import Lake
from poverty_watch.ledger.models import SeenFile
from poverty_watch.months import COUNTY_ZONE
from tests.intake.conftest import APRIL, MARCH, Office, number, save_workbook

PAYROLL = ["姓名", "身份证号", "单位名称", "人员身份"]
ILLNESS = ["姓名", "身份证号", "病种", "确诊日期"]
CLOSED = date(2021, 5, 8)
Look = Callable[..., DutyLine]


def people(*serials: int, employer: str = "样例单位") -> list[list[Any]]:
    return [PAYROLL, *(["样例甲", number(serial=n), employer, "事业"] for n in serials)]


def medical_expenses(total: int) -> list[list[Any]]:
    header = ["姓名", "身份证号", "总费用", "基本医保支付", "大病保险支付", "医疗救助支付"]
    header += ["住院自付累计", "门诊当月自付", "截止日期"]
    return [header, ["样例甲", number(), total, 1, 1, 1, 1, 0, "2021-04-30"]]


@pytest.fixture
def look(office: Office) -> Look:
    """The register's line of a dataset."""

    def line(dataset: str = "payroll", as_of: date = CLOSED) -> DutyLine:
        lake = Lake(office.settings.lake)
        lines = register(APRIL, office.ledger, as_of, lake=lake)
        (found,) = [each for each in lines if each.dataset == dataset]
        return found

    return line


@pytest.fixture
def seen_at(office: Office) -> Callable[..., None]:
    """Say when the files of a name were first seen, by the county's clock."""

    def say(name: str, *moment: int) -> None:
        at = datetime(*moment, tzinfo=COUNTY_ZONE).astimezone(UTC)  # type: ignore[arg-type]
        with office.ledger.transaction() as session:
            session.execute(
                update(SeenFile)
                .where(SeenFile.path.endswith(name))
                .values(first_seen_at=at, modified_at=at)
            )

    return say


def test_a_month_that_nobody_has_collected_accuses_nobody(look: Look) -> None:
    line = look()
    assert (line.state, line.sendings, line.remarks) == ("尚未处理", 0, [])


def test_a_missing_snapshot_is_overdue_and_cannot_be_nil(office: Office, look: Look) -> None:
    office.take_in("payroll")
    line = look()
    assert (line.state, line.clock, line.is_fulfilled) == ("未报送", "逾期3天", False)
    assert line.remarks == ["须报全部数据，不能零报告。"]
    assert look(as_of=date(2021, 5, 5)).clock == "未到期"
    assert look(as_of=date(2021, 5, 6)).clock == "逾期1天"


def test_a_missing_increment_may_be_nil(office: Office, look: Look) -> None:
    office.take_in("major_illness")
    assert look("major_illness").remarks == ["当月没有发生的，请报零报告。"]


def test_a_nil_return_fulfils_the_duty(office: Office, look: Look, seen_at: Any) -> None:
    office.deliver("major_illness", [ILLNESS], name="大病零报告.xlsx")
    seen_at("大病零报告.xlsx", 2021, 5, 4, 9)
    line = look("major_illness")
    assert (line.state, line.clock, line.is_on_time, line.data_rows) == ("零报告", "按时", True, 0)


@pytest.mark.parametrize(
    ("moment", "clock", "days"),
    [
        ((2021, 5, 5, 23, 59), "按时", 0),
        ((2021, 5, 6, 0, 1), "迟1天", 1),
        ((2021, 5, 8, 12, 0), "迟3天", 3),
    ],
)
def test_the_fifth_ends_at_midnight_in_shanghai(
    office: Office, look: Look, seen_at: Any, moment: tuple[int, ...], clock: str, days: int
) -> None:
    office.deliver("payroll", people(1))
    seen_at("财政供养2021-04.xlsx", *moment)
    line = look()
    assert (line.state, line.clock, line.days_late) == ("已接收", clock, days)
    assert line.is_on_time == (days == 0)
    assert line.is_after_close == (days > 0)


def test_what_was_saved_in_time_and_seen_late_is_in_doubt(
    office: Office, look: Look, seen_at: Any
) -> None:
    office.deliver("payroll", people(1))
    seen_at("财政供养2021-04.xlsx", 2021, 5, 6, 1)
    assert not look().is_late_in_doubt
    with office.ledger.transaction() as session:
        session.execute(update(SeenFile).values(modified_at=datetime(2021, 5, 3, tzinfo=UTC)))
    assert look().is_late_in_doubt
    assert look().clock == "迟1天"


def test_a_correction_after_the_day_does_not_make_it_late(
    office: Office, look: Look, seen_at: Any
) -> None:
    office.deliver("payroll", people(1, 2))
    seen_at("财政供养2021-04.xlsx", 2021, 5, 4)
    office.deliver("payroll", people(1, 3), name="财政供养更正.xlsx")
    seen_at("财政供养更正.xlsx", 2021, 5, 9)
    line = look()
    assert (line.clock, line.sendings, line.versions) == ("按时", 2, 2)


def test_what_was_returned_does_not_count_as_the_arrival(
    office: Office, look: Look, seen_at: Any
) -> None:
    office.deliver("payroll", [PAYROLL[:2], ["样例甲", number()]])
    seen_at("财政供养2021-04.xlsx", 2021, 5, 4)
    assert (look().state, look().clock) == ("整份退回", "逾期3天")
    office.deliver("payroll", people(1), name="财政供养重报.xlsx")
    seen_at("财政供养重报.xlsx", 2021, 5, 7)
    line = look()
    assert (line.state, line.clock, line.sendings, line.versions) == ("已接收", "迟2天", 2, 1)


def test_a_delivery_with_a_query_is_shown_so(office: Office, look: Look) -> None:
    office.deliver("medical_expenses", medical_expenses(100))
    line = look("medical_expenses")
    assert line.state == "已接收（有疑问）"
    assert any("勾稽关系不成立" in remark for remark in line.remarks)


def test_a_failure_of_the_system_is_not_the_department_s(office: Office, look: Look) -> None:
    office.settings.inbox.mkdir()
    settle("finance", APRIL, office.settings, office.ledger, earlier_step_failed=True)
    assert look().state == "处理出错"


def test_the_same_content_again_is_counted_and_is_no_version(office: Office, look: Look) -> None:
    office.deliver("payroll", people(1, 2))
    first = office.path("payroll", "财政供养2021-04.xlsx")
    first.with_name("财政供养再报.xlsx").write_bytes(first.read_bytes())
    office.take_in("payroll")
    line = look()
    assert (line.state, line.sendings, line.versions, line.identical) == ("已接收", 2, 1, 1)
    assert line.difference is None
    assert "有1份与以前送的完全相同，没有新的版本。" in line.remarks


def test_a_new_version_is_told_by_what_it_changed(office: Office, look: Look) -> None:
    office.deliver("payroll", people(1, 2, 3))
    changed = people(1, 2, 4, 5)
    changed[2][2] = "另一单位"
    office.deliver("payroll", changed, name="财政供养更正.xlsx")
    line = look()
    assert line.difference is not None
    assert line.difference.summary == "第2版比第1版：增加2行，减少1行，改动1行"
    by_change = {row.change: row for row in line.difference.rows}
    assert by_change["changed"].headers == ("单位名称",)
    assert by_change["changed"].place == ("财政供养更正.xlsx", "Sheet1", 3)
    assert by_change["gone"].place == ("财政供养2021-04.xlsx", "Sheet1", 4)
    assert "共送2份，先后2版。" in line.remarks


def test_rows_in_another_order_do_not_differ(office: Office, look: Look) -> None:
    office.deliver("payroll", people(1, 2, 3))
    office.deliver("payroll", people(3, 1, 2), name="财政供养更正.xlsx")
    line = look()
    assert line.difference is not None
    assert line.difference.rows == ()
    assert line.difference.summary == "第2版比第1版：接收的行没有变化"


def test_the_first_version_sent_again_is_compared_with_the_one_it_replaces(
    office: Office, look: Look
) -> None:
    office.deliver("payroll", people(1, 2))
    office.deliver("payroll", people(1, 2, 3), name="财政供养更正.xlsx")
    first = office.path("payroll", "财政供养2021-04.xlsx")
    first.with_name("财政供养再更正.xlsx").write_bytes(first.read_bytes())
    office.take_in("payroll")
    line = look()
    assert line.difference is not None
    assert line.difference.summary == "第1版比第2版：减少1行"
    assert (line.sendings, line.versions, line.identical) == (3, 2, 1)


def test_a_wrong_month_in_the_name_is_remarked_once(office: Office, look: Look) -> None:
    office.deliver("payroll", people(1), name="财政供养2021年3月.xlsx")
    line = look()
    assert line.wrong_months == (("财政供养2021年3月.xlsx", MARCH),)
    assert sum("名称写的是2021年3月" in remark for remark in line.remarks) == 1


def test_a_stopped_delivery_waits_for_a_decision(office: Office, look: Look) -> None:
    office.deliver("payroll", people(1, 2), month=MARCH)
    office.deliver("payroll", people(*range(1, 10)))
    line = look()
    assert line.state == "整份退回"
    assert [stopped.data_rows for stopped in line.stopped] == [9]
    assert any("等待决定" in remark for remark in line.remarks)
    args = ("payroll", None, "样例理由", "样例主任", office.settings, office.ledger)
    accept_stopped(APRIL, *args)
    line = look()
    assert (line.state, line.stopped, line.versions) == ("已接收", (), 1)
    assert line.accepted_by_hand is not None
    assert any("样例主任" in remark for remark in line.remarks)


def test_the_volume_is_compared_with_the_latest_month_that_has_one(
    office: Office, look: Look
) -> None:
    office.deliver("payroll", people(*range(1, 11)), month=MARCH - 1)
    office.deliver("payroll", people(*range(1, 9)))
    line = look()
    assert line.volume is not None
    assert line.volume.change == pytest.approx(-0.2)
    told = "数据8行，2021年2月10行，减少20%（上月没有接收的报送）。"
    assert told in line.remarks


def test_a_file_that_could_not_be_judged_is_a_sending_all_the_same(
    office: Office, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("poverty_watch.intake.steps.validating.judge", fail)
    with pytest.raises(ExceptionGroup):
        office.deliver("payroll", people(1))
    settle("finance", APRIL, office.settings, office.ledger)
    assert (look().state, look().sendings, look().versions) == ("处理出错", 1, 0)


def test_every_department_and_dataset_has_its_line(office: Office) -> None:
    from poverty_watch.contracts import load_catalogue

    lines = register(APRIL, office.ledger, CLOSED)
    owed = [
        (department.id, dataset)
        for department in load_catalogue().departments.values()
        for dataset in department.contracts
    ]
    assert [(line.department_id, line.dataset) for line in lines] == owed


def test_a_name_with_a_number_is_masked(office: Office, look: Look) -> None:
    office.deliver("payroll", people(1), name=f"财政供养2021-03 {number()}.xlsx")
    line = look()
    assert number() not in str(line)
    assert line.wrong_months


def test_an_increment_compares_rows_of_one_person(office: Office, look: Look) -> None:
    rows = [["样例甲", number(), kind, "2021-04-02"] for kind in ("肺癌", "肝癌")]
    office.deliver("major_illness", [ILLNESS, *rows])
    rows[1][2] = "胃癌"
    office.deliver("major_illness", [ILLNESS, *rows], name="大病更正.xlsx")
    line = look("major_illness")
    assert line.difference is not None
    assert [row.change for row in line.difference.rows] == ["changed"]
    assert line.difference.rows[0].headers == ("病种",)


def test_the_clocks_are_the_policy_file_s(office: Office) -> None:
    office.take_in("payroll")
    policy = DutyPolicy(due_day=7, closing_day=9, nil_returns=duty_policy().nil_returns)
    lines = register(APRIL, office.ledger, CLOSED, policy=policy)
    line = next(each for each in lines if each.dataset == "payroll")
    assert (line.due_on, line.closes_on, line.clock) == (
        date(2021, 5, 7),
        date(2021, 5, 9),
        "逾期1天",
    )


def test_a_department_may_have_clocks_of_its_own(office: Office) -> None:
    from poverty_watch.contracts import load_catalogue
    from poverty_watch.contracts.models import DutyCalendar

    card = load_catalogue().departments["finance"].card
    policy = duty_policy()
    assert policy.of(card) == policy
    own = policy.of(card.model_copy(update={"calendar": DutyCalendar(due_day=8, closing_day=9)}))
    assert (own.due_on(APRIL), own.closes_on(APRIL)) == (date(2021, 5, 8), date(2021, 5, 9))
    assert own.nil_returns == policy.nil_returns


def test_december_is_owed_in_january() -> None:
    assert duty_policy().due_on(APRIL + 8) == date(2022, 1, 5)


def test_a_policy_that_closes_before_it_is_due_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "duty.yaml"
    path.write_text("due_day: 5\nclosing_day: 4\nnil_returns: {snapshot: false}\n", "utf-8")
    with pytest.raises(ValidationError, match="closing_day"):
        duty_policy(path)


def test_parts_of_townships_are_late_when_the_last_part_came(
    office: Office, look: Look, seen_at: Any
) -> None:
    save_workbook(office.path("payroll", "财政供养甸阳镇.xlsx"), {"Sheet1": people(1)})
    save_workbook(office.path("payroll", "财政供养由旺镇.xlsx"), {"Sheet1": people(2)})
    office.take_in("payroll")
    seen_at("财政供养甸阳镇.xlsx", 2021, 5, 3)
    seen_at("财政供养由旺镇.xlsx", 2021, 5, 7)
    line = look()
    assert (line.sendings, line.data_rows, line.clock) == (1, 2, "迟2天")


def test_which_kinds_may_be_nil_is_the_policy_file_s_to_say(
    office: Office, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    strict = duty_policy().model_copy(
        update={"nil_returns": {**duty_policy().nil_returns, "increment": False}}
    )
    monkeypatch.setattr(judgement, "duty_policy", lambda: strict)
    verdict = office.deliver("major_illness", [ILLNESS], name="大病零报告.xlsx")
    assert verdict.status == "rejected"
    assert "“大病”不能零报告" in verdict.messages[0]
