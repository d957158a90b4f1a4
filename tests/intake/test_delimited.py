"""Every physical line of a CSV is accounted for, however its quotes stand."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poverty_watch.intake.delimited import split_text
from poverty_watch.intake.plain_text import text_of


def test_a_cell_with_line_breaks_keeps_its_lines() -> None:
    read = split_text('序号,"姓\n名",证号\n1,样例甲,a\n2,样例乙,b\n')
    assert read.rows == [["序号", "姓\n名", "证号"], ["1", "样例甲", "a"], ["2", "样例乙", "b"]]
    assert read.numbers == [1, 3, 4]


def test_a_stray_quote_swallows_no_other_line() -> None:
    read = split_text('a,b\n1,"x\n2,y\n3,"z"\n')
    assert read.rows == [["a", "b"], ["1", '"x'], ["2", "y"], ["3", "z"]]
    assert read.loose_quotes == [2]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_line_ends_and_delimiters(end: str, delimiter: str) -> None:
    text = end.join([delimiter.join("ab"), delimiter.join("12"), ""])
    assert split_text(text).rows == [["a", "b"], ["1", "2"]]


def test_short_lines_are_filled_up() -> None:
    assert split_text("a,b,c\n1\n").rows == [["a", "b", "c"], ["1", "", ""]]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_encodings(encoding: str) -> None:
    assert text_of("姓名,样例甲".encode(encoding)) == "姓名,样例甲"


@given(st.lists(st.text(alphabet='ab",;\n \t', max_size=12), min_size=1, max_size=30))
def test_lines_in_equal_lines_out(lines: list[str]) -> None:
    text = "\n".join(line.replace("\n", "") for line in lines) + "\n"
    read = split_text(text)
    assert len(read.rows) + read.joined == len(lines)


cells = st.text(alphabet='样例a1",\n ', max_size=8)


@given(st.lists(st.lists(cells, min_size=3, max_size=3), min_size=1, max_size=8))
def test_what_a_spreadsheet_writes_is_read_back(rows: list[list[str]]) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows([["甲", "乙", "丙"], *rows])
    assert split_text(text.getvalue()).rows[1:] == rows
