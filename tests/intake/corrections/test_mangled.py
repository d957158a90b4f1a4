"""Correction sheets mangled at random: every row has a fate, and none is taken for somebody else's."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from poverty_watch.contracts import load_catalogue
from poverty_watch.identity import Keyring
from poverty_watch.intake.corrections.codes import row_code
from poverty_watch.intake.corrections.merging import HandedOut, Issued, RowFate, merge
from poverty_watch.intake.corrections.returned import Returned, read_returned
from poverty_watch.intake.corrections.texts import correction_texts
from poverty_watch.intake.policy import delivery_policy
from poverty_watch.intake.sheets import read_sheets
from poverty_watch.intake.standardise import ReadFile, Standardised, standardise
from tests.intake.answers.conftest import HEADER, bad_digit, good
from tests.intake.conftest import APRIL, csv_bytes, save_workbook

CONTRACT = load_catalogue().contract("disability_certificates")
KEYS = Keyring(b"p" * 32, b"s" * 32)
CONTENT = "ab" * 32
OFFICE = ["原表行号", "问题", "怎样改"]
FAULTY = range(12, 27)


def delivered(folder: Path) -> Standardised:
    """Rows 2 to 11 are good; 12 to 26 have a wrong grade, day or number in turn."""
    rows = [good(serial) for serial in range(1, 26)]
    for at, row in enumerate(rows[10:]):
        match at % 3:
            case 0:
                row[3] = "五级"
            case 1:
                row[4] = "去年"
            case _:
                row[1] = bad_digit(row[1])
    path = save_workbook(folder / "delivered.xlsx", {"Sheet1": [HEADER, *rows]})
    sheets = read_sheets(path, path.name, delivery_policy().limits)
    return standardise(CONTRACT, [ReadFile(path.name, sheets)], APRIL, KEYS)


def handed_out(rows: Standardised) -> tuple[dict[str, Issued], list[dict[str, Any]]]:
    names = [column.name for column in CONTRACT.columns]
    issued, sheet = {}, []
    for number in FAULTY:
        place = ("delivered.xlsx", "Sheet1", number)
        code = row_code(KEYS, APRIL, "disability_certificates", CONTENT, place)
        faulty = ("grade", "issued_on", "person_id")[(number - 12) % 3]
        issued[code] = Issued(CONTENT, place, frozenset({faulty}))
        cells = {h: rows.raw[n][number - 2] for h, n in zip(HEADER, names, strict=True)}
        sheet.append({"原表行号": number, "问题": "错误", "怎样改": "", **cells, "行码": code})
    return issued, sheet


def mangle(
    draw: random.Random, sheet: list[dict[str, Any]]
) -> tuple[list[str], list[dict[str, Any]]]:
    """What a hurried clerk, or a program, may do to a sheet."""
    rows = [dict(row) for row in sheet]
    header = [*OFFICE, *HEADER, "行码"]
    for row in rows:
        if draw.random() < 0.5:
            row[draw.choice(HEADER)] = draw.choice(
                ["三级", "2021-03-01", 44270, "", None, "x", 1e17]
            )
    if draw.random() < 0.7:
        draw.shuffle(rows)
    if draw.random() < 0.4:  # some columns sorted without the others
        moved = draw.sample([*HEADER, "行码"], draw.randint(1, 5))
        order = draw.sample(range(len(rows)), len(rows))
        columns = {name: [rows[at][name] for at in order] for name in moved}
        for at, row in enumerate(rows):
            row.update({name: columns[name][at] for name in moved})
    if draw.random() < 0.3:
        rows = draw.sample(rows, draw.randint(1, len(rows)))
    if draw.random() < 0.3:
        rows += [dict(draw.choice(rows)) for _ in range(3)]
    if draw.random() < 0.3:
        draw.choice(rows)["行码"] = draw.choice([None, "PWGZ-", "PWGZ-" + "0" * 37, 7])
    if draw.random() < 0.3:
        header = [name for name in header if name not in draw.sample(HEADER, 1)]
    if draw.random() < 0.3:
        draw.shuffle(header)
    if draw.random() < 0.3:
        header.insert(draw.randint(0, len(header)), "自己加的列")
    return header, rows


def come_back(
    folder: Path, draw: random.Random, header: list[str], rows: list[dict[str, Any]]
) -> Returned:
    grid = [["持证残疾人退回行更正表"], header, *([row.get(h) for h in header] for row in rows)]
    if draw.random() < 0.2:
        path = folder / "back.csv"
        path.write_bytes(csv_bytes(grid, "gb18030"))
    else:
        path = save_workbook(folder / "back.xlsx", {"更正": grid})
    return read_returned(path, path.name, CONTRACT, correction_texts())


def test_every_row_has_a_fate_and_none_is_taken_for_another(tmp_path: Path) -> None:
    standing = delivered(tmp_path)
    issued, sheet = handed_out(standing)
    people = {(row["姓名"], str(row["残疾人证号"])) for row in sheet}
    draw = random.Random(1)
    seen: set[str] = set()
    for _ in range(60):
        header, rows = mangle(draw, sheet)
        returned = come_back(tmp_path, draw, header, rows)
        counts = returned.counts
        assert (
            counts.all == 2 + len(rows) == counts.header + counts.blank + counts.total + counts.data
        )
        assert counts.data == len(returned.rows)
        out = {CONTENT: HandedOut(standing, is_lineage=True)}
        fates = merge(returned.rows, issued, out, standing, CONTRACT)
        assert all(fate.fate is not None for fate in fates)
        seen |= {str(fate.fate) for fate in fates}
        taken = [fate for fate in fates if fate.applied]
        assert len({fate.position for fate in taken}) == len(taken)
        for fate in taken:
            assert_it_is_nobody_else(fate, standing, people)
    assert {"mended", "unchanged"} <= seen


def assert_it_is_nobody_else(
    fate: RowFate, standing: Standardised, people: set[tuple[str, str]]
) -> None:
    assert fate.position is not None
    assert fate.issued is not None
    assert standing.places.of(fate.position) == fate.issued.place
    own = standing.raw["name"][fate.position], str(standing.raw["person_id"][fate.position])
    sent = fate.row.cells.get("name", own[0]), str(fate.row.cells.get("person_id", own[1]))
    # Name and number of one other row of the sheet, both: that row's content has come to this code.
    assert sent == own or sent not in people, (own, sent)
