"""Read a delivered file into sheets of native cells: numbers stay numbers, dates stay dates."""

from __future__ import annotations

from pathlib import Path

from poverty_watch.intake.plain_text import is_table, read_text, text_of
from poverty_watch.workbooks.read import OLE, ZIP, read_workbook
from poverty_watch.workbooks.sheet import Cell, Doubt, Limits, Sheet, UnreadableError

__all__ = ["TEXTS", "Cell", "Doubt", "Limits", "Sheet", "UnreadableError", "read_sheets"]

TEXTS = (".csv", ".txt")
_MARKUP = (b"<html", b"<!doctype html", b"<table", b"<?xml")


def read_sheets(path: Path, name: str, limits: Limits) -> list[Sheet]:
    """All sheets of a workbook, or a text as one sheet; what it is, its first bytes say.

    Args:
        path: where the bytes lie.
        name: the file's delivered name, for its ending and the messages.
        limits: larger files are refused.

    Raises:
        UnreadableError: empty, encrypted, too large, unsafe, or no table at all.
    """
    size = path.stat().st_size
    if size == 0:
        raise UnreadableError(f"文件“{name}”是空文件（0字节）。请重新导出后报送。")
    if size > limits.file_bytes:
        raise UnreadableError(
            f"文件“{name}”超过 {limits.file_bytes // 2**20} MB，未读取。请删去无关内容或按乡镇分开报送。"
        )
    with path.open("rb") as stream:
        start = stream.read(4096)
    if start.startswith((ZIP, OLE)):
        return read_workbook(path, name, limits)
    if name.lower().endswith(TEXTS):
        return [read_text(path.read_bytes(), name, limits)]
    if start.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(_MARKUP):
        raise UnreadableError(
            f"文件“{name}”其实是网页或 XML 格式，只是扩展名是 Excel 的。"
            "请用 Excel 或 WPS 打开，另存为 .xlsx 后重报。"
        )
    content = path.read_bytes()
    if is_table(text_of(content)):
        return [read_text(content, name, limits)]
    raise UnreadableError(
        f"文件“{name}”不是 Excel 工作簿（只是扩展名如此）。请用 Excel 或 WPS 另存为 .xlsx 后重报。"
    )
