"""A county straight in the lake: the sample's true rows in the shape that intake leaves them in.

Reading and judging workbooks is not measured here, so they are left out; everything is done in whole
columns. Two months stand in the lake, so that last month's deliveries and registers are looked at too.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scripts.bench.county import place
from scripts.bench.measure import Say, Size

_SHAPE_OF_FAULTS = pa.schema(
    [
        ("source_file", pa.string()),
        ("source_sheet", pa.string()),
        ("source_row", pa.int32()),
        ("column", pa.string()),
        ("header", pa.string()),
        ("fault", pa.string()),
        ("value", pa.string()),
    ]
)
_FAULTS = ("id_check_digit", "id_length", "id_missing", "date", "list", "duplicate")
_ONE_IN = 400
"""So many rows are sent back: about as many as the sample's clerks spoil."""


def home_of(size: Size) -> Path:
    """The installation in which the county lies."""
    return place(size, "lake")


def lake_county(size: Size, say: Say) -> Path:
    """The installation's folder; made once, whole or not at all."""
    home = home_of(size)
    if home.is_dir():
        return home
    from poverty_watch.contracts import load_catalogue
    from poverty_watch.ledger.store import open_ledger
    from poverty_watch.months import Month
    from poverty_watch.sample.evolution import live_through
    from poverty_watch.sample.generator import _county_before, _random
    from poverty_watch.settings import Settings

    say(f"正在生成 {size.households:,} 户的样例县，直接入湖 ……")
    beside = home.with_name(f".{home.name}")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    settings = Settings(beside, beside / "inbox", f"sqlite:///{beside / 'ledger.sqlite'}")
    ledger = open_ledger(settings)
    last = Month.parse(size.month)
    county = _county_before(last - 1, size.households, size.seed)
    for month in (last - 1, last):
        live_through(county, _random(size.seed, month, "life"), month)
        for dataset, contract in load_catalogue().contracts.items():
            rng = _random(size.seed, month, dataset)
            _deliver(settings.lake, ledger, county, rng, month, dataset, contract)
    beside.rename(home)
    return home


def _deliver(
    lake: Path, ledger: Any, county: Any, rng: Any, month: Any, dataset: str, contract: Any
) -> None:
    from poverty_watch.lake.versions import Lake
    from poverty_watch.ledger.models import DatasetMonth, Delivery
    from poverty_watch.sample.tables import make

    table = accepted_rows(make(county, rng, dataset, contract), contract, month)
    faulty = _faulty_rows(table)
    content = f"{dataset} {month}"
    Lake(lake).write(dataset, month, 1, table, faulty, {"content_sha256": content})
    status = "accepted" if table.num_rows else "nil"
    with ledger.transaction() as session:
        delivery = Delivery(
            month=str(month),
            dataset=dataset,
            department="sample",
            content_sha256=content,
            policy_sha256="sample",
            status=status,
            version=1,
            accepted_rows=table.num_rows,
            rejected_rows=faulty.num_rows,
        )
        session.add(delivery)
        session.flush()
        session.add(
            DatasetMonth(
                month=str(month),
                dataset=dataset,
                department="sample",
                status=status,
                delivery_id=delivery.id,
            )
        )


def accepted_rows(table: Mapping[str, Any], contract: Any, month: Any) -> pa.Table:
    """A sample table as ``accepted.parquet`` has it."""
    from poverty_watch.contracts.shape import accepted_schema

    numbers = table[contract.identity.name]
    rows = len(numbers)
    arrays: dict[str, Any] = {
        "birth_date": pa.array(births(numbers)),
        "source_file": _same(f"{contract.title}{str(month).replace('-', '')}.xlsx", rows),
        "source_sheet": _same("Sheet1", rows),
        "source_row": pa.array(np.arange(2, rows + 2, dtype=np.int32)),
        "is_late": pa.array(_is_late(table, contract, month)),
    }
    columns = {column.name: column for column in contract.columns}
    schema = accepted_schema(contract)
    for field in schema:
        if field.name in arrays:
            continue
        arrays[field.name] = _values(table[field.name], columns[field.name], field.type)
    return pa.table([arrays[name] for name in schema.names], schema=schema)


def _is_late(table: Mapping[str, Any], contract: Any, month: Any) -> Any:
    if contract.event is None:
        return np.zeros(len(table[contract.identity.name]), dtype=bool)
    return table[contract.event.name] < np.datetime64(month.first_day)


def _same(value: Any, rows: int) -> pa.Array:
    return pa.repeat(value, rows)


def _values(values: Any, column: Any, kind: pa.DataType) -> pa.Array:
    if column.type in ("identity", "identity_reference"):
        return person_ids(values)
    if values.dtype.kind == "M":
        return pa.array(values.astype("datetime64[D]"))
    if pa.types.is_decimal(kind):
        blank = np.isnan(values)
        exact = _decimals(np.where(blank, 0, values), kind)
        return exact if column.blank_is_zero else pc.if_else(pa.array(blank), None, exact)
    texts = pa.array(values, pa.string())
    return pc.if_else(pc.equal(texts, ""), None, texts)


def _decimals(values: Any, kind: pa.DataType) -> pa.Array:
    """Amounts to the hundredth as 128-bit decimals."""
    units = np.rint(values * 100).astype(np.int64) * 10 ** (kind.scale - 2)
    halves = np.ascontiguousarray(np.stack([units, units >> 63], axis=1))
    return pa.Array.from_buffers(kind, len(units), [None, pa.py_buffer(halves)])


def person_ids(numbers: Any) -> pa.Array:
    """A 64-bit id for each identity number, as evenly spread as keyed ones; null for a blank."""
    digits, blank = _digits(numbers)
    mixed = digits.astype(np.uint64)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    mixed ^= mixed >> np.uint64(31)
    return pa.array(mixed.view(np.int64), mask=blank)


def births(numbers: Any) -> Any:
    """The day of birth in each number."""
    digits, blank = _digits(numbers)
    day = digits // 1000 % 10**8
    months = (day // 10000 - 1970) * 12 + day // 100 % 100 - 1
    dates = months.astype("datetime64[M]").astype("datetime64[D]") + (day % 100 - 1)
    return np.where(blank, np.datetime64("NaT"), dates)


def _digits(numbers: Any) -> tuple[Any, Any]:
    """The first 17 digits as one number, and which cells are blank."""
    if not len(numbers):
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=bool)
    texts = numbers.astype("U17")
    blank = texts == ""
    return np.where(blank, "19700101", texts).astype(np.int64), blank


def _faulty_rows(table: pa.Table) -> pa.Table:
    rows = table.num_rows // _ONE_IN
    place = np.arange(rows)
    columns = {
        "source_file": _same("样例.xlsx", rows),
        "source_sheet": _same("Sheet1", rows),
        "source_row": pa.array(place + table.num_rows + 2, pa.int32()),
        "column": _same("person_id", rows),
        "header": _same("身份证号", rows),
        "fault": pa.array(np.array(_FAULTS, dtype=object)[place % len(_FAULTS)], pa.string()),
        "value": _same("530501********001X", rows),
    }
    return pa.table(list(columns.values()), schema=_SHAPE_OF_FAULTS)
