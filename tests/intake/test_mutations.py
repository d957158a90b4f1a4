"""Bent files: whatever is done to a workbook or a CSV, a verdict comes back and no row is lost.

`MUTATIONS` sets how many are tried (2,000 or more for a nightly run).
"""

from __future__ import annotations

import io
import os
import random
import zipfile
from pathlib import Path

import openpyxl
import pytest

from poverty_watch.contracts import load_catalogue
from poverty_watch.identity import Keyring
from poverty_watch.intake.judgement import (
    SET_ASIDE_SCHEMA,
    DeliveredFile,
    History,
    judge_submission,
)
from tests.intake.conftest import APRIL, csv_bytes, number

DATASET = "disability_certificates"
HEADER = ["姓名", "残疾人证号", "残疾类别", "残疾等级", "发证日期"]
ROWS = [["样例县明细表"], HEADER] + [
    ["样例甲", number(serial=serial), "肢体", "二级", "2021-03-06"] for serial in range(1, 40)
]
TRIES = int(os.environ.get("MUTATIONS", "200"))


def workbook() -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in [*ROWS, ["合计", 39]]:
        sheet.append(row)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def bent(content: bytes, chance: random.Random) -> bytes:
    """Bytes flipped, dropped, doubled, or cut off."""
    data = bytearray(content)
    for _ in range(chance.choice([1, 1, 2, 5, 20])):
        position = chance.randrange(max(1, len(data)))
        match chance.randrange(5):
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
            case _:
                del data[chance.randrange(len(data) // 2, len(data) + 1) :]
        if not data:
            break
    return bytes(data)


def bent_package(content: bytes, chance: random.Random) -> bytes:
    """A workbook whose parts are bent before they are zipped."""
    result = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(result, "w") as target:
        victim = chance.choice(
            [e.filename for e in source.infolist() if e.filename.startswith("xl/")]
        )
        for entry in source.infolist():
            part = source.read(entry)
            target.writestr(
                entry.filename, bent(part, chance) if entry.filename == victim else part
            )
    return result.getvalue()


@pytest.fixture(scope="module")
def keyring(tmp_path_factory: pytest.TempPathFactory) -> Keyring:
    return Keyring.open(tmp_path_factory.mktemp("keys"))


@pytest.mark.parametrize("form", ["csv", "gb18030", "xlsx", "package"])
def test_a_bent_file_gets_a_verdict_and_keeps_its_rows(
    form: str, tmp_path: Path, keyring: Keyring
) -> None:
    catalogue = load_catalogue()
    contract = catalogue.contract(DATASET)
    suite = catalogue.department_of(DATASET).suite_path(DATASET)
    plain = {
        "csv": csv_bytes(ROWS),
        "gb18030": csv_bytes(ROWS, "gb18030"),
        "xlsx": workbook(),
        "package": workbook(),
    }[form]
    bend = bent_package if form == "package" else bent
    ending = "csv" if form in ("csv", "gb18030") else "xlsx"
    path = tmp_path / f"bent.{ending}"
    read = 0
    for attempt in range(TRIES // 4):
        path.write_bytes(bend(plain, random.Random(f"{form}{attempt}")))
        judgement = judge_submission(
            contract,
            suite,
            [DeliveredFile(path, f"持证残疾人.{ending}")],
            False,
            APRIL,
            keyring,
            History([], None, None),
        )
        assert judgement.status in ("accepted", "rejected"), attempt
        assert judgement.set_aside.schema == SET_ASIDE_SCHEMA
        if judgement.status == "rejected":
            assert judgement.messages, attempt
        else:
            rows = judgement.rows
            assert rows["data"] == judgement.accepted.num_rows + judgement.set_aside.num_rows, (
                attempt
            )
            read += 1
    assert read, "every bent file was refused: the bending is too hard to prove anything"
