"""Reminders and the ladder of escalation: each task reaches each rung once, each mail goes once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from poverty_watch.ledger.journal import record
from poverty_watch.ledger.models import DeskMail, Task, TaskRung, now
from poverty_watch.ledger.store import Ledger
from poverty_watch.mail import (
    MailNotTakenError,
    MailServer,
    MailUncertainError,
    deliver,
    mask_address,
)
from poverty_watch.months import Workdays
from poverty_watch.verification.policy import Recipients, Rung, deadlines

_BATCH = 500
_LISTED = 200
OFFICE = ""
"""Stands for the recipient where a rung is told to an office, until its people are known."""
NO_ADDRESS = "没有收件地址"
NO_SERVER = "没有配置邮件服务器"
Deliver = Callable[[MailServer, str, str, str, str], None]


@dataclass(frozen=True)
class Climbed:
    """Tasks that reached a rung today, per rung's title; how many mails that makes."""

    reached: dict[str, int]
    mails: int

    @property
    def summary(self) -> str:
        """One Chinese line for the log and the grid."""
        told = "，".join(f"{title}{count}件" for title, count in self.reached.items() if count)
        return f"催办：{told}；邮件{self.mails}封" if told else "没有新到期需要催办的任务"


@dataclass(frozen=True)
class Sent:
    """Mails by what became of them in this run."""

    sent: int
    waiting: int
    uncertain: int

    @property
    def summary(self) -> str:
        """One Chinese line for the log and the grid."""
        if not (self.sent or self.waiting or self.uncertain):
            return "没有要发的催办邮件"
        told = f"催办邮件：发出{self.sent}封，未发出{self.waiting}封"
        return told + (
            f"，结果不明{self.uncertain}封（不再重发，请电话确认）" if self.uncertain else ""
        )


def rung_day(rung: Rung, due_on: date, workdays: Workdays) -> date:
    """The day from which an open task of that due day stands on the rung.

    Raises:
        CalendarError: it falls into a year that is not known.
    """
    if rung.workdays > 0:
        return workdays.after(due_on, rung.workdays)
    day, left = due_on, -rung.workdays
    while left:
        day -= timedelta(days=1)
        left -= workdays.is_workday(day)
    return day


def climb(
    ledger: Ledger, today: date, workdays: Workdays, ladder: tuple[Rung, ...] | None = None
) -> Climbed:
    """Write down which rungs open tasks have reached, and the mails that this makes.

    Repeated on the same day it changes nothing: a task reaches a rung once. A task of which nobody
    was reminded in time goes to the rung where it is now, those below are written down with it.
    """
    rungs = deadlines().escalation if ladder is None else ladder
    reached = {rung.title: 0 for rung in rungs}
    mails = 0
    with ledger.transaction() as session:
        tasks = list(
            session.scalars(
                select(Task).where(Task.status == "open").order_by(Task.id).with_for_update()
            )
        )
        known = _known(session, [task.id for task in tasks])
        days = {
            (rung.rung, due): rung_day(rung, due, workdays)
            for rung in rungs
            for due in {task.due_on for task in tasks}
        }
        for rung in rungs:
            fresh = [
                task
                for task in tasks
                if today >= days[rung.rung, task.due_on] and (task.id, rung.rung) not in known
            ]
            session.add_all(
                TaskRung(task_id=task.id, rung=rung.rung, reached_on=today) for task in fresh
            )
            reached[rung.title] = len(fresh)
            mails += _write_mails(session, rung, fresh, today)
        if mails:
            record(session, "核实任务催办", str(today), reached=reached, mails=mails)
    return Climbed(reached, mails)


def send_mails(
    ledger: Ledger,
    people: Recipients,
    server: MailServer | None,
    workdays: Workdays,
    hand_over: Deliver = deliver,
) -> Sent:
    """Send what waits, one by one, each with its outcome written down before the next.

    A mail is marked before it is handed over: when the process dies in between it is not sent twice.
    """
    with ledger.transaction() as session:
        _name_recipients(session, people)
        waiting = list(
            session.scalars(
                select(DeskMail.id).where(DeskMail.status == "waiting").order_by(DeskMail.id)
            )
        )
    counts = {"sent": 0, "waiting": 0, "sending": 0}
    for mail_id in waiting:
        counts[_send(ledger, mail_id, people, server, workdays, hand_over)] += 1
    return Sent(counts["sent"], counts["waiting"], counts["sending"])


def _known(session: Session, ids: list[int]) -> set[tuple[int, str]]:
    found: set[tuple[int, str]] = set()
    for start in range(0, len(ids), _BATCH):
        batch = ids[start : start + _BATCH]
        for row in session.scalars(select(TaskRung).where(TaskRung.task_id.in_(batch))):
            found.add((row.task_id, row.rung))
    return found


