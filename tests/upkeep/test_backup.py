"""What is backed up comes back equal, on either database; what is damaged or in the way is told."""

from __future__ import annotations

import io
import stat
import tarfile
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, select, text
from sqlalchemy.engine import make_url

from poverty_watch.identity import Keyring
from poverty_watch.ledger.audit import verify as is_unbroken
from poverty_watch.ledger.journal import record
from poverty_watch.ledger.models import Base, SealedPerson, Task, TaskReason
from poverty_watch.ledger.sealed import unseal_identities
from poverty_watch.ledger.store import Ledger, open_ledger
from poverty_watch.months import Month
from poverty_watch.settings import Settings
from poverty_watch.upkeep import BackupOutcome, UpkeepError, back_up, restore, verify
from tests.screening.given import deliver, write_down

APRIL = Month(2021, 4)
NUMBER = "530501198001011239"
Place = Callable[[], Settings]


@pytest.fixture
def elsewhere(settings: Settings, tmp_path: Path) -> Place:
    """An empty installation: another home, and another database on the same server."""

    def place() -> Settings:
        home = tmp_path / "again"
        if settings.ledger_url.startswith("sqlite"):
            return Settings(home, tmp_path / "inbox", f"sqlite:///{home}/ledger.sqlite")
        return Settings(home, tmp_path / "inbox", _fresh_database(settings.ledger_url))

    return place


def _fresh_database(url: str) -> str:
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("DROP DATABASE IF EXISTS restored WITH (FORCE)"))
        connection.execute(text("CREATE DATABASE restored"))
    engine.dispose()
    return make_url(url).set(database="restored").render_as_string(hide_password=False)


@pytest.fixture
def backup(settings: Settings, ledger: Ledger, keys: Keyring, tmp_path: Path) -> BackupOutcome:
    """A backup of an installation with deliveries, a task, a sealed number, a report."""
    found = deliver(
        settings.lake, {"deaths": [{"person_id": "A", "died_on": date(2021, 4, 2)}]}, APRIL
    )
    write_down(ledger, found)
    person = keys.person_id(NUMBER)
    with ledger.transaction() as session:
        session.add(SealedPerson(person_id=person, identity=keys.seal(person, NUMBER)))
        session.add(
            Task(
                household_id="R:1",
                township="甸阳镇",
                village="样本村",
                month="2021-04",
                opened_on=date(2021, 5, 6),
                due_on=date(2021, 5, 13),
                reasons=[
                    TaskReason(
                        rule_id="W01",
                        month="2021-04",
                        since="2021-04",
                        severity="red",
                        sentence="一",
                        question="二",
                    )
                ],
            )
        )
        record(session, "样本", "说明", month=APRIL, 数=3, 列=[1, "二"])
    report = settings.outbox / "2021-04" / "月报表.xlsx"
    report.parent.mkdir(parents=True)
    report.write_bytes(b"sample")
    (report.parent / f".月报表.xlsx.{'0' * 32}").write_bytes(b"half")
    return back_up(settings, ledger, tmp_path / "backup", "样本管理员")


def _rows(ledger: Ledger) -> dict[str, list[Any]]:
    with ledger.transaction() as session:
        return {
            table.name: [tuple(row) for row in session.execute(select(table))]
            for table in Base.metadata.sorted_tables
        }


def _files(settings: Settings) -> dict[str, bytes]:
    return {
        str(path.relative_to(settings.home)): path.read_bytes()
        for name in ("lake", "raw", "outbox", "keys")
        for path in (settings.home / name).rglob("*")
        if path.is_file()
    }


def test_everything_comes_back_and_work_goes_on(
    settings: Settings, ledger: Ledger, backup: BackupOutcome, elsewhere: Place
) -> None:
    before = _rows(ledger)
    files = {name: content for name, content in _files(settings).items() if "/." not in name}
    place = elsewhere()

    done = restore(backup.data, backup.keys, place, "样本管理员")

    again = open_ledger(place)
    assert is_unbroken(again, place).is_sound
    after = _rows(again)
    entries = len(before["journal"])
    assert after["journal"][:entries] == before["journal"]
    assert [row for row in after["journal"][entries:] if "恢复" in row]
    changing = {"journal", "journal_head"}
    assert {n: r for n, r in after.items() if n not in changing} == {
        n: r for n, r in before.items() if n not in changing
    }
    assert _files(place) == files
    assert done.files == len([name for name in files if not name.startswith("keys")])
    keys = Keyring.open(place.keys)
    with again.transaction() as session:
        person = keys.person_id(NUMBER)
        assert unseal_identities(session, keys, [person], purpose="核对") == {person: NUMBER}
        session.add(
            Task(
                household_id="R:2",
                township="",
                village="",
                month="2021-04",
                opened_on=date(2021, 5, 6),
                due_on=date(2021, 5, 13),
            )
        )
    with again.transaction() as session:
        assert session.scalars(select(Task.id)).all() == [1, 2]
    again.engine.dispose()


