"""A backup as a file: a tar of plain members and, as its last member, what must be in it."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from poverty_watch.files import sha256_of
from poverty_watch.upkeep.errors import UpkeepError

MANIFEST = "manifest.json"
_NOT_OURS = "不是防贫守望的备份文件，或者已经损坏"


@dataclass
class Writer:
    """Adds members to a tar and remembers the SHA-256 of each."""

    tar: tarfile.TarFile
    members: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, path: Path) -> None:
        """Add a file under a name."""
        self.tar.add(path, arcname=name, recursive=False)
        self.members[name] = sha256_of(path)

    def add_tree(self, name: str, folder: Path) -> int:
        """Add all finished files below a folder; how many. Hidden ones are half-written."""
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        added = 0
        for path in files:
            inside = path.relative_to(folder)
            if path.is_symlink() or any(_is_unfinished(part) for part in inside.parts):
                continue
            self.add(f"{name}/{inside.as_posix()}", path)
            added += 1
        return added

    def finish(self, facts: dict[str, Any]) -> None:
        """Add the manifest: the facts and every member's hash."""
        content = json.dumps(
            facts | {"members": self.members}, ensure_ascii=False, sort_keys=True, indent=1
        ).encode()
        entry = tarfile.TarInfo(MANIFEST)
        entry.size = len(content)
        entry.mode = 0o600
        self.tar.addfile(entry, io.BytesIO(content))


def _is_unfinished(part: str) -> bool:
    # Files and folders that are written whole stand beside their place under .<name>.<uuid> first.
    return part.startswith(".") and len(part.rsplit(".", 1)[-1]) == 32


def unpack(archive: Path, into: Path) -> dict[str, Any]:
    """Unpack a backup into an empty folder and compare every member with the manifest.

    Returns:
        The manifest.

    Raises:
        UpkeepError: it is no backup, a member is missing, additional or changed; all are named.
    """
    try:
        with tarfile.open(archive, "r:") as tar:
            for member in tar:
                _put(tar, member, into)
    except (tarfile.TarError, OSError, EOFError) as error:
        raise UpkeepError(f"{archive.name}{_NOT_OURS}：{error}。") from error
    path = into / MANIFEST
    if not path.is_file():
        raise UpkeepError(f"{archive.name}{_NOT_OURS}：没有清单，可能没有写完。")
    manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    wanted = dict(manifest["members"])
    problems = list(_problems(into, wanted))
    if problems:
        listed = "\n".join(f"- {problem}" for problem in problems)
        raise UpkeepError(f"{archive.name}与自己的清单不符，不能使用：\n{listed}")
    return manifest


def _put(tar: tarfile.TarFile, member: tarfile.TarInfo, into: Path) -> None:
    """Write one member: a backup holds plain files below its own folder, and nothing else.

    Not by tarfile's own filter: Python has that since 3.11.4 only, and Debian 12 an older one.
    """
    name = PurePosixPath(member.name)
    content = tar.extractfile(member) if member.isfile() else None
    if content is None or name.is_absolute() or ".." in name.parts:
        raise tarfile.TarError(f"里面有不该有的 {member.name}")
    place = into / name
    place.parent.mkdir(parents=True, exist_ok=True)
    with content, place.open("xb") as stream:
        shutil.copyfileobj(content, stream)
    place.chmod(member.mode & 0o755 | 0o600)
    os.utime(place, (member.mtime, member.mtime))


def _problems(into: Path, wanted: dict[str, str]) -> Iterator[str]:
    found = {
        path.relative_to(into).as_posix(): path
        for path in into.rglob("*")
        if path.is_file() and path != into / MANIFEST
    }
    for name in sorted(wanted.keys() | found.keys()):
        if name not in found:
            yield f"缺少 {name}"
        elif name not in wanted:
            yield f"多出 {name}"
        elif sha256_of(found[name]) != wanted[name]:
            yield f"内容已改变 {name}"


def fingerprint(manifest: dict[str, Any]) -> str:
    """A short name of a backup's content, for the record."""
    text = json.dumps(manifest["members"], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
