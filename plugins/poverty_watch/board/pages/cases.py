"""案件: each household's way from the visit to the county's decision, step by step."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import Response

from poverty_watch.board.access import only
from poverty_watch.board.data.case_rows import CASE_STATES, cases_of, one_case
from poverty_watch.board.data.pages import PageNumber
from poverty_watch.board.menu import Entry
from poverty_watch.board.reading import ChosenMonth, reading
from poverty_watch.board.view import link, page
from poverty_watch.ledger.access import Viewer
from poverty_watch.settings import today

ENTRY = Entry("案件", "/cases", ("county", "township", "viewer"))

router = APIRouter()
_Reader = Annotated[Viewer, Depends(only(*ENTRY.roles))]


@router.get(ENTRY.path)
def cases(
    request: Request,
    viewer: _Reader,
    month: ChosenMonth,
    state: str = "open",
    page_number: PageNumber = 1,
) -> Response:
    """The viewer's cases."""
    if state not in CASE_STATES:
        raise HTTPException(400, "没有这种状态。")
    with reading(viewer) as session:
        found = cases_of(session, state, page_number, today())
    return page(
        request,
        "cases.html",
        title="案件",
        month=month,
        found=found,
        state=state,
        states=CASE_STATES,
        to_page=lambda n: link("cases", state=state, page=n),
    )


@router.get(ENTRY.path + "/{case_id}")
def case(request: Request, viewer: _Reader, month: ChosenMonth, case_id: int) -> Response:
    """One case with its steps."""
    with reading(viewer) as session:
        found = one_case(session, viewer, case_id, today())
    if found is None:
        raise HTTPException(404, f"没有第{case_id}号案件，或不对您开放。")
    return page(request, "case.html", title=f"第{found.id}号 {found.kind}", month=month, case=found)
