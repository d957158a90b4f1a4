"""What is known of a workbook before its cells are read."""

from __future__ import annotations

from dataclasses import dataclass, field

LAST_ROW, LAST_COLUMN = 1_048_576, 16_384
"""What Excel itself can hold."""


class HostileError(ValueError):
    """A workbook whose cells are better not read; the message is Chinese and says what is wrong."""


@dataclass(frozen=True)
class SheetFacts:
    """Facts of a sheet; rows and columns are counted from 1.

    ``rows`` and ``columns`` are at least as large as the last ones that a cell stands in.
    ``unsaved_formulas`` counts formulas whose result was never saved, ``errors`` cells such as
    #N/A. ``is_plain``: every cell is written as spreadsheet programs write it, and there are no
    more rows than the part is long enough for.
    """

    hidden_rows: tuple[int, ...] = ()
    hidden_columns: tuple[int, ...] = ()
    rows: int = 0
    columns: int = 0
    unsaved_formulas: int = 0
    errors: int = 0
    is_plain: bool = False


@dataclass(frozen=True)
class WorkbookFacts:
    """Facts of a workbook; ``links`` names the other workbooks that its formulas point into.

    ``is_doubtful``: what was looked at does not show that its cells find room in memory.
    """

    is_1904: bool = False
    sheets: dict[str, SheetFacts] = field(default_factory=dict)
    links: tuple[str, ...] = ()
    is_doubtful: bool = True

    def of(self, sheet: str) -> SheetFacts:
        """The facts of a sheet; of one that could not be looked into, none."""
        return self.sheets.get(sheet, SheetFacts())
