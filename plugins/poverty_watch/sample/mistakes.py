"""Rows that should not be as they are: the faults that intake sends back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import numpy as np

from poverty_watch.contracts import Column, Contract
from poverty_watch.months import Month
from poverty_watch.sample.frame import Array, Table, some
from poverty_watch.sample.habits import Cells

Columns = dict[str, Cells]
_Spoiler = Callable[[str, np.random.Generator], str | float | None]

_NUMBER_FAULTS: tuple[_Spoiler, ...] = (
    lambda number, rng: None,
    lambda number, rng: float(number[:17] + "0"),
    lambda number, rng: number[:-1],
    lambda number, rng: number[:9] + "O" + number[10:],
    lambda number, rng: number[:10] + "13" + number[12:],
    lambda number, rng: number[:17] + ("1" if number[17] != "1" else "2"),
)
"""Missing, stored as a number, too short, a letter in it, month 13, wrong check digit."""


def spoil(
    columns: Columns, table: Table, contract: Contract, month: Month, rng: np.random.Generator
) -> None:
    """Plant a few faulty rows of every kind that the contract can have, in place.

    ``columns`` are the cells by column name, ``table`` the true values of the same rows. Far fewer
    than a fifth of the rows, so that the delivery as a whole stands.
    """
    count = len(table["person_id"])
    most = 6 if count < 60 else count // 12
    wanted = min(int(rng.poisson(0.6 + 0.0016 * count)), most)
    if count < 4:
        return
    kinds = _possible(table, contract, month)
    rows = rng.choice(count, min(wanted, count // 3), replace=False)
    for row in rows:
        kind, column = kinds[int(rng.integers(len(kinds)))]
        kind(columns[column.name], table[column.name], int(row), month, rng)
    for row in some(rng, np.arange(count), 0.0004, int(rng.random() < 0.35))[: most // 2]:
        _again(columns, int(row))


def spoil_badly(columns: Columns, contract: Contract, rng: np.random.Generator) -> None:
    """Wrong check digits in a third of the rows, as after a column was dragged down."""
    cells = columns[contract.identity.name]
    for row in some(rng, np.arange(len(cells)), 0.0, len(cells) // 3 + 4):
        number = str(cells[row])
        if len(number) >= 18:
            cells[row] = number[:17] + ("3" if number[17] != "3" else "4") + number[18:]


def repeat(columns: Columns, earlier: Columns, rng: np.random.Generator) -> None:
    """Deliver one row of an earlier month once more, in place."""
    count = len(next(iter(earlier.values())))
    if count:
        row = int(rng.integers(count))
        for name, cells in columns.items():
            cells.append(earlier[name][row])


_Plant = Callable[[Cells, Array, int, Month, np.random.Generator], None]


def _possible(table: Table, contract: Contract, month: Month) -> list[tuple[_Plant, Column]]:
    kinds: list[tuple[_Plant, Column]] = [(_bad_number, contract.identity)] * 3
    for column in contract.columns:
        if column.type == "name":
            kinds.append((_no_name, column))
        elif column.type == "date" and not column.as_of:
            kinds.append((_no_date, column))
            if not (table[column.name] > np.datetime64(month.last_day)).any():
                kinds.append((_future, column))
        elif column.type == "amount":
            kinds.append((_no_amount, column))
        elif column.type == "choice":
            kinds.append((_no_choice, column))
    if contract.event and contract.too_old_after_months is not None:
        kinds += [(_too_old, contract.event)] * 2
    return kinds


def _bad_number(
    cells: Cells, truth: Array, row: int, month: Month, rng: np.random.Generator
) -> None:
    number = str(truth[row])[:18]
    if number:
        cells[row] = _NUMBER_FAULTS[int(rng.integers(len(_NUMBER_FAULTS)))](number, rng)


def _no_name(cells: Cells, truth: Array, row: int, month: Month, rng: np.random.Generator) -> None:
    cells[row] = None


def _no_date(cells: Cells, truth: Array, row: int, month: Month, rng: np.random.Generator) -> None:
    cells[row] = str(rng.choice(np.array(["不详", "待补", "2021年"], dtype=object)))


def _future(cells: Cells, truth: Array, row: int, month: Month, rng: np.random.Generator) -> None:
    cells[row] = month.last_day + timedelta(days=int(rng.integers(1, 6)))


def _no_amount(
    cells: Cells, truth: Array, row: int, month: Month, rng: np.random.Generator
) -> None:
    cells[row] = ("待核", 99_999_999, "约三千")[int(rng.integers(3))]


def _no_choice(
    cells: Cells, truth: Array, row: int, month: Month, rng: np.random.Generator
) -> None:
    cells[row] = "未知"


def _too_old(cells: Cells, truth: Array, row: int, month: Month, rng: np.random.Generator) -> None:
    day: date = truth[row].astype("datetime64[D]").astype(object)
    cells[row] = day - timedelta(days=300)


def _again(columns: Columns, row: int) -> None:
    for cells in columns.values():
        cells.append(cells[row])
