"""Open the ledger, brought to the newest schema, on SQLite or PostgreSQL."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.orm import Session, sessionmaker

from poverty_watch.ledger.access import Viewer, guard_access, narrow
from poverty_watch.ledger.journal import KEYS, keep_journal
from poverty_watch.ledger.row_security import PLACE_SETTING, ROLE_SETTING, install_guards
from poverty_watch.settings import Settings

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS = Path(__file__).parent / "migrations"
_MIGRATION_LOCK = 5305_2100_01  # any fixed number: PostgreSQL advisory locks are numbered


def _engine(url: str) -> Engine:
    if not url.startswith("sqlite"):
        return create_engine(url, pool_pre_ping=True, connect_args=as_system(url))
    engine = create_engine(url, connect_args={"timeout": 60})

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        # The driver's own transaction handling would let two writers read before either locks.
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def as_system(url: str) -> dict[str, str]:
    """Connect as the pipeline: a connection that does not say who it is sees no row."""
    own = make_url(url).query.get("options", "")
    return {"options": f"{own if isinstance(own, str) else ' '.join(own)} -c {ROLE_SETTING}=system"}


@contextmanager
def _one_at_a_time(url: str, engine: Engine) -> Iterator[None]:
    if not url.startswith("sqlite:///"):
        with engine.connect() as connection:
            connection.execute(text("SELECT pg_advisory_lock(:n)"), {"n": _MIGRATION_LOCK})
            try:
                yield
            finally:
                connection.execute(text("SELECT pg_advisory_unlock(:n)"), {"n": _MIGRATION_LOCK})
        return
    path = Path(url.removeprefix("sqlite:///"))
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # SQLite gives its journal files the mode of the database itself.
    path.touch(mode=0o600)
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def migrations() -> Config:
    """Alembic's settings for the ledger; the connection goes into ``attributes["connection"]``."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


def _upgrade(engine: Engine) -> None:
    with engine.begin() as connection:
        current = _revision(connection)
        if current != newest_revision():
            _migrate(connection, current)
        install_guards(connection)


def newest_revision() -> str:
    """The revision of the newest migration, by the names of the files.

    Every task of a month opens the ledger; asking Alembic would cost each the loading of all migrations.
    """
    return max(file.name for file in (MIGRATIONS / "versions").glob("*.py")).partition("_")[0]


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


def _migrate(connection: Connection, current: str | None) -> None:
    import logging

    from alembic import command

    logging.getLogger(__name__).info("ledger schema %s -> %s", current, newest_revision())
    config = migrations()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


@contextmanager
def bare_ledger(settings: Settings) -> Iterator[Connection]:
    """One transaction on the ledger's database as it is, unmigrated: for restoring a backup."""
    engine = _engine(settings.ledger_url)
    try:
        with _one_at_a_time(settings.ledger_url, engine), engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


class Ledger:
    """The ledger's sessions. One transaction each: all of it is written or nothing."""

    def __init__(self, engine: Engine, keys: Path | None = None) -> None:
        """Sessions over a database.

        Args:
            engine: where the ledger is.
            keys: folder of the installation's keys; without it nothing is journalled.
        """
        self.engine = engine
        self._sessions = sessionmaker(engine, expire_on_commit=False, info={KEYS: keys})
        keep_journal(self._sessions)
        guard_access(self._sessions)

    @contextmanager
    def transaction(self, viewer: Viewer | None = None) -> Iterator[Session]:
        """A session that commits at the end of the block, or rolls back on an error.

        Args:
            viewer: whose rows are seen and may be changed; the pipeline's (all) if not given.
        """
        with self._sessions.begin() as session:
            if viewer is not None:
                narrow(session, viewer)
                if self.engine.dialect.name == "postgresql":
                    session.connection().execute(
                        text(
                            f"SELECT set_config('{ROLE_SETTING}', :role, true),"
                            f" set_config('{PLACE_SETTING}', :place, true)"
                        ),
                        {"role": viewer.role, "place": viewer.place},
                    )
            yield session


@lru_cache(maxsize=4)
def _opened(url: str) -> Engine:
    engine = _engine(url)
    with _one_at_a_time(url, engine):
        _upgrade(engine)
    return engine


def open_ledger(settings: Settings) -> Ledger:
    """The installation's ledger, migrated to the newest schema."""
    return Ledger(_opened(settings.ledger_url), settings.keys)
