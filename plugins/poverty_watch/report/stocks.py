"""Stocks and flows of monitored households between two register snapshots: the core of 表一."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from poverty_watch.contracts import Contract
from poverty_watch.months import Month
from poverty_watch.report import queries

TOTAL = "合计"

REGISTER_STOCK = pa.schema(
    [
        ("household_id", pa.string()),
        ("township", pa.string()),
        ("monitored_class", pa.string()),
        ("is_eliminated", pa.string()),
        ("identified_month", pa.date32()),
        ("eliminated_month", pa.date32()),
        ("elimination_mode", pa.string()),
        ("main_risk", pa.string()),
        ("household_type", pa.string()),
        ("living_register_members", pa.int32()),
        ("village", pa.string()),
        ("head_name", pa.string()),
        *((f"risk_{number}", pa.string()) for number in range(1, 6)),
        ("measures", pa.string()),
    ]
)


@dataclass(frozen=True)
class Count:
    """Households and persons of one cell."""

    households: int
    persons: int

    def __add__(self, other: Count) -> Count:
        return Count(self.households + other.households, self.persons + other.persons)


NOTHING = Count(0, 0)


@dataclass(frozen=True)
class Correction:
    """One household in 更正补录, with its sign and what happened."""

    household_id: str
    township: str
    monitored_class: str
    count: Count
    note: str


@dataclass(frozen=True)
class Stocks:
    """表一 of a month.

    ``cells`` is keyed by (township, class, item) in the order in which the table is read, 合计 last;
    ``by_risk`` and ``by_mode`` by (township, class, risk or mode), where a blank one is ``""``.
    ``movements`` are the households behind the cells.
    """

    townships: tuple[str, ...]
    classes: tuple[str, ...]
    items: tuple[str, ...]
    cells: Mapping[tuple[str, str, str], Count]
    by_risk: Mapping[tuple[str, str, str], Count]
    by_mode: Mapping[tuple[str, str, str], Count]
    corrections: tuple[Correction, ...]
    movements: pa.Table

    @property
    def places(self) -> tuple[str, ...]:
        """The townships and the county."""
        return (*self.townships, TOTAL)

    def cell(self, township: str, monitored_class: str | None, item: str) -> Count:
        """One figure; without a class, the sum of all classes."""
        classes = self.classes if monitored_class is None else (monitored_class,)
        return sum((self.cells[township, name, item] for name in classes), NOTHING)

    def detail(
        self,
        which: Mapping[tuple[str, str, str], Count],
        township: str,
        monitored_class: str | None,
    ) -> dict[str, Count]:
        """``by_risk`` or ``by_mode`` of a township or the county, of one class or all."""
        found: dict[str, Count] = {}
        for (place, name, detail), count in which.items():
            if township in (TOTAL, place) and monitored_class in (None, name):
                found[detail] = found.get(detail, NOTHING) + count
        return found


def township_names(divisions: Path) -> tuple[str, ...]:
    """The county's townships in the order of their codes."""
    with divisions.open(encoding="utf-8-sig", newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["level"] == "township"]
    return tuple(row["name"] for row in sorted(rows, key=lambda row: row["code"]))


def county_name(divisions: Path) -> str:
    """The county's name."""
    with divisions.open(encoding="utf-8-sig", newline="") as stream:
        return next(row["name"] for row in csv.DictReader(stream) if row["level"] == "county")


def classes_of(register: Contract, month: Month) -> tuple[str, ...]:
    """The classes of monitored households that the law of that month knows."""
    return tuple(
        choice.value
        for choice in register.column("monitored_class").values
        if choice.since is None or Month.parse(choice.since) <= month
    )


def stocks_and_flows(
    month: Month,
    register: pa.Table,
    previous: pa.Table | None,
    townships: Iterable[str],
    classes: Iterable[str],
) -> Stocks:
    """Count 表一 from the registers of two months.

    Args:
        month: the month monitored.
        register: `REGISTER_STOCK` rows of its register, one per household.
        previous: the same of the month before; None if there is no such snapshot.
        townships: in the order of the table; other names in the register follow them.
        classes: in the order of the table; other classes in the register follow them.
    """
    with queries.opened() as query:
        movements = query(
            "register_movements",
            {
                "register_stock": _as_relation(register),
                "register_stock_previous": _as_relation(
                    REGISTER_STOCK.empty_table() if previous is None else previous
                ),
            },
            {"month_start": month.first_day, "has_previous": previous is not None},
        )
        places = _with_others(townships, movements.column("township").to_pylist())
        names = _with_others(classes, movements.column("class").to_pylist())
        table = query(
            "stocks_flows",
            {"movements": movements, "townships": as_list(places), "classes": as_list(names)},
        )
        by_risk = query("new_by_risk", {"movements": movements})
        by_mode = query("eliminated_by_mode", {"movements": movements})
    cells = {
        (row["township"], row["class"], row["item"]): Count(row["households"], row["persons"])
        for row in table.to_pylist()
    }
    return Stocks(
        townships=places,
        classes=names,
        items=tuple(dict.fromkeys(item for _, _, item in cells)),
        cells=cells,
        by_risk=_details(by_risk),
        by_mode=_details(by_mode),
        corrections=_corrections(movements, places),
        movements=movements,
    )


def as_list(names: Iterable[str]) -> pa.Table:
    """Names with their position, as a relation for the queries."""
    ordered = list(names)
    return pa.table(
        {
            "name": pa.array(ordered, pa.string()),
            "position": pa.array(range(len(ordered)), pa.int32()),
        }
    )


def _as_relation(rows: pa.Table) -> pa.Table:
    return rows.select(REGISTER_STOCK.names).cast(REGISTER_STOCK)


def _with_others(known: Iterable[str], met: Iterable[str]) -> tuple[str, ...]:
    ordered = tuple(known)
    return (*ordered, *sorted(set(met) - set(ordered)))


def _details(table: pa.Table) -> dict[tuple[str, str, str], Count]:
    return {
        (row["township"], row["class"], row["detail"] or ""): Count(
            row["households"], row["persons"]
        )
        for row in table.to_pylist()
    }


def _corrections(movements: pa.Table, places: tuple[str, ...]) -> tuple[Correction, ...]:
    found = [
        Correction(
            row["household_id"],
            row["township"],
            row["class"],
            Count(row["households"], row["persons"]),
            row["note"],
        )
        for row in movements.to_pylist()
        if row["note"]
    ]
    found.sort(key=lambda c: (places.index(c.township), c.household_id, c.count.households, c.note))
    return tuple(found)
