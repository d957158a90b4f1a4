"""Cases: from a confirmed lead to a decision, and from a risk that is gone out of monitoring."""

from poverty_watch.verification.cases.carrying import Desk
from poverty_watch.verification.cases.decisions import Decided, decide
from poverty_watch.verification.cases.differences import Comparison, compare_with_register
from poverty_watch.verification.cases.errors import CaseError, ProcedureError
from poverty_watch.verification.cases.opening import open_by_hand
from poverty_watch.verification.cases.papers import Paper, keep_papers
from poverty_watch.verification.cases.verdicts import Taken, Verdict, take_verdicts

__all__ = [
    "CaseError",
    "Comparison",
    "Decided",
    "Desk",
    "Paper",
    "ProcedureError",
    "Taken",
    "Verdict",
    "compare_with_register",
    "decide",
    "keep_papers",
    "open_by_hand",
    "take_verdicts",
]
