"""A county that shows a disagreement, made as small as it gets, and told in a few lines."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, TypeVar

from poverty_watch.months import Month
from tests.reference.choices import SAYS_NOTHING
from tests.reference.county import County, Delivery, Row

_T = TypeVar("_T")
_Key = tuple[str, Month]
_ORIGIN = ("source_file", "source_sheet", "is_late", "birth_date")
_BLANKS = ("risk_1", "risk_2", "risk_5", "measures", "health", "labour", "schooling")


def smallest_with(county: County, shows: Callable[[County], bool]) -> County:
    """Take away persons, rows, deliveries and values as long as what is left still shows it."""

    def of_rows(rows: Iterable[tuple[_Key, Row]]) -> County:
        found: dict[_Key, list[Row]] = {key: [] for key in county.deliveries}
        for key, row in rows:
            found[key].append(row)
        return replace(
            county,
            deliveries={
                key: replace(delivery, rows=tuple(found[key]))
                for key, delivery in county.deliveries.items()
            },
        )

    rows = [(key, row) for key, delivery in county.deliveries.items() for row in delivery.rows]
    people = _fewest(
        list(dict.fromkeys(row["person_id"] for _, row in rows)),
        lambda left: shows(of_rows(pair for pair in rows if pair[1]["person_id"] in set(left))),
    )
    rows = [pair for pair in rows if pair[1]["person_id"] in set(people)]
    county = of_rows(_fewest(rows, lambda left: shows(of_rows(left))))
    keys = _fewest(list(county.deliveries), lambda left: shows(_only(county, left)))
    county = _only(county, keys)
    for key, delivery in county.deliveries.items():
        plain = _with(county, key, replace(delivery, faults=()))
        county = plain if delivery.faults and shows(plain) else county
        for place in range(len(delivery.rows)):
            for name in _BLANKS:
                blank = _with(county, key, _blank(county.deliveries[key], place, name))
                county = blank if blank != county and shows(blank) else county
    return county


def told(county: County) -> str:
    """The county in a few lines; what says nothing is left out."""
    lines = [f"month: {county.month}"]
    for (dataset, month), delivery in sorted(county.deliveries.items(), key=str):
        at = "" if month == county.month else f"@{month}"
        lines.append(f"{dataset}{at}: {' '.join(delivery.faults)}")
        for row in delivery.rows:
            said = ", ".join(
                f"{name}: {value}"
                for name, value in row.items()
                if name not in _ORIGIN and value is not None and value != SAYS_NOTHING.get(name)
            )
            lines.append(f"  - {said}, born: {row['birth_date']}")
    return "\n".join(lines)


def _fewest(items: list[_T], shows: Callable[[list[_T]], bool]) -> list[_T]:
    """Without half of the items, a quarter, … one by one, as long as it still shows."""
    size = len(items)
    while size:
        start = 0
        while start < len(items):
            left = items[:start] + items[start + size :]
            if shows(left):
                items = left
            else:
                start += size
        size //= 2
    return items


def _only(county: County, keys: Iterable[_Key]) -> County:
    return replace(county, deliveries={key: county.deliveries[key] for key in keys})


def _with(county: County, key: _Key, delivery: Delivery) -> County:
    return replace(county, deliveries={**county.deliveries, key: delivery})


def _blank(delivery: Delivery, place: int, name: str) -> Delivery:
    rows: list[Any] = list(delivery.rows)
    if name in rows[place]:
        rows[place] = {**rows[place], name: None}
    return replace(delivery, rows=tuple(rows))
