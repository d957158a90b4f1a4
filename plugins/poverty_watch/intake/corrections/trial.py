"""What would become of a correction sheet if it were sent now; nothing is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from poverty_watch.contracts import Department
from poverty_watch.files import sha256_of
from poverty_watch.identity import Keyring
from poverty_watch.intake.corrections.judging import Merged, judge_correction
from poverty_watch.intake.corrections.texts import correction_texts
from poverty_watch.intake.judgement import DeliveredFile
from poverty_watch.intake.policy import faults
from poverty_watch.intake.steps import history_of
from poverty_watch.intake.steps.waiting import all_deliveries
from poverty_watch.lake.versions import Lake
from poverty_watch.ledger.models import Delivery
from poverty_watch.ledger.store import Ledger
from poverty_watch.months import Month
from poverty_watch.settings import Settings

_MOST_TOLD = 50


@dataclass(frozen=True)
class Tried:
    """A correction sheet, whose it is and what would become of it."""

    department: Department
    dataset: str
    month: Month
    merged: Merged

    @property
    def is_taken_whole(self) -> bool:
        """Whether every row of it would be taken."""
        words = correction_texts().fates
        return all(words[fate].tone == "good" for fate in self.merged.counts)  # type: ignore[index]

    @property
    def told(self) -> list[str]:
        """A Chinese sentence per row that would not be taken."""
        words, known = correction_texts().fates, faults()
        lines = []
        for fate in self.merged.fates.to_pylist():
            text = words[fate["fate"]]
            if text.tone != "good":
                fault = known[fate["fault"]].title if fate["fault"] else ""
                sentence = text.sentence.format(fault=fault)
                lines.append(f"工作表“{fate['sheet']}”第{fate['row']}行：{sentence}")
        more = len(lines) - _MOST_TOLD
        return lines[:_MOST_TOLD] + ([f"……另有{more}行。"] if more > 0 else [])


def try_correction(
    path: Path,
    mark: str,
    owners: Sequence[Department],
    settings: Settings,
    ledger: Ledger,
    keys: Keyring,
) -> Tried | None:
    """Judge a correction sheet as if it came last; None if nobody knows what it corrects.

    Args:
        path: the sheet.
        mark: the beginning of the content hash that it carries.
        owners: the departments whose sheets may be tried.
        settings: the installation.
        ledger: its ledger, for reading.
        keys: its keys.
    """
    with ledger.transaction() as session:
        base = session.scalar(
            select(Delivery).where(Delivery.content_sha256.startswith(mark)).limit(1)
        )
        department = next((d for d in owners if base and d.id == base.department), None)
        if base is None or department is None:
            return None
        month = Month.parse(base.month)
        sheet = {"name": path.name, "path": path.name, "sha256": sha256_of(path), "arrival": 0}
        merged = judge_correction(
            DeliveredFile(path, path.name),
            sheet,
            department,
            base.dataset,
            month,
            all_deliveries(session, base.dataset, department, month),
            session,
            settings,
            keys,
            history_of(session, base.dataset, month, Lake(settings.lake)),
        )
        return Tried(department, base.dataset, month, merged)
