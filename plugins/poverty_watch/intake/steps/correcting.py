"""Judge a correction sheet: it is merged into what stands, so all that came before is settled first."""

from __future__ import annotations

from poverty_watch.contracts import Department
from poverty_watch.identity import Keyring
from poverty_watch.intake.steps.outcome import leave
from poverty_watch.intake.steps.settling import settle_earlier
from poverty_watch.intake.steps.validating import history_of
from poverty_watch.intake.steps.waiting import (
    basis_of,
    decision_on,
    earlier_deliveries,
    entries_of,
    work_folder,
)
from poverty_watch.intake.submissions import Submission
from poverty_watch.lake.versions import Lake
from poverty_watch.ledger.sealed import seal_identities, seal_phones
from poverty_watch.ledger.store import Ledger
from poverty_watch.months import Month
from poverty_watch.settings import Settings


def judge_correction_sheet(
    submission: Submission, department: Department, month: Month, settings: Settings, ledger: Ledger
) -> None:
    """Merge and judge a correction sheet; what became of it goes into its work folder.

    Raises:
        RuntimeError: something that came before it could not be judged, so that nobody knows yet
            what is to be corrected.
    """
    from poverty_watch.intake.corrections.composition import kept
    from poverty_watch.intake.corrections.judging import judge_correction

    dataset = submission.dataset
    keys = Keyring.open(settings.keys)
    with ledger.transaction() as session:
        settle_earlier(session, submission, department, month, settings)
    with ledger.transaction() as session:
        (sheet,) = entries_of(submission)
        merged = judge_correction(
            kept(sheet, settings),
            sheet,
            department,
            dataset,
            month,
            earlier_deliveries(session, submission, department, month),
            session,
            settings,
            keys,
            history_of(session, dataset, month, Lake(settings.lake)),
            stops_waived=decision_on(session, submission, month) is not None,
        )
        basis = basis_of(session, submission, department, month)
        base_id = merged.base.id if merged.base else None
        seal_identities(session, keys, merged.judgement.identities)
        seal_phones(session, keys, merged.judgement.phones)
    leave(
        work_folder(settings, submission, month),
        basis,
        merged.judgement,
        merged.files,
        merged.layers,
        base_id=base_id,
        fates=merged.counts,
        fates_table=merged.fates,
    )
