"""Whether a household's risk is gone: criterion by criterion, by ``sql/verification/``."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from poverty_watch.engine import DuckEngine
from poverty_watch.ledger.models import Case, HitFate, Lead, Screening, Task
from poverty_watch.ledger.screenings import current_screening
from poverty_watch.months import Month
from poverty_watch.settings import SQL, Settings
from poverty_watch.verification.cases.errors import CaseError
from poverty_watch.verification.cases.households import newest_month
from poverty_watch.verification.cases.opening import ELIMINATION
from poverty_watch.verification.cases.registers import (
    MONITORING,
    computed,
    register_rows,
    serving_month,
)

FILE = SQL / "verification" / "elimination_criteria.sql"
MONTHS = 6
_LINE = "income_line"
_SETTLED = ("b", "c")
VERDICT_TITLES = {"met": "符合", "unmet": "不符合", "unknown": "不能判断"}


@dataclass(frozen=True)
class Criterion:
    """One condition of one household; only ``met`` passes."""

    title: str
    verdict: Literal["met", "unmet", "unknown"]
    detail: str

    @property
    def sentence(self) -> str:
        """As staff read it."""
        return f"{self.title}{VERDICT_TITLES[self.verdict]}（{self.detail}）。"


def criteria(
    session: Session, settings: Settings, households: Collection[str], decided: Month
) -> dict[str, list[Criterion]]:
    """Judge households as of the newest computed month, for a decision taken in a month.

    Raises:
        CaseError: no month was computed yet.
    """
    newest = newest_month(session)
    screening = current_screening(session, newest) if newest else None
    if newest is None or screening is None:
        raise CaseError(["还没有运行过数据比对，不能判断风险是否消除。"])
    wanted = sorted(households)
    with DuckEngine.opened(threads=1) as engine:
        for name, table in _relations(session, settings, newest, screening, wanted).items():
            engine.attach(name, table)
        rows = engine.run(
            FILE.read_text(encoding="utf-8"),
            {"decided_month": decided.first_day, "newest_month": newest.first_day},
            name=FILE.name,
        ).to_pylist()
    found: dict[str, list[Criterion]] = {household: [] for household in wanted}
    for row in rows:
        found[row["household_id"]].append(
            Criterion(row["criterion"][3:], row["verdict"], row["detail"])
        )
    return found


def not_met(found: Iterable[Criterion]) -> list[str]:
    """A sentence for every criterion that does not pass."""
    return [one.sentence for one in found if one.verdict != "met"]


def _relations(
    session: Session, settings: Settings, newest: Month, screening: Screening, wanted: list[str]
) -> dict[str, pa.Table]:
    months = list((newest - (MONTHS - 1)).through(newest))
    columns = ["household_id", "standing", "identified_month", "has_unsafe_house", "has_safe_water"]
    hits = computed(session, settings, newest, "hits")
    hit_columns = ["household_id", "rule_id"]
    return {
        "wanted": _table([{"household_id": h} for h in wanted], household_id=pa.string()),
        "households": _only(computed(session, settings, newest, "households"), columns, wanted),
        "approvals": _approvals(session, wanted),
        "months": _months(session, months),
        "incomes": _incomes(session, settings, months, wanted),
        "hits": _pairs([]) if hits is None else _only(hits, hit_columns, wanted),
        "settled": _pairs(_settled(session, newest, wanted)),
        "rules": _rules(screening),
        "open_leads": _table(
            [{"household_id": h} for h in _open(session, newest, wanted)], household_id=pa.string()
        ),
        "register_members": _members(session, settings, newest, wanted),
    }


def _table(rows: list[dict[str, Any]], **columns: pa.DataType) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=pa.schema(columns.items()))


def _pairs(rows: list[dict[str, Any]]) -> pa.Table:
    return _table(rows, household_id=pa.string(), rule_id=pa.string())


def _only(table: pa.Table | None, columns: list[str], wanted: list[str]) -> pa.Table:
    assert table is not None
    mask = pc.is_in(table.column("household_id"), pa.array(wanted, pa.string()))
    return table.select(columns).filter(mask)


def _approvals(session: Session, wanted: list[str]) -> pa.Table:
    """The newest approval of each household; the register may not have it yet."""
    rows = session.execute(
        select(Case.household_id, func.max(Case.approved_on).label("day"))
        .where(
            Case.household_id.in_(wanted),
            Case.kind != ELIMINATION,
            Case.approved_on.is_not(None),
        )
        .group_by(Case.household_id)
    )
    found = [
        {"household_id": row.household_id, "approved_month": row.day.replace(day=1)} for row in rows
    ]
    return _table(found, household_id=pa.string(), approved_month=pa.date32())


def _months(session: Session, months: list[Month]) -> pa.Table:
    rows = []
    for month in months:
        screening = current_screening(session, month)
        rows.append(
            {
                "month": str(month),
                "line": _line(screening) if screening else None,
                "has_register": screening is not None and serving_month(screening) == month,
            }
        )
    return _table(rows, month=pa.string(), line=pa.decimal128(18, 4), has_register=pa.bool_())


def _line(screening: Screening) -> Decimal | None:
    """The income line that the month's rules counted with."""
    for check in screening.checks:
        for parameter in check.get("parameters") or ():
            if parameter.get("name") == _LINE:
                text = str(parameter["value"]).removesuffix(str(parameter.get("unit") or ""))
                try:
                    return Decimal(text)
                except InvalidOperation:
                    return None
    return None


