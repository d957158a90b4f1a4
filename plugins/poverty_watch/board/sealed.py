"""Before anything with full numbers is shown or handed out: a purpose, written into the journal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fastapi import HTTPException
from fastapi.responses import FileResponse
from sqlalchemy.orm import Session

from poverty_watch.identity import mask_numbers
from poverty_watch.ledger.access import Viewer
from poverty_watch.ledger.journal import record
from poverty_watch.ledger.store import open_ledger
from poverty_watch.months import Month
from poverty_watch.settings import Settings

_SHORTEST, _LONGEST = 2, 200


def told_purpose(purpose: str) -> str:
    """The purpose as it is written down.

    Raises:
        HTTPException: 400 where none is given, or a whole story.
    """
    plain = mask_numbers(" ".join(purpose.split()))
    if not _SHORTEST <= len(plain) <= _LONGEST:
        raise HTTPException(400, f"请写明用途（{_SHORTEST}至{_LONGEST}个字），会记入流水账。")
    return plain


@contextmanager
def writing(viewer: Viewer) -> Iterator[Session]:
    """One transaction on the ledger as this viewer, that is journalled."""
    with open_ledger(Settings.from_environment()).transaction(viewer) as session:
        yield session


def handed_out(path: Path, viewer: Viewer, purpose: str, month: Month) -> FileResponse:
    """A file with full numbers, once it is written down who takes it and what for.

    Raises:
        HTTPException: 404 where the file is not there, 400 without a purpose.
    """
    if not path.is_file():
        raise HTTPException(404, "没有这个文件，可能已经重新生成。请回到上一页刷新后再试。")
    told = told_purpose(purpose)
    with writing(viewer) as session:
        record(session, "下载文件", told, month=month, actor=viewer.name, file=path.name)
    return FileResponse(path, filename=path.name)
