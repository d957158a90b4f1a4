"""规则: what each rule and comparison says, on what basis, and what verification made of it."""

from __future__ import annotations

from collections.abc import Iterable

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response

from poverty_watch.board.access import SignedIn
from poverty_watch.board.data.yields import yields_of
from poverty_watch.board.menu import Entry
from poverty_watch.board.reading import reading
from poverty_watch.board.view import page
from poverty_watch.contracts import load_catalogue
from poverty_watch.ledger.handling import handling
from poverty_watch.screening.cards import card, check_named
from poverty_watch.screening.definitions import load_definitions
from poverty_watch.screening.parameters import load_parameters
from poverty_watch.screening.track_record import record_of

ENTRY = Entry("规则", "/rules")

router = APIRouter()


@router.get(ENTRY.path)
def rules(request: Request, viewer: SignedIn) -> Response:
    """All rules and comparisons."""
    definitions = load_definitions()
    with reading(viewer) as session:
        yields = yields_of(session)
    return page(
        request,
        "rules.html",
        title="规则",
        rules=definitions.rules,
        comparisons=definitions.comparisons,
        yields=yields,
        outcomes={name: one.title for name, one in handling().items()},
    )


@router.get(ENTRY.path + "/{check_id}")
def rule(request: Request, viewer: SignedIn, check_id: str) -> Response:
    """One card, with its record."""
    file = check_named(check_id, load_definitions())
    if file is None:
        raise HTTPException(404, "没有这条规则或比对。")
    with reading(viewer) as session:
        record = record_of(session, file.id)
    lines = list(card(file, load_parameters(), load_catalogue()))
    return page(
        request,
        "rule.html",
        title=f"{file.id} {file.header.title}",
        is_draft=file.header.state == "draft",
        entries=list(_entries(lines[1:])),
        record=record,
        is_rule=file.id.startswith("W"),
    )


def _entries(lines: Iterable[str]) -> list[tuple[str, str, list[str]]]:
    """A card's lines as (what, text, further lines below it)."""
    found: list[tuple[str, str, list[str]]] = []
    for line in lines:
        if line.startswith("  - ") and found:
            found[-1][2].append(line.removeprefix("  - "))
        elif line.startswith("- "):
            title, _, text = line.removeprefix("- ").partition("：")
            # The name by which files know a parameter says nothing to staff.
            found.append(("参数" if title.startswith("参数 ") else title, text, []))
    return found
