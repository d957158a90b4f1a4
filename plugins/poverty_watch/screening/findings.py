"""Take a month's findings into the ledger: who owns them, and what became of those of before."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import select
from sqlalchemy.orm import Session

from poverty_watch.contracts import Catalogue, load_catalogue
from poverty_watch.lake.screenings import Screenings
from poverty_watch.ledger.findings import counts
from poverty_watch.ledger.handling import Handling, handling
from poverty_watch.ledger.journal import record
from poverty_watch.ledger.models import Screening
from poverty_watch.ledger.screenings import current_screening
from poverty_watch.ledger.store import Ledger
from poverty_watch.months import Month, Workdays
from poverty_watch.screening.errors import ScreeningError
from poverty_watch.screening.life_cycle import Facts, Judgement, Key, Moved, Notice, follow
from poverty_watch.settings import REFERENCE, Settings

_REASON = "reason"
_INCREMENT = "increment"


@dataclass(frozen=True)
class FindingsOutcome:
    """A month's findings: first shown in it, mended in it, open after it."""

    month: Month
    opened: int
    mended: int
    open: int

    @property
    def summary(self) -> str:
        """One Chinese line for the log and the grid."""
        return (
            f"{self.month.chinese}：比对问题新发现 {self.opened} 条，已整改 {self.mended} 条，"
            f"未整改 {self.open} 条。"
        )


def settle_findings(
    month: Month,
    settings: Settings,
    ledger: Ledger,
    told_on: date | None = None,
    workdays: Workdays | None = None,
) -> FindingsOutcome:
    """Open, see again and close findings by the month's computation in force, in one transaction.

    Repeated with the same computation it writes nothing. Where a past month says something else than
    before, the months computed since are followed again.

    Args:
        month: the month.
        settings: the installation.
        ledger: where findings are kept.
        told_on: the day from which deadlines count; None where nobody is told (a recomputed month).
        workdays: the county's calendar; read from its file if not given.

    Raises:
        ScreeningError: the month's comparisons have not run yet.
        CalendarError: a deadline falls into a year whose days off are not known; nothing is written.
    """
    notice = _notice(told_on, workdays)
    with ledger.transaction() as session:
        office = _Office(session, settings, load_catalogue(), handling())
        screening = current_screening(session, month)
        if screening is None:
            raise ScreeningError(f"{month.chinese}还没有运行比对，不能登记比对问题。请先运行比对。")
        moved = office.follow(screening, notice)
        if moved.is_anything:
            for later in office.computed_since(month):
                office.follow(later, notice)
        found = counts(session, month)
        outcome = FindingsOutcome(
            month,
            sum(line.opened for line in found),
            sum(line.mended for line in found),
            sum(line.open for line in found),
        )
        if moved.is_anything:
            record(
                session,
                "登记比对问题",
                screening.fingerprint,
                month=month,
                opened=moved.opened,
                closed=moved.closed,
            )
    return outcome


def _notice(told_on: date | None, workdays: Workdays | None) -> Notice | None:
    if told_on is None:
        return None
    calendar = workdays or Workdays.from_file(REFERENCE / "workdays.yaml")
    due = {outcome: calendar.after(told_on, how.workdays) for outcome, how in handling().items()}
    return Notice(told_on, due.__getitem__)


