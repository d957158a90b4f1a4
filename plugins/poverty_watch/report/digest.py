"""The mail that tells the office how a month stands; green or red, it is always sent."""

from __future__ import annotations

from poverty_watch.contracts.recipients import (
    Recipients,
    Share,
    addressees,
    mailings,
)
from poverty_watch.contracts.reporting import reporting_policy
from poverty_watch.ledger.store import Ledger
from poverty_watch.mail import MailServer, Patience, deliver
from poverty_watch.report.letters import worded
from poverty_watch.report.posting import Deliver, Letter, Posted, post, queue
from poverty_watch.report.watch import Watch
from poverty_watch.settings import Settings

KIND = "watch"
_PATIENCE = Patience()


def digest_letters(
    seen: Watch, people: Recipients, shares: tuple[Share, ...] | None = None
) -> list[Letter]:
    """One mail per recipient, the same for all: of a month and a day there is one edition."""
    light = "绿" if seen.is_green else "红"
    text, html = worded(
        "期限看守",
        w=seen,
        lost={one.dataset: one.checks for one in seen.without},
        nominal=reporting_policy().watch_days,
    )
    return [
        Letter(
            KIND,
            seen.month,
            str(seen.as_of),
            one.recipient,
            f"【防贫守望·{light}】{seen.headline}",
            text,
            html,
        )
        for one in addressees(mailings().watch if shares is None else shares, people, {})
    ]


def send_digest(
    seen: Watch,
    settings: Settings,
    ledger: Ledger,
    people: Recipients,
    server: MailServer | None,
    *,
    patience: Patience = _PATIENCE,
    hand_over: Deliver = deliver,
) -> Posted:
    """Tell the office; a second call of the same day sends nothing twice."""
    with ledger.transaction() as session:
        queue(session, digest_letters(seen, people))
    return post(
        seen.month,
        [KIND],
        settings,
        ledger,
        people,
        server,
        edition=str(seen.as_of),
        patience=patience,
        hand_over=hand_over,
    )
