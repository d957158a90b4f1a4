"""Dropping a file: the verdict of intake, and nothing stored."""

from __future__ import annotations

from pathlib import Path

import pytest
from openpyxl import Workbook

from poverty_watch.board import app
from poverty_watch.board.pages import try_out
from poverty_watch.settings import Settings
from tests.board.conftest import Asking

HEADER = ["姓名", "身份证号", "病种", "确诊日期"]


def _workbook(path: Path, rows: list[list[object]]) -> bytes:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in [HEADER, *rows]:
        sheet.append(row)
    book.save(path)
    return path.read_bytes()


def _everything_below(folder: Path) -> set[str]:
    return {str(path) for path in folder.rglob("*") if path.suffix != ".sqlite"}


def test_the_page_says_what_is_wrong_and_where_and_keeps_nothing(
    asking: Asking, settings: Settings, tmp_path: Path
) -> None:
    content = _workbook(
        tmp_path / "x.xlsx",
        [
            ["样本甲", "53050119800101123X", "样本病", "2021-04-05"],
            ["样本乙", 530501198001011239, "样本病", "2021-04-05"],
        ],
    )
    before = _everything_below(tmp_path)
    answer = asking("office").post(
        "/try", files=[("files", ("大病202104.xlsx", content))], data={"month": "2021-04"}
    )
    assert answer.status_code == 200
    assert "卫健局“大病”，2021年4月" in answer.text
    assert "末几位已丢失" in answer.text
    assert "第3行" in answer.text
    assert "53050119800101" not in answer.text
    assert _everything_below(tmp_path) == before


def test_a_department_speaks_for_itself_alone(asking: Asking, tmp_path: Path) -> None:
    content = _workbook(tmp_path / "x.xlsx", [])
    answer = asking("department").post("/try", files=[("files", ("大病202104.xlsx", content))])
    assert "名称里没有数据名称" in answer.text
    assert "社会救助" in answer.text


def test_names_of_files_lead_nowhere_and_are_shown_as_text(asking: Asking, tmp_path: Path) -> None:
    content = _workbook(tmp_path / "x.xlsx", [])
    answer = asking("office").post(
        "/try", files=[("files", ("../../<b>大病202104.xlsx", content))], data={"month": "2021-04"}
    )
    assert answer.status_code == 200
    assert "&lt;b&gt;大病202104.xlsx" in answer.text
    assert not (tmp_path.parent / "<b>大病202104.xlsx").exists()


def test_too_much_is_refused_with_a_word(asking: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "MOST_BYTES", 1000)
    answer = asking("office").post("/try", files=[("files", ("大病.xlsx", b"x" * 1001))])
    assert answer.status_code == 413
    assert "请分几次校验" in answer.text
    assert asking("stranger").post("/try", content=b"x" * 1001).status_code == 403
    monkeypatch.setattr(app, "MOST_BYTES", 100_000)
    several = [("files", (f"大病{n}.csv", b"x")) for n in range(try_out.MOST_FILES + 1)]
    assert "一次最多校验" in asking("office").post("/try", files=several).text
