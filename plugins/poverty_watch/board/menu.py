"""What stands in the board's menu, and for whom."""

from __future__ import annotations

from dataclasses import dataclass

from poverty_watch.ledger.access import Role

EVERYBODY: tuple[Role, ...] = ("county", "township", "department", "viewer")


@dataclass(frozen=True)
class Entry:
    """One page of the menu; ``path`` within the board."""

    title: str
    path: str
    roles: tuple[Role, ...] = EVERYBODY
