"""A screened month for the report to read, put together row by row."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from poverty_watch.lake.screenings import Screenings
from poverty_watch.ledger.models import DatasetMonth, Delivery, HitFate, Lead, Screening
from poverty_watch.ledger.store import Ledger, open_ledger
from poverty_watch.months import Month
from poverty_watch.report import build_report, sign_report
from poverty_watch.report.stocks import REGISTER_STOCK
from poverty_watch.settings import Settings

APRIL = Month.parse("2021-04")
HITS = pa.schema(
    [
        ("rule_id", pa.string()),
        ("household_id", pa.string()),
        ("person_id", pa.int64()),
        ("severity", pa.string()),
    ]
)
FINDINGS = pa.schema(
    [
        ("comparison_id", pa.string()),
        ("subject_id", pa.string()),
        ("household_id", pa.string()),
        ("person_id", pa.int64()),
        ("dataset", pa.string()),
    ]
)


def household(
    number: str = "1",
    township: str | None = "甸阳镇",
    of: str | None = "脱贫不稳定户",
    identified: str | None = "2020-11",
    eliminated: str | None = None,
    living: int = 3,
    *,
    done: str | None = None,
    mode: str | None = None,
    risk: str | None = "因病",
) -> dict[str, Any]:
    """A row of ``register_stock``; a household with an elimination month counts as eliminated."""
    return {
        "household_id": f"R:{number}",
        "township": township,
        "monitored_class": of,
        "is_eliminated": done if done is not None else ("是" if eliminated else "否"),
        "identified_month": _first_day(identified),
        "eliminated_month": _first_day(eliminated),
        "elimination_mode": mode or ("帮扶消除" if eliminated else None),
        "main_risk": risk,
        "household_type": "脱贫户",
        "living_register_members": living,
    }


def _first_day(month: str | None) -> date | None:
    return None if month is None else Month.parse(month).first_day


def register(*rows: dict[str, Any]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=REGISTER_STOCK)


@dataclass
class ScreenedMonth:
    """Write a month's screening, deliveries and leads as the other rooms would."""

    settings: Settings
    ledger: Ledger
    month: Month = APRIL
    tables: dict[str, pa.Table] = field(default_factory=dict)

    def screen(
        self,
        now: Iterable[dict[str, Any]] = (),
        before: Iterable[dict[str, Any]] = (),
        *,
        fingerprint: str = "f" * 64,
        hits: Iterable[dict[str, Any]] = (),
        findings: Iterable[dict[str, Any]] = (),
        checks: Iterable[dict[str, Any]] = (),
        serving: dict[str, str] | None = None,
        not_judged: dict[str, Any] | None = None,
    ) -> None:
        Screenings(self.settings.lake).write(
            self.month,
            fingerprint,
            {
                "register_stock": register(*now),
                "register_stock_previous": register(*before),
                "hits": pa.Table.from_pylist(list(hits), schema=HITS),
                "findings": pa.Table.from_pylist(list(findings), schema=FINDINGS),
            },
        )
        with self.ledger.transaction() as session:
            session.add(
                Screening(
                    month=str(self.month),
                    fingerprint=fingerprint,
                    inputs=[],
                    checks=list(checks),
                    serving=serving or {"monitoring_register": str(self.month)},
                    not_judged=not_judged,
                )
            )

    def deliver(
        self,
        dataset: str,
        department: str,
        status: str = "accepted",
        accepted: int = 0,
        faults: dict[str, int] | None = None,
        messages: Iterable[str] = (),
    ) -> None:
        with self.ledger.transaction() as session:
            delivery = None
            if status in ("accepted", "accepted_with_warnings", "nil"):
                delivery = Delivery(
                    month=str(self.month),
                    dataset=dataset,
                    department=department,
                    content_sha256=dataset,
                    policy_sha256="p",
                    status=status,
                    version=1,
                    data_rows=accepted + sum((faults or {}).values()),
                    accepted_rows=accepted,
                    rejected_rows=sum((faults or {}).values()),
                    faults=faults or {},
                )
                session.add(delivery)
                session.flush()
            session.add(
                DatasetMonth(
                    month=str(self.month),
                    dataset=dataset,
                    department=department,
                    status=status,
                    delivery_id=delivery.id if delivery else None,
                    messages=list(messages),
                )
            )

    def lead(self, household_id: str, *reasons: str, township: str = "甸阳镇") -> None:
        with self.ledger.transaction() as session:
            session.add(
                Lead(
                    month=str(self.month),
                    household_id=household_id,
                    severity="orange",
                    reasons=list(reasons),
                    township=township,
                    village="某村",
                )
            )

    def suppress(self, household_id: str, rule_id: str, reason: str) -> None:
        with self.ledger.transaction() as session:
            session.add(
                HitFate(
                    month=str(self.month),
                    household_id=household_id,
                    rule_id=rule_id,
                    severity="yellow",
                    evidence={},
                    suppressed=reason,
                )
            )


ON_ONE_DATABASE = pytest.mark.parametrize("ledger_url", ["sqlite"], indirect=True)
"""For tests of what does not depend on which database the ledger is."""


@pytest.fixture(scope="session")
def signed_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation whose April has a draft and a signed version of two households."""
    home = tmp_path_factory.mktemp("signed") / "home"
    april = _at(home)
    april.screen([household("1"), household("2")], [household("1"), household("2")])
    build_report(APRIL, april.settings, april.ledger)
    sign_report(APRIL, april.settings, april.ledger, "示例签发人")
    april.ledger.engine.dispose()
    return home


@pytest.fixture
def signed(signed_home: Path, tmp_path: Path) -> ScreenedMonth:
    """A copy of it for each test."""
    return _at(Path(shutil.copytree(signed_home, tmp_path / "home")))


def _at(home: Path) -> ScreenedMonth:
    settings = Settings(home, home / "inbox", f"sqlite:///{home}/ledger.sqlite")
    return ScreenedMonth(settings, open_ledger(settings))


@pytest.fixture
def april(settings: Settings, ledger: Ledger) -> ScreenedMonth:
    return ScreenedMonth(settings, ledger)


@pytest.fixture
def screened(settings: Settings, ledger: Ledger) -> Callable[[Month], ScreenedMonth]:
    return lambda month: ScreenedMonth(settings, ledger, month)
