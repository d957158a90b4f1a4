"""比对: how many findings each comparison has over the months, and which are open."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response

from poverty_watch.board.access import SignedIn
from poverty_watch.board.data.checks import comparisons_over, findings_of_month
from poverty_watch.board.data.finding_rows import STATES, findings_of
from poverty_watch.board.data.pages import PageNumber
from poverty_watch.board.menu import Entry
from poverty_watch.board.reading import (
    ChosenMonth,
    chosen_month,
    months_shown,
    reading,
)
from poverty_watch.board.view import link, page
from poverty_watch.contracts import load_catalogue
from poverty_watch.ledger.handling import handling
from poverty_watch.screening.cards import check_named
from poverty_watch.screening.definitions import load_definitions
from poverty_watch.settings import today

ENTRY = Entry("比对", "/comparisons")
MONTHS_SHOWN = 12

router = APIRouter()


@router.get(ENTRY.path)
def comparisons(request: Request, viewer: SignedIn, month: ChosenMonth) -> Response:
    """Comparisons by months."""
    known, months = months_shown(month, MONTHS_SHOWN)
    with reading(viewer) as session:
        lines = comparisons_over(session, viewer, months, load_catalogue())
        findings = findings_of_month(session, month)
    return page(
        request,
        "checks.html",
        title="比对",
        kind="comparisons",
        month=month,
        months=months,
        known=known,
        lines=lines,
        leads=[],
        findings=findings,
    )


@router.get(ENTRY.path + "/{month_text}/{check_id}")
def findings(
    request: Request,
    viewer: SignedIn,
    month_text: str,
    check_id: str,
    township: str = "",
    state: str = "open",
    page_number: PageNumber = 1,
) -> Response:
    """The findings of a comparison."""
    month = chosen_month(month_text)
    file = check_named(check_id, load_definitions())
    if file is None or not file.id.startswith("C"):
        raise HTTPException(404, "没有这项比对。")
    if state not in STATES:
        raise HTTPException(400, "没有这种状态。")
    with reading(viewer) as session:
        found, townships = findings_of(
            session,
            viewer,
            month,
            file.id,
            state,
            township,
            page_number,
            today(),
            load_catalogue(),
        )
    known = handling().get(file.header.outcome)
    return page(
        request,
        "findings.html",
        title=f"{file.id} {file.header.title}（{month.chinese}）",
        month=month,
        comparison=file,
        outcome=known.title if known else "只出数字，不交办",
        found=found,
        townships=townships,
        township=township,
        state=state,
        states=STATES,
        may_open_households=viewer.role != "department",
        to_page=lambda n: link(
            "comparisons", month, file.id, township=township, state=state, page=n
        ),
    )
