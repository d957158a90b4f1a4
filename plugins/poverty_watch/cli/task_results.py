"""What the terminal shows of verification tasks."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from poverty_watch.cli.console import CommandError, say
from poverty_watch.ledger.models import DeskMail, Task, TaskAnswer, TaskRung
from poverty_watch.months import Month, Workdays
from poverty_watch.settings import REFERENCE
from poverty_watch.verification.policy import deadlines, sheet_form

if TYPE_CHECKING:
    from poverty_watch.ledger.access import Viewer
    from poverty_watch.ledger.store import Ledger

_SHOWN = 200
_OUTCOMES = {
    "confirmed": "属实",
    "excluded": "不属实",
    "monitored": "已在监测",
    "not_found": "查无此户",
}


def say_tasks(
    ledger: Ledger,
    viewer: Viewer,
    today: date,
    month: str = "",
    *,
    overdue: bool = False,
    with_closed: bool = False,
) -> None:
    """Print the viewer's tasks, the most urgent first."""
    calendar = Workdays.from_file(REFERENCE / "workdays.yaml")
    query = select(Task).order_by(Task.due_on, Task.township, Task.village, Task.id)
    if month:
        query = query.where(Task.month == str(Month.parse(month)))
    if not with_closed:
        query = query.where(Task.status == "open")
    if overdue:
        query = query.where(Task.status == "open", Task.due_on < today)
    with ledger.transaction(viewer) as session:
        found = list(session.scalars(query.options(selectinload(Task.reasons))))
    for task in found[:_SHOWN]:
        state = _OUTCOMES.get(task.outcome or "", "在办")
        if task.status == "open" and task.due_on < today:
            state = "超期"
        rules = "、".join(reason.rule_id for reason in task.reasons)
        say(
            f"{task.id}　{task.township} {task.village}　{task.household_id}　{rules}　"
            f"期限{task.due_on}{calendar.note(task.due_on)}　{state}"
        )
    more = f"，以上只列前{_SHOWN}件" if len(found) > _SHOWN else ""
    say(f"共{len(found)}件{more}。")


def say_task(ledger: Ledger, viewer: Viewer, number: int) -> None:
    """Print one task with what was answered, and who was reminded.

    Raises:
        CommandError: there is none of that number for this viewer.
    """
    calendar = Workdays.from_file(REFERENCE / "workdays.yaml")
    with ledger.transaction(viewer) as session:
        task = session.scalars(
            select(Task).where(Task.id == number).options(selectinload(Task.reasons))
        ).one_or_none()
        if task is None:
            raise CommandError(f"没有编号为{number}的核实任务，或不属于{viewer.title}。")
        answer = session.get(TaskAnswer, number)
        rungs = list(session.scalars(select(TaskRung).where(TaskRung.task_id == number)))
        mails = [m for m in session.scalars(select(DeskMail)) if number in m.tasks]
    state = _OUTCOMES.get(task.outcome or "", "在办")
    say(f"第{task.id}号　{task.township} {task.village}　{task.household_id}　{state}", "bold")
    say(f"派出{task.opened_on}，期限{task.due_on}{calendar.note(task.due_on)}")
    if task.decided_on:
        say(f"办结{task.decided_on}，见第{task.case_id}号案件")
    for reason in task.reasons:
        say(f"· {reason.rule_id} {reason.sentence}")
    titles = {rung.rung: rung.title for rung in deadlines().escalation}
    for rung in rungs:
        say(f"{rung.reached_on}　{titles.get(rung.rung, rung.rung)}")
    for mail in mails:
        told = f"{titles.get(mail.rung, mail.rung)} {mail.recipient}".strip()
        say(f"{mail.day}　邮件（{told}）：{mail.outcome or '待发'}")
    if answer is not None:
        headers = {c.field: "".join(c.header.split()) for c in sheet_form().answers}
        for field, text in answer.answers.items():
            if text:
                say(f"{headers.get(field, field)}：{text}")