def _incomes(
    session: Session, settings: Settings, months: list[Month], wanted: list[str]
) -> pa.Table:
    rows: list[dict[str, Any]] = []
    for month in months:
        households = computed(session, settings, month, "households")
        if households is not None:
            found = _only(households, ["household_id", "income_per_head"], wanted)
            rows += [{"month": str(month), **row} for row in found.to_pylist()]
    return _table(
        rows, month=pa.string(), household_id=pa.string(), income_per_head=pa.decimal128(18, 4)
    )


def _rules(screening: Screening) -> pa.Table:
    rows = [
        {
            "rule_id": str(check.get("id")),
            "title": str(check.get("title") or ""),
            "has_run": check.get("status") == "ran" and not check.get("lacks"),
        }
        for check in screening.checks
    ]
    return _table(rows, rule_id=pa.string(), title=pa.string(), has_run=pa.bool_())


def _settled(session: Session, month: Month, wanted: list[str]) -> list[dict[str, Any]]:
    rows = session.execute(
        select(HitFate.household_id, HitFate.rule_id).where(
            HitFate.month == str(month),
            HitFate.suppressed.in_(_SETTLED),
            HitFate.household_id.in_(wanted),
        )
    )
    return [{"household_id": row.household_id, "rule_id": row.rule_id} for row in rows]


def _open(session: Session, month: Month, wanted: list[str]) -> set[str]:
    tasks = session.scalars(
        select(Task.household_id).where(Task.status == "open", Task.household_id.in_(wanted))
    )
    answered = select(Task.household_id).where(Task.month == str(month))
    leads = session.scalars(
        select(Lead.household_id).where(
            Lead.month == str(month),
            Lead.status == "raised",
            Lead.household_id.in_(wanted),
            Lead.household_id.not_in(answered),
        )
    )
    return {*tasks, *leads}


def _members(session: Session, settings: Settings, month: Month, wanted: list[str]) -> pa.Table:
    rows = register_rows(session, settings, month, MONITORING, wanted)
    persons = computed(session, settings, month, "persons")
    empty = _table([], household_id=pa.string(), labour=pa.string())
    if rows is None or persons is None:
        return empty
    dead = persons.filter(pc.is_valid(persons.column("died_on"))).column("person_id")
    living = rows.filter(pc.invert(pc.is_in(rows.column("person_id"), dead.combine_chunks())))
    return living.select(["household_id", "labour"])
