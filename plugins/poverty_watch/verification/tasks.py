"""Open verification tasks: one household, one visit, however many reasons."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from poverty_watch.ledger.journal import record
from poverty_watch.ledger.models import HitFate, Lead, Task
from poverty_watch.ledger.store import Ledger
from poverty_watch.months import Month, Workdays
from poverty_watch.settings import REFERENCE, Settings
from poverty_watch.verification.policy import deadlines
from poverty_watch.verification.reasons import add_reasons, follow_data


@dataclass(frozen=True)
class TasksOutcome:
    """What a month's leads became: new tasks, reasons that joined a task that was open already.

    ``cleared``: open tasks none of whose reasons the newest data show any more.
    """

    leads: int
    opened: int
    joined: int
    cleared: int

    @property
    def summary(self) -> str:
        """One Chinese line for the log and the grid."""
        told = f"线索{self.leads}户：新派核实任务{self.opened}件，并入在办任务{self.joined}件"
        if self.cleared:
            told += f"；{self.cleared}件在办任务的预警原因在最新数据中已不再出现，请乡镇核实办结"
        return told


def open_tasks(
    month: Month,
    settings: Settings,
    ledger: Ledger,
    opened_on: date,
    workdays: Workdays | None = None,
) -> TasksOutcome:
    """Give every lead of the month a task; repeated, it changes nothing.

    A household that has an open task gets no second one: the lead's reasons join it. Open tasks
    follow the month's data: one whose every reason has gone is marked so, and closed by nobody.

    Args:
        month: the leads' month.
        settings: the installation (the ledger and the keys belong to it).
        ledger: where leads are read and tasks are written, in one transaction.
        opened_on: the day from which the deadline counts.
        workdays: the county's calendar; read from its file if not given.

    Raises:
        CalendarError: the deadline falls into a year whose days off are not known; nothing is written.
    """
    calendar = workdays or Workdays.from_file(REFERENCE / "workdays.yaml")
    with ledger.transaction() as session:
        leads = _raised(session, month)
        households = [lead.household_id for lead in leads]
        standing = _open_tasks(session)
        own = {household for household, task in standing.items() if task.month == str(month)}
        done = _finished_here(session, month, households)
        fates = _reasons(session, month, set(households))
        opened = joined = 0
        due_on: date | None = None
        for lead in leads:
            task = standing.get(lead.household_id)
            if task is None and lead.household_id in done:
                continue
            if task is None:
                due_on = due_on or calendar.after(opened_on, deadlines().verification_workdays)
                task = _task(lead, opened_on, due_on)
                session.add(task)
                opened += 1
            changed = add_reasons(task, fates.get(lead.household_id, []))
            if changed and lead.household_id in standing and lead.household_id not in own:
                joined += 1
        followed = follow_data(session, month, standing.values())
        cleared = sum(task.is_cleared for task in standing.values())
        if opened or joined or followed:
            record(
                session,
                "派发核实任务",
                str(month),
                month=month,
                opened=opened,
                joined=joined,
                reasons_followed=followed,
                cleared=cleared,
            )
    return TasksOutcome(len(leads), opened, joined, cleared)


def _raised(session: Session, month: Month) -> list[Lead]:
    return list(
        session.scalars(
            select(Lead)
            .where(Lead.month == str(month), Lead.status == "raised")
            .order_by(Lead.household_id)
        )
    )


def _open_tasks(session: Session) -> dict[str, Task]:
    tasks = session.scalars(
        select(Task).where(Task.status == "open").options(selectinload(Task.reasons))
    )
    return {task.household_id: task for task in tasks}


def _finished_here(session: Session, month: Month, households: list[str]) -> set[str]:
    """Households whose task of this very month is closed: a repeated run sends nobody again."""
    closed = session.scalars(
        select(Task.household_id).where(Task.month == str(month), Task.status != "open")
    )
    return set(closed) & set(households)


def _reasons(session: Session, month: Month, households: set[str]) -> dict[str, list[HitFate]]:
    reasons: dict[str, list[HitFate]] = {}
    for fate in session.scalars(
        select(HitFate)
        .where(HitFate.month == str(month), HitFate.suppressed.is_(None))
        .order_by(HitFate.rule_id)
    ):
        if fate.household_id in households:
            reasons.setdefault(fate.household_id, []).append(fate)
    return reasons


def _task(lead: Lead, opened_on: date, due_on: date) -> Task:
    return Task(
        household_id=lead.household_id,
        township=lead.township,
        village=lead.village,
        month=lead.month,
        opened_on=opened_on,
        due_on=due_on,
        status="open",
        reasons=[],
    )
