"""Settle: write down what became of each dataset, new versions into the lake, the rest into the ledger."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from poverty_watch.contracts import Catalogue, Contract, Department, load_catalogue
from poverty_watch.identity import mask_numbers
from poverty_watch.intake.steps import validating
from poverty_watch.intake.steps.left_out import replaced_parts, unread_files
from poverty_watch.intake.steps.outcome import Outcome, left_in
from poverty_watch.intake.steps.step import Step
from poverty_watch.intake.steps.waiting import (
    basis_of,
    decision_on,
    is_to_be_judged,
    settled_as,
    submissions_of,
    work_folder,
)
from poverty_watch.intake.submissions import Submission
from poverty_watch.lake.versions import Lake
from poverty_watch.ledger.deliveries import IN_FORCE, STATUS_TITLES
from poverty_watch.ledger.explanations import explain
from poverty_watch.ledger.journal import record
from poverty_watch.ledger.models import Correction, DatasetMonth, Delivery
from poverty_watch.ledger.store import Ledger
from poverty_watch.months import Month
from poverty_watch.settings import Settings

log = logging.getLogger(__name__)


def settle(
    department_id: str,
    month: Month,
    settings: Settings,
    ledger: Ledger,
    *,
    earlier_step_failed: bool = False,
) -> Step:
    """Write down what became of each dataset: new versions into the lake, the rest into the ledger.

    After a step that failed nothing is called missing: nobody knows whether it was delivered.
    """
    catalogue: Catalogue = load_catalogue()
    department = catalogue.departments[department_id]
    lines = []
    for dataset, contract in department.contracts.items():
        with ledger.transaction() as session:
            fate = _settle_dataset(
                session, dataset, contract, department, month, settings, earlier_step_failed
            )
            lines.append(f"{contract.title}{STATUS_TITLES[fate]}")
    return Step(f"{department.title}：" + "，".join(lines))


def judge_decided(dataset: str, month: Month, settings: Settings, ledger: Ledger) -> str:
    """Judge and settle what of one dataset waits for it, after a person's decision.

    Another submission that cannot be judged does not stop the one that was decided about.

    Returns:
        What became of the dataset, as in the ledger's DatasetMonth.
    """
    department = load_catalogue().department_of(dataset)
    with ledger.transaction() as session:
        waiting = [
            (submission, decision_on(session, submission, month) is not None)
            for submission in submissions_of(session, department, month)[dataset]
            if is_to_be_judged(session, submission, department, month)
        ]
    for submission, is_decided in waiting:
        try:
            validating.judge(submission, department, month, settings, ledger)
        except Exception:
            if is_decided:
                raise
            log.exception("%s of %s could not be judged", dataset, month)
    with ledger.transaction() as session:
        contract = department.contracts[dataset]
        return _settle_dataset(session, dataset, contract, department, month, settings, False)


def _settle_dataset(
    session: Session,
    dataset: str,
    contract: Contract,
    department: Department,
    month: Month,
    settings: Settings,
    earlier_step_failed: bool,
) -> str:
    sent = submissions_of(session, department, month)[dataset]
    messages: list[str] = []
    in_force_delivery: Delivery | None = None
    broken = earlier_step_failed and not sent
    if broken:
        messages.append("收取文件时出错，是否报送尚不清楚，请联系系统管理员。")
    for submission in sent:
        delivery = settled_as(session, submission, month)
        if is_to_be_judged(session, submission, department, month):
            delivery = _settle_submission(
                session, submission, delivery, department, month, settings
            )
        if delivery is None:
            broken = True
            messages.append(
                f"{'、'.join(submission.names)}：处理时出错，请联系系统管理员，不必重报。"
            )
            continue
        if submission.is_repeat:
            continue
        messages += [f"{m}" for m in delivery.messages]
        if delivery.status in IN_FORCE:
            in_force_delivery = delivery
        elif in_force_delivery is not None and not submission.is_correction:
            messages.append(f"后来的{'、'.join(submission.names)}被整份退回，仍以先前接收的为准。")
    if len({s.content_sha256 for s in sent}) > 1 and in_force_delivery is not None:
        kept = "、".join(str(file["name"]) for file in in_force_delivery.files)
        messages.append(
            f"本月共收到{len(sent)}份“{contract.title}”，以“{kept}”为准，其余留存备查。"
        )
    identical = len(sent) - len({s.content_sha256 for s in sent})
    if identical:
        messages.append(f"有{identical}份与以前送的完全相同，没有新的版本。")
    messages += replaced_parts(session, department, dataset, month, sent)
    if not sent:
        messages += unread_files(session, department, dataset, month, load_catalogue())
    status = (
        in_force_delivery.status
        if in_force_delivery
        else "error"
        if broken
        else "rejected"
        if any(not submission.is_correction for submission in sent)
        else "missing"
    )
    # A file's name may hold a number too.
    messages = [mask_numbers(message) for message in messages]
    _write_fate(session, dataset, department, month, status, in_force_delivery, messages)
    return status


def _settle_submission(
    session: Session,
    submission: Submission,
    stopped_before: Delivery | None,
    department: Department,
    month: Month,
    settings: Settings,
) -> Delivery | None:
    folder = work_folder(settings, submission, month)
    outcome = left_in(folder)
    if outcome is None or outcome.basis != basis_of(session, submission, department, month):
        return stopped_before
    decision = decision_on(session, submission, month)
    messages = outcome.messages
    if decision is not None and outcome.status in IN_FORCE:
        messages = [decision.sentence, *messages]
    lake = Lake(settings.lake)
    manifest = {
        "content_sha256": submission.content_sha256,
        "files": submission.names,
        "rows": outcome.rows,
    }
    version = None
    if outcome.status in IN_FORCE:
        version = 1 + (
            session.scalar(
                select(func.max(Delivery.version)).where(
                    Delivery.month == str(month), Delivery.dataset == submission.dataset
                )
            )
            or 0
        )
        lake.adopt(submission.dataset, month, version, folder, manifest)
    else:
        lake.write_returned(submission.dataset, month, submission.content_sha256, folder, manifest)
    delivery = stopped_before or Delivery(
        month=str(month),
        dataset=submission.dataset,
        department=department.id,
        content_sha256=submission.content_sha256,
    )
    judged = dict(
        policy_sha256=outcome.basis,
        status=outcome.status,
        version=version,
        faults=outcome.faults,
        open_queries=outcome.open_queries,
        files=outcome.files,
        messages=[mask_numbers(message) for message in messages],
        **{f"{name}_rows": count for name, count in outcome.rows.items()},
    )
    for name, value in judged.items():
        setattr(delivery, name, value)
    session.add(delivery)
    session.flush()
    for file in submission.files:
        file.fate = "settled"
    details: dict[str, Any] = {}
    if submission.is_correction:
        _settle_correction(session, delivery, outcome)
        details["correction"] = outcome.fates
    record(
        session,
        "判定报送",
        submission.dataset,
        month=month,
        status=outcome.status,
        version=version,
        rows=outcome.rows,
        **details,
    )
    return delivery


def _settle_correction(session: Session, delivery: Delivery, outcome: Outcome) -> None:
    correction = session.get(Correction, delivery.id) or Correction(delivery_id=delivery.id)
    correction.base_id, correction.rows = outcome.base_id, outcome.fates
    session.add(correction)
    given = {(query, subject, value): text for query, subject, value, text in outcome.explained}
    explain(session, delivery.dataset, delivery.id, given)


def settle_earlier(
    session: Session,
    submission: Submission,
    department: Department,
    month: Month,
    settings: Settings,
) -> None:
    """Settle what was sent of the dataset before a submission, as far as it has been judged.

    Raises:
        RuntimeError: some of it has not been judged.
    """
    for earlier in submissions_of(session, department, month)[submission.dataset]:
        if earlier.content_sha256 == submission.content_sha256:
            return
        delivery = settled_as(session, earlier, month)
        if is_to_be_judged(session, earlier, department, month):
            delivery = _settle_submission(session, earlier, delivery, department, month, settings)
        if delivery is None:
            raise RuntimeError(f"{submission.dataset} of {month}: an earlier one is not judged yet")


def _write_fate(
    session: Session,
    dataset: str,
    department: Department,
    month: Month,
    status: str,
    delivery: Delivery | None,
    messages: list[str],
) -> None:
    fate = session.get(DatasetMonth, (str(month), dataset))
    delivery_id = delivery.id if delivery else None
    if fate and (fate.status, fate.delivery_id, fate.messages) == (status, delivery_id, messages):
        return
    if fate is None:
        fate = DatasetMonth(month=str(month), dataset=dataset, department=department.id)
        session.add(fate)
    fate.status, fate.delivery_id, fate.messages = status, delivery_id, messages
    fate.updated_at = datetime.now(UTC)
