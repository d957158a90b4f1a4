"""What stops a screening."""

from __future__ import annotations


class ScreeningError(RuntimeError):
    """The month cannot be screened; the message is Chinese and says what to do."""


class DefinitionError(ValueError):
    """A file in ``sql/`` has mistakes; the message lists all of them, in Chinese, file by file."""
