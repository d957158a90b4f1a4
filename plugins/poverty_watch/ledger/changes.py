"""Bring rows of a table to what they should be, writing only what differs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, bindparam, insert, select, update
from sqlalchemy.orm import Session

from poverty_watch.ledger.models import Base

Values = dict[str, Any]


def write_changes(
    session: Session,
    model: type[Base],
    within: ColumnElement[bool],
    rows: Iterable[Values],
    key: Sequence[str],
) -> int:
    """Insert the rows that are not there yet and update those that differ.

    Args:
        session: the caller's transaction.
        model: the table.
        within: which of its rows are looked at; every row given must lie within.
        rows: whole rows, all with the same columns.
        key: the columns that tell one row from another within these.

    Returns:
        How many rows were written.
    """
    given = {tuple(row[name] for name in key): row for row in rows}
    if not given:
        return 0
    table = model.__table__
    names = list(next(iter(given.values())))
    columns = [table.columns[name] for name in names]
    known = {
        tuple(row[name] for name in key): row
        for row in session.execute(select(*columns).where(within)).mappings()
    }
    fresh = [row for at, row in given.items() if at not in known]
    changed = [
        row
        for at, row in given.items()
        if at in known and any(known[at][name] != row[name] for name in names)
    ]
    if fresh:
        session.execute(insert(model), fresh)
    update_rows(session, model, changed, key, within)
    return len(fresh) + len(changed)


def update_rows(
    session: Session,
    model: type[Base],
    rows: Sequence[Mapping[str, Any]],
    key: Sequence[str],
    within: ColumnElement[bool] | None = None,
) -> None:
    """Set the given columns of rows that are told apart by ``key``, in one statement for all."""
    if not rows:
        return
    table: Any = model.__table__
    others = [name for name in rows[0] if name not in key]
    types = {name: column.type for name, column in table.columns.items()}
    statement = update(table).values(
        {name: bindparam(f"new_{name}", type_=types[name]) for name in others}
    )
    for name in key:
        at = bindparam(f"at_{name}", type_=types[name])
        statement = statement.where(table.columns[name] == at)
    if within is not None:
        statement = statement.where(within)
    session.connection().execute(
        statement,
        [
            {f"at_{name}": row[name] for name in key}
            | {f"new_{name}": row[name] for name in others}
            for row in rows
        ],
    )
