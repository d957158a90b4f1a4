"""A department's SFTP server: its files as they lie in a folder, those still being sent left out."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from poverty_watch.contracts import Department
from poverty_watch.contracts.models import SftpArrival
from poverty_watch.contracts.places import filled
from poverty_watch.files import written_whole
from poverty_watch.intake.policy import delivery_policy
from poverty_watch.intake.sources.interface import (
    Arrived,
    LastingError,
    Taken,
    TemporaryError,
    failure,
)
from poverty_watch.intake.sources.patience import PATIENCE, Patience, patiently
from poverty_watch.months import Month

_UNFINISHED = (".part", ".tmp", ".temp", ".filepart", ".partial", ".crdownload", ".download")
_PASSED_OVER = (".", "~$")
_DEEPEST = 4  # folders below the department's own
_MOST_FILES = 2000
_LONGEST_NAME = 200  # bytes; a file system's 255 less the name that it has while it is written
_CHUNK = 2**18


class Client(Protocol):
    """What is used of ``paramiko.SFTPClient``."""

    def listdir_attr(self, path: str) -> list[Any]:
        """The entries of a folder."""
        ...

    def stat(self, path: str) -> Any:
        """Size and time of a file."""
        ...

    def open(self, filename: str, mode: str) -> Any:
        """A file to read from."""
        ...

    def get_channel(self) -> Any:
        """The channel, for its time-out."""
        ...


class _ChangedError(Exception):
    """A file is not any more what it was when the folder was read."""


@dataclass(frozen=True)
class _Remote:
    """A file on the server; ``path`` is relative to the department's folder there."""

    path: str
    size: int
    modified: int

    def is_in(self, into: Path) -> bool:
        try:
            status = (into / self.path).stat()
        except FileNotFoundError:
            return False
        return (status.st_size, int(status.st_mtime)) == (self.size, self.modified)


@dataclass(frozen=True)
class SftpSource:
    """Takes a department's files from a server; nothing there is changed.

    ``connect`` opens a session of its own at each call; ``connection`` is the name under which the
    connection is kept, for messages. A file counts as sent when its size and time stay the same for
    ``steady_for`` seconds.
    """

    connection: str
    connect: Callable[[], AbstractContextManager[Client]] = field(repr=False)
    patience: Patience = PATIENCE
    steady_for: float = 10.0

    def deliver(self, month: Month, department: Department, into: Path) -> Arrived:
        """See `Source`: the server's files, below the names that they have there."""
        arrives = department.card.arrives
        if not isinstance(arrives, SftpArrival):
            raise failure(department, "sftp", self.connection, "department.yaml 没有写目录。")
        folder = filled(arrives.folder, month, department.id, department.title)
        remarks: list[str] = []
        try:
            there = self._there(folder, remarks)
            wanted = [file for file in there if not file.is_in(into)]
            if wanted:
                time.sleep(self.steady_for)
            self._take_all(folder, wanted, into, remarks)
        except (TemporaryError, LastingError) as error:
            raise failure(department, "sftp", self.connection, str(error)) from None
        taken = (
            Taken(file.path, f"{file.size}@{file.modified}") for file in there if file.is_in(into)
        )
        return Arrived(remarks=tuple(remarks), taken=tuple(taken))

    def _there(self, folder: str, remarks: list[str]) -> list[_Remote]:
        """What is on the server and may be taken."""
        files = self._listed(folder)
        if files is None:
            remarks.append(f"服务器上还没有目录 {folder}")
            return []
        largest = delivery_policy().limits.file_bytes
        there = []
        for file in files:
            if file.size > largest:
                remarks.append(f"{file.path} 超过 {largest // 2**20} MB，没有取")
            elif not _is_safe(file.path):
                remarks.append(f"{file.path} 的名称不合规或过长，没有取")
            else:
                there.append(file)
        return there

    def _listed(self, folder: str) -> list[_Remote] | None:
        def listed() -> list[_Remote] | None:
            with self._session() as client:
                try:
                    entries = client.listdir_attr(folder)
                except FileNotFoundError:
                    return None
                return sorted(_files(client, folder, "", entries), key=lambda file: file.path)

        return patiently(listed, self.patience, f"连接 {self.connection} 列出 {folder}")

    def _take_all(self, folder: str, wanted: list[_Remote], into: Path, remarks: list[str]) -> None:
        for file in wanted:

            def take(file: _Remote = file) -> None:
                with self._session() as client:
                    _take(client, folder, file, into, self.patience.whole)

            try:
                patiently(take, self.patience, f"连接 {self.connection} 取 {file.path}")
            except _ChangedError:
                remarks.append(_still_sent(file))

    @contextmanager
    def _session(self) -> Iterator[Client]:
        import paramiko

        try:
            with self.connect() as client:
                client.get_channel().settimeout(self.patience.silence)
                yield client
        except PermissionError:
            raise LastingError(
                "服务器不允许读取。请对方给这个账号开通读取权限，并核对 folder。"
            ) from None
        except UnicodeDecodeError:
            raise LastingError(
                "服务器上的文件名不是 UTF-8 编码，无法读取。请对方改用 UTF-8 的上传工具，或改用英文文件名。"
            ) from None
        except paramiko.BadHostKeyException:
            raise LastingError(
                "服务器的主机密钥与登记的不符，可能不是原来的服务器。请先向对方核实，再改连接里的 host_key。"
            ) from None
        except paramiko.AuthenticationException:
            raise LastingError(
                "服务器拒绝登录。请核对连接里的用户名、密码或密钥，改好后重新运行。"
            ) from None
        except (OSError, EOFError, paramiko.SSHException) as error:
            if "not found in known_hosts" in str(error):
                raise LastingError(
                    "还没有登记服务器的主机密钥。请向对方要主机公钥，写入连接的 host_key。"
                ) from None
            raise TemporaryError(
                f"服务器连不上、超时或中断（{type(error).__name__}）。"
                "请检查网络、对方服务器是否开着，以及连接里的地址，恢复后重新运行。"
            ) from None


