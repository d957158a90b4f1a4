"""What can stop a report; every message is Chinese and says what to do."""

from __future__ import annotations


class ReportError(RuntimeError):
    """The report of a month cannot be made; nothing was written."""


class IdentityError(ReportError):
    """Figures that must agree do not; the message names the cells."""


class TemplateError(ReportError):
    """The workbook template lacks names or has fields that nobody fills; all are listed."""


class LockError(ReportError):
    """The month is signed and locked, or it cannot be unlocked like this."""
