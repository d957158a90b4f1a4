"""核实进度: how far each township is with its visits, and which households wait."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import Response

from poverty_watch.board.access import only
from poverty_watch.board.data.pages import PageNumber
from poverty_watch.board.data.progress import STATES, progress, tasks_of, total_of
from poverty_watch.board.data.words import ANSWERS
from poverty_watch.board.menu import Entry
from poverty_watch.board.reading import chosen_month, known_months, reading
from poverty_watch.board.view import link, page
from poverty_watch.ledger.access import Viewer
from poverty_watch.settings import today

ENTRY = Entry("核实进度", "/verification", ("county", "township", "viewer"))
ALL = "all"

router = APIRouter()
_Reader = Annotated[Viewer, Depends(only(*ENTRY.roles))]


@router.get(ENTRY.path)
def places(request: Request, viewer: _Reader, month: str = ALL) -> Response:
    """Township by township; for a township village by village."""
    chosen = None if month == ALL else chosen_month(month)
    with reading() as session:
        known = known_months(session)
    with reading(viewer) as session:
        lines = progress(session, viewer, chosen, today())
    return page(
        request,
        "verification.html",
        title="核实进度",
        month=chosen,
        month_text=month,
        known=known,
        lines=lines,
        total=total_of(lines),
        answers=ANSWERS,
        place="村" if viewer.role == "township" else "乡镇",
        today=today(),
    )


@router.get(ENTRY.path + "/tasks")
def tasks(
    request: Request,
    viewer: _Reader,
    month: str = ALL,
    place: str = "",
    state: str = "open",
    page_number: PageNumber = 1,
) -> Response:
    """The tasks of a place in a state."""
    chosen = None if month == ALL else chosen_month(month)
    if state not in STATES:
        raise HTTPException(400, "没有这种状态。")
    with reading() as session:
        newest = known_months(session)
    with reading(viewer) as session:
        found = tasks_of(session, viewer, chosen, place, state, page_number, today())
    return page(
        request,
        "tasks.html",
        title=f"核实任务：{place or '全部'}，{STATES[state]}",
        found=found,
        month_text=month,
        newest=newest[0] if newest else None,
        place=place,
        state=state,
        states=STATES,
        to_page=lambda n: link(
            "verification", "tasks", month=month, place=place, state=state, page=n
        ),
    )
