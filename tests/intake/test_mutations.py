"""Bent files: whatever is done to a workbook or a text, a verdict comes back, no row is lost, and
neither memory nor time runs away.

`MUTATIONS` sets how many are tried (2,000 or more for a nightly run).
"""

from __future__ import annotations

import gc
import io
import os
import random
import time
import zipfile
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from poverty_watch.contracts import load_catalogue
from poverty_watch.identity import Keyring
from poverty_watch.intake.judgement import (
    SET_ASIDE_SCHEMA,
    DeliveredFile,
    History,
    Judgement,
    judge_submission,
)
from poverty_watch.intake.plain_text import text_of
from poverty_watch.intake.policy import delivery_policy
from poverty_watch.intake.sheets import read_sheets
from tests.intake.conftest import APRIL, csv_bytes, number

DATASET = "disability_certificates"
HEADER = ["姓名", "残疾人证号", "残疾类别", "残疾等级", "发证日期"]
Grid = list[list[Any]]
TRIES = int(os.environ.get("MUTATIONS", "200"))
MOST_SECONDS, MOST_MEGABYTES = 10.0, 400.0
DATA = Path(__file__).parent / "data"


def grid() -> Grid:
    people = [
        ["样例甲", number(serial=serial), "肢体", "二级", "2021-03-06"] for serial in range(1, 40)
    ]
    return [["样例县明细表"], HEADER, *people, ["合计", 39]]


def workbook(rows: Grid) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


# ---- ways to bend


