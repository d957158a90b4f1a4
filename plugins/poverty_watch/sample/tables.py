"""What each dataset truly says of a month: one function per dataset, found by the dataset's id.

A function takes the county and a random source and gives columns by their names in the contract,
plus ``TOWNSHIP``. Texts are objects (blank = unknown), dates ``datetime64[D]``, months
``datetime64[M]``, amounts floats in the contract's unit.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

import numpy as np

from poverty_watch.contracts import Contract
from poverty_watch.sample.county import County
from poverty_watch.sample.frame import Array, Table, pick, some
from poverty_watch.sample.people import misspelt

TOWNSHIP = "#township"
PERSON = "#person"
Maker = Callable[[County, np.random.Generator], Table]
_makers: dict[str, Maker] = {}


def delivers(dataset: str) -> Callable[[Maker], Maker]:
    """Mark the function that makes a dataset."""

    def mark(maker: Maker) -> Maker:
        _makers[dataset] = maker
        return maker

    return mark


def makers() -> dict[str, Maker]:
    """All functions by dataset id."""
    for room in ("registers", "rolls", "events"):
        import_module(f"poverty_watch.sample.{room}")
    return dict(_makers)


def of_persons(county: County, persons: Array, columns: Table | None = None) -> Table:
    """Name, number and township of persons, and the columns given."""
    return {
        "name": county.people["name"][persons],
        "person_id": county.people["number"][persons],
        TOWNSHIP: county.township(persons),
        PERSON: persons,
    } | (columns or {})


def words(options: str | list[str], index: Array) -> Array:
    """Options (separated by white space) by index."""
    listed = options.split() if isinstance(options, str) else options
    return np.array(listed, dtype=object)[index]


def yes(flags: Array) -> Array:
    """是 or 否."""
    return np.where(flags, "是", "否").astype(object)


def yuan(fen: Array) -> Array:
    """Fen as yuan."""
    return fen / 100


def days_in(county: County, rng: np.random.Generator, count: int) -> Array:
    """Days of the current month."""
    first = np.datetime64(county.month.first_day)
    return first + rng.integers(0, county.month.last_day.day, count)


def make(county: County, rng: np.random.Generator, dataset: str, contract: Contract) -> Table:
    """A dataset's rows of the month, sorted by township, with the slips of real offices.

    The slips are true content, not bad form: some names are spelt otherwise, a few rows concern
    people whom no register knows, some events are delivered months after they happened.
    """
    table = makers()[dataset](county, rng)
    missing = [column.name for column in contract.columns if column.name not in table]
    if missing:
        raise ValueError(f"sample of {dataset} lacks the contract's columns {missing}")
    rows = np.arange(len(table["person_id"]))
    registers = "hukou_id" in table or "household_no" in table
    if len(rows) and not registers:
        other = some(rng, rows, 0.0012, int(rng.random() < 0.4))
        table["name"] = table["name"].copy()
        table["name"][other] = misspelt(rng, table["name"][other])
        rate = 0.0008 if contract.scope == "rural" else 0.0
        strangers = some(rng, rows, rate, int(rate > 0 and rng.random() < 0.3))
        outside = rng.choice(county.outsiders(), len(strangers))
        for name in ("name", "number"):
            column = "person_id" if name == "number" else name
            table[column] = table[column].copy()
            table[column][strangers] = county.people[name][outside]
    event = contract.event
    if len(rows) and event and contract.too_old_after_months is not None:
        late = some(rng, rows, 0.08, int(rng.random() < 0.5))
        back = (rng.integers(1, 5, len(late)) * 30).astype("timedelta64[D]")
        table[event.name] = table[event.name].copy()
        table[event.name][late] -= back
    return pick(table, np.argsort(table[TOWNSHIP], kind="stable"))
