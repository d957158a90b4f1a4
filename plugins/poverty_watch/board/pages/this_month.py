"""本月: how far the month is, the clock to the 10th, what holds it up, and what the viewer has to do."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from poverty_watch.board.access import SignedIn
from poverty_watch.board.data.todo import ToDo, to_do
from poverty_watch.board.menu import Entry
from poverty_watch.board.reading import ChosenMonth, known_months, reading, standing_ledger
from poverty_watch.board.view import page
from poverty_watch.contracts import load_catalogue
from poverty_watch.ledger.access import Viewer
from poverty_watch.report.watch import Watch, watch
from poverty_watch.screening.needs import needing
from poverty_watch.settings import today

ENTRY = Entry("本月", "/month")
SIGNING = "签发"

router = APIRouter()


@router.get(ENTRY.path)
def this_month(request: Request, viewer: SignedIn, month: ChosenMonth) -> Response:
    """The month at a glance."""
    catalogue = load_catalogue()
    ledger = standing_ledger()
    with reading() as session:
        months = known_months(session)
    # Counts and departments' names: they name no household, and everybody waits for the same report.
    seen = watch(month, ledger, today(), needs=needing(), catalogue=catalogue)
    return page(
        request,
        "this_month.html",
        title=f"{month.chinese}",
        month=month,
        months=months,
        seen=seen,
        share_gone=_share_gone(seen),
        to_do=[
            *_to_sign(seen, viewer),
            *to_do(ledger, viewer, month, today(), catalogue),
        ],
    )


def _to_sign(seen: Watch, viewer: Viewer) -> list[ToDo]:
    """A draft that waits for a signature."""
    waits = any(
        stage.title == SIGNING and stage.state in ("now", "blocked") for stage in seen.stages
    )
    if viewer.role != "county" or not waits:
        return []
    return [ToDo("等待签发的月报", 1, "份", seen.days_left <= 1, "/reports")]


def _share_gone(seen: Watch) -> float:
    """How much of the time from the 1st to the due day has gone, 0 to 1."""
    first = seen.days.due_on.replace(day=1)
    return max(0.0, min(1.0, (seen.as_of - first).days / max((seen.days.due_on - first).days, 1)))
