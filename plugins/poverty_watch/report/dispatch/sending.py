"""A bulletin on its way: to the county's offices whole, to each municipal department its part."""

from __future__ import annotations

from poverty_watch.contracts.recipients import (
    Addressee,
    Recipients,
    Share,
    addressees,
    mailings,
)
from poverty_watch.ledger.journal import record
from poverty_watch.ledger.models import Bulletin
from poverty_watch.ledger.store import Ledger
from poverty_watch.mail import MailServer, Patience, deliver
from poverty_watch.months import Month
from poverty_watch.report.dispatch.making import newest_bulletin
from poverty_watch.report.dispatch.wording import span
from poverty_watch.report.errors import ReportError
from poverty_watch.report.letters import worded
from poverty_watch.report.posting import Deliver, Enclosure, Letter, Posted, post, queue
from poverty_watch.settings import Settings

BULLETIN, MUNICIPAL = "bulletin", "municipal"
_PATIENCE = Patience()


def send_bulletin(
    first: Month,
    last: Month,
    settings: Settings,
    ledger: Ledger,
    people: Recipients,
    server: MailServer | None,
    by: str,
    *,
    shares: tuple[Share, ...] | None = None,
    patience: Patience = _PATIENCE,
    hand_over: Deliver = deliver,
) -> Posted:
    """Send the newest bulletin of two months, on a person's word; nothing goes twice.

    Raises:
        ReportError: there is none, nobody agreed, or it rests on a report that is not signed.
    """
    if not by.strip():
        raise ReportError("发送通报要写明谁同意发送。")
    with ledger.transaction() as session:
        bulletin = newest_bulletin(session, first, last)
        if bulletin is None:
            raise ReportError(f"还没有{span(first, last)}的双月调度通报，请先生成。")
        drafts = [one for one in bulletin.manifest["reports"] if one["kind"] != "signed"]
        if drafts:
            months = "、".join(Month.parse(one["month"]).chinese for one in drafts)
            raise ReportError(f"{months}的月报还没有签发，通报不能发出。请先签发，再重新生成通报。")
        if bulletin.agreed_by is None:
            bulletin.agreed_by = by.strip()
            record(
                session,
                "同意发送双月调度通报",
                f"{span(first, last)}第{bulletin.number}版",
                month=last,
                actor=by.strip(),
            )
        queue(session, _letters(bulletin, people, shares))
        edition = _edition(bulletin)
    return post(
        last,
        (BULLETIN, MUNICIPAL),
        settings,
        ledger,
        people,
        server,
        edition=edition,
        patience=patience,
        hand_over=hand_over,
    )


def _letters(
    bulletin: Bulletin, people: Recipients, shares: tuple[Share, ...] | None
) -> list[Letter]:
    owed = {
        "townships": tuple(bulletin.manifest["townships"]),
        "municipal": tuple(bulletin.manifest["extracts"]),
    }
    wanted = mailings().bulletin if shares is None else shares
    return [_letter(bulletin, one) for one in addressees(wanted, people, owed)]


def _letter(bulletin: Bulletin, one: Addressee) -> Letter:
    first, last = Month.parse(bulletin.first), Month.parse(bulletin.month)
    is_part = one.group == MUNICIPAL
    what = f"{one.name}数据报送情况" if is_part else "双月调度通报"
    places = []
    for file in one.files:
        if file == "bulletin":
            places.append(bulletin.path)
        elif file == "municipal" and one.name in bulletin.manifest["extracts"]:
            places.append(bulletin.manifest["extracts"][one.name])
    files = tuple(
        Enclosure(place, place.rpartition("/")[2], bulletin.manifest["files"][place])
        for place in places
    )
    title = f"{span(first, last)}防返贫监测{what}（第{bulletin.number}版）"
    text, html = worded("通报", title=title, is_part=is_part, names=[file.name for file in files])
    return Letter(
        MUNICIPAL if is_part else BULLETIN,
        last,
        _edition(bulletin),
        one.recipient,
        title,
        text,
        html,
        files,
    )


def _edition(bulletin: Bulletin) -> str:
    return f"{bulletin.first}/{bulletin.number}"
