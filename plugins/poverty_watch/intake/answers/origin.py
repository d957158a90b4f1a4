"""The code that ties a row of a correction sheet to the row that it corrects."""

from __future__ import annotations

import hmac

from poverty_watch.identity import Keyring
from poverty_watch.months import Month

_CONTENT_DIGITS, _CHECK_DIGITS = 16, 24


def row_code(
    keys: Keyring, month: Month, dataset: str, content_sha256: str, file: str, sheet: str, row: int
) -> str:
    """``<start of the content's hash>-<keyed check>``; says nothing about a person.

    The start of the content's hash finds the delivery again; the check (HMAC-SHA-256 with the
    person key) proves that file, sheet and row number beside it are as this office wrote them.
    """
    parts = ("answer-row", str(month), dataset, content_sha256, file, sheet, str(row))
    check = hmac.digest(keys.person_key, "\x1f".join(parts).encode(), "sha256").hex()
    return f"{content_sha256[:_CONTENT_DIGITS]}-{check[:_CHECK_DIGITS]}"
