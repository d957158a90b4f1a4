"""The three steps of a department's month: fetch, validate, settle. Each may be repeated."""

from poverty_watch.intake.steps.fetching import delivered, fetch, unclaimed
from poverty_watch.intake.steps.settling import judge_decided, settle
from poverty_watch.intake.steps.step import Step
from poverty_watch.intake.steps.validating import history_of, validate

__all__ = [
    "Step",
    "delivered",
    "fetch",
    "history_of",
    "judge_decided",
    "settle",
    "unclaimed",
    "validate",
]
