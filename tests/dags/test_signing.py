"""Asking for a signature in Airflow: a time-out is never a yes, a signature elsewhere ends it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import event

from poverty_watch.contracts.recipients import Recipients
from poverty_watch.ledger.models import ReportVersion
from poverty_watch.ledger.store import Ledger, open_ledger
from poverty_watch.report import build_report
from poverty_watch.report.signing import sign
from poverty_watch.settings import Settings
from tests import postbox
from tests.postbox import Postbox
from tests.report.conftest import APRIL, ScreenedMonth, household

YES, NO = ["同意签发"], ["退回"]


def _made_on_the_eighth(_mapper: Any, _connection: Any, row: ReportVersion) -> None:
    row.created_at = datetime(2021, 5, 8, 1, tzinfo=UTC)


class Month:
    """A month with a draft, and Airflow's context of a run of it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
        monkeypatch.setenv("POVERTY_WATCH_HOME", str(home))
        monkeypatch.setenv("POVERTY_WATCH_TODAY", "2021-05-08")
        monkeypatch.delenv("POVERTY_WATCH_LEDGER_URL", raising=False)
        self.settings = Settings.from_environment()
        self.ledger: Ledger = open_ledger(self.settings)
        month = ScreenedMonth(self.settings, self.ledger)
        month.screen(now=[household()], before=[household()])
        event.listen(ReportVersion, "before_insert", _made_on_the_eighth)
        try:
            build_report(APRIL, self.settings, self.ledger)
        finally:
            event.remove(ReportVersion, "before_insert", _made_on_the_eighth)
        self._monkeypatch = monkeypatch

    def context(self, run_type: str = "scheduled", user: str | None = None, **conf: Any) -> Any:
        run = SimpleNamespace(
            dag_id="monthly_monitoring",
            partition_key="2021-04",
            conf=conf,
            run_type=run_type,
            triggering_user_name=user,
        )
        return {"dag_run": run, "ti": SimpleNamespace(task_id="a_task")}

    def call(self, step: Any, *given: Any, **context: Any) -> Any:
        found = self.context(**context)
        self._monkeypatch.setattr("airflow.sdk.get_current_context", lambda: found)
        return step(*given)


@pytest.fixture
def month(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Month:
    people = Recipients(
        county={"值班": "duty@example.org"},
        joint_meeting={"召集人": "chair@example.org"},
        townships={"甸阳镇": "town@example.org"},
    )
    monkeypatch.setattr("poverty_watch.contracts.recipients.recipients", lambda: people)
    return Month(monkeypatch, tmp_path)


@pytest.fixture
def box(monkeypatch: pytest.MonkeyPatch) -> Iterator[Postbox]:
    with postbox.opened() as (box, server):
        extra = {"from_email": server.sender, "security": "plain"}
        known = {"conn_type": "smtp", "host": server.host, "port": server.port, "extra": extra}
        monkeypatch.setenv("AIRFLOW_CONN_POVERTY_WATCH_SMTP", json.dumps(known))
        yield box


def answered(chosen: list[str], by: str | None = "样例主任") -> dict[str, Any]:
    return {
        "chosen_options": chosen,
        "responded_by_user": {"id": "7", "name": by} if by else None,
    }


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (None, "前面的步骤出错"),
        (answered(NO), "被样例主任退回"),
        (answered(YES, by=None), "到期无人审签"),
        ({"chosen_options": []}, "到期无人审签"),
    ],
)
def test_anything_but_a_persons_yes_is_loudly_not_signed(
    month: Month, box: Postbox, answer: dict[str, Any] | None, why: str
) -> None:
    from county_run import steps

    with pytest.raises(RuntimeError, match=f"未签发：{why}"):
        month.call(steps.sign_report, answer)
    told = box.to("duty@example.org")
    assert told["Subject"].startswith(f"【防贫守望·红】2021年4月月报未签发：{why}")
    assert "没有发给任何单位" in told.get_body(("plain",)).get_content()


def test_that_the_office_cannot_be_told_does_not_make_it_signed(month: Month) -> None:
    from county_run import steps

    with pytest.raises(RuntimeError, match=r"未签发(.|\n)*没有配置邮件服务器"):
        month.call(steps.sign_report, {"chosen_options": []})


