"""The code that ties a row of a correction sheet to the row that it corrects.

A code says nothing about a person and nothing about a place: it is the beginning of the hash of the
delivery that the row was sent with, and a keyed check of where the row stood in it. Whoever holds
the key finds the row again by computing the codes of all rows that were handed out; nobody else can
make one up, and it holds wherever the row has been moved to.
"""

from __future__ import annotations

import hmac
import re
import unicodedata
import zipfile
from pathlib import Path
from typing import Any

from poverty_watch.identity import Keyring
from poverty_watch.intake.amendments import Place
from poverty_watch.months import Month

MARK = "PWGZ-"
_CONTENT_DIGITS, _CHECK_DIGITS = 12, 24
_CODE = re.compile(rf"{MARK}([0-9a-f]{{{_CONTENT_DIGITS}}})-([0-9a-f]{{{_CHECK_DIGITS}}})")
_LENGTH = len(MARK) + _CONTENT_DIGITS + 1 + _CHECK_DIGITS
_WHITE = re.compile(r"[\s\u200b\ufeff]+")
# No correction sheet comes near these; a larger file is not worth looking into.
_LARGEST_FILE, _LARGEST_SEARCHED = 30 << 20, 200 << 20
_BLOCK = 1 << 20
_IN_BYTES = re.compile(MARK.encode() + rb"([0-9a-f]{%d})" % _CONTENT_DIGITS)


def sheet_mark(content_sha256: str) -> str:
    """What a correction sheet carries in its heading: the delivery that it belongs to."""
    return f"{MARK}{content_sha256[:_CONTENT_DIGITS]}"


def row_code(keys: Keyring, month: Month, dataset: str, content_sha256: str, place: Place) -> str:
    """The code of a delivered row; of a question about a file its name, sheet and number 0."""
    file, sheet, row = place
    parts = ("answer-row", str(month), dataset, content_sha256, file, sheet, str(row))
    check = hmac.digest(keys.person_key, "\x1f".join(parts).encode(), "sha256").hex()
    return f"{sheet_mark(content_sha256)}-{check[:_CHECK_DIGITS]}"


def code_in(cell: Any) -> str | None:
    """The code that a cell holds, if it holds one."""
    if not isinstance(cell, str) or len(cell) < _LENGTH:
        return None
    text = _WHITE.sub("", unicodedata.normalize("NFKC", cell))
    match = _CODE.search(text)
    return match[0] if match else None


def content_of(code: str) -> str:
    """How the content hash begins of the delivery that a code belongs to."""
    return code[len(MARK) : len(MARK) + _CONTENT_DIGITS]


def mark_in(path: Path) -> str | None:
    """How the content hash begins of the delivery whose correction sheet a file is, whatever saved it.

    Plain search in the bytes: neither cells nor XML are read. Only so much of a compressed part is
    searched as a correction sheet could have; parts that cannot be opened hold nothing.
    """
    if path.stat().st_size > _LARGEST_FILE:
        return None
    if not zipfile.is_zipfile(path):
        return _in_bytes(path.read_bytes())
    try:
        with zipfile.ZipFile(path) as package:
            names = [
                entry.filename
                for entry in package.infolist()
                if entry.filename == "xl/sharedStrings.xml"
                or entry.filename.startswith("xl/worksheets/")
            ]
            found = (_in_part(package, name) for name in names)
            return next((mark for mark in found if mark is not None), None)
    except Exception:
        # Whatever is wrong with it, reading will say so properly.
        return None


def _in_part(package: zipfile.ZipFile, name: str) -> str | None:
    read, tail = 0, b""
    with package.open(name) as stream:
        while (block := stream.read(_BLOCK)) and read < _LARGEST_SEARCHED:
            found = _in_bytes(tail + block)
            if found is not None:
                return found
            tail, read = block[-64:], read + len(block)
    return None


def _in_bytes(content: bytes) -> str | None:
    # Without their zeros texts of two bytes a character read as those of one.
    for text in (content, content.replace(b"\x00", b"") if b"\x00" in content else b""):
        match = _IN_BYTES.search(text)
        if match:
            return match[1].decode()
    return None
