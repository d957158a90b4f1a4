"""Sign a month's report, by a person who did not make it; and tell when nobody signed in time."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict
from sqlalchemy import select
from sqlalchemy.orm import Session

from poverty_watch.contracts.recipients import Recipients, addressees, mailings
from poverty_watch.contracts.reporting import reporting_days, reporting_policy
from poverty_watch.identity import mask_numbers
from poverty_watch.ledger.models import Delivery, StoppedDecision
from poverty_watch.ledger.store import Ledger
from poverty_watch.mail import MailServer, Patience, deliver
from poverty_watch.months import COUNTY_ZONE, Month, Workdays, county_day
from poverty_watch.report.errors import ReportError
from poverty_watch.report.letters import worded
from poverty_watch.report.library import VersionCard, versions
from poverty_watch.report.posting import Deliver, Letter, Posted, post, queue
from poverty_watch.report.versions import ReportResult, sign_report
from poverty_watch.report.watch import watch
from poverty_watch.settings import REFERENCE, Settings

UNSIGNED = "unsigned"
_PATIENCE = Patience()


class SigningPolicy(BaseModel):
    """``include/reference/signing.yaml``: whether who made a report may sign it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    maker_may_sign: bool
    shared_accounts: tuple[str, ...] = ()


@lru_cache(maxsize=4)
def signing_policy(path: Path = REFERENCE / "signing.yaml") -> SigningPolicy:
    """The policy in force."""
    return SigningPolicy.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))


def sign(
    month: Month,
    settings: Settings,
    ledger: Ledger,
    by: str,
    started_by: Iterable[str] = (),
    policy: SigningPolicy | None = None,
) -> ReportResult:
    """Sign the newest draft of a month; a month that this version signed already stays as it is.

    Args:
        month: the month that is reported on.
        settings: the installation.
        ledger: where it is written down.
        by: who signs.
        started_by: who had the month computed, where that is known.
        policy: that of ``signing.yaml`` if not given.

    Raises:
        ReportError: who signs had a hand in the figures, or the report cannot be signed.
    """
    policy = policy or signing_policy()
    name = by.strip()
    with ledger.transaction() as session:
        makers = {*started_by, *_makers(session, month)} - {"", *policy.shared_accounts}
    if name in makers and not policy.maker_may_sign:
        raise ReportError(
            f"{name}经办过{month.chinese}的数据（运行本月，或决定接收整份暂停的报送），不能自己签发，"
            "请换一个人审签。"
        )
    return sign_report(month, settings, ledger, name)


def signed_already(month: Month, settings: Settings, ledger: Ledger) -> VersionCard | None:
    """The month's newest version, if it is signed."""
    with ledger.transaction() as session:
        newest = next(iter(versions(session, settings, month)), None)
    return newest if newest is not None and newest.signed_by else None


def decide_by(
    month: Month, settings: Settings, ledger: Ledger, workdays: Workdays, day: date
) -> datetime:
    """Until when the newest version is to be signed: the end of the due day.

    A version that was made after its time has the days of ``decide_days`` from when it was made,
    which is no later than ``day``, the county's present one.
    """
    due_on = reporting_days(month, workdays).due_on
    with ledger.transaction() as session:
        newest = next(iter(versions(session, settings, month)), None)
    if newest is not None:
        made_on = min(county_day(newest.created_at), day)
        if made_on >= due_on:
            due_on = made_on + timedelta(days=reporting_policy().decide_days)
    return datetime.combine(due_on + timedelta(days=1), time(), COUNTY_ZONE)


def tell_unsigned(
    month: Month,
    why: str,
    settings: Settings,
    ledger: Ledger,
    people: Recipients,
    server: MailServer | None,
    day: date,
    *,
    patience: Patience = _PATIENCE,
    hand_over: Deliver = deliver,
) -> Posted:
    """Tell the office that a report was not signed, and why: loudly, once per version and day."""
    seen = watch(month, ledger, day)
    with ledger.transaction() as session:
        newest = next(iter(versions(session, settings, month)), None)
        number = newest.number if newest else 0
        why = mask_numbers(why)
        text, html = worded("未签发", w=seen, why=why, number=number)
        edition = f"{number}-{day}"
        queue(
            session,
            [
                Letter(
                    UNSIGNED,
                    month,
                    edition,
                    one.recipient,
                    f"【防贫守望·红】{month.chinese}月报未签发：{why}",
                    text,
                    html,
                )
                for one in addressees(mailings().unsigned, people, {})
            ],
        )
    return post(
        month,
        [UNSIGNED],
        settings,
        ledger,
        people,
        server,
        edition=edition,
        patience=patience,
        hand_over=hand_over,
    )


def _makers(session: Session, month: Month) -> set[str]:
    """Who decided that what had stopped is in the figures all the same."""
    return set(
        session.scalars(
            select(StoppedDecision.decided_by)
            .join(Delivery, Delivery.id == StoppedDecision.delivery_id)
            .where(Delivery.month == str(month))
        )
    )
