"""Which program and which calendar a report was made with, for its manifest."""

from __future__ import annotations

import os
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

from poverty_watch.files import sha256_of
from poverty_watch.settings import PROJECT, REFERENCE

_GIT = ".git"


@lru_cache(maxsize=1)
def program() -> dict[str, str]:
    """The program's version and commit; the commit is 未知 in an installation without its history."""
    return {"version": version("poverty-watch"), "commit": commit_of(PROJECT)}


def commit_of(project: Path) -> str:
    """The commit that is checked out; ``POVERTY_WATCH_COMMIT`` says so where an image was built."""
    told = os.environ.get("POVERTY_WATCH_COMMIT", "")
    if told:
        return told
    try:
        folder = _git_folder(project)
        head = (folder / "HEAD").read_text(encoding="utf-8").strip()
        if not head.startswith("ref: "):
            return head
        name = head.removeprefix("ref: ")
        common = _common_folder(folder)
        for root in (folder, common):
            if (root / name).is_file():
                return (root / name).read_text(encoding="utf-8").strip()
        for line in (common / "packed-refs").read_text(encoding="utf-8").splitlines():
            if line.endswith(f" {name}"):
                return line.split(" ", 1)[0]
    except OSError:
        pass
    return "未知"


def _git_folder(project: Path) -> Path:
    found = project / _GIT
    if found.is_file():
        pointed = found.read_text(encoding="utf-8").strip().removeprefix("gitdir: ")
        return (project / pointed).resolve()
    return found


def _common_folder(folder: Path) -> Path:
    shared = folder / "commondir"
    if shared.is_file():
        return (folder / shared.read_text(encoding="utf-8").strip()).resolve()
    return folder


def calendar() -> dict[str, str]:
    """The workdays that deadlines were counted by: the library's version, the county's file."""
    return {
        "chinesecalendar": version("chinesecalendar"),
        "workdays.yaml": sha256_of(REFERENCE / "workdays.yaml"),
    }
