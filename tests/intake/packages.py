"""Workbooks written part by part, as no spreadsheet program would write them."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_RELATIONS = (
    f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="rId2" Type="{_OFFICE}/sharedStrings" Target="sharedStrings.xml"/>'
    "</Relationships>"
)
_ROOT_RELATIONS = (
    f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
    f'Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
)
_TYPES = (
    f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" '
    'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/></Types>'
)
WORKBOOK = (
    f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>'
    '<sheet name="Sheet1" sheetId="1" r:id="rId1"/></sheets></workbook>'
)


def sheet_xml(data: str, before: str = "") -> str:
    """A sheet's part with this inside of its sheetData."""
    return f'{before}<worksheet xmlns="{_MAIN}"><sheetData>{data}</sheetData></worksheet>'


def strings_xml(count: int, texts: Sequence[str]) -> str:
    """A table of texts that claims to have so many."""
    inside = "".join(f"<si><t>{text}</t></si>" for text in texts)
    return f'<sst xmlns="{_MAIN}" count="{count}" uniqueCount="{count}">{inside}</sst>'


def rows_xml(rows: Sequence[Sequence[Any]]) -> str:
    """Rows of texts, each cell plainly written."""
    return "".join(
        f'<row r="{number}">'
        + "".join(
            f'<c r="{chr(65 + column)}{number}" t="inlineStr"><is><t>{value}</t></is></c>'
            for column, value in enumerate(row)
        )
        + "</row>"
        for number, row in enumerate(rows, start=1)
    )


def save_package(path: Path, sheet: str, parts: Mapping[str, str] | None = None) -> Path:
    """A workbook of one sheet; ``parts`` adds parts or takes the place of usual ones."""
    path.parent.mkdir(parents=True, exist_ok=True)
    usual = {
        "[Content_Types].xml": _TYPES,
        "_rels/.rels": _ROOT_RELATIONS,
        "xl/workbook.xml": WORKBOOK,
        "xl/_rels/workbook.xml.rels": _RELATIONS,
        "xl/worksheets/sheet1.xml": sheet,
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in (usual | dict(parts or {})).items():
            package.writestr(name, content)
    return path


def understate(path: Path, part: str, size: int) -> None:
    """Let the package's list claim that a part unpacks to so many bytes only."""
    content = bytearray(path.read_bytes())
    at = content.find(b"PK\x01\x02")
    while at >= 0:
        length = struct.unpack_from("<H", content, at + 28)[0]
        if content[at + 46 : at + 46 + length] == part.encode():
            struct.pack_into("<I", content, at + 24, size)
        at = content.find(b"PK\x01\x02", at + 1)
    path.write_bytes(content)
