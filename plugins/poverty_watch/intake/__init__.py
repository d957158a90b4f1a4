"""From a department's files to settled delivery versions: fetch, validate, settle."""

from poverty_watch.intake.inbox import InboxError
from poverty_watch.intake.sources.interface import Source, SourceError
from poverty_watch.intake.steps import Step, delivered, fetch, settle, unclaimed, validate

__all__ = [
    "InboxError",
    "Source",
    "SourceError",
    "Step",
    "delivered",
    "fetch",
    "settle",
    "unclaimed",
    "validate",
]
