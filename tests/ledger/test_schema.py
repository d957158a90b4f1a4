"""Opening a ledger brings it to the newest schema: exactly the models, by one process at a time."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import IntegrityError

from poverty_watch.ledger.journal import record
from poverty_watch.ledger.models import Base, Delivery, JournalEntry, Task
from poverty_watch.ledger.store import MIGRATIONS, Ledger, newest_revision, open_ledger
from poverty_watch.months import Month
from poverty_watch.settings import Settings

OPEN = """
import sys
from pathlib import Path
from poverty_watch.ledger.journal import record
from poverty_watch.ledger.store import open_ledger
from poverty_watch.settings import Settings
sys.stdin.readline()
ledger = open_ledger(Settings(Path(sys.argv[3]), Path(), sys.argv[1]))
with ledger.transaction() as session:
    record(session, "opened", sys.argv[2])
"""


@pytest.fixture
def fresh_url(ledger_url: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """A ledger that nobody has opened: no table, on SQLite not even a file."""
    if ledger_url.startswith("sqlite"):
        return f"sqlite:///{tmp_path}/fresh/ledger.sqlite"
    engine = create_engine(ledger_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("DROP DATABASE IF EXISTS fresh WITH (FORCE)"))
        connection.execute(text("CREATE DATABASE fresh"))
    engine.dispose()
    return make_url(ledger_url).set(database="fresh").render_as_string(hide_password=False)


def test_migrations_bring_an_empty_database_exactly_to_the_models(ledger: Ledger) -> None:
    with ledger.engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, Base.metadata) == []


def test_the_ledger_stands_at_the_newest_migration(ledger: Ledger) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with ledger.engine.connect() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    assert current == newest_revision() == ScriptDirectory.from_config(config).get_current_head()


def test_two_processes_may_open_a_fresh_ledger_at_once(fresh_url: str, tmp_path: Path) -> None:
    names = ["one", "two"]
    runners = [
        subprocess.Popen(
            [sys.executable, "-c", OPEN, fresh_url, name, str(tmp_path / "home")],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in names
    ]
    for runner in runners:
        assert runner.stdin is not None
        runner.stdin.write("go\n")
        runner.stdin.flush()
    said = [runner.communicate(timeout=120)[1] for runner in runners]
    assert [runner.returncode for runner in runners] == [0, 0], said

    engine = create_engine(fresh_url)
    with engine.connect() as connection:
        subjects = connection.execute(text("SELECT subject FROM journal ORDER BY subject"))
        assert [row.subject for row in subjects] == names
        assert set(inspect(connection).get_table_names()) == {
            *Base.metadata.tables,
            "alembic_version",
        }
    engine.dispose()


def test_opening_again_changes_nothing(settings: Settings, ledger: Ledger) -> None:
    with ledger.transaction() as session:
        record(session, "试", "一")
    again = open_ledger(settings)
    with again.transaction() as session:
        assert session.query(JournalEntry).one().subject == "一"


def test_an_error_undoes_the_whole_transaction(ledger: Ledger) -> None:
    def fail() -> None:
        with ledger.transaction() as session:
            record(session, "试", "一")
            session.flush()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with ledger.transaction() as session:
        assert session.query(JournalEntry).count() == 0


def test_a_journal_entry_comes_back_as_it_was_written(ledger: Ledger) -> None:
    with ledger.transaction() as session:
        record(session, "试", "全部", month=Month(2021, 4), rows=3)
    with ledger.transaction() as session:
        entry = session.query(JournalEntry).one()
        assert (entry.month, entry.actor, entry.detail) == ("2021-04", "系统", {"rows": 3})
        # SQLite gives times without a zone; they are UTC all the same.
        at = entry.at if entry.at.tzinfo else entry.at.replace(tzinfo=UTC)
    assert abs((datetime.now(UTC) - at).total_seconds()) < 3600


def _delivery(content: str, version: int | None) -> Delivery:
    return Delivery(
        month=str(Month(2021, 4)),
        dataset="deaths",
        department="public_security",
        content_sha256=content,
        policy_sha256="p",
        status="accepted",
        version=version,
    )


@pytest.mark.parametrize(
    ("first", "second"), [(("a", 1), ("a", 2)), (("a", 1), ("b", 1))], ids=["content", "version"]
)
def test_a_delivery_is_there_once_by_content_and_by_version(
    ledger: Ledger, first: tuple[str, int], second: tuple[str, int]
) -> None:
    with ledger.transaction() as session:
        session.add(_delivery(*first))
    with pytest.raises(IntegrityError), ledger.transaction() as session:
        session.add(_delivery(*second))


def test_stopped_deliveries_need_no_version(ledger: Ledger) -> None:
    with ledger.transaction() as session:
        session.add_all([_delivery("a", None), _delivery("b", None)])
    with ledger.transaction() as session:
        assert session.query(Delivery).count() == 2


def _task(status: str) -> Task:
    day = Month(2021, 5).first_day
    return Task(
        household_id="R:1",
        township="样例镇",
        village="样例村",
        month="2021-04",
        opened_on=day,
        due_on=day,
        status=status,
    )


def test_a_household_has_at_most_one_open_task(ledger: Ledger) -> None:
    with ledger.transaction() as session:
        session.add_all([_task("done"), _task("done"), _task("open")])
    with pytest.raises(IntegrityError), ledger.transaction() as session:
        session.add(_task("open"))
