"""Who is reminded of a task, when, and that no mail goes twice."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import date
from email import message_from_bytes, policy
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import select

from poverty_watch.ledger.access import Viewer
from poverty_watch.ledger.models import DeskMail, Task, TaskRung
from poverty_watch.mail import MailServer, MailUncertainError
from poverty_watch.months import PROVISIONAL, CalendarError, Workdays
from poverty_watch.settings import REFERENCE
from poverty_watch.verification import open_tasks
from poverty_watch.verification.assigning import Assignment, assign
from poverty_watch.verification.dunning import climb, send_mails
from poverty_watch.verification.policy import Recipients
from tests.verification.conftest import APRIL, OPENED_ON, County

CALENDAR = Workdays.from_file(REFERENCE / "workdays.yaml")
PEOPLE = Recipients(
    villages={"甸阳镇/样例村": "village@example.org"},
    townships={"甸阳镇": "town@example.org"},
    county={"值班": "county@example.org"},
)


class Postbox:
    """Keeps what it is sent; refuses the address that it is told to refuse."""

    def __init__(self) -> None:
        self.mails: list[Any] = []
        self.refused = ""

    async def handle_RCPT(  # noqa: N802 - aiosmtpd calls it so
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        if address == self.refused:
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK"


@pytest.fixture
def postbox() -> Iterator[tuple[Postbox, MailServer]]:
    box = Postbox()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    yield box, MailServer("127.0.0.1", port, "desk@example.org", security="plain")
    controller.stop()


@pytest.fixture
def tasks(county: County) -> County:
    """One task, opened on 6 May 2021: due on the 12th (a Saturday of work lies between)."""
    county.lead("R:1", "W01")
    county.households({"R:1": "样例甲"})
    open_tasks(APRIL, county.settings, county.ledger, OPENED_ON)
    return county


def rungs(county: County) -> dict[str, date]:
    with county.ledger.transaction() as session:
        return {row.rung: row.reached_on for row in session.scalars(select(TaskRung))}


def test_the_ladder_is_climbed_rung_by_rung_and_each_once(tasks: County) -> None:
    with tasks.ledger.transaction() as session:
        due = session.scalars(select(Task.due_on)).one()
    day = OPENED_ON
    while day < date(2021, 5, 25):
        climb(tasks.ledger, day, CALENDAR)
        climb(tasks.ledger, day, CALENDAR)
        day = date.fromordinal(day.toordinal() + 1)
    assert rungs(tasks) == {
        "village": date(2021, 5, 11),
        "township": CALENDAR.after(due, 1),
        "county": CALENDAR.after(due, 3),
        "joint_meeting": CALENDAR.after(due, 5),
    }
    with tasks.ledger.transaction() as session:
        assert len(list(session.scalars(select(DeskMail)))) == 4


def test_an_answered_task_is_left_alone(tasks: County) -> None:
    with tasks.ledger.transaction() as session:
        session.scalars(select(Task)).one().status = "closed"
    assert climb(tasks.ledger, date(2021, 6, 1), CALENDAR).mails == 0


def test_mails_go_once_hold_no_person_and_are_written_down(
    tasks: County, postbox: tuple[Postbox, MailServer]
) -> None:
    box, server = postbox
    climb(tasks.ledger, date(2021, 5, 18), CALENDAR)
    first = send_mails(tasks.ledger, PEOPLE, server, CALENDAR)
    again = send_mails(tasks.ledger, PEOPLE, server, CALENDAR)
    assert (first.sent, first.waiting, again.sent) == (3, 0, 0)
    assert sorted(mail["To"] for mail in box.mails) == [
        "county@example.org",
        "town@example.org",
        "village@example.org",
    ]
    assert len({mail["Message-ID"] for mail in box.mails}) == 3
    for mail in box.mails:
        text = mail.get_content()
        assert "第1号" in text
        assert "样例甲" not in text
        assert "R:1" not in text


def test_a_refused_mail_waits_and_one_without_an_address_says_so(
    tasks: County, postbox: tuple[Postbox, MailServer]
) -> None:
    box, server = postbox
    box.refused = "town@example.org"
    climb(tasks.ledger, date(2021, 5, 20), CALENDAR)
    sent = send_mails(tasks.ledger, PEOPLE, server, CALENDAR)
    assert (sent.sent, sent.waiting) == (2, 2)
    with tasks.ledger.transaction() as session:
        told = {mail.rung: mail.outcome for mail in session.scalars(select(DeskMail))}
    assert told["joint_meeting"] == "没有收件地址"
    assert told["township"] is not None
    assert told["township"].startswith("邮件服务器没有接收")
    box.refused = ""
    assert send_mails(tasks.ledger, PEOPLE, server, CALENDAR).sent == 1


def test_of_several_people_of_an_office_each_has_a_mail_with_its_own_outcome(
    tasks: County, postbox: tuple[Postbox, MailServer]
) -> None:
    box, server = postbox
    box.refused = "away@example.org"
    climb(tasks.ledger, date(2021, 5, 18), CALENDAR)
    nobody = Recipients(townships=PEOPLE.townships, villages=PEOPLE.villages)
    assert send_mails(tasks.ledger, nobody, server, CALENDAR).waiting == 1
    county = {"值班": "county@example.org", "外出": "away@example.org", "分管": "head@example.org"}
    people = nobody.model_copy(update={"county": county})
    for _ in range(2):
        send_mails(tasks.ledger, people, server, CALENDAR)
    told = [mail["To"] for mail in box.mails]
    assert sorted(told[2:]) == ["county@example.org", "head@example.org"]
    with tasks.ledger.transaction() as session:
        found = session.scalars(select(DeskMail).where(DeskMail.rung == "county"))
        outcomes = {mail.recipient: (mail.status, mail.tasks) for mail in found}
    assert outcomes == {
        "值班": ("sent", [1]),
        "外出": ("waiting", [1]),
        "分管": ("sent", [1]),
    }


def test_a_mail_whose_fate_nobody_knows_is_never_sent_again(tasks: County) -> None:
    calls = []

    def breaks(*told: Any) -> None:
        calls.append(told)
        raise MailUncertainError("发送时连接中断，不知道对方是否收到")

    server = MailServer("127.0.0.1", 1, "desk@example.org")
    climb(tasks.ledger, date(2021, 5, 11), CALENDAR)
    first = send_mails(tasks.ledger, PEOPLE, server, CALENDAR, breaks)
    send_mails(tasks.ledger, PEOPLE, server, CALENDAR, breaks)
    assert first.uncertain == 1
    assert "不再重发" in first.summary
    assert len(calls) == 1


def test_a_year_that_is_not_published_stops_unless_a_guess_is_allowed(
    tasks: County, postbox: tuple[Postbox, MailServer]
) -> None:
    with tasks.ledger.transaction() as session:
        session.scalars(select(Task)).one().due_on = date(2027, 3, 1)
    with pytest.raises(CalendarError, match="provisional_years"):
        climb(tasks.ledger, date(2027, 3, 2), CALENDAR)
    guessing = Workdays({}, provisional_years=frozenset({2027}))
    climb(tasks.ledger, date(2027, 3, 2), guessing)
    box, server = postbox
    send_mails(tasks.ledger, PEOPLE, server, guessing)
    assert all(f"期限2027-03-01{PROVISIONAL}" in mail.get_content() for mail in box.mails)
    assert box.mails


def test_thousands_are_reassigned_at_once_each_with_its_outcome(county: County) -> None:
    with county.ledger.transaction() as session:
        for number in range(1, 3001):
            session.add(
                Task(
                    household_id=f"R:{number}",
                    township="甸阳镇" if number % 2 else "由旺镇",
                    village="样例村",
                    month="2021-04",
                    opened_on=OPENED_ON,
                    due_on=date(2021, 5, 12),
                    status="closed" if number == 1 else "open",
                    decided_on=date(2021, 5, 8) if number == 1 else None,
                )
            )
    office = Viewer("县一", "county")
    wanted = [Assignment(number, village="新村") for number in range(1, 3002)]
    results = assign(county.ledger, wanted, office, "并村")
    assert [result.task_id for result in results] == list(range(1, 3002))
    assert sum(result.outcome == "已改派" for result in results) == 2999
    assert results[0].outcome == "已于2021-05-08办结，不能改派"
    assert "没有编号为3001" in results[-1].outcome
    township = Viewer("镇一", "township", "甸阳镇")
    own, others, away = assign(
        county.ledger,
        [Assignment(3, village="老村"), Assignment(2, village="老村"), Assignment(5, "由旺镇")],
        township,
        "分村",
    )
    assert own.is_done
    assert "不属于甸阳镇" in others.outcome
    assert "由县专班办理" in away.outcome
