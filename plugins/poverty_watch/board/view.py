"""Pages from templates: what each is given, and what stands when something is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from urllib.parse import quote, urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from poverty_watch.board import pictures
from poverty_watch.board.forms import token_for
from poverty_watch.contracts import load_catalogue
from poverty_watch.ledger.access import Viewer
from poverty_watch.months import COUNTY_ZONE, Month
from poverty_watch.settings import TEMPLATES

FOLDER = TEMPLATES / "board"
_WORDS = {
    401: "请先登录防贫守望，再打开这一页。",
    403: "您的账号不能看这一页。",
    404: "没有这一页。",
    405: "这一页不能这样使用。",
    413: "文件太大。",
    422: "填写的内容不完整，或不是这一页要的。",
}


@lru_cache(maxsize=1)
def _templates() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {
        "nav": _nav,
        "who": _who,
        "link": link,
        "picture": pictures.line,
        "bar": pictures.bar,
        "ring": pictures.ring,
    }
    environment.filters |= {
        "percent": percent,
        "chinese": _chinese,
        "moment": _moment,
        "plainly": _plainly,
    }
    return environment


def link(*parts: object, **query: object) -> str:
    """A path within the board, each part quoted; empty values of the query are left out."""
    path = "/" + "/".join(quote(str(part), safe=":") for part in parts)
    given = {name: str(value) for name, value in query.items() if value not in (None, "")}
    return f"{path}?{urlencode(given)}" if given else path


def percent(rate: float | None) -> str:
    """A share as staff read it; nothing where there is none."""
    return "" if rate is None else f"{rate:.1%}"


def _chinese(month: Month | str) -> str:
    return (month if isinstance(month, Month) else Month.parse(month)).chinese


_BLANKS = {
    "{name}": "〔姓名〕",
    "{value}": "〔数值〕",
    "{other_value}": "〔另一处的数值〕",
    "{threshold}": "〔标准〕",
    "{detail}": "〔情况〕",
}


def _plainly(sentence: str) -> str:
    """A rule's sentence, its blanks told in words."""
    for blank, told in _BLANKS.items():
        sentence = sentence.replace(blank, told)
    return sentence


def _moment(moment: datetime) -> str:
    """A moment of the ledger on the county's clock."""
    # SQLite gives times back without their zone; they are UTC.
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return f"{aware.astimezone(COUNTY_ZONE):%Y-%m-%d %H:%M}"


def page(request: Request, template: str, status: int = 200, /, **given: Any) -> HTMLResponse:
    """A page for the request's viewer."""
    viewer: Viewer | None = getattr(request.state, "viewer", None)
    root = request.scope.get("root_path", "")
    here = request.scope["path"].removeprefix(root)
    text = (
        _templates()
        .get_template(template)
        .render(
            root=root,
            here=here,
            viewer=viewer,
            token=lambda path: token_for(viewer, path),
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


def _who(viewer: Viewer) -> str:
    """As what an account looks: 县专班, a township, a department."""
    departments = load_catalogue().departments
    known = departments.get(viewer.place) if viewer.role == "department" else None
    return known.title if known else viewer.title


def _nav(viewer: Viewer | None) -> list[tuple[str, str]]:
    """What the menu of a viewer offers: title and path."""
    from poverty_watch.board.pages import MENU

    if viewer is None:
        return []
    return [(entry.title, entry.path) for entry in MENU if viewer.role in entry.roles]
