"""How far a month is on its way to the report, and what holds it up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from poverty_watch.contracts import Catalogue
from poverty_watch.contracts.duty import duty_policy
from poverty_watch.ledger.deliveries import IN_FORCE, STATUS_TITLES
from poverty_watch.ledger.models import DatasetMonth, Lead, ReportVersion, Screening, Task
from poverty_watch.months import Month, county_day

State = Literal["done", "doing", "waiting"]
REPORT_DAY = 10
"""By which day of the next month the report is to be on the desk."""


@dataclass(frozen=True)
class Stage:
    """One stage of a month: what has been done, and in ``lacks`` what holds it up."""

    title: str
    state: State
    told: str
    lacks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Clock:
    """The day by which the report is due, counted from ``today``."""

    due_on: date
    today: date

    @property
    def days_left(self) -> int:
        """Days until the due day; negative once it is over."""
        return (self.due_on - self.today).days

    @property
    def share_gone(self) -> float:
        """How much of the time from the 1st to the due day has gone, 0 to 1."""
        first = self.due_on.replace(day=1)
        return max(0.0, min(1.0, (self.today - first).days / (self.due_on - first).days))


def clock_of(month: Month, today: date) -> Clock:
    """The clock of a month's report."""
    return Clock((month + 1).first_day.replace(day=REPORT_DAY), today)


def stages_of(session: Session, month: Month, today: date, catalogue: Catalogue) -> list[Stage]:
    """The stages in order; those after the first that is not done wait.

    Args:
        session: an unbound one: these are counts, they name departments and no household.
        month: which month.
        today: the county's day; a month that is closed waits for no department.
        catalogue: who owes what.
    """
    found = [
        _collecting(session, month, today, catalogue),
        _screening(session, month),
        _tasking(session, month),
        _reporting(session, month),
        _signing(session, month),
    ]
    return [
        stage if stage.state != "doing" or n == _first_open(found) else _waiting(stage)
        for n, stage in enumerate(found)
    ]


def blocker_of(stages: Sequence[Stage]) -> Stage | None:
    """The stage that holds up the month; None once all is done."""
    return next((stage for stage in stages if stage.state != "done"), None)


def _first_open(stages: Sequence[Stage]) -> int:
    return next((n for n, stage in enumerate(stages) if stage.state != "done"), len(stages))


def _waiting(stage: Stage) -> Stage:
    return Stage(stage.title, "waiting", stage.told, stage.lacks)


def _collecting(session: Session, month: Month, today: date, catalogue: Catalogue) -> Stage:
    status = {
        row.dataset: row.status
        for row in session.execute(
            select(DatasetMonth.dataset, DatasetMonth.status).where(
                DatasetMonth.month == str(month)
            )
        )
    }
    lacking: dict[str, list[str]] = defaultdict(list)
    came = 0
    for department in catalogue.departments.values():
        for dataset, contract in department.contracts.items():
            known = status.get(dataset)
            if known in IN_FORCE:
                came += 1
            else:
                why = STATUS_TITLES[known] if known else "尚未处理"
                lacking[department.title].append(f"{contract.title}{why}")
    lacks = tuple(f"{title}：{'、'.join(names)}" for title, names in lacking.items())
    told = f"应报{len(catalogue.contracts)}项，已收{came}项"
    if lacks and today > duty_policy().closes_on(month):
        return Stage("收数", "done", f"{told}，已截止，补报的重跑本月才计入", lacks)
    return Stage("收数", "doing" if lacks else "done", told, lacks)


def _screening(session: Session, month: Month) -> Stage:
    newest = session.scalars(
        select(Screening)
        .where(Screening.month == str(month))
        .order_by(Screening.confirmed_at.desc(), Screening.id.desc())
        .limit(1)
    ).first()
    if newest is None:
        return Stage("比对、预警", "doing", "还没有运行")
    lacking = [check for check in newest.checks if check.get("lacks")]
    day = county_day(newest.confirmed_at)
    told = f"{day.month}月{day.day}日运行，{len(newest.checks)}项"
    lacks = (f"{'、'.join(c['id'] for c in lacking)}缺数据，没有（全部）运行",) if lacking else ()
    return Stage("比对、预警", "done", told, lacks)


def _tasking(session: Session, month: Month) -> Stage:
    leads = session.scalar(
        select(func.count()).where(Lead.month == str(month), Lead.status == "raised")
    )
    tasks = session.scalar(select(func.count()).where(Task.month == str(month)))
    is_screened = session.scalar(select(func.count()).where(Screening.month == str(month)))
    state: State = "done" if tasks or (is_screened and not leads) else "doing"
    return Stage("派核实任务", state, f"线索{leads}户，新派任务{tasks}件")


def _newest_report(session: Session, month: Month) -> ReportVersion | None:
    return session.scalars(
        select(ReportVersion)
        .where(ReportVersion.month == str(month))
        .order_by(ReportVersion.number.desc())
        .limit(1)
    ).first()


def _reporting(session: Session, month: Month) -> Stage:
    newest = _newest_report(session, month)
    if newest is None:
        return Stage("出月报", "doing", "还没有生成")
    day = county_day(newest.created_at)
    return Stage("出月报", "done", f"第{newest.number}版，{day.month}月{day.day}日")


def _signing(session: Session, month: Month) -> Stage:
    newest = _newest_report(session, month)
    if newest is not None and newest.kind == "signed":
        return Stage("签发", "done", f"第{newest.number}版，签发人{newest.signed_by}")
    if newest is not None and newest.kind == "recomputed":
        return Stage("签发", "doing", "补算的月报，不对外")
    return Stage("签发", "doing", "等负责人核对后签发")
