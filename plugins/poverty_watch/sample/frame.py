"""A small table of columns that rows can be appended to."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Table = dict[str, Array]


class Frame:
    """Columns of one length, by name; a row keeps its index for ever."""

    def __init__(self, columns: Table) -> None:
        self.columns = columns

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def __getitem__(self, name: str) -> Array:
        return self.columns[name]

    def __setitem__(self, name: str, values: Array) -> None:
        self.columns[name] = values

    def append(self, rows: Table) -> Array:
        """Add rows; columns not given get their zero value. Gives the new rows' indices."""
        before = len(self)
        count = len(next(iter(rows.values())))
        for name, column in self.columns.items():
            new = rows.get(name)
            if new is None:
                new = empty(column.dtype, count)
            self.columns[name] = np.concatenate([column, np.asarray(new, dtype=column.dtype)])
        return np.arange(before, before + count)


def empty(dtype: np.dtype[Any], count: int) -> Array:
    """Zeros, blanks or unknown dates."""
    if dtype.kind == "M":
        return np.full(count, "NaT", dtype=dtype)
    if dtype.kind == "O":
        return np.full(count, "", dtype=object)
    return np.zeros(count, dtype=dtype)


def of_kinds(count: int, **kinds: str) -> Table:
    """Empty columns; the kind is a numpy dtype name or ``text``."""
    return {
        name: empty(np.dtype(object if kind == "text" else kind), count)
        for name, kind in kinds.items()
    }


def pick(table: Table, rows: Array) -> Table:
    """These rows of all columns."""
    return {name: column[rows] for name, column in table.items()}


def stack(first: Table, second: Table) -> Table:
    """The rows of both."""
    return {name: np.concatenate([column, second[name]]) for name, column in first.items()}


def months(dates: Array) -> Array:
    """The month of each date, as ``datetime64[M]``."""
    return dates.astype("datetime64[M]")


def some(rng: np.random.Generator, rows: Array, rate: float, at_least: int = 0) -> Array:
    """A sample of rows without repetition: about ``rate`` of them, at least so many if there are."""
    count = max(int(rng.poisson(rate * len(rows))), at_least)
    return np.sort(rng.choice(rows, min(count, len(rows)), replace=False))
