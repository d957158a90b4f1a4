"""Validate: judge every submission that waits, and leave the outcome for settling."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from poverty_watch.contracts import Department, load_catalogue
from poverty_watch.identity import Keyring
from poverty_watch.intake.sheets import UnreadableError
from poverty_watch.intake.steps.outcome import leave
from poverty_watch.intake.steps.step import Step
from poverty_watch.intake.steps.waiting import (
    basis_of,
    decision_on,
    earlier_deliveries,
    entries_of,
    is_to_be_judged,
    submissions_of,
    work_folder,
)
from poverty_watch.intake.submissions import Submission
from poverty_watch.lake.versions import Lake
from poverty_watch.ledger.deliveries import IN_FORCE, in_force
from poverty_watch.ledger.explanations import explanations
from poverty_watch.ledger.models import DatasetMonth, Delivery
from poverty_watch.ledger.sealed import seal_identities, seal_phones
from poverty_watch.ledger.store import Ledger
from poverty_watch.months import Month
from poverty_watch.settings import Settings

if TYPE_CHECKING:
    from poverty_watch.intake.corrections.composition import Composition
    from poverty_watch.intake.judgement import History

log = logging.getLogger(__name__)


def validate(department_id: str, month: Month, settings: Settings, ledger: Ledger) -> Step:
    """Judge every submission that is not settled yet; a failing one does not stop the others.

    Raises:
        ExceptionGroup: submissions that could not be judged, after all others were.
    """
    department = load_catalogue().departments[department_id]
    with ledger.transaction() as session:
        waiting = [
            submission
            for per_dataset in submissions_of(session, department, month).values()
            for submission in per_dataset
            if is_to_be_judged(session, submission, department, month)
        ]
    failures: list[Exception] = []
    for submission in waiting:
        try:
            judge(submission, department, month, settings, ledger)
        except Exception as error:
            log.exception("%s of %s could not be judged", submission.dataset, month)
            failures.append(error)
    if failures:
        raise ExceptionGroup(f"{department.title}：有数据集校验时出错", failures)
    return Step(
        f"{department.title}：校验{len(waiting)}份新报送"
        if waiting
        else f"{department.title}：没有新的报送"
    )


def judge(
    submission: Submission, department: Department, month: Month, settings: Settings, ledger: Ledger
) -> None:
    """Judge one submission; its rows and what became of them go into its work folder."""
    if submission.is_correction:
        from poverty_watch.intake.steps.correcting import judge_correction_sheet

        judge_correction_sheet(submission, department, month, settings, ledger)
        return
    from poverty_watch.intake.corrections.composition import Composition, amendments_of, kept
    from poverty_watch.intake.corrections.texts import correction_texts
    from poverty_watch.intake.judgement import judge_submission

    contract = department.contracts[submission.dataset]
    keys = Keyring.open(settings.keys)
    with ledger.transaction() as session:
        history = history_of(session, submission.dataset, month, Lake(settings.lake))
        basis = basis_of(session, submission, department, month)
        stops_waived = decision_on(session, submission, month) is not None
        earlier = earlier_deliveries(session, submission, department, month)
        session.expunge_all()
    found = _with_what_was_mended(submission, earlier, settings)
    judge_files = partial(
        judge_submission,
        contract,
        department.suite_path(submission.dataset),
        [kept(file, settings) for file in found.whole],
        submission.is_nil_return,
        month,
        keys,
        history,
        stops_waived=stops_waived,
    )
    try:
        judgement = judge_files(amendments=amendments_of(found, contract, settings))
    except (LookupError, UnreadableError):
        if not found.layers:
            raise
        found = Composition(found.whole, ())
        judgement = judge_files()
        judgement.messages.append(correction_texts().not_carried_over)
    with ledger.transaction() as session:
        seal_identities(session, keys, judgement.identities)
        seal_phones(session, keys, judgement.phones)
    files = [*found.whole, *found.sheets]
    folder = work_folder(settings, submission, month)
    leave(folder, basis, judgement, files, found.layers)


def _with_what_was_mended(
    submission: Submission, earlier: Sequence[Delivery], settings: Settings
) -> Composition:
    """The submission's files, with the mended rows of those that have come before."""
    from poverty_watch.intake.corrections.composition import (
        Composition,
        carried_over,
        composition_of,
    )

    standing = next((d for d in reversed(earlier) if d.status in IN_FORCE), None)
    if standing is None:
        return Composition(tuple(entries_of(submission)), ())
    return carried_over(composition_of(standing, Lake(settings.lake)), entries_of(submission))


def history_of(session: Session, dataset: str, month: Month, lake: Lake) -> History:
    """What earlier months hold of a dataset."""
    from poverty_watch.intake.judgement import History

    earlier = [d for d in in_force(session, month - 1) if d.dataset == dataset]
    previous = _previous_volume(session, dataset, month)
    return History(
        earlier_accepted=[lake.accepted(d.dataset, d.month, d.version) for d in earlier],
        previous_data_rows=previous[1] if previous else None,
        previous_month=previous[0] if previous else None,
        explanations=explanations(session, dataset),
    )


def _previous_volume(session: Session, dataset: str, month: Month) -> tuple[Month, int] | None:
    row = session.execute(
        select(DatasetMonth.month, Delivery.data_rows)
        .join(Delivery, DatasetMonth.delivery_id == Delivery.id)
        .where(DatasetMonth.dataset == dataset, DatasetMonth.month < str(month))
        .order_by(DatasetMonth.month.desc())
        .limit(1)
    ).first()
    return (Month.parse(row[0]), row[1]) if row else None
