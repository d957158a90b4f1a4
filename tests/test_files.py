"""Whatever happens while a file is written, a reader meets the old or the new one."""

from __future__ import annotations

import hashlib
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from poverty_watch.files import folder_written_whole, sha256_of, written_whole


def _in_a_child(work: Callable[[], None]) -> int:
    """Run ``work`` in a forked process; its wait status."""
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(0)
    return os.waitpid(child, 0)[1]


def _kill_self() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_file_appears_whole_with_its_mode(tmp_path: Path) -> None:
    target = tmp_path / "new" / "list.csv"
    with written_whole(target, mode=0o600) as beside:
        beside.write_text("a")
        assert not target.exists()
    assert target.read_text() == "a"
    assert target.stat().st_mode & 0o777 == 0o600
    assert os.listdir(target.parent) == ["list.csv"]


def test_an_error_while_writing_leaves_the_old_file_and_no_scraps(tmp_path: Path) -> None:
    target = tmp_path / "list.csv"
    target.write_text("old")

    def fail() -> None:
        with written_whole(target) as beside:
            beside.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert target.read_text() == "old"
    assert os.listdir(tmp_path) == ["list.csv"]


def test_a_killed_writer_leaves_the_old_file_and_the_next_one_succeeds(tmp_path: Path) -> None:
    target = tmp_path / "list.csv"
    target.write_text("old")

    def be_killed() -> None:
        with written_whole(target) as beside:
            beside.write_text("half")
            _kill_self()

    assert os.WTERMSIG(_in_a_child(be_killed)) == signal.SIGKILL
    assert target.read_text() == "old"
    with written_whole(target) as beside:
        beside.write_text("new")
    assert target.read_text() == "new"


def test_a_folder_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    folder = tmp_path / "v0001"

    def be_killed() -> None:
        with folder_written_whole(folder) as beside:
            (beside / "accepted.parquet").write_text("half")
            _kill_self()

    assert os.WTERMSIG(_in_a_child(be_killed)) == signal.SIGKILL
    assert not folder.exists()
    with folder_written_whole(folder) as beside:
        (beside / "accepted.parquet").write_text("whole")
        assert not folder.exists()
    assert [path.name for path in folder.iterdir()] == ["accepted.parquet"]


def test_an_error_while_filling_a_folder_keeps_the_old_one(tmp_path: Path) -> None:
    folder = tmp_path / "returned"
    with folder_written_whole(folder) as beside:
        (beside / "a").write_text("old")

    def fail() -> None:
        with folder_written_whole(folder) as beside:
            (beside / "b").write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert [path.name for path in folder.iterdir()] == ["a"]
    assert os.listdir(tmp_path) == ["returned"]


def test_the_content_of_a_file_is_named_by_its_sha256(tmp_path: Path) -> None:
    file = tmp_path / "delivery.xlsx"
    file.write_bytes(b"\x00" * 100_000)
    assert sha256_of(file) == hashlib.sha256(b"\x00" * 100_000).hexdigest()
