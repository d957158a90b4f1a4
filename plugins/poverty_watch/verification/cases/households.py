"""What the lake knows of a household, as of the newest month that was computed."""

from __future__ import annotations

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
    """Those of the wanted households that the newest month knows and the viewer may see."""
    month = newest_month(session)
    screening = current_screening(session, month) if month and wanted else None
    if month is None or screening is None:
        return {}
    table = Screenings(settings.lake).read(month, screening.fingerprint, "households")
    ids = table.column("household_id")
    found = table.select(_COLUMNS).filter(pc.is_in(ids, pa.array(sorted(wanted), ids.type)))
    viewer = viewer_of(session)
    return {
        row["household_id"]: _household(month, row)
        for row in found.to_pylist()
        if viewer.role != "township" or row["township"] == viewer.place
    }


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
