"""Cells that a correction puts in the place of delivered ones, and where rows stand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Place = tuple[str, str, int]
"""File, sheet and row number, as the sender knows them."""


@dataclass(frozen=True)
class Amendment:
    """New cells of one delivered row.

    ``place`` is the row in the file that was delivered as a whole, ``source`` the row of the
    correction sheet that the new cells come from; ``cells`` are those that changed, by the
    contract's column names. ``is_void``: the sender takes the row back as a whole.
    """

    place: Place
    source: Place
    cells: Mapping[str, Any]
    is_void: bool = False


@dataclass
class Places:
    """Where each row of a delivery stands: indices into ``files`` and ``sheets``, and row numbers."""

    file: np.ndarray
    sheet: np.ndarray
    row: np.ndarray
    files: list[str]
    sheets: list[str]

    @classmethod
    def gathered(
        cls, origin: Sequence[tuple[int, int, np.ndarray]], files: list[str], sheets: list[str]
    ) -> Places:
        """From per sheet: its file's index, its own index, its rows' numbers."""
        repeat = [len(numbers) for *_, numbers in origin]
        return cls(
            file=np.repeat(np.array([f for f, *_ in origin], dtype=np.int32), repeat),
            sheet=np.repeat(np.array([s for _, s, _ in origin], dtype=np.int32), repeat),
            row=np.concatenate([n for *_, n in origin]) if origin else np.array([], dtype=np.int32),
            files=files,
            sheets=sheets,
        )

    def __len__(self) -> int:
        return len(self.row)

    def of(self, position: int) -> Place:
        """Where one row stands."""
        return (
            self.files[self.file[position]],
            self.sheets[self.sheet[position]],
            int(self.row[position]),
        )

    def positions(self, wanted: Iterable[Place]) -> dict[Place, int]:
        """The rows that stand at these places; places where none does are left out."""
        by_sheet: dict[tuple[str, str], list[int]] = {}
        for file, sheet, row in wanted:
            by_sheet.setdefault((file, sheet), []).append(row)
        found: dict[Place, int] = {}
        for (file, sheet), rows in by_sheet.items():
            in_file = np.isin(self.file, [i for i, n in enumerate(self.files) if n == file])
            in_sheet = np.isin(self.sheet, [i for i, n in enumerate(self.sheets) if n == sheet])
            here = np.flatnonzero(in_file & in_sheet & np.isin(self.row, rows))
            found |= {(file, sheet, int(self.row[at])): int(at) for at in here}
        return found

    def moved(self, positions: Mapping[int, Place]) -> Places:
        """The same rows, some of which are now said to stand elsewhere."""
        moved = Places(
            self.file.copy(), self.sheet.copy(), self.row.copy(), [*self.files], [*self.sheets]
        )
        files: dict[str, int] = {}
        sheets: dict[tuple[str, str], int] = {}
        for position, (file, sheet, row) in positions.items():
            if file not in files:
                files[file] = len(moved.files)
                moved.files.append(file)
            if (file, sheet) not in sheets:
                sheets[file, sheet] = len(moved.sheets)
                moved.sheets.append(sheet)
            moved.file[position] = files[file]
            moved.sheet[position] = sheets[file, sheet]
            moved.row[position] = row
        return moved
