"""Returned task sheets: read, judged row by row, registered, answered."""

from poverty_watch.verification.returns.inbox import take_returns
from poverty_watch.verification.returns.taking import ReturnOutcome, take_return

__all__ = ["ReturnOutcome", "take_return", "take_returns"]
