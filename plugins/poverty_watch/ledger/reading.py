"""Look into the ledger without leaving a trace: no table, no migration, no file beside it."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from poverty_watch.ledger.store import Ledger, as_system, newest_revision
from poverty_watch.settings import Settings


def open_to_read(settings: Settings) -> Ledger | None:
    """The installation's ledger for reading; None where there is none of the newest schema.

    It may be kept: each transaction opens the database anew and sees what stands then.
    """
    engine = _engine(settings.ledger_url)
    if engine is None:
        return None
    try:
        with engine.connect() as connection:
            revision = connection.scalar(text("SELECT version_num FROM alembic_version"))
    except SQLAlchemyError:
        return None
    return Ledger(engine) if revision == newest_revision() else None


def _engine(url: str) -> Engine | None:
    if not url.startswith("sqlite:///"):
        return create_engine(
            url,
            poolclass=NullPool,
            execution_options={"postgresql_readonly": True},
            connect_args=as_system(url),
        )
    path = Path(url.removeprefix("sqlite:///"))
    if not path.is_file():
        return None
    return create_engine("sqlite://", creator=lambda: _connected(path), poolclass=NullPool)


def _connected(path: Path) -> sqlite3.Connection:
    # A reader of a write-ahead log would leave the log's files behind, unless they are there. Where
    # there is no log nobody has the ledger open, and it may be read as it lies.
    way = "mode=ro" if path.with_name(f"{path.name}-wal").exists() else "mode=ro&immutable=1"
    return sqlite3.connect(
        f"file:{quote(str(path))}?{way}", uri=True, check_same_thread=False, timeout=60
    )
