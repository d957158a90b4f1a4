"""Findings as they stood in a month: how many, and which. A past month's answer stays its own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlalchemy.orm import Session

from poverty_watch.ledger.journal import record
from poverty_watch.ledger.models import Finding
from poverty_watch.months import Month


@dataclass(frozen=True)
class FindingCounts:
    """One comparison in one township ("" where none is known): 新发现, 已整改, 未整改."""

    comparison_id: str
    outcome: str
    township: str
    opened: int
    mended: int
    open: int


class FindingError(ValueError):
    """A finding cannot be settled; the message is Chinese and says why."""


def opened_in(month: Month) -> ColumnElement[bool]:
    """Findings that the month was the first to show."""
    return Finding.opened_month == str(month)


def mended_in(month: Month) -> ColumnElement[bool]:
    """Findings that the month's deliveries removed, or that a person settled in it."""
    return or_(
        and_(Finding.closed_month == str(month), _not_settled_before(month)),
        and_(
            Finding.settled_month == str(month),
            or_(Finding.closed_month.is_(None), Finding.closed_month >= str(month)),
        ),
    )


def open_after(month: Month) -> ColumnElement[bool]:
    """Findings that were there at the end of the month and that nobody had settled."""
    return and_(
        Finding.opened_month <= str(month),
        or_(Finding.closed_month.is_(None), Finding.closed_month > str(month)),
        or_(Finding.settled_month.is_(None), Finding.settled_month > str(month)),
    )


def _not_settled_before(month: Month) -> ColumnElement[bool]:
    return or_(Finding.settled_month.is_(None), Finding.settled_month >= str(month))


def counts(session: Session, month: Month) -> list[FindingCounts]:
    """表三 of a month, by comparison and township; what has no line had nothing in the month."""
    columns = (Finding.comparison_id, Finding.outcome, Finding.township)
    conditions = {"opened": opened_in, "mended": mended_in, "open": open_after}
    rows = session.execute(
        select(
            *columns,
            *(
                func.sum(case((condition(month), 1), else_=0)).label(name)
                for name, condition in conditions.items()
            ),
        )
        .where(or_(*(condition(month) for condition in conditions.values())))
        .group_by(*columns)
    )
    # Databases differ in how they sort Chinese names.
    return sorted(
        (FindingCounts(**row) for row in rows.mappings()),
        key=lambda line: (line.comparison_id, line.outcome, line.township),
    )


def findings_open(session: Session, month: Month) -> list[Finding]:
    """What was open after a month, by comparison, township, village and subject."""
    return sorted(
        session.scalars(select(Finding).where(open_after(month))),
        key=lambda f: (f.comparison_id, f.township, f.village, f.dataset, f.subject_id, f.id),
    )


def numbers_of(codes: Iterable[str]) -> list[int]:
    """The numbers in the codes of findings, C09-12 or 12.

    Raises:
        FindingError: something is no such code.
    """
    numbers = []
    for code in codes:
        number = code.rpartition("-")[2]
        if not number.isdecimal():
            raise FindingError(f"“{code}”不是比对问题的编号，请写成清单里的样子，如 C09-12。")
        numbers.append(int(number))
    return numbers


def settle(
    session: Session, ids: Sequence[int], because: str, by: str, month: Month
) -> list[Finding]:
    """Write down that findings were explained, reviewed or are no mistakes, in a month.

    Raises:
        FindingError: one of them is not there or not open; none is written.
    """
    found = {f.id: f for f in session.scalars(select(Finding).where(Finding.id.in_(ids)))}
    for number in ids:
        finding = found.get(number)
        if finding is None:
            raise FindingError(f"没有编号为 {number} 的比对问题。")
        if finding.closed_month is not None or finding.settled_month is not None:
            raise FindingError(f"编号 {number} 的比对问题已经办结，不用再办。")
    for number in dict.fromkeys(ids):
        finding = found[number]
        finding.settled_month = max(str(month), finding.opened_month)
        finding.settled_by, finding.settled_because = by, because
        record(
            session,
            "办结比对问题",
            f"{finding.comparison_id} {number}",
            month=month,
            actor=by,
            reason=because,
        )
    return [found[number] for number in dict.fromkeys(ids)]
