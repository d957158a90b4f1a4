"""A county that shows a disagreement, made as small as it gets, and told in a few lines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from tests.reference.choices import SAYS_NOTHING
from tests.reference.county import County, Delivery

_ORIGIN = ("source_file", "source_sheet", "is_late", "birth_date")


def smallest_with(county: County, shows: Callable[[County], bool]) -> County:
    """Take away rows, deliveries and values as long as what is left still shows it."""
    found = True
    while found:
        found = False
        for step in (_fewer_rows, _fewer_deliveries, _fewer_values):
            for candidate in step(county):
                if shows(candidate):
                    county, found = candidate, True
                    break
            if found:
                break
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


def _fewer_rows(county: County) -> Iterator[County]:
    """Without half of a delivery's rows, a quarter, … one row."""
    for key, delivery in county.deliveries.items():
        if delivery.faults:
            yield _with(county, key, replace(delivery, faults=()))
        size = len(delivery.rows)
        while size:
            for start in range(0, len(delivery.rows), size):
                rows = delivery.rows[:start] + delivery.rows[start + size :]
                yield _with(county, key, replace(delivery, rows=rows))
            size //= 2


def _fewer_deliveries(county: County) -> Iterator[County]:
    for key, delivery in county.deliveries.items():
        if not delivery.rows:
            yield replace(
                county, deliveries={k: d for k, d in county.deliveries.items() if k != key}
            )


def _fewer_values(county: County) -> Iterator[County]:
    """With one value of a row like its first row's, or none."""
    for key, delivery in county.deliveries.items():
        for place, row in enumerate(delivery.rows):
            for name in ("risk_1", "risk_2", "risk_5", "measures", "health", "labour", "schooling"):
                if row.get(name) is not None:
                    rows = list(delivery.rows)
                    rows[place] = {**row, name: None}
                    yield _with(county, key, replace(delivery, rows=tuple(rows)))


def _with(county: County, key: object, delivery: Delivery) -> County:
    return replace(county, deliveries={**county.deliveries, key: delivery})
