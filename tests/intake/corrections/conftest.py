"""A clerk who gets a correction sheet, does to it what clerks do, and sends it back."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from poverty_watch.contracts import load_catalogue
from poverty_watch.intake.answers import write_answers
from poverty_watch.months import Month
from tests.intake.answers.conftest import table, texts
from tests.intake.conftest import APRIL, Office, Verdict, save_workbook

DATASET = "disability_certificates"
OFFICE_HEADERS = ("原表行号", "问题", "怎样改", "原文件", "原工作表", "行码")


@pytest.fixture
def ledger_url(tmp_path: Path) -> str:
    """What is merged does not depend on the database: SQLite, unless a test says otherwise."""
    return f"sqlite:///{tmp_path}/home/ledger.sqlite"


@dataclass
class Form:
    """A correction sheet as rows of a table: header and a dictionary per row."""

    mark: str
    header: list[str]
    rows: list[dict[str, Any]]

    def row(self, number: int) -> dict[str, Any]:
        """The row that stood there in the sender's own table."""
        (found,) = (row for row in self.rows if row["原表行号"] == number)
        return found

    def grid(self) -> list[list[Any]]:
        """The sheet anew, as another program would save it."""
        rows = [[row.get(name) for name in self.header] for row in self.rows]
        return [[f"编号 {self.mark}"], self.header, *rows]


@dataclass
class Sender:
    """A department's clerk and the office's answers."""

    office: Office
    dataset: str = DATASET
    month: Month = APRIL
    sent: list[Path] = field(default_factory=list)
    saved: int = 0

    def deliver(self, rows: Sequence[Sequence[Any]], name: str | None = None) -> Verdict:
        """Send a whole table and let it be answered."""
        verdict = self.office.deliver(self.dataset, rows, name=name, month=self.month)
        self.answered()
        return verdict

    def answered(self) -> None:
        """Let the answers be written."""
        department = load_catalogue().department_of(self.dataset).id
        write_answers(department, self.month, self.office.settings, self.office.ledger)

    @property
    def folder(self) -> Path:
        """Where the answers lie."""
        department = load_catalogue().department_of(self.dataset)
        return self.office.settings.outbox / str(self.month) / "回执" / department.title

    def path(self, start: str) -> Path:
        """The newest answer whose name starts so."""
        title = load_catalogue().contract(self.dataset).title
        found = sorted(p for p in self.folder.iterdir() if p.name.startswith(f"{start}_{title}"))
        return found[-1]

    @property
    def has_form(self) -> bool:
        """Whether there is a correction sheet to fill in."""
        return any(p.name.startswith(("更正_", "错误清单_")) for p in self.folder.iterdir())

    def form(self) -> Form:
        """The correction sheet."""
        sheet = openpyxl.load_workbook(self.path("更正"))["更正"]
        at = next(row for row in range(1, 20) if sheet.cell(row, 1).value == "原表行号")
        header = [str(cell.value) for cell in sheet[at]]
        mark = str(sheet.cell(2, 1).value).split("编号 ")[-1]
        return Form(mark, header, table(sheet, at))

    def send_back(self, form: Form, name: str = "更正_持证残疾人_2021年4月_第1次.xlsx") -> Verdict:
        """Send the filled-in sheet, saved anew, and let it be answered."""
        path = self.office.path(self.dataset, name, self.month)
        save_workbook(path, {"更正": form.grid()})
        # A program that saves a workbook writes the second into it: two savings within one second
        # would be the same file.
        self.saved += 1
        with zipfile.ZipFile(path, "a") as package:
            package.comment = f"saved {self.saved}".encode()
        return self.taken_in()

    def taken_in(self) -> Verdict:
        """Let whatever lies in the inbox be taken in and answered."""
        verdict = self.office.take_in(self.dataset, self.month)
        self.answered()
        return verdict

    def receipt(self, sheet: str = "回执") -> list[str]:
        """All texts of a sheet of the newest receipt."""
        return texts(openpyxl.load_workbook(self.path("回执"))[sheet])

    def fates(self) -> dict[int, str]:
        """What the newest receipt says of each row of the correction sheet."""
        rows = table(openpyxl.load_workbook(self.path("回执"))["更正各行"])
        return {row["更正表行号"]: row["去向"] for row in rows}

    def accounts(self) -> list[dict[str, Any]]:
        """The newest receipt's sheet of the correction sheet's rows."""
        return table(openpyxl.load_workbook(self.path("回执"))["更正各行"])

    def standing(self) -> dict[str, dict[str, Any]]:
        """The accepted rows in force, by name."""
        accepted = self.office.verdict(self.dataset, self.month).accepted
        assert accepted is not None
        return {row["name"]: row for row in accepted.to_pylist()}


@pytest.fixture
def sender(office: Office) -> Sender:
    return Sender(office)
