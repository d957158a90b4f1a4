"""DuckDB inside the process: the default engine."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from poverty_watch.engine.interface import EngineError, ParquetPart, Relation, Rows
from poverty_watch.engine.text import relations_of, words_of


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
        # Rows have the order that a text asks for; otherwise none is kept for its own sake.
        self._connection.execute("set preserve_insertion_order = false")
        # Only what is attached may be read, not a variable of the program that has the same name.
        self._connection.execute("set python_enable_replacements = false")
        if threads is not None:
            self._connection.execute(f"set threads = {int(threads)}")
        if memory is not None:
            self._connection.execute(f"set memory_limit = {_quoted(memory)}")
        self._offered: dict[str, Relation] = {}
        # How a relation that a text read is known to DuckDB: as a view, a table or Arrow's rows.
        self._bound: dict[str, str] = {}

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
        self._unbind(name)
        self._offered[name] = relation

    def run(self, sql: str, parameters: Mapping[str, Any], *, name: str = "") -> pa.Table:
        """See `Engine.run`."""
        with self._telling(name, sql):
            statement, bound = self._prepared(sql, parameters)
            return self._connection.sql(statement, params=bound).to_arrow_table()

    def keep(
        self, relation: str, sql: str, parameters: Mapping[str, Any], *, name: str = ""
    ) -> int:
        """See `Engine.keep`."""
        with self._telling(name, sql):
            self._prepared(sql, parameters)
            self._unbind(relation)
            making = f"create table {_name(relation)} as {sql}"
            statement, bound = self._statement(making, parameters)
            ((rows,),) = self._connection.execute(statement, bound).fetchall()
            self._bound[relation] = "table"
            return int(rows)

    def save(self, relation: str, path: Path) -> None:
        """See `Engine.save`."""
        with self._telling(f"save {relation}", f"select * from {_name(relation)}"):
            if relation in self._offered:
                self._bind(relation)
            self._connection.execute(
                f"copy {_name(relation)} to {_quoted(str(path))} (format parquet)"
            )

    @contextmanager
    def _telling(self, name: str, sql: str = "") -> Iterator[None]:
        try:
            yield
        except duckdb.CatalogException as error:
            lost = sorted(relations_of(sql) - self._offered.keys() - self._bound.keys())
            told = f"no relation {', '.join(lost)}" if lost else str(error)
            raise EngineError(f"{name or 'SQL'}: {told}") from error
        except (duckdb.Error, ValueError) as error:
            raise EngineError(f"{name or 'SQL'}: {error}") from error

    def _prepared(self, sql: str, parameters: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
        # Whatever is called like a relation is made ready: to look only for what the text reads
        # from would mean parsing it twice.
        for relation in sorted(words_of(sql) & self._offered.keys()):
            self._bind(relation)
        return self._statement(sql, parameters)

    def _statement(self, sql: str, parameters: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
        (statement,) = self._connection.extract_statements(sql)
        wanted = statement.named_parameters
        if unknown := sorted(set(wanted) - set(parameters)):
            raise ValueError(f"no parameter {', '.join(unknown)}")
        return statement, {key: parameters[key] for key in wanted}

    def _bind(self, name: str) -> None:
        if name in self._bound:
            return
        relation = self._offered[name]
        if isinstance(relation, Rows):
            self._connection.execute(f"create view {_name(name)} as {_scan(relation)}")
            self._bound[name] = "view"
        else:
            self._connection.register(name, relation)
            self._bound[name] = "arrow"

    def _unbind(self, name: str) -> None:
        kind = self._bound.pop(name, None)
        if kind == "arrow":
            self._connection.unregister(name)
        elif kind is not None:
            self._connection.execute(f"drop {kind} {_name(name)}")


def _scan(rows: Rows) -> str:
    """A query over a relation's files; files of the same month and dataset are read as one."""
    if not rows.parts:
        return _typed_nothing(rows)
    alike: dict[tuple[str | None, str | None], list[ParquetPart]] = {}
    for part in rows.parts:
        alike.setdefault((part.month, part.dataset), []).append(part)
    return " union all ".join(_scan_of(rows, parts) for parts in alike.values())


def _scan_of(rows: Rows, parts: list[ParquetPart]) -> str:
    there = {name for part in parts for name in pq.read_schema(part.path).names}
    columns = [_name(f.name) if f.name in there else _typed_null(f) for f in rows.schema]
    if rows.has_month:
        columns.append(f"{_quoted(parts[0].month or '')} as month")
    if rows.has_dataset:
        columns.append(f"{_quoted(parts[0].dataset or '')} as dataset")
    files = ", ".join(_quoted(str(part.path)) for part in parts)
    return f"select {', '.join(columns)} from read_parquet([{files}], union_by_name = true)"


def _typed_nothing(rows: Rows) -> str:
    columns = [_typed_null(field) for field in rows.schema]
    columns += ["cast(null as varchar) as month"] if rows.has_month else []
    columns += ["cast(null as varchar) as dataset"] if rows.has_dataset else []
    return f"select {', '.join(columns)} where false"


def _typed_null(field: pa.Field) -> str:
    return f"cast(null as {_type(field.type)}) as {_name(field.name)}"


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
