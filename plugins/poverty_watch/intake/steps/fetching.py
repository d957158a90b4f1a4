"""Fetch: keep what a department has delivered, byte for byte, and write down that it was seen."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from poverty_watch.contracts import Catalogue, Department, load_catalogue
from poverty_watch.files import sha256_of, written_whole
from poverty_watch.intake.arrivals import arrived_now
from poverty_watch.intake.corrections.codes import mark_in
from poverty_watch.intake.inbox import InboxFile, files_of, is_readable, unclaimed_folders
from poverty_watch.intake.kept import raw_path
from poverty_watch.intake.names import is_correction
from poverty_watch.intake.sources.interface import Source
from poverty_watch.intake.sources.marks import has_been_taken, keep_marks
from poverty_watch.intake.sources.spool import collect, spooled_files
from poverty_watch.intake.steps.step import Step
from poverty_watch.ledger.journal import record
from poverty_watch.ledger.models import Delivery, SeenFile
from poverty_watch.ledger.store import Ledger
from poverty_watch.months import Month
from poverty_watch.settings import Settings


def delivered(
    department_id: str, month: Month, settings: Settings, source: Source | None = None
) -> bool:
    """Whether every dataset that the department owes has arrived.

    A dataset of which a source has no row yet has not: the rows may still come.

    Raises:
        SourceError: the department's source could not be reached or read.
    """
    catalogue = load_catalogue()
    department = catalogue.departments[department_id]
    arrived = collect(month, department, settings, source)
    found = {
        file.dataset
        for file in _files(month, department, settings, catalogue)
        # A correction may be about a month before this one.
        if not (is_correction(file.name) and is_readable(file.name) and mark_in(file.source))
    }
    return set(department.contracts) <= found - arrived.empty


def _files(
    month: Month, department: Department, settings: Settings, catalogue: Catalogue
) -> list[InboxFile]:
    """What lies in the inbox; for a department with a source, what that brought as well."""
    if department.card.arrives.way != "inbox" and not settings.inbox.is_dir():
        return spooled_files(month, department, settings, catalogue)
    return [
        *files_of(settings.inbox, month, department, catalogue),
        *spooled_files(month, department, settings, catalogue),
    ]


def unclaimed(month: Month, settings: Settings) -> list[str]:
    """Names in the month's inbox folder that belong to no department."""
    return unclaimed_folders(settings.inbox, month, load_catalogue())


def fetch(
    department_id: str,
    month: Month,
    settings: Settings,
    ledger: Ledger,
    source: Source | None = None,
    *,
    ask_again: bool = True,
) -> Step:
    """Keep every file that the department has delivered, and list the ones not read.

    Args:
        department_id: the department.
        month: the month that the files are about.
        settings: the installation.
        ledger: its ledger.
        source: where the department's data are taken from, if its contract says so.
        ask_again: whether a source is asked that has been asked for this month before.

    Raises:
        InboxError: there is no inbox.
        SourceError: the department's source could not be reached or read.
    """
    catalogue = load_catalogue()
    department = catalogue.departments[department_id]
    with ledger.transaction() as session:
        may_ask = ask_again or not has_been_taken(session, month, department)
    arrived = collect(month, department, settings, source, may_ask=may_ask)
    files = _files(month, department, settings, catalogue)
    hashed = [
        (file, None if file.source.is_symlink() else sha256_of(file.source)) for file in files
    ]
    with ledger.transaction() as session:
        hashed = _with_kinds(session, hashed, department, month)
    for file, sha256 in hashed:
        if sha256 is not None and file.dataset is not None:
            _keep_raw(file, raw_path(settings, sha256, file.name))
    with ledger.transaction() as session:
        keep_marks(session, month, department, arrived, catalogue)
        seen = list(
            session.execute(
                select(SeenFile.path, SeenFile.sha256)
                .where(SeenFile.month == str(month), SeenFile.department == department_id)
                .order_by(SeenFile.arrival, SeenFile.id)
            ).tuples()
        )
        arrival = 1 + (
            session.scalar(
                select(func.max(SeenFile.arrival)).where(
                    SeenFile.month == str(month), SeenFile.department == department_id
                )
            )
            or 0
        )
        fresh = arrived_now(hashed, seen, arrival)
        for file, sha256 in fresh:
            session.add(_seen(file, sha256, department, month, arrival))
        if fresh:
            record(
                session, "收到文件", department.title, month=month, files=[f.path for f, _ in fresh]
            )
    unread = [file.name for file, _ in hashed if file.dataset is None and not file.ignored]
    extra = f"；未识别、未读取：{'、'.join(unread)}" if unread else ""
    extra += "".join(f"；{remark}" for remark in arrived.remarks)
    return Step(f"{department.title}：{len(files)}个文件，新到{len(fresh)}个{extra}")


def _with_kinds(
    session: Session,
    hashed: list[tuple[InboxFile, str | None]],
    department: Department,
    month: Month,
) -> list[tuple[InboxFile, str | None]]:
    """The files, correction sheets among them told by the mark that they carry.

    Whatever it is called, a sheet belongs to the dataset that it was made for. A file that has been
    seen before is not looked into again.
    """
    seen = {
        (path, sha256): (dataset, kind)
        for path, sha256, dataset, kind in session.execute(
            select(SeenFile.path, SeenFile.sha256, SeenFile.dataset, SeenFile.kind).where(
                SeenFile.month == str(month), SeenFile.department == department.id
            )
        )
    }
    found: list[tuple[InboxFile, str | None]] = []
    for file, sha256 in hashed:
        known = seen.get((file.path, sha256 or ""))
        if known is not None:
            dataset, is_sheet = known[0] or file.dataset, known[1] == "correction"
            file = replace(file, dataset=dataset, is_correction_sheet=is_sheet)
        elif sha256 is not None and not file.ignored and is_readable(file.name):
            mark = mark_in(file.source)
            if mark is not None:
                dataset = _dataset_of(session, mark, department, month) or file.dataset
                file = replace(file, dataset=dataset, is_correction_sheet=True)
        found.append((file, sha256))
    return found


def _dataset_of(session: Session, mark: str, department: Department, month: Month) -> str | None:
    return session.scalar(
        select(Delivery.dataset)
        .where(
            Delivery.month == str(month),
            Delivery.department == department.id,
            Delivery.content_sha256.startswith(mark),
        )
        .limit(1)
    )


def _keep_raw(file: InboxFile, target: Path) -> None:
    if not target.exists():
        with written_whole(target, mode=0o600) as beside:
            shutil.copyfile(file.source, beside)


def _seen(
    file: InboxFile, sha256: str, department: Department, month: Month, arrival: int
) -> SeenFile:
    status = file.source.lstat()
    fate = "ignored" if file.ignored else "unknown" if file.dataset is None else "waiting"
    return SeenFile(
        month=str(month),
        department=department.id,
        path=file.path,
        sha256=sha256,
        bytes=status.st_size,
        modified_at=datetime.fromtimestamp(status.st_mtime, UTC),
        arrival=arrival,
        dataset=file.dataset,
        fate=fate,
        kind="correction" if file.is_correction_sheet else "whole",
    )