def test_the_two_files_are_for_one_pair_of_eyes_and_say_nothing_openly(
    backup: BackupOutcome,
) -> None:
    for path in (backup.data, backup.keys):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert NUMBER.encode() not in backup.data.read_bytes()
    with tarfile.open(backup.data) as tar:
        assert not [name for name in tar.getnames() if "key" in name]


def test_a_ledger_moves_from_sqlite_to_postgresql(
    settings: Settings, ledger: Ledger, backup: BackupOutcome, postgres: str, tmp_path: Path
) -> None:
    place = Settings(tmp_path / "moved", tmp_path / "inbox", _fresh_database(postgres))
    restore(backup.data, backup.keys, place, "样本管理员")
    moved = open_ledger(place)
    with moved.transaction() as session:
        (task,) = session.scalars(select(Task))
        assert (task.household_id, task.due_on) == ("R:1", date(2021, 5, 13))
        assert [reason.sentence for reason in task.reasons] == ["一"]
    moved.engine.dispose()


def test_what_is_there_is_never_overwritten(
    settings: Settings, backup: BackupOutcome, elsewhere: Place
) -> None:
    with pytest.raises(UpkeepError, match=r"只能在空的地方[\s\S]*lake[\s\S]*台账的表"):
        restore(backup.data, backup.keys, settings, "样本管理员")
    place = elsewhere()
    restore(backup.data, backup.keys, place, "样本管理员")
    with pytest.raises(UpkeepError, match="只能在空的地方"):
        restore(backup.data, backup.keys, place, "样本管理员")
    open_ledger(place).engine.dispose()


def _changed(archive: Path, member: str, content: bytes | None) -> Path:
    """A copy of a backup in which one member is something else, or is gone."""
    copy = archive.with_name(f"改_{archive.name}")
    with tarfile.open(archive) as old, tarfile.open(copy, "w") as new:
        for entry in old.getmembers():
            stream = old.extractfile(entry)
            data = b"" if stream is None else stream.read()
            if entry.name == member:
                if content is None:
                    continue
                data = content
                entry.size = len(data)
            new.addfile(entry, io.BytesIO(data))
    return copy


def test_damage_is_found_before_anything_is_put_in_place(
    backup: BackupOutcome, elsewhere: Place
) -> None:
    place = elsewhere()
    changed = _changed(backup.data, "outbox/2021-04/月报表.xlsx", b"simple")
    with pytest.raises(UpkeepError, match=r"内容已改变 outbox/2021-04/月报表\.xlsx"):
        restore(changed, backup.keys, place, "样本管理员")
    lost = _changed(backup.data, "ledger/task.parquet", None)
    with pytest.raises(UpkeepError, match=r"缺少 ledger/task.parquet"):
        verify(lost, backup.keys)
    cut = backup.data.with_name("断.tar")
    cut.write_bytes(backup.data.read_bytes()[: backup.data.stat().st_size // 2])
    with pytest.raises(UpkeepError, match=r"损坏|没有清单"):
        verify(cut, backup.keys)
    with pytest.raises(UpkeepError, match="写反"):
        verify(backup.keys, backup.data)
    assert not any(place.home.rglob("*.parquet"))
    assert verify(backup.data, backup.keys).rows == backup.rows


def test_a_forged_backup_writes_nowhere_else(
    backup: BackupOutcome, elsewhere: Place, tmp_path: Path
) -> None:
    forged = tmp_path / "forged.tar"
    with tarfile.open(forged, "w") as tar:
        entry = tarfile.TarInfo("../../escaped")
        entry.size = 1
        tar.addfile(entry, io.BytesIO(b"x"))
    with pytest.raises(UpkeepError, match="不是防贫守望的备份"):
        restore(forged, backup.keys, elsewhere(), "样本管理员")
    assert not list(tmp_path.rglob("escaped"))


def test_a_backup_does_not_go_into_the_installation(
    settings: Settings, ledger: Ledger, keys: Keyring
) -> None:
    with pytest.raises(UpkeepError, match="不能放在系统自己的文件夹"):
        back_up(settings, ledger, settings.home / "备份", "样本管理员")
    without_keys = replace(settings, home=settings.home / "empty")
    with pytest.raises(UpkeepError, match="没有密钥"):
        back_up(without_keys, ledger, settings.home.parent / "backup", "样本管理员")
