"""The callables of the tasks of ``verification_desk``, in the order of a day."""

from __future__ import annotations

import logging

from county_run.environment import CountyRun, step

log = logging.getLogger(__name__)


@step
def is_workday(run: CountyRun) -> bool:
    """Whether offices work today; a year that is not known fails and says what to do."""
    from poverty_watch.months import Workdays
    from poverty_watch.settings import REFERENCE, today

    return Workdays.from_file(REFERENCE / "workdays.yaml").is_workday(today())


@step
def take_returns(run: CountyRun) -> str:
    """Take in what came back; a workbook that cannot be read fails the step after all others."""
    from poverty_watch.settings import today
    from poverty_watch.verification.cases.carrying import Desk
    from poverty_watch.verification.returns import take_returns

    found = take_returns(Desk(run.settings, run.ledger, today()))
    if found.unreadable:
        raise ValueError(found.summary)
    return found.summary


@step
def remind(run: CountyRun) -> str:
    """Write down who is to be reminded of what."""
    from poverty_watch.months import Workdays
    from poverty_watch.settings import REFERENCE, today
    from poverty_watch.verification.dunning import climb

    calendar = Workdays.from_file(REFERENCE / "workdays.yaml")
    return climb(run.ledger, today(), calendar).summary


@step
def send_mails(run: CountyRun) -> str:
    """Send what waits, where there is a server."""
    from county_run.connections import mail_server
    from poverty_watch.months import Workdays
    from poverty_watch.settings import REFERENCE
    from poverty_watch.verification.dunning import send_mails
    from poverty_watch.verification.policy import recipients

    calendar = Workdays.from_file(REFERENCE / "workdays.yaml")
    return send_mails(run.ledger, recipients(), mail_server(), calendar).summary


@step
def refresh_sheets(run: CountyRun) -> str:
    """The sheets of the newest month that has tasks, as things stand now."""
    from sqlalchemy import func, select

    from poverty_watch.ledger.models import Task
    from poverty_watch.months import Month
    from poverty_watch.verification import write_task_sheets

    with run.ledger.transaction() as session:
        newest = session.scalar(select(func.max(Task.month)))
    if newest is None:
        return "还没有派过核实任务"
    return write_task_sheets(Month.parse(newest), run.settings, run.ledger).summary


@step
def write_help_lists(run: CountyRun) -> str:
    """What each department owes whom, as things stand today."""
    from poverty_watch.settings import today
    from poverty_watch.verification.cases.help_lists import write_help_lists

    return write_help_lists(run.settings, run.ledger, today()).summary
