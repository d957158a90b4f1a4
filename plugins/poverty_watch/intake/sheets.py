"""Read a delivered file into sheets of native cells: numbers stay numbers, dates stay dates."""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from poverty_watch.intake.delimited import decode, read_delimited
from poverty_watch.intake.package import Hidden, PackageFacts, facts_of

if TYPE_CHECKING:
    from python_calamine import SheetMetadata

Cell = Any
_MOST_CELLS = 40_000_000
_BROKEN = (zipfile.BadZipFile, zlib.error, OSError, ValueError, EOFError, LookupError, RuntimeError)
_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0"


class UnreadableError(ValueError):
    """A file that cannot be read; the message is Chinese and says what to do."""


@dataclass(frozen=True)
class Limits:
    """What a file may be at the most, in bytes."""

    file_bytes: int
    unpacked_bytes: int


@dataclass(frozen=True)
class Doubt:
    """Something odd about a file, or about a sheet of it, that the sender is asked about.

    ``value`` is what an explanation holds for, ``sentence`` the question in Chinese.
    """

    code: str
    file: str
    sheet: str
    value: str
    sentence: str


@dataclass(frozen=True)
class Sheet:
    """A sheet's cells, row by row. ``numbers[i]`` is row ``i``'s number as the sender sees it.

    ``is_1904``: numbers that stand for days count from 1904. ``continued`` counts lines of a CSV that continue a cell of the line before. ``remarks`` are
    Chinese sentences about how the sheet was read, ``doubts`` what the sender is asked about. ``merged`` are ((row, column), (row, column)) corners counted from 0; empty for CSV.
    """

    name: str
    rows: list[list[Cell]]
    numbers: list[int]
    merged: tuple[tuple[tuple[int, int], tuple[int, int]], ...] = ()
    is_1904: bool = False
    continued: int = 0
    remarks: tuple[str, ...] = ()
    doubts: tuple[Doubt, ...] = ()


def read_sheets(path: Path, name: str, limits: Limits) -> list[Sheet]:
    """All sheets of a workbook, or a CSV as one sheet.

    Args:
        path: where the bytes lie.
        name: the file's delivered name, for its ending and the messages.
        limits: larger files are refused.

    Raises:
        UnreadableError: empty, encrypted, too large, or no workbook at all.
    """
    size = path.stat().st_size
    if size == 0:
        raise UnreadableError(f"文件“{name}”是空文件（0字节）。请重新导出后报送。")
    if size > limits.file_bytes:
        raise UnreadableError(
            f"文件“{name}”超过 {limits.file_bytes // 2**20} MB，未读取。请删去无关内容或按乡镇分开报送。"
        )
    if name.lower().endswith(".csv"):
        return [_read_csv(path, name)]
    return _read_workbook(path, name, limits)


def _read_workbook(path: Path, name: str, limits: Limits) -> list[Sheet]:
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetTypeEnum

    with path.open("rb") as stream:
        start = stream.read(8)
    if start.startswith(_ZIP):
        _check_package(path, name, limits)
    elif not start.startswith(_OLE):
        raise UnreadableError(
            f"文件“{name}”不是 Excel 工作簿（只是扩展名如此）。请用 Excel 或 WPS 另存为 .xlsx 后重报。"
        )
    try:
        facts = facts_of(path) if start.startswith(_ZIP) else PackageFacts()
        _check_spans(facts, name)
        with CalamineWorkbook.from_path(str(path)) as book:
            sheets = []
            for entry in book.sheets_metadata:
                if entry.typ != SheetTypeEnum.WorkSheet:
                    continue
                sheet = book.get_sheet_by_name(entry.name)
                rows = sheet.to_python(skip_empty_area=False)
                sheets.append(
                    Sheet(
                        name=entry.name,
                        rows=rows,
                        numbers=list(range(1, len(rows) + 1)),
                        merged=tuple(sheet.merged_cell_ranges or ()),
                        is_1904=facts.is_1904,
                        doubts=_doubts(name, entry, facts.hidden.get(entry.name, Hidden())),
                    )
                )
            return sheets
    except PasswordError:
        raise UnreadableError(_encrypted(name)) from None
    except UnreadableError:
        raise
    except BaseException as error:
        # calamine is written in Rust: where it is wrong about a file it panics, which is no Exception.
        is_panic = type(error).__name__ == "PanicException"
        if not is_panic and not isinstance(error, (CalamineError, *_BROKEN)):
            raise
        if start.startswith(_OLE) and _is_encrypted_package(path):
            raise UnreadableError(_encrypted(name)) from None
        raise UnreadableError(
            f"文件“{name}”已损坏或不是 Excel 工作簿，无法打开。请用 Excel 或 WPS 打开检查，另存为 .xlsx 后重报。"
        ) from error


