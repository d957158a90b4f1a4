"""The style sheet, and the way from the board's root to its first page."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, RedirectResponse, Response

from poverty_watch.board.access import SignedIn
from poverty_watch.board.view import FOLDER

router = APIRouter()


@router.get("/")
def first_page(request: Request, viewer: SignedIn) -> Response:
    """The first page of the viewer's menu."""
    from poverty_watch.board.pages import MENU

    path = next(entry.path for entry in MENU if viewer.role in entry.roles)
    return RedirectResponse(request.scope.get("root_path", "") + path, 303)


@router.get("/board.css")
def style_sheet() -> FileResponse:
    """How the pages look."""
    return FileResponse(
        FOLDER / "static" / "board.css",
        media_type="text/css",
        headers={"Cache-Control": "private, max-age=300"},
    )
