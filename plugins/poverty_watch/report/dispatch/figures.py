"""The bulletin's figures: those of two months' reports, as these were kept, and what is overdue."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa
from sqlalchemy import select
from sqlalchemy.orm import Session

from poverty_watch.contracts import Catalogue
from poverty_watch.ledger.deliveries import IN_FORCE, STATUS_TITLES
from poverty_watch.ledger.models import Task
from poverty_watch.months import Month
from poverty_watch.report import queries
from poverty_watch.report.archive import Archive, Archived
from poverty_watch.report.content import ALL_CLASSES
from poverty_watch.report.errors import ReportError
from poverty_watch.report.finding_table import COUNTY
from poverty_watch.report.library import VersionCard, standing
from poverty_watch.report.stocks import TOTAL, as_list
from poverty_watch.settings import Settings


@dataclass(frozen=True)
class TownshipLine:
    """A township over the two months, or 合计. Stocks, ``late_helped`` and ``findings`` as of the end.

    None is what nobody knows.
    """

    township: str
    is_total: bool
    leads: int
    verified: int
    in_time: int
    overdue: int
    new_households: int | None
    eliminated_households: int | None
    closing_households: int | None
    newly_helped: int | None
    late_helped: int | None
    findings: int

    @property
    def in_time_rate(self) -> float | None:
        """Answered by the due day, of all leads; None without leads."""
        return self.in_time / self.leads if self.leads else None


@dataclass(frozen=True)
class DepartmentLine:
    """A department over the two months, or 合计. Rows are None where nothing was in force."""

    department: str
    is_total: bool
    owed: int
    on_time: int
    late: int
    in_doubt: int
    not_in_force: int
    rows_sent: int | None
    rows_returned: int | None
    leads: int
    verified: int
    confirmed: int

    @property
    def on_time_rate(self) -> float | None:
        """Datasets in time, of those of which it is known; None where there are none."""
        known = self.owed - self.in_doubt
        return self.on_time / known if known else None

    @property
    def returned_rate(self) -> float | None:
        """Rows sent back, of all rows."""
        return (self.rows_returned or 0) / self.rows_sent if self.rows_sent else None

    @property
    def confirmed_rate(self) -> float | None:
        """Found real, of the verified."""
        return self.confirmed / self.verified if self.verified else None


@dataclass(frozen=True)
class NotDelivered:
    """A dataset of which a month has nothing in force, or that came late; ``days`` None: nothing."""

    month: Month
    department: str
    title: str
    state: str
    days: int | None


@dataclass(frozen=True)
class Overdue:
    """A task that is not answered: where, whose (by code), for how long."""

    number: int
    township: str
    village: str
    household: str
    days: int


@dataclass(frozen=True)
class Figures:
    """All that the bulletin tells. ``versions``: the two months' reports that it rests on."""

    months: tuple[Month, Month]
    as_of: date
    versions: tuple[VersionCard, VersionCard]
    townships: tuple[TownshipLine, ...]
    departments: tuple[DepartmentLine, ...]
    deliveries: tuple[NotDelivered, ...]
    overdue: tuple[Overdue, ...]


def figures(
    session: Session,
    settings: Settings,
    months: tuple[Month, Month],
    as_of: date,
    catalogue: Catalogue,
) -> Figures:
    """The figures of two months, from the report version of each that counts.

    Raises:
        ReportError: a month has no report, or its version was not kept.
    """
    cards, kept = [], []
    problems = []
    for month in months:
        card = standing(session, settings, month)
        found = Archive(settings.lake).find(month, card.number) if card else None
        if card is None:
            problems.append(f"{month.chinese}还没有月报，请先运行这个月。")
        elif found is None:
            problems.append(f"{card.title}的数字没有留存，请重新生成这个月的月报。")
        else:
            cards.append(card)
            kept.append((month, found))
    if problems:
        raise ReportError("做不出双月调度通报：" + "".join(problems))
    overdue = _overdue(session, months, as_of)
    with queries.opened() as query:
        townships = query(
            "bulletin/townships",
            {
                **_township_relations(kept),
                "tasks": _tasks(session, months, as_of),
                "townships": as_list(_townships(kept)),
            },
            {"last_month": str(months[1])},
        )
        departments = query("bulletin/departments", _department_relations(kept, catalogue))
    return Figures(
        months,
        as_of,
        (cards[0], cards[1]),
        tuple(TownshipLine(**_plain(row)) for row in townships.to_pylist()),
        tuple(DepartmentLine(**_plain(row)) for row in departments.to_pylist()),
        tuple(_not_delivered(kept)),
        tuple(overdue),
    )


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """DuckDB sums whole numbers to decimals."""
    return {
        name: value if isinstance(value, (str, bool)) or value is None else int(value)
        for name, value in row.items()
    }


