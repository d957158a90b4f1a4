"""The application: every route behind the sign-in, every answer with the same strict headers."""

from __future__ import annotations

import gc
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException as StarletteHTTPException

from poverty_watch.board.access import Account, signed_in
from poverty_watch.board.pages import ROUTERS
from poverty_watch.board.view import failure
from poverty_watch.contracts import ContractError
from poverty_watch.ledger.errors import AccessError
from poverty_watch.months import CalendarError
from poverty_watch.screening.errors import DefinitionError
from poverty_watch.settings import SettingError
from poverty_watch.verification.cases.errors import ProcedureError

_WRONG_FILES = (CalendarError, ContractError, DefinitionError, ProcedureError, SettingError)
Authenticate = Callable[[Request], Awaitable[Account]]
MOST_BYTES = 64 * 1024 * 1024
_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self';"
        " base-uri 'none'; frame-ancestors 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    # Pages hold persons' data: no cache may keep them.
    "Cache-Control": "no-store",
}


def create_app(authenticate: Authenticate) -> FastAPI:
    """The board.

    Args:
        authenticate: gives the account of a request, or raises 401.
    """
    app = FastAPI(
        title="防贫守望",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        dependencies=[Depends(signed_in)],
    )
    app.state.authenticate = authenticate
    for router in ROUTERS:
        app.include_router(router)
    app.middleware("http")(_guarded)
    app.exception_handler(StarletteHTTPException)(_told)
    app.exception_handler(RequestValidationError)(_incomplete)
    app.exception_handler(AccessError)(_refused_row)
    for kind in _WRONG_FILES:
        app.exception_handler(kind)(_wrong_file)
    app.exception_handler(Exception)(_broken)
    return app


def warm_up() -> None:
    """Read what several pages need and what takes seconds the first time.

    What is loaded then stays until the process ends. The collector of garbage is told so: it would
    look at all of it again with every tenth page, and let that page wait for 0.2 seconds.
    """
    from poverty_watch.contracts import load_catalogue
    from poverty_watch.screening.needs import needing
    from poverty_watch.verification.cases.procedure import load_policy

    load_catalogue()
    needing()
    load_policy()
    gc.collect()
    gc.freeze()


async def _guarded(request: Request, call: Callable[[Request], Awaitable[Response]]) -> Response:
    refused = None if request.method in _SAFE_METHODS else await _refused(request)
    response = refused or await call(request)
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    return response


async def _refused(request: Request) -> Response | None:
    """Why a changing request is not even read; a body is received before a route's own guards."""
    try:
        await signed_in(request)
    except HTTPException as error:
        return await _told(request, error)
    if not _comes_from_here(request):
        return failure(request, 403, "这个请求不是从本页面发出的，没有办理。")
    length = request.headers.get("content-length", "")
    if not length.isdecimal():
        return failure(request, 411, "没有说明文件大小，没有接收。")
    if int(length) > MOST_BYTES:
        return failure(request, 413, f"一次最多 {MOST_BYTES // 1024 // 1024} MB，请分几次校验。")
    return None


def _comes_from_here(request: Request) -> bool:
    """Whether a changing request was sent by a page of this very site.

    Browsers say so themselves; one that does not names at least the origin. A request with neither
    is no browser's, so nobody's session cookie was sent along against their will.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")


async def _refused_row(request: Request, error: Exception) -> Response:
    return failure(request, 403, str(error))


async def _wrong_file(request: Request, error: Exception) -> Response:
    """A file of the county's policy is wrong or ends too early: its message says which and how."""
    return failure(request, 503, str(error))


async def _broken(request: Request, _: Exception) -> Response:
    # It is answered outside the guard that gives every other answer its headers.
    told = "这一页出错了，已经记入服务日志，请告诉系统管理员。"
    return failure(request, 500, told, _HEADERS)


async def _incomplete(request: Request, _: Exception) -> Response:
    """What was asked or filled in has not the form that the page needs; it is not repeated."""
    return failure(request, 422)


async def _told(request: Request, error: Any) -> Response:
    message = error.detail if isinstance(error, HTTPException) else None
    return failure(request, error.status_code, message, error.headers)
