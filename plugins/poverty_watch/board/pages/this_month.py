"""本月: how far the month is, the clock to the 10th, what holds it up, and what the viewer has to do."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from poverty_watch.board.access import SignedIn
from poverty_watch.board.data.stages import blocker_of, clock_of, stages_of
from poverty_watch.board.data.todo import to_do
from poverty_watch.board.menu import Entry
from poverty_watch.board.reading import ChosenMonth, known_months, reading, standing_ledger
from poverty_watch.board.view import page
from poverty_watch.contracts import load_catalogue
from poverty_watch.settings import today

ENTRY = Entry("本月", "/month")

router = APIRouter()


@router.get(ENTRY.path)
def this_month(request: Request, viewer: SignedIn, month: ChosenMonth) -> Response:
    """The month at a glance."""
    catalogue = load_catalogue()
    with reading() as session:
        months = known_months(session)
        stages = stages_of(session, month, today(), catalogue)
    return page(
        request,
        "this_month.html",
        title=f"{month.chinese}",
        month=month,
        months=months,
        stages=stages,
        blocker=blocker_of(stages),
        clock=clock_of(month, today()),
        to_do=to_do(standing_ledger(), viewer, month, today(), catalogue),
    )
