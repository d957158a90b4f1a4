"""Who owes what for which month, in time or late, and how departments do over the months."""

from poverty_watch.contracts.duty import DutyPolicy, duty_policy
from poverty_watch.intake.duty.difference import Difference, DifferentRow, difference
from poverty_watch.intake.duty.register import DutyLine, Volume, register
from poverty_watch.intake.duty.score import DepartmentScore, MonthScore, score

__all__ = [
    "DepartmentScore",
    "Difference",
    "DifferentRow",
    "DutyLine",
    "DutyPolicy",
    "MonthScore",
    "Volume",
    "difference",
    "duty_policy",
    "register",
    "score",
]