@dataclass(frozen=True)
class _Office:
    """What is looked at while a month's findings are taken in."""

    session: Session
    settings: Settings
    catalogue: Catalogue
    handling: Mapping[str, Handling]

    def follow(self, screening: Screening, notice: Notice | None) -> Moved:
        month = Month.parse(screening.month)
        judgement = Judgement(
            is_judged=_Judged(screening),
            is_event=_Events(screening, self.catalogue),
            seen_before=lambda key, since: self._seen_before(key, since, month),
        )
        return follow(self.session, month, self._seen(screening, month), judgement, notice)

    def computed_since(self, month: Month) -> list[Screening]:
        """The computations in force of all later months, in their order."""
        months = self.session.scalars(
            select(Screening.month).where(Screening.month > str(month)).distinct()
        )
        found = [current_screening(self.session, Month.parse(text)) for text in sorted(months)]
        return [screening for screening in found if screening is not None]

    def _seen_before(self, key: Key, since: str, month: Month) -> str:
        """An open finding was seen in every month that could judge it."""
        earlier = month - 1
        while str(earlier) > since:
            screening = current_screening(self.session, earlier)
            if screening is not None and _Judged(screening)(key):
                return str(earlier)
            earlier = earlier - 1
        return since

    def _seen(self, screening: Screening, month: Month) -> dict[Key, Facts]:
        """The month's findings that somebody has to deal with, by key."""
        tables = Screenings(self.settings.lake)
        rows = tables.read(month, screening.fingerprint, "findings").to_pylist()
        where = _homes(tables, month, screening, {row["household_id"] for row in rows} - {None})
        seen: dict[Key, Facts] = {}
        for row in rows:
            evidence = json.loads(row["evidence"])
            how = self.handling.get(evidence["outcome"])
            if how is None:
                continue
            dataset = row["dataset"] or ""
            township, village = where.get(row["household_id"], ("", ""))
            if row["subject"] == "township":
                township = row["subject_id"]
            owner_kind, owner = self._owner(how, evidence, dataset, township)
            seen[row["comparison_id"], row["subject"], row["subject_id"], dataset] = {
                "outcome": evidence["outcome"],
                "owner_kind": owner_kind,
                "owner": owner,
                "household_id": row["household_id"],
                "person_id": row["person_id"],
                "township": township,
                "village": village,
                "evidence": evidence,
            }
        return seen

    def _owner(
        self, how: Handling, evidence: Mapping[str, Any], dataset: str, township: str
    ) -> tuple[str, str]:
        """The department that sent what is wrong, else the one that the comparison names."""
        if how.owner == "department":
            sent = dataset in self.catalogue.contracts
            of = self.catalogue.department_of(dataset).id if sent else str(evidence["verifies"])
            return "department", of
        if how.owner == "township" and township:
            return "township", township
        return "county", ""


def _homes(
    tables: Screenings, month: Month, screening: Screening, wanted: set[str]
) -> dict[str, tuple[str, str]]:
    rows = tables.read(month, screening.fingerprint, "households").select(
        ["household_id", "township", "village"]
    )
    is_wanted = pc.is_in(
        rows.column("household_id"), value_set=pa.array(sorted(wanted), pa.string())
    )
    return {
        row["household_id"]: (row["township"] or "", row["village"] or "")
        for row in rows.filter(is_wanted).to_pylist()
    }


class _Judged:
    """Whether a computation can tell that a finding is gone.

    It cannot where the comparison did not run, ran without the finding's dataset, or read an earlier
    month's register because this month's was not accepted.
    """

    def __init__(self, screening: Screening) -> None:
        self._month = screening.month
        self._serving = screening.serving
        self._lacks = {
            check["id"]: frozenset(check["lacks"])
            for check in screening.checks
            if check["status"] == "ran"
        }

    def __call__(self, key: Key) -> bool:
        comparison, _, _, dataset = key
        lacks = self._lacks.get(comparison)
        if lacks is None or dataset in lacks or (lacks and not dataset):
            return False
        return self._serving.get(dataset, self._month) == self._month


class _Events:
    """Whether a finding tells of something that no later delivery repeats.

    That is a person's row in a dataset of events, or a comparison that says so of itself; what is
    wrong with a dataset as a whole (C01) is judged by its next delivery.
    """

    def __init__(self, screening: Screening, catalogue: Catalogue) -> None:
        self._comparisons = {check["id"] for check in screening.checks if check.get("event")}
        self._increments = {
            name for name, contract in catalogue.contracts.items() if contract.kind == _INCREMENT
        }

    def __call__(self, key: Key) -> bool:
        comparison, subject, _, dataset = key
        if comparison in self._comparisons:
            return True
        return subject != _REASON and dataset in self._increments
