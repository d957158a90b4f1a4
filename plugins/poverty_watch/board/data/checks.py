"""What rules and comparisons found over the months, counted per check."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from poverty_watch.contracts import Catalogue
from poverty_watch.ledger.access import Viewer
from poverty_watch.ledger.findings import FindingCounts, counts
from poverty_watch.ledger.models import Finding, HitFate, Lead, Screening
from poverty_watch.months import Month

_PREVIOUS = "_previous"


@dataclass(frozen=True)
class Cell:
    """A check's month: how many it found; None where it did not run.

    ``lacks``: what it had to do without, in Chinese; then a number is not the whole.
    """

    month: Month
    count: int | None
    lacks: tuple[str, ...] = ()


@dataclass(frozen=True)
class CheckLine:
    """A rule or comparison with a cell per month."""

    check_id: str
    title: str
    cells: tuple[Cell, ...]

    @property
    def values(self) -> list[float | None]:
        """The counts alone, for a picture."""
        return [None if cell.count is None else float(cell.count) for cell in self.cells]


def warnings_over(
    session: Session, viewer: Viewer, months: Sequence[Month], catalogue: Catalogue
) -> list[CheckLine]:
    """Warning rules: households hit per month, those of a township for a township.

    Args:
        session: the viewer's.
        viewer: who asks.
        months: the columns; of one that was not computed there is no number.
        catalogue: names the datasets that were lacking.
    """
    return _lines(session, "W", months, catalogue, _own_hits(session, viewer, months))


def comparisons_over(
    session: Session, viewer: Viewer, months: Sequence[Month], catalogue: Catalogue
) -> list[CheckLine]:
    """Comparisons: findings per month that opened it, those of the viewer alone for a bound one."""
    return _lines(session, "C", months, catalogue, _own_findings(session, viewer, months))


def leads_over(session: Session, months: Sequence[Month]) -> list[int]:
    """The viewer's leads per month."""
    rows = session.execute(
        select(Lead.month, func.count())
        .where(Lead.month.in_([str(month) for month in months]), Lead.status == "raised")
        .group_by(Lead.month)
    )
    found = {month: number for month, number in rows}
    return [found.get(str(month), 0) for month in months]


def findings_of_month(session: Session, month: Month) -> dict[str, FindingCounts]:
    """新发现, 已整改, 未整改 per comparison, of the viewer's findings."""
    found: dict[str, FindingCounts] = {}
    for line in counts(session, month):
        known = found.get(line.comparison_id)
        found[line.comparison_id] = FindingCounts(
            line.comparison_id,
            line.outcome,
            "",
            line.opened + (known.opened if known else 0),
            line.mended + (known.mended if known else 0),
            line.open + (known.open if known else 0),
        )
    return found


_Counts = dict[tuple[str, str], int]


def _own_hits(session: Session, viewer: Viewer, months: Sequence[Month]) -> _Counts | None:
    """By month and rule; None for one who sees all, whose numbers the computation has at hand."""
    if viewer.role in ("county", "viewer", "system"):
        return None
    rows = session.execute(
        select(HitFate.month, HitFate.rule_id, func.count())
        .select_from(Lead)
        .join(
            HitFate,
            (HitFate.month == Lead.month) & (HitFate.household_id == Lead.household_id),
        )
        .where(Lead.month.in_([str(month) for month in months]), HitFate.suppressed.is_(None))
        .group_by(HitFate.month, HitFate.rule_id)
    )
    return {(month, rule): number for month, rule, number in rows}


def _own_findings(session: Session, viewer: Viewer, months: Sequence[Month]) -> _Counts | None:
    if viewer.role in ("county", "viewer", "system"):
        return None
    rows = session.execute(
        select(Finding.opened_month, Finding.comparison_id, func.count())
        .where(Finding.opened_month.in_([str(month) for month in months]))
        .group_by(Finding.opened_month, Finding.comparison_id)
    )
    return {(month, comparison): number for month, comparison, number in rows}


def _lines(
    session: Session,
    letter: str,
    months: Sequence[Month],
    catalogue: Catalogue,
    own: _Counts | None,
) -> list[CheckLine]:
    checks = checks_in_force(session, months)
    titles: dict[str, str] = {}
    for month in months:
        titles |= {
            check_id: check["title"]
            for check_id, check in checks.get(str(month), {}).items()
            if check_id.startswith(letter)
        }
    return [
        CheckLine(
            check_id,
            titles[check_id],
            tuple(
                _cell(month, checks.get(str(month), {}).get(check_id), catalogue, own)
                for month in months
            ),
        )
        for check_id in sorted(titles)
    ]


def _cell(
    month: Month, check: dict[str, Any] | None, catalogue: Catalogue, own: _Counts | None
) -> Cell:
    if check is None:
        return Cell(month, None)
    lacks = tuple(dataset_title(str(name), catalogue) for name in check.get("lacks") or ())
    if check["status"] != "ran":
        return Cell(month, None, lacks)
    count = int(check["hits"] or 0) if own is None else own.get((str(month), check["id"]), 0)
    return Cell(month, count, lacks)


def dataset_title(name: str, catalogue: Catalogue) -> str:
    """A dataset that a check lacks, as staff call it."""
    dataset = name.removesuffix(_PREVIOUS)
    if dataset not in catalogue.contracts:
        return name
    month = "上月的" if name.endswith(_PREVIOUS) else ""
    department = catalogue.department_of(dataset).title
    return f"{department}{month}“{catalogue.contract(dataset).title}”"


def checks_in_force(session: Session, months: Sequence[Month]) -> dict[str, dict[str, Any]]:
    """By month and id what the computation in force says of each check."""
    rows = session.execute(
        select(Screening.month, Screening.checks)
        .where(Screening.month.in_([str(month) for month in months]))
        .order_by(Screening.confirmed_at, Screening.id)
    )
    # Of several computations of a month the one confirmed last stays.
    return {month: {check["id"]: check for check in checks} for month, checks in rows}


def rule_counts(lines: Sequence[CheckLine]) -> Counter[str]:
    """Of the last month: how many each check found."""
    return Counter({line.check_id: line.cells[-1].count or 0 for line in lines})
