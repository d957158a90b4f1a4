"""What lies in the inbox: a department's files of a month, and what each of them is."""

from __future__ import annotations

import csv
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from poverty_watch.contracts import Catalogue, Department
from poverty_watch.months import Month
from poverty_watch.settings import REFERENCE

READABLE = (".xlsx", ".xlsm", ".xls", ".csv")
_SYSTEM_FILES = {"thumbs.db", "desktop.ini", ".ds_store"}
_CORRECTION = re.compile("更正|重报|补报|修订")
_MONTH_IN_NAME = re.compile(r"(20\d{2})\s*[年.\-_/]?\s*(0?[1-9]|1[0-2])(?!\d)")


class InboxError(ValueError):
    """The inbox or the month's folder is not there; Chinese, says what to do."""


@dataclass(frozen=True)
class InboxFile:
    """A file as it lies in the inbox. ``path`` is relative to the month's folder.

    ``is_correction_sheet`` is known once the file has been looked into.
    """

    source: Path
    path: str
    dataset: str | None
    ignored: bool
    is_correction_sheet: bool = False

    @property
    def name(self) -> str:
        """The file name."""
        return self.source.name


@lru_cache(maxsize=1)
def townships() -> tuple[str, ...]:
    """The county's townships, in the order of their codes."""
    (path,) = REFERENCE.glob("divisions_*.csv")
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return tuple(row["name"] for row in csv.DictReader(stream) if row["level"] == "township")


def township_in(name: str) -> str | None:
    """The township that a file name carries, if any."""
    found = [t for t in townships() if t in name]
    return max(found, key=len) if found else None


def is_readable(name: str) -> bool:
    """Whether a file of that name can be read as sheets."""
    return Path(name).suffix.lower() in READABLE


def is_correction(name: str) -> bool:
    """Whether a file name says that it corrects an earlier one."""
    return bool(_CORRECTION.search(name))


def is_nil_return(name: str) -> bool:
    """Whether a file name says that there was nothing to report."""
    return "零报告" in name


def month_in(name: str) -> Month | None:
    """The month that a file name carries, if any."""
    match = _MONTH_IN_NAME.search(unicodedata.normalize("NFKC", name))
    return Month(int(match[1]), int(match[2])) if match else None


def dataset_in(name: str, catalogue: Catalogue, department: Department) -> str | None:
    """The department's dataset whose title a file name carries; the longest title wins."""
    plain = unicodedata.normalize("NFKC", name)
    found = [(d, c.title) for d, c in catalogue.contracts.items() if c.title in plain]
    found.sort(key=lambda pair: len(pair[1]), reverse=True)
    return next((dataset for dataset, _ in found if dataset in department.contracts), None)


def month_folder(inbox: Path, month: Month) -> Path:
    """The month's folder in the inbox.

    Raises:
        InboxError: the inbox is not there.
    """
    if not inbox.is_dir():
        raise InboxError(f"收件目录不存在：{inbox}。请检查路径，或新建该目录并放入各部门文件。")
    return inbox / str(month)


def _department_folders(folder: Path, department: Department) -> list[Path]:
    names = {department.id, department.title}
    if not folder.is_dir():
        return []
    return sorted(
        p for p in folder.iterdir() if p.is_dir() and unicodedata.normalize("NFKC", p.name) in names
    )


def files_of(
    inbox: Path, month: Month, department: Department, catalogue: Catalogue
) -> list[InboxFile]:
    """All files of a department for a month, in name order; links are never followed."""
    root = month_folder(inbox, month)
    found = []
    for folder in _department_folders(root, department):
        for source in sorted(folder.rglob("*")):
            if source.is_dir() and not source.is_symlink():
                continue
            lock_or_system = (
                source.name.startswith((".", "~$")) or source.name.lower() in _SYSTEM_FILES
            )
            ignored = lock_or_system or source.is_symlink()
            readable = is_readable(source.name) or is_nil_return(source.name)
            dataset = (
                dataset_in(source.name, catalogue, department) if readable and not ignored else None
            )
            found.append(InboxFile(source, str(source.relative_to(root)), dataset, ignored))
    return found


def unclaimed_folders(inbox: Path, month: Month, catalogue: Catalogue) -> list[str]:
    """Names in the month's folder that belong to no department: said, never passed over."""
    root = month_folder(inbox, month)
    if not root.is_dir():
        return []
    known = {name for d in catalogue.departments.values() for name in (d.id, d.title)}
    return sorted(
        p.name
        for p in root.iterdir()
        if unicodedata.normalize("NFKC", p.name) not in known and not p.name.startswith(".")
    )
