"""Open verification tasks: one household, one visit, however many reasons."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from poverty_watch.ledger.journal import record
from poverty_watch.ledger.models import HitFate, Lead, Task, TaskReason
from poverty_watch.ledger.store import Ledger
from poverty_watch.months import Month, Workdays
from poverty_watch.settings import REFERENCE, Settings
from poverty_watch.verification.policy import deadlines


@dataclass(frozen=True)
class TasksOutcome:
    """What a month's leads became: new tasks, reasons that joined a task that was open already."""

    leads: int
    opened: int
    joined: int

    @property
    def summary(self) -> str:
        """One Chinese line for the log and the grid."""
        return f"线索{self.leads}户：新派核实任务{self.opened}件，并入在办任务{self.joined}件"


def open_tasks(
    month: Month,
    settings: Settings,
    ledger: Ledger,
    opened_on: date,
    workdays: Workdays | None = None,
) -> TasksOutcome:
    """Give every lead of the month a task; repeated, it changes nothing.

    A household that has an open task gets no second one: the lead's reasons join it.

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
        standing = _open_tasks(session, households)
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
            changed = _add_reasons(task, fates.get(lead.household_id, []))
            if changed and lead.household_id in standing and lead.household_id not in own:
                joined += 1
        if opened or joined:
            record(session, "派发核实任务", str(month), month=month, opened=opened, joined=joined)
    return TasksOutcome(len(leads), opened, joined)


def _raised(session: Session, month: Month) -> list[Lead]:
    return list(
        session.scalars(
            select(Lead)
            .where(Lead.month == str(month), Lead.status == "raised")
            .order_by(Lead.household_id)
        )
    )


def _open_tasks(session: Session, households: list[str]) -> dict[str, Task]:
    wanted = set(households)
    tasks = session.scalars(
        select(Task).where(Task.status == "open").options(selectinload(Task.reasons))
    )
    return {task.household_id: task for task in tasks if task.household_id in wanted}


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


def _add_reasons(task: Task, fates: list[HitFate]) -> bool:
    """Add what is new and refresh what this month tells differently; False if nothing was."""
    known = {reason.rule_id: reason for reason in task.reasons}
    changed = False
    for fate in fates:
        told = {
            "month": fate.month,
            "severity": fate.severity,
            "sentence": str(fate.evidence["sentence"]),
            "question": str(fate.evidence["question"]),
            "value": fate.value,
            "threshold": fate.threshold,
            "events": fate.events,
        }
        reason = known.get(fate.rule_id)
        if reason is None:
            task.reasons.append(TaskReason(rule_id=fate.rule_id, since=fate.month, **told))
            changed = True
        elif reason.month <= fate.month and any(getattr(reason, n) != v for n, v in told.items()):
            for name, value in told.items():
                setattr(reason, name, value)
            changed = True
    return changed
