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

Key = tuple[str, ...]
_KEY = ("comparison_id", "subject", "subject_id", "dataset")


@dataclass(frozen=True)
class ToldFinding:
    """A finding with the evidence of a month.

    ``evidence`` has title, outcome, sentence, and ``rows`` with name, value, other_value, detail and
    where either value stands (``source``, ``other``: dataset, month, version, file, sheet, row).
    ``is_shown``: the month's comparison shows it; otherwise the month could not judge it, and the
    evidence is that of the newest month before that shows it.
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
    texts = _texts(session, lake, month, found)
    return [
        ToldFinding(
            finding,
            json.loads(texts[_key(finding)][1]) if _key(finding) in texts else finding.evidence,
            is_new=finding.opened_month == str(month),
            is_shown=texts.get(_key(finding), ("", ""))[0] == str(month),
        )
        for finding in found
    ]


def _key(finding: Finding) -> Key:
    return tuple(str(getattr(finding, name)) for name in _KEY)


def _texts(
    session: Session, lake: Path, month: Month, found: Iterable[Finding]
) -> dict[Key, tuple[str, str]]:
    """By key the newest month up to this one that shows a finding, and its evidence as JSON.

    Most are shown by the month itself; for the others the months before are looked through, so that
    what a list said does not change when later months tell it anew.
    """
    since = {_key(finding): finding.opened_month for finding in found}
    texts: dict[Key, tuple[str, str]] = {}
    while since:
        shown = _shown(session, lake, month)
        for key in since.keys() & shown.keys():
            texts[key] = str(month), shown[key]
        since = {k: s for k, s in since.items() if k not in texts and s < str(month)}
        month = month - 1
    return texts


def _shown(session: Session, lake: Path, month: Month) -> dict[Key, str]:
    """The month's own evidence as JSON text, by key."""
    screening = current_screening(session, month)
    if screening is None:
        return {}
    table = Screenings(lake).read(month, screening.fingerprint, "findings")
    table = table.select([*_KEY, "evidence"])
    keys = zip(*(table.column(name).to_pylist() for name in _KEY), strict=True)
    texts = table.column("evidence").to_pylist()
    return {tuple(part or "" for part in key): text for key, text in zip(keys, texts, strict=True)}
