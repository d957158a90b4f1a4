"""Pages from templates: what each is given, and what stands when something is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from poverty_watch.ledger.access import Viewer
from poverty_watch.settings import TEMPLATES

FOLDER = TEMPLATES / "board"
_WORDS = {
    401: "请先登录防贫守望，再打开这一页。",
    403: "您的账号不能看这一页。",
    404: "没有这一页。",
    405: "这一页不能这样使用。",
    413: "文件太大。",
}


@lru_cache(maxsize=1)
def _templates() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined
    )
    environment.globals["nav"] = _nav
    return environment


def page(request: Request, template: str, status: int = 200, /, **given: Any) -> HTMLResponse:
    """A page for the request's viewer."""
    viewer: Viewer | None = getattr(request.state, "viewer", None)
    text = (
        _templates()
        .get_template(template)
        .render(
            root=request.scope.get("root_path", ""),
            here=request.url.path.removeprefix(request.scope.get("root_path", "")),
            viewer=viewer,
            **given,
        )
    )
    return HTMLResponse(text, status)


def failure(
    request: Request,
    status: int,
    message: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> HTMLResponse:
    """A page that says what is wrong. One who has not signed in is shown no menu."""
    told = message if message and not message.isascii() else _WORDS.get(status)
    answer = page(request, "failure.html", status, title="不能打开", message=told or "出错了。")
    answer.headers.update(headers or {})
    return answer


def _nav(viewer: Viewer | None) -> list[tuple[str, str]]:
    """What the menu of a viewer offers: title and path."""
    from poverty_watch.board.pages import MENU

    if viewer is None:
        return []
    return [(entry.title, entry.path) for entry in MENU if viewer.role in entry.roles]
