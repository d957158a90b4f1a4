"""What a case refuses."""

from __future__ import annotations

from collections.abc import Iterable

from poverty_watch.ledger.errors import LedgerError


class ProcedureError(LedgerError):
    """A policy file of the procedure is wrong; the message is Chinese and says where."""


class CaseError(LedgerError):
    """A step cannot be taken; ``problems`` are Chinese sentences, all of them at once."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("".join(self.problems))
