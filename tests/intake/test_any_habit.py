"""Whatever form a clerk chooses, the same rows come out.

A month of a sample county is written plainly, then once more in a form drawn by chance: order of
columns, empty columns in front, titles, headers in two rows, headers on every page, subtotals,
signatures, a sheet or a file per township, another encoding, dates, amounts and numbers in every
form that is read. `HABITS` sets how many forms are tried per dataset (20 or more for a nightly run).
"""

from __future__ import annotations

import io
import os
import random
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pytest

from poverty_watch.contracts import Column, Contract, load_catalogue
from poverty_watch.identity import Keyring
from poverty_watch.intake.judgement import DeliveredFile, History, Judgement, judge_submission
from poverty_watch.intake.names import dataset_in
from poverty_watch.intake.policy import delivery_policy
from poverty_watch.intake.sheets import read_sheets
from poverty_watch.months import Month
from poverty_watch.sample import generate
from tests.intake.conftest import csv_bytes

MONTH = Month(2024, 2)
FORMS = int(os.environ.get("HABITS", "1"))
MOST_ROWS = 120
Row = list[Any]
WIDE = {ord(narrow): ord(narrow) + 0xFEE0 for narrow in "0123456789.,-X"}
EPOCH = datetime(1899, 12, 30)
KEYS = Keyring(b"1" * 32, b"2" * 32)
DATASETS = list(load_catalogue().contracts)


