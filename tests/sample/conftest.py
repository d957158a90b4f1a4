from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from poverty_watch.contracts import load_catalogue
from poverty_watch.months import Month
from poverty_watch.sample import SampleSummary, generate

FIRST, LAST = Month(2021, 2), Month(2021, 4)
HOUSEHOLDS = 800


@dataclass(frozen=True)
class Sample:
    folder: Path
    summary: SampleSummary

    def files(self, month: Month, suffix: str = "*") -> list[Path]:
        return sorted(
            p for p in (self.folder / str(month)).glob(f"*/*.{suffix}") if "~$" not in p.name
        )

    def rows(self, month: Month, dataset: str) -> list[dict[str, Any]]:
        """Rows of a tidy delivery by the contract's column names."""
        catalogue = load_catalogue()
        department = catalogue.department_of(dataset)
        contract = department.contracts[dataset]
        [path] = (self.folder / str(month) / department.id).glob(f"{contract.title}*.xlsx")
        header, *body = sheets_of(path)[0]
        names = {column.header: column.name for column in contract.columns}
        return [{names[h]: cell for h, cell in zip(header, row, strict=True)} for row in body]


def sheets_of(path: Path) -> list[list[list[Any]]]:
    """All sheets of a workbook, or a CSV as one sheet, as rows of cells."""
    if path.suffix == ".csv":
        content = path.read_bytes()
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = content.decode("gb18030")
        return [list(csv.reader(io.StringIO(text)))]
    book = CalamineWorkbook.from_path(path)
    return [
        book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in book.sheet_names
    ]


def cells_of(path: Path) -> Iterator[Any]:
    for sheet in sheets_of(path):
        for row in sheet:
            yield from row


@pytest.fixture(scope="session")
def tidy(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    folder = tmp_path_factory.mktemp("sample") / "tidy"
    return Sample(folder, generate(folder, FIRST, LAST, HOUSEHOLDS, 11, tidy=True))


@pytest.fixture(scope="session")
def dirty(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    folder = tmp_path_factory.mktemp("sample") / "dirty"
    return Sample(folder, generate(folder, FIRST, LAST, HOUSEHOLDS, 11))
