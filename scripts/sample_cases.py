"""Put a few cases and their help into a sample county, so that these pages have something to show.

POVERTY_WATCH_HOME=... python scripts/sample_cases.py

It acts as the staff would, by the same procedure, on households of the newest month: some are helped
ahead of the procedure, one of them turns out unfounded, and some of the help has been given. Only
for a sample county: nobody has visited these households.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "plugins"))

from sqlalchemy import select
from sqlalchemy.orm import Session

from poverty_watch.ledger.access import Viewer
from poverty_watch.ledger.models import Case, Lead, Measure
from poverty_watch.ledger.store import open_ledger
from poverty_watch.settings import Settings, today
from poverty_watch.verification.cases.carrying import Desk
from poverty_watch.verification.cases.decisions import decide
from poverty_watch.verification.cases.help import (
    DONE,
    finish_measure,
    helped_household,
    plan_for_risks,
)
from poverty_watch.verification.cases.households import Household, households_of, newest_month
from poverty_watch.verification.cases.opening import open_by_hand

_OFFICE = Viewer("样例专班", "county")
# Why, against which risk, and how many days ago: some are past the days that the green channel gives.
_URGENT = (
    ("突发大病，自付费用高", "因病", 12),
    ("暴雨冲毁房屋", "住房安全", 3),
    ("主要劳动力车祸受伤", "意外事故", 1),
)
_MONITORED = ("因病", "因学", "务工就业不稳", "因残")


def furnish(desk: Desk) -> int:
    """Open the cases and plan the help; nothing where cases with help stand already."""
    with desk.ledger.transaction(_OFFICE) as session:
        if session.scalars(select(Measure.id)).first() is not None:
            return 0
        waiting, monitored = _households(session, desk.settings)
        cases = [_open(session, desk, *pair) for pair in zip(waiting, _URGENT, strict=False)]
        for household, risk in zip(monitored, _MONITORED, strict=False):
            helped, _ = helped_household(session, household.household_id, household, _OFFICE)
            planned_on = desk.today - timedelta(days=14)
            plan_for_risks(session, helped, [risk], planned_on, _OFFICE.name, is_urgent=False)
        session.flush()
        _give_some(session, desk)
        planned = len(session.scalars(select(Measure.id)).all())
    if cases:
        given = {"visitors": ["样例甲", "样例乙"], "excluded_because": "数据有误"}
        decide(desk, cases[-1], "excluded", _OFFICE, desk.today, given)
    return planned


def _households(session: Session, settings: Settings) -> tuple[list[Household], list[Household]]:
    """Households with a lead in the newest month and no case: not monitored ones, monitored ones."""
    month = newest_month(session)
    wanted = session.scalars(
        select(Lead.household_id)
        .where(Lead.month == str(month), Lead.status == "raised")
        .where(Lead.household_id.not_in(select(Case.household_id)))
        .distinct()
    ).all()
    known = [one for _, one in sorted(households_of(session, settings, wanted).items())]
    return [one for one in known if one.standing is None], [
        one for one in known if one.standing == "M"
    ]


def _open(session: Session, desk: Desk, household: Household, why: tuple[str, str, int]) -> int:
    reason, risk, days = why
    opened_on = desk.today - timedelta(days=days)
    case = open_by_hand(
        session,
        desk.policy,
        household,
        "cadre",
        opened_on,
        _OFFICE,
        desk.workdays,
        urgent_because=reason,
        risks=[risk],
    )
    return case.id


def _give_some(session: Session, desk: Desk) -> None:
    """The first department of each risk has helped."""
    for measure in _first_of_each_risk(session):
        helper = Viewer("样例经办", "department", measure.department)
        finish_measure(session, measure.id, DONE, "已上门办理", desk.today, helper, desk.today)


def _first_of_each_risk(session: Session) -> Iterator[Measure]:
    seen: set[str] = set()
    for measure in session.scalars(select(Measure).order_by(Measure.id)).all():
        if measure.risk not in seen:
            seen.add(measure.risk)
            yield measure


def main() -> int:
    """Furnish the installation of the environment."""
    settings = Settings.from_environment()
    made = furnish(Desk(settings, open_ledger(settings), today()))
    sys.stdout.write(f"已派样例帮扶任务{made}项。\n" if made else "已有帮扶任务，没有改动。\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
