"""Read a .csv or .txt: its encoding, what is broken in it, its lines as one sheet."""

from __future__ import annotations

from pathlib import Path

from poverty_watch.intake.delimited import delimiter_of, lines_of, read_delimited, split_text
from poverty_watch.workbooks.sheet import Limits, Sheet, UnreadableError

_SAMPLE = 1 << 16
_FEW_NULS, _MOST_NULS = 16, 0.01
_LISTED = 10


def text_of(content: bytes) -> str | None:
    """The text of a file in UTF-8, GB18030 or UTF-16, with or without byte-order mark; None if none."""
    for encoding in _encodings(content):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None


def _encodings(content: bytes) -> tuple[str, ...]:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return ("utf-16",)
    sample = content[:_SAMPLE]
    pairs = len(sample) // 2
    # A text in UTF-16 without its mark: every other byte of digits, commas and line ends is NUL.
    if pairs and sample[1::2].count(0) > pairs // 4 > 4 * sample[0::2].count(0):
        return ("utf-16-le",)
    if pairs and sample[0::2].count(0) > pairs // 4 > 4 * sample[1::2].count(0):
        return ("utf-16-be",)
    return ("utf-8-sig", "gb18030")


def is_table(text: str | None) -> bool:
    """Whether a text has lines of cells: at least two with the same delimiter."""
    if text is None or _is_binary(text):
        return False
    lines = [line for line in lines_of(text[:_SAMPLE]) if line.strip()]
    delimiter = delimiter_of(lines)
    return sum(delimiter in line for line in lines) > 1


def _is_binary(text: str) -> bool:
    return text.count("\x00") > max(_FEW_NULS, _MOST_NULS * len(text))


def beginning_of(path: Path) -> list[list[str]]:
    """The first lines of a text as rows; none where it is no text."""
    with path.open("rb") as stream:
        content = stream.read(_SAMPLE)
    if len(content) == _SAMPLE:
        content = content[: content.rfind(b"\n") + 1]
    text = text_of(content)
    return split_text(text).rows if text else []


def read_text(content: bytes, name: str, limits: Limits) -> Sheet:
    """The lines of a text as a sheet; every physical line is a row or part of one.

    Raises:
        UnreadableError: it is no text, or larger than is read.
    """
    text = text_of(content)
    if text is None:
        where = _first_broken_line(content)
        raise UnreadableError(
            f"文件“{name}”的文字编码无法识别（第{where}行起有不成文字的内容）。"
            "请用 Excel 另存为“CSV UTF-8”或 .xlsx 后重报。"
        )
    nuls = text.count("\x00")
    if _is_binary(text):
        raise UnreadableError(
            f"文件“{name}”不是文本文件。请用 Excel 另存为“CSV UTF-8”或 .xlsx 后重报。"
        )
    remarks = []
    lines = lines_of(text)
    if nuls:
        broken = [n for n, line in enumerate(lines, start=1) if "\x00" in line]
        remarks.append(f"文件“{name}”{_listed(broken)}含有空字符（NUL），已去掉后读取，请核对。")
        lines = [line.replace("\x00", "") for line in lines]
    delimiter = delimiter_of(lines)
    if max(map(len, lines), default=0) > limits.file_bytes // 8 or (
        text.count(delimiter) + len(lines) > limits.cells
    ):
        raise UnreadableError(
            f"文件“{name}”的单元格超过{limits.cells}个或一行过长，未读取。请按乡镇分开报送。"
        )
    read = read_delimited(lines, delimiter)
    if len(read.rows) + read.joined != len(lines):
        raise AssertionError(f"{len(lines)} lines, {len(read.rows)} + {read.joined} accounted for")
    if read.loose_quotes:
        remarks.append(
            f"文件“{name}”{_listed(read.loose_quotes)}的引号不成对，已按原样读取，请核对。"
        )
    if read.joined:
        remarks.append(
            f"文件“{name}”共{len(lines)}个物理行，其中{read.joined}行是单元格内的换行，已并入前一行。"
        )
    return Sheet(
        name="CSV",
        rows=list(read.rows),
        numbers=read.numbers,
        continued=read.joined,
        remarks=tuple(remarks),
    )


def _listed(numbers: list[int]) -> str:
    more = f"等{len(numbers)}行" if len(numbers) > _LISTED else "行"
    return f"第{'、'.join(map(str, numbers[:_LISTED]))}{more}"


def _first_broken_line(content: bytes) -> int:
    places = []
    for encoding in _encodings(content):
        try:
            content.decode(encoding)
        except UnicodeDecodeError as error:
            places.append(error.start)
    # The encoding that goes furthest is the one that the file is in.
    return content[: max(places, default=0)].count(b"\n") + 1
