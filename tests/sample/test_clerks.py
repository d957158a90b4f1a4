from __future__ import annotations

import re
from collections import Counter
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from poverty_watch.contracts import load_catalogue
from poverty_watch.identity import judge
from poverty_watch.months import Month
from poverty_watch.sample import SampleError, generate
from poverty_watch.sample.generator import NOTE_NAME
from poverty_watch.sample.workbook import Sheet, column_letters, write_csv, write_xlsx
from tests.sample.conftest import FIRST, LAST, Sample, cells_of, sheets_of

MONTHS = list(FIRST.through(LAST))


def contents(folder: Path) -> dict[str, tuple[bytes, float]]:
    return {
        str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def dataset_of(path: Path) -> str:
    titles = {c.title: d for d, c in load_catalogue().contracts.items() if c.title in path.name}
    return titles[max(titles, key=len)]


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path):
    for name in ("one", "two"):
        generate(tmp_path / name, LAST - 1, LAST, 500, 3)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_another_seed_gives_another_county(tmp_path: Path):
    for seed in (3, 4):
        generate(
            tmp_path / str(seed), LAST, LAST, 500, seed, tidy=True, datasets={"hukou_register"}
        )
    assert contents(tmp_path / "3") != contents(tmp_path / "4")


def test_clerks_change_the_form_not_the_county(tidy: Sample, dirty: Sample):
    assert tidy.summary.persons == dirty.summary.persons
    month = LAST
    said = {
        normal
        for path in dirty.files(month)
        if path.suffix != ".txt"
        for normal in numbers_in(path)
    }
    plain = {row["person_id"] for row in tidy.rows(month, "hukou_register")}
    assert len(plain & said) > 0.98 * len(plain)


def numbers_in(path: Path) -> set[str]:
    if path.suffix not in (".csv", ".xlsx"):
        return set()
    return {str(cell) for cell in cells_of(path) if re.fullmatch(r"\d{17}[\dX]", str(cell))}


def test_every_file_name_carries_the_title_of_a_dataset_of_its_department(dirty: Sample):
    catalogue = load_catalogue()
    for month in MONTHS:
        for path in [*dirty.files(month, "xlsx"), *dirty.files(month, "csv")]:
            department = catalogue.department_of(dataset_of(path))
            assert path.parent.name in (department.id, department.title)


def test_at_most_one_dataset_is_missing_and_never_the_ground(dirty: Sample):
    for month in MONTHS:
        files = [*dirty.files(month, "xlsx"), *dirty.files(month, "csv")]
        delivered = {dataset_of(path) for path in files}
        missing = load_catalogue().contracts.keys() - delivered
        assert len(missing) <= 1
        assert {"hukou_register", "monitoring_register", "deaths"} <= delivered


def test_files_are_saved_in_the_first_days_after_the_month(dirty: Sample):
    for month in MONTHS:
        for path in dirty.files(month):
            saved = date.fromtimestamp(path.stat().st_mtime)
            assert month.last_day < saved <= (month + 1).first_day.replace(day=6)


def test_clerks_have_habits(tmp_path: Path):
    """Over half a year nearly every habit is met."""
    last = LAST + 3
    generate(tmp_path / "s", FIRST - 1, last, 700, 1)
    files = [path for path in (tmp_path / "s").rglob("*.*") if path.name != NOTE_NAME]
    endings = Counter(path.suffix for path in files)
    assert endings[".csv"] > 5
    assert endings[".xlsx"] > 50
    names = " ".join(path.name for path in files)
    assert re.search("更正|修订|补报|重报", names)
    assert "零报告" in names
    assert any(township in names for township in ("_甸阳镇", "_由旺镇"))
    books = [sheets_of(p) for p in files if p.suffix in (".xlsx", ".csv") and "~$" not in p.name]
    assert any(len(book) == 13 for book in books)
    firsts = {str(row[0]).strip() for book in books for sheet in book for row in sheet if row}
    assert any("情况明细表" in text for text in firsts)
    assert any(text.startswith("填报单位") for text in firsts)
    assert firsts & {"合计", "总计", "小计"}
    assert any(text.startswith(("填表人", "填报人", "制表人", "负责人")) for text in firsts)
    cells = {cell for book in books for sheet in book for row in sheet for cell in row}
    texts = {cell for cell in cells if isinstance(cell, str)}
    assert any(re.fullmatch(r"'\d{17}[\dX]", text) for text in texts)
    assert any(re.fullmatch(r"[０-９]{17}[０-９Ｘ]", text) for text in texts)
    assert any(re.fullmatch(r"\d{15}", text) for text in texts)
    assert any(re.fullmatch(r"\d{4}年\d+月\d+日", text) for text in texts)
    assert any(re.fullmatch(r"\d{4}\.\d+\.\d+", text) for text in texts)
    assert any(re.fullmatch(r"[\d.]+元", text) for text in texts)
    assert any(isinstance(cell, date) for cell in cells)
    assert any(isinstance(cell, float) and cell > 1e17 for cell in cells)


