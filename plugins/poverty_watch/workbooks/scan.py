"""One look over the XML of a sheet, block by block, before anything is read from it.

By plain search in the bytes, never by an XML parser: entities are not expanded, and a crafted part
costs no more than its length. What follows is read by calamine, which makes room for all rows up to
the last and all columns up to the widest, and takes the whole process down where there is no room:
hence every cell's place must be known to be within bounds first. A cell that is written as
spreadsheet programs write it is recognised at once; only the others are looked at one by one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from typing import IO

from poverty_watch.workbooks.facts import LAST_COLUMN, LAST_ROW, HostileError, SheetFacts

BLOCK = 1 << 20
"""Bytes of a part that are read at a time."""
_LONGEST_TAIL = 4 << 20
_SHORTEST_ROW = 32  # bytes of one with a cell, or with a format only
_USUAL_COLUMNS = 52
_ROW = re.compile(rb'<row r="([1-9][0-9]{0,6})"')
_PREFIXED_CELL = re.compile(rb"<[\w.-]+:c(?=[\s/>])([^>]*)>")
_TAG = re.compile(rb"<(?:[\w.-]+:)?(row|c)(?=[\s/>])([^>]*)>")
_REFERENCE = re.compile(rb"""\sr\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_PLACE = re.compile(rb"([A-Za-z]{1,7})([0-9]{1,12})")
_HIDDEN = re.compile(rb"""\shidden\s*=\s*["'](?:1|true)["']""")
_HIDDEN_ROW = re.compile(rb"""<(?:\w+:)?row\b(?=[^>]*\shidden=["'](?:1|true)["'])([^>]*)>""")
_COLUMNS = re.compile(rb"<(?:\w+:)?col\b([^>]*)>")
_MIN_MAX = re.compile(rb"""\s(min|max)\s*=\s*["']([0-9]{1,7})["']""")
_UNSAVED = re.compile(
    rb'<c(?![^>]*\st="str")[^>]*><f[^>]*?(?:/>|>[^<]*</f>)(?:<v\s*/>|<v></v>)?</c>'
)
_ERROR = b' t="e"'
_ROOT = re.compile(rb"<[A-Za-z_]")
_DECLARATIONS = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)


def blocks_of(stream: IO[bytes]) -> Iterator[bytes]:
    """The part in blocks that end with a row, or at least with a tag.

    Raises:
        HostileError: it declares entities, or holds a text far longer than a cell can be.
    """
    rest, is_first = b"", True
    while block := stream.read(BLOCK):
        text = rest + block
        end = text.rfind(b"</row>")
        end = end + 6 if end >= 0 else text.rfind(b">") + 1
        text, rest = text[:end], text[end:]
        if len(rest) > _LONGEST_TAIL:
            raise HostileError("有一个单元格的内容过长")
        if is_first and _DECLARATIONS.search(text):
            raise HostileError("含有实体声明（DOCTYPE），可能引用外部内容")
        is_first = is_first and not _ROOT.search(text)
        yield text
    yield rest


def _not_plain(digits: int) -> re.Pattern[bytes]:
    """Finds cells that are not plainly within 52 columns and rows of so many digits."""
    return re.compile(rb'<c(?! r="A?[A-Z][1-9][0-9]{0,%d}")(?=[\s/>])[^>]*>' % (digits - 1))


_MOST_DIGITS = 6
_NOT_PLAIN = {digits: _not_plain(digits) for digits in range(1, _MOST_DIGITS + 1)}


