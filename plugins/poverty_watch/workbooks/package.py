"""An .xlsx or .xlsm as a package of parts: what its parts say, and whether they are safe to read."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable, Iterator
from html import unescape
from pathlib import Path
from urllib.parse import unquote

from poverty_watch.workbooks.facts import HostileError, SheetFacts, WorkbookFacts
from poverty_watch.workbooks.scan import BLOCK, SheetScan, blocks_of

_SMALL_PART = 16 << 20
_SMALL_PACKAGE = 8 << 20
_LONGEST_TAG = 1 << 10
_MOST_REFERENCES = 1 << 25  # some writers count a text each time that it is used
_SMALLEST_STRING = 5  # bytes of an empty one: <si/>
_DATE_1904 = re.compile(rb"""\bdate1904\s*=\s*["'](?:1|true)["']""")
_SHEET = re.compile(rb"<(?:\w+:)?sheet\b[^>]*>")
_RELATION = re.compile(rb"<(?:\w+:)?Relationship\b[^>]*>")
_CELL = re.compile(rb"<(?:[\w.-]+:)?c[\s/>]")
_COUNTS = re.compile(rb"""\s(?:uniqueCount|count)\s*=\s*["']\s*([0-9]+)""")


def facts_of(path: Path, most_cells: int) -> WorkbookFacts:
    """Look into a workbook; parts that are not there or not readable say nothing.

    Raises:
        HostileError: its cells are better not read.
        zipfile.BadZipFile, zlib.error, OSError, ValueError: a part is broken.
    """
    with zipfile.ZipFile(path) as package:
        parts = {entry.filename: entry.file_size for entry in package.infolist()}
        texts = _tables_of_texts(package, parts)
        workbook = _small(package, parts, "xl/workbook.xml")
        sheet_parts = {
            title: part
            for title, part in _sheet_parts(_small(package, parts, _RELATIONS), workbook)
            if part in parts
        }
        sheets = {
            title: _look(package, part, title, most_cells) for title, part in sheet_parts.items()
        }
        return WorkbookFacts(
            bool(_DATE_1904.search(workbook)),
            sheets,
            _links(package, parts),
            _is_doubtful(package, texts.union(sheet_parts.values()), sheets.values()),
        )


_RELATIONS = "xl/_rels/workbook.xml.rels"


def _small(package: zipfile.ZipFile, parts: dict[str, int], name: str) -> bytes:
    """A part that lists other parts; nothing where there is none."""
    if name not in parts:
        return b""
    if parts[name] > _SMALL_PART:
        raise HostileError(f"内部部件 {name.rsplit('/', 1)[-1]} 过大")
    with package.open(name) as stream:
        return b"".join(blocks_of(stream))


def _is_doubtful(
    package: zipfile.ZipFile, looked_at: set[str], sheets: Iterable[SheetFacts]
) -> bool:
    """Whether a reader might meet cells that were not looked at, or are oddly written.

    Which part is a sheet may be told in ways that a plain search misses: so no other part may hold
    a cell. How cells are written is no doubt in a large package: to open it twice costs too much.
    """
    names = [entry.filename for entry in package.infolist()]
    size = sum(entry.file_size for entry in package.infolist())
    if len(set(names)) < len(names):
        return True
    if size <= _SMALL_PACKAGE and not all(sheet.is_plain for sheet in sheets):
        return True
    return any(_holds_cells(package, name) for name in names if name not in looked_at)


def _holds_cells(package: zipfile.ZipFile, name: str) -> bool:
    with package.open(name) as stream:
        rest = b""
        while block := stream.read(BLOCK):
            text = rest + block
            if _has_cells(text):
                return True
            rest = text[-_LONGEST_TAG:]
    return False


def _has_cells(text: bytes) -> bool:
    return (b"<c" in text or b":c" in text) and _CELL.search(text) is not None


def _tables_of_texts(package: zipfile.ZipFile, parts: dict[str, int]) -> set[str]:
    """The parts that hold texts, and no cells.

    Room is made for as many texts as a table claims to have: it must be able to have them.
    """
    tables = set()
    for name in parts:
        if not name.lower().endswith("sharedstrings.xml"):
            continue
        has_cells = False
        with package.open(name) as stream:
            for text in blocks_of(stream):
                most = max((int(count[:19]) for count in _COUNTS.findall(text)), default=0)
                if most > _MOST_REFERENCES and most * _SMALLEST_STRING > parts[name]:
                    raise HostileError("文字表的条数与内容不符")
                has_cells = has_cells or _has_cells(text)
        if not has_cells:
            tables.add(name)
    return tables


def _look(package: zipfile.ZipFile, part: str, title: str, most_cells: int) -> SheetFacts:
    scan = SheetScan(title, most_cells)
    with package.open(part) as stream:
        is_told = scan.look(stream)
    if not is_told:
        with package.open(part) as stream:
            scan.count(stream)
    return scan.facts


def _attribute(tag: bytes, name: bytes) -> str | None:
    match = re.search(rb"""\s""" + name + rb"""\s*=\s*["']([^"']*)["']""", tag)
    return unescape(match[1].decode("utf-8", "replace")) if match else None


def _sheet_parts(relations: bytes, workbook: bytes) -> Iterator[tuple[str, str]]:
    targets = {
        _attribute(tag, b"Id"): _attribute(tag, b"Target") for tag in _RELATION.findall(relations)
    }
    for tag in _SHEET.findall(workbook):
        title = _attribute(tag, b"name")
        target = targets.get(_attribute(tag, rb"\w+:id"))
        if title and target:
            yield title, target.lstrip("/") if target.startswith("/") else f"xl/{target}"


def _links(package: zipfile.ZipFile, parts: dict[str, int]) -> tuple[str, ...]:
    """Names of the other workbooks that formulas point into; only the last part of each path."""
    names = []
    for part in sorted(parts):
        if part.startswith("xl/externalLinks/_rels/"):
            for tag in _RELATION.findall(_small(package, parts, part)):
                target = unquote(_attribute(tag, b"Target") or "").replace("\\", "/")
                names.append(target.rstrip("/").rsplit("/", 1)[-1] or "未写明的文件")
    return tuple(dict.fromkeys(names))
