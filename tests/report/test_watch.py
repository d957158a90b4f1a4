"""What the office is told of a month on its way."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from poverty_watch.contracts import load_catalogue
from poverty_watch.ledger.models import DatasetMonth, Mailing, ReportVersion, Screening, Task
from poverty_watch.report.watch import Watch, watch
from poverty_watch.screening.needs import needing
from tests.report.conftest import APRIL, ScreenedMonth

MAY = {day: date(2021, 5, day) for day in range(1, 32)}


def deliver_all(april: ScreenedMonth, but: str = "") -> None:
    for department in load_catalogue().departments.values():
        for dataset in department.contracts:
            if dataset != but:
                april.deliver(dataset, department.id, accepted=5)


def draft(april: ScreenedMonth, number: int = 1, signed_by: str | None = None) -> None:
    with april.ledger.transaction() as session:
        session.add(
            ReportVersion(
                month="2021-04",
                number=number,
                kind="signed" if signed_by else "draft",
                fingerprint=f"{number}",
                path=f"2021-04/{number}.xlsx",
                sha256="0",
                manifest={},
                signed_by=signed_by,
            )
        )


def mail(april: ScreenedMonth, status: str, edition: str = "2") -> None:
    with april.ledger.transaction() as session:
        session.add(
            Mailing(
                kind="report",
                month="2021-04",
                edition=edition,
                recipient=f"county/{status}",
                subject="",
                text="",
                status=status,
            )
        )


def seen(april: ScreenedMonth, day: date, **given: object) -> Watch:
    return watch(APRIL, april.ledger, day, **given)  # type: ignore[arg-type]


def test_before_the_closing_day_whoever_has_not_delivered_is_named(april: ScreenedMonth) -> None:
    deliver_all(april, but="payroll")
    found = seen(april, MAY[3], needs=needing())
    assert [(one.department, one.title, one.clock) for one in found.missing] == [
        ("财政局", "财政供养", "未到期")
    ]
    assert found.stage.title == "收数"
    assert found.stage.state == "now"
    assert (found.outlook, found.blocker, found.days_left) == ("on_course", "", 7)
    assert [(one.title, one.checks) for one in found.without] == [
        ("财政供养", ("C17家庭有财政供养人员",))
    ]


def test_a_stopped_delivery_is_named_with_its_reason_and_no_number(april: ScreenedMonth) -> None:
    april.deliver("payroll", "finance", "rejected", messages=["第3行530501199001010014等10行有误"])
    one = next(one for one in seen(april, MAY[8]).missing if one.dataset == "payroll")
    assert (one.state, one.clock) == ("整份退回", "逾期3天")
    assert one.why == "第3行530501********0014等10行有误"


def test_a_month_whose_run_never_began_is_told_as_that(april: ScreenedMonth) -> None:
    assert seen(april, MAY[5]).outlook == "on_course"
    found = seen(april, MAY[8])
    assert found.outlook == "at_risk"
    assert found.blocker.startswith("本月的流程没有运行")


def test_collected_and_not_compared_is_blocked_there(april: ScreenedMonth) -> None:
    deliver_all(april)
    found = seen(april, MAY[8])
    assert found.stage.title == "比对预警"
    assert "哪一步出错" in found.blocker
    assert not found.is_green


def test_a_delivery_that_came_after_the_comparison_asks_for_a_re_run(april: ScreenedMonth) -> None:
    deliver_all(april)
    april.screen(checks=[{"id": "C17", "status": "ran", "lacks": []}])
    with april.ledger.transaction() as session:
        session.query(Screening).one().inputs = [
            {"dataset": "payroll", "month": "2021-04", "version": 1}
        ]
    assert seen(april, MAY[8]).outlook == "on_course"
    with april.ledger.transaction() as session:
        fate = session.get_one(DatasetMonth, ("2021-04", "payroll"))
        assert fate.delivery is not None
        fate.delivery.version = 2
    found = seen(april, MAY[8])
    assert "又接收了财政供养" in found.blocker
    assert found.outlook == "at_risk"


def test_a_dataset_that_was_lacking_and_came_later_asks_for_a_re_run(april: ScreenedMonth) -> None:
    april.screen(checks=[{"id": "C17", "status": "not_run", "lacks": ["payroll"]}])
    deliver_all(april)
    assert "又接收了财政供养" in seen(april, MAY[8]).blocker


def test_the_way_from_draft_to_delivery(april: ScreenedMonth) -> None:
    deliver_all(april)
    april.screen()
    assert seen(april, MAY[7]).stage.title == "月报草稿"
    assert seen(april, MAY[7]).outlook == "on_course"
    assert seen(april, MAY[9]).stage.state == "blocked"
    draft(april)
    assert (seen(april, MAY[9]).stage.title, seen(april, MAY[9]).outlook) == ("签发", "on_course")
    late = seen(april, MAY[10])
    assert (late.outlook, late.stage.state) == ("at_risk", "blocked")
    assert seen(april, MAY[11]).outlook == "missed"
    draft(april, 2, signed_by="样例主任")
    assert seen(april, MAY[10]).blocker.startswith("已签发，还没有发送")
    mail(april, "sent")
    assert seen(april, MAY[10]).outlook == "done"
    assert seen(april, MAY[20]).outlook == "done"


@pytest.mark.parametrize(("status", "told"), [("waiting", "未发出1封"), ("sending", "结果不明1封")])
def test_a_mail_that_did_not_arrive_keeps_the_month_from_green(
    april: ScreenedMonth, status: str, told: str
) -> None:
    deliver_all(april)
    april.screen()
    draft(april, 2, signed_by="样例主任")
    mail(april, "sent")
    mail(april, status)
    mail(april, "waiting", edition="1")  # an older version's is nobody's business any more
    found = seen(april, MAY[10])
    assert told in found.blocker
    assert "已发出1封" in found.blocker
    assert found.outlook == "at_risk"


def test_a_draft_after_the_signed_version_is_mentioned(april: ScreenedMonth) -> None:
    deliver_all(april)
    april.screen()
    draft(april, 1, signed_by="样例主任")
    draft(april, 2)
    told = next(stage.told for stage in seen(april, MAY[10]).stages if stage.title == "签发")
    assert "第1版已由样例主任签发" in told
    assert "第2版，尚未签发" in told


def test_tasks_are_counted_and_do_not_hold_up_the_report(april: ScreenedMonth) -> None:
    april.screen()
    with april.ledger.transaction() as session:
        for number, due in enumerate((MAY[7], MAY[12])):
            session.add(
                Task(
                    household_id=f"R:{number}",
                    township="甸阳镇",
                    village="样例村",
                    month="2021-04",
                    opened_on=due - timedelta(days=6),
                    due_on=due,
                )
            )
    found = seen(april, MAY[8])
    assert (found.tasks_open, found.tasks_overdue) == (2, 1)
    assert next(s for s in found.stages if s.title == "派核实任务").state == "done"
