"""A small county written down as YAML rows: datasets of several months, put into a lake.

A key is a dataset (the month's own delivery) or ``dataset@YYYY-MM``. A dataset that is not written
was not delivered; ``[]`` is a nil return, and ``rest: nil`` makes one of every dataset that is not
written. ``sent_back`` gives rows that were set aside, by dataset. ``person_id`` (and ``head_person_id``) is a symbol such as
A; everything that a row does not say comes from ``defaults.yaml``. ``births`` gives days of birth.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import yaml

from poverty_watch.contracts import load_catalogue
from poverty_watch.contracts.shape import accepted_schema
from poverty_watch.lake.versions import Lake
from poverty_watch.ledger.deliveries import InForce
from poverty_watch.ledger.models import DatasetMonth, Delivery
from poverty_watch.ledger.store import Ledger
from poverty_watch.months import Month

HERE = Path(__file__).parent
DEFAULTS: dict[str, dict[str, Any]] = yaml.safe_load(
    (HERE / "defaults.yaml").read_text(encoding="utf-8")
)
REGISTERS = ("monitoring_register", "hukou_register")
_OTHER_KEYS = ("month", "births", "not_delivered", "rest", "sent_back", "about")
_SET_ASIDE = pa.schema(
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


def person_id(symbol: str) -> int:
    """The id of a symbolic person; its order says nothing, as with real ids."""
    return zlib.crc32(f"sample {symbol}".encode()) * (-1 if len(symbol) % 2 else 1)


@dataclass(frozen=True)
class Given:
    """A delivery that is written down: its accepted rows, and those that were set aside."""

    dataset: str
    month: Month
    accepted: pa.Table
    set_aside: pa.Table

    def in_force(self, version: int) -> InForce:
        """The delivery as the ledger tells of it."""
        status = "accepted" if self.accepted.num_rows else "nil"
        content = f"{self.dataset} {self.month} {version}"
        return InForce(self.dataset, self.month, version, status, content)


def read(given: Mapping[str, Any], month: Month) -> list[Given]:
    """All that is given, by dataset and month."""
    given = {"monitoring_register": [], "hukou_register": [], **given}
    if given.get("rest") == "nil":
        given = {name: [] for name in load_catalogue().contracts} | given
    for name in given.get("not_delivered", ()):
        del given[name]
    births = given.get("births", {})
    sent_back = given.get("sent_back", {})
    found = []
    for key, rows in given.items():
        dataset, _, month_text = key.partition("@")
        if dataset not in load_catalogue().contracts:
            assert key in _OTHER_KEYS, key
            continue
        of = Month.parse(month_text) if month_text else month
        set_aside = pa.Table.from_pylist(list(sent_back.get(key, [])), schema=_SET_ASIDE)
        found.append(Given(dataset, of, _table(dataset, rows, births), set_aside))
    return sorted(found, key=lambda one: (one.dataset, one.month))


def deliver(lake: Path, given: Mapping[str, Any], month: Month, version: int = 1) -> list[InForce]:
    """Write what is given into the lake; the deliveries that are then in force."""
    found = []
    for one in read(given, month):
        delivery = one.in_force(version)
        manifest = {"content_sha256": delivery.content_sha256}
        Lake(lake).write(one.dataset, one.month, version, one.accepted, one.set_aside, manifest)
        found.append(delivery)
    return found


def write_down(ledger: Ledger, deliveries: list[InForce]) -> None:
    """Put deliveries in force in the ledger, in place of what was in force before."""
    with ledger.transaction() as session:
        for found in deliveries:
            delivery = Delivery(
                month=str(found.month),
                dataset=found.dataset,
                department="sample",
                content_sha256=found.content_sha256,
                policy_sha256="sample",
                status=found.status,
                version=found.version,
            )
            session.add(delivery)
            session.flush()
            session.merge(
                DatasetMonth(
                    month=str(found.month),
                    dataset=found.dataset,
                    department="sample",
                    status=found.status,
                    delivery_id=delivery.id,
                )
            )


def _table(dataset: str, rows: list[dict[str, Any]], births: Mapping[str, date]) -> pa.Table:
    schema = accepted_schema(load_catalogue().contract(dataset))
    filled = [_row(dataset, row, number, schema, births) for number, row in enumerate(rows, 2)]
    return pa.Table.from_pylist(filled, schema=schema)


def _row(
    dataset: str, row: dict[str, Any], number: int, schema: pa.Schema, births: Mapping[str, date]
) -> dict[str, Any]:
    unknown = set(row) - set(schema.names)
    assert not unknown, f"{dataset} has no {unknown}"
    symbol = row.get("person_id")
    values = {
        "name": None if symbol is None else f"样本{symbol}",
        "birth_date": None if symbol is None else births.get(str(symbol), date(1980, 1, 1)),
        "source_file": f"{dataset}.xlsx",
        "source_sheet": "Sheet1",
        "source_row": number,
        "is_late": False,
        **DEFAULTS.get(dataset, {}),
        **row,
    }
    for field in schema:
        value = values.get(field.name)
        if pa.types.is_decimal(field.type) and value is not None:
            values[field.name] = Decimal(str(value))
        elif field.name.endswith("_month") and isinstance(value, str):
            values[field.name] = Month.parse(value).first_day
        elif pa.types.is_string(field.type) and value is not None:
            values[field.name] = str(value)
    for column in ("person_id", "head_person_id"):
        if values.get(column) is not None:
            values[column] = person_id(str(values[column]))
    return {name: values.get(name) for name in schema.names}