def _known(value: Any) -> int | None:
    """A number, or None for every word that stands where no number is."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


_Kept = Sequence[tuple[Month, Archived]]


def _townships(kept: _Kept) -> list[str]:
    names = (
        row["乡镇"]
        for _, report in kept
        for row in report.tables["存量增减"]
        if row["乡镇"] != TOTAL
    )
    return list(dict.fromkeys(names))


def _township_relations(kept: _Kept) -> dict[str, pa.Table]:
    stock, helped, led, found = [], [], [], []
    for month, report in kept:
        tables = report.tables
        stock += [
            {
                "month": str(month),
                "township": row["乡镇"],
                "new_households": _known(row["本月新增户"]),
                "eliminated_households": _known(row["本月消除户"]),
                "closing_households": _known(row["期末未消除户"]),
            }
            for row in tables["存量增减"]
            if row["类别"] == ALL_CLASSES
        ]
        helped += [
            {
                "month": str(month),
                "township": row["乡镇"],
                "newly": _known(row["本月新落实户"]),
                "late": _known(row["超期未落实户"]),
            }
            for row in tables["帮扶"]
        ]
        led.append(
            report.behind["leads"]
            .select(["township", "household_id", "item"])
            .append_column("month", pa.repeat(str(month), report.behind["leads"].num_rows))
        )
        found += [
            {"month": str(month), "township": row["乡镇"], "open": _known(row["未整改"]) or 0}
            for row in tables["比对问题"]
            if row["乡镇"] != COUNTY
        ]
    return {
        "stock": _table(
            stock,
            month=pa.string(),
            township=pa.string(),
            new_households=pa.int64(),
            eliminated_households=pa.int64(),
            closing_households=pa.int64(),
        ),
        "helped": _table(
            helped, month=pa.string(), township=pa.string(), newly=pa.int64(), late=pa.int64()
        ),
        "led": pa.concat_tables(led).select(["month", "township", "household_id", "item"]),
        "findings": _table(found, month=pa.string(), township=pa.string(), open=pa.int64()),
    }


def _department_relations(kept: _Kept, catalogue: Catalogue) -> dict[str, pa.Table]:
    owners = {
        dataset: department.title
        for department in catalogue.departments.values()
        for dataset in department.contracts
    }
    delivered, yields = [], []
    for month, report in kept:
        delivered += [
            {
                "month": str(month),
                "department": row["部门"],
                "dataset": row["数据"],
                "is_in_force": _is_in_force(row),
                "days_late": _known(row["迟报天数"]),
                "rows": _known(row["行数"]),
                "returned": _known(row["退回行"]),
            }
            for row in report.tables["部门报送"]
        ]
        yields += [
            {
                "month": str(month),
                "department": owners[row["dataset"]],
                "household_id": row["household_id"],
                "is_verified": bool(row["is_verified"]),
                "is_confirmed": bool(row["is_confirmed"]),
            }
            for row in report.behind["yields"].to_pylist()
            if row["dataset"] in owners
        ]
    names = dict.fromkeys(row["department"] for row in delivered)
    return {
        "delivered": _table(
            delivered,
            month=pa.string(),
            department=pa.string(),
            dataset=pa.string(),
            is_in_force=pa.bool_(),
            days_late=pa.int64(),
            rows=pa.int64(),
            returned=pa.int64(),
        ),
        "yields": _table(
            yields,
            month=pa.string(),
            department=pa.string(),
            household_id=pa.string(),
            is_verified=pa.bool_(),
            is_confirmed=pa.bool_(),
        ),
        "departments": as_list(names),
    }


def _is_in_force(row: Mapping[str, Any]) -> bool:
    return row["状态"] in {STATUS_TITLES[status] for status in IN_FORCE}


def _not_delivered(kept: _Kept) -> Iterable[NotDelivered]:
    for month, report in kept:
        for row in report.tables["部门报送"]:
            late = _known(row["迟报天数"])
            if not _is_in_force(row):
                yield NotDelivered(month, row["部门"], row["数据"], row["状态"], None)
            elif late:
                yield NotDelivered(month, row["部门"], row["数据"], row["状态"], late)


def _open_tasks(session: Session, months: Sequence[Month]) -> list[Task]:
    return list(
        session.scalars(
            select(Task)
            .where(Task.month.in_([str(month) for month in months]), Task.status == "open")
            .order_by(Task.due_on, Task.id)
        )
    )


def _tasks(session: Session, months: Sequence[Month], as_of: date) -> pa.Table:
    rows = [
        {"township": task.township, "is_overdue": task.due_on < as_of}
        for task in _open_tasks(session, months)
    ]
    return _table(rows, township=pa.string(), is_overdue=pa.bool_())


def _overdue(session: Session, months: Sequence[Month], as_of: date) -> list[Overdue]:
    return [
        Overdue(
            task.id,
            task.township,
            task.village,
            task.household_id.partition(":")[2],
            (as_of - task.due_on).days,
        )
        for task in _open_tasks(session, months)
        if task.due_on < as_of
    ]


def _table(rows: list[dict[str, Any]], /, **schema: pa.DataType) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=pa.schema(list(schema.items())))
