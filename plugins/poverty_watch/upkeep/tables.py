"""The ledger's tables as Parquet files, and back, whatever database either side is.

Tables are read as the database has them, not as the program's models would: a backup of an older
version restores into its own schema first and is migrated then.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import (
    JSON,
    Boolean,
    Connection,
    Date,
    DateTime,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    Table,
    func,
    select,
    text,
)
from sqlalchemy.types import TypeEngine

VERSION_TABLE = "alembic_version"
_BATCH = 20_000


def reflected(connection: Connection) -> list[Table]:
    """All tables but Alembic's, each after those that it refers to."""
    metadata = MetaData()
    metadata.reflect(connection)
    return [table for table in metadata.sorted_tables if table.name != VERSION_TABLE]


def dump(connection: Connection, table: Table, path: Path) -> int:
    """Write a table's rows, in the order of its key; how many."""
    schema = pa.schema([(column.name, _kind(column.type)) for column in table.columns])
    rows = 0
    query = select(table).order_by(*table.primary_key.columns)
    found = connection.execute(query.execution_options(yield_per=_BATCH))
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for part in found.mappings().partitions(_BATCH):
            writer.write_table(_arrow(part, schema, table))
            rows += len(part)
    return rows


def load(connection: Connection, table: Table, path: Path) -> int:
    """Insert the rows of a file; how many."""
    rows = 0
    file = pq.ParquetFile(path)
    for batch in file.iter_batches(_BATCH):
        values = [_restored(row, table) for row in batch.to_pylist()]
        if values:
            connection.execute(table.insert(), values)
            rows += len(values)
    return rows


def continue_numbering(connection: Connection, table: Table) -> None:
    """Let new rows be numbered after the restored ones; PostgreSQL's counters do not see inserts."""
    if connection.dialect.name != "postgresql":
        return
    for column in table.primary_key.columns:
        counter = connection.execute(
            text("SELECT pg_get_serial_sequence(:t, :c)"), {"t": table.name, "c": column.name}
        ).scalar()
        if counter is not None:
            newest = connection.execute(select(func.max(column))).scalar()
            if newest is not None:
                connection.execute(text("SELECT setval(:s, :n)"), {"s": counter, "n": newest})


def _kind(kind: TypeEngine[Any]) -> pa.DataType:
    if isinstance(kind, Boolean):
        return pa.bool_()
    if isinstance(kind, Integer):
        return pa.int64()
    if isinstance(kind, Float):
        return pa.float64()
    if isinstance(kind, DateTime):
        return pa.timestamp("us", tz="UTC")
    if isinstance(kind, Date):
        return pa.date32()
    if isinstance(kind, LargeBinary):
        return pa.large_binary()
    if isinstance(kind, Numeric):
        return pa.decimal128(38, 10)
    return pa.large_string()  # texts, and JSON as text


def _arrow(rows: Sequence[Mapping[Any, Any]], schema: pa.Schema, table: Table) -> pa.Table:
    columns = []
    for field in schema:
        values: Iterator[Any] = (row[field.name] for row in rows)
        kind = table.columns[field.name].type
        if isinstance(kind, JSON):
            values = (json.dumps(value, ensure_ascii=False) for value in values)
        elif isinstance(kind, DateTime):
            values = (_in_utc(value) for value in values)
        columns.append(pa.array(list(values), field.type))
    return pa.table(columns, schema=schema)


def _in_utc(moment: datetime | None) -> datetime | None:
    # SQLite gives times back without their zone; they are UTC.
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment


def _restored(row: dict[str, Any], table: Table) -> dict[str, Any]:
    for column in table.columns:
        if isinstance(column.type, JSON):
            row[column.name] = json.loads(row[column.name])
    return row
