"""What the database itself refuses: changed history, and on PostgreSQL other people's rows.

Installed after every change of the schema, not by a migration: a later table would be forgotten,
and SQLite loses its triggers when Alembic rebuilds a table.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

from sqlalchemy import Connection, Table, text

from poverty_watch.ledger.access import UNBOUND, seen_by
from poverty_watch.ledger.models import Base
from poverty_watch.ledger.models.base import SeenBy

ROLE_SETTING = "poverty_watch.role"
PLACE_SETTING = "poverty_watch.place"
_HEAD = "journal_head"
_NO_CHANGE = "this record is kept for ever"


def install_guards(connection: Connection) -> None:
    """Bring triggers and, on PostgreSQL, row-level security to what the tables declare."""
    tables = Base.metadata.sorted_tables
    if connection.dialect.name == "sqlite":
        for statement in _sqlite(tables):
            connection.exec_driver_sql(statement)
        return
    statements = [*_refusals(tables), *_policies(tables)]
    mark = hashlib.sha256("\n".join(statements).encode()).hexdigest()
    standing = connection.scalar(
        text("SELECT obj_description('alembic_version'::regclass, 'pg_class')")
    )
    if standing != mark:
        for statement in statements:
            connection.exec_driver_sql(statement)
        connection.exec_driver_sql(f"COMMENT ON TABLE alembic_version IS '{mark}'")


def _append_only(tables: Iterable[Table]) -> list[str]:
    return [table.name for table in tables if table.info.get("append_only")]


def _sqlite(tables: Iterable[Table]) -> Iterator[str]:
    for name in _append_only(tables):
        for act in ("UPDATE", "DELETE"):
            yield (
                f"CREATE TRIGGER IF NOT EXISTS {name}_refuses_{act.lower()} BEFORE {act} ON {name}"
                f" BEGIN SELECT RAISE(ABORT, '{_NO_CHANGE}'); END"
            )
    yield (
        f"CREATE TRIGGER IF NOT EXISTS {_HEAD}_refuses_delete BEFORE DELETE ON {_HEAD}"
        f" BEGIN SELECT RAISE(ABORT, '{_NO_CHANGE}'); END"
    )
    yield (
        f"CREATE TRIGGER IF NOT EXISTS {_HEAD}_only_grows BEFORE UPDATE ON {_HEAD}"
        f" WHEN NEW.id <> OLD.id OR NEW.last_id <= OLD.last_id"
        f" BEGIN SELECT RAISE(ABORT, '{_NO_CHANGE}'); END"
    )


def _refusals(tables: Iterable[Table]) -> Iterator[str]:
    yield (
        "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$BEGIN RAISE EXCEPTION '{_NO_CHANGE}'; END$$"
    )
    yield (
        "CREATE OR REPLACE FUNCTION refuse_shrinking() RETURNS trigger LANGUAGE plpgsql AS"
        " $$BEGIN IF NEW.id <> OLD.id OR NEW.last_id <= OLD.last_id THEN"
        f" RAISE EXCEPTION '{_NO_CHANGE}'; END IF; RETURN NEW; END$$"
    )
    for name in _append_only(tables):
        yield _trigger(name, "UPDATE OR DELETE", "ROW", "refuse_change")
        yield _trigger(name, "TRUNCATE", "STATEMENT", "refuse_change")
    yield _trigger(_HEAD, "DELETE", "ROW", "refuse_change")
    yield _trigger(_HEAD, "TRUNCATE", "STATEMENT", "refuse_change")
    yield _trigger(_HEAD, "UPDATE", "ROW", "refuse_shrinking")


def _trigger(table: str, acts: str, each: str, function: str) -> str:
    name = f"{table}_{acts.lower().replace(' ', '_')}"
    return (
        f"CREATE OR REPLACE TRIGGER {name} BEFORE {acts} ON {table}"
        f" FOR EACH {each} EXECUTE FUNCTION {function}()"
    )


# In parentheses with SELECT: asked once per statement, not once per row.
_ROLE = f"(SELECT current_setting('{ROLE_SETTING}', true))"
_PLACE = f"(SELECT current_setting('{PLACE_SETTING}', true))"


def _policies(tables: Iterable[Table]) -> Iterator[str]:
    for table in tables:
        said = seen_by(table)
        yield f"ALTER TABLE {table.name} ENABLE ROW LEVEL SECURITY"
        # Without this the owner, which is who the program connects as, would not be bound.
        yield f"ALTER TABLE {table.name} FORCE ROW LEVEL SECURITY"
        yield from _policy(table, "whole", "ALL", f"{_ROLE} IN {UNBOUND!r}")
        yield from _policy(
            table, "own", "ALL", "true" if said.written_by_all else _own(table.name, said)
        )
        yield from _policy(table, "looked_at", "SELECT", _looked_at(said))
        yield from _policy(table, "appended", "INSERT", "true" if said.appended_by_all else None)


def _policy(table: Table, name: str, act: str, condition: str | None) -> Iterator[str]:
    yield f"DROP POLICY IF EXISTS {name} ON {table.name}"
    if condition:
        clause = "WITH CHECK" if act == "INSERT" else "USING"
        yield f"CREATE POLICY {name} ON {table.name} FOR {act} {clause} ({condition})"


def _own(table: str, said: SeenBy) -> str | None:
    ways = [
        f"({_ROLE} = '{role}' AND {column} = {_PLACE})"
        for role, column in (("township", said.township), ("department", said.department))
        if column
    ]
    if said.with_parent is not None:
        pairs = zip(said.with_parent.here, said.with_parent.there, strict=True)
        same = " AND ".join(f"parent.{there} = {table}.{here}" for here, there in pairs)
        # The parent's own policy narrows this to the viewer's rows.
        ways.append(
            f"({_ROLE} IN ('township', 'department') AND EXISTS"
            f" (SELECT 1 FROM {said.with_parent.table} parent WHERE {same}))"
        )
    return " OR ".join(ways) or None


def _looked_at(said: SeenBy) -> str | None:
    if said.everyone:
        return f"{_ROLE} IN ('township', 'department', 'viewer')"
    return f"{_ROLE} = 'viewer'" if said.has_owner else None
