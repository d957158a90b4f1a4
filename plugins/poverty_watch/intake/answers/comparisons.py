"""What comparisons found wrong with a department's data, in the department's answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from poverty_watch.contracts import load_catalogue
from poverty_watch.identity import Keyring
from poverty_watch.intake.answers.steps import FOLDER
from poverty_watch.ledger.finding_lists import write_finding_list
from poverty_watch.ledger.handling import handling
from poverty_watch.ledger.store import Ledger
from poverty_watch.ledger.told import findings_told
from poverty_watch.months import Month
from poverty_watch.settings import Settings

_DEPARTMENT = "department"


@dataclass
class ComparisonAnswers:
    """The lists of a month, one per department that has something to look at."""

    paths: list[Path] = field(default_factory=list)
    findings: int = 0
    written: int = 0

    @property
    def summary(self) -> str:
        """One Chinese line for the log and the grid."""
        return f"发给部门的比对问题清单{len(self.paths)}份、{self.findings}条，其中新写{self.written}份"


def write_comparison_answers(month: Month, settings: Settings, ledger: Ledger) -> ComparisonAnswers:
    """Write ``比对问题_<department>_<month>.xlsx`` beside the department's receipts.

    It lists what is returned to the department (BACK), and possible undue benefits and unmet
    entitlements (STOP, ENT), as the month's computation tells them.
    """
    outcomes = [name for name, how in handling().items() if how.owner == _DEPARTMENT]
    keys = Keyring.open(settings.keys)
    made = ComparisonAnswers()
    with ledger.transaction() as session:
        told = findings_told(session, settings.lake, month, outcomes)
        for department in load_catalogue().departments.values():
            folder = settings.outbox / str(month) / FOLDER / department.title
            own = [t for t in told if t.finding.owner == department.id]
            done = write_finding_list(session, keys, folder, department.title, month, own)
            if done is not None:
                made.paths.append(done.path)
                made.findings += done.findings
                made.written += done.written
    return made
