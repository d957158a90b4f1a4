"""试校验: drop files, read the verdict that intake would give; nothing is stored."""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Annotated

from fastapi import APIRouter, Depends, File, Form, Request, UploadFile
from fastapi.responses import Response

from poverty_watch.board.access import only
from poverty_watch.board.menu import Entry
from poverty_watch.board.view import page
from poverty_watch.contracts import load_catalogue
from poverty_watch.ledger.access import Viewer
from poverty_watch.ledger.reading import open_to_read
from poverty_watch.months import Month, MonthError
from poverty_watch.settings import Settings, today

ENTRY = Entry("试校验", "/try", ("county", "department"))
MOST_FILES = 20

router = APIRouter()
_Sender = Annotated[Viewer, Depends(only(*ENTRY.roles))]
# Reading a workbook may take much memory: one at a time, whoever else asks waits.
_one_at_a_time = threading.Lock()


@router.get(ENTRY.path)
def form(request: Request, viewer: _Sender) -> Response:
    """The page where files are dropped."""
    return page(request, "try_out.html", **_given(viewer))


@router.post(ENTRY.path)
def verdict(
    request: Request,
    viewer: _Sender,
    files: Annotated[list[UploadFile], File()],
    month: Annotated[str, Form()] = "",
) -> Response:
    """The verdict on the dropped files."""
    from poverty_watch.intake.dry_run import check_files
    from poverty_watch.intake.dry_run_words import tell

    given = _given(viewer)
    sent = [file for file in files if file.filename]
    problem = _problem(sent)
    wanted = None
    if not problem and month.strip():
        try:
            wanted = Month.parse(month)
        except MonthError as error:
            problem = str(error)
    if problem:
        return page(request, "try_out.html", 400, **given | {"problem": problem, "month": month})
    settings = Settings.from_environment()
    with _one_at_a_time, tempfile.TemporaryDirectory(prefix="try-") as folder:
        checked = check_files(
            _kept(sent, Path(folder)),
            Month.of(today()) - 1,
            settings,
            open_to_read(settings),
            month=wanted,
            department=_department(viewer),
        )
    told = [tell(one) for one in checked]
    return page(request, "try_out.html", **given | {"told": told, "month": month})


def _given(viewer: Viewer) -> dict[str, object]:
    return {
        "title": ENTRY.title,
        "told": [],
        "problem": "",
        "month": "",
        "department": _department(viewer),
        "most_files": MOST_FILES,
    }


def _department(viewer: Viewer) -> str | None:
    """The Chinese name of the department that a sender may speak for; None for the county office."""
    if viewer.role != "department":
        return None
    return load_catalogue().departments[viewer.place].title


def _problem(sent: Sequence[UploadFile]) -> str:
    if not sent:
        return "请先选择要校验的文件。"
    if len(sent) > MOST_FILES:
        return f"一次最多校验 {MOST_FILES} 个文件，请分几次。"
    return ""


def _kept(sent: Sequence[UploadFile], folder: Path) -> list[Path]:
    """The files under their own names, each in a folder of its own: names may be the same."""
    paths = []
    for number, file in enumerate(sent):
        name = PurePosixPath((file.filename or "").replace("\\", "/")).name.replace("\0", "")
        place = folder / str(number)
        place.mkdir()
        path = place / (name if name not in ("", ".", "..") else "无名文件")
        with path.open("wb") as target:
            shutil.copyfileobj(file.file, target)
        paths.append(path)
    return paths
