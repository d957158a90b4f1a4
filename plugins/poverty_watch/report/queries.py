"""Run the report's SQL files over rows that are already in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from poverty_watch.engine import DuckEngine
from poverty_watch.files import sha256_of
from poverty_watch.settings import SQL

REPORT_SQL = SQL / "report"


class Query(Protocol):
    """Runs ``sql/report/<name>.sql`` over relations, with bound parameters."""

    def __call__(
        self,
        name: str,
        relations: Mapping[str, pa.Table],
        parameters: Mapping[str, Any] | None = None,
    ) -> pa.Table:
        """The rows of that file."""
        ...


@contextmanager
def opened() -> Iterator[Query]:
    """One engine for several queries; within such a block, blocks share its engine."""
    shared = _SHARED.get()
    if shared is not None:
        yield shared
        return
    # One thread: the relations are a few thousand rows, and several months may run side by side.
    with DuckEngine.opened(threads=1) as engine:

        def run(
            name: str,
            relations: Mapping[str, pa.Table],
            parameters: Mapping[str, Any] | None = None,
        ) -> pa.Table:
            path = REPORT_SQL / f"{name}.sql"
            for relation, rows in relations.items():
                engine.attach(relation, rows)
            return engine.run(path.read_text(encoding="utf-8"), parameters or {}, name=path.name)

        token = _SHARED.set(run)
        try:
            yield run
        finally:
            _SHARED.reset(token)


_SHARED: ContextVar[Query | None] = ContextVar("report_queries", default=None)


def hashes(folder: Path = REPORT_SQL) -> dict[str, str]:
    """SHA-256 of every report query, by name."""
    return {path.stem: sha256_of(path) for path in sorted(folder.glob("*.sql"))}
