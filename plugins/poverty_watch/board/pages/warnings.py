"""预警: how many households each rule hits over the months, and which."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import Response

from poverty_watch.board.access import only
from poverty_watch.board.data.checks import leads_over, warnings_over
from poverty_watch.board.data.households import hits_of_rule
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
from poverty_watch.ledger.access import Viewer
from poverty_watch.screening.cards import check_named
from poverty_watch.screening.definitions import load_definitions
from poverty_watch.settings import Settings

ENTRY = Entry("预警", "/warnings", ("county", "township", "viewer"))
MONTHS_SHOWN = 12

router = APIRouter()
_Reader = Annotated[Viewer, Depends(only(*ENTRY.roles))]


@router.get(ENTRY.path)
def rules(request: Request, viewer: _Reader, month: ChosenMonth) -> Response:
    """Rules by months."""
    known, months = months_shown(month, MONTHS_SHOWN)
    with reading(viewer) as session:
        lines = warnings_over(session, viewer, months, load_catalogue())
        leads = leads_over(session, months)
    return page(
        request,
        "checks.html",
        title="预警",
        kind="warnings",
        month=month,
        months=months,
        known=known,
        lines=lines,
        leads=leads,
        findings={},
    )


@router.get(ENTRY.path + "/{month_text}/{check_id}")
def households(
    request: Request,
    viewer: _Reader,
    month_text: str,
    check_id: str,
    township: str = "",
    page_number: PageNumber = 1,
) -> Response:
    """The households that a rule hits in a month."""
    month = chosen_month(month_text)
    file = check_named(check_id, load_definitions())
    if file is None or not file.id.startswith("W"):
        raise HTTPException(404, "没有这条规则。")
    with reading(viewer) as session:
        hits = hits_of_rule(
            session,
            Settings.from_environment(),
            viewer,
            month,
            file.id,
            township,
            page_number,
        )
    return page(
        request,
        "hits.html",
        title=f"{file.id} {file.header.title}（{month.chinese}）",
        month=month,
        rule=file,
        hits=hits,
        township=township,
        to_page=lambda n: link("warnings", month, file.id, township=township, page=n),
    )
