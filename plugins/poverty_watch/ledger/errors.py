"""What the ledger refuses, in words for staff."""

from __future__ import annotations


class LedgerError(RuntimeError):
    """The ledger cannot do what was asked; the message is Chinese and says what to do."""


class AccessError(LedgerError):
    """Somebody asked for, or would change, what their office does not give them."""
