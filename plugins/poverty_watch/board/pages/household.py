"""One household, masked; and its full numbers for a purpose, which is journalled."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, HTTPException, Request
from fastapi.responses import RedirectResponse, Response

from poverty_watch.board.access import only
from poverty_watch.board.data.household import HouseholdPage, household_page, members, opened
from poverty_watch.board.data.words import case_stories, measure_lines, task_lines
from poverty_watch.board.forms import from_this_board
from poverty_watch.board.menu import Entry
from poverty_watch.board.reading import ChosenMonth, chosen_month, reading, standing_ledger
from poverty_watch.board.sealed import told_purpose, writing
from poverty_watch.board.view import link, page
from poverty_watch.contracts import load_catalogue
from poverty_watch.identity import Keyring
from poverty_watch.ledger.access import Viewer
from poverty_watch.ledger.errors import AccessError
from poverty_watch.months import Month
from poverty_watch.screening.errors import ScreeningError
from poverty_watch.settings import Settings, today

ENTRY = Entry("查一户", "/households", ("county", "township", "viewer"))

router = APIRouter()
_Reader = Annotated[Viewer, Depends(only(*ENTRY.roles))]
_County = Annotated[Viewer, Depends(only("county"))]


@router.get(ENTRY.path)
def asked(request: Request, viewer: _Reader, month: ChosenMonth, household: str = "") -> Response:
    """A form that asks for a household's number, and the way to its page."""
    wanted = household.strip()
    if wanted:
        if wanted[:2] not in ("R:", "H:"):
            wanted = f"R:{wanted}"
        root = request.scope.get("root_path", "")
        return RedirectResponse(root + link("households", month, wanted), 303)
    return page(request, "household_form.html", title="查一户", month=month)


@router.get(ENTRY.path + "/{month_text}/{household_id}")
def household(request: Request, viewer: _Reader, month_text: str, household_id: str) -> Response:
    """All that a month says of a household."""
    month = chosen_month(month_text)
    return _shown(request, viewer, month, household_id)


@router.post(ENTRY.path + "/{month_text}/{household_id}/numbers")
def numbers(
    request: Request,
    viewer: _County,
    month_text: str,
    household_id: str,
    _checked: Annotated[None, Depends(from_this_board)],
    purpose: Annotated[str, Form()] = "",
) -> Response:
    """The same page with full numbers and phones."""
    month = chosen_month(month_text)
    told = told_purpose(purpose)
    settings = Settings.from_environment()
    found = _found(viewer, month, household_id)
    with reading(viewer) as session:
        people = members(session, settings, month, household_id, viewer)
    with writing(viewer) as session:
        people = opened(session, Keyring.open(settings.keys), people, f"{household_id}：{told}")
    return _page(request, viewer, month, household_id, found, people, told)


def _found(viewer: Viewer, month: Month, household_id: str) -> HouseholdPage:
    settings = Settings.from_environment()
    try:
        return household_page(month, household_id, settings, standing_ledger(), viewer)
    except ScreeningError as error:
        raise HTTPException(404, str(error)) from error
    except AccessError as error:
        raise HTTPException(403, str(error)) from error


def _shown(request: Request, viewer: Viewer, month: Month, household_id: str) -> Response:
    found = _found(viewer, month, household_id)
    return _page(request, viewer, month, household_id, found, found.members, "")


def _page(
    request: Request,
    viewer: Viewer,
    month: Month,
    household_id: str,
    found: HouseholdPage,
    people: tuple[object, ...],
    purpose: str,
) -> Response:
    return page(
        request,
        "household.html",
        title=f"{found.head}户（{month.chinese}）",
        month=month,
        household_id=household_id,
        found=found,
        members=people,
        purpose=purpose,
        tasks=task_lines(found.tasks, today()),
        cases=case_stories(found.cases, today(), viewer),
        measures=measure_lines(found.measures, today(), load_catalogue(), viewer),
    )
