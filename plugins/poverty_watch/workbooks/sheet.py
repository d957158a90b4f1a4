"""What a delivered file is once it is read: sheets of native cells, and what is odd about them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Cell = Any


class UnreadableError(ValueError):
    """A file that cannot be read; the message is Chinese and says what to do."""


@dataclass(frozen=True)
class Limits:
    """What a file may be at the most: bytes, bytes once unpacked, cells of one sheet."""

    file_bytes: int
    unpacked_bytes: int
    cells: int = 25_000_000


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

    ``is_1904``: numbers that stand for days count from 1904. ``continued`` counts lines of a text
    that continue a cell of the line before. ``remarks`` are Chinese sentences about how the sheet
    was read, ``doubts`` what the sender is asked about. ``merged`` are ((row, column), (row,
    column)) corners counted from 0; empty for a text.
    """

    name: str
    rows: list[list[Cell]]
    numbers: list[int]
    merged: tuple[tuple[tuple[int, int], tuple[int, int]], ...] = ()
    is_1904: bool = False
    continued: int = 0
    remarks: tuple[str, ...] = ()
    doubts: tuple[Doubt, ...] = ()
