"""A file that somebody changed is told from the one that was published, to the cell."""

from __future__ import annotations

import re
import shutil
import zipfile
from pathlib import Path

import pytest
from openpyxl import load_workbook

from poverty_watch.report.archive import Archive
from poverty_watch.report.checking import Checked, check_file, check_month
from tests.report.conftest import APRIL, ScreenedMonth


@pytest.fixture
def published(signed: ScreenedMonth) -> Path:
    return next(signed.settings.outbox.rglob("月报表*签发.xlsx"))


def checked(month: ScreenedMonth, path: Path) -> Checked:
    with month.ledger.transaction() as session:
        return check_file(session, month.settings, path)


def test_the_published_file_is_known_under_any_name(
    signed: ScreenedMonth, published: Path, tmp_path: Path
) -> None:
    copy = shutil.copy(published, tmp_path / "复件.xlsx")
    found = checked(signed, Path(copy))
    assert (found.outcome, found.version) == ("same", "2021年4月月报表第2版（已签发）")


def test_saved_again_with_the_same_content_is_no_change(
    signed: ScreenedMonth, published: Path, tmp_path: Path
) -> None:
    book = load_workbook(published)
    book.save(tmp_path / "改名.xlsx")
    assert checked(signed, tmp_path / "改名.xlsx").outcome == "saved_again"


def test_one_digit_changed_in_excel_is_named_with_its_cell(
    signed: ScreenedMonth, published: Path
) -> None:
    book = load_workbook(published)
    book["表一（一）存量与增减"]["D5"].value = 8
    book.save(published)
    found = checked(signed, published)
    assert (found.outcome, found.is_good) == ("changed", False)
    assert [(a.where, a.stored, a.found) for a in found.altered] == [
        ("表一（一）存量与增减!D5", "6", "8")
    ]


def test_one_digit_changed_in_the_bytes_is_found_too(
    signed: ScreenedMonth, published: Path
) -> None:
    changed = published.with_suffix(".new")
    with zipfile.ZipFile(published) as old, zipfile.ZipFile(changed, "w") as new:
        for item in old.infolist():
            part = old.read(item)
            if item.filename == "xl/worksheets/sheet3.xml":
                part = re.sub(rb'(<c r="C5"[^>]*><v>)2(</v>)', rb"\g<1>7\g<2>", part)
            new.writestr(item, part)
    changed.replace(published)
    found = checked(signed, published)
    assert [(a.where, a.stored, a.found) for a in found.altered] == [
        ("表一（一）存量与增减!C5", "2", "7")
    ]


def test_a_number_that_is_shown_as_another_one_is_found(
    signed: ScreenedMonth, published: Path
) -> None:
    book = load_workbook(published)
    book["表一（一）存量与增减"]["D5"].number_format = '"5"'
    book.save(published)
    (altered,) = checked(signed, published).altered
    assert altered.where == "表一（一）存量与增减!D5（数字格式）"


def test_a_month_is_checked_with_all_its_files_and_what_is_kept(
    signed: ScreenedMonth, published: Path
) -> None:
    def outcomes() -> list[str]:
        with signed.ledger.transaction() as session:
            return [one.outcome for one in check_month(session, signed.settings, APRIL)]

    assert set(outcomes()) == {"same"}
    archive = Archive(signed.settings.lake).find(APRIL, 1)
    assert archive is not None
    (kept,) = (archive.folder / "files").glob("*.xlsx")
    kept.write_bytes(b"something else")
    assert outcomes().count("changed") == 1
    published.unlink()
    assert (outcomes().count("changed"), outcomes().count("missing")) == (1, 1)


@pytest.mark.parametrize("name", ["随便.xlsx", "月报表_2021年4月_第9版_签发.xlsx", "没有.xlsx"])
def test_what_is_no_report_is_not_known(signed: ScreenedMonth, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name != "没有.xlsx":
        path.write_text("nothing")
    assert checked(signed, path).outcome == "unknown"


def test_a_bomb_is_not_unpacked(signed: ScreenedMonth, published: Path) -> None:
    with zipfile.ZipFile(published, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("xl/workbook.xml", b"0" * (300 << 20))
    found = checked(signed, published)
    assert (found.outcome, found.altered) == ("changed", ())
    assert "解压后过大" in found.remark
