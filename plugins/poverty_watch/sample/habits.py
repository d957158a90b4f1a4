"""How clerks write down one column: numbers, dates and identity numbers in all their forms."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import TypeVar, cast

import numpy as np

from poverty_watch.contracts import Column
from poverty_watch.sample.frame import Array, some
from poverty_watch.sample.people import DOTS
from poverty_watch.sample.workbook import Cell

Cells = list[Cell]
Style = Callable[[date], Cell]
_Value = TypeVar("_Value", date, float)
_WIDE = {ord(narrow): ord(narrow) + 0xFEE0 for narrow in "0123456789.,X"}
_EPOCH = date(1899, 12, 30)

_DATE_STYLES: tuple[Style, ...] = (
    lambda day: day,
    lambda day: day.isoformat(),
    lambda day: f"{day.year}/{day.month}/{day.day}",
    lambda day: f"{day.year}.{day.month}.{day.day}",
    lambda day: f"{day.year}年{day.month}月{day.day}日",
    lambda day: f"{day:%Y%m%d}",
    lambda day: (day - _EPOCH).days,
    lambda day: f"{day.isoformat()} 00:00:00",
)
_DATE_WEIGHTS = (0.25, 0.22, 0.12, 0.1, 0.1, 0.1, 0.06, 0.05)
_MONTH_STYLES: tuple[Style, ...] = (
    lambda day: f"{day:%Y%m}",
    lambda day: f"{day:%Y-%m}",
    lambda day: f"{day.year}年{day.month}月",
    lambda day: day,
    lambda day: day.year * 100 + day.month,
)
_AMOUNT_STYLES: tuple[Callable[[float], Cell], ...] = (
    lambda amount: int(amount) if amount.is_integer() else amount,
    lambda amount: f"{amount:.2f}",
    lambda amount: f"{amount:,.2f}",
    lambda amount: f"¥{amount:,.2f}",
    lambda amount: f"{amount:.2f}元",
    lambda amount: f"{amount:.2f}".translate(_WIDE),
    lambda amount: f" {amount:.2f} ",
)
_AMOUNT_WEIGHTS = (0.5, 0.2, 0.12, 0.05, 0.06, 0.04, 0.03)
_MAY_BE_ANY_UNIT = (True, True, True, False, False, True, True)
_NUMBER_STYLES: tuple[Callable[[str], str], ...] = (
    lambda number: f"'{number}",
    lambda number: f"“{number}”",
    lambda number: f'"{number}"',
    lambda number: f" {number}",
    lambda number: f"{number} ",
    lambda number: f"{number[:6]} {number[6:14]} {number[14:]}",
    lambda number: number.translate(_WIDE),
    lambda number: f"\ufeff{number}",
    lambda number: number.lower(),
    lambda number: (
        number[:6] + number[8:17] if number[6:8] == "19" and len(number) == 18 else number
    ),
)


def plain_cells(column: Column, values: Array) -> Cells:
    """A column without any habit: texts, real dates, numbers, months as 2021-04."""
    if values.dtype.kind == "M":
        if column.type == "month":
            texts = values.astype("datetime64[M]").astype("U7")
            return [None if text == "NaT" else str(text) for text in texts.tolist()]
        return cast(Cells, values.astype("datetime64[D]").astype(object).tolist())
    if values.dtype.kind == "f":
        return [
            None if amount != amount else int(amount) if amount.is_integer() else amount
            for amount in values.tolist()
        ]
    return cast(Cells, values.tolist())


def written_cells(column: Column, values: Array, rng: np.random.Generator) -> Cells:
    """A column as one clerk writes it: one form throughout, some cells in another."""
    if values.dtype.kind == "M":
        styles = _MONTH_STYLES if column.type == "month" else _DATE_STYLES
        weights = None if column.type == "month" else np.array(_DATE_WEIGHTS)
        return _in_styles(_days(values), styles, weights, rng)
    if values.dtype.kind == "f":
        amounts = [None if amount != amount else amount for amount in values.tolist()]
        weights = np.array(_AMOUNT_WEIGHTS) * [
            money or column.unit == "元" for money in _MAY_BE_ANY_UNIT
        ]
        styles_of_unit = tuple(s for s, w in zip(_AMOUNT_STYLES, weights, strict=True) if w)
        weights = weights[weights > 0] / weights.sum()
        return _in_styles(amounts, styles_of_unit, weights, rng)
    cells = cast(Cells, values.tolist())
    rows = np.arange(len(cells))
    if column.type in ("identity", "identity_reference"):
        for row in some(rng, rows, 0.012):
            number = str(cells[row])
            if number:
                cells[row] = _NUMBER_STYLES[int(rng.integers(len(_NUMBER_STYLES)))](number)
        return cells
    if column.type == "choice" and rng.random() < 0.3:
        labels = {value.value: value.labels[0] for value in column.values if value.labels}
        cells = [labels.get(str(cell), cell) for cell in cells]
    if column.type == "name":
        _write_names(cells, rng)
    elif column.type == "text" and rng.random() < 0.25 and _all_digits(cells):
        return [int(str(cell)) for cell in cells]
    for row in some(rng, rows, 0.003):
        if cells[row]:
            cells[row] = f"{cells[row]} "
    return cells


def _days(values: Array) -> list[date | None]:
    return cast("list[date | None]", values.astype("datetime64[D]").astype(object).tolist())


def _in_styles(
    values: list[_Value | None],
    styles: tuple[Callable[[_Value], Cell], ...],
    weights: Array | None,
    rng: np.random.Generator,
) -> Cells:
    usual = styles[int(rng.choice(len(styles), p=weights))]
    cells: Cells = [None if value is None else usual(value) for value in values]
    if rng.random() < 0.5:
        for row in some(rng, np.arange(len(cells)), 0.03):
            value = values[row]
            if value is not None:
                cells[row] = styles[int(rng.integers(len(styles)))](value)
    return cells


def _write_names(cells: Cells, rng: np.random.Generator) -> None:
    for row in some(rng, np.arange(len(cells)), 0.006):
        name = str(cells[row])
        blank = " " if rng.random() < 0.6 else "\u3000"
        cells[row] = f" {name}" if rng.random() < 0.3 else name[:1] + blank + name[1:]
    if rng.random() < 0.6:
        dot = str(rng.choice(DOTS))
        for row, cell in enumerate(cells):
            if isinstance(cell, str) and "·" in cell:
                cells[row] = cell.replace("·", dot)


def _all_digits(cells: Cells) -> bool:
    return all(isinstance(c, str) and c.isdigit() and len(c) < 16 and c[0] != "0" for c in cells)