@pytest.fixture(scope="module")
def plain_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A plain workbook per dataset."""
    folder = tmp_path_factory.mktemp("county") / "inbox"
    generate(folder, MONTH, MONTH, 500, 7, tidy=True)
    catalogue = load_catalogue()
    found = {
        dataset_in(path.name, catalogue, catalogue.departments[path.parent.name]): path
        for path in folder.rglob("*.xlsx")
    }
    return {dataset: path for dataset, path in found.items() if dataset}


def judged(dataset: str, files: list[Path]) -> Judgement:
    department = load_catalogue().department_of(dataset)
    return judge_submission(
        department.contracts[dataset],
        department.suite_path(dataset),
        [DeliveredFile(path, path.name) for path in files],
        False,
        MONTH,
        KEYS,
        History([], None, None),
    )


def content_of(table: pa.Table) -> list[tuple[Any, ...]]:
    names = [name for name in table.column_names if not name.startswith("source_")]
    rows = zip(*(table[name].to_pylist() for name in names), strict=True)
    return sorted(rows, key=repr)


# ---- cells


def written(cell: Any, column: Column, chance: random.Random, is_text: bool) -> Any:
    """A cell in one of the forms that the catalogue lists for its kind."""
    if cell in ("", None):
        return chance.choice([None, "", " "])
    match column.type:
        case "date":
            return dates(cell)[chance.randrange(9)](is_text)
        case "month":
            return months(cell, chance)
        case "amount":
            return amounts(cell, column, chance)
        case "identity" | "identity_reference":
            return numbers(str(cell), chance)
        case "name":
            return chance.choice(
                [cell, cell, f" {cell}", f"{cell[:1]} {cell[1:]}", f"{cell}\u3000"]
            )
        case "choice":
            return chance.choice([cell, f"{cell} ", f"\u3000{cell}"])
    return cell


def dates(cell: Any) -> list[Callable[[bool], Any]]:
    day = cell if isinstance(cell, datetime) else datetime.combine(cell, datetime.min.time())
    serial = (day - EPOCH).days
    return [
        lambda is_text: f"{day:%Y-%m-%d}" if is_text else day,
        lambda is_text: f"{day:%Y-%m-%d}",
        lambda is_text: f"{day.year}/{day.month}/{day.day}",
        lambda is_text: f"{day.year}.{day.month}.{day.day}",
        lambda is_text: f"{day.year}年{day.month}月{day.day}日",
        lambda is_text: f"{day:%Y%m%d}",
        lambda is_text: str(serial) if is_text else serial,
        lambda is_text: f"{day:%Y-%m-%d} 00:00:00",
        lambda is_text: f"{day:%Y-%m-%d}".translate(WIDE),
    ]


def months(cell: Any, chance: random.Random) -> Any:
    text = f"{cell:%Y-%m}" if isinstance(cell, date) else str(cell)
    year, month = text[:4], text[5:7]
    return chance.choice(
        [f"{year}{month}", f"{year}-{month}", f"{year}年{int(month)}月", f"{year}年{month}月"]
    )


def amounts(cell: Any, column: Column, chance: random.Random) -> Any:
    number = float(cell)
    forms = [
        cell,
        repr(number),
        f"{number:,.2f}",
        f" {number:.2f} ",
        f"{number:.2f}".translate(WIDE),
    ]
    if round(number, 2) != number:
        forms = [cell, repr(number), repr(number).translate(WIDE)]
    if column.unit == "元" and round(number, 2) == number:
        forms += [f"{number:.2f}元", f"¥{number:,.2f}", f"￥{number:.2f}"]
    return chance.choice(forms)


def numbers(number: str, chance: random.Random) -> str:
    forms = [number, number, number, f"'{number}", f" {number}", f"{number}\u200b", number.lower()]
    forms += [number.translate(WIDE), f"“{number}”", f"{number[:6]} {number[6:14]} {number[14:]}"]
    if len(number) == 18 and number[6:8] == "19":
        forms.append(number[:6] + number[8:17])
    return chance.choice(forms)


# ---- sheets


def laid_out(
    rows: list[Row], contract: Contract, chance: random.Random, is_text: bool
) -> list[Row]:
    """A sheet's rows in one clerk's form."""
    columns = list(contract.columns)
    order = chance.sample(range(len(columns)), len(columns))
    in_front = chance.choice([0, 0, 1, 3])
    extra = chance.choice([[], ["序号"], ["备注"], ["序号", "民族"], [""]])
    known = {header for column in columns for header in column.headers}
    extra = [name for name in extra if name not in known]

    def line(cells: Row, more: Row) -> Row:
        return [None] * in_front + more[:1] + [cells[i] for i in order] + more[1:]

    header = line([heading(column, chance) for column in columns], list(extra))
    body = [
        line(
            [written(c, column, chance, is_text) for c, column in zip(row, columns, strict=True)],
            [filler(name, at) for name in extra],
        )
        for at, row in enumerate(rows, start=1)
    ]
    width = len(header)
    above: list[Row] = []
    if chance.random() < 0.6:
        above.append([f"样例县{MONTH.chinese}{contract.title}情况表"])
    if chance.random() < 0.4:
        above.append(["填报单位：样例单位", None, None, "填报日期：2024年3月2日"])
    if chance.random() < 0.3:
        above.append([])
    if chance.random() < 0.3:
        captions = [chance.choice(["基本情况", None, "业务情况"]) for _ in range(width)]
        above.append(captions)
    paged: list[Row] = []
    page = chance.choice([0, 0, 25])
    for at, row in enumerate(body):
        if page and at and at % page == 0:
            paged += chance.choice([[header], [["小计", page], header], [[]]])
        paged.append(row)
    below: list[Row] = chance.choice(
        [
            [], [["合计", len(rows)]], [[], ["总 计", len(rows)]], [["小计："], ["填表人：某某", None, "审核人：某某"]],
            [["注：以上由各乡镇上报"]], [[None, None, "负责人：某某"]],
        ]
    )  # fmt: skip
    sheet = [*above, header, *paged, *below]
    return [[*row, *[None] * (width - len(row))] for row in sheet]


def heading(column: Column, chance: random.Random) -> str:
    header = chance.choice(column.headers)
    return chance.choice(
        [header, header, f" {header} ", f"{header[:1]}\n{header[1:]}", f"{header}\u3000"]
    )


def filler(name: str, at: int) -> Any:
    return {"序号": at, "民族": "汉族"}.get(name)


# ---- files


def as_workbook(sheets: dict[str, list[Row]]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def saved(folder: Path, rows: list[Row], contract: Contract, chance: random.Random) -> list[Path]:
    """The rows as files of one form: a workbook, sheets or files per township, or a text."""
    folder.mkdir()
    form = chance.choice(
        [
            "workbook",
            "workbook",
            "sheets",
            "files",
            "utf-8",
            "utf-8-sig",
            "gb18030",
            "utf-16",
            "tabs",
        ]
    )
    half = len(rows) // 2
    match form:
        case "workbook":
            sheets = {"Sheet1": laid_out(rows, contract, chance, False)}
            if chance.random() < 0.5:
                sheets["填表说明"] = [["一、本表每月5日前报送。"]]
            content, name = as_workbook(sheets), f"{contract.title}.xlsx"
        case "sheets":
            sheets = {
                "甸阳镇": laid_out(rows[:half], contract, chance, False),
                "由旺镇": laid_out(rows[half:], contract, chance, False),
            }
            content, name = as_workbook(sheets), f"样例局{contract.title}.xlsx"
        case "files":
            for township, part in (("甸阳镇", rows[:half]), ("由旺镇", rows[half:])):
                path = folder / f"{contract.title}_{township}.xlsx"
                path.write_bytes(as_workbook({"表": laid_out(part, contract, chance, False)}))
            return sorted(folder.iterdir())
        case "tabs":
            lines = laid_out(rows, contract, chance, True)
            text = "\r\n".join(
                "\t".join("" if cell is None else str(cell).replace("\n", "") for cell in line)
                for line in lines
            )
            content, name = text.encode("gb18030"), f"{contract.title}.txt"
        case encoding:
            lines = laid_out(rows, contract, chance, True)
            content, name = csv_bytes(lines, encoding), f"{contract.title}.csv"
    (folder / name).write_bytes(content)
    return [folder / name]


@pytest.mark.parametrize("dataset", DATASETS)
def test_the_form_of_a_delivery_changes_none_of_its_rows(
    dataset: str, plain_files: dict[str, Path], tmp_path: Path
) -> None:
    contract = load_catalogue().contract(dataset)
    (sheet,) = read_sheets(plain_files[dataset], "样例.xlsx", delivery_policy().limits)
    header, rows = sheet.rows[0], sheet.rows[1 : MOST_ROWS + 1]
    places = [header.index(column.header) for column in contract.columns]
    rows = [[row[place] for place in places] for row in rows]
    plain = tmp_path / f"{contract.title}.xlsx"
    plain.write_bytes(as_workbook({"表": [[c.header for c in contract.columns], *rows]}))
    expected = judged(dataset, [plain])
    assert expected.rows["accepted"] == len(rows) > 0
    for form in range(FORMS):
        chance = random.Random(f"{dataset}{form}")
        files = saved(tmp_path / str(form), rows, contract, chance)
        found = judged(dataset, files)
        told = (
            form,
            [path.name for path in files],
            found.messages,
            found.set_aside.to_pylist()[:3],
        )
        assert found.rows.get("accepted") == len(rows), told
        assert content_of(found.accepted) == content_of(expected.accepted), told
