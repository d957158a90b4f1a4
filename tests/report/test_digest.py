"""The mail on days 3, 5, 8, 9 and 10."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from poverty_watch.contracts.recipients import Recipients, Share
from poverty_watch.mail import MailServer
from poverty_watch.report.digest import digest_letters, send_digest
from poverty_watch.report.watch import watch
from poverty_watch.screening.needs import needing
from tests import postbox
from tests.postbox import Postbox
from tests.report.conftest import APRIL, ScreenedMonth
from tests.report.test_watch import deliver_all, draft, mail

PEOPLE = Recipients(county={"值班": "duty@example.org"})
Box = tuple[Postbox, MailServer]


@pytest.fixture
def box() -> Iterator[Box]:
    with postbox.opened() as found:
        yield found


def test_it_is_sent_green_as_well_as_red_once_a_day(april: ScreenedMonth, box: Box) -> None:
    kept, server = box
    deliver_all(april, but="payroll")
    for day in (date(2021, 5, 3), date(2021, 5, 3), date(2021, 5, 8)):
        seen = watch(APRIL, april.ledger, day, needs=needing())
        send_digest(seen, april.settings, april.ledger, PEOPLE, server)
    assert [mail["Subject"] for mail in kept.mails] == [
        "【防贫守望·绿】2021年4月月报：能按期办成（收数）",
        "【防贫守望·红】2021年4月月报：有误期风险（比对预警）",
    ]
    for sent in kept.mails:
        for form in ("plain", "html"):
            body = sent.get_body((form,)).get_content()
            assert "财政局" in body
            assert "C17家庭有财政供养人员" in body


def test_a_month_that_is_out_is_told_too(april: ScreenedMonth, box: Box) -> None:
    kept, server = box
    deliver_all(april)
    april.screen()
    draft(april, 2, signed_by="样例主任")
    mail(april, "sent")
    seen = watch(APRIL, april.ledger, date(2021, 5, 10))
    assert send_digest(seen, april.settings, april.ledger, PEOPLE, server).is_complete
    assert "月报已签发并送达" in kept.mails[0].get_body(("plain",)).get_content()
    assert "都报齐了" in kept.mails[0].get_body(("html",)).get_content()


def test_what_a_department_wrote_becomes_no_markup(april: ScreenedMonth) -> None:
    april.deliver(
        "payroll", "finance", "rejected", messages=["文件<script>.xlsx 530501199001010014 读不出"]
    )
    (letter,) = digest_letters(watch(APRIL, april.ledger, date(2021, 5, 8)), PEOPLE)
    assert letter.html is not None
    assert "<script>" not in letter.html
    assert "530501199001010014" not in letter.html + letter.text


def test_nobody_to_tell_is_no_success(april: ScreenedMonth, box: Box) -> None:
    _, server = box
    seen = watch(APRIL, april.ledger, date(2021, 5, 8))
    posted = send_digest(seen, april.settings, april.ledger, Recipients(), server)
    assert not posted.is_complete
    assert "没有收件地址" in posted.summary
    assert digest_letters(seen, PEOPLE, (Share(to="joint_meeting"),))[0].recipient == (
        "joint_meeting/"
    )
