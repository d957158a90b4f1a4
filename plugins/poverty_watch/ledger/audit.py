"""Check that the journal is what it was: nothing changed, nothing taken out, nothing cut off."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select

from poverty_watch.files import written_whole
from poverty_watch.ledger.journal import HEAD, chain_key, link, stored_entries
from poverty_watch.ledger.models import JournalHead
from poverty_watch.ledger.store import Ledger
from poverty_watch.months import COUNTY_ZONE
from poverty_watch.settings import Settings


@dataclass(frozen=True)
class Verdict:
    """What a check came to: how many entries there are, and one Chinese line per fault."""

    entries: int
    faults: tuple[str, ...]

    @property
    def is_sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults


@dataclass
class _Walk:
    """Along the chain: the hash and number of the entry before, and what was found so far."""

    key: bytes
    hash: str = ""
    number: int = 0
    is_begun: bool = False
    entries: int = 0

    def step(self, row: dict[str, Any]) -> list[str]:
        faults = []
        number, stored = int(row["id"]), row["hash"]
        self.is_begun = self.is_begun or stored is not None
        if self.is_begun and number != self.number + 1 and self.entries:
            faults.append(f"第{self.number + 1}条至第{number - 1}条不见了。")
        due = link(self.key, self.hash, number, row)
        if self.is_begun and stored != due and not faults:
            faults.append(f"第{number}条（{_told(row)}）与记账时不一致，或它前面的一条被动过。")
        # From here on by what is stored, so that one changed entry is one fault.
        self.hash = stored if self.is_begun and stored else due
        self.number = number
        self.entries += 1
        return faults


def verify(ledger: Ledger, settings: Settings) -> Verdict:
    """Recompute the chain and compare it with its head and with what was verified last time.

    A sound journal's head is then remembered in ``<home>/audit/checked.json``, outside the database:
    a later check misses entries that were cut off together with the head.

    Raises:
        LedgerError: the key of the chain is gone.
    """
    faults: list[str] = []
    checked = _remembered(settings)
    with ledger.transaction() as session:
        head = session.execute(
            select(JournalHead.last_id, JournalHead.hash).where(JournalHead.id == HEAD)
        ).one_or_none()
        walk = _Walk(chain_key(settings.keys, is_begun=head is not None or checked is not None))
        met_checked = checked is None
        for row in session.execute(stored_entries().execution_options(yield_per=2000)).mappings():
            faults += walk.step(dict(row))
            met_checked = met_checked or (walk.number, walk.hash) == checked
    if head is None and walk.entries == 0 and checked is None:
        return Verdict(0, ())
    if head is None or (head.last_id, head.hash or walk.hash) != (walk.number, walk.hash):
        last = head.last_id if head else 0
        faults.append(
            f"账尾对不上：应到第{last}条，实有到第{walk.number}条，末尾有增减或账尾被改动。"
        )
    if not met_checked and checked is not None:
        faults.append(f"上次核对过的第{checked[0]}条不见了，或已不是当时的内容。")
    if not faults and head is not None and head.hash:
        _remember(settings, walk.number, walk.hash)
    return Verdict(walk.entries, tuple(faults))


def _told(row: dict[str, Any]) -> str:
    at: datetime = row["at"]
    aware = at if at.tzinfo else at.replace(tzinfo=UTC)
    return f"{aware.astimezone(COUNTY_ZONE):%Y-%m-%d %H:%M} {row['actor']} {row['action']}"


def _place(settings: Settings) -> Path:
    return settings.home / "audit" / "checked.json"


def _remembered(settings: Settings) -> tuple[int, str] | None:
    path = _place(settings)
    if not path.is_file():
        return None
    told = json.loads(path.read_text(encoding="utf-8"))
    return int(told["id"]), str(told["hash"])


def _remember(settings: Settings, number: int, hashed: str) -> None:
    with written_whole(_place(settings), mode=0o600) as target:
        target.write_text(json.dumps({"id": number, "hash": hashed}), encoding="utf-8")
