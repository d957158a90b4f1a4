"""Read a workbook's sheets with calamine, after a look at whether that is safe."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from poverty_watch.workbooks import biff, package
from poverty_watch.workbooks.facts import HostileError, SheetFacts, WorkbookFacts
from poverty_watch.workbooks.scan import letters
from poverty_watch.workbooks.sheet import Cell, Doubt, Limits, Sheet, UnreadableError
from poverty_watch.workbooks.trial import survives

if TYPE_CHECKING:
    from python_calamine import CalamineWorkbook, SheetMetadata

ZIP = b"PK\x03\x04"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_BROKEN = (zipfile.BadZipFile, zlib.error, OSError, ValueError, EOFError, LookupError, RuntimeError)
_MOST_PARTS = 10_000
_PACKAGE_ENDINGS, _OLD_ENDINGS = (".xlsx", ".xlsm"), (".xls",)
_TABLE_PARTS = "xl/"
_LISTED = 10


def read_workbook(path: Path, name: str, limits: Limits) -> list[Sheet]:
    """All sheets of an .xlsx, .xlsm or .xls, hidden ones too; macros and links are left alone.

    Raises:
        UnreadableError: encrypted, broken, unsafe, or larger than is read.
    """
    with path.open("rb") as stream:
        is_package = stream.read(4) == ZIP
    with _plainly(path, name):
        if is_package:
            _check_package(path, name, limits)
            facts = package.facts_of(path, limits.cells)
        else:
            facts = biff.facts_of(path)
        opened = partial(_opened, path, is_package)
        # Where calamine finds no room it takes the whole process down: better another one.
        if facts.is_doubtful and not survives(partial(_read_all, opened)):
            raise UnreadableError(_broken(name))
        return _sheets(opened, name, limits, facts)


def _opened(path: Path, is_package: bool) -> CalamineWorkbook:
    """Calamine goes by the ending; where that does not fit the content it is left to the content."""
    from python_calamine import CalamineWorkbook

    if path.suffix.lower() in (_PACKAGE_ENDINGS if is_package else _OLD_ENDINGS):
        return CalamineWorkbook.from_path(str(path))
    with path.open("rb") as stream:
        return CalamineWorkbook.from_filelike(stream)


def _sheets(
    opened: Callable[[], CalamineWorkbook], name: str, limits: Limits, facts: WorkbookFacts
) -> list[Sheet]:
    from python_calamine import SheetTypeEnum

    sheets = []
    with opened() as book:
        for entry in book.sheets_metadata:
            if entry.typ != SheetTypeEnum.WorkSheet:
                continue
            sheet = book.get_sheet_by_name(entry.name)
            if sheet.total_height * sheet.total_width > limits.cells:
                raise HostileError(f"工作表“{entry.name}”的单元格超过{limits.cells}个，范围过大")
            rows = _trimmed(sheet.to_python(skip_empty_area=False))
            of_sheet = facts.of(entry.name)
            sheets.append(
                Sheet(
                    name=entry.name,
                    rows=rows,
                    numbers=list(range(1, len(rows) + 1)),
                    merged=tuple(sheet.merged_cell_ranges or ()),
                    is_1904=facts.is_1904,
                    remarks=_remarks(name, entry.name, of_sheet),
                    doubts=_doubts(name, entry, of_sheet),
                )
            )
    if facts.links and sheets:
        linked = "、".join(facts.links[:_LISTED])
        sheets[0] = _with_remark(
            sheets[0],
            f"文件“{name}”的公式引用了别的工作簿（{linked}）；没有打开它，公式按文件里保存的结果读取，请核对。",
        )
    return sheets


def _with_remark(sheet: Sheet, remark: str) -> Sheet:
    return replace(sheet, remarks=(*sheet.remarks, remark))


def _read_all(opened: Callable[[], CalamineWorkbook]) -> None:
    with opened() as book:
        for title in book.sheet_names:
            book.get_sheet_by_name(title).to_python(skip_empty_area=False)


def _trimmed(rows: list[list[Cell]]) -> list[list[Cell]]:
    """Without the empty rows at the end: formats or formulas that run down to the bottom."""
    last = len(rows)
    while last and not any(cell not in ("", None) for cell in rows[last - 1]):
        last -= 1
    return rows[:last]


@contextmanager
def _plainly(path: Path, name: str) -> Iterator[None]:
    """Whatever goes wrong with a workbook as a sentence for its sender."""
    from python_calamine import CalamineError, PasswordError

    try:
        yield
    except HostileError as error:
        raise UnreadableError(
            f"文件“{name}”{error}，未读取。请删去多余内容，或用 Excel、WPS 另存为新的 .xlsx 后重报。"
        ) from None
    except PasswordError:
        raise UnreadableError(_encrypted(name)) from None
    except UnreadableError as error:
        if str(error) == _broken(name) and _is_encrypted(path):
            raise UnreadableError(_encrypted(name)) from None
        raise
    except BaseException as error:
        # calamine is written in Rust: where it is wrong about a file it panics, which is no Exception.
        is_panic = type(error).__name__ == "PanicException"
        if not is_panic and not isinstance(error, (CalamineError, *_BROKEN)):
            raise
        is_locked = _is_encrypted(path)
        raise UnreadableError(_encrypted(name) if is_locked else _broken(name)) from error


def _broken(name: str) -> str:
    return (
        f"文件“{name}”已损坏或不是 Excel 工作簿，无法打开。"
        "请用 Excel 或 WPS 打开检查，另存为 .xlsx 后重报。"
    )


def _encrypted(name: str) -> str:
    return f"文件“{name}”设有打开密码，无法读取。请取消密码后重报，不要在邮件里发送密码。"


def _is_encrypted(path: Path) -> bool:
    with path.open("rb") as stream:
        start = stream.read(2**20)
    if start.startswith(ZIP):
        try:
            with zipfile.ZipFile(path) as book:
                return any(entry.flag_bits & 1 for entry in book.infolist())
        except _BROKEN:
            return False
    return "EncryptedPackage".encode("utf-16-le") in start


def _check_package(path: Path, name: str, limits: Limits) -> None:
    """Bytes once unpacked are what the package declares: no reader goes on beyond."""
    try:
        with zipfile.ZipFile(path) as book:
            entries = book.infolist()
    except zipfile.BadZipFile:
        raise UnreadableError(
            f"文件“{name}”已损坏，无法打开。请用 Excel 或 WPS 打开检查，另存为 .xlsx 后重报。"
        ) from None
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > limits.unpacked_bytes or len(entries) > _MOST_PARTS:
        raise UnreadableError(f"文件“{name}”解压后过大，疑似异常文件，未读取。请重新导出后报送。")
    if not any(entry.filename.startswith(_TABLE_PARTS) for entry in entries):
        raise UnreadableError(
            f"文件“{name}”不是 Excel 工作簿。请用 Excel 或 WPS 另存为 .xlsx 后重报。"
        )


def _remarks(name: str, title: str, facts: SheetFacts) -> tuple[str, ...]:
    remarks = []
    if facts.unsaved_formulas:
        remarks.append(
            f"文件“{name}”的工作表“{title}”有{facts.unsaved_formulas}个公式没有保存结果，按空格读取。"
            "请用 Excel 或 WPS 打开，重新计算并保存后重报。"
        )
    if facts.errors:
        remarks.append(
            f"文件“{name}”的工作表“{title}”有{facts.errors}个单元格显示的是公式错误（如 #N/A），按空格读取，请核对。"
        )
    return tuple(remarks)


def _doubts(name: str, entry: SheetMetadata, facts: SheetFacts) -> tuple[Doubt, ...]:
    from python_calamine import SheetVisibleEnum

    told = []
    if entry.visible != SheetVisibleEnum.Visible:
        told.append("是隐藏的")
    parts = []
    if facts.hidden_rows:
        shown = _some([str(row) for row in facts.hidden_rows])
        parts.append(f"{len(facts.hidden_rows)}行（第{shown}行）")
    if facts.hidden_columns:
        shown = _some([letters(column) for column in facts.hidden_columns])
        parts.append(f"{len(facts.hidden_columns)}列（{shown}列）")
    if parts:
        told.append(f"有{'、'.join(parts)}是隐藏的")
    if not told:
        return ()
    words = "，".join(told)
    sentence = f"文件“{name}”的工作表“{entry.name}”{words}，已照常读取，请核对。"
    return (Doubt("hidden", name, entry.name, words, sentence),)


def _some(texts: list[str]) -> str:
    return "、".join(texts[:_LISTED]) + ("等" if len(texts) > _LISTED else "")
