"""What lies in the inbox: a department's files of a month, and what each of them is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from poverty_watch.contracts import Catalogue, Department
from poverty_watch.intake.layout import begins_like
from poverty_watch.intake.names import dataset_in, is_nil_return, plain_name
from poverty_watch.intake.plain_text import beginning_of
from poverty_watch.months import Month

READABLE = (".xlsx", ".xlsm", ".xls", ".csv", ".txt")
_SYSTEM_FILES = {"thumbs.db", "desktop.ini", ".ds_store"}


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


def is_readable(name: str) -> bool:
    """Whether a file of that name can be read as sheets."""
    return Path(name).suffix.lower() in READABLE


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
    return sorted(p for p in folder.iterdir() if p.is_dir() and plain_name(p.name) in names)


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
            dataset = None if ignored else _dataset_of(source, catalogue, department)
            found.append(InboxFile(source, str(source.relative_to(root)), dataset, ignored))
    return found


def _dataset_of(source: Path, catalogue: Catalogue, department: Department) -> str | None:
    """The dataset that a file delivers; None for one that is not read."""
    dataset = dataset_in(source.name, catalogue, department)
    if dataset is None or is_nil_return(source.name):
        return dataset
    ending = source.suffix.lower()
    if ending == ".txt" and not begins_like(beginning_of(source), department.contracts[dataset]):
        return None  # a note beside the delivery
    return dataset if ending in READABLE else None


def unclaimed_folders(inbox: Path, month: Month, catalogue: Catalogue) -> list[str]:
    """Names in the month's folder that belong to no department: said, never passed over."""
    root = month_folder(inbox, month)
    if not root.is_dir():
        return []
    known = {name for d in catalogue.departments.values() for name in (d.id, d.title)}
    return sorted(
        p.name
        for p in root.iterdir()
        if plain_name(p.name) not in known and not p.name.startswith(".")
    )
