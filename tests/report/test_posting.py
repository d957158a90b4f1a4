"""Each mail goes once, whatever happens on the way, and its outcome is written down."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from poverty_watch.contracts.recipients import Recipients
from poverty_watch.ledger.models import JournalEntry, Mailing
from poverty_watch.ledger.store import Ledger
from poverty_watch.mail import MailServer, Patience
from poverty_watch.months import Month
from poverty_watch.report.errors import ReportError
from poverty_watch.report.posting import (
    Enclosure,
    Letter,
    Posted,
    mails,
    post,
    queue,
    resend,
    settle,
)
from poverty_watch.settings import Settings
from tests import postbox
from tests.postbox import Postbox

APRIL = Month.parse("2021-04")
PEOPLE = Recipients(county={"值班": "duty@example.org", "主任": "head@example.org"})
AT_ONCE = Patience(attempts=2, first_wait=0.01)
Box = tuple[Postbox, MailServer]


@pytest.fixture
def box() -> Iterator[Box]:
    with postbox.opened() as found:
        yield found


class Office:
    def __init__(self, settings: Settings, ledger: Ledger, box: Box) -> None:
        self.settings, self.ledger = settings, ledger
        self.box, self.server = box

    def queue(
        self,
        *names: str,
        edition: str = "1",
        files: tuple[Enclosure, ...] = (),
        text: str = "正文",
    ) -> int:
        with self.ledger.transaction() as session:
            return queue(
                session,
                [
                    Letter("report", APRIL, edition, f"county/{n}", "月报", text, None, files)
                    for n in names
                ],
            )

    def post(self, people: Recipients = PEOPLE, **given: Any) -> Posted:
        given = {"server": self.server, "patience": AT_ONCE} | given
        server = given.pop("server")
        return post(APRIL, ["report"], self.settings, self.ledger, people, server, **given)

    def status(self) -> dict[str, tuple[str, int]]:
        with self.ledger.transaction() as session:
            return {
                mail.recipient: (mail.status, mail.attempts)
                for mail in session.scalars(select(Mailing))
            }


@pytest.fixture
def office(settings: Settings, ledger: Ledger, box: Box) -> Office:
    return Office(settings, ledger, box)


def test_each_recipient_gets_one_mail_however_often_it_is_asked_for(office: Office) -> None:
    assert office.queue("值班", "主任") == 2
    assert office.queue("值班", "主任") == 0
    first, again = office.post(), office.post()
    assert (first.sent_now, first.is_complete) == (2, True)
    assert (again.sent_now, again.count("sent")) == (0, 2)
    assert office.queue("值班", "主任") == 0
    office.post()
    assert sorted(mail["To"] for mail in office.box.mails) == [
        "duty@example.org",
        "head@example.org",
    ]


def test_one_refused_recipient_keeps_nobody_else_from_theirs(office: Office) -> None:
    office.box.refused = {"duty@example.org": "550 no such user"}
    office.queue("值班", "主任")
    found = office.post()
    assert (found.sent_now, found.count("waiting"), found.is_complete) == (1, 1, False)
    assert "县专班·值班 未发出：邮件服务器没有接收" in found.summary
    office.box.refused = {}
    assert office.post().sent_now == 1
    assert office.status()["county/值班"] == ("sent", 2)


def test_a_process_that_dies_between_handing_over_and_writing_down_sends_nothing_twice(
    office: Office,
) -> None:
    class KilledError(BaseException):
        pass

    def dies(*_: Any, **__: Any) -> None:
        raise KilledError

    office.queue("值班")
    with pytest.raises(KilledError):
        office.post(hand_over=dies)
    assert office.status()["county/值班"] == ("sending", 1)
    found = office.post()
    assert office.box.mails == []
    assert "结果不明1封" in found.summary
    assert not found.is_complete


def test_a_broken_connection_leaves_a_doubt_that_a_person_ends(office: Office) -> None:
    office.queue("值班", "主任")
    office.box.breaks_off = True
    assert office.post().count("sending") == 2
    office.box.breaks_off = False
    assert office.post().sent_now == 0
    with office.ledger.transaction() as session:
        doubtful, other = (mail.id for mail in mails(session, APRIL))
    assert settle(office.ledger, doubtful, "样例甲", "电话确认收到", arrived=True).status == "sent"
    resend(office.ledger, other, "样例甲", "对方说没有收到")
    assert office.post().sent_now == 1
    assert office.status() == {"county/值班": ("sent", 1), "county/主任": ("sent", 2)}
    with pytest.raises(ReportError, match="已发出"):
        resend(office.ledger, other, "样例甲", "再来一次")
    with pytest.raises(ReportError, match="为什么"):
        settle(office.ledger, other, "样例甲", " ", arrived=False)
    with pytest.raises(ReportError, match="没有第99号"):
        settle(office.ledger, 99, "样例甲", "不要了", arrived=False)


def test_without_address_or_server_it_waits_and_says_so(office: Office) -> None:
    office.queue("值班", "别人")
    found = office.post(server=None)
    assert not found.has_server
    assert {mail.outcome for mail in found.mails} == {
        "没有配置邮件服务器",
        "没有收件地址，请写入 recipients.yaml",
    }
    assert office.post().sent_now == 1
    assert office.status()["county/别人"] == ("waiting", 0)
    more = Recipients(county={"别人": "other@example.org"})
    assert office.post(people=more).sent_now == 1


def test_a_newer_edition_takes_the_place_of_what_still_waits(office: Office) -> None:
    office.queue("值班", edition="1")
    office.queue("值班", edition="2", text="更正")
    assert office.post().sent_now == 1
    (mail,) = office.box.mails
    assert mail.get_content().strip() == "更正"


def test_a_file_that_was_changed_after_it_was_queued_is_not_sent(office: Office) -> None:
    path = office.settings.outbox / "2021-04" / "月报表.xlsx"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"one")
    office.queue("值班", files=(Enclosure.of(path, office.settings),))
    path.write_bytes(b"two")
    found = office.post()
    assert "被改动过" in found.summary
    assert office.box.mails == []
    path.write_bytes(b"one")
    assert office.post().sent_now == 1
    (file,) = office.box.mails[0].iter_attachments()
    assert (file.get_filename(), file.get_content()) == ("月报表.xlsx", b"one")


def test_the_journal_tells_every_attempt_and_no_address(office: Office, tmp_path: Path) -> None:
    office.queue("值班")
    office.post()
    with office.ledger.transaction() as session:
        entries = {e.action: e for e in session.scalars(select(JournalEntry))}
    sent = entries["发送邮件"]
    assert sent.subject == "月报 1 县专班·值班"
    assert sent.detail["address"] == "d***@example.org"
    assert "duty@" not in str([e.detail for e in entries.values()])
