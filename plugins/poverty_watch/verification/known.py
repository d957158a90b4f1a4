"""What departments have said of a household already, by ``sql/verification/known_facts.sql``."""

from __future__ import annotations

from collections.abc import Collection

import pyarrow as pa
from sqlalchemy.orm import Session

from poverty_watch.contracts import load_catalogue
from poverty_watch.contracts.shape import accepted_schema
from poverty_watch.engine import DuckEngine, ParquetPart, Rows
from poverty_watch.lake.screenings import Screenings
from poverty_watch.lake.versions import Lake
from poverty_watch.ledger.deliveries import in_force
from poverty_watch.ledger.screenings import current_screening
from poverty_watch.months import Month
from poverty_watch.settings import SQL, Settings

FILE = SQL / "verification" / "known_facts.sql"
_COMPUTED = ("households", "members")


def known_facts(
    session: Session, settings: Settings, month: Month, households: Collection[str]
) -> dict[str, list[str]]:
    """Short Chinese facts per household, from the month's deliveries in force; none where none are."""
    screening = current_screening(session, month)
    screenings = Screenings(settings.lake)
    if screening is None or not households:
        return {}
    if not all(screenings.path(month, screening.fingerprint, n).exists() for n in _COMPUTED):
        return {}
    lake, found = Lake(settings.lake), dict[str, list[str]]()
    versions = {d.dataset: d.version for d in in_force(session, month) if d.month == month}
    with DuckEngine.opened(threads=1) as engine:
        for name in _COMPUTED:
            engine.attach(name, screenings.read(month, screening.fingerprint, name))
        engine.attach("wanted", pa.table({"household_id": sorted(households)}))
        engine.attach("delivered", pa.table({"dataset": pa.array(sorted(versions), pa.string())}))
        for dataset, contract in load_catalogue().contracts.items():
            parts = (
                (ParquetPart(lake.accepted(dataset, month, versions[dataset])),)
                if dataset in versions
                else ()
            )
            engine.attach(dataset, Rows(accepted_schema(contract), parts))
        rows = engine.run(FILE.read_text(encoding="utf-8"), {}, name=FILE.name).to_pylist()
    for row in rows:
        found.setdefault(row["household_id"], []).append(row["fact"])
    return found
