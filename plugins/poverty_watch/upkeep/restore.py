"""Bring an installation back from its two backup files, into an empty place."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import text

from poverty_watch.ledger.journal import record
from poverty_watch.ledger.store import bare_ledger, migrations, open_ledger
from poverty_watch.settings import Settings
from poverty_watch.upkeep import tables
from poverty_watch.upkeep.archive import fingerprint, unpack
from poverty_watch.upkeep.backup import DATA, FORM, KEYS, TREES
from poverty_watch.upkeep.errors import UpkeepError


@dataclass(frozen=True)
class RestoreOutcome:
    """What came back."""

    rows: int
    files: int

    @property
    def summary(self) -> str:
        """One Chinese line."""
        return f"台账 {self.rows} 行，文件 {self.files} 个，与备份清单逐项相符"


def verify(data: Path, keys: Path) -> RestoreOutcome:
    """Compare both files with their manifests, and change nothing.

    Raises:
        UpkeepError: they are no backup, of two different moments, or damaged.
    """
    with tempfile.TemporaryDirectory(dir=data.resolve().parent) as scratch:
        manifest = _unpacked(data, keys, Path(scratch))
    return _outcome(manifest)


def restore(data: Path, keys: Path, settings: Settings, actor: str) -> RestoreOutcome:
    """Restore into an installation that has neither ledger nor lake nor keys.

    All is unpacked beside its place and compared with the manifest before anything is put there;
    the ledger is filled in one transaction. A backup of an older version is migrated.

    Raises:
        UpkeepError: there is something already, the files are damaged, or of a newer version.
    """
    _refuse_if_occupied(settings)
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.TemporaryDirectory(dir=settings.home, prefix=".restore-") as scratch:
        place = Path(scratch)
        manifest = _unpacked(data, keys, place)
        _fill_ledger(settings, place / "ledger", manifest)
        for name in (*TREES, "keys"):
            if (place / name).is_dir():
                os.replace(place / name, settings.home / name)
        _private(settings.keys)
    with open_ledger(settings).transaction() as session:
        record(session, "恢复", data.name, actor=actor, backup=fingerprint(manifest))
    return _outcome(manifest)


def _unpacked(data: Path, keys: Path, into: Path) -> dict[str, Any]:
    manifests = {}
    for path, what in ((data, DATA), (keys, KEYS)):
        if not path.is_file():
            raise UpkeepError(f"找不到备份文件 {path}。")
        part = into / what
        part.mkdir()
        manifest = unpack(path, part)
        if manifest.get("what") != what:
            raise UpkeepError(f"{path.name} 不是{what}备份，请核对两个文件是否写反了。")
        if manifest.get("form") != FORM:
            raise UpkeepError(f"{path.name} 由更新的版本备份，请先升级本系统再恢复。")
        manifests[what] = manifest
        for child in part.iterdir():
            if child.is_dir():
                shutil.move(child, into / child.name)
    if manifests[DATA]["at"] != manifests[KEYS]["at"]:
        raise UpkeepError("数据备份和密钥备份不是同一次做的，请使用文件名中时间相同的两个文件。")
    return manifests[DATA]


def _refuse_if_occupied(settings: Settings) -> None:
    occupied = [
        str(settings.home / name)
        for name in (*TREES, "keys")
        if (settings.home / name).is_dir() and any((settings.home / name).iterdir())
    ]
    with bare_ledger(settings) as connection:
        occupied += [f"台账的表 {t.name}" for t in tables.reflected(connection)]
    if occupied:
        raise UpkeepError(
            "恢复只能在空的地方进行，这里已经有：\n"
            + "\n".join(f"- {name}" for name in occupied)
            + "\n请换一个 POVERTY_WATCH_HOME（和一个空的台账数据库），或先把原有的移走。"
        )


def _fill_ledger(settings: Settings, folder: Path, manifest: dict[str, Any]) -> None:
    revision = str(manifest["revision"])
    config = migrations()
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if revision not in known:
        raise UpkeepError(f"备份的台账版本 {revision} 比本系统新，请先升级本系统再恢复。")
    with bare_ledger(settings) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        if connection.dialect.name == "sqlite":
            # Rows that refer to rows of their own table may come before them.
            connection.execute(text("PRAGMA defer_foreign_keys=ON"))
        restored = tables.reflected(connection)
        for table in reversed(restored):
            connection.execute(table.delete())  # rows that the schema brings along
        for table in restored:
            tables.load(connection, table, folder / f"{table.name}.parquet")
            tables.continue_numbering(connection, table)
        command.upgrade(config, "head")


def _private(folder: Path) -> None:
    os.chmod(folder, 0o700)
    for path in folder.iterdir():
        os.chmod(path, 0o600)


def _outcome(manifest: dict[str, Any]) -> RestoreOutcome:
    ledger_files = len(manifest["rows"])
    return RestoreOutcome(sum(manifest["rows"].values()), len(manifest["members"]) - ledger_files)