def _write_mails(session: Session, rung: Rung, tasks: Iterable[Task], today: date) -> int:
    per_place: dict[str, list[int]] = {}
    for task in tasks:
        per_place.setdefault(_place(rung, task), []).append(task.id)
    if not per_place:
        return 0
    standing = {
        mail.recipient: mail
        for mail in session.scalars(
            select(DeskMail).where(DeskMail.rung == rung.rung, DeskMail.day == today)
        )
    }
    made = 0
    for place, ids in per_place.items():
        mail = standing.get(place)
        if mail is None:
            session.add(DeskMail(rung=rung.rung, recipient=place, day=today, tasks=ids))
            made += 1
        elif mail.status == "waiting":
            mail.tasks = [*mail.tasks, *ids]
    return made


def _name_recipients(session: Session, people: Recipients) -> None:
    """Make a mail to an office one mail to each of its people, of whom one may get it and another not.

    An office with nobody keeps its nameless mail, which says so and waits for an address.
    """
    rungs = {rung.rung: rung for rung in deadlines().escalation}
    nameless = session.scalars(
        select(DeskMail).where(DeskMail.status == "waiting", DeskMail.recipient == OFFICE)
    )
    for mail in nameless.all():
        names = list(_known_to(people, rungs.get(mail.rung)))
        if not names:
            continue
        session.delete(mail)
        of_day = select(DeskMail).where(DeskMail.rung == mail.rung, DeskMail.day == mail.day)
        standing = {one.recipient: one for one in session.scalars(of_day)}
        for name in names:
            known = standing.get(name)
            if known is None:
                tasks = list(mail.tasks)
                session.add(DeskMail(rung=mail.rung, recipient=name, day=mail.day, tasks=tasks))
            elif known.status == "waiting":
                known.tasks = [*known.tasks, *mail.tasks]


def _known_to(people: Recipients, rung: Rung | None) -> dict[str, str]:
    known: dict[str, str] = getattr(people, rung.to) if rung else {}
    return known


def _place(rung: Rung, task: Task) -> str:
    if rung.to == "villages":
        return f"{task.township}/{task.village}"
    return task.township if rung.to == "townships" else OFFICE


def _send(
    ledger: Ledger,
    mail_id: int,
    people: Recipients,
    server: MailServer | None,
    workdays: Workdays,
    hand_over: Deliver,
) -> str:
    with ledger.transaction() as session:
        mail = session.scalars(
            select(DeskMail).where(DeskMail.id == mail_id).with_for_update()
        ).one()
        if mail.status != "waiting":
            return mail.status
        rung = next((r for r in deadlines().escalation if r.rung == mail.rung), None)
        address = _known_to(people, rung).get(mail.recipient, "").strip()
        if rung is None or not address or server is None:
            mail.outcome = NO_SERVER if address else NO_ADDRESS
            return "waiting"
        subject, text = _text(session, rung, mail, workdays)
        mail.status, mail.attempts = "sending", mail.attempts + 1
        mail.outcome = "已交邮件服务器，结果不明"
        attempt = mail.attempts
    status, outcome = "sent", "已发出"
    try:
        hand_over(server, address, subject, text, f"<desk-{mail_id}@{server.domain}>")
    except MailNotTakenError as error:
        status, outcome = "waiting", str(error)
    except MailUncertainError as error:
        status, outcome = "sending", str(error)
    with ledger.transaction() as session:
        mail = session.get_one(DeskMail, mail_id)
        mail.status, mail.outcome = status, outcome
        mail.sent_at = now() if status == "sent" else None
        record(
            session,
            "催办邮件",
            f"{mail.rung} {mail.recipient}".strip(),
            mail=mail_id,
            address=mask_address(address),
            attempt=attempt,
            outcome=outcome,
        )
    return status


def _text(session: Session, rung: Rung, mail: DeskMail, workdays: Workdays) -> tuple[str, str]:
    """No name, no household: the numbers of tasks, their villages and days."""
    tasks = list(
        session.scalars(
            select(Task).where(Task.id.in_(mail.tasks), Task.status == "open").order_by(Task.due_on)
        )
    )
    lines = [
        f"第{task.id}号　{task.township} {task.village}　期限{task.due_on}{workdays.note(task.due_on)}"
        for task in tasks[:_LISTED]
    ]
    more = [f"……共{len(tasks)}件，其余见核实任务表。"] if len(tasks) > _LISTED else []
    subject = f"【防贫守望】{rung.title}：{len(tasks)}件核实任务"
    opening = (
        "以下核实任务即将到期，请抓紧入户核实并报回："
        if rung.workdays <= 0
        else "以下核实任务已超过期限，仍未报回："
    )
    closing = "任务内容见核实任务表。本邮件由系统发出，请勿回复个人信息。"
    return subject, "\n".join([opening, "", *lines, *more, "", closing])
