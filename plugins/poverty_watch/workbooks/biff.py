"""An .xls as a row of records (BIFF8): what is hidden in it, and from when its days count."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

from poverty_watch.workbooks.compound import CompoundError, stream_of
from poverty_watch.workbooks.facts import SheetFacts, WorkbookFacts

_DATE_MODE, _LOCKED, _COLUMNS, _BOUND_SHEET, _ROW, _BEGIN = 0x22, 0x2F, 0x7D, 0x85, 0x208, 0x809
_ROW_IS_HIDDEN, _COLUMN_IS_HIDDEN = 0x20, 0x01
_LAST_COLUMN = 256


def facts_of(path: Path) -> WorkbookFacts:
    """Look into an .xls; one that is older, locked or broken says nothing."""
    try:
        stream = stream_of(path.read_bytes(), ("Workbook", "Book"))
        return _facts(stream)
    except (CompoundError, struct.error):
        return WorkbookFacts()


def _records(stream: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Place, kind and content of every record."""
    at = 0
    while at + 4 <= len(stream):
        kind, length = struct.unpack_from("<HH", stream, at)
        yield at, kind, stream[at + 4 : at + 4 + length]
        at += 4 + length


def _facts(stream: bytes) -> WorkbookFacts:
    titles: dict[int, str] = {}
    rows: dict[str, list[int]] = {}
    columns: dict[str, set[int]] = {}
    is_1904 = False
    title = None
    for at, kind, content in _records(stream):
        if kind == _LOCKED:
            return WorkbookFacts()
        if kind == _DATE_MODE:
            is_1904 = content[:1] == b"\x01"
        elif kind == _BOUND_SHEET:
            titles[struct.unpack_from("<I", content)[0]] = _title(content)
        elif kind == _BEGIN:
            title = titles.get(at, title)
        elif title is not None and kind == _ROW:
            row, flags = struct.unpack_from("<H10xB", content)
            if flags & _ROW_IS_HIDDEN:
                rows.setdefault(title, []).append(row + 1)
        elif title is not None and kind == _COLUMNS:
            first, last, flags = struct.unpack_from("<HH4xH", content)
            if flags & _COLUMN_IS_HIDDEN:
                found = range(first + 1, min(last + 1, _LAST_COLUMN) + 1)
                columns.setdefault(title, set()).update(found)
    sheets = {
        sheet: SheetFacts(
            hidden_rows=tuple(sorted(set(rows.get(sheet, ())))),
            hidden_columns=tuple(sorted(columns.get(sheet, ()))),
        )
        for sheet in rows.keys() | columns.keys()
    }
    return WorkbookFacts(is_1904, sheets)


def _title(content: bytes) -> str:
    length, is_wide = content[6], content[7] & 1
    return content[8 : 8 + length * (2 if is_wide else 1)].decode(
        "utf-16-le" if is_wide else "latin-1", "replace"
    )
