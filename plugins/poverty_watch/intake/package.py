"""What a workbook package says beside its cells: hidden rows and columns, and the date system.

Read by plain search in the parts' bytes, never by an XML parser: entities are not expanded and a
crafted part costs no more than its length.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path

_BLOCK = 1 << 20
_OVERLAP = 1 << 10
_LARGEST_SEARCHED = 32 << 20
_DATE_1904 = re.compile(rb'\bdate1904\s*=\s*"(?:1|true)"')
_SHEET = re.compile(rb"<(?:\w+:)?sheet\b[^>]*>")
_RELATION = re.compile(rb"<(?:\w+:)?Relationship\b[^>]*>")
_COLUMNS = 16_384
_USUAL_COLUMNS = 52
_ROW = re.compile(rb'<(?:\w+:)?row\b[^>]*?\sr="([0-9]{1,7})"')
# Only cells beyond column AZ or row 99,999: matching every cell would take longer than reading it.
_FAR_CELL = re.compile(rb' r="(?:((?:[B-Z][A-Z]|[A-Z]{3}))([0-9]{1,7})|([A-Z]{1,2})([0-9]{6,7}))"')
_HIDDEN_ROW = re.compile(rb'<(?:\w+:)?row\b(?=[^>]*\shidden="(?:1|true)")[^>]*\sr="(\d+)"')
_HIDDEN_COLUMNS = re.compile(rb'<(?:\w+:)?col\b(?=[^>]*\shidden="(?:1|true)")[^>]*>')


@dataclass(frozen=True)
class Hidden:
    """Numbers of a sheet's hidden rows and columns, counted from 1."""

    rows: tuple[int, ...] = ()
    columns: tuple[int, ...] = ()


@dataclass(frozen=True)
class PackageFacts:
    """Facts of a workbook.

    ``hidden`` by sheet name, only sheets that hide something; ``spans`` by sheet name the last row
    and column (counted from 1, at least the 52nd) that any cell claims to stand in.
    """

    is_1904: bool = False
    hidden: dict[str, Hidden] = field(default_factory=dict)
    spans: dict[str, tuple[int, int]] = field(default_factory=dict)


def facts_of(path: Path) -> PackageFacts:
    """Look into an .xlsx or .xlsm; parts that are not there or not readable say nothing.

    Sheets of more than 32 MB of XML, some 90,000 rows, are exports that nobody hides rows in by hand;
    they are not searched, which would cost a tenth of the reading.
    """
    with zipfile.ZipFile(path) as package:
        names = {
            entry.filename for entry in package.infolist() if entry.file_size <= _LARGEST_SEARCHED
        }
        if "xl/workbook.xml" not in names:
            return PackageFacts()
        workbook = package.read("xl/workbook.xml")
        hidden, spans = {}, {}
        for title, part in _sheet_parts(package, workbook):
            if part in names:
                found, spans[title] = _search(package, part)
                if found != Hidden():
                    hidden[title] = found
    return PackageFacts(bool(_DATE_1904.search(workbook)), hidden, spans)


def _attribute(tag: bytes, name: bytes) -> str | None:
    match = re.search(rb"\s" + name + rb'="([^"]*)"', tag)
    return unescape(match[1].decode("utf-8", "replace")) if match else None


def _sheet_parts(package: zipfile.ZipFile, workbook: bytes) -> Iterator[tuple[str, str]]:
    try:
        relations = package.read("xl/_rels/workbook.xml.rels")
    except KeyError:
        return
    targets = {
        _attribute(tag, b"Id"): _attribute(tag, b"Target") for tag in _RELATION.findall(relations)
    }
    for tag in _SHEET.findall(workbook):
        title = _attribute(tag, b"name")
        target = targets.get(_attribute(tag, rb"\w+:id"))
        if title and target:
            yield title, target.lstrip("/") if target.startswith("/") else f"xl/{target}"


def _search(package: zipfile.ZipFile, part: str) -> tuple[Hidden, tuple[int, int]]:
    rows: list[int] = []
    columns: set[int] = set()
    last_row, last_column = 1, _USUAL_COLUMNS
    tail = b""
    with package.open(part) as stream:
        while block := stream.read(_BLOCK):
            text = tail + block
            if b"hidden=" in text:
                rows.extend(int(number) for number in _HIDDEN_ROW.findall(text))
                for tag in _HIDDEN_COLUMNS.findall(text):
                    first, last = _attribute(tag, b"min"), _attribute(tag, b"max")
                    if first and last and first.isdigit() and last.isdigit():
                        columns.update(range(int(first), min(int(last), _COLUMNS) + 1))
            last_row = max(last_row, max(map(int, _ROW.findall(text)), default=1))
            for wide, wide_row, column, far_row in _FAR_CELL.findall(text):
                last_row = max(last_row, int(wide_row or far_row))
                last_column = max(last_column, _column_number(wide or column))
            tail = block[-_OVERLAP:]
    return Hidden(tuple(sorted(set(rows))), tuple(sorted(columns))), (last_row, last_column)


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number
