"""The ways in: a folder per township, a maildir; what is answered and what is left alone."""

from __future__ import annotations

import mailbox
import os
import signal
from email.message import EmailMessage
from pathlib import Path

import pytest

from poverty_watch.ledger import store
from poverty_watch.verification.cases.carrying import Desk
from poverty_watch.verification.returns import take_returns, taking
from poverty_watch.verification.returns.inbox import FOLDER, MAILDIR
from tests.verification.returns.conftest import HERE, TODAY, Desktop, Sheet


def put(desktop: Desktop, path: Path, *folders: str, name: str = "报回.xlsx") -> Path:
    """Put a workbook into the inbox of April."""
    target = desktop.settings.inbox.joinpath("2021-04", FOLDER, *folders, name)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(path.read_bytes())
    return target


def mail(desktop: Desktop, *attachments: tuple[str, bytes]) -> None:
    """A mail as a mail client files it: somebody's, with these attachments."""
    message = EmailMessage()
    message["From"], message["Subject"] = "anybody@example.org", "核实表报回"
    message.set_content("见附件。")
    for name, content in attachments:
        message.add_attachment(
            content, maintype="application", subtype="octet-stream", filename=name
        )
    desktop.settings.inbox.mkdir(parents=True, exist_ok=True)
    mailbox.Maildir(desktop.settings.inbox / MAILDIR).add(message)


def test_a_townships_folder_is_taken_in_once_and_answered(desktop: Desktop, sheet: Sheet) -> None:
    sheet.fill_all()
    put(desktop, sheet.save(), HERE)
    first = take_returns(desktop.desk)
    assert [one.counts for one in first.taken] == [{"taken": 6}]
    again = take_returns(desktop.desk)
    assert (again.taken, again.answered, again.summary) == ([], [], "没有新的核实回表")


def test_what_cannot_be_read_stops_nothing_and_what_is_no_return_is_not_opened(
    desktop: Desktop, sheet: Sheet, tmp_path: Path
) -> None:
    sheet.fill_all()
    good = sheet.save()
    put(desktop, good, HERE, name="正常.xlsx")
    bad = put(desktop, good, HERE, name="坏的530501197001010011.xlsx")
    bad.write_bytes(b"PK\3\4 torn")
    put(desktop, good, HERE, name="~$正常.xlsx")
    put(desktop, good, HERE, "深处", name="太深.xlsx")
    outside = tmp_path / "别处.xlsx"
    outside.write_bytes(good.read_bytes())
    (bad.parent / "链接.xlsx").symlink_to(outside)
    found = take_returns(desktop.desk)
    assert [one.name for one in found.taken] == ["正常.xlsx"]
    (told,) = found.unreadable
    assert "530501********0011" in told
    assert "530501197001010011" not in found.summary


def test_a_mails_workbook_goes_by_its_codes_whoever_sent_it(desktop: Desktop, sheet: Sheet) -> None:
    sheet.fill_all()
    content = sheet.save().read_bytes()
    mail(desktop, ("../../报回.xlsx", content), ("照片.jpg", b"\xff\xd8"), ("报回.xlsx", content))
    mail(desktop, ("破损.xlsx", b"not a workbook"))
    found = take_returns(desktop.desk)
    assert [one.counts for one in found.taken] == [{"taken": 6}]
    assert len(found.unreadable) == 1
    assert "破损.xlsx" in found.unreadable[0]
    assert found.taken[0].answer.parent == desktop.settings.outbox / "2021-05" / "核实回表答复"
    assert found.taken[0].answer.name.startswith("答复_报回_")
    desktop.holds()
    assert take_returns(desktop.desk).taken == []


def test_an_answer_lost_to_a_kill_after_the_commit_is_written_the_next_time(
    desktop: Desktop, sheet: Sheet, monkeypatch: pytest.MonkeyPatch
) -> None:
    sheet.fill_all()
    sheet.fill(sheet.rows()["2"], {"visited_on": "前天"})
    put(desktop, sheet.save(), HERE)
    number = os.fork()
    if not number:
        try:
            store._opened.cache_clear()
            monkeypatch.setattr(
                taking, "write_answer", lambda *_: os.kill(os.getpid(), signal.SIGKILL)
            )
            take_returns(Desk(desktop.settings, store.open_ledger(desktop.settings), TODAY))
        finally:
            os._exit(1)
    assert os.waitpid(number, 0)[1] == signal.SIGKILL
    assert desktop.outcomes()["R:1"] == "confirmed", "it had been committed"
    assert not (desktop.settings.outbox / "2021-04" / "核实回表答复").exists()
    found = take_returns(desktop.desk)
    assert found.taken == []
    (answer,) = found.answered
    assert answer.is_file()
    assert "补写以前收过的表的答复1份" in found.summary
    assert take_returns(desktop.desk).answered == []
    desktop.holds()