class SheetScan:
    """Gathers a sheet's facts from its blocks."""

    def __init__(self, title: str, most_cells: int) -> None:
        self._title, self._most = title, most_cells
        self._rows, self._columns = 1, _USUAL_COLUMNS
        self._hidden_rows: set[int] = set()
        self._hidden_columns: set[int] = set()
        self._unsaved = self._errors = self._bytes = 0
        self._is_plain = True

    def look(self, stream: IO[bytes]) -> bool:
        """Go through the part; False if its cells do not say where they stand.

        Raises:
            HostileError: cells lie outside of what a sheet can hold, or are too many.
        """
        for text in blocks_of(stream):
            last = _ROW.match(text, max(0, text.rfind(b'<row r="')))
            if last:
                self._rows = max(self._rows, int(last[1]))
            self._bytes += len(text)
            odd = _NOT_PLAIN[min(len(str(self._rows)), _MOST_DIGITS)]
            if not all(self._reach(match[0]) for match in odd.finditer(text)):
                return False
            if b":c" in text and not all(
                self._reach(match[1]) for match in _PREFIXED_CELL.finditer(text)
            ):
                return False
            self._check()
            self._note(text)
        return True

    def count(self, stream: IO[bytes]) -> None:
        """Go through a part whose cells do not say where they stand: they follow one another.

        Raises:
            HostileError: there are more of them than are read.
        """
        self._is_plain = False
        row = column = cells = 0
        for tag, attributes in _tags(stream):
            reference = _reference(attributes)
            if tag == b"row":
                row = int(reference) if _is_number(reference) else row + 1
                column = 0
            else:
                cells += 1
                place = _PLACE.fullmatch(reference)
                column = _number(place[1]) if place else column + 1
                row = int(place[2]) if place else row
            self._rows, self._columns = max(self._rows, row), max(self._columns, column)
            if cells > self._most:
                raise HostileError(f"工作表“{self._title}”的单元格超过{self._most}个")
            self._check()

    @property
    def facts(self) -> SheetFacts:
        """What was found."""
        return SheetFacts(
            hidden_rows=tuple(sorted(self._hidden_rows)),
            hidden_columns=tuple(sorted(self._hidden_columns)),
            rows=self._rows,
            columns=self._columns,
            unsaved_formulas=self._unsaved,
            errors=self._errors,
            is_plain=self._is_plain and self._rows * _SHORTEST_ROW <= self._bytes,
        )

    def _reach(self, attributes: bytes) -> bool:
        """Widen the bounds to a cell; False if it does not say where it stands."""
        self._is_plain = False
        place = _PLACE.fullmatch(_reference(attributes))
        if place is None:
            return False
        self._rows = max(self._rows, int(place[2]))
        self._columns = max(self._columns, _number(place[1]))
        return True

    def _check(self) -> None:
        if self._rows > LAST_ROW or self._columns > LAST_COLUMN:
            raise HostileError(f"工作表“{self._title}”有单元格在 Excel 的范围之外")
        if self._rows * self._columns > self._most and self._columns > _USUAL_COLUMNS:
            raise HostileError(
                f"工作表“{self._title}”内容一直延伸到第{self._rows}行、{letters(self._columns)}列，范围过大"
            )

    def _note(self, text: bytes) -> None:
        if b"hidden" in text:
            for match in _HIDDEN_ROW.finditer(text):
                reference = _reference(match[1])
                if _is_number(reference):
                    self._hidden_rows.add(int(reference))
            for match in _COLUMNS.finditer(text):
                if _HIDDEN.search(match[1]):
                    ends = {word: int(number) for word, number in _MIN_MAX.findall(match[1])}
                    first, last = ends.get(b"min", 1), ends.get(b"max", 0)
                    self._hidden_columns.update(range(first, min(last, LAST_COLUMN) + 1))
        if b"</f>" in text or b"<f " in text:
            self._unsaved += len(_UNSAVED.findall(text))
        self._errors += text.count(_ERROR)


def _tags(stream: IO[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """Every row and cell tag, however it is written."""
    for text in blocks_of(stream):
        for match in _TAG.finditer(text):
            yield match[1], match[2]


def _is_number(reference: bytes) -> bool:
    return reference.isdigit() and len(reference) <= 12


def _reference(attributes: bytes) -> bytes:
    if attributes.count(b'"') % 2 or attributes.count(b"'") % 2:
        raise HostileError("内容不合规，有写法异常的单元格")
    match = _REFERENCE.search(attributes)
    if match is None:
        return b""
    return unescape((match[1] or match[2] or b"").decode("latin-1")).encode("latin-1", "replace")


def _number(column: bytes) -> int:
    number = 0
    for letter in column.upper():
        number = number * 26 + letter - 64
    return number


def letters(column: int) -> str:
    """A column's letters, counted from 1."""
    found = ""
    while column:
        column, rest = divmod(column - 1, 26)
        found = chr(65 + rest) + found
    return found
