"""The callables of the tasks of ``bimonthly_dispatch``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from county_run.environment import CountyRun, step

if TYPE_CHECKING:
    from poverty_watch.months import Month

SEND, KEEP = "同意发送", "不发送"


def _months(run: CountyRun) -> tuple[Month, Month]:
    """The two months that a person names, else the two before this one."""
    from poverty_watch.months import Month

    last = run.conf.get("last")
    second = Month.parse(str(last)) if last else run.month - 1
    first = run.conf.get("first")
    return (Month.parse(str(first)) if first else second - 1), second


@step
def make(run: CountyRun) -> str:
    """The bulletin and the departments' extracts; unchanged they stay the version that they are."""
    from poverty_watch.report.dispatch import make_bulletin
    from poverty_watch.settings import today

    made = make_bulletin(*_months(run), run.settings, run.ledger, today())
    return f"{made.summary}，在 {made.path}"


@step
def send(run: CountyRun, answer: dict[str, Any]) -> str:
    """Send it on a person's word; anything else sends nothing, and says so."""
    from county_run.connections import mail_server
    from poverty_watch.contracts.recipients import recipients
    from poverty_watch.report.dispatch import send_bulletin

    who = answer.get("responded_by_user") or {}
    name = str(who.get("name") or who.get("id") or "")
    if not name:
        raise RuntimeError("双月调度通报没有发送：到期没有人决定。要发的，请重新运行或用命令发送。")
    if answer.get("chosen_options") != [SEND]:
        return f"{name}决定不发送。"
    posted = send_bulletin(
        *_months(run), run.settings, run.ledger, recipients(), mail_server(), name
    )
    if not posted.is_complete:
        raise RuntimeError(f"双月调度通报没有全部送达。{posted.summary}")
    return posted.summary
