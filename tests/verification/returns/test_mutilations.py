"""What happens to a sheet in a township: no answer goes to a wrong household, none is lost.

The mutilations: sorted; filtered and rows deleted; columns and rows added and moved; a copied sheet;
saved by another program in another format; half filled in; sent twice, also changed; out of date; a
forged code; a code copied down; answers in other spellings; rows of another township pasted in.
"""

from __future__ import annotations

import random
import shutil
import subprocess
from datetime import date
from pathlib import Path

import pytest
from openpyxl import load_workbook

from poverty_watch.workbooks.sheet import UnreadableError
from tests.verification.conftest import MAY
from tests.verification.returns.conftest import (
    CODE,
    HEADERS,
    HERE,
    Desktop,
    Sheet,
    answers,
    household,
)

ALL = {f"R:{n}": "confirmed" for n in range(1, 7)}


def test_a_sheet_that_nobody_harmed_moves_every_case_on(desktop: Desktop, sheet: Sheet) -> None:
    sheet.fill_all()
    outcome = desktop.take(sheet.save())
    assert outcome.counts == {"taken": 6}
    assert desktop.outcomes() == ALL
    desktop.holds()
    assert desktop.cases() == 6
    assert outcome.answer.stat().st_mode & 0o777 == 0o600


def test_1_sorted(desktop: Desktop, sheet: Sheet) -> None:
    sheet.fill_all()
    lines = sheet.lines()
    random.Random(3).shuffle(lines)
    sheet.put(lines)
    assert desktop.take(sheet.save()).counts == {"taken": 6}
    desktop.holds()


def test_2_filtered_and_rows_deleted(desktop: Desktop, sheet: Sheet) -> None:
    sheet.fill_all()
    rows = sheet.rows()
    sheet.sheet.row_dimensions[rows["2"]].hidden = True
    sheet.sheet.delete_rows(rows["4"], 2)
    assert desktop.take(sheet.save()).counts == {"taken": 4}
    assert {h for h, o in desktop.outcomes().items() if o is None} == {"R:4", "R:5"}
    desktop.holds()


def test_3_columns_and_rows_added(desktop: Desktop, sheet: Sheet) -> None:
    sheet.fill_all()
    sheet.sheet.insert_cols(3)
    sheet.sheet.cell(sheet.top, 3, "村里备注")
    sheet.sheet.insert_rows(1, 3)
    sheet.sheet.cell(2, 1, "请各村抓紧")
    assert desktop.take(sheet.save()).counts == {"taken": 6}
    desktop.holds()


def test_4_a_copied_sheet(desktop: Desktop, sheet: Sheet) -> None:
    sheet.fill_all()
    copy = sheet.book.copy_worksheet(sheet.sheet)
    rows = sheet.rows()
    copy.cell(rows["2"], sheet.columns[HEADERS["outcome"]], "查无此户")
    outcome = desktop.take(sheet.save())
    assert outcome.counts == {"taken": 5, "same": 5, "conflict": 2}
    (first, second) = [row for row in desktop.sent_back() if row["fate"] == "conflict"]
    assert first["against"] == [["核实结果", "属实", "查无此户"]]
    assert {first["answers"]["outcome"], second["answers"]["outcome"]} == {"属实", "查无此户"}
    assert desktop.outcomes()["R:2"] is None
    desktop.holds()


@pytest.mark.parametrize("ending", ["xlsx", "xls"])
def test_5_saved_by_another_program(
    desktop: Desktop, sheet: Sheet, tmp_path: Path, ending: str
) -> None:
    office = shutil.which("soffice")
    assert office is not None, "LibreOffice is needed for this test: apt-get install libreoffice"
    sheet.fill_all()
    path = sheet.save("原件.xlsx")
    into = tmp_path / "converted"
    command = [office, f"-env:UserInstallation=file://{tmp_path}/profile", "--headless"]
    subprocess.run(
        [*command, "--convert-to", ending, "--outdir", str(into), str(path)],
        check=True,
        capture_output=True,
        timeout=120,
    )
    assert desktop.take(into / f"原件.{ending}").counts == {"taken": 6}
    desktop.holds()


def test_6_half_filled_in_and_the_rest_later(desktop: Desktop, sheet: Sheet) -> None:
    rows = sheet.rows()
    sheet.fill(rows["1"], answers("1"))
    sheet.fill(rows["2"], answers("2", visitor_2=None))
    sheet.fill(rows["3"], answers("3", "不属实", not_confirmed_because=None))
    assert desktop.take(sheet.save()).counts == {"taken": 1, "refused": 2, "unfilled": 3}
    told = {row["household"]: row for row in desktop.sent_back()}
    assert "至少要2个人" in told["2"]["told"][0] or "核实人" in told["2"]["told"][0]
    assert "不属实原因" in "".join(told["3"]["told"])
    assert told["2"]["answers"]["remarks"] == "到过2"
    sheet.fill_all()
    assert desktop.take(sheet.save("再报.xlsx")).counts == {"taken": 5, "same": 1}
    assert desktop.outcomes() == ALL
    desktop.holds()


