"""A small county whose months are computed, written down household by household."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from typer.testing import CliRunner

from poverty_watch.cli import app
from poverty_watch.lake.screenings import Screenings
from poverty_watch.ledger.access import Viewer
from poverty_watch.ledger.models import Case, Screening, Task, TaskReason
from poverty_watch.ledger.store import Ledger
from poverty_watch.months import Month
from poverty_watch.settings import Settings
from poverty_watch.verification.cases.carrying import Desk
from poverty_watch.verification.cases.decisions import Decided, decide
from poverty_watch.verification.cases.given import read_given
from poverty_watch.verification.cases.verdicts import Verdict, take_verdicts

APRIL = Month(2021, 4)
OPENED_ON = date(2021, 5, 6)
HERE, THERE = "甸阳镇", "由旺镇"
COUNTY = Viewer("县一", "county")
COUNTY_2 = Viewer("县二", "county")
VISITOR = Viewer("镇一", "township", HERE)
CHECKER = Viewer("镇二", "township", HERE)
ELSEWHERE = Viewer("镇三", "township", THERE)

HOUSEHOLDS = pa.schema(
    [
        ("household_id", pa.string()),
        ("township", pa.string()),
        ("village", pa.string()),
        ("head_person_id", pa.int64()),
        ("head_name", pa.string()),
        ("household_type", pa.string()),
        ("is_poor", pa.bool_()),
        ("standing", pa.string()),
        ("monitored_class", pa.string()),
        ("identified_month", pa.date32()),
        ("eliminated_month", pa.date32()),
        ("is_in_register", pa.bool_()),
        ("living_members", pa.int32()),
        ("living_register_members", pa.int32()),
        ("has_unsafe_house", pa.string()),
        ("has_safe_water", pa.string()),
        ("income_per_head", pa.decimal128(18, 4)),
        *((f"risk_{number}", pa.string()) for number in range(1, 6)),
    ]
)


def household(household_id: str = "R:1", **told: Any) -> dict[str, Any]:
    """A household outside monitoring, unless it is told otherwise."""
    return {
        "household_id": household_id,
        "township": HERE,
        "village": "样例村",
        "head_person_id": int(household_id.partition(":")[2]) * 10,
        "head_name": "样例甲",
        "household_type": "脱贫户",
        "is_poor": True,
        "is_in_register": household_id.startswith("R:"),
        "living_members": 4,
        "living_register_members": 3,
        "has_unsafe_house": "否",
        "has_safe_water": "是",
        "income_per_head": Decimal(7000),
    } | told


@dataclass
class Office:
    """Computed months, tasks, and a desk that decides."""

    settings: Settings
    ledger: Ledger
    folder: Path
    today: date = date(2021, 12, 31)
    computed: set[Month] = field(default_factory=set)

    @property
    def desk(self) -> Desk:
        return Desk(self.settings, self.ledger, self.today)

    def compute(
        self,
        *households: dict[str, Any],
        month: Month = APRIL,
        serving: dict[str, str] | None = None,
        **tables: pa.Table,
    ) -> None:
        """A month's computation in force."""
        fingerprint = f"sample{len(self.computed)}"
        self.computed.add(month)
        table = pa.Table.from_pylist(list(households), schema=HOUSEHOLDS)
        Screenings(self.settings.lake).write(month, fingerprint, {"households": table, **tables})
        with self.ledger.transaction() as session:
            session.add(
                Screening(
                    month=str(month),
                    fingerprint=fingerprint,
                    inputs=[],
                    checks=[],
                    serving=serving or {},
                )
            )

    def task(self, household_id: str = "R:1", *rules: str, township: str = HERE) -> int:
        """An open task."""
        with self.ledger.transaction() as session:
            task = Task(
                household_id=household_id,
                township=township,
                village="样例村",
                month="2021-04",
                opened_on=OPENED_ON,
                due_on=date(2021, 5, 13),
                reasons=[
                    TaskReason(
                        rule_id=rule,
                        month="2021-04",
                        since="2021-04",
                        severity="red",
                        sentence="样例",
                        question="样例",
                    )
                    for rule in rules or ("W01",)
                ],
            )
            session.add(task)
            session.flush()
            return task.id

    def paper(self, content: str = "样例材料", name: str = "材料.pdf") -> Path:
        path = self.folder / name
        path.write_text(content, encoding="utf-8")
        return path

    def visit(
        self,
        task_id: int,
        decision: str = "confirmed",
        on: date = date(2021, 5, 10),
        by: Viewer = VISITOR,
        **given: Any,
    ) -> Any:
        """A task's visit comes back."""
        told = {"visitors": ["入户一", "入户二"], "risks": ["因病"]} | given
        papers = ({"kind": "visit_sheet", "sha256": "0" * 64, "suffix": ".xlsx"},)
        with self.ledger.transaction(by) as session:
            (taken,) = take_verdicts(
                session, self.desk, [Verdict(task_id, decision, on, told, papers)], by
            )
        return taken

    def decide(
        self,
        case_id: int,
        decision: str,
        by: Viewer,
        on: date | str,
        given: dict[str, str] | None = None,
        papers: Iterable[str] = (),
        step: str | None = None,
    ) -> Decided:
        """Decide with papers of these kinds."""
        day = date.fromisoformat(on) if isinstance(on, str) else on
        files = {kind: [self.paper(kind, f"{kind}.pdf")] for kind in papers}
        desk = self.desk
        return decide(
            desk, case_id, decision, by, day, read_given(desk.policy, given or {}), files, step=step
        )

    def case(self, case_id: int) -> Case:
        with self.ledger.transaction() as session:
            case = session.get_one(Case, case_id)
            _ = case.steps
            return case

    def to_county(self, case_id: int) -> None:
        """From the comparison on, all the way to the county's approval."""
        self.decide(case_id, "clear", COUNTY, "2021-05-12", {"资产说明": ""}, COMPARED)
        self.decide(case_id, "agreed", VISITOR, "2021-05-14", VOTES, ["minutes"])
        self.decide(case_id, "posted", VISITOR, "2021-05-15", papers=["notice_photo"])
        self.decide(case_id, "no_objection", VISITOR, "2021-05-22")
        self.decide(case_id, "agreed", CHECKER, "2021-05-24", papers=["township_opinion"])

    def approved(self, household_id: str = "R:1", on: str = "2021-05-26", **told: Any) -> int:
        """A household's case, approved by the county."""
        case_id: int = self.visit(self.task(household_id), **told).case_id
        self.to_county(case_id)
        self.decide(
            case_id, "approved", COUNTY_2, on, {"监测对象类别": "脱贫不稳定户"}, ["approval"]
        )
        return case_id


Command = Callable[..., tuple[int, str]]
VOTES = {"到会人数": "12", "同意票": "11", "不同意票": "1"}
COMPARED = ["authorisation", "comparison_sheet"]


@pytest.fixture
def office(settings: Settings, ledger: Ledger, tmp_path: Path) -> Office:
    return Office(settings, ledger, tmp_path)


@pytest.fixture
def command(office: Office, monkeypatch: pytest.MonkeyPatch) -> Command:
    monkeypatch.setenv("POVERTY_WATCH_HOME", str(office.settings.home))
    monkeypatch.setenv("POVERTY_WATCH_LEDGER_URL", office.settings.ledger_url)
    monkeypatch.setenv("POVERTY_WATCH_TODAY", "2021-06-01")
    monkeypatch.setenv("COLUMNS", "120")

    def run(*words: str) -> tuple[int, str]:
        done = CliRunner().invoke(app, list(words))
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done.exit_code, done.output

    return run
