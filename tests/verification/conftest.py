"""Leads in a ledger and households in a lake, as screening leaves them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa
import pytest
from sqlalchemy import select

from poverty_watch.identity import Keyring, check_digit
from poverty_watch.lake.screenings import Screenings
from poverty_watch.ledger.models import Finding, HitFate, Lead, Screening, Task
from poverty_watch.ledger.screenings import current_screening
from poverty_watch.ledger.sealed import seal_identities, seal_phones
from poverty_watch.ledger.store import Ledger
from poverty_watch.months import Month
from poverty_watch.settings import Settings

APRIL, MAY = Month(2021, 4), Month(2021, 5)
OPENED_ON = date(2021, 5, 6)
_KEY = ("comparison_id", "subject", "subject_id", "dataset", "evidence")
NO_FINDINGS = pa.table({name: pa.array([], pa.string()) for name in _KEY})


def identity_number(serial: int) -> str:
    """A valid number of nobody."""
    seventeen = f"53050119700101{serial:03d}"
    return seventeen + check_digit(seventeen)


@dataclass(frozen=True)
class County:
    """Puts leads where screening would put them."""

    settings: Settings
    ledger: Ledger
    keys: Keyring

    def lead(
        self,
        household_id: str,
        *rules: str,
        month: Month = APRIL,
        township: str = "甸阳镇",
        sentence: str = "样例原因",
    ) -> None:
        """One lead with a hit per rule."""
        with self.ledger.transaction() as session:
            session.add(
                Lead(
                    month=str(month), household_id=household_id, severity="orange", reasons=list(rules),
                    township=township, village="样例村", status="raised",
                )
            )  # fmt: skip
            for rule in rules:
                session.add(
                    HitFate(
                        month=str(month), household_id=household_id, rule_id=rule, severity="orange",
                        evidence={"title": rule, "sentence": f"{sentence}{rule}", "question": f"问{rule}？"},
                    )
                )  # fmt: skip

    def households(self, names: dict[str, str], month: Month = APRIL) -> None:
        """The households table of the month's computation, heads sealed in the ledger."""
        numbers = [identity_number(i) for i in range(len(names))]
        people = self.keys.person_ids(pa.array(numbers)).to_pylist()
        table = pa.table(
            {
                "household_id": list(names),
                "head_person_id": people,
                "head_name": list(names.values()),
                "household_type": ["脱贫户"] * len(names),
                "monitored_class": ["脱贫不稳定户"] * len(names),
                "standing": ["X"] * len(names),
                "living_members": [4] * len(names),
            }
        )
        tables = {"households": table, "findings": NO_FINDINGS}
        Screenings(self.settings.lake).write(month, "sample", tables)
        with self.ledger.transaction() as session:
            if current_screening(session, month) is None:
                session.add(Screening(month=str(month), fingerprint="sample", inputs=[], checks=[]))
            seal_identities(session, self.keys, dict(zip(people, numbers, strict=True)))
            seal_phones(session, self.keys, {people[0]: "10000000001"})

    def finding(
        self,
        household_id: str | None,
        outcome: str,
        sentence: str,
        *,
        month: Month = APRIL,
        **values: Any,
    ) -> None:
        """An open finding that the month's comparison did not judge again."""
        evidence = {"title": "样例比对", "outcome": outcome, "sentence": sentence, "rows": []}
        given = {
            "comparison_id": "C14",
            "subject": "household",
            "subject_id": f"{household_id} {outcome}",
            "dataset": "",
            "owner_kind": "township",
            "owner": "甸阳镇",
            "township": "甸阳镇",
            "village": "样例村",
        } | values
        evidence |= given.pop("evidence", {})
        with self.ledger.transaction() as session:
            session.add(
                Finding(
                    household_id=household_id, outcome=outcome, evidence=evidence,
                    opened_month=str(month), seen_month=str(month), **given,
                )
            )  # fmt: skip

    def tasks(self) -> list[Task]:
        """All tasks with their reasons, by id."""
        with self.ledger.transaction() as session:
            tasks = list(session.scalars(select(Task).order_by(Task.id)))
            for task in tasks:
                _ = task.reasons
            return tasks


@pytest.fixture
def county(settings: Settings, ledger: Ledger, keys: Keyring) -> County:
    return County(settings, ledger, keys)
