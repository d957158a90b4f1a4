"""Names for rows of evidence, so that something new can be told from what was known before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from poverty_watch.contracts import Catalogue
from poverty_watch.lake.versions import Lake
from poverty_watch.months import Month
from poverty_watch.screening.definitions import RuleHeader
from poverty_watch.screening.suppression import kind_of

_PLACE = ("source_file", "source_sheet", "source_row")
_DATES = ("date", "month")

Row = Mapping[str, Any]
Delivery = tuple[str, str, int]  # dataset, month, version
Place = tuple[str, str, int]  # file, sheet, row


def events_of(
    hits: Iterable[tuple[RuleHeader, Sequence[Row]]], catalogue: Catalogue, lake: Lake
) -> list[list[str]]:
    """The events behind each hit, given its rule and its rows of evidence.

    Two rows tell of the same event if dataset, person, value (its numbers aside) and dates are the
    same. The dates are the dataset's event date and those among the rule's ``cells``: where a
    row stands, and which delivery brought it, make no difference.
    """
    told = list(hits)
    headers = {header.id: header for header, _ in told}
    pairs = {(header.id, _source(row).get("dataset", "")) for header, rows in told for row in rows}
    columns = {pair: _date_columns(headers[pair[0]], pair[1], catalogue) for pair in pairs}
    dates = _dates(told, columns, lake)
    return [
        sorted(
            {
                "|".join(
                    [
                        _source(row).get("dataset", ""),
                        str(row.get("person_id") or ""),
                        kind_of(row.get("value")),
                        *dates.get((header.id, *_delivery(row), *_place(row)), ()),
                    ]
                )
                for row in rows
            }
        )
        for header, rows in told
    ]


def _source(row: Row) -> Mapping[str, Any]:
    return row.get("source") or {}


def _delivery(row: Row) -> tuple[Any, ...]:
    return tuple(_source(row).get(part) for part in ("dataset", "month", "version"))


def _place(row: Row) -> tuple[Any, ...]:
    return tuple(_source(row).get(part) for part in ("file", "sheet", "row"))


def _date_columns(header: RuleHeader, dataset: str, catalogue: Catalogue) -> tuple[str, ...]:
    if dataset not in catalogue.contracts:
        return ()
    return tuple(
        column.name
        for column in catalogue.contract(dataset).columns
        if column.type in _DATES and (column.event or f"{dataset}.{column.name}" in header.cells)
    )


def _dates(
    told: Iterable[tuple[RuleHeader, Sequence[Row]]],
    columns: Mapping[tuple[str, str], tuple[str, ...]],
    lake: Lake,
) -> dict[tuple[Any, ...], tuple[str, ...]]:
    """The dates of each row of evidence, by rule, delivery and place; every delivery is read once."""
    wanted: dict[Delivery, dict[str, set[int]]] = {}
    for header, rows in told:
        for row in rows:
            source = _source(row)
            if source and columns[header.id, source["dataset"]]:
                of_rule = wanted.setdefault(
                    (source["dataset"], source["month"], source["version"]), {}
                )
                of_rule.setdefault(header.id, set()).add(source["row"])
    found: dict[tuple[Any, ...], tuple[str, ...]] = {}
    for delivery, of_rules in wanted.items():
        path = lake.accepted(delivery[0], Month.parse(delivery[1]), delivery[2])
        names = {rule: columns[rule, delivery[0]] for rule in of_rules}
        needed = sorted({name for dated in names.values() for name in dated})
        numbers = pa.array(sorted(set().union(*of_rules.values())), pa.int32())
        table = pq.read_table(path, columns=[*_PLACE, *needed])
        table = table.filter(pc.is_in(table.column("source_row"), value_set=numbers))
        for row in table.to_pylist():
            place = tuple(row[part] for part in _PLACE)
            for rule, dated in names.items():
                found[(rule, *delivery, *place)] = tuple(str(row[name] or "") for name in dated)
    return found
