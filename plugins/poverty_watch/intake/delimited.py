"""Read a CSV so that every physical line of the file is accounted for.

A CSV reader that meets a stray quote swallows all lines up to the next one. Here a line with its
quotes closed is a row; one with an open quote is joined with the few lines after it, if that closes
the quote and gives a row of the header's width; else its quotes are taken as plain characters.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, field

_LONGEST_CELL_IN_LINES = 20
_DELIMITERS = ",\t;|"


@dataclass
class Delimited:
    """Rows with the number of the physical line on which each begins.

    ``joined`` counts lines that continue a cell of the line before; ``loose_quotes`` lists lines
    whose quotes do not match and were read as they stand.
    """

    rows: list[list[str]] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    joined: int = 0
    loose_quotes: list[int] = field(default_factory=list)


def decode(content: bytes) -> str | None:
    """The text of a CSV in UTF-8 (with or without BOM), UTF-16 or GB18030; None if it is none."""
    encodings = ["utf-8-sig", "gb18030"]
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    for encoding in encodings:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None


def read_delimited(text: str) -> Delimited:
    """Split a text into rows; the delimiter is the commonest of comma, tab, semicolon and bar."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if lines and not lines[-1]:
        lines.pop()
    delimiter = max(_DELIMITERS, key=text[:20_000].count)
    result = Delimited()
    width = 0
    position = 0
    while position < len(lines):
        line = lines[position]
        taken = 1
        if '"' not in line:
            row = line.split(delimiter)
        elif line.count('"') % 2 == 0:
            row = _parse(line, delimiter)
        else:
            taken, row = _across_lines(lines, position, delimiter, width)
            if not taken:
                taken, row = 1, line.split(delimiter)
                result.loose_quotes.append(position + 1)
        result.rows.append(row)
        result.numbers.append(position + 1)
        result.joined += taken - 1
        width = max(width, len(row))
        position += taken
    for row in result.rows:
        row.extend([""] * (width - len(row)))
    return result


def _parse(text: str, delimiter: str) -> list[str]:
    return next(csv.reader([text], delimiter=delimiter))


def _across_lines(
    lines: list[str], start: int, delimiter: str, width: int
) -> tuple[int, list[str]]:
    text = lines[start]
    for end in range(start + 1, min(start + _LONGEST_CELL_IN_LINES, len(lines))):
        text += "\n" + lines[end]
        if lines[end].count('"') % 2:
            row = next(csv.reader(text.splitlines(keepends=True), delimiter=delimiter))
            fits = len(row) == width or width <= 1 or start == 0
            return (end - start + 1, row) if fits else (0, [])
    return 0, []
