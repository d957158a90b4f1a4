"""Files that would take a computer's memory or time, or more than is theirs: refused by name."""

from __future__ import annotations

import struct
import time
import zipfile
from pathlib import Path

import pytest

from poverty_watch.intake.sheets import Limits, UnreadableError, read_sheets
from poverty_watch.workbooks.biff import _records
from poverty_watch.workbooks.compound import stream_of
from poverty_watch.workbooks.package import facts_of
from tests.intake.packages import (
    WORKBOOK,
    rows_xml,
    save_package,
    sheet_xml,
    strings_xml,
    understate,
)

DATA = Path(__file__).parent / "data"
LIMITS = Limits(file_bytes=2**26, unpacked_bytes=2**26, cells=1_000_000)
PLAIN = rows_xml([["姓名", "身份证号"], ["样例甲", "x"]])
DOCTYPE = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b SYSTEM "file:///etc/hostname">]>'


def refused(path: Path) -> str:
    started = time.process_time()
    with pytest.raises(UnreadableError) as caught:
        read_sheets(path, "样例.xlsx", LIMITS)
    assert time.process_time() - started < 10
    return str(caught.value)


@pytest.mark.parametrize(
    ("sheet", "parts", "told"),
    [
        (sheet_xml(PLAIN), {"xl/workbook.xml": DOCTYPE + WORKBOOK}, "实体声明"),
        (sheet_xml('<row r="1"><c r="A1" t="str"><v>&b;</v></c></row>', DOCTYPE), {}, "实体声明"),
        (sheet_xml(PLAIN), {"xl/sharedStrings.xml": DOCTYPE + strings_xml(1, ["x"])}, "实体声明"),
        (sheet_xml(PLAIN), {"xl/sharedStrings.xml": strings_xml(2**32 - 1, ["x"])}, "条数与内容不符"),
        (sheet_xml(PLAIN), {"xl/sharedStrings.xml": strings_xml(2**31, ["x"]).replace("/main", ">")}, "条数与内容不符"),
        (sheet_xml(f'{PLAIN}<row r="9"><c r="XFD1048576"/></row>'), {}, "第1048576行、XFD列"),
        (sheet_xml(f"{PLAIN}<row r='9'><c  r='XFD1048576'/></row>"), {}, "第1048576行、XFD列"),
        (sheet_xml(f'{PLAIN}<row r="9"><c r="xfd1048576"/></row>'), {}, "第1048576行、XFD列"),
        (sheet_xml(f'{PLAIN}<row r="9"><c r="XFD104857&#54;"/></row>'), {}, "第1048576行、XFD列"),
        (sheet_xml(f'{PLAIN}<row r="9"><x:c r="XFD1048576"/></row>'), {}, "第1048576行、XFD列"),
        (sheet_xml(f'{PLAIN}<row r="9"><c x=">" r="XFD1048576"/></row>'), {}, "写法异常"),
        (sheet_xml(f'{PLAIN}<row r="99999999999"><c r="A99999999999"/></row>'), {}, "Excel 的范围之外"),
        (sheet_xml(f'<row>{"<c><v>1</v></c>" * 16384}</row>' + "<row><c/></row>" * 90_000), {}, "XFD列"),
        (sheet_xml("<row>" + "<c><v>1</v></c>" * 20 + "</row>" + "<row><c><v>1</v></c></row>" * 60_000), {}, "单元格超过"),
        (sheet_xml(rows_xml([["x" * (6 << 20)]])), {}, "单元格的内容过长"),
    ],
)  # fmt: skip
def test_a_crafted_workbook_is_refused_before_it_is_read(
    tmp_path: Path, sheet: str, parts: dict[str, str], told: str
) -> None:
    assert told in refused(save_package(tmp_path / "x.xlsx", sheet, parts))


def test_a_part_that_unpacks_to_more_than_it_claims_is_not_unpacked(tmp_path: Path) -> None:
    path = save_package(tmp_path / "x.xlsx", sheet_xml(PLAIN + " " * (40 << 20)))
    understate(path, "xl/worksheets/sheet1.xml", 1000)
    assert "已损坏" in refused(path)


def test_a_locked_part_is_called_locked(tmp_path: Path) -> None:
    path = save_package(tmp_path / "x.xlsx", sheet_xml(PLAIN))
    content = bytearray(path.read_bytes())
    for mark, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.find(mark)
        while at >= 0:
            content[at + flags] |= 1
            at = content.find(mark, at + 1)
    path.write_bytes(content)
    assert "打开密码" in refused(path)


def test_an_old_workbook_that_would_take_the_process_down_is_refused(tmp_path: Path) -> None:
    """calamine makes room for all cells up to the last, and aborts where there is no room."""
    content = bytearray((DATA / "hidden_1904.xls").read_bytes())
    stream = stream_of(bytes(content), ("Workbook",))
    *_, (at, _, cell) = (found for found in _records(stream) if found[1] == 0xFD)
    place = content.find(stream[at : at + 4] + cell)
    struct.pack_into("<HH", content, place + 4, 0xFFFF, 0xFFFF)
    path = tmp_path / "x.xls"
    path.write_bytes(content)
    assert "已损坏" in refused(path)