def test_7_sent_again_changes_nothing_and_changed_is_shown_field_by_field(
    desktop: Desktop, sheet: Sheet
) -> None:
    sheet.fill_all()
    first = desktop.take(sheet.save())
    before = first.answer.stat().st_mtime_ns
    again = desktop.take(sheet.save("换了名字.xlsx"))
    cases = desktop.cases()
    repeated = desktop.take(sheet.path.parent.parent / "报回.xlsx")
    assert repeated.is_repeat
    assert repeated.counts == first.counts
    assert first.answer.stat().st_mtime_ns == before
    assert again.is_repeat or again.counts == {"same": 6}
    sheet.fill(sheet.rows()["3"], {"outcome": "不属实", "not_confirmed_because": "数据有误"})
    changed = desktop.take(sheet.save("改过.xlsx"))
    assert changed.counts == {"same": 5, "conflict": 1}
    (conflict,) = [row for row in desktop.sent_back() if row["fate"] == "conflict"]
    assert conflict["against"] == [["核实结果", "属实", "不属实"], ["不属实原因", "", "数据有误"]]
    book = load_workbook(changed.answer)
    shown = [cell for row in book.active.iter_rows(values_only=True) for cell in row]
    assert "核实结果：属实 → 不属实\n不属实原因：（空） → 数据有误" in shown
    assert desktop.outcomes() == ALL
    assert desktop.cases() == cases == 6


def test_8_out_of_date(desktop: Desktop, sheet: Sheet) -> None:
    sheet.fill_all()
    path = sheet.save()
    desktop.send_out([household("R:1")], "W20", month=MAY)
    assert desktop.take(path).counts == {"taken": 5, "stale": 1}
    (stale,) = desktop.sent_back()
    assert stale["against"] == [["预警原因", "样例原因W20", "（表上没有）"]]
    assert stale["answers"]["remarks"] == "到过1"
    assert desktop.outcomes()["R:1"] is None


def test_9_forged(desktop: Desktop, sheet: Sheet) -> None:
    sheet.fill_all()
    rows, column = sheet.rows(), sheet.columns[CODE]
    code = str(sheet.sheet.cell(rows["1"], column).value)
    number, rules, check = code.split("-")
    sheet.sheet.cell(rows["1"], column, f"{number}-{rules}.W99-{check}")
    sheet.sheet.cell(rows["2"], column, f"999-{rules}-{check}")
    sheet.sheet.cell(rows["3"], column, "=1+1")
    sheet.sheet.cell(rows["4"], column).value = None
    assert desktop.take(sheet.save()).counts == {"taken": 2, "forged": 4}
    assert {row["household"] for row in desktop.sent_back()} == {"1", "2", "3", "4"}
    desktop.holds()


def test_10_a_code_copied_down_and_facts_sorted_apart(desktop: Desktop, sheet: Sheet) -> None:
    sheet.fill_all()
    rows, column = sheet.rows(), sheet.columns[CODE]
    for number in ("2", "3"):
        sheet.sheet.cell(rows[number], column, sheet.sheet.cell(rows["1"], column).value)
    five, six = (sheet.sheet.cell(rows[n], column) for n in ("5", "6"))
    five.value, six.value = six.value, five.value
    assert desktop.take(sheet.save()).counts == {"taken": 2, "misplaced": 4}
    assert desktop.remarks() == {"R:1": "到过1", "R:4": "到过4"}


def test_11_other_spellings(desktop: Desktop, sheet: Sheet) -> None:
    rows = sheet.rows()
    sheet.fill(rows["1"], answers("1", visited_on="2021年5月10日"))
    sheet.fill(rows["2"], answers("2", visited_on=44326, outcome=" 属 实 ", risk="因病"))
    sheet.fill(rows["3"], answers("3", "不属实", not_confirmed_because="其他(写在备注)"))
    sheet.fill(rows["4"], answers("4", risk="因病、因残", visited_on="2021/5/10"))
    sheet.fill(rows["5"], answers("5", visited_on="前天", outcome="是"))
    sheet.fill(rows["6"], answers("6", visited_on=date(2021, 5, 30), visitor_1="=HYPERLINK(1)"))
    assert desktop.take(sheet.save()).counts == {"taken": 4, "incomplete": 1, "refused": 1}
    assert desktop.outcomes() == ALL | {"R:3": "excluded", "R:5": None, "R:6": None}
    five, six = desktop.sent_back()
    assert "属实、不属实" in "".join(five["told"])
    assert "前天" in "".join(five["told"])
    assert "晚于今天" in "".join(six["told"])
    desktop.holds()


def test_12_rows_of_another_township_pasted_in(desktop: Desktop) -> None:
    there = household("R:7", township="由旺镇")
    theirs, ours = sorted(
        desktop.send_out([household("R:1"), household("R:2"), there], "W01"), reverse=False
    )
    if HERE in theirs.name:
        theirs, ours = ours, theirs
    sheet, other = Sheet(ours), Sheet(theirs)
    other.fill_all()
    sheet.fill_all()
    sheet.put([*sheet.lines(), *other.lines()])
    assert desktop.take(sheet.save(), HERE).counts == {"taken": 2, "refused": 1}
    assert desktop.outcomes()["R:7"] is None
    assert desktop.take(other.save("由旺.xlsx"), "由旺镇").counts == {"taken": 1}
    desktop.holds()


def test_what_is_no_task_sheet_is_told_so_and_nothing_is_taken(
    desktop: Desktop, sheet: Sheet
) -> None:
    path = sheet.path.parent.parent / "别的.xlsx"
    path.write_text("不是工作簿", encoding="utf-8")
    with pytest.raises(UnreadableError, match="不是 Excel 工作簿"):
        desktop.take(path)
    sheet.sheet.delete_cols(sheet.columns[HEADERS["household"]])
    with pytest.raises(UnreadableError, match="缺少这些列：户编号"):
        desktop.take(sheet.save())
