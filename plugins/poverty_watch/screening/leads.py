"""From hits to leads: one household, one month, all its unsuppressed hits as reasons."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import delete, insert, select, tuple_
from sqlalchemy.orm import Session

from poverty_watch.lake.screenings import Screenings
from poverty_watch.ledger.journal import record
from poverty_watch.ledger.models import Base, HitFate, Lead, Screening, Task, TaskReason
from poverty_watch.ledger.screenings import current_screening
from poverty_watch.ledger.store import Ledger
from poverty_watch.months import Month
from poverty_watch.screening.errors import ScreeningError
from poverty_watch.screening.evidence import SEVERITIES
from poverty_watch.screening.suppression import (
    NOWHERE,
    Hit,
    Household,
    Surroundings,
    suppressed_by,
)
from poverty_watch.settings import Settings

RAISED = "raised"
WITHDRAWN = "withdrawn"
_OPEN = "open"
_HOUSEHOLD_COLUMNS = ["household_id", "township", "village", "standing", "living_members"]
_RISK_COLUMNS = ["risk_1", "risk_2", "risk_3", "risk_4", "risk_5"]
_BATCH = 500

Values = dict[str, Any]
Key = tuple[str, ...]


@dataclass(frozen=True)
class LeadsOutcome:
    """What became of a month's hits.

    ``suppressed``: hits per reason letter. ``withdrawn``: leads that a corrected delivery no longer
    gives a reason for. ``changed``: rows of the ledger that were written.
    """

    month: Month
    hits: int
    leads: int
    suppressed: dict[str, int]
    withdrawn: int
    changed: int
    summary: str


def raise_leads(month: Month, settings: Settings, ledger: Ledger) -> LeadsOutcome:
    """Decide what becomes of every hit of the computation in force, in one transaction.

    A second run with the same hits writes nothing.

    Raises:
        ScreeningError: the month's rules have not run yet.
    """
    with ledger.transaction() as session:
        screening = current_screening(session, month)
        if screening is None:
            raise ScreeningError(
                f"{month.chinese}还没有运行预警规则，不能形成线索。请先运行比对和预警。"
            )
        hits = Screenings(settings.lake).read(month, screening.fingerprint, "hits").to_pylist()
        households = _households(settings, month, screening, {hit["household_id"] for hit in hits})
        fates = _fates(hits, households, _surroundings(session, month), month)
        leads = _leads(fates, households, month)
        changed = _write(session, HitFate, month, fates, ("household_id", "rule_id"))
        gone = _gone_fates(session, month, fates)
        withdrawn = _with_withdrawn(session, month, leads)
        changed += _write(session, Lead, month, leads, ("household_id",)) + gone
        outcome = _outcome(month, fates, leads, withdrawn, changed)
        if changed:
            record(
                session,
                "leads_raised",
                screening.fingerprint,
                month=month,
                leads=outcome.leads,
                suppressed=outcome.suppressed,
                withdrawn=withdrawn,
            )
    return outcome


def _households(
    settings: Settings, month: Month, screening: Screening, wanted: set[str]
) -> dict[str, Household]:
    table = Screenings(settings.lake).read(month, screening.fingerprint, "households")
    rows = table.select([*_HOUSEHOLD_COLUMNS, *_RISK_COLUMNS])
    is_hit = [household_id in wanted for household_id in rows.column("household_id").to_pylist()]
    return {
        row["household_id"]: Household(
            township=row["township"] or "",
            village=row["village"] or "",
            standing=row["standing"],
            risks=frozenset(row[column] for column in _RISK_COLUMNS if row[column]),
            living_members=row["living_members"],
        )
        for row in rows.filter(is_hit).to_pylist()
    }


def _surroundings(session: Session, month: Month) -> Surroundings:
    """Tasks of earlier months, and what this month's hits became before.

    A reason that this very month added to an earlier task does not suppress the month's own hit.
    """
    open_before = session.execute(
        select(Task.household_id, TaskReason.rule_id)
        .join(TaskReason, TaskReason.task_id == Task.id)
        .where(Task.status == _OPEN, Task.month < str(month), TaskReason.month < str(month))
    )
    fates = session.execute(
        select(HitFate.household_id, HitFate.rule_id, HitFate.suppressed).where(
            HitFate.month == str(month)
        )
    )
    return Surroundings(
        open_before=frozenset((row.household_id, row.rule_id) for row in open_before),
        fates={(row.household_id, row.rule_id): row.suppressed for row in fates},
    )


def _fates(
    hits: Iterable[Mapping[str, Any]],
    households: Mapping[str, Household],
    surroundings: Surroundings,
    month: Month,
) -> list[Values]:
    fates = []
    for row in hits:
        evidence = json.loads(row["evidence"])
        hit = Hit(row["rule_id"], row["household_id"], row["severity"], evidence["risk"])
        reason = suppressed_by(hit, households.get(hit.household_id, NOWHERE), surroundings)
        fates.append(
            {
                "month": str(month),
                "household_id": hit.household_id,
                "rule_id": hit.rule_id,
                "severity": hit.severity,
                "value": row["value"],
                "threshold": row["threshold"],
                "evidence": evidence,
                "suppressed": reason.letter if reason else None,
                "reopens_when": reason.reopens_when if reason else None,
            }
        )
    return fates


def _leads(
    fates: Iterable[Values], households: Mapping[str, Household], month: Month
) -> list[Values]:
    by_household: dict[str, list[Values]] = {}
    for fate in fates:
        if fate["suppressed"] is None:
            by_household.setdefault(fate["household_id"], []).append(fate)
    return [
        {
            "month": str(month),
            "household_id": household_id,
            "severity": min((f["severity"] for f in reasons), key=SEVERITIES.index),
            "reasons": sorted(f["rule_id"] for f in reasons),
            "township": households[household_id].township,
            "village": households[household_id].village,
            "status": RAISED,
        }
        for household_id, reasons in sorted(by_household.items())
    ]


def _with_withdrawn(session: Session, month: Month, leads: list[Values]) -> int:
    """Add the leads that stand in the ledger and are none any more; how many there are."""
    standing = {lead["household_id"] for lead in leads}
    lost = [
        {**_values(lead, leads_columns()), "status": WITHDRAWN}
        for lead in session.scalars(select(Lead).where(Lead.month == str(month)))
        if lead.household_id not in standing
    ]
    leads += lost
    return len(lost)


def leads_columns() -> list[str]:
    """The columns of a lead."""
    return [column.key for column in Lead.__table__.columns]


_Row = TypeVar("_Row", bound=Base)


def _values(row: Base, columns: Iterable[str]) -> Values:
    return {column: getattr(row, column) for column in columns}


def _write(session: Session, model: type[_Row], month: Month, rows: list[Values], key: Key) -> int:
    """Insert what is new and update what differs; how many rows were written."""
    month_column = model.__table__.columns["month"]
    known = {
        tuple(getattr(row, column) for column in key): row
        for row in session.scalars(select(model).where(month_column == str(month)))
    }
    fresh: list[Values] = []
    changed = 0
    for values in rows:
        row = known.get(tuple(values[column] for column in key))
        if row is None:
            fresh.append(values)
            continue
        different = {name: new for name, new in values.items() if getattr(row, name) != new}
        for name, new in different.items():
            setattr(row, name, new)
        changed += bool(different)
    if fresh:
        session.execute(insert(model), fresh)
    session.flush()
    return changed + len(fresh)


def _gone_fates(session: Session, month: Month, fates: Iterable[Values]) -> int:
    """Forget hits that the computation in force does not have any more."""
    standing = {(fate["household_id"], fate["rule_id"]) for fate in fates}
    known = session.execute(
        select(HitFate.household_id, HitFate.rule_id).where(HitFate.month == str(month))
    )
    gone = sorted({(row.household_id, row.rule_id) for row in known} - standing)
    for start in range(0, len(gone), _BATCH):
        batch = gone[start : start + _BATCH]
        session.execute(
            delete(HitFate).where(
                HitFate.month == str(month),
                tuple_(HitFate.household_id, HitFate.rule_id).in_(batch),
            )
        )
    return len(gone)


def _outcome(
    month: Month, fates: list[Values], leads: list[Values], withdrawn: int, changed: int
) -> LeadsOutcome:
    suppressed = Counter(fate["suppressed"] for fate in fates if fate["suppressed"])
    raised = sum(lead["status"] == RAISED for lead in leads)
    summary = f"{month.chinese}：命中 {len(fates)} 条，形成线索 {raised} 户，暂不核实 {sum(suppressed.values())} 条"
    if withdrawn:
        summary += f"，撤回线索 {withdrawn} 户"
    return LeadsOutcome(
        month,
        len(fates),
        raised,
        dict(sorted(suppressed.items())),
        withdrawn,
        changed,
        summary + "。",
    )
