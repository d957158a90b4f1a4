"""报告: the versions of each month's report with their state and marks, to look at and to take."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import FileResponse, Response

from poverty_watch.board.access import SignedIn, only
from poverty_watch.board.data.pages import PageNumber, paged
from poverty_watch.board.menu import Entry
from poverty_watch.board.reading import chosen_month, reading
from poverty_watch.board.view import link, page
from poverty_watch.files import sha256_of
from poverty_watch.ledger.access import Role, Viewer
from poverty_watch.months import Month
from poverty_watch.report.comparing import difference
from poverty_watch.report.errors import ReportError
from poverty_watch.report.library import VersionCard, months_reported, version, versions
from poverty_watch.report.tracing import TraceError, trace
from poverty_watch.settings import Settings

ENTRY = Entry("报告", "/reports")
MONTHS_SHOWN = 24

_SEE_ALL: tuple[Role, ...] = ("county", "viewer")

router = APIRouter()
_WholeCounty = Annotated[Viewer, Depends(only(*_SEE_ALL))]


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
    with reading(viewer) as session:
        cards = versions(session, Settings.from_environment(), month)
    card = next((one for one in cards if one.number == number), None)
    if card is None:
        raise HTTPException(404, f"{month.chinese}没有第{number}版月报。")
    older = [one for one in cards if one.number < number]
    is_whole = card.workbook.is_file() and sha256_of(card.workbook) == card.sha256
    return page(
        request,
        "report.html",
        title=card.title,
        month=month,
        card=card,
        older=older,
        is_whole=is_whole,
        may_take=may_take(viewer),
    )


@router.get(ENTRY.path + "/{month_text}/{number}/difference")
def changed(
    request: Request,
    viewer: _WholeCounty,
    month_text: str,
    number: int,
    against: int,
    page_number: PageNumber = 1,
) -> Response:
    """What differs between an older version and this one, cell by cell."""
    month = chosen_month(month_text)
    card = _card(viewer, month, number)
    try:
        found = difference(Settings.from_environment(), month, against, number)
    except ReportError as error:
        raise HTTPException(404, str(error)) from error
    return page(
        request,
        "report_difference.html",
        title=f"{month.chinese}月报第{against}版到第{number}版的不同",
        month=month,
        card=card,
        found=paged(found, page_number, "处"),
        to_page=lambda n: link("reports", month, number, "difference", against=against, page=n),
    )


@router.get(ENTRY.path + "/{month_text}/{number}/trace")
def traced(
    request: Request,
    viewer: _WholeCounty,
    month_text: str,
    number: int,
    cell: str,
    page_number: PageNumber = 1,
) -> Response:
    """The households or delivered rows that a cell of the report counts; names are masked."""
    month = chosen_month(month_text)
    card = _card(viewer, month, number)
    try:
        with reading(viewer) as session:
            found = trace(session, Settings.from_environment(), month, cell, number)
    except TraceError as error:
        raise HTTPException(404, str(error)) from error
    return page(
        request,
        "report_trace.html",
        title=f"{card.title} {found.cell}",
        month=month,
        card=card,
        traced=found,
        found=paged(found.rows, page_number, "行"),
        to_page=lambda n: link("reports", month, number, "trace", cell=cell, page=n),
    )


@router.get(ENTRY.path + "/{month_text}/{number}/files/{name}")
def take(viewer: _WholeCounty, month_text: str, number: int, name: str) -> Response:
    """A file of a version; names in it are masked as in 表四, and it holds no numbers of persons."""
    card = _card(viewer, chosen_month(month_text), number)
    path = next((path for path in card.files if path.name == name), None)
    if path is None:
        raise HTTPException(404, "没有这个文件。")
    return FileResponse(path, filename=path.name)


def may_take(viewer: Viewer) -> bool:
    """Whether a viewer may have the whole county's report: those who see the whole county."""
    return viewer.role in _SEE_ALL


def _card(viewer: Viewer, month: Month, number: int) -> VersionCard:
    with reading(viewer) as session:
        card = version(session, Settings.from_environment(), month, number)
    if card is None:
        raise HTTPException(404, f"{month.chinese}没有第{number}版月报。")
    return card
