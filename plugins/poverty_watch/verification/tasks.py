"""Open verification tasks: one household, one visit, however many reasons."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from poverty_watch.ledger.journal import record
from poverty_watch.ledger.models import Lead, Task
from poverty_watch.ledger.store import Ledger
from poverty_watch.months import Month, Workdays
from poverty_watch.settings import REFERENCE, Settings
from poverty_watch.verification.policy import deadlines
from poverty_watch.verification.reasons import (
    HitFateRow,
    OpenTask,
    fates_of,
    follow_data,
    open_tasks_now,
    write_reasons,
)


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
        standing = open_tasks_now(session)
        own = {household for household, task in standing.items() if task.month == str(month)}
        done = _finished_here(session, month)
        fresh = [h for h in leads if h not in standing and h not in done]
        if fresh:
            due_on = calendar.after(opened_on, deadlines().verification_workdays)
            opened = _open(session, month, [leads[h] for h in fresh], opened_on, due_on)
        else:
            opened = {}
        fates: dict[str, list[HitFateRow]] = {}
        for fate in fates_of(session, month, None):
            fates.setdefault(fate.household_id, []).append(fate)
        joined = 0
        for household in leads:
            task = opened.get(household) or standing.get(household)
            changed = task is not None and task.join(fates.get(household, []))
            joined += changed and household in standing and household not in own
        followed = follow_data(session, month, standing.values())
        write_reasons(session, [*opened.values(), *standing.values()])
        cleared = sum(task.is_cleared for task in standing.values())
        if opened or joined or followed:
            record(
                session,
                "派发核实任务",
                str(month),
                month=month,
                opened=len(opened),
                joined=joined,
                reasons_followed=followed,
                cleared=cleared,
            )
    return TasksOutcome(len(leads), len(opened), joined, cleared)


def _raised(session: Session, month: Month) -> dict[str, Lead]:
    """The month's leads by household."""
    leads = session.scalars(select(Lead).where(Lead.month == str(month), Lead.status == "raised"))
    return {lead.household_id: lead for lead in sorted(leads, key=lambda lead: lead.household_id)}


def _finished_here(session: Session, month: Month) -> set[str]:
    """Households whose task of this very month is closed: a repeated run sends nobody again."""
    return set(
        session.scalars(
            select(Task.household_id).where(Task.month == str(month), Task.status != "open")
        )
    )


def _open(
    session: Session, month: Month, leads: Iterable[Lead], opened_on: date, due_on: date
) -> dict[str, OpenTask]:
    """Write new tasks, which have no reason yet; by household."""
    rows = [
        {
            "household_id": lead.household_id,
            "township": lead.township,
            "village": lead.village,
            "month": str(month),
            "opened_on": opened_on,
            "due_on": due_on,
            "status": "open",
        }
        for lead in leads
    ]
    written = session.execute(insert(Task).returning(Task.id, Task.household_id), rows)
    return {row.household_id: OpenTask(row.id, row.household_id, str(month)) for row in written}
