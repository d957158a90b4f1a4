"""Who is written to, and what each is sent: ``recipients.yaml`` and ``mailings.yaml``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict

from poverty_watch.settings import REFERENCE

Group = Literal["townships", "municipal", "county", "joint_meeting"]
GROUP_TITLES: dict[str, str] = {
    "townships": "乡镇",
    "municipal": "市级部门",
    "county": "县专班",
    "joint_meeting": "联席会议",
}
Enclosed = Literal["workbook", "briefing", "extract", "bulletin", "municipal"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Recipients(_Strict):
    """``include/reference/recipients.yaml``: name to mail address, per kind of recipient.

    Villages are named ``乡镇/村``, municipal offices by the county department that they belong to.
    """

    villages: dict[str, str] = {}
    townships: dict[str, str] = {}
    municipal: dict[str, str] = {}
    county: dict[str, str] = {}
    joint_meeting: dict[str, str] = {}

    def address(self, recipient: str) -> str:
        """The address of ``group/name``; empty where none is written down."""
        group, _, name = recipient.partition("/")
        known: dict[str, str] = getattr(self, group, {})
        return known.get(name, "").strip()


class Share(_Strict):
    """One group and the files that each of it gets."""

    to: Group
    files: tuple[Enclosed, ...] = ()


class Mailings(_Strict):
    """``include/reference/mailings.yaml``: per kind of mail, who gets what."""

    report: tuple[Share, ...] = ()
    watch: tuple[Share, ...] = ()
    unsigned: tuple[Share, ...] = ()
    bulletin: tuple[Share, ...] = ()


@dataclass(frozen=True)
class Addressee:
    """One recipient of a kind of mail: ``county/值班``; ``name`` is empty where the group has none."""

    group: Group
    name: str
    files: tuple[Enclosed, ...]

    @property
    def recipient(self) -> str:
        """As it is kept in the ledger."""
        return f"{self.group}/{self.name}"


def recipient_title(recipient: str) -> str:
    """As staff read ``county/值班``: 县专班·值班."""
    group, _, name = recipient.partition("/")
    return f"{GROUP_TITLES.get(group, group)}·{name or '（没有写收件人）'}"


def addressees(
    shares: Iterable[Share], people: Recipients, owed: dict[str, tuple[str, ...]]
) -> list[Addressee]:
    """Everybody who is to get a kind of mail.

    Args:
        shares: the policy on that kind.
        people: whose addresses are known.
        owed: by group the names that must get one, with or without an address. A group that is not
            in it has whoever has an address; with nobody at all it has one nameless recipient, so
            that nobody takes silence for a delivery.
    """
    found = []
    for share in shares:
        known: dict[str, str] = getattr(people, share.to)
        names = owed.get(share.to, tuple(known)) or ("",)
        found += [Addressee(share.to, name, share.files) for name in names]
    return found


def recipients(path: Path = REFERENCE / "recipients.yaml") -> Recipients:
    """Who is written to."""
    return Recipients.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")) or {})


@lru_cache(maxsize=4)
def mailings(path: Path = REFERENCE / "mailings.yaml") -> Mailings:
    """Who gets what."""
    return Mailings.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")) or {})
