"""The code of a sheet's row: it ties an answer to its task, and says what the sheet had told."""

from __future__ import annotations

import hmac
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from poverty_watch.identity import Keyring

_CODE = re.compile(r"([0-9]{1,12})-([A-Za-z0-9_.]*)-([0-9a-f]{16})")


@dataclass(frozen=True)
class Code:
    """A code as read; ``rules`` are the reasons that the sheet told: its base version."""

    task_id: int
    rules: frozenset[str]
    text: str


def task_code(keys: Keyring, task_id: int, household_id: str, rules: Iterable[str]) -> str:
    """``<task>-<rules>-<check>``; nobody without the installation's key can make one."""
    told = ".".join(sorted(rules))
    signed = f"task:{task_id}:{household_id}:{told}"
    check = hmac.digest(keys.person_key, signed.encode(), "sha256").hex()[:16]
    return f"{task_id}-{told}-{check}"


def read_code(text: str) -> Code | None:
    """A code by its form; whether it is genuine says `is_genuine`."""
    match = _CODE.fullmatch("".join(unicodedata.normalize("NFKC", text).split()))
    if match is None:
        return None
    return Code(int(match[1]), frozenset(match[2].split(".")) - {""}, match[0])


def is_genuine(keys: Keyring, code: Code, household_id: str) -> bool:
    """Whether this installation gave the code to this household's task."""
    made = task_code(keys, code.task_id, household_id, code.rules)
    return hmac.compare_digest(made, code.text)
