"""The ledger's schema and sessions, on SQLite and on a real PostgreSQL."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, func, inspect, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from poverty_watch.ledger.journal import record
from poverty_watch.ledger.models import Base, JournalEntry, Screening, Task
from poverty_watch.ledger.screenings import confirm_screening, current_screening
from poverty_watch.ledger.store import Ledger, open_ledger
from poverty_watch.months import Month
from poverty_watch.settings import Settings

APRIL = Month(2021, 4)
OPEN = (
    "import sys; from pathlib import Path;"
    "from poverty_watch.settings import Settings;"
    "from poverty_watch.ledger.store import open_ledger;"
    "open_ledger(Settings(Path(), Path(), sys.argv[1]))"
)


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database without any table."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/home/ledger.sqlite"
    url: str = request.getfixturevalue("postgres")
    name = "fresh_ledger"
    server = create_engine(url, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
        connection.execute(text(f"CREATE DATABASE {name}"))
    server.dispose()
    return create_engine(url).url.set(database=name).render_as_string(hide_password=False)


def test_migrations_bring_an_empty_database_to_exactly_the_models(empty_database: str) -> None:
    ledger = open_ledger(Settings(Path(), Path(), empty_database))
    with ledger.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
        tables = set(inspect(connection).get_table_names())
    assert tables == {*Base.metadata.tables, "alembic_version"}
    ledger.engine.dispose()


def test_processes_that_start_together_on_an_empty_database_all_succeed(
    empty_database: str,
) -> None:
    runners = [
        subprocess.Popen([sys.executable, "-c", OPEN, empty_database], stderr=subprocess.PIPE)
        for _ in range(3)
    ]
    told = [runner.communicate(timeout=120)[1].decode() for runner in runners]
    assert [runner.returncode for runner in runners] == [0, 0, 0], told
    engine = create_engine(empty_database)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM alembic_version")).scalar() == 1
        assert set(inspect(connection).get_table_names()) >= set(Base.metadata.tables)
    engine.dispose()


def test_a_transaction_is_written_whole_or_not_at_all(ledger: Ledger) -> None:
    def stumble() -> None:
        with ledger.transaction() as session:
            record(session, "试", "一半", month=APRIL)
            session.flush()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        stumble()
    with ledger.transaction() as session:
        assert session.scalar(select(func.count()).select_from(JournalEntry)) == 0
        record(session, "试", "全部", month=APRIL, rows=3)
    with ledger.transaction() as session:
        entry = session.scalars(select(JournalEntry)).one()
        assert (entry.month, entry.actor, entry.detail) == ("2021-04", "系统", {"rows": 3})


def task(household: str, status: str) -> Task:
    return Task(
        household_id=household,
        township="甸阳镇",
        village="样例村",
        month="2021-04",
        opened_on=date(2021, 5, 6),
        due_on=date(2021, 5, 12),
        status=status,
    )


def test_a_household_has_one_open_task_at_most_and_any_number_of_finished_ones(
    ledger: Ledger,
) -> None:
    with ledger.transaction() as session:
        session.add_all([task("R:1", "done"), task("R:1", "done"), task("R:1", "open")])
        session.add(task("R:2", "open"))

    def second_open_one() -> None:
        with ledger.transaction() as session:
            session.add(task("R:1", "open"))

    with pytest.raises(IntegrityError):
        second_open_one()


def confirm(session: Session, fingerprint: str) -> bool:
    return confirm_screening(session, APRIL, fingerprint, inputs=[], checks=[], serving={})


def test_the_computation_confirmed_last_is_in_force_and_old_ones_come_back(ledger: Ledger) -> None:
    said = []
    for fingerprint in ("a", "a", "b", "a"):
        with ledger.transaction() as session:
            said.append(confirm(session, fingerprint))
    assert said == [True, False, True, True]
    with ledger.transaction() as session:
        current = current_screening(session, APRIL)
        assert current is not None
        assert current.fingerprint == "a"
        assert session.scalar(select(func.count()).select_from(Screening)) == 2
        assert current_screening(session, APRIL + 1) is None


def test_times_come_back_with_their_zone_or_as_utc(ledger: Ledger) -> None:
    with ledger.transaction() as session:
        record(session, "试", "时间")
    with ledger.transaction() as session:
        at = session.scalars(select(JournalEntry)).one().at
    assert at.utcoffset() is None or at.utcoffset().total_seconds() == 0  # type: ignore[union-attr]
