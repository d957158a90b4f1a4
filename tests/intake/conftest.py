"""A tiny county office: put a file into the inbox, run the three steps, look at the verdict."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from poverty_watch.contracts import load_catalogue
from poverty_watch.identity import check_digit
from poverty_watch.intake import fetch, settle, validate
from poverty_watch.lake.versions import Lake
from poverty_watch.ledger.models import DatasetMonth, Delivery
from poverty_watch.ledger.store import Ledger
from poverty_watch.months import Month
from poverty_watch.settings import Settings

MARCH = Month(2021, 3)
APRIL = Month(2021, 4)


def number(birth: str = "19800101", serial: int = 1) -> str:
    """A valid identity number of nobody: its place code is never issued."""
    seventeen = f"530501{birth}{serial:03d}"
    return seventeen + check_digit(seventeen)


def save_workbook(path: Path, sheets: dict[str, Sequence[Sequence[Any]]]) -> Path:
    """An .xlsx with these rows."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(list(row))
    path.parent.mkdir(parents=True, exist_ok=True)
    book.save(path)
    return path


def csv_bytes(rows: Sequence[Sequence[Any]], encoding: str = "utf-8") -> bytes:
    """Rows as a clerk's CSV."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode(encoding)


@dataclass(frozen=True)
class Verdict:
    """What the ledger and the lake say of a dataset for a month."""

    status: str
    messages: list[str]
    delivery: Delivery | None
    accepted: pa.Table | None
    set_aside: list[dict[str, Any]]

    @property
    def faults(self) -> dict[int, str]:
        """Row number to fault."""
        return {row["source_row"]: row["fault"] for row in self.set_aside}


@dataclass(frozen=True)
class Office:
    """The inbox of one installation."""

    settings: Settings
    ledger: Ledger

    def path(self, dataset: str, name: str, month: Month = APRIL) -> Path:
        """Where a department's file goes."""
        department = load_catalogue().department_of(dataset)
        return self.settings.inbox / str(month) / department.title / name

    def deliver(
        self,
        dataset: str,
        rows: Sequence[Sequence[Any]],
        *,
        name: str | None = None,
        month: Month = APRIL,
    ) -> Verdict:
        """Put one sheet into the inbox and take it in."""
        title = load_catalogue().contract(dataset).title
        path = self.path(dataset, name or f"{title}{month}.xlsx", month)
        save_workbook(path, {"Sheet1": rows})
        return self.take_in(dataset, month)

    def deliver_bytes(
        self, dataset: str, content: bytes, name: str, month: Month = APRIL
    ) -> Verdict:
        """Put raw bytes into the inbox and take them in."""
        path = self.path(dataset, name, month)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return self.take_in(dataset, month)

    def take_in(self, dataset: str, month: Month = APRIL) -> Verdict:
        """Fetch, validate and settle the dataset's department."""
        self.settings.inbox.mkdir(parents=True, exist_ok=True)
        department = load_catalogue().department_of(dataset).id
        for step in (fetch, validate, settle):
            step(department, month, self.settings, self.ledger)
        return self.verdict(dataset, month)

    def verdict(self, dataset: str, month: Month = APRIL) -> Verdict:
        """What stands written."""
        lake = Lake(self.settings.lake)
        with self.ledger.transaction() as session:
            fate = session.get(DatasetMonth, (str(month), dataset))
            assert fate is not None
            delivery = fate.delivery
            status, messages = fate.status, list(fate.messages)
        accepted, set_aside = None, []
        if delivery and delivery.version:
            accepted = pq.read_table(lake.accepted(dataset, month, delivery.version))
            set_aside = pq.read_table(lake.set_aside(dataset, month, delivery.version)).to_pylist()
        return Verdict(status, messages, delivery, accepted, set_aside)


@pytest.fixture
def office(settings: Settings, ledger: Ledger) -> Office:
    return Office(settings, ledger)


Deliver = Callable[..., Verdict]
