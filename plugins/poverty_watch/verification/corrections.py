"""What comparisons ask of townships and of the county's office: lists of things to put right."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from poverty_watch.identity import Keyring
from poverty_watch.ledger.finding_lists import ASSET, list_form, write_finding_list
from poverty_watch.ledger.handling import handling
from poverty_watch.ledger.store import Ledger
from poverty_watch.ledger.told import ToldFinding, findings_told
from poverty_watch.listing import remove_list
from poverty_watch.months import Month
from poverty_watch.settings import Settings

FOLDER = "比对问题"
_COUNTY = "county"
_DEPARTMENT = "department"


@dataclass
class CorrectionLists:
    """The lists of a month, one per township and one for the county's office."""

    paths: list[Path] = field(default_factory=list)
    findings: int = 0
    written: int = 0

    @property
    def summary(self) -> str:
        """One Chinese line for the log and the grid."""
        return f"乡镇和县专班的比对问题清单{len(self.paths)}份、{self.findings}条，其中新写{self.written}份"


def write_correction_lists(month: Month, settings: Settings, ledger: Ledger) -> CorrectionLists:
    """Write ``<outbox>/<YYYY-MM>/比对问题/``: what townships correct (FIX), what the county reviews.

    What a household owns (ASSET) is asked about in its task sheet and stands in no list.
    """
    outcomes = [n for n, how in handling().items() if how.owner != _DEPARTMENT and n != ASSET]
    keys = Keyring.open(settings.keys)
    folder = settings.outbox / str(month) / FOLDER
    made = CorrectionLists()
    with ledger.transaction() as session:
        by_owner: dict[str, list[ToldFinding]] = {}
        for told in findings_told(session, settings.lake, month, outcomes):
            finding = told.finding
            owner = list_form().county if finding.owner_kind == _COUNTY else finding.owner
            by_owner.setdefault(owner, []).append(told)
        for owner in sorted(by_owner):
            done = write_finding_list(session, keys, folder, owner, month, by_owner[owner])
            assert done is not None
            made.paths.append(done.path)
            made.findings += done.findings
            made.written += done.written
    for path in sorted(folder.glob("*.xlsx")) if folder.is_dir() else ():
        if path not in made.paths:
            remove_list(path)
    return made
