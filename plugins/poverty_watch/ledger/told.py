"""The findings that were open after a month, each as that month told it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from poverty_watch.lake.screenings import Screenings
from poverty_watch.ledger.findings import findings_open
from poverty_watch.ledger.models import Finding
from poverty_watch.ledger.screenings import current_screening
from poverty_watch.months import Month

_KEY = ("comparison_id", "subject", "subject_id", "dataset")


@dataclass(frozen=True)
class ToldFinding:
    """A finding with the evidence of a month.

    ``evidence`` has title, outcome, sentence, and ``rows`` with name, value, other_value, detail and
    where either value stands (``source``, ``other``: dataset, month, version, file, sheet, row).
    ``is_shown``: the month's comparison shows it; otherwise the month could not judge it, and the
    evidence is that of the ledger.
    """

    finding: Finding
    evidence: Mapping[str, Any]
    is_new: bool
    is_shown: bool


def findings_told(
    session: Session, lake: Path, month: Month, outcomes: Iterable[str]
) -> list[ToldFinding]:
    """Findings of some outcomes, by comparison, township, village and subject."""
    wanted = set(outcomes)
    found = [finding for finding in findings_open(session, month) if finding.outcome in wanted]
    shown = _shown(session, lake, month) if found else {}
    told = []
    for finding in found:
        text = shown.get(tuple(getattr(finding, name) for name in _KEY))
        told.append(
            ToldFinding(
                finding,
                finding.evidence if text is None else json.loads(text),
                is_new=finding.opened_month == str(month),
                is_shown=text is not None,
            )
        )
    return told


def _shown(session: Session, lake: Path, month: Month) -> dict[tuple[str, ...], str]:
    """The month's own evidence as JSON text, by key."""
    screening = current_screening(session, month)
    if screening is None:
        return {}
    table = Screenings(lake).read(month, screening.fingerprint, "findings")
    keys = zip(*(table.column(name).to_pylist() for name in _KEY), strict=True)
    texts = table.column("evidence").to_pylist()
    return {tuple(part or "" for part in key): text for key, text in zip(keys, texts, strict=True)}