def test_faulty_numbers_are_few(dirty: Sample):
    import pyarrow as pa

    for month in MONTHS:
        found = [
            str(cell)
            for path in dirty.files(month)
            if path.suffix in (".csv", ".xlsx")
            for cell in cells_of(path)
            if re.fullmatch(r"530501\d{11}[\dX]", str(cell))
        ]
        judged = judge(pa.array(found), np.zeros(len(found), dtype=bool), month.last_day)
        assert len(found) - judged.fault.null_count < 0.05 * len(found)


def test_a_killed_generation_leaves_nothing(tmp_path: Path):
    def die(text: str) -> None:
        if "2021年4月" in text:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        generate(tmp_path / "s", LAST - 1, LAST, 500, 1, progress=die)
    assert list(tmp_path.iterdir()) == []


def test_an_earlier_sample_is_replaced_other_files_never(tmp_path: Path):
    folder = tmp_path / "s"
    generate(folder, LAST, LAST, 500, 1, tidy=True, datasets={"deaths"})
    generate(folder, FIRST, FIRST, 500, 1, tidy=True, datasets={"deaths"})
    assert sorted(p.name for p in folder.iterdir()) == [str(FIRST), NOTE_NAME]
    assert "不含任何真实人员" in (folder / NOTE_NAME).read_text(encoding="utf-8")
    other = tmp_path / "other"
    other.mkdir()
    (other / "报送.xlsx").write_bytes(b"real")
    with pytest.raises(SampleError, match="已有别的文件"):
        generate(other, LAST, LAST, 500, 1)
    assert (other / "报送.xlsx").read_bytes() == b"real"


@pytest.mark.parametrize(
    ("first", "last", "households", "words"),
    [(LAST, FIRST, 500, "起始月"), (LAST, LAST, 499, "户数"), (LAST, LAST, 100_001, "户数")],
)
def test_impossible_orders_are_refused(
    tmp_path: Path, first: Month, last: Month, households: int, words: str
):
    with pytest.raises(SampleError, match=words):
        generate(tmp_path / "s", first, last, households, 1)
    assert not (tmp_path / "s").exists()


def test_a_written_workbook_reads_back_as_it_was(tmp_path: Path):
    import openpyxl

    columns = [["甲 ", "乙<&>", None], [1, 2.5, -3], [date(2021, 4, 5), None, date(1999, 12, 31)]]
    sheet = Sheet("一", [["题", None, None], ["名", "数", "日"]], columns, [["合计"]], ["A1:C1"])
    write_xlsx(tmp_path / "a.xlsx", [sheet, Sheet("二", [["空"]])])
    assert sheets_of(tmp_path / "a.xlsx")[0] == [
        ["题", "", ""],
        ["名", "数", "日"],
        ["甲 ", 1, date(2021, 4, 5)],
        ["乙<&>", 2.5, ""],
        ["", -3, date(1999, 12, 31)],
        ["合计", "", ""],
    ]
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    assert book.sheetnames == ["一", "二"]
    assert [str(merged) for merged in book["一"].merged_cells.ranges] == ["A1:C1"]
    assert book["一"]["C3"].value.date() == date(2021, 4, 5)


def test_a_written_csv_reads_back_as_it_was(tmp_path: Path):
    sheet = Sheet("一", [["名", "日"]], [["甲·乙"], [date(2021, 4, 5)]])
    write_csv(tmp_path / "a.csv", sheet, "gb18030")
    assert sheets_of(tmp_path / "a.csv")[0] == [["名", "日"], ["甲·乙", "2021-04-05"]]


def test_columns_have_the_letters_of_a_sheet():
    assert [column_letters(i) for i in (0, 25, 26, 51, 52, 701, 702)] == [
        "A", "Z", "AA", "AZ", "BA", "ZZ", "AAA",
    ]  # fmt: skip
