"""What the lake knows of a household, as of the newest month that was computed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from poverty_watch.lake.screenings import Screenings
from poverty_watch.ledger.access import viewer_of
from poverty_watch.ledger.models import Screening
from poverty_watch.ledger.screenings import current_screening
from poverty_watch.months import Month
from poverty_watch.settings import Settings

_HUKOU = "H:"
_RISKS = ("risk_1", "risk_2", "risk_3", "risk_4", "risk_5")
_COLUMNS = [
    "household_id",
    "township",
    "village",
    "head_person_id",
    "head_name",
    "household_type",
    "is_poor",
    "standing",
    "monitored_class",
    "identified_month",
    "is_in_register",
    "living_members",
    "living_register_members",
    *_RISKS,
]


@dataclass(frozen=True)
class Household:
    """A household at the end of ``month``. ``standing``: M monitored, X eliminated, None neither.

    ``persons``: its living register members, of a household outside the register its living members.
    """

    month: Month
    household_id: str
    township: str
    village: str
    head_person_id: int | None
    head_name: str
    household_type: str
    is_poor: bool
    standing: str | None
    monitored_class: str | None
    identified_month: date | None
    persons: int
    risks: tuple[str, ...]


def newest_month(session: Session) -> Month | None:
    """The newest month that was computed; None before the first."""
    text = session.scalar(select(func.max(Screening.month)))
    return Month.parse(text) if text else None


def households_of(
    session: Session, settings: Settings, wanted: Collection[str]
) -> dict[str, Household]:
    """Those of the wanted households that the newest month knows and the viewer may see.

    One that was known by its 户号 and has come into the register since is found there; it keeps the
    id by which it is asked for.
    """
    month = newest_month(session)
    screening = current_screening(session, month) if month and wanted else None
    if month is None or screening is None:
        return {}
    screenings = Screenings(settings.lake)
    table = screenings.read(month, screening.fingerprint, "households").select(_COLUMNS)
    known = set(table.column("household_id").to_pylist()) if _by_hukou(wanted) else set()
    moved = {one for one in _by_hukou(wanted) if one not in known}
    now = {household: household for household in wanted}
    if moved and screenings.path(month, screening.fingerprint, "persons").exists():
        now |= _now(screenings.read(month, screening.fingerprint, "persons"), moved)
    ids = table.column("household_id")
    found = table.filter(pc.is_in(ids, pa.array(sorted({*now.values()}), ids.type)))
    viewer = viewer_of(session)
    rows = {
        row["household_id"]: row
        for row in found.to_pylist()
        if viewer.role != "township" or row["township"] == viewer.place
    }
    return {
        household: _household(month, rows[there] | {"household_id": household})
        for household, there in now.items()
        if there in rows
    }


def _by_hukou(wanted: Collection[str]) -> set[str]:
    return {household for household in wanted if household.startswith(_HUKOU)}


def _now(persons: pa.Table, wanted: Collection[str]) -> dict[str, str]:
    """In which household most of a hukou household's living persons are; of several the smallest."""
    numbers = pa.array([household.removeprefix(_HUKOU) for household in sorted(wanted)])
    is_theirs = pc.and_(
        pc.is_in(persons.column("hukou_id"), numbers), pc.is_null(persons.column("died_on"))
    )
    pairs = Counter(
        (row["hukou_id"], row["household_id"])
        for row in persons.select(["hukou_id", "household_id"]).filter(is_theirs).to_pylist()
        if row["household_id"]
    )
    now: dict[str, str] = {}
    for (number, household), _ in sorted(pairs.items(), key=lambda pair: (-pair[1], pair[0])):
        now.setdefault(f"{_HUKOU}{number}", household)
    return now


def _household(month: Month, row: dict[str, Any]) -> Household:
    persons = row["living_register_members"] if row["is_in_register"] else row["living_members"]
    return Household(
        month=month,
        household_id=row["household_id"],
        township=row["township"] or "",
        village=row["village"] or "",
        head_person_id=row["head_person_id"],
        head_name=row["head_name"] or "",
        household_type=row["household_type"] or "一般农户",
        is_poor=bool(row["is_poor"]),
        standing=row["standing"],
        monitored_class=row["monitored_class"],
        identified_month=row["identified_month"],
        persons=persons or 0,
        risks=tuple(row[name] for name in _RISKS if row[name]),
    )
