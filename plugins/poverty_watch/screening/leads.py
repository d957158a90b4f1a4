"""From hits to leads: one household, one month, all its unsuppressed hits as reasons."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import delete, select, tuple_
from sqlalchemy.orm import Session

from poverty_watch.contracts import load_catalogue
from poverty_watch.lake.screenings import Screenings
from poverty_watch.lake.versions import Lake
from poverty_watch.ledger.changes import Values, write_changes
from poverty_watch.ledger.journal import record
from poverty_watch.ledger.models import HitFate, Lead, Screening
from poverty_watch.ledger.screenings import current_screening
from poverty_watch.ledger.store import Ledger
from poverty_watch.months import Month
from poverty_watch.screening.definitions import RuleHeader, load_definitions
from poverty_watch.screening.errors import ScreeningError
from poverty_watch.screening.events import events_of
from poverty_watch.screening.policy import suppression_policy
from poverty_watch.screening.rows import SEVERITIES
from poverty_watch.screening.suppression import NOWHERE, Hit, Household, judge
from poverty_watch.screening.surroundings import Surroundings, surroundings
from poverty_watch.screening.waivers import WAIVERS_FILE, take_in_file
from poverty_watch.settings import Settings, today

RAISED = "raised"
WITHDRAWN = "withdrawn"
_HOUSEHOLD_COLUMNS = ["household_id", "township", "village", "standing", "living_members"]
_RISK_COLUMNS = ["risk_1", "risk_2", "risk_3", "risk_4", "risk_5"]
_BATCH = 500


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


@dataclass(frozen=True)
class _Found:
    """A hit as the lake has it, its evidence read."""

    row: Mapping[str, Any]
    evidence: dict[str, Any]
    rule: RuleHeader | None

    @property
    def key(self) -> tuple[str, str]:
        return self.row["household_id"], self.row["rule_id"]


def raise_leads(
    month: Month, settings: Settings, ledger: Ledger, waivers: Path = WAIVERS_FILE
) -> LeadsOutcome:
    """Decide what becomes of every hit of the computation in force, in one transaction.

    A second run with the same hits and waivers writes nothing.

    Raises:
        ScreeningError: the month's rules have not run yet.
        WaiverError: the county's file of waivers has mistakes; nothing is written.
    """
    with ledger.transaction() as session:
        screening = current_screening(session, month)
        if screening is None:
            raise ScreeningError(
                f"{month.chinese}还没有运行预警规则，不能形成线索。请先运行比对和预警。"
            )
        take_in_file(session, waivers, today())
        hits = _hits(settings, month, screening)
        households = _households(settings, month, screening, {hit.key[0] for hit in hits})
        around = surroundings(session, month, suppression_policy().excluded.months)
        fates = _fates(hits, _events(hits, settings), households, around, month)
        leads = _leads(fates, households, month)
        within = HitFate.month == str(month)
        changed = write_changes(session, HitFate, within, fates, ("household_id", "rule_id"))
        gone = _gone_fates(session, month, fates)
        withdrawn = _with_withdrawn(session, month, leads)
        within = Lead.month == str(month)
        changed += write_changes(session, Lead, within, leads, ("household_id",)) + gone
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


def _hits(settings: Settings, month: Month, screening: Screening) -> list[_Found]:
    rules = {file.id: file.header for file in load_definitions().rules}
    table = Screenings(settings.lake).read(month, screening.fingerprint, "hits")
    return [
        _Found(row, json.loads(row["evidence"]), rules.get(row["rule_id"]))
        for row in table.to_pylist()
    ]


def _events(hits: Iterable[_Found], settings: Settings) -> dict[tuple[str, str], list[str]]:
    """The events behind each hit, by household and rule; none of a rule that is no more."""
    known = [(hit, hit.rule) for hit in hits if hit.rule is not None]
    told = [(rule, hit.evidence["rows"]) for hit, rule in known]
    events = events_of(told, load_catalogue(), Lake(settings.lake))
    return {hit.key: of_hit for (hit, _), of_hit in zip(known, events, strict=True)}


def _households(
    settings: Settings, month: Month, screening: Screening, wanted: set[str]
) -> dict[str, Household]:
    table = Screenings(settings.lake).read(month, screening.fingerprint, "households")
    rows = table.select([*_HOUSEHOLD_COLUMNS, *_RISK_COLUMNS])
    is_hit = pc.is_in(rows.column("household_id"), value_set=pa.array(sorted(wanted), pa.string()))
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


def _fates(
    hits: Iterable[_Found],
    events: Mapping[tuple[str, str], list[str]],
    households: Mapping[str, Household],
    around: Surroundings,
    month: Month,
) -> list[Values]:
    policy = suppression_policy()
    fates = []
    for found in hits:
        of_hit = events.get(found.key)
        hit = Hit(
            rule_id=found.row["rule_id"],
            household_id=found.row["household_id"],
            severity=found.row["severity"],
            risk=found.evidence["risk"],
            value=found.row["value"],
            threshold=found.row["threshold"],
            events=None if of_hit is None else frozenset(of_hit),
            severities=found.rule.severity if found.rule else "",
            lower_is_worse=found.rule is not None and found.rule.worse == "lower",
        )
        household = households.get(hit.household_id, NOWHERE)
        verdict = judge(hit, household, around.of(found.key), policy, month)
        fates.append(
            {
                "month": str(month),
                "household_id": hit.household_id,
                "rule_id": hit.rule_id,
                "severity": hit.severity,
                "value": hit.value,
                "threshold": hit.threshold,
                "evidence": found.evidence,
                "suppressed": verdict.letter,
                "reopens_when": verdict.reopens_when,
                "events": of_hit,
                "task_id": verdict.task_id,
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
    known = session.execute(select(*Lead.__table__.columns).where(Lead.month == str(month)))
    lost = [
        {**lead, "status": WITHDRAWN}
        for lead in known.mappings()
        if lead["household_id"] not in standing
    ]
    leads += lost
    return len(lost)


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
