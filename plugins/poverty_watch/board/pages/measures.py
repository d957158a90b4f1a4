"""帮扶: what help each department owes to which household, and until when."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response

from poverty_watch.board.access import SignedIn
from poverty_watch.board.data.case_rows import MEASURE_STATES, measures_of
from poverty_watch.board.data.pages import PageNumber
from poverty_watch.board.menu import Entry
from poverty_watch.board.reading import ChosenMonth, reading
from poverty_watch.board.view import link, page
from poverty_watch.contracts import load_catalogue
from poverty_watch.settings import today

ENTRY = Entry("帮扶", "/measures")

router = APIRouter()


@router.get(ENTRY.path)
def measures(
    request: Request,
    viewer: SignedIn,
    month: ChosenMonth,
    state: str = "planned",
    page_number: PageNumber = 1,
) -> Response:
    """The viewer's help."""
    if state not in MEASURE_STATES:
        raise HTTPException(400, "没有这种状态。")
    with reading(viewer) as session:
        found = measures_of(session, viewer, state, page_number, today(), load_catalogue())
    return page(
        request,
        "measures.html",
        title="帮扶",
        month=month,
        found=found,
        state=state,
        states=MEASURE_STATES,
        may_open_households=viewer.role != "department",
        to_page=lambda n: link("measures", state=state, page=n),
    )
