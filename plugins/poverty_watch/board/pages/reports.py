"""报告: the versions of each month's report with their state and marks, to look at and to take."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import FileResponse, Response

from poverty_watch.board.access import SignedIn
from poverty_watch.board.menu import Entry
from poverty_watch.board.reading import chosen_month, reading
from poverty_watch.board.view import page
from poverty_watch.files import sha256_of
from poverty_watch.ledger.access import Viewer
from poverty_watch.months import Month
from poverty_watch.report.library import VersionCard, months_reported, version, versions
from poverty_watch.settings import Settings

ENTRY = Entry("报告", "/reports")
MONTHS_SHOWN = 24

router = APIRouter()


@router.get(ENTRY.path)
def reports(request: Request, viewer: SignedIn) -> Response:
    """Every month's versions, the newest month first."""
    settings = Settings.from_environment()
    with reading(viewer) as session:
        months = months_reported(session)[:MONTHS_SHOWN]
        found = [(month, versions(session, settings, month)) for month in months]
    return page(
        request,
        "reports.html",
        title="报告",
        found=found,
        may_take=may_take(viewer),
    )


@router.get(ENTRY.path + "/{month_text}/{number}")
def report(request: Request, viewer: SignedIn, month_text: str, number: int) -> Response:
    """One version: what it is, its files, and whether they are what was made."""
    month = chosen_month(month_text)
    card = _card(viewer, month, number)
    is_whole = card.workbook.is_file() and sha256_of(card.workbook) == card.sha256
    return page(
        request,
        "report.html",
        title=card.title,
        month=month,
        card=card,
        is_whole=is_whole,
        may_take=may_take(viewer),
    )


@router.get(ENTRY.path + "/{month_text}/{number}/files/{name}")
def take(viewer: SignedIn, month_text: str, number: int, name: str) -> Response:
    """A file of a version; names in it are masked as in 表四, and it holds no numbers of persons."""
    if not may_take(viewer):
        raise HTTPException(403, "月报文件由县专班发给您，这里不提供下载。")
    card = _card(viewer, chosen_month(month_text), number)
    path = next((path for path in card.files if path.name == name), None)
    if path is None:
        raise HTTPException(404, "没有这个文件。")
    return FileResponse(path, filename=path.name)


def may_take(viewer: Viewer) -> bool:
    """Whether a viewer may have the whole county's report: those who see the whole county."""
    return viewer.role in ("county", "viewer")


def _card(viewer: Viewer, month: Month, number: int) -> VersionCard:
    with reading(viewer) as session:
        card = version(session, Settings.from_environment(), month, number)
    if card is None:
        raise HTTPException(404, f"{month.chinese}没有第{number}版月报。")
    return card
