"""Split a text into rows so that every physical line of the file is accounted for.

A CSV reader that meets a stray quote swallows all lines up to the next one. Here a line with its
quotes closed is a row; one with an open quote is joined with the few lines after it, if that closes
the quote and gives a row of the header's width; else its quotes are taken as plain characters.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

_LONGEST_CELL_IN_LINES = 20
_DELIMITERS = ",\t;|，；"
_SAMPLED_LINES = 200
_WRAPPED = re.compile('="([^"]*)"')
_QUOTED = re.compile('"[^"]*"')


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


def lines_of(text: str) -> list[str]:
    """The physical lines of a text, whatever ends them."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if lines and not lines[-1]:
        lines.pop()
    return lines


def delimiter_of(lines: Sequence[str]) -> str:
    """The delimiter that most of the first lines have equally often; the commonest among equals."""
    sample = [_QUOTED.sub("", line) for line in lines[:_SAMPLED_LINES] if line.strip()]
    best, delimiter = (0, 0), _DELIMITERS[0]
    for candidate in _DELIMITERS:
        counts = Counter(count for line in sample if (count := line.count(candidate)))
        if counts:
            times, often = max((times, count) for count, times in counts.items())
            if (times, often) > best:
                best, delimiter = (times, often), candidate
    return delimiter


def split_text(text: str) -> Delimited:
    """`read_delimited` of a whole text."""
    lines = lines_of(text)
    return read_delimited(lines, delimiter_of(lines))


def read_delimited(lines: Sequence[str], delimiter: str) -> Delimited:
    """Split lines into rows of equal width."""
    if not any('"' in line for line in lines):
        rows = [line.split(delimiter) for line in lines]
        return _even(Delimited(rows, list(range(1, len(rows) + 1))))
    result = Delimited()
    width = 0
    position = 0
    while position < len(lines):
        line = lines[position]
        taken = 1
        if '"' not in line:
            row = line.split(delimiter)
        elif line.count('"') % 2 == 0:
            row = _parse([line], delimiter)
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
    return _even(result)


def _even(read: Delimited) -> Delimited:
    width = max(map(len, read.rows), default=0)
    for row in read.rows:
        if len(row) != width:
            row.extend([""] * (width - len(row)))
    return read


def _parse(lines: Sequence[str], delimiter: str) -> list[str]:
    """One row; a cell longer than the csv module takes is split as if there were no quotes."""
    try:
        row = next(csv.reader(lines, delimiter=delimiter))
        return [_as_text(cell) for cell in row]
    except (csv.Error, StopIteration):
        return "".join(lines).split(delimiter)


def _as_text(cell: str) -> str:
    """Without the wrapping by which some systems keep Excel from taking digits for a number."""
    wrapped = _WRAPPED.fullmatch(cell)
    return wrapped[1] if wrapped else cell


def _across_lines(
    lines: Sequence[str], start: int, delimiter: str, width: int
) -> tuple[int, list[str]]:
    joined = [lines[start]]
    for end in range(start + 1, min(start + _LONGEST_CELL_IN_LINES, len(lines))):
        joined[-1] += "\n"
        joined.append(lines[end])
        if lines[end].count('"') % 2:
            row = _parse(joined, delimiter)
            fits = len(row) == width or width <= 1 or start == 0
            return (end - start + 1, row) if fits else (0, [])
    return 0, []