def bytes_bent(content: bytes, chance: random.Random) -> bytes:
    """Bytes flipped, dropped, doubled, or cut off."""
    data = bytearray(content)
    for _ in range(chance.choice([1, 1, 2, 5, 20])):
        position = chance.randrange(max(1, len(data)))
        match chance.randrange(6):
            case 0:
                data[position : position + 1] = bytes([chance.randrange(256)])
            case 1:
                del data[position : position + chance.randrange(1, 50)]
            case 2:
                data[position:position] = data[position : position + chance.randrange(1, 200)]
            case 3:
                data[position:position] = chance.choice(
                    [b'"', b"\n", b"\r", b",", b"\x00", b"&", b"<", b"\xff"]
                )
            case 4:
                data[position : position + 4] = b"\xff" * 4
            case _:
                del data[chance.randrange(len(data) // 2, len(data) + 1) :]
        if not data:
            break
    return bytes(data)


def parts_bent(content: bytes, chance: random.Random) -> bytes:
    """A workbook whose parts are bent before they are zipped."""
    result = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(result, "w") as target:
        victim = chance.choice(
            [e.filename for e in source.infolist() if e.filename.startswith("xl/")]
        )
        for entry in source.infolist():
            part = source.read(entry)
            if entry.filename == victim:
                part = bytes_bent(part, chance)
            target.writestr(entry.filename, part)
    return result.getvalue()


STRANGE = [
    None, "", " ", "\u200b", "=1+1", "@SUM(A1)", "合计", "小计：", "备注", "#N/A", True, 0, -1, 1e300, float("nan"),
    5.3050119800101e17, 530501198001010010, datetime(1900, 1, 1), datetime(2099, 1, 1), "2021-13-45",
    "样" * 5000, '"', 'a"b', "a\nb", "a,b\tc;d|e", "\ud7ff", "👨‍👩‍👧", "١٢٣", "<xml>", "无", "/", "姓名", 44291, "44291",
]  # fmt: skip


def rows_bent(rows: Grid, chance: random.Random) -> Grid:
    """Cells, rows and columns changed as people and programs change them."""
    bent = [list(row) for row in rows]
    for _ in range(chance.choice([1, 2, 4, 12])):
        row = chance.randrange(len(bent))
        column = chance.randrange(max(1, len(bent[row])))
        match chance.randrange(10):
            case 0 | 1 | 2:
                if bent[row]:
                    bent[row][column] = chance.choice(STRANGE)
            case 3:
                bent.insert(row, list(bent[chance.randrange(len(bent))]))
            case 4:
                bent.insert(row, [chance.choice(STRANGE)] * chance.randrange(4))
            case 5:
                del bent[row]
            case 6:
                bent = [[*line[:column], chance.choice(STRANGE), *line[column:]] for line in bent]
            case 7:
                other = chance.randrange(len(bent))
                bent[row], bent[other] = bent[other], bent[row]
            case 8:
                bent[row] = bent[row][:column]
            case _:
                bent = [[line[i] for i in reversed(range(len(line)))] for line in bent]
        if not bent:
            return [[]]
    return bent


def _as_workbook(chance: random.Random) -> bytes:
    rows = rows_bent(grid(), chance)
    return workbook([[_storable(cell) for cell in row] for row in rows])


def _storable(cell: Any) -> Any:
    return None if isinstance(cell, float) and cell != cell else cell


def _as_csv(encoding: str, chance: random.Random) -> bytes:
    return csv_bytes(rows_bent(grid(), chance)).decode().encode(encoding, "replace")


FORMS: dict[str, tuple[str, Callable[[random.Random], bytes]]] = {
    "csv, bytes": ("csv", lambda chance: bytes_bent(csv_bytes(grid()), chance)),
    "gb18030, bytes": ("csv", lambda chance: bytes_bent(csv_bytes(grid(), "gb18030"), chance)),
    "xlsx, bytes": ("xlsx", lambda chance: bytes_bent(workbook(grid()), chance)),
    "xlsx, parts": ("xlsx", lambda chance: parts_bent(workbook(grid()), chance)),
    "xls, bytes": (
        "xls",
        lambda chance: bytes_bent((DATA / "hidden_1904.xls").read_bytes(), chance),
    ),
    "xlsx, rows": ("xlsx", _as_workbook),
    "csv, rows": ("csv", lambda chance: _as_csv("utf-8-sig", chance)),
    "gb18030, rows": ("txt", lambda chance: _as_csv("gb18030", chance)),
}


# ---- what must hold


@pytest.fixture(scope="module")
def keyring(tmp_path_factory: pytest.TempPathFactory) -> Keyring:
    return Keyring.open(tmp_path_factory.mktemp("keys"))


def megabytes() -> float:
    """The most memory that this process has held since it was last asked to forget."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


@pytest.fixture
def within_bounds() -> Iterator[Callable[[], None]]:
    """A check that neither time nor memory has run away since the last one."""
    gc.collect()
    forget = Path("/proc/self/clear_refs")
    started = time.process_time()
    forget.write_text("5")
    before = megabytes()

    def check() -> None:
        nonlocal started
        assert time.process_time() - started < MOST_SECONDS
        assert megabytes() - before < MOST_MEGABYTES
        started = time.process_time()

    yield check
    check()


def check_rows(judgement: Judgement, path: Path, name: str) -> None:
    """Every row of the file has one fate, and every physical line of a text is one of its rows."""
    rows = judgement.rows
    taken = [
        (row["source_sheet"], row["source_row"])
        for table in (judgement.accepted, judgement.set_aside)
        for row in table.select(["source_sheet", "source_row"]).to_pylist()
    ]
    assert len(set(taken)) == len(taken) == rows["data"] == rows["accepted"] + rows["rejected"]
    sheets = {sheet.name: sheet for sheet in read_sheets(path, name, delivery_policy().limits)}
    read = [sheet for title, sheet in sheets.items() if title in {t for t, _ in taken}]
    if len(read) == len(sheets):
        fates = sum(rows[fate] for fate in ("header", "blank", "total", "data"))
        assert fates == sum(len(sheet.rows) for sheet in read)
    if not path.read_bytes().startswith((b"PK", b"\xd0\xcf")):
        text = text_of(path.read_bytes())
        assert text is not None
        lines = text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n").split("\n")
        (sheet,) = sheets.values()
        assert len(sheet.rows) + sheet.continued == len(lines)


@pytest.mark.parametrize("form", FORMS)
def test_a_bent_file_gets_a_verdict_and_keeps_its_rows(
    form: str, tmp_path: Path, keyring: Keyring, within_bounds: Callable[[], None]
) -> None:
    catalogue = load_catalogue()
    contract = catalogue.contract(DATASET)
    suite = catalogue.department_of(DATASET).suite_path(DATASET)
    ending, bent = FORMS[form]
    name = f"持证残疾人.{ending}"
    path = tmp_path / f"bent.{ending}"
    read = 0
    for attempt in range(max(1, TRIES // len(FORMS))):
        path.write_bytes(bent(random.Random(f"{form}{attempt}")))
        judgement = judge_submission(
            contract,
            suite,
            [DeliveredFile(path, name)],
            False,
            APRIL,
            keyring,
            History([], None, None),
        )
        within_bounds()
        assert judgement.status in ("accepted", "accepted_with_warnings", "rejected"), attempt
        assert judgement.set_aside.schema == SET_ASIDE_SCHEMA
        assert judgement.messages or judgement.status != "rejected", attempt
        if judgement.is_readable and judgement.status == "accepted":
            check_rows(judgement, path, name)
            read += 1
    # Of a package each byte counts: its checksums find every one that is bent.
    assert read or form == "xlsx, bytes", "all were refused: bent too hard to prove anything"
