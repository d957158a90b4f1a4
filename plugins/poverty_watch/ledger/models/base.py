"""What all tables of the ledger share, and how a table says who may see and change it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import MetaData, String
from sqlalchemy.orm import DeclarativeBase

NAMING = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


def now() -> datetime:
    """The present moment, UTC."""
    return datetime.now(UTC)


class Base(DeclarativeBase):
    """All tables of the ledger."""

    metadata = MetaData(naming_convention=NAMING)


MonthText = String(7)


@dataclass(frozen=True)
class Parent:
    """A row is seen with its parent: ``here`` are its columns, ``there`` those of the parent."""

    table: str
    here: tuple[str, ...]
    there: tuple[str, ...] = ("id",)


@dataclass(frozen=True)
class SeenBy:
    """Who besides the county office has to do with a table's rows.

    ``township`` and ``department`` name the column that says whose a row is; ``with_parent`` is for
    rows without one of their own. ``everyone`` may read: the table speaks of no household.
    ``appended_by_all``: everybody's acts add to it, and the county office alone reads it.
    ``written_by_all``: it holds nobody's data, and everybody's acts change it.
    """

    township: str | None = None
    department: str | None = None
    with_parent: Parent | None = None
    everyone: bool = False
    appended_by_all: bool = False
    written_by_all: bool = False

    @property
    def has_owner(self) -> bool:
        """Whether a row belongs to somebody below the county."""
        return bool(self.township or self.department or self.with_parent)


COUNTY_ALONE = SeenBy()


def kept(seen_by: SeenBy = COUNTY_ALONE, *, append_only: bool = False) -> dict[str, Any]:
    """The last entry of a table's ``__table_args__``: who sees it, whether a row may ever change."""
    return {"info": {"seen_by": seen_by, "append_only": append_only}}