def _check_spans(facts: PackageFacts, name: str) -> None:
    for title, (row, column) in facts.spans.items():
        if row * column > _MOST_CELLS:
            raise UnreadableError(
                f"文件“{name}”的工作表“{title}”内容一直延伸到第{row}行、{_letters(column)}列，范围过大，未读取。"
                "请删去数据以外的多余行列后重报。"
            )


def _doubts(name: str, entry: SheetMetadata, hidden: Hidden) -> tuple[Doubt, ...]:
    from python_calamine import SheetVisibleEnum

    told = []
    if entry.visible != SheetVisibleEnum.Visible:
        told.append("是隐藏的")
    parts = []
    if hidden.rows:
        parts.append(f"{len(hidden.rows)}行（第{_some([str(row) for row in hidden.rows])}行）")
    if hidden.columns:
        letters = [_letters(column) for column in hidden.columns]
        parts.append(f"{len(letters)}列（{_some(letters)}列）")
    if parts:
        told.append(f"有{'、'.join(parts)}是隐藏的")
    if not told:
        return ()
    words = "，".join(told)
    sentence = f"文件“{name}”的工作表“{entry.name}”{words}，已照常读取，请核对。"
    return (Doubt("hidden", name, entry.name, words, sentence),)


def _some(texts: list[str]) -> str:
    return "、".join(texts[:10]) + ("等" if len(texts) > 10 else "")


def _letters(column: int) -> str:
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _encrypted(name: str) -> str:
    return f"文件“{name}”设有打开密码，无法读取。请取消密码后重报，不要在邮件里发送密码。"


def _is_encrypted_package(path: Path) -> bool:
    marker = "EncryptedPackage".encode("utf-16-le")
    return marker in path.read_bytes()[: 2**20]


def _check_package(path: Path, name: str, limits: Limits) -> None:
    try:
        with zipfile.ZipFile(path) as package:
            entries = package.infolist()
    except zipfile.BadZipFile:
        raise UnreadableError(
            f"文件“{name}”已损坏，无法打开。请用 Excel 或 WPS 打开检查，另存为 .xlsx 后重报。"
        ) from None
    if sum(entry.file_size for entry in entries) > limits.unpacked_bytes or len(entries) > 10_000:
        raise UnreadableError(f"文件“{name}”解压后过大，疑似异常文件，未读取。请重新导出后报送。")
    if not any(entry.filename.startswith("xl/") for entry in entries):
        raise UnreadableError(
            f"文件“{name}”不是 Excel 工作簿。请用 Excel 或 WPS 另存为 .xlsx 后重报。"
        )


def _read_csv(path: Path, name: str) -> Sheet:
    text = decode(path.read_bytes())
    if text is None:
        raise UnreadableError(
            f"文件“{name}”的文字编码无法识别。请用 Excel 另存为“CSV UTF-8”或 .xlsx 后重报。"
        )
    if "\x00" in text:
        raise UnreadableError(
            f"文件“{name}”不是文本文件。请用 Excel 另存为“CSV UTF-8”或 .xlsx 后重报。"
        )
    read = read_delimited(text)
    remarks = []
    if read.loose_quotes:
        shown = "、".join(str(line) for line in read.loose_quotes[:10])
        remarks.append(f"文件“{name}”第{shown}行的引号不成对，已按原样读取，请核对。")
    return Sheet(
        name="CSV",
        rows=list(read.rows),
        numbers=read.numbers,
        continued=read.joined,
        remarks=tuple(remarks),
    )
