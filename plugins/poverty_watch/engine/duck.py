"""DuckDB inside the process: the default engine."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import Any, TypeAlias, TypeVar

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from poverty_watch.engine.interface import EngineError, ParquetPart, Relation, Rows, Text
from poverty_watch.engine.text import relations_of, words_of

_T = TypeVar("_T")
_Work: TypeAlias = Callable[[Any], _T]
# DuckDB advises `sql` in place of `execute`, which with parameters copies the rows just as well, and
# plans every text twice: a tenth of the time of a month's checks.
warnings.filterwarnings("ignore", "Arrow output on a DB-API result", UserWarning)
# One text seldom keeps more than two cores busy; more at once only take memory from each other.
_MOST_WORKERS = 2


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _name(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


class DuckEngine:
    """SQL over Parquet files and Arrow tables, attached only when a text names them."""

    def __init__(self, threads: int | None = None, memory: str | None = None) -> None:
        """Open an engine.

        Args:
            threads: how many threads it may use; all of the machine's if not given.
            memory: how much memory it may use, such as ``2GB``; DuckDB's default if not given.
        """
        self._connection = duckdb.connect()
        if threads is not None:
            self._connection.execute(f"set threads = {int(threads)}")
        if memory is not None:
            self._connection.execute(f"set memory_limit = {_quoted(memory)}")
        # Rows have the order that a text asks for; otherwise none is kept for its own sake.
        self._connection.execute("set preserve_insertion_order = false")
        self._offered: dict[str, Relation] = {}
        # How a relation that a text named is known to DuckDB: as a view, a table or Arrow's rows.
        self._bound: dict[str, str] = {}
        ((whole,),) = self._connection.execute("select current_setting('threads')").fetchall()
        beside = min(whole, _MOST_WORKERS) - 1
        # Each worker beside the first brings a thread of its own.
        self._connection.execute(f"set threads = {whole - beside}")
        self._workers = [self._connection, *(self._connection.cursor() for _ in range(beside))]
        for worker in self._workers:
            worker.execute("set enable_progress_bar = false")
            worker.execute("set parquet_metadata_cache = true")
            # Only what is attached may be read, not a variable of the program of the same name.
            worker.execute("set python_enable_replacements = false")

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
            for worker in reversed(engine._workers):
                worker.close()

    def attach(self, name: str, relation: Relation) -> None:
        """See `Engine.attach`."""
        self._unbind(name)
        self._offered[name] = relation

    def run(self, sql: str, parameters: Mapping[str, Any], *, name: str = "SQL") -> pa.Table:
        """See `Engine.run`."""
        (found,) = self.run_all([Text(sql, parameters, name)])
        return found

    def run_all(self, texts: Sequence[Text]) -> list[pa.Table]:
        """See `Engine.run_all`."""
        self._bind_all(texts)
        return self._side_by_side([partial(_rows_of, text) for text in texts], texts)

    def keep(self, texts: Mapping[str, Text]) -> dict[str, int]:
        """See `Engine.keep`."""
        self._bind_all(texts.values())
        for relation in texts:
            self._unbind(relation)
        making = [
            partial(_rows_made, Text(f"create table {_name(r)} as {t.sql}", t.parameters, t.name))
            for r, t in texts.items()
        ]
        rows = self._side_by_side(making, list(texts.values()))
        self._bound |= dict.fromkeys(texts, "table")
        return dict(zip(texts, rows, strict=True))

    def save(self, paths: Mapping[str, Path]) -> None:
        """See `Engine.save`."""
        texts = [Text(f"select * from {_name(r)}", name=f"save {r}") for r in paths]
        self._bind_all(texts)
        saving = [partial(_save, relation, path) for relation, path in paths.items()]
        self._side_by_side(saving, texts)

    def _side_by_side(self, work: Sequence[_Work[_T]], texts: Sequence[Text]) -> list[_T]:
        """Each piece of work on a connection that is free; the first error is told by its text."""
        free: SimpleQueue[Any] = SimpleQueue()
        for worker in self._workers:
            free.put(worker)

        def do(piece: _Work[_T], text: Text) -> _T:
            worker = free.get()
            try:
                return piece(worker)
            except (duckdb.Error, ValueError) as error:
                raise self._told(text, error) from error
            finally:
                free.put(worker)

        if len(work) == 1 or len(self._workers) == 1:
            return [do(piece, text) for piece, text in zip(work, texts, strict=True)]
        with ThreadPoolExecutor(len(self._workers)) as pool:
            return list(pool.map(do, work, texts))

    def _told(self, text: Text, error: Exception) -> EngineError:
        told = str(error)
        if isinstance(error, duckdb.CatalogException):
            lost = sorted(relations_of(text.sql) - self._offered.keys() - self._bound.keys())
            told = f"no relation {', '.join(lost)}" if lost else told
        return EngineError(f"{text.name}: {told}")

    def _bind_all(self, texts: Iterable[Text]) -> None:
        # Whatever is called like a relation is made ready: to look only for what a text reads from
        # would mean parsing it twice.
        named = frozenset[str]().union(*(words_of(text.sql) for text in texts))
        for relation in sorted(named & self._offered.keys() - self._bound.keys()):
            self._bind(relation)

    def _bind(self, name: str) -> None:
        relation = self._offered[name]
        if isinstance(relation, Rows):
            self._connection.execute(f"create view {_name(name)} as {_scan(relation)}")
            self._bound[name] = "view"
        else:
            for worker in self._workers:
                worker.register(name, relation)
            self._bound[name] = "arrow"

    def _unbind(self, name: str) -> None:
        kind = self._bound.pop(name, None)
        if kind == "arrow":
            for worker in self._workers:
                worker.unregister(name)
        elif kind is not None:
            self._connection.execute(f"drop {kind} {_name(name)}")


def _statement(connection: Any, text: Text) -> tuple[Any, dict[str, Any]]:
    (statement,) = connection.extract_statements(text.sql)
    wanted = statement.named_parameters
    if unknown := sorted(set(wanted) - set(text.parameters)):
        raise ValueError(f"no parameter {', '.join(unknown)}")
    return statement, {key: text.parameters[key] for key in wanted}


def _rows_of(text: Text, connection: Any) -> pa.Table:
    return connection.execute(*_statement(connection, text)).to_arrow_table()


def _rows_made(text: Text, connection: Any) -> int:
    ((rows,),) = connection.execute(*_statement(connection, text)).fetchall()
    return int(rows)


def _save(relation: str, path: Path, connection: Any) -> None:
    connection.execute(f"copy {_name(relation)} to {_quoted(str(path))} (format parquet)")


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
