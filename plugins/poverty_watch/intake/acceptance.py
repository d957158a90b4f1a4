"""A person accepts a delivery that stopped for its volume or its share of faulty rows.

First the decision is written down, then the delivery is judged again with these stops waived and
settled. A process killed in between is made good by the next call, or by the next run of the month.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from poverty_watch.contracts import Catalogue, load_catalogue
from poverty_watch.identity import mask_numbers
from poverty_watch.intake.submissions import submissions
from poverty_watch.ledger.deliveries import IN_FORCE, STATUS_TITLES
from poverty_watch.ledger.journal import record
from poverty_watch.ledger.models import Delivery, SeenFile, StoppedDecision
from poverty_watch.ledger.store import Ledger
from poverty_watch.months import Month
from poverty_watch.settings import Settings

_LONGEST_NAME = 128


class AcceptanceError(ValueError):
    """Nothing can be accepted so; the message is Chinese and says what to do."""


@dataclass(frozen=True)
class Stopped:
    """A delivery that stopped and may be accepted by a person: it waits for a decision.

    ``decided``: who took it and why, where that is written down and waits for the month's next run.
    """

    delivery_id: int
    dataset: str
    department: str
    title: str
    files: tuple[str, ...]
    data_rows: int
    accepted_rows: int
    rejected_rows: int
    messages: tuple[str, ...]
    settled_at: datetime
    decided: str | None = None


@dataclass(frozen=True)
class Accepted:
    """A stopped delivery that is accepted; ``is_new`` is False if it was in force before."""

    delivery_id: int
    title: str
    version: int
    status: str
    sentence: str
    accepted_rows: int
    rejected_rows: int
    is_new: bool

    @property
    def summary(self) -> str:
        """One Chinese line for the terminal and the log."""
        before = "" if self.is_new else "以前已经接收，没有改动。"
        return (
            f"{self.title}：{before}第{self.version}版，{STATUS_TITLES[self.status]}，"
            f"接收{self.accepted_rows}行，退回{self.rejected_rows}行。{self.sentence}"
        )


def stopped_waiting(
    month: Month, ledger: Ledger, catalogue: Catalogue | None = None
) -> list[Stopped]:
    """Stopped deliveries of a month that a person may accept, in the catalogue's order.

    One that a later delivery has made needless is not among them; within a dataset the latest
    sending comes last.
    """
    catalogue = catalogue or load_catalogue()
    with ledger.transaction() as session:
        # Most months have none: only datasets of which something stopped are looked at closely.
        stopped = set(
            session.scalars(
                select(Delivery.dataset).where(
                    Delivery.month == str(month),
                    Delivery.status == "rejected",
                    Delivery.accepted_rows > 0,
                )
            )
        )
        return [
            _stopped(delivery, catalogue, session.get(StoppedDecision, delivery.id))
            for dataset in catalogue.contracts
            if dataset in stopped
            for delivery in _waiting(_in_order(session, month, dataset))
        ]


def told_for_decision(stopped: Sequence[Stopped]) -> str:
    """What a person who decides has to know, in Chinese (Markdown); no full number is in it."""
    parts = []
    for one in stopped:
        counts = (
            f"数据{one.data_rows}行，其中无误{one.accepted_rows}行、有误{one.rejected_rows}行"
            "（接收的话，有误的行照样退回）"
        )
        lines = [f"**{one.title}**（{'、'.join(one.files)}）：{counts}。", *one.messages]
        parts.append("\n".join(f"- {line}" if n else line for n, line in enumerate(lines)))
    return "\n\n".join(parts)


def dataset_named(text: str, catalogue: Catalogue) -> str:
    """The dataset of that id or Chinese title.

    Raises:
        AcceptanceError: there is none.
    """
    for dataset, contract in catalogue.contracts.items():
        if text.strip() in (dataset, contract.title):
            return dataset
    titles = "、".join(contract.title for contract in catalogue.contracts.values())
    raise AcceptanceError(f"没有名为“{text}”的数据。可用的名称：{titles}。")


def accept_stopped(
    month: Month,
    dataset: str,
    delivery_id: int | None,
    reason: str,
    accepted_by: str,
    settings: Settings,
    ledger: Ledger,
) -> Accepted:
    """Accept a stopped delivery: it gets a version and comes in force.

    Args:
        month: the month that the delivery is about.
        dataset: its id or Chinese title.
        delivery_id: which of several stopped deliveries; None takes the latest.
        reason: why, in a person's words; numbers in it are masked.
        accepted_by: who decides.
        settings: the installation.
        ledger: its ledger.

    Raises:
        AcceptanceError: reason or name is blank, or nothing is there that a person may accept.
    """
    from poverty_watch.intake.steps import judge_decided

    decided = decide_stopped(month, dataset, delivery_id, reason, accepted_by, ledger)
    if not decided.is_in_force:
        judge_decided(decided.dataset, month, settings, ledger)
    with ledger.transaction() as session:
        return _accepted(session, decided.delivery_id, decided.title, not decided.is_in_force)


@dataclass(frozen=True)
class Decided:
    """A delivery whose acceptance is written down; it is judged anew unless it is in force already."""

    delivery_id: int
    dataset: str
    title: str
    is_in_force: bool


def decide_stopped(
    month: Month,
    dataset: str,
    delivery_id: int | None,
    reason: str,
    accepted_by: str,
    ledger: Ledger,
) -> Decided:
    """Write down that a stopped delivery is accepted; the month's next run judges and settles it.

    Arguments and errors are those of `accept_stopped`, which does both at once.
    """
    catalogue = load_catalogue()
    dataset = dataset_named(dataset, catalogue)
    title = catalogue.contract(dataset).title
    reason, accepted_by = _told(reason, "理由"), _told(accepted_by, "决定人姓名")
    if len(accepted_by) > _LONGEST_NAME:
        raise AcceptanceError(f"决定人姓名过长，请写在{_LONGEST_NAME}个字以内。")
    with ledger.transaction() as session:
        sent = _in_order(session, month, dataset)
        delivery = _chosen(session, sent, delivery_id, f"{month.chinese}“{title}”")
        if session.get(StoppedDecision, delivery.id) is None:
            session.add(
                StoppedDecision(delivery_id=delivery.id, decided_by=accepted_by, reason=reason)
            )
            record(
                session,
                "人工接收",
                dataset,
                month=month,
                actor=accepted_by[:64],
                delivery_id=delivery.id,
                reason=reason,
                reasons_for_stopping=list(delivery.messages),
            )
        return Decided(delivery.id, dataset, title, delivery.status in IN_FORCE)


def _told(text: str, what: str) -> str:
    plain = mask_numbers(" ".join(text.split()))
    if not plain:
        raise AcceptanceError(f"{what}不能为空，请写明。")
    return plain


def _accepted(session: Session, delivery_id: int, title: str, is_new: bool) -> Accepted:
    delivery = session.get_one(Delivery, delivery_id)
    decision = session.get_one(StoppedDecision, delivery_id)
    if delivery.version is None:
        told = "；".join(delivery.messages)
        raise AcceptanceError(f"“{title}”重新校验后仍不能接收：{told}")
    return Accepted(
        delivery_id=delivery_id,
        title=title,
        version=delivery.version,
        status=delivery.status,
        sentence=decision.sentence,
        accepted_rows=delivery.accepted_rows,
        rejected_rows=delivery.rejected_rows,
        is_new=is_new,
    )


def _in_order(session: Session, month: Month, dataset: str) -> list[Delivery]:
    """Settled deliveries of a dataset as they were sent, each at its last sending."""
    seen = list(
        session.scalars(
            select(SeenFile).where(SeenFile.month == str(month), SeenFile.dataset == dataset)
        )
    )
    known = {
        delivery.content_sha256: delivery
        for delivery in session.scalars(
            select(Delivery).where(Delivery.month == str(month), Delivery.dataset == dataset)
        )
    }
    last: dict[str, Delivery] = {}
    for submission in submissions(dataset, seen):
        delivery = known.get(submission.content_sha256)
        if delivery is not None and not submission.is_repeat:
            last.pop(delivery.content_sha256, None)
            last[delivery.content_sha256] = delivery
    return list(last.values())


def _waiting(sent: list[Delivery]) -> list[Delivery]:
    positions = [at for at, delivery in enumerate(sent) if delivery.status in IN_FORCE]
    later = sent[positions[-1] + 1 :] if positions else sent
    return [delivery for delivery in later if _may_be_accepted(delivery)]


def _may_be_accepted(delivery: Delivery) -> bool:
    """Whether it stopped after its rows were judged, and there are rows to accept."""
    return delivery.status == "rejected" and delivery.accepted_rows > 0


def _chosen(session: Session, sent: list[Delivery], delivery_id: int | None, what: str) -> Delivery:
    waiting = _waiting(sent)
    if delivery_id is None:
        if waiting:
            return waiting[-1]
        decided = [d for d in sent if session.get(StoppedDecision, d.id) is not None]
        if decided and decided[-1] is sent[-1]:
            return decided[-1]
        raise AcceptanceError(_why_nothing(sent, what))
    delivery = next((d for d in sent if d.id == delivery_id), None)
    if delivery is None:
        raise AcceptanceError(f"{what}没有编号为{delivery_id}的报送。")
    if delivery in waiting or session.get(StoppedDecision, delivery.id) is not None:
        return delivery
    if not _may_be_accepted(delivery):
        raise AcceptanceError(_why_nothing([delivery], what))
    raise AcceptanceError(f"{what}后来的一份已经接收，以后来的为准，这一份不必再接收。")


def _why_nothing(sent: list[Delivery], what: str) -> str:
    if not sent:
        return f"{what}没有收到报送，或还没有校验，没有可以接收的。"
    latest = sent[-1]
    if latest.status in IN_FORCE:
        return f"{what}已是“{STATUS_TITLES[latest.status]}”，没有停下等待决定的报送。"
    told = "；".join(latest.messages)
    return f"{what}被整份退回的原因不能由人决定放行，只能改正后重报：{told}"


def _stopped(delivery: Delivery, catalogue: Catalogue, decision: StoppedDecision | None) -> Stopped:
    department = catalogue.departments[delivery.department]
    return Stopped(
        delivery_id=delivery.id,
        dataset=delivery.dataset,
        department=department.title,
        title=department.contracts[delivery.dataset].title,
        files=tuple(mask_numbers(str(file["name"])) for file in delivery.files),
        data_rows=delivery.data_rows,
        accepted_rows=delivery.accepted_rows,
        rejected_rows=delivery.rejected_rows,
        messages=tuple(delivery.messages),
        settled_at=delivery.settled_at,
        decided=decision.sentence if decision else None,
    )
