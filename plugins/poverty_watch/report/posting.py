"""Mails of the county office: each to one recipient, written down before it goes, never sent twice.

A mail is *queued* (it says what it is, to whom, with which files), then *posted*. Before it is handed
to the server it is marked as sending, in a transaction of its own: a process that is killed in
between leaves a mail of which nobody knows whether it went. Such a mail is never sent again by
itself; it is shown, and a person decides (`resend`, `settle`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from poverty_watch.contracts.recipients import Recipients, recipient_title
from poverty_watch.files import sha256_of
from poverty_watch.ledger.journal import record
from poverty_watch.ledger.models import Mailing, now
from poverty_watch.ledger.store import Ledger
from poverty_watch.mail import (
    Attachment,
    MailNotTakenError,
    MailServer,
    MailUncertainError,
    Patience,
    deliver,
    mask_address,
    patiently,
)
from poverty_watch.months import Month
from poverty_watch.report.errors import ReportError
from poverty_watch.settings import Settings

NO_ADDRESS = "没有收件地址，请写入 recipients.yaml"
NO_SERVER = "没有配置邮件服务器"
HANDED_OVER = "已交邮件服务器，结果不明"
KIND_TITLES = {
    "report": "月报",
    "extract": "乡镇分表",
    "watch": "期限看守",
    "unsigned": "未签发通知",
    "bulletin": "双月调度通报",
    "municipal": "对口部门摘要",
}
STATUS_TITLES = {
    "waiting": "未发出",
    "sending": "结果不明",
    "sent": "已发出",
    "dropped": "不再发送",
}
_PATIENCE = Patience()
Deliver = Callable[..., None]


@dataclass(frozen=True)
class Enclosure:
    """A file in a mail: where it lies below the outbox, its name in the mail, its SHA-256."""

    path: str
    name: str
    sha256: str

    @classmethod
    def of(cls, path: Path, settings: Settings, name: str = "") -> Enclosure:
        """A file of the outbox."""
        return cls(str(path.relative_to(settings.outbox)), name or path.name, sha256_of(path))


@dataclass(frozen=True)
class Letter:
    """A mail before it is addressed to a server; see `Mailing` for what its parts mean."""

    kind: str
    month: Month
    edition: str
    recipient: str
    subject: str
    text: str
    html: str | None = None
    files: tuple[Enclosure, ...] = ()


@dataclass(frozen=True)
class MailCard:
    """One mail as staff read it in lists."""

    id: int
    kind: str
    month: str
    edition: str
    recipient: str
    status: str
    outcome: str
    attempts: int
    subject: str

    @property
    def told(self) -> str:
        """One Chinese line."""
        tail = f"：{self.outcome}" if self.outcome and self.outcome != "已发出" else ""
        return f"{recipient_title(self.recipient)} {STATUS_TITLES[self.status]}{tail}"


@dataclass(frozen=True)
class Posted:
    """What became of the mails that were looked at, those sent in earlier runs included."""

    mails: tuple[MailCard, ...]
    sent_now: int
    has_server: bool

    def count(self, status: str) -> int:
        """Mails of a status."""
        return sum(mail.status == status for mail in self.mails)

    @property
    def is_complete(self) -> bool:
        """Whether every mail went out."""
        return all(mail.status in ("sent", "dropped") for mail in self.mails)

    @property
    def summary(self) -> str:
        """One Chinese line, with a line for each mail that did not go out."""
        if not self.mails:
            return "没有要发的邮件"
        told = f"邮件：本次发出{self.sent_now}封，累计已发出{self.count('sent')}封"
        waiting, doubtful = self.count("waiting"), self.count("sending")
        if waiting:
            told += f"，未发出{waiting}封"
        if doubtful:
            told += f"，结果不明{doubtful}封（不会重发，请电话确认后登记）"
        left = [mail for mail in self.mails if mail.status in ("waiting", "sending")]
        return "\n".join([told, *(f"第{mail.id}号 {mail.told}" for mail in left)])


def queue(session: Session, letters: Iterable[Letter]) -> int:
    """Write down mails that are not there yet; repeated, it changes nothing.

    What still waits of the same kind and month, but is of another edition or for somebody who is no
    longer written to, is dropped: a newer one takes its place. What waits in the same edition is
    brought up to date.

    Returns:
        How many are new.
    """
    wanted = {_key(letter): letter for letter in letters}
    fresh = 0
    for kind, month in {(letter.kind, str(letter.month)) for letter in wanted.values()}:
        known = {
            (mail.kind, mail.month, mail.edition, mail.recipient): mail
            for mail in session.scalars(
                select(Mailing)
                .where(Mailing.kind == kind, Mailing.month == month)
                .with_for_update()
            )
        }
        for key, standing in known.items():
            if standing.status == "waiting" and key not in wanted:
                standing.status, standing.outcome = "dropped", "已有更新的一封代替"
        for key, letter in wanted.items():
            if key[:2] != (kind, month):
                continue
            content: dict[str, Any] = {
                "subject": letter.subject,
                "text": letter.text,
                "html": letter.html,
                "files": [asdict(file) for file in letter.files],
            }
            mail = known.get(key)
            if mail is None:
                session.add(
                    Mailing(
                        kind=kind,
                        month=month,
                        edition=letter.edition,
                        recipient=letter.recipient,
                        **content,
                    )
                )
                fresh += 1
            elif mail.status == "waiting":
                for name, value in content.items():
                    setattr(mail, name, value)
    if fresh:
        first = next(iter(wanted.values()))
        record(
            session,
            "登记待发邮件",
            f"{KIND_TITLES.get(first.kind, first.kind)} {first.edition}",
            month=first.month,
            mails=fresh,
        )
    return fresh


def post(
    month: Month,
    kinds: Iterable[str],
    settings: Settings,
    ledger: Ledger,
    people: Recipients,
    server: MailServer | None,
    *,
    edition: str | None = None,
    patience: Patience = _PATIENCE,
    hand_over: Deliver = deliver,
) -> Posted:
    """Send what waits of a month, one by one, each with its outcome written down before the next.

    Args:
        month: the month that the mails are about.
        kinds: which mails; others are not touched.
        settings: the installation, in whose outbox the files lie.
        ledger: where mails are written down.
        people: whose addresses are known.
        server: where mails are handed in; None where there is none: they wait.
        edition: only that edition, where it is given.
        patience: how often one that was certainly not taken is tried again.
        hand_over: the function that sends.
    """
    wanted = [Mailing.month == str(month), Mailing.kind.in_(tuple(kinds))]
    if edition is not None:
        wanted.append(Mailing.edition == edition)
    with ledger.transaction() as session:
        waiting = list(
            session.scalars(
                select(Mailing.id).where(*wanted, Mailing.status == "waiting").order_by(Mailing.id)
            )
        )
    postman = _Postman(settings, ledger, people, server, patience, hand_over)
    outcomes = [postman.send(number) for number in waiting]
    with ledger.transaction() as session:
        found = session.scalars(
            select(Mailing).where(*wanted, Mailing.status != "dropped").order_by(Mailing.id)
        )
        return Posted(
            tuple(_card(mail) for mail in found), outcomes.count("sent"), server is not None
        )


def mails(session: Session, month: Month) -> list[MailCard]:
    """All mails of a month, in the order in which they were written down."""
    rows = session.scalars(select(Mailing).where(Mailing.month == str(month)).order_by(Mailing.id))
    return [_card(mail) for mail in rows]


def resend(ledger: Ledger, number: int, by: str, reason: str) -> MailCard:
    """A person's word that a mail did not arrive: it waits again, and the next posting sends it.

    Raises:
        ReportError: there is no such mail, or its state needs no such word.
    """
    return _by_hand(ledger, number, by, reason, ("sending", "dropped"), "waiting", "由{by}决定重发")


def settle(ledger: Ledger, number: int, by: str, reason: str, *, arrived: bool) -> MailCard:
    """A person's word that a mail arrived, or need not be sent.

    Raises:
        ReportError: there is no such mail, or its state needs no such word.
    """
    told = "由{by}确认已收到" if arrived else "由{by}决定不再发送"
    status = "sent" if arrived else "dropped"
    return _by_hand(ledger, number, by, reason, ("sending", "waiting"), status, told)


def _by_hand(
    ledger: Ledger,
    number: int,
    by: str,
    reason: str,
    before: tuple[str, ...],
    after: str,
    told: str,
) -> MailCard:
    if not (by.strip() and reason.strip()):
        raise ReportError("请写明谁决定的、为什么。")
    with ledger.transaction() as session:
        mail = session.get(Mailing, number, with_for_update=True)
        if mail is None:
            raise ReportError(f"没有第{number}号邮件。")
        if mail.status not in before:
            raise ReportError(f"第{number}号邮件{STATUS_TITLES[mail.status]}，不用这样办理。")
        mail.status = after
        mail.outcome = f"{told.format(by=by.strip())}：{reason.strip()}"
        mail.sent_at = now() if after == "sent" else None
        record(
            session,
            "邮件人工办理",
            _subject(mail),
            month=Month.parse(mail.month),
            actor=by.strip(),
            mail=number,
            outcome=mail.outcome,
        )
        return _card(mail)


def _key(letter: Letter) -> tuple[str, str, str, str]:
    return letter.kind, str(letter.month), letter.edition, letter.recipient


def _card(mail: Mailing) -> MailCard:
    return MailCard(
        mail.id,
        mail.kind,
        mail.month,
        mail.edition,
        mail.recipient,
        mail.status,
        mail.outcome or "",
        mail.attempts,
        mail.subject,
    )


def _subject(mail: Mailing) -> str:
    kind = KIND_TITLES.get(mail.kind, mail.kind)
    return f"{kind} {mail.edition} {recipient_title(mail.recipient)}"


@dataclass(frozen=True)
class _Postman:
    settings: Settings
    ledger: Ledger
    people: Recipients
    server: MailServer | None
    patience: Patience
    hand_over: Deliver

    def send(self, number: int) -> str:
        """Send one mail that waits; how it stands afterwards."""
        with self.ledger.transaction() as session:
            mail = session.get_one(Mailing, number, with_for_update=True)
            if mail.status != "waiting":
                return mail.status
            address = self.people.address(mail.recipient)
            if not address or self.server is None:
                mail.outcome = NO_SERVER if address else NO_ADDRESS
                return "waiting"
            try:
                attachments = self._attachments(mail)
            except ReportError as error:
                mail.outcome = str(error)
                return "waiting"
            mail.status, mail.attempts = "sending", mail.attempts + 1
            mail.outcome = HANDED_OVER
        status, outcome = self._handed_over(self.server, mail, address, attachments)
        with self.ledger.transaction() as session:
            mail = session.get_one(Mailing, number, with_for_update=True)
            mail.status, mail.outcome = status, outcome
            mail.sent_at = now() if status == "sent" else None
            record(
                session,
                "发送邮件",
                _subject(mail),
                month=Month.parse(mail.month),
                mail=number,
                address=mask_address(address),
                attempt=mail.attempts,
                outcome=outcome,
            )
        return status

    def _handed_over(
        self, server: MailServer, mail: Mailing, address: str, attachments: list[Attachment]
    ) -> tuple[str, str]:
        # The same id at every attempt: a mailbox that gets it twice can tell.
        message_id = f"<mail-{mail.id}-{mail.month}@{server.domain}>"

        def send() -> None:
            self.hand_over(
                server,
                address,
                mail.subject,
                mail.text,
                message_id,
                html=mail.html,
                attachments=attachments,
            )

        try:
            patiently(send, self.patience)
        except MailNotTakenError as error:
            return "waiting", str(error)
        except MailUncertainError as error:
            return "sending", str(error)
        return "sent", "已发出"

    def _attachments(self, mail: Mailing) -> list[Attachment]:
        found = []
        for file in mail.files:
            path = self.settings.outbox / file["path"]
            if not path.is_file() or sha256_of(path) != file["sha256"]:
                raise ReportError(f"附件“{file['name']}”不见了或被改动过，请重新生成后再发")
            found.append(Attachment.of(path, file["name"]))
        return found
