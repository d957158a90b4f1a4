"""A county as plain rows: what departments delivered, month by month, as it was accepted.

A row is a dict with the columns of the dataset's contract (`accepted_schema`). Nothing here knows
of SQL: the reference is written from the county's catalogue of definitions alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any

import yaml

from poverty_watch.months import Month
from poverty_watch.settings import REFERENCE, SQL

Row = Mapping[str, Any]
Person = int

MONITORING, HUKOU = "monitoring_register", "hukou_register"
REGISTERS = (MONITORING, HUKOU)
SERVES_AT_MOST = 3


@dataclass(frozen=True)
class Delivery:
    """An accepted delivery (or a nil return): its rows, and the fault of each row sent back."""

    rows: tuple[Row, ...] = ()
    faults: tuple[str, ...] = ()


@dataclass(frozen=True)
class County:
    """The deliveries in force, seen from a month: later ones are not looked at."""

    month: Month
    deliveries: Mapping[tuple[str, Month], Delivery] = field(default_factory=dict)

    def __repr__(self) -> str:
        rows = sum(len(delivery.rows) for delivery in self.deliveries.values())
        return f"a county in {self.month}: {len(self.deliveries)} deliveries, {rows} rows"

    def has(self, dataset: str, month: Month | None = None) -> bool:
        """Whether a month (this one if not given) has a delivery in force."""
        return (dataset, month or self.month) in self.deliveries

    def rows(self, dataset: str, month: Month | None = None) -> tuple[Row, ...]:
        """The accepted rows of a month; none where there is no delivery."""
        found = self.deliveries.get((dataset, month or self.month))
        return found.rows if found else ()

    def months_of(self, dataset: str) -> list[Month]:
        """The months up to this one that have a delivery in force, earliest first."""
        return sorted(m for d, m in self.deliveries if d == dataset and m <= self.month)

    def serving(self, register: str) -> Month | None:
        """The month whose snapshot of a register serves."""
        for back in range(SERVES_AT_MOST + 1):
            if self.has(register, self.month - back):
                return self.month - back
        return None

    def register(self, register: str) -> tuple[Row, ...]:
        """The rows of the snapshot that serves."""
        month = self.serving(register)
        return () if month is None else self.rows(register, month)

    def up_to_now(self, dataset: str) -> Iterator[Row]:
        """The rows of all months up to this one."""
        for month in self.months_of(dataset):
            yield from self.rows(dataset, month)


def age(birth: date, day: date) -> int:
    """Full years; a birthday on 29 February is kept on 1 March in common years."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def smallest(numbers: Iterable[str]) -> str:
    """The smallest 户编号, 户号 or 人编号: 9 comes before 10."""
    return min(numbers, key=lambda number: (len(number), number))


@lru_cache(maxsize=1)
def _parameters() -> dict[str, list[dict[str, Any]]]:
    content = yaml.load((SQL / "parameters.yaml").read_text(encoding="utf-8"), yaml.BaseLoader)
    return {parameter["name"]: parameter["values"] for parameter in content["parameters"]}


def parameter(name: str, month: Month, kind: str = "value") -> Decimal | None:
    """A parameter's value in force at the end of a month; ``kind`` is value, t or g."""
    found = None
    for value in sorted(_parameters()[name], key=lambda value: str(value["valid_from"])):
        if Month.parse(value["valid_from"]) <= month:
            found = Decimal(value[kind])
    return found


@lru_cache(maxsize=1)
def _risks() -> dict[str, str]:
    content = yaml.safe_load((REFERENCE / "risk_labels.yaml").read_text(encoding="utf-8"))
    return {s: risk for risk, spellings in content.items() for s in (risk, *spellings)}


def risk_of(label: str | None) -> str | None:
    """The risk that a label means; an unknown label stays itself."""
    return None if label is None else _risks().get(label, label)
