"""The callables of the tasks of ``deadline_watch``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from county_run.environment import CountyRun, step

if TYPE_CHECKING:
    from poverty_watch.months import Month, Workdays


def _calendar() -> Workdays:
    from poverty_watch.months import Workdays
    from poverty_watch.settings import REFERENCE

    return Workdays.from_file(REFERENCE / "workdays.yaml")


def _asked_for(run: CountyRun) -> Month | None:
    from poverty_watch.months import Month

    named = run.conf.get("month")
    return Month.parse(str(named)) if named else None


@step
def is_watch_day(run: CountyRun) -> bool:
    """Whether the office is told today: on the days of the policy, and whenever a person asks."""
    from poverty_watch.contracts.reporting import watched_month
    from poverty_watch.settings import today

    return run.is_by_hand or watched_month(today(), _calendar()) is not None


@step
def tell(run: CountyRun) -> str:
    """Send the office how the month stands; who did not get it makes the step fail."""
    from county_run.connections import mail_server
    from poverty_watch.contracts.recipients import recipients
    from poverty_watch.contracts.reporting import watched_month
    from poverty_watch.report.digest import send_digest
    from poverty_watch.report.watch import watch
    from poverty_watch.screening.needs import needing
    from poverty_watch.settings import today

    day = today()
    month = _asked_for(run) or watched_month(day, _calendar()) or run.month - 1
    seen = watch(month, run.ledger, day, needs=needing(), workdays=_calendar())
    posted = send_digest(seen, run.settings, run.ledger, recipients(), mail_server())
    told = f"{seen.headline}。{seen.outlook_told}\n{posted.summary}"
    if not posted.is_complete:
        raise RuntimeError(f"期限看守的邮件没有全部发出。{told}")
    return told


@step
def send_again(run: CountyRun) -> str:
    """Send what of the last months' reports and bulletins still waits."""
    from county_run.connections import mail_server
    from poverty_watch.contracts.recipients import recipients
    from poverty_watch.report.sending import send_waiting

    return send_waiting(run.settings, run.ledger, recipients(), mail_server()).summary
