"""部门报送: departments by months, and for each dataset what came, what was sent back and why."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, Form, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from poverty_watch.board.access import only
from poverty_watch.board.data.delivery import answers_of, sent_of
from poverty_watch.board.data.duty_grid import departments_of, duty_grid
from poverty_watch.board.data.pages import PageNumber
from poverty_watch.board.data.returned_rows import returned_rows
from poverty_watch.board.forms import from_this_board
from poverty_watch.board.menu import Entry
from poverty_watch.board.reading import (
    ChosenMonth,
    chosen_month,
    months_shown,
    reading,
    standing_ledger,
)
from poverty_watch.board.sealed import handed_out
from poverty_watch.board.view import link, page
from poverty_watch.contracts import Department, load_catalogue
from poverty_watch.intake.acceptance import AcceptanceError, decide_stopped, stopped_waiting
from poverty_watch.intake.duty.register import register
from poverty_watch.ledger.access import Viewer
from poverty_watch.ledger.store import open_ledger
from poverty_watch.months import Month
from poverty_watch.settings import Settings, today

ENTRY = Entry("部门报送", "/deliveries", ("county", "department", "viewer"))
MONTHS_SHOWN = 12
_STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)

router = APIRouter()
_Reader = Annotated[Viewer, Depends(only(*ENTRY.roles))]
_Owner = Annotated[Viewer, Depends(only("county", "department"))]
_County = Annotated[Viewer, Depends(only("county"))]


@router.get(ENTRY.path)
def grid(request: Request, viewer: _Reader, month: ChosenMonth) -> Response:
    """Departments by months."""
    catalogue = load_catalogue()
    known, months = months_shown(month, MONTHS_SHOWN)
    with reading(viewer) as session:
        groups = duty_grid(session, viewer, months, catalogue)
    own = {department.id for department in departments_of(viewer, catalogue)}
    waiting = [
        (stopped, next(d for d in catalogue.departments.values() if d.title == stopped.department))
        for stopped in stopped_waiting(month, standing_ledger(), catalogue)
    ]
    return page(
        request,
        "deliveries.html",
        title="部门报送",
        month=month,
        months=months,
        known=known,
        groups=groups,
        waiting=[stopped for stopped, department in waiting if department.id in own],
    )


@router.get(ENTRY.path + "/{month_text}/{dataset}")
def delivery(
    request: Request, viewer: _Reader, month_text: str, dataset: str, page_number: PageNumber = 1
) -> Response:
    """One dataset's month."""
    month, department = _asked(viewer, month_text, dataset)
    contract = department.contracts[dataset]
    settings = Settings.from_environment()
    ledger = standing_ledger()
    with reading(viewer) as session:
        sent = sent_of(session, department, dataset, month, settings)
    lines = register(month, ledger, today(), department=department.id)
    judged = next((one for one in sent if one.returned_rows), None)
    answers = answers_of(department, contract.title, month, settings)
    return page(
        request,
        "delivery.html",
        title=f"{department.title} {contract.title}（{month.chinese}）",
        month=month,
        dataset=dataset,
        department=department,
        line=next(line for line in lines if line.dataset == dataset),
        sent=sent,
        returned=returned_rows(judged.folder, viewer, page_number) if judged else None,
        returned_of=judged,
        pages=answers.pages,
        workbooks=answers.workbooks if viewer.role != "viewer" else (),
        to_page=lambda number: link("deliveries", month, dataset, page=number),
    )


@router.get(ENTRY.path + "/{month_text}/{dataset}/results/{name}")
def results(viewer: _Reader, month_text: str, dataset: str, name: str) -> Response:
    """The page that says what each check of a sending found; masked, as intake wrote it."""
    month, department = _asked(viewer, month_text, dataset)
    contract = department.contracts[dataset]
    answers = answers_of(department, contract.title, month, Settings.from_environment())
    text = _named(answers.pages, name).read_text(encoding="utf-8")
    return HTMLResponse(text, headers={"Content-Security-Policy": _for_own_style(text)})


@router.post(ENTRY.path + "/{month_text}/{dataset}/files/{name}")
def take_file(
    viewer: _Owner,
    month_text: str,
    dataset: str,
    name: str,
    _checked: Annotated[None, Depends(from_this_board)],
    purpose: Annotated[str, Form()] = "",
) -> Response:
    """A receipt, marked copy or correction sheet; it may hold full numbers."""
    month, department = _asked(viewer, month_text, dataset)
    title = department.contracts[dataset].title
    answers = answers_of(department, title, month, Settings.from_environment())
    return handed_out(_named(answers.workbooks, name), viewer, purpose, month)


@router.post(ENTRY.path + "/{month_text}/{dataset}/accept")
def accept(
    request: Request,
    viewer: _County,
    month_text: str,
    dataset: str,
    _checked: Annotated[None, Depends(from_this_board)],
    number: Annotated[int, Form(alias="delivery")],
    reason: Annotated[str, Form()] = "",
) -> Response:
    """Accept a delivery that was stopped as a whole, with a reason."""
    month, _ = _asked(viewer, month_text, dataset)
    ledger = open_ledger(Settings.from_environment())
    try:
        decide_stopped(month, dataset, number, reason, viewer.name, ledger)
    except AcceptanceError as error:
        raise HTTPException(400, str(error)) from error
    root = request.scope.get("root_path", "")
    return RedirectResponse(root + link("deliveries", month, dataset), 303)


def _asked(viewer: Viewer, month_text: str, dataset: str) -> tuple[Month, Department]:
    """The month and the department of a dataset that this viewer may see.

    Raises:
        HTTPException: 404 for no such month or dataset, 403 for another department's.
    """
    month = chosen_month(month_text)
    catalogue = load_catalogue()
    if dataset not in catalogue.contracts:
        raise HTTPException(404, "没有这种数据。")
    department = catalogue.department_of(dataset)
    if department not in departments_of(viewer, catalogue):
        raise HTTPException(403, "这是别的部门的报送，不对您开放。")
    return month, department


def _named(paths: Iterable[Path], name: str) -> Path:
    found = next((path for path in paths if path.name == name), None)
    if found is None:
        raise HTTPException(404, "没有这个文件，可能已经重新生成。请回到上一页刷新后再试。")
    return found


def _for_own_style(text: str) -> str:
    """A policy that lets this page use the style sheet that it carries itself, and nothing else."""
    digests = (hashlib.sha256(style.encode()).digest() for style in _STYLE.findall(text))
    own = " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
    return f"default-src 'none'; style-src {own}; base-uri 'none'; frame-ancestors 'self'"
