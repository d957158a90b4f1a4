"""A county whose task sheets are out: they are filled in, mutilated and sent back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet
from sqlalchemy import select

from poverty_watch.identity import Keyring
from poverty_watch.lake.screenings import Screenings
from poverty_watch.ledger.models import (
    Case,
    HitFate,
    Lead,
    Screening,
    SheetReturn,
    Task,
    TaskAnswer,
)
from poverty_watch.ledger.store import Ledger
from poverty_watch.months import Month
from poverty_watch.settings import Settings
from poverty_watch.verification import open_tasks, write_task_sheets
from poverty_watch.verification.cases.carrying import Desk
from poverty_watch.verification.policy import sheet_form
from poverty_watch.verification.returns import ReturnOutcome, take_return
from tests.verification.cases.conftest import HERE, HOUSEHOLDS, household
from tests.verification.conftest import APRIL, NO_FINDINGS, OPENED_ON

TODAY = date(2021, 5, 14)
HEADERS = {column.field: column.header for column in (*sheet_form().facts, *sheet_form().answers)}
CODE = "任务码"


def answers(household_id: str, outcome: str = "属实", **told: Any) -> dict[str, Any]:
    """What two visitors write down; the remark names the household that they were at."""
    return {
        "outcome": outcome,
        "not_confirmed_because": "数据有误" if outcome == "不属实" else None,
        "risk": "因病" if outcome == "属实" else None,
        "income_change": "明显减少",
        "wants_help": "需要",
        "visitor_1": "入户一",
        "visitor_2": "入户二",
        "visited_on": date(2021, 5, 10),
        "remarks": f"到过{household_id}",
    } | told


class Sheet:
    """A workbook that a township has opened; columns are found by their headers."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.book = load_workbook(path)
        self.sheet: Worksheet = self.book["核实任务"]  # type: ignore[assignment]
        self.top = next(r for r in range(1, 30) if self.sheet.cell(r, 1).value == "序号")
        self.columns = {
            str(self.sheet.cell(self.top, c).value): c
            for c in range(1, self.sheet.max_column + 1)
            if self.sheet.cell(self.top, c).value
        }

    def rows(self) -> dict[str, int]:
        """Household number to row."""
        at = self.columns[HEADERS["household"]]
        return {
            str(self.sheet.cell(r, at).value).split("\n")[0]: r
            for r in range(self.top + 1, self.sheet.max_row + 1)
            if self.sheet.cell(r, at).value
        }

    def fill(self, row: int, told: dict[str, Any]) -> None:
        for field, value in told.items():
            self.sheet.cell(row, self.columns[HEADERS[field]], value)

    def fill_all(self, outcome: str = "属实", **told: Any) -> None:
        for number, row in self.rows().items():
            self.fill(row, answers(number, outcome, **told))

    def lines(self) -> list[list[Any]]:
        """The data rows, all columns."""
        return [
            [self.sheet.cell(r, c).value for c in range(1, self.sheet.max_column + 1)]
            for r in sorted(self.rows().values())
        ]

    def put(self, lines: list[list[Any]]) -> None:
        """Write rows in the place of those that are there."""
        for offset, line in enumerate(lines, start=1):
            for column, value in enumerate(line, start=1):
                self.sheet.cell(self.top + offset, column).value = value

    def save(self, name: str = "报回.xlsx") -> Path:
        path = self.path.parent.parent / name
        self.book.save(path)
        return path


@dataclass
class Desktop:
    """Sends tasks out and takes sheets in."""

    settings: Settings
    ledger: Ledger
    keys: Keyring

    @property
    def desk(self) -> Desk:
        return Desk(self.settings, self.ledger, TODAY)

    def send_out(
        self,
        households: Iterable[dict[str, Any]],
        *rules: str,
        month: Month = APRIL,
        opened_on: date | None = None,
        bystanders: Iterable[dict[str, Any]] = (),
    ) -> list[Path]:
        """The sheets of a month in which all these households have a lead, and bystanders none."""
        told = list(households)
        table = pa.Table.from_pylist([*told, *bystanders], schema=HOUSEHOLDS)
        tables = {"households": table, "findings": NO_FINDINGS}
        Screenings(self.settings.lake).write(month, "sample", tables)
        with self.ledger.transaction() as session:
            session.add(Screening(month=str(month), fingerprint="sample", inputs=[], checks=[]))
            for one in told:
                key = {"month": str(month), "household_id": one["household_id"]}
                place = {"township": one["township"], "village": one["village"]}
                session.add(
                    Lead(**key, **place, severity="orange", reasons=list(rules), status="raised")
                )
                for rule in rules or ("W01",):
                    evidence = {"title": rule, "sentence": f"样例原因{rule}", "question": "问？"}
                    session.add(HitFate(**key, rule_id=rule, severity="orange", evidence=evidence))
        opened = opened_on or (OPENED_ON if month == APRIL else date(2021, 6, 1))
        open_tasks(month, self.settings, self.ledger, opened)
        return write_task_sheets(month, self.settings, self.ledger).paths

    def take(self, path: Path, township: str = "") -> ReturnOutcome:
        return take_return(path, self.desk, APRIL, township)

    def outcomes(self) -> dict[str, str | None]:
        """Household to the outcome of its newest task."""
        with self.ledger.transaction() as session:
            tasks = session.scalars(select(Task).order_by(Task.id))
            return {task.household_id: task.outcome for task in tasks}

    def remarks(self) -> dict[str, str]:
        """Household to the remark that was registered for it."""
        with self.ledger.transaction() as session:
            rows = session.execute(
                select(Task.household_id, TaskAnswer.answers).join(
                    TaskAnswer, TaskAnswer.task_id == Task.id
                )
            )
            return {row.household_id: row.answers["remarks"] for row in rows}

    def sent_back(self) -> list[dict[str, Any]]:
        """All rows that came back with a reason."""
        with self.ledger.transaction() as session:
            returns = session.scalars(select(SheetReturn).order_by(SheetReturn.id))
            return [row for one in returns for row in one.rows]

    def cases(self) -> int:
        with self.ledger.transaction() as session:
            return len(list(session.scalars(select(Case))))

    def holds(self) -> None:
        """Nothing is attached to a household but what was written at its door."""
        for household_id, remark in self.remarks().items():
            assert remark == f"到过{household_id.partition(':')[2]}"


@pytest.fixture
def desktop(settings: Settings, ledger: Ledger, keys: Keyring) -> Desktop:
    return Desktop(settings, ledger, keys)


@pytest.fixture
def sheet(desktop: Desktop) -> Sheet:
    """The sheet of six households of one township."""
    (path,) = desktop.send_out((household(f"R:{n}") for n in range(1, 7)), "W01")
    return Sheet(path)


__all__ = ["HERE", "Desktop", "Sheet", "answers", "household"]
