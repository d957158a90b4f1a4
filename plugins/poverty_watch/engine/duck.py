"""DuckDB inside the process: the default engine."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from poverty_watch.engine.interface import EngineError, ParquetPart, Relation, Rows
from poverty_watch.engine.text import relations_of


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _name(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


class DuckEngine:
    """SQL over Parquet files and Arrow tables, attached only when a text reads them."""

    def __init__(self, threads: int | None = None, memory: str | None = None) -> None:
        """Open an engine.

        Args:
            threads: how many threads it may use; all of the machine's if not given.
            memory: how much memory it may use, such as ``2GB``; DuckDB's default if not given.
        """
        self._connection = duckdb.connect()
        self._connection.execute("set enable_progress_bar = false")
        # Only what is attached may be read, not a variable of the program that has the same name.
        self._connection.execute("set python_enable_replacements = false")
        if threads is not None:
            self._connection.execute(f"set threads = {int(threads)}")
        if memory is not None:
            self._connection.execute(f"set memory_limit = {_quoted(memory)}")
        self._offered: dict[str, Relation] = {}
        self._bound: set[str] = set()

    @classmethod
    @contextmanager
    def opened(cls, threads: int | None = None, memory: str | None = None) -> Iterator[DuckEngine]:
        """An engine for the length of a block.

        What is not given is read from ``POVERTY_WATCH_ENGINE_THREADS`` and
        ``POVERTY_WATCH_ENGINE_MEMORY``, if set.
        """
        asked = os.environ.get("POVERTY_WATCH_ENGINE_THREADS")
        engine = cls(
            threads if threads is not None or not asked else int(asked),
            memory or os.environ.get("POVERTY_WATCH_ENGINE_MEMORY") or None,
        )
        try:
            yield engine
        finally:
            engine._connection.close()

    def attach(self, name: str, relation: Relation) -> None:
        """See `Engine.attach`."""
        if name in self._bound:
            if isinstance(self._offered[name], Rows):
                self._connection.execute(f"drop view {_name(name)}")
            else:
                self._connection.unregister(name)
            self._bound.discard(name)
        self._offered[name] = relation

    def run(self, sql: str, parameters: Mapping[str, Any], *, name: str = "") -> pa.Table:
        """See `Engine.run`."""
        what = name or "SQL"
        try:
            for relation in sorted(relations_of(sql)):
                self._bind(relation)
            (statement,) = self._connection.extract_statements(sql)
            wanted = statement.named_parameters
            if unknown := sorted(set(wanted) - set(parameters)):
                raise EngineError(f"{what}: no parameter {', '.join(unknown)}")
            bound = {key: parameters[key] for key in wanted}
            found = self._connection.sql(statement, params=bound)
            return found.to_arrow_table()
        except (duckdb.Error, ValueError) as error:
            raise EngineError(f"{what}: {error}") from error

    def _bind(self, name: str) -> None:
        if name in self._bound:
            return
        if name not in self._offered:
            raise EngineError(f"no relation {name}")
        relation = self._offered[name]
        if isinstance(relation, Rows):
            self._connection.execute(f"create view {_name(name)} as {_scan(relation)}")
        else:
            self._connection.register(name, relation)
        self._bound.add(name)


def _scan(rows: Rows) -> str:
    """A query over a relation's files; files of the same shape and month are read as one."""
    empty = _typed_nothing(rows)
    if not rows.parts:
        return empty
    by_month: dict[str | None, list[ParquetPart]] = {}
    for part in rows.parts:
        by_month.setdefault(part.month, []).append(part)
    names = set(rows.schema.names)
    queries = [] if _all_have(rows.parts, names) else [empty]
    columns = "*" if queries else ", ".join(_name(column) for column in rows.schema.names)
    for month, parts in by_month.items():
        files = ", ".join(_quoted(str(part.path)) for part in parts)
        month_column = f", {_quoted(month)} as month" if month is not None else ""
        queries.append(
            f"select {columns}{month_column} from read_parquet([{files}], union_by_name = true)"
        )
    return " union all by name ".join(queries)


def _all_have(parts: tuple[ParquetPart, ...], names: set[str]) -> bool:
    return all(names <= set(pq.read_schema(part.path).names) for part in parts)


def _typed_nothing(rows: Rows) -> str:
    columns = [f"cast(null as {_type(field.type)}) as {_name(field.name)}" for field in rows.schema]
    if rows.has_month:
        columns.append("cast(null as varchar) as month")
    return f"select {', '.join(columns)} where false"


def _type(kind: pa.DataType) -> str:
    """DuckDB's name of an Arrow type of the lake."""
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return "varchar"
    if pa.types.is_date32(kind):
        return "date"
    if pa.types.is_boolean(kind):
        return "boolean"
    if pa.types.is_int64(kind):
        return "bigint"
    if pa.types.is_int32(kind):
        return "integer"
    if pa.types.is_decimal(kind):
        return f"decimal({kind.precision}, {kind.scale})"
    raise EngineError(f"the lake holds no {kind}")
