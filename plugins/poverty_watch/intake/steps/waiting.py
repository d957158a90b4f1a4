"""Which submissions there are, which of them wait for judgement, and by what they are judged."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from poverty_watch.contracts import Department
from poverty_watch.intake.policy import policy_sha256
from poverty_watch.intake.submissions import Submission, submissions
from poverty_watch.ledger.deliveries import IN_FORCE
from poverty_watch.ledger.models import Delivery, SeenFile, StoppedDecision
from poverty_watch.months import Month
from poverty_watch.settings import Settings


def submissions_of(
    session: Session, department: Department, month: Month
) -> dict[str, list[Submission]]:
    """What a department has sent of each of its datasets, the latest last."""
    files = list(
        session.scalars(
            select(SeenFile).where(
                SeenFile.month == str(month),
                SeenFile.department == department.id,
                SeenFile.dataset.is_not(None),
            )
        )
    )
    return {
        dataset: submissions(dataset, [f for f in files if f.dataset == dataset])
        for dataset in department.contracts
    }


def settled_as(session: Session, submission: Submission, month: Month) -> Delivery | None:
    """What became of a submission; None while nothing has."""
    return session.scalar(
        select(Delivery).where(
            Delivery.month == str(month),
            Delivery.dataset == submission.dataset,
            Delivery.content_sha256 == submission.content_sha256,
        )
    )


def is_to_be_judged(
    session: Session, submission: Submission, department: Department, month: Month
) -> bool:
    """Whether it is new, or was stopped under a policy or before a decision that has changed."""
    delivery = settled_as(session, submission, month)
    if delivery is None:
        return True
    stopped = delivery.status not in IN_FORCE
    return stopped and delivery.policy_sha256 != basis_of(session, submission, department, month)


def decision_on(session: Session, submission: Submission, month: Month) -> StoppedDecision | None:
    """What a person has decided about a submission that stopped."""
    delivery = settled_as(session, submission, month)
    return session.get(StoppedDecision, delivery.id) if delivery else None


def basis_of(session: Session, submission: Submission, department: Department, month: Month) -> str:
    """Names what a submission is judged by: the policy files, and a person's decision."""
    policy = policy_sha256(department, submission.dataset)
    if decision_on(session, submission, month) is None:
        return policy
    return hashlib.sha256(f"{policy}:stops waived".encode()).hexdigest()


def earlier_deliveries(
    session: Session, submission: Submission, department: Department, month: Month
) -> list[Delivery]:
    """What became of the dataset's submissions before this one, in their order.

    A submission that repeats an earlier one is left out; so is one that nothing has become of yet.
    """
    sent = submissions_of(session, department, month)[submission.dataset]
    until = [one.content_sha256 for one in sent].index(submission.content_sha256)
    return _settled(session, sent[:until], month)


def all_deliveries(
    session: Session, dataset: str, department: Department, month: Month
) -> list[Delivery]:
    """What became of all of a dataset's submissions, in their order; repeats are left out."""
    return _settled(session, submissions_of(session, department, month)[dataset], month)


def _settled(session: Session, sent: Sequence[Submission], month: Month) -> list[Delivery]:
    settled = (settled_as(session, one, month) for one in sent if not one.is_repeat)
    return [delivery for delivery in settled if delivery is not None]


def entries_of(submission: Submission) -> list[dict[str, Any]]:
    """The submission's files as the ledger lists them with a delivery."""
    kind = {"kind": "correction"} if submission.is_correction else {}
    return [
        {"name": name, "path": f.path, "sha256": f.sha256, "arrival": f.arrival, **kind}
        for f, name in zip(submission.files, submission.names, strict=True)
    ]


def work_folder(settings: Settings, submission: Submission, month: Month) -> Path:
    """Where validating leaves for settling what it found."""
    return settings.work / str(month) / submission.dataset / submission.content_sha256