HIDDEN = sheet_xml(f'{PLAIN}<row r="9"><c r="B4294967295"><v>1</v></c></row>')


@pytest.mark.parametrize("padding", [0, 9 << 20])
@pytest.mark.parametrize("part", ["XL/WORKSHEETS/SHEET1.XML", "xl/Worksheets/sheet1.xml"])
def test_a_sheet_that_the_look_does_not_find_cannot_take_the_process_down(
    tmp_path: Path, part: str, padding: int
) -> None:
    """calamine finds parts whatever the case of their names; opened here it would abort."""
    path = tmp_path / "x.xlsx"
    with zipfile.ZipFile(save_package(tmp_path / "plain.xlsx", sheet_xml(PLAIN))) as plain:
        parts = {name: plain.read(name) for name in plain.namelist()}
    del parts["xl/worksheets/sheet1.xml"]
    with zipfile.ZipFile(path, "w") as package:
        for name, content in (parts | {part: HIDDEN.encode() + b" " * padding}).items():
            package.writestr(name, content)
    assert "已损坏" in refused(path)


@pytest.mark.parametrize(
    ("sheet", "parts", "is_doubtful"),
    [
        (sheet_xml(PLAIN), {}, False),
        (sheet_xml(PLAIN), {"xl/other.xml": sheet_xml(PLAIN)}, True),
        (sheet_xml(PLAIN), {"xl/other.xml": '<a:c xmlns:a="x" r="A1"/>'}, True),
        (sheet_xml(PLAIN.replace('r="A1"', 'r="a1"')), {}, True),
        (sheet_xml("<row><c><v>1</v></c></row>"), {}, True),
        (sheet_xml(f'{PLAIN}<row r="99999"><c r="A99999"/></row>'), {}, True),
        (sheet_xml(f'{PLAIN}<row r="3"><x:c r="A3"/></row>'), {}, True),
    ],
)
def test_what_is_not_plainly_written_is_opened_in_another_process_first(
    tmp_path: Path, sheet: str, parts: dict[str, str], is_doubtful: bool
) -> None:
    path = save_package(tmp_path / "x.xlsx", sheet, parts)
    assert facts_of(path, LIMITS.cells).is_doubtful is is_doubtful


def test_formats_that_run_down_to_the_bottom_are_no_rows(tmp_path: Path) -> None:
    empty = "".join(f'<row r="{row}" s="1"><c r="A{row}" s="1"/></row>' for row in range(3, 60_000))
    formulas = "".join(
        f'<row r="{row}"><c r="A{row}" t="str"><f>""</f><v></v></c></row>'
        for row in range(60_000, 70_000)
    )
    path = save_package(tmp_path / "x.xlsx", sheet_xml(PLAIN + empty + formulas))
    (sheet,) = read_sheets(path, "样例.xlsx", LIMITS)
    assert len(sheet.rows) == 2


def test_formulas_are_read_by_what_was_saved_and_it_is_said_where_nothing_was(
    tmp_path: Path,
) -> None:
    cells = (
        '<row r="1"><c r="A1"><f>1+1</f><v>2</v></c><c r="B1"><f>C1</f></c>'
        '<c r="C1" t="str"><f>""</f><v></v></c><c r="D1" t="e"><f>1/0</f><v>#DIV/0!</v></c>'
        '<c r="E1" t="str"><f>"x"</f><v>x</v></c><c r="F1"><f>[1]表!A1</f><v>7</v></c></row>'
    )
    link = (
        '<Relationships xmlns="x"><Relationship Id="rId1" '
        'Target="file:///D:/%E6%A0%B7%E4%BE%8B/%E5%BA%95%E8%A1%A8.xlsx"/></Relationships>'
    )
    parts = {"xl/externalLinks/_rels/externalLink1.xml.rels": link}
    path = save_package(tmp_path / "x.xlsx", sheet_xml(cells), parts)
    (sheet,) = read_sheets(path, "样例.xlsx", LIMITS)
    assert sheet.rows == [[2.0, "", "", "", "x", 7.0]]
    told = "".join(sheet.remarks)
    assert "有1个公式没有保存结果" in told
    assert "有1个单元格显示的是公式错误" in told
    assert "引用了别的工作簿（底表.xlsx）" in told
    assert "D:" not in told


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"<html><table><tr><td>x</td></tr></table></html>", "网页或 XML 格式"),
        (b'\xef\xbb\xbf<?xml version="1.0"?><Workbook/>', "网页或 XML 格式"),
        (b"\x00\x01\x02" * 100, "不是 Excel 工作簿"),
    ],
)
def test_what_only_bears_the_name_of_a_workbook_is_told_apart(
    tmp_path: Path, content: bytes, told: str
) -> None:
    path = tmp_path / "x.xls"
    path.write_bytes(content)
    with pytest.raises(UnreadableError, match=told):
        read_sheets(path, "样例.xls", LIMITS)
