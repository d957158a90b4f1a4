"""A signed report on its way to the people who are to have it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from poverty_watch.contracts.recipients import (
    Addressee,
    Recipients,
    Share,
    addressees,
    mailings,
)
from poverty_watch.ledger.models import Mailing
from poverty_watch.ledger.store import Ledger
from poverty_watch.mail import MailServer, Patience, deliver
from poverty_watch.months import Month
from poverty_watch.report.archive import Archive
from poverty_watch.report.errors import ReportError
from poverty_watch.report.extracts import townships_of, write_extracts
from poverty_watch.report.letters import worded
from poverty_watch.report.library import VersionCard, published
from poverty_watch.report.posting import Deliver, Enclosure, Letter, Posted, post, queue
from poverty_watch.settings import Settings

REPORT, EXTRACT = "report", "extract"
# A digest of another day is of no use any more; these are.
_LASTING = (REPORT, EXTRACT, "unsigned", "bulletin", "municipal")
_PATIENCE = Patience()


def send_report(
    month: Month,
    settings: Settings,
    ledger: Ledger,
    people: Recipients,
    server: MailServer | None,
    *,
    shares: tuple[Share, ...] | None = None,
    patience: Patience = _PATIENCE,
    hand_over: Deliver = deliver,
) -> Posted:
    """Send the month's signed version; a second call sends nothing twice, and what waited again.

    Raises:
        ReportError: nothing is signed, or the files of the signed version are not there.
    """
    with ledger.transaction() as session:
        card = published(session, settings, month)
        if card is None:
            raise ReportError(f"{month.chinese}月报还没有签发，不能发送。请先签发。")
        letters = _letters(session, settings, card, people, shares)
        queue(session, letters)
    return post(
        month,
        (REPORT, EXTRACT),
        settings,
        ledger,
        people,
        server,
        edition=str(card.number),
        patience=patience,
        hand_over=hand_over,
    )


def send_waiting(
    settings: Settings,
    ledger: Ledger,
    people: Recipients,
    server: MailServer | None,
    *,
    patience: Patience = _PATIENCE,
    hand_over: Deliver = deliver,
) -> Posted:
    """Send again what of any month waits, in the order of the months."""
    with ledger.transaction() as session:
        months = session.scalars(
            select(Mailing.month)
            .where(Mailing.status == "waiting", Mailing.kind.in_(_LASTING))
            .distinct()
            .order_by(Mailing.month)
        ).all()
    found = [
        post(
            Month.parse(month),
            _LASTING,
            settings,
            ledger,
            people,
            server,
            patience=patience,
            hand_over=hand_over,
        )
        for month in months
    ]
    return Posted(
        tuple(mail for posted in found for mail in posted.mails),
        sum(posted.sent_now for posted in found),
        server is not None,
    )


def _letters(
    session: Session,
    settings: Settings,
    card: VersionCard,
    people: Recipients,
    shares: tuple[Share, ...] | None,
) -> list[Letter]:
    wanted = mailings().report if shares is None else shares
    extracts: dict[str, Enclosure] = {}
    if any("extract" in share.files for share in wanted):
        extracts = _extracts(session, settings, card)
    owed = {"townships": tuple(extracts)} if extracts else {}
    return [_letter(card, one, settings, extracts) for one in addressees(wanted, people, owed)]


def _extracts(session: Session, settings: Settings, card: VersionCard) -> dict[str, Enclosure]:
    """By township; those that were written for this version once stay what they are."""
    known = session.scalars(
        select(Mailing)
        .where(
            Mailing.kind == EXTRACT,
            Mailing.month == str(card.month),
            Mailing.edition == str(card.number),
        )
        .order_by(Mailing.id)
    ).all()
    if known:
        return {
            mail.recipient.partition("/")[2]: Enclosure(**file)
            for mail in known
            for file in mail.files
        }
    kept = Archive(settings.lake).find(card.month, card.number)
    if kept is None:
        raise ReportError(
            f"{card.title}的数字没有留存，做不出乡镇分表；只发月报表的，在 mailings.yaml 里去掉 extract。"
        )
    written = write_extracts(
        card.month,
        card.number,
        kept,
        card.workbook.name,
        settings,
        townships_of(kept.tables),
    )
    return {township: Enclosure.of(path, settings) for township, path in written.items()}


def _letter(
    card: VersionCard, one: Addressee, settings: Settings, extracts: Mapping[str, Enclosure]
) -> Letter:
    files = _enclosed(card, one, settings, extracts)
    kind = EXTRACT if one.files == ("extract",) else REPORT
    what = f"{one.name}分表" if kind == EXTRACT else "月报表"
    text, html = worded(
        "月报",
        card=card,
        what=what,
        names=[file.name for file in files],
        is_extract=kind == EXTRACT,
    )
    return Letter(
        kind,
        card.month,
        str(card.number),
        one.recipient,
        f"{card.month.chinese}防止返贫监测{what}（第{card.number}版）",
        text,
        html,
        tuple(files),
    )


def _enclosed(
    card: VersionCard, one: Addressee, settings: Settings, extracts: Mapping[str, Enclosure]
) -> list[Enclosure]:
    found = []
    for file in one.files:
        if file == "workbook":
            if card.workbook not in card.files:
                raise ReportError(
                    f"{card.title}的文件 {card.workbook.name} 不见了，请重新生成月报后再发。"
                )
            found.append(Enclosure.of(card.workbook, settings))
        elif file == "briefing":
            found += [Enclosure.of(path, settings) for path in _briefing(card)]
        elif file == "extract" and one.name in extracts:
            found.append(extracts[one.name])
    return found


def _briefing(card: VersionCard) -> list[Path]:
    """The one-page summary as PDF, else as it can be edited; none where none was made."""
    for suffix in (".pdf", ".docx"):
        found = [path for path in card.files if path.suffix == suffix]
        if found:
            return found
    return []
