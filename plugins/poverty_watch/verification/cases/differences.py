"""Compare what was decided here with the next snapshot of the national register."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from poverty_watch.ledger.journal import record
from poverty_watch.ledger.models import Case, CaseDifference
from poverty_watch.ledger.screenings import current_screening
from poverty_watch.ledger.store import Ledger
from poverty_watch.months import Month
from poverty_watch.settings import Settings
from poverty_watch.verification.cases.errors import CaseError
from poverty_watch.verification.cases.opening import ELIMINATION
from poverty_watch.verification.cases.registers import computed, serving_month

_COLUMNS = [
    "household_id",
    "monitored_class",
    "identified_month",
    "is_eliminated",
    "eliminated_month",
    "elimination_mode",
    *(f"risk_{number}" for number in range(1, 6)),
]
Told = dict[str, tuple[str | None, str | None]]


@dataclass(frozen=True)
class Comparison:
    """What a month's snapshot says of the cases approved here up to it."""

    month: Month
    compared: int
    agreed: int
    differences: int

    @property
    def summary(self) -> str:
        """One Chinese line for the log and the grid."""
        return (
            f"{self.month.chinese}名册与台账核对：核对案件{self.compared}件，"
            f"一致{self.agreed}件，不一致{self.compared - self.agreed}件"
            f"（{self.differences}处，已列出，未改动任何一方）。"
        )


def has_own_register(month: Month, ledger: Ledger) -> bool:
    """Whether the month was computed on a register snapshot of its own."""
    with ledger.transaction() as session:
        screening = current_screening(session, month)
        return screening is not None and serving_month(screening) == month


def compare_with_register(month: Month, settings: Settings, ledger: Ledger) -> Comparison:
    """List where the month's own snapshot differs from the cases; repeated, it changes nothing.

    A case that the snapshot agrees with is settled: later changes of the register are the
    register's. Of a household's approved cases the newest is compared.

    Raises:
        CaseError: the month was not computed, or has no snapshot of its own.
    """
    with ledger.transaction() as session:
        screening = current_screening(session, month)
        if screening is None or serving_month(screening) != month:
            raise CaseError([f"{month.chinese}没有当月的名册，不能与台账核对。"])
        cases = _cases(session, month)
        stock = _stock(session, settings, month, cases)
        found = {case.id: _told(case, stock.get(case.id)) for case in cases}
        settled = {case_id for case_id, told in found.items() if not told}
        changed = _write(session, month, cases, found)
        for case in cases:
            agreed = _agreed(case.agreed_in, month, is_settled=case.id in settled)
            if case.agreed_in != agreed:
                case.agreed_in, changed = agreed, True
        outcome = Comparison(month, len(cases), len(settled), sum(map(len, found.values())))
        if changed:
            record(
                session,
                "名册与台账核对",
                str(month),
                month=month,
                compared=outcome.compared,
                agreed=outcome.agreed,
                differences=outcome.differences,
            )
    return outcome


def _agreed(before: str | None, month: Month, *, is_settled: bool) -> str | None:
    """The first month that agrees; a month run again takes back its own word, not a later one's."""
    if is_settled:
        return str(month)
    return None if before == str(month) else before


def _cases(session: Session, month: Month) -> list[Case]:
    """The newest approved case of each household that no earlier snapshot has agreed with."""
    rows = session.scalars(
        select(Case)
        .where(
            Case.approved_on <= month.last_day,
            or_(Case.agreed_in.is_(None), Case.agreed_in >= str(month)),
        )
        .order_by(Case.approved_on, Case.id)
    )
    newest = {case.household_id: case for case in rows}
    return sorted(newest.values(), key=lambda case: case.id)


def _stock(
    session: Session, settings: Settings, month: Month, cases: Iterable[Case]
) -> dict[int, Mapping[str, Any]]:
    """Each case's row of the register; a household new there is found by its head."""
    ids = {case.id: case.household_id for case in cases}
    heads = {case.head_person_id for case in cases if case.head_person_id is not None}
    persons = computed(session, settings, month, "persons")
    now: dict[int, str] = {}
    if persons is not None and heads:
        wanted = pc.is_in(persons.column("person_id"), pa.array(sorted(heads), pa.int64()))
        rows = persons.select(["person_id", "household_id"]).filter(wanted).to_pylist()
        now = {row["person_id"]: row["household_id"] for row in rows}
    stock = computed(session, settings, month, "register_stock")
    table = {} if stock is None else {
        row["household_id"]: row for row in stock.select(_COLUMNS).to_pylist()
    }  # fmt: skip
    found = {}
    for case in cases:
        row = table.get(ids[case.id]) or table.get(now.get(case.head_person_id or 0, ""))
        if row is not None:
            found[case.id] = row
    return found


def _told(case: Case, row: Mapping[str, Any] | None) -> Told:
    """What differs: per field what stands here and what stands there."""
    if row is None:
        return {"是否在册": ("已审定", "名册中没有这一户")}
    if row["monitored_class"] is None:
        return {"是否在册": ("已审定", "在册，但不是监测对象")}
    approved = None if case.approved_on is None else _month(case.approved_on)
    if case.kind == ELIMINATION:
        if row["is_eliminated"] != "是":
            return {"风险是否已消除": ("是", "否")}
        pairs: Told = {
            "消除监测时间": (approved, _month(row["eliminated_month"])),
            "风险消除方式": (case.mode, row["elimination_mode"]),
        }
    else:
        risks = [row[f"risk_{number}"] for number in range(1, 6)]
        pairs = {
            "监测对象类别": (case.monitored_class, row["monitored_class"]),
            "致贫返贫风险": ("、".join(case.risks), "、".join(risk for risk in risks if risk)),
            "风险是否已消除": ("否", row["is_eliminated"] or "否"),
        }
        if case.kind != "relapse":
            pairs["识别监测时间"] = (approved, _month(row["identified_month"]))
    return {field: pair for field, pair in pairs.items() if pair[0] != pair[1]}


def _month(day: date | None) -> str | None:
    return None if day is None else str(Month.of(day))


def _write(
    session: Session, month: Month, cases: Iterable[Case], found: Mapping[int, Told]
) -> bool:
    """Put the differences of a month in place of those that stood; False if they are the same."""
    townships = {case.id: case.township for case in cases}
    wanted = {
        (case_id, field): pair for case_id, told in found.items() for field, pair in told.items()
    }
    standing = {
        (row.case_id, row.field): (row.here, row.in_register)
        for row in session.scalars(select(CaseDifference).where(CaseDifference.month == str(month)))
    }
    if wanted == standing:
        return False
    session.execute(delete(CaseDifference).where(CaseDifference.month == str(month)))
    session.expire_all()
    session.add_all(
        CaseDifference(
            month=str(month),
            case_id=case_id,
            field=field,
            township=townships[case_id],
            here=here,
            in_register=there,
        )
        for (case_id, field), (here, there) in wanted.items()
    )
    return True