def test_who_had_the_month_computed_does_not_sign_it(month: Month, box: Postbox) -> None:
    from county_run import steps

    mine = answered(YES, by="样例甲")
    with pytest.raises(RuntimeError, match="样例甲经办过2021年4月的数据"):
        month.call(steps.sign_report, mine, run_type="manual", user="样例甲")
    # An account that several people use tells nothing about who it was.
    told = month.call(steps.sign_report, answered(YES, by="admin"), run_type="manual", user="admin")
    assert "第2版（签发）" in told


def test_a_signed_report_goes_to_everybody_once(month: Month, box: Postbox) -> None:
    from county_run import steps

    month.call(steps.sign_report, answered(YES))
    with pytest.raises(RuntimeError, match="没有全部送达"):
        month.call(steps.deliver)  # twelve townships have no address
    assert sorted(mail["To"] for mail in box.mails) == [
        "chair@example.org",
        "duty@example.org",
        "town@example.org",
    ]
    with pytest.raises(RuntimeError, match="本次发出0封"):
        month.call(steps.deliver)
    assert len(box.mails) == 3


def test_without_a_mail_server_the_report_is_carried_by_hand(month: Month) -> None:
    from airflow.sdk.exceptions import AirflowSkipException

    from county_run import steps

    month.call(steps.sign_report, answered(YES))
    with pytest.raises(AirflowSkipException, match="请人工送达"):
        month.call(steps.deliver)


def test_a_recomputed_month_is_sent_to_nobody(month: Month, box: Postbox) -> None:
    from airflow.sdk.exceptions import AirflowSkipException

    from county_run import steps

    month.call(steps.sign_report, answered(YES))
    with pytest.raises(AirflowSkipException, match="补算"):
        month.call(steps.deliver, run_type="backfill")
    assert box.mails == []


def test_the_draft_waits_for_its_day_but_not_where_nobody_waits(
    month: Month, monkeypatch: pytest.MonkeyPatch
) -> None:
    from county_run import steps

    monkeypatch.setenv("POVERTY_WATCH_TODAY", "2021-05-07")
    assert not month.call(steps.is_report_day)
    assert month.call(steps.is_report_day, draft=True)
    assert month.call(steps.is_report_day, run_type="backfill")
    monkeypatch.setenv("POVERTY_WATCH_TODAY", "2021-05-08")
    assert month.call(steps.is_report_day)


WOKEN = {"error": "…", "error_type": "timeout"}


@pytest.fixture
def asking(monthly: Any) -> Any:
    return monthly.get_task("approve")


def test_a_waking_before_the_end_of_the_tenth_goes_on_waiting(month: Month, asking: Any) -> None:
    from airflow.sdk.exceptions import TaskAwaitingInput

    with pytest.raises(TaskAwaitingInput) as waits:
        asking.execute_complete(month.context(), WOKEN)
    assert waits.value.method_name == "execute_complete"
    assert timedelta() < waits.value.timeout <= timedelta(minutes=5)


def test_silence_until_the_end_of_the_tenth_is_nobodys_answer(
    month: Month, asking: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POVERTY_WATCH_TODAY", "2021-05-11")
    assert asking.execute_complete(month.context(), WOKEN) == {"chosen_options": []}


def test_a_signature_from_the_command_line_ends_the_asking_and_counts(
    month: Month, asking: Any, box: Postbox
) -> None:
    from county_run import steps

    sign(APRIL, month.settings, month.ledger, "样例主任")
    ended = asking.execute_complete(month.context(), WOKEN)
    assert ended == {"chosen_options": []}
    assert "已由样例主任签发" in month.call(steps.sign_report, ended)
    # Whoever sent it back just then learns that it is out.
    with pytest.raises(RuntimeError, match="第2版已由样例主任签发"):
        month.call(steps.sign_report, answered(NO, by="样例乙"))


def test_a_persons_answer_is_taken_as_it_is(month: Month, asking: Any) -> None:
    event = {
        "chosen_options": YES,
        "params_input": {},
        "responded_at": datetime(2021, 5, 8, tzinfo=UTC),
        "responded_by_user": {"id": "7", "name": "样例主任"},
        "timedout": False,
    }
    found = asking.execute_complete(month.context(), event)
    assert (found["chosen_options"], found["responded_by_user"]["name"]) == (YES, "样例主任")