def _still_sent(file: _Remote) -> str:
    return f"{file.path} 还在上传，这次没有取"


def _is_safe(path: str) -> bool:
    parts = path.split("/")
    return all(
        part not in ("", ".", "..")
        and "\\" not in part
        and part.isprintable()
        and len(part.encode("utf-8", "surrogatepass")) <= _LONGEST_NAME
        for part in parts
    )


def _files(client: Client, folder: str, below: str, entries: list[Any]) -> Iterator[_Remote]:
    """Regular files, links never followed."""
    count = 0
    for entry in entries:
        name: str = entry.filename
        path = f"{below}{name}"
        mode = entry.st_mode or stat.S_IFREG
        if name.startswith(_PASSED_OVER) or "/" in name:
            continue
        if stat.S_ISDIR(mode) and path.count("/") < _DEEPEST:
            deeper = client.listdir_attr(f"{folder}/{path}")
            yield from _files(client, folder, f"{path}/", deeper)
        elif stat.S_ISREG(mode) and not name.lower().endswith(_UNFINISHED):
            count += 1
            if count > _MOST_FILES:
                raise LastingError(f"目录 {folder} 里的文件超过{_MOST_FILES}个，请核对 folder。")
            yield _Remote(path, entry.st_size or 0, int(entry.st_mtime or 0))


def _take(client: Client, folder: str, file: _Remote, into: Path, seconds: float) -> None:
    """Copy one file whole; there is no copy of one that changes meanwhile."""
    until = time.monotonic() + seconds
    source = f"{folder}/{file.path}"
    _check_unchanged(client, source, file)
    with written_whole(into / file.path, mode=0o600) as beside:
        copied = 0
        with client.open(source, "rb") as remote, beside.open("wb") as local:
            if file.size:  # paramiko waits for ever for the parts of an empty file
                remote.prefetch(file.size)
            while copied <= file.size and (chunk := remote.read(_CHUNK)):
                local.write(chunk)
                copied += len(chunk)
                if time.monotonic() > until:
                    raise TemporaryError(f"取 {file.path} 用时过长，已停止。请稍后重新运行。")
        _check_unchanged(client, source, file)
        if copied != file.size:
            raise TemporaryError(
                f"{file.path} 没有传完（{copied}/{file.size}字节）。请稍后重新运行。"
            )
        os.utime(beside, (file.modified, file.modified))


def _check_unchanged(client: Client, source: str, file: _Remote) -> None:
    now = client.stat(source)
    if (now.st_size, int(now.st_mtime or 0)) != (file.size, file.modified):
        raise _ChangedError
