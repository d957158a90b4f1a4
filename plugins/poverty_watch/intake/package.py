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
_DATE_1904 = re.compile(rb'\bdate1904\s*=\s*"(?:1|true)"')
_SHEET = re.compile(rb"<(?:\w+:)?sheet\b[^>]*>")
_RELATION = re.compile(rb"<(?:\w+:)?Relationship\b[^>]*>")
_HIDDEN_ROW = re.compile(rb'<(?:\w+:)?row\b(?=[^>]*\shidden="(?:1|true)")[^>]*\sr="(\d+)"')
_HIDDEN_COLUMNS = re.compile(rb'<(?:\w+:)?col\b(?=[^>]*\shidden="(?:1|true)")[^>]*>')


@dataclass(frozen=True)
class Hidden:
    """Numbers of a sheet's hidden rows and columns, counted from 1."""

    rows: tuple[int, ...] = ()
    columns: tuple[int, ...] = ()


@dataclass(frozen=True)
class PackageFacts:
    """Facts of a workbook; ``hidden`` by sheet name, only sheets that hide something."""

    is_1904: bool = False
    hidden: dict[str, Hidden] = field(default_factory=dict)


def facts_of(path: Path) -> PackageFacts:
    """Look into an .xlsx or .xlsm; parts that are not there or not readable say nothing."""
    with zipfile.ZipFile(path) as package:
        names = set(package.namelist())
        if "xl/workbook.xml" not in names:
            return PackageFacts()
        workbook = package.read("xl/workbook.xml")
        hidden = {}
        for title, part in _sheet_parts(package, workbook):
            if part in names and (found := _hidden(package, part)) != Hidden():
                hidden[title] = found
    return PackageFacts(bool(_DATE_1904.search(workbook)), hidden)


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


def _hidden(package: zipfile.ZipFile, part: str) -> Hidden:
    rows: list[int] = []
    columns: set[int] = set()
    tail = b""
    with package.open(part) as stream:
        while block := stream.read(_BLOCK):
            text = tail + block
            if b"hidden=" in text:
                rows.extend(int(number) for number in _HIDDEN_ROW.findall(text))
                for tag in _HIDDEN_COLUMNS.findall(text):
                    first, last = _attribute(tag, b"min"), _attribute(tag, b"max")
                    if first and last and first.isdigit() and last.isdigit():
                        columns.update(range(int(first), min(int(last), 16_384) + 1))
            tail = block[-_OVERLAP:]
    return Hidden(tuple(sorted(set(rows))), tuple(sorted(columns)))
