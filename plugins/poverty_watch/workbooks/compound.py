"""The streams of a compound file (OLE2), in which an .xls keeps its workbook.

Only as much as is needed to look at one stream; chains that lead nowhere or in circles end it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

_END = 0xFFFFFFFA  # this and larger are no sectors
_HEADER = 512
_ENTRY = 128


class CompoundError(ValueError):
    """Not a compound file, or a broken one."""


def stream_of(content: bytes, names: tuple[str, ...]) -> bytes:
    """The bytes of the first stream that bears one of the names.

    Raises:
        CompoundError: there is none, or the file is broken.
    """
    try:
        return _Compound(content).stream(names)
    except (struct.error, IndexError) as error:
        raise CompoundError("broken compound file") from error


class _Compound:
    def __init__(self, content: bytes) -> None:
        self._content = content
        shift, mini_shift = struct.unpack_from("<HH", content, 30)
        if shift not in (9, 12) or mini_shift != 6:
            raise CompoundError("unknown sizes of sectors")
        self._size, self._mini_size = 1 << shift, 1 << mini_shift
        self._directory, self._cutoff = struct.unpack_from("<I4xI", content, 48)
        self._mini_table_start = struct.unpack_from("<I", content, 60)[0]
        self._table = self._read_table()

    def _sector(self, number: int) -> bytes:
        start = _HEADER + number * self._size if self._size == 512 else (number + 1) * self._size
        return self._content[start : start + self._size]

    def _read_table(self) -> list[int]:
        """The number of the sector that follows each sector."""
        places = list(struct.unpack_from("<109I", self._content, 76))
        more, count = struct.unpack_from("<II", self._content, 68)
        for _ in range(min(count, len(self._content) // self._size + 1)):
            if more >= _END:
                break
            numbers = struct.unpack(f"<{self._size // 4}I", self._sector(more))
            places.extend(numbers[:-1])
            more = numbers[-1]
        table: list[int] = []
        for place in places:
            sector = self._sector(place) if place < _END else b""
            if len(sector) == self._size:
                table.extend(struct.unpack(f"<{self._size // 4}I", sector))
        return table

    def _chain(self, start: int, table: list[int]) -> Iterator[int]:
        seen = 0
        while start < _END:
            yield start
            seen += 1
            if start >= len(table) or seen > len(table):
                raise CompoundError("a chain of sectors does not end")
            start = table[start]

    def _joined(self, start: int) -> bytes:
        return b"".join(self._sector(number) for number in self._chain(start, self._table))

    def stream(self, names: tuple[str, ...]) -> bytes:
        directory = self._joined(self._directory)
        root: tuple[int, int] | None = None
        for at in range(0, len(directory) - _ENTRY + 1, _ENTRY):
            length = struct.unpack_from("<H", directory, at + 64)[0]
            name = directory[at : at + max(0, length - 2)].decode("utf-16-le", "replace")
            start, size = struct.unpack_from("<II", directory, at + 116)
            root = root or (start, size)
            if name in names:
                if size >= self._cutoff:
                    return self._joined(start)[:size]
                return self._small(start, root[0])[:size]
        raise CompoundError("no such stream")

    def _small(self, start: int, root: int) -> bytes:
        """A stream shorter than the cutoff: it lies in pieces in the root's stream."""
        joined = self._joined(self._mini_table_start)
        table = list(struct.unpack(f"<{len(joined) // 4}I", joined))
        pool, size = self._joined(root), self._mini_size
        return b"".join(pool[n * size : (n + 1) * size] for n in self._chain(start, table))
