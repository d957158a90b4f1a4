"""Back up an installation while it may be running: two files, to be kept apart.

The first holds the ledger, the lake, the raw files and what was handed out; the second the keys.
Neither opens a number without the other.
"""

from __future__ import annotations

import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text

from poverty_watch.files import written_whole
from poverty_watch.ledger.journal import record
from poverty_watch.ledger.store import Ledger
from poverty_watch.months import COUNTY_ZONE
from poverty_watch.settings import Settings
from poverty_watch.upkeep import tables
from poverty_watch.upkeep.archive import Writer
from poverty_watch.upkeep.errors import UpkeepError

FORM = 1
DATA, KEYS = "数据", "密钥"
TREES = ("lake", "raw", "outbox", "papers", "audit")
_LEDGER = "ledger"


@dataclass(frozen=True)
class BackupOutcome:
    """The two files, and what lies in them."""

    data: Path
    keys: Path
    rows: int
    files: int

    @property
    def summary(self) -> str:
        """One Chinese line."""
        return f"备份完成：台账 {self.rows} 行，文件 {self.files} 个"


def back_up(settings: Settings, ledger: Ledger, folder: Path, actor: str) -> BackupOutcome:
    """Write ``防贫守望_数据_<time>.tar`` and ``防贫守望_密钥_<time>.tar`` (mode 0600) into a folder.

    The ledger is read in one transaction, and before the files: whatever it names had been written
    by then, so the copy is whole though a run goes on. What a killed run left half-written stays out.

    Raises:
        UpkeepError: the folder lies inside the installation, there are no keys, or a backup of this
            very moment is there already.
    """
    folder = folder.resolve()
    if folder == settings.home or settings.home in folder.parents:
        raise UpkeepError(f"备份不能放在系统自己的文件夹 {settings.home} 里，请换一个地方。")
    if not settings.keys.is_dir():
        raise UpkeepError(f"{settings.keys} 里没有密钥，还没有可备份的内容。")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    moment = datetime.now(COUNTY_ZONE).strftime("%Y%m%d_%H%M%S")
    data, keys = (folder / f"防贫守望_{what}_{moment}.tar" for what in (DATA, KEYS))
    if data.exists() or keys.exists():
        raise UpkeepError(f"{data.name} 已经存在，请稍等一秒再试。")
    with ledger.transaction() as session:
        record(session, "备份", data.name, actor=actor)
    with _tar(keys) as writer:
        writer.add_tree("keys", settings.keys)
        writer.finish({"form": FORM, "what": KEYS, "at": moment})
    with _tar(data) as writer, tempfile.TemporaryDirectory(dir=folder) as scratch:
        revision, rows = _add_ledger(writer, ledger, Path(scratch))
        files = sum(
            writer.add_tree(name, settings.home / name)
            for name in TREES
            if (settings.home / name).is_dir()
        )
        writer.finish(
            {"form": FORM, "what": DATA, "at": moment, "revision": revision, "rows": rows}
        )
    return BackupOutcome(data, keys, sum(rows.values()), files)


@contextmanager
def _tar(path: Path) -> Iterator[Writer]:
    with written_whole(path, mode=0o600) as beside:
        beside.touch(mode=0o600)
        with tarfile.open(beside, "w") as tar:
            yield Writer(tar)


def _add_ledger(writer: Writer, ledger: Ledger, scratch: Path) -> tuple[str, dict[str, int]]:
    rows: dict[str, int] = {}
    with _one_view(ledger) as connection:
        found: Any = connection.scalar(text(f"SELECT version_num FROM {tables.VERSION_TABLE}"))
        for table in tables.reflected(connection):
            path = scratch / f"{table.name}.parquet"
            rows[table.name] = tables.dump(connection, table, path)
            writer.add(f"{_LEDGER}/{path.name}", path)
            path.unlink()
    return str(found), rows


@contextmanager
def _one_view(ledger: Ledger) -> Iterator[Connection]:
    """A transaction that sees all tables, and all of them as of one moment."""
    with ledger.transaction() as session:
        if ledger.engine.dialect.name == "postgresql":
            yield session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        else:
            yield session.connection()
