"""数据质量: how departments do over the months: in time, rows returned, the same fault again."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from poverty_watch.board.access import only
from poverty_watch.board.data.duty_grid import departments_of
from poverty_watch.board.menu import Entry
from poverty_watch.board.reading import (
    ChosenMonth,
    months_shown,
    standing_ledger,
)
from poverty_watch.board.view import page
from poverty_watch.contracts import load_catalogue
from poverty_watch.intake.duty.score import score
from poverty_watch.lake.versions import Lake
from poverty_watch.ledger.access import Viewer
from poverty_watch.settings import Settings, today

ENTRY = Entry("数据质量", "/quality", ("county", "department", "viewer"))
# Half a year shows how a department goes; each month costs a register of its own.
MONTHS_SHOWN = 6

router = APIRouter()
_Reader = Annotated[Viewer, Depends(only(*ENTRY.roles))]


@router.get(ENTRY.path)
def quality(request: Request, viewer: _Reader, month: ChosenMonth) -> Response:
    """A line per department, its month beside the months before."""
    known, months = months_shown(month, MONTHS_SHOWN)
    lake = Lake(Settings.from_environment().lake)
    scores = score(standing_ledger(), lake, months[0], months[-1], today())
    own = {department.id for department in departments_of(viewer, load_catalogue())}
    return page(
        request,
        "quality.html",
        title="数据质量",
        month=month,
        months=months,
        known=known,
        scores=[one for one in scores if one.department_id in own],
    )
