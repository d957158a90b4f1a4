"""Comparisons, warning rules and leads of a month, decided by the SQL files in ``sql/``."""

from poverty_watch.screening.errors import ScreeningError
from poverty_watch.screening.findings import FindingsOutcome, settle_findings
from poverty_watch.screening.leads import LeadsOutcome, raise_leads
from poverty_watch.screening.steps import StepOutcome, compare, stage, warn

__all__ = [
    "FindingsOutcome",
    "LeadsOutcome",
    "ScreeningError",
    "StepOutcome",
    "compare",
    "raise_leads",
    "settle_findings",
    "stage",
    "warn",
]
