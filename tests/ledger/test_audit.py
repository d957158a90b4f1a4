"""The journal is a chain: whatever is changed, taken out or cut off afterwards shows."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from typer.testing import CliRunner

from poverty_watch.cli import app
from poverty_watch.ledger import store
from poverty_watch.ledger.audit import verify
from poverty_watch.ledger.errors import LedgerError
from poverty_watch.ledger.journal import record
from poverty_watch.ledger.models import JournalEntry
from poverty_watch.ledger.store import Ledger, open_ledger
from poverty_watch.months import Month
from poverty_watch.settings import Settings

PROCESSES = 10
EACH = 5


def write(ledger: Ledger, *subjects: str) -> None:
    with ledger.transaction() as session:
        for subject in subjects:
            record(session, "试", subject, month=Month(2021, 4), rows=3, parts={2: "b", 10: "a"})


def tamper(ledger: Ledger, *statements: str) -> None:
    """What somebody does who has the database to himself and puts its refusals aside."""
    with ledger.engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL session_replication_role = replica"))
        else:
            names = connection.scalars(text("SELECT name FROM sqlite_master WHERE type='trigger'"))
            for name in names.all():
                connection.execute(text(f"DROP TRIGGER {name}"))
        for statement in statements:
            connection.execute(text(statement))


def test_entries_of_several_transactions_make_one_chain(ledger: Ledger, settings: Settings) -> None:
    assert verify(ledger, settings).entries == 0
    write(ledger, "一", "二")
    write(ledger, "三")
    found = verify(ledger, settings)
    assert (found.entries, found.faults) == (3, ())
    write(ledger, "四")
    assert verify(ledger, settings).is_sound


@pytest.mark.parametrize(
    "change",
    [
        "subject = '乙'",
        "actor = '系絞'",
        "action = '拭'",
        "month = '2021-05'",
        "at = '2021-05-01 00:00:00.000001'",
        """detail = '{"rows": 4, "parts": {"2": "b", "10": "a"}}'""",
        """detail = '{"rows": 3, "parts": {"2": "b",  "10": "a"}}'""",
        "hash = replace(hash, substr(hash, 1, 1), 'g')",
        "hash = NULL",
    ],
)
def test_one_changed_byte_is_found_and_named(
    ledger: Ledger, settings: Settings, change: str
) -> None:
    write(ledger, "一", "二", "三")
    tamper(ledger, f"UPDATE journal SET {change} WHERE id = 2")
    found = verify(ledger, settings)
    assert not found.is_sound
    assert "第2条" in found.faults[0]


def test_an_entry_taken_out_is_missed(ledger: Ledger, settings: Settings) -> None:
    write(ledger, "一", "二", "三")
    tamper(ledger, "DELETE FROM journal WHERE id = 2")
    assert any("第2条" in fault for fault in verify(ledger, settings).faults)


def test_an_entry_taken_out_and_the_rest_renumbered_is_missed(
    ledger: Ledger, settings: Settings
) -> None:
    write(ledger, "一", "二", "三")
    tamper(
        ledger,
        "DELETE FROM journal WHERE id = 2",
        "UPDATE journal SET id = 2 WHERE id = 3",
        "UPDATE journal_head SET last_id = 2",
    )
    assert not verify(ledger, settings).is_sound


def test_the_last_entry_cut_off_is_missed(ledger: Ledger, settings: Settings) -> None:
    write(ledger, "一", "二")
    tamper(ledger, "DELETE FROM journal WHERE id = 2")
    assert any("账尾" in fault for fault in verify(ledger, settings).faults)


def test_entries_cut_off_together_with_the_head_are_missed_after_a_check(
    ledger: Ledger, settings: Settings
) -> None:
    write(ledger, "一", "二")
    assert verify(ledger, settings).is_sound
    tamper(
        ledger,
        "DELETE FROM journal WHERE id = 2",
        "UPDATE journal_head SET last_id = 1, hash = (SELECT hash FROM journal WHERE id = 1)",
    )
    assert any("上次核对" in fault for fault in verify(ledger, settings).faults)


def test_everything_deleted_is_missed_after_a_check(ledger: Ledger, settings: Settings) -> None:
    write(ledger, "一")
    assert verify(ledger, settings).is_sound
    tamper(ledger, "DELETE FROM journal", "DELETE FROM journal_head")
    assert not verify(ledger, settings).is_sound


def test_entries_older_than_the_chain_are_covered_too(ledger: Ledger, settings: Settings) -> None:
    old = (
        "INSERT INTO journal (id, at, actor, action, subject, detail)"
        " VALUES ({}, '2021-05-01 00:00:00', '系统', '试', '旧账', '{{}}')"
    )
    tamper(ledger, old.format(3), old.format(7))
    write(ledger, "一")
    assert verify(open_ledger(settings), settings).is_sound
    tamper(ledger, "UPDATE journal SET subject = '改账' WHERE id = 3")
    assert not verify(ledger, settings).is_sound


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE journal SET actor = '别人' WHERE id = 1",
        "DELETE FROM journal WHERE id = 1",
        "TRUNCATE journal",
        "DELETE FROM journal_head",
        "UPDATE journal_head SET last_id = 0",
        "UPDATE case_step SET actor = '别人'",
        "DELETE FROM case_step",
    ],
)
def test_the_database_itself_refuses(ledger: Ledger, settings: Settings, statement: str) -> None:
    write(ledger, "一")
    a_step(ledger)
    if statement.startswith("TRUNCATE") and ledger.engine.dialect.name == "sqlite":
        statement = "DELETE FROM journal"
    with pytest.raises(DBAPIError), ledger.engine.begin() as connection:
        connection.execute(text(statement))
    assert verify(ledger, settings).is_sound


def a_step(ledger: Ledger) -> None:
    with ledger.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO household_case (id, kind, household_id, township, village, month,"
                " origin, is_urgent, opened_on, total_due_on, risks) VALUES (1, 'identification',"
                " 'R:1', '甸阳镇', '样例村', '2021-04', 'department', false, '2021-05-06',"
                " '2021-06-03', '[]')"
            )
        )
        connection.execute(
            text(
                "INSERT INTO case_step (id, case_id, number, step, decision, actor, role, place,"
                " done_on, at, given, evidence, policy_sha256) VALUES (1, 1, 1, 'verify',"
                " 'confirmed', '样例', 'county', '', '2021-05-06', '2021-05-06', '{}', '[]', 'p')"
            )
        )


def _append_in_a_process(settings: Settings, name: str) -> None:
    store._opened.cache_clear()
    ledger = open_ledger(settings)
    for number in range(EACH):
        write(ledger, f"{name}-{number}", f"{name}-{number}b")


def test_ten_processes_at_once_keep_one_chain(ledger: Ledger, settings: Settings) -> None:
    ledger.engine.dispose()
    forks = multiprocessing.get_context("fork")
    processes = [
        forks.Process(target=_append_in_a_process, args=(settings, f"process{number}"))
        for number in range(PROCESSES)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0] * PROCESSES
    found = verify(ledger, settings)
    assert (found.entries, found.faults) == (PROCESSES * EACH * 2, ())


def test_the_chain_does_not_go_on_without_its_key(ledger: Ledger, settings: Settings) -> None:
    write(ledger, "一")
    (settings.keys / "audit.key").unlink()
    with pytest.raises(LedgerError, match=r"audit\.key"):
        write(ledger, "二")
    with pytest.raises(LedgerError, match=r"audit\.key"):
        verify(ledger, settings)
    assert not (settings.keys / "audit.key").exists()


def test_another_key_does_not_fit(ledger: Ledger, settings: Settings) -> None:
    write(ledger, "一")
    (settings.keys / "audit.key").write_text("0" * 64)
    assert not verify(ledger, settings).is_sound


@pytest.mark.parametrize("undo", [True, False])
def test_what_a_savepoint_undid_did_not_happen(
    ledger: Ledger, settings: Settings, undo: bool
) -> None:
    def inner(session: Session) -> None:
        with session.begin_nested():
            record(session, "试", "里面")
            if undo:
                raise ValueError

    with ledger.transaction() as session:
        record(session, "试", "外面")
        try:
            inner(session)
        except ValueError:
            assert undo
    with ledger.transaction() as session:
        subjects = [entry.subject for entry in session.query(JournalEntry).order_by("id")]
    assert subjects == (["外面"] if undo else ["外面", "里面"])
    assert verify(ledger, settings).is_sound


@pytest.fixture
def command(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Callable[[], tuple[int, str]]:
    monkeypatch.setenv("POVERTY_WATCH_HOME", str(settings.home))
    monkeypatch.setenv("POVERTY_WATCH_LEDGER_URL", settings.ledger_url)

    def run() -> tuple[int, str]:
        done = CliRunner().invoke(app, ["audit", "verify"])
        return done.exit_code, done.output

    return run


def test_the_command_tells_what_it_found(
    ledger: Ledger, command: Callable[[], tuple[int, str]]
) -> None:
    write(ledger, "一", "二")
    assert command() == (0, "流水账完好，共2条。\n")
    tamper(ledger, "UPDATE journal SET subject = '乙' WHERE id = 1")
    code, told = command()
    assert code == 1
    assert "第1条" in told


def test_nothing_is_made_where_there_is_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POVERTY_WATCH_HOME", str(tmp_path / "empty"))
    assert CliRunner().invoke(app, ["audit", "verify"]).exit_code == 2
    assert not (tmp_path / "empty").exists()
