"""A comparison's findings of a month, a page at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from poverty_watch.board.data.households import hidden_names
from poverty_watch.board.data.pages import Found, limited
from poverty_watch.contracts import Catalogue
from poverty_watch.identity import mask_numbers
from poverty_watch.ledger.access import Viewer
from poverty_watch.ledger.findings import mended_in, open_after, opened_in
from poverty_watch.ledger.models import Finding
from poverty_watch.months import Month

STATES = {"open": "未整改", "new": "本月新发现", "mended": "本月已整改"}
_CONDITIONS = {"open": open_after, "new": opened_in, "mended": mended_in}
_COUNTY = "县专班"


@dataclass(frozen=True)
class FindingRow:
    """One finding: where, what, who deals with it and until when."""

    code: str
    household_id: str
    township: str
    village: str
    sentence: str
    owner: str
    since: str
    due_on: date | None
    is_late: bool


def findings_of(
    session: Session,
    viewer: Viewer,
    month: Month,
    comparison_id: str,
    state: str,
    township: str,
    page: int,
    today: date,
    catalogue: Catalogue,
) -> tuple[Found[FindingRow], Mapping[str, int]]:
    """A page of findings, and how many there are in each township.

    Args:
        session: the viewer's; nobody else's findings are in it.
        viewer: reads the names.
        month: as that month stood at its end.
        comparison_id: which comparison.
        state: a key of ``STATES``.
        township: of which township alone; empty for all.
        page: which page.
        today: the county's day; what is due before it is late.
        catalogue: names the departments.
    """
    wanted = (Finding.comparison_id == comparison_id, _CONDITIONS[state](month))
    counted = session.execute(
        select(Finding.township, func.count()).where(*wanted).group_by(Finding.township)
    )
    townships = {name: number for name, number in counted}
    chosen = (*wanted, Finding.township == township) if township else wanted
    # A text's place in the order of characters is the database's own affair; the id settles ties.
    order = (
        case((Finding.due_on.is_(None), 1), else_=0),
        Finding.due_on,
        Finding.township,
        Finding.village,
        Finding.id,
    )
    rows = session.scalars(limited(select(Finding).where(*chosen).order_by(*order), page))
    total = townships.get(township, 0) if township else sum(townships.values())
    found = [_row(finding, viewer, today, catalogue) for finding in rows]
    return Found(found, total, page, "条"), townships


def _row(finding: Finding, viewer: Viewer, today: date, catalogue: Catalogue) -> FindingRow:
    is_open = finding.closed_month is None and finding.settled_month is None
    return FindingRow(
        f"{finding.comparison_id}-{finding.id}",
        finding.household_id or "",
        finding.township,
        finding.village,
        mask_numbers(hidden_names(_sentence(finding.evidence), finding.evidence, viewer)),
        _owner(finding, catalogue),
        Month.parse(finding.opened_month).chinese,
        finding.due_on,
        bool(is_open and finding.due_on and finding.due_on < today),
    )


def _sentence(evidence: Mapping[str, Any]) -> str:
    return str(evidence.get("sentence", ""))


def _owner(finding: Finding, catalogue: Catalogue) -> str:
    if finding.owner_kind == "department":
        known = catalogue.departments.get(finding.owner)
        return known.title if known else finding.owner
    return finding.owner or _COUNTY
