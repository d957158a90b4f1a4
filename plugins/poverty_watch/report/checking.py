"""Whether a file is the report that was made: by its bytes, and by what it says, cell by cell."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from docx import Document
from openpyxl import load_workbook
from sqlalchemy import select
from sqlalchemy.orm import Session

from poverty_watch.files import sha256_of
from poverty_watch.ledger.models import ReportVersion
from poverty_watch.months import Month
from poverty_watch.report.archive import Archive
from poverty_watch.report.comparing import shown
from poverty_watch.report.library import KIND_TITLES
from poverty_watch.settings import Settings

Outcome = Literal["same", "saved_again", "changed", "missing", "unknown"]
OUTCOME_TITLES: dict[Outcome, str] = {
    "same": "与发布的文件完全一致",
    "saved_again": "另存过，内容与发布的一致",
    "changed": "与发布的文件不一致",
    "missing": "文件不见了",
    "unknown": "不是本系统发布的月报文件，或无从核对",
}
_NAME = re.compile(r"_(\d{4})年(\d{1,2})月_第(\d+)版_")
_MOST_BYTES = 256 << 20
_MOST_PARTS = 5000
_EMPTY = "（空白）"


@dataclass(frozen=True)
class Altered:
    """A place at which a file says something else than the version that was made."""

    where: str
    stored: str
    found: str


@dataclass(frozen=True)
class Checked:
    """What became of checking a file; ``version`` is the version that it claims to be."""

    path: Path
    outcome: Outcome
    version: str = ""
    altered: tuple[Altered, ...] = ()
    remark: str = ""

    @property
    def is_good(self) -> bool:
        """Whether it says what was published."""
        return self.outcome in ("same", "saved_again")


def check_file(session: Session, settings: Settings, path: Path) -> Checked:
    """Compare a file with the version that it is, by its bytes, or claims to be, by its name."""
    if not path.is_file():
        return Checked(path, "unknown", remark="没有这个文件。")
    digest = sha256_of(path)
    rows = list(session.scalars(select(ReportVersion).order_by(ReportVersion.id)))
    for row in rows:
        if digest in (row.sha256, *(row.manifest.get("files") or {}).values()):
            return Checked(path, "same", _title(row))
    claimed = _claimed(path, rows)
    if claimed is None:
        return Checked(path, "unknown", remark="文件名和文件属性里都没有已有月报的月份和版本号。")
    return _compared(settings, path, claimed)


def check_month(session: Session, settings: Settings, month: Month) -> list[Checked]:
    """Check all files of all versions of a month, those handed out and those kept."""
    found = []
    for row in session.scalars(
        select(ReportVersion)
        .where(ReportVersion.month == str(month))
        .order_by(ReportVersion.number)
    ):
        workbook = settings.outbox / row.path
        wanted: dict[str, str] = row.manifest.get("files") or {workbook.name: row.sha256}
        kept = Archive(settings.lake).find(month, row.number)
        for name, digest in wanted.items():
            path = workbook.with_name(name)
            if not path.is_file():
                remark = "重新运行本月会按存档放回。" if kept else "没有存档，只能从备份恢复。"
                found.append(Checked(path, "missing", _title(row), remark=remark))
            elif sha256_of(path) == digest:
                found.append(Checked(path, "same", _title(row)))
            else:
                found.append(_compared(settings, path, row))
            stored = None if kept is None else kept.file(name)
            if stored is not None and (not stored.is_file() or sha256_of(stored) != digest):
                remark = "存档的这个文件不见了或被改动，请从备份恢复。"
                found.append(Checked(stored, "changed", _title(row), remark=remark))
    return found


def _title(row: ReportVersion) -> str:
    month = Month.parse(row.month)
    return f"{month.chinese}月报表第{row.number}版（{KIND_TITLES[row.kind]}）"


def _claimed(path: Path, rows: list[ReportVersion]) -> ReportVersion | None:
    match = _NAME.search(path.name)
    key = (f"{match[1]}-{int(match[2]):02d}", int(match[3])) if match else _identifier(path)
    return next((row for row in rows if (row.month, row.number) == key), None)


def _identifier(path: Path) -> tuple[str, int] | None:
    """Month and number that the document properties name."""
    if not _is_safe(path):
        return None
    try:
        with zipfile.ZipFile(path) as package:
            core = package.read("docProps/core.xml")
    except (KeyError, OSError, zipfile.BadZipFile):
        return None
    match = re.search(rb"<(?:cp:keywords|dc:identifier)[^>]*>(\d{4}-\d{2})/(\d+)<", core)
    return (match[1].decode(), int(match[2])) if match else None


def _is_safe(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as package:
            parts = package.infolist()
    except (OSError, zipfile.BadZipFile):
        return False
    return len(parts) <= _MOST_PARTS and sum(part.file_size for part in parts) <= _MOST_BYTES


def _compared(settings: Settings, path: Path, row: ReportVersion) -> Checked:
    """A file whose bytes are none that were handed out, compared with what was kept."""
    title = _title(row)
    kept = Archive(settings.lake).find(Month.parse(row.month), row.number)
    wanted: dict[str, str] = row.manifest.get("files") or {Path(row.path).name: row.sha256}
    name = next((n for n in wanted if Path(n).suffix == path.suffix.lower()), None)
    stored = None if kept is None or name is None else kept.file(name)
    if stored is None or name is None or not stored.is_file():
        return Checked(path, "changed", title, remark="内容有改动；没有存档，不能说明改了哪里。")
    if sha256_of(stored) != wanted[name]:
        return Checked(path, "changed", title, remark="内容有改动；存档也被改动，请从备份恢复。")
    readers = {".xlsx": _cells, ".docx": _paragraphs}
    read = readers.get(path.suffix.lower())
    if read is None:
        return Checked(path, "changed", title, remark="内容有改动；这种文件不能逐处比较。")
    if not _is_safe(path):
        return Checked(path, "changed", title, remark="文件已损坏或解压后过大，没有读取。")
    try:
        found = dict(read(path.read_bytes()))
    except Exception as error:
        remark = f"文件打不开（{type(error).__name__}），不能逐处比较。"
        return Checked(path, "changed", title, remark=remark)
    told = dict(read(stored.read_bytes()))
    altered = tuple(
        Altered(where, _text(told.get(where)), _text(found.get(where)))
        for where in dict.fromkeys([*told, *found])
        if not _is_equal(told.get(where), found.get(where))
    )
    if altered:
        return Checked(path, "changed", title, altered)
    return Checked(path, "saved_again", title)


def _cells(content: bytes) -> Iterator[tuple[str, Any]]:
    """Every cell that holds something, hidden sheets too, and how numbers are shown."""
    book = load_workbook(io.BytesIO(content))
    for sheet in book.worksheets:
        yield f"{sheet.title}（工作表）", "有"
        for line in sheet.iter_rows():
            for cell in line:
                if cell.value is None:
                    continue
                yield f"{sheet.title}!{cell.coordinate}", cell.value
                if isinstance(cell.value, (int, float)):
                    # Programs write the same format with and without marks around its signs.
                    shape = re.sub(r"[\\\"]", "", cell.number_format)
                    yield f"{sheet.title}!{cell.coordinate}（数字格式）", shape


def _paragraphs(content: bytes) -> Iterator[tuple[str, Any]]:
    document = Document(io.BytesIO(content))
    for number, paragraph in enumerate(document.paragraphs, 1):
        yield f"第{number}段", paragraph.text
    for number, table in enumerate(document.tables, 1):
        for line, row in enumerate(table.rows, 1):
            for column, cell in enumerate(row.cells, 1):
                yield f"第{number}个表第{line}行第{column}列", cell.text


def _is_equal(one: Any, other: Any) -> bool:
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        return abs(one - other) < 1e-9
    return bool(one == other)


def _text(value: Any) -> str:
    return _EMPTY if value is None else shown(value)
