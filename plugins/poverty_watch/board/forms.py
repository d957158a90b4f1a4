"""Forms that change or open something carry a token: only a page of this board can have made them.

The browser's own word on where a request comes from is asked for every form (`app`); the token holds
also where a browser does not say.
"""

from __future__ import annotations

import hmac
import time
from typing import Annotated

from fastapi import Form, HTTPException, Request

from poverty_watch.identity import form_key
from poverty_watch.ledger.access import Viewer
from poverty_watch.settings import Settings

_PERIOD = 6 * 3600
_TOO_OLD = "这一页打开得太久，或者不是从本页面提交的，没有办理。请重新打开这一页再提交。"


def token_for(viewer: Viewer | None, path: str) -> str:
    """The token of a viewer's form that posts to a path within the board; good for 6 to 12 hours."""
    return "" if viewer is None else _token(viewer, path, _period())


def from_this_board(request: Request, token: Annotated[str, Form()] = "") -> None:
    """A guard for ``Depends``, after the sign-in.

    Raises:
        HTTPException: 403 where the form has no token of this viewer and path.
    """
    viewer: Viewer = request.state.viewer
    path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
    known = (_token(viewer, path, period) for period in (_period(), _period() - 1))
    if not any(hmac.compare_digest(token.encode(), one.encode()) for one in known):
        raise HTTPException(403, _TOO_OLD)


def _period() -> int:
    return int(time.time()) // _PERIOD


def _token(viewer: Viewer, path: str, period: int) -> str:
    key = form_key(Settings.from_environment().keys)
    told = repr((viewer.name, viewer.role, viewer.place, path, period))
    return hmac.digest(key, told.encode(), "sha256").hex()
