"""Computations put where screening would leave them: hits and findings of a month, by hand.

What becomes of hits and findings is told by these alone; the SQL that finds them has its own tests.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pyarrow as pa
from sqlalchemy import select

from poverty_watch.lake.screenings import Screenings
from poverty_watch.ledger.models import Base, Finding, HitFate, Lead, Task, TaskReason
from poverty_watch.ledger.screenings import confirm_screening
from poverty_watch.ledger.store import Ledger
from poverty_watch.months import Month
from poverty_watch.screening.evidence import FINDINGS, HITS, table_of
from poverty_watch.settings import Settings

APRIL = Month(2021, 4)
_HOUSEHOLDS = pa.schema(
    [
        ("household_id", pa.string()),
        ("township", pa.string()),
        ("village", pa.string()),
        ("standing", pa.string()),
        ("living_members", pa.int32()),
        *((f"risk_{n}", pa.string()) for n in range(1, 6)),
    ]
)


def hit(
    household_id: str = "R:1",
    rule_id: str = "W01",
    severity: str = "orange",
    value: str | None = "6000",
    threshold: str | None = "5000",
    risk: str = "因病",
    rows: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """A hit; ``rows`` are its rows of evidence."""
    told = [
        {"person_id": "7", "name": "样本甲", "value": value, "detail": "", **row} for row in rows
    ]
    evidence = {
        "title": rule_id,
        "risk": risk,
        "sentence": "样例",
        "question": "样例？",
        "rows": told,
    }
    return {
        "rule_id": rule_id,
        "household_id": household_id,
        "person_id": 7,
        "severity": severity,
        "value": value,
        "threshold": threshold,
        "evidence": json.dumps(evidence, ensure_ascii=False),
    }


def finding(
    subject_id: str = "R:1",
    comparison_id: str = "C09",
    outcome: str = "FIX",
    *,
    dataset: str | None = None,
    household_id: str | None = "R:1",
    subject: str = "household",
    **evidence: Any,
) -> dict[str, Any]:
    """A finding of a comparison; whatever else is named stands in its evidence."""
    told = {
        "title": "样例比对",
        "outcome": outcome,
        "verifies": "civil_affairs",
        "sentence": "样例。",
    }
    return {
        "comparison_id": comparison_id,
        "subject": subject,
        "subject_id": subject_id,
        "household_id": household_id,
        "person_id": None,
        "dataset": dataset,
        "evidence": json.dumps(told | evidence, ensure_ascii=False),
    }


def ran(comparison_id: str = "C09", *lacks: str, **values: Any) -> dict[str, Any]:
    """The entry of a check that ran, though without some datasets."""
    return {"id": comparison_id, "status": "ran", "lacks": list(lacks), **values}


def did_not_run(comparison_id: str = "C09", *lacks: str) -> dict[str, Any]:
    """The entry of a check that did not run."""
    return {"id": comparison_id, "status": "not_run", "lacks": list(lacks)}


def household(household_id: str = "R:1", **values: Any) -> dict[str, Any]:
    """A household with four living members in 甸阳镇."""
    return {
        "household_id": household_id,
        "township": "甸阳镇",
        "village": "大寨村",
        "standing": None,
        "living_members": 4,
        **values,
    }


@dataclass
class Computed:
    """Puts computations in force and looks at what came of them."""

    settings: Settings
    ledger: Ledger
    number: int = field(default=0)

    def put(
        self,
        *,
        month: Month = APRIL,
        hits: Sequence[Mapping[str, Any]] = (),
        findings: Sequence[Mapping[str, Any]] = (),
        households: Sequence[Mapping[str, Any]] = (),
        checks: Sequence[Mapping[str, Any]] = (),
        serving: Mapping[str, str] | None = None,
    ) -> None:
        """A computation of a month, in force from now on. Each call is another one."""
        self.number += 1
        fingerprint = f"sample {self.number}"
        named = {row["household_id"] for row in (*hits, *findings)} - {None}
        described = {row["household_id"]: row for row in households}
        rows = [described.get(name, household(name)) for name in sorted(named | set(described))]
        tables = {
            "hits": table_of([dict(row) for row in hits], HITS),
            "findings": table_of([dict(row) for row in findings], FINDINGS),
            "households": pa.Table.from_pylist(rows, schema=_HOUSEHOLDS),
        }
        Screenings(self.settings.lake).write(month, fingerprint, tables)
        with self.ledger.transaction() as session:
            confirm_screening(
                session,
                month,
                fingerprint,
                inputs=[],
                checks=[dict(check) for check in checks],
                serving=dict(serving or {}),
            )

    def task(
        self, household_id: str = "R:1", month: str = "2021-03", **reasons: Mapping[str, Any]
    ) -> int:
        """An open task with its reasons; its number."""
        with self.ledger.transaction() as session:
            task = Task(
                household_id=household_id,
                township="甸阳镇",
                village="大寨村",
                month=month,
                opened_on=date(2021, 4, 6),
                due_on=date(2021, 4, 13),
                reasons=[
                    TaskReason(
                        rule_id=rule,
                        **{
                            "month": month,
                            "since": month,
                            "severity": "orange",
                            "sentence": "样例",
                            "question": "样例？",
                            **values,
                        },
                    )
                    for rule, values in reasons.items()
                ],
            )
            session.add(task)
            session.flush()
            return task.id

    def close(self, task_id: int, outcome: Any, decided_on: date) -> None:
        """Close a task as the verification desk does."""
        with self.ledger.transaction() as session:
            task = session.get_one(Task, task_id)
            task.status, task.outcome, task.decided_on = "closed", outcome, decided_on

    def fates(self, month: Month = APRIL) -> dict[tuple[str, str], str | None]:
        """What became of every hit, by household and rule."""
        with self.ledger.transaction() as session:
            return {
                (fate.household_id, fate.rule_id): fate.suppressed
                for fate in session.scalars(select(HitFate).where(HitFate.month == str(month)))
            }

    def leads(self, month: Month = APRIL) -> dict[str, tuple[str, str, list[str]]]:
        """Status, severity and reasons of every lead, by household."""
        with self.ledger.transaction() as session:
            return {
                lead.household_id: (lead.status, lead.severity, lead.reasons)
                for lead in session.scalars(select(Lead).where(Lead.month == str(month)))
            }

    def findings(self) -> list[Finding]:
        """All findings, the first opened first."""
        with self.ledger.transaction() as session:
            return list(session.scalars(select(Finding).order_by(Finding.id)))

    def everything(self) -> dict[str, list[Any]]:
        """All rows of the ledger."""
        with self.ledger.transaction() as session:
            return {
                table.name: sorted(session.execute(select(table)).all(), key=str)
                for table in Base.metadata.sorted_tables
            }
