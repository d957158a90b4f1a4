"""The rows that a figure counts: from a cell's table, row and field to households."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from poverty_watch.report.help_table import LATE, NEWLY
from poverty_watch.report.identities import ALL_CLASSES, ELIMINATED, EVER, EVER_ELIMINATED, NEW
from poverty_watch.report.lead_table import IN_TIME, ITEMS
from poverty_watch.report.places import OTHERS
from poverty_watch.report.stocks import TOTAL
from poverty_watch.report.values import NO_TOWNSHIP, Row

_NOWHERE = ("（乡镇不明）", NO_TOWNSHIP)


@dataclass(frozen=True)
class Counted:
    """One household behind a figure; ``households`` and ``persons`` are what it adds to it."""

    household_id: str
    households: int
    persons: int | None
    note: str = ""


@dataclass(frozen=True)
class Figure:
    """A figure of the report: its table, the row's fields, its own field.

    ``columns`` are all fields that the table shows: ``风险户.*`` stands for what has no column.
    """

    table: str
    row: Row
    field: str
    columns: Iterable[str] = ()

    @property
    def group(self) -> str:
        """The field without 户 or 人 at its end, and without a member of an open group."""
        return self.field.split(".", 1)[0].removesuffix("户").removesuffix("人")

    @property
    def member(self) -> str | None:
        """Which one of an open group, if the field is one."""
        return self.field.split(".", 1)[1] if "." in self.field else None

    def others(self) -> list[str]:
        """The members of the field's open group that have columns of their own."""
        prefix = f"{self.field.split('.', 1)[0]}."
        return [c.removeprefix(prefix) for c in self.columns if c.startswith(prefix)]


def counted(figure: Figure, behind: Mapping[str, pa.Table]) -> list[Counted] | None:
    """The households that a figure counts; None where it counts none (a text, a delivery's rows)."""
    find = _FINDERS.get(figure.table)
    return None if find is None else find(figure, behind)


def _movements(figure: Figure, behind: Mapping[str, pa.Table]) -> list[Counted] | None:
    wanted = {
        "消除率": (EVER, EVER_ELIMINATED),
        "风险": (NEW,),
        "方式": (ELIMINATED,),
    }.get(figure.group, (figure.group,))
    rows = behind["movements"]
    rows = rows.filter(pc.is_in(rows.column("item"), value_set=pa.array(wanted)))
    if rows.num_rows == 0 and figure.group not in _items(behind["movements"]) | _DERIVED:
        return None
    rows = _of_place(rows, figure.row)
    monitored_class = figure.row.get("类别", ALL_CLASSES)
    if monitored_class != ALL_CLASSES:
        rows = rows.filter(pc.equal(rows.column("class"), monitored_class))
    if figure.member is not None:
        column = "main_risk" if figure.group == "风险" else "elimination_mode"
        rows = _of_member(rows, column, figure.member, figure.others())
    return [
        Counted(
            row["household_id"],
            row["households"],
            row["persons"],
            row["item"] if len(wanted) > 1 else row["note"],
        )
        for row in rows.to_pylist()
    ]


_DERIVED = {
    "消除率", "风险", "方式", "期初未消除", "本月新增", "回退", "转入", "转出", "本月消除",
    "整户减少", "更正补录", "自然变动", "期末未消除", "累计识别", "累计消除",
}  # fmt: skip


def _items(movements: pa.Table) -> set[str]:
    return set(movements.column("item").unique().to_pylist())


def _main_risk(figure: Figure, behind: Mapping[str, pa.Table]) -> list[Counted] | None:
    risk = figure.row["风险"]
    as_detail = Figure(
        figure.table, {"乡镇": TOTAL}, f"风险户.{'' if risk == '（未填）' else risk}"
    )
    return _movements(as_detail, behind)


def _leads(figure: Figure, behind: Mapping[str, pa.Table]) -> list[Counted] | None:
    titles = {ITEMS.get(figure.group, ""): ""}
    if figure.field == "按时核实率":
        titles = {IN_TIME: "期限内核实", ITEMS["线索合计"]: "线索"}
    if "" in titles:
        return None
    rows = behind["leads"]
    rows = rows.filter(pc.is_in(rows.column("item"), value_set=pa.array(list(titles))))
    return [
        Counted(row["household_id"], 1, row["persons"], titles[row["item"]])
        for row in _of_place(rows, figure.row).to_pylist()
    ]


def _help(figure: Figure, behind: Mapping[str, pa.Table]) -> list[Counted] | None:
    item = NEWLY if figure.group == "类" else figure.group
    if item not in (NEWLY, LATE):
        return None
    rows = behind["help"]
    rows = _of_place(rows.filter(pc.equal(rows.column("item"), item)), figure.row)
    if figure.member is not None:
        rows = _of_member(rows, "kind", figure.member, figure.others())
    kinds: dict[str, list[str]] = {}
    persons: dict[str, int | None] = {}
    for row in rows.to_pylist():
        kinds.setdefault(row["household_id"], []).append(row["kind"])
        persons[row["household_id"]] = row["persons"]
    return [Counted(one, 1, persons[one], "、".join(k for k in kinds[one] if k)) for one in kinds]


def _yields(figure: Figure, behind: Mapping[str, pa.Table]) -> list[Counted] | None:
    marks: dict[str, tuple[tuple[str | None, str], ...]] = {
        "线索数": ((None, ""),),
        "已核实数": (("is_verified", ""),),
        "核实属实数": (("is_confirmed", ""),),
        "命中率": (("is_confirmed", "属实"), ("is_verified", "已核实")),
    }
    if figure.field not in marks:
        return None
    rows = behind["yields"]
    rows = rows.filter(pc.equal(rows.column("dataset"), figure.row.get("数据编号", "")))
    return [
        Counted(household, 1, None, note)
        for mark, note in marks[figure.field]
        for household in (rows if mark is None else rows.filter(rows.column(mark)))
        .column("household_id")
        .to_pylist()
    ]


def _findings(figure: Figure, behind: Mapping[str, pa.Table]) -> list[Counted] | None:
    mark = {"新发现": "is_opened", "已整改": "is_mended", "未整改": "is_open"}.get(figure.field)
    if mark is None:
        return None
    rows = behind["findings"]
    rows = rows.filter(pc.equal(rows.column("comparison_id"), figure.row["编号"]))
    rows = _of_place(rows.filter(rows.column(mark)), figure.row)
    return [
        Counted(
            row["household_id"] or "",
            1,
            None,
            "、".join(x for x in (f"{row['comparison_id']}-{row['id']}", row["dataset"]) if x),
        )
        for row in rows.to_pylist()
    ]


def _itself(figure: Figure, behind: Mapping[str, pa.Table]) -> list[Counted] | None:
    return [
        Counted(f"R:{figure.row['户编号']}", int(figure.row.get("户") or 0), figure.row.get("人"))
    ]


def _of_place(rows: pa.Table, row: Row) -> pa.Table:
    place = row.get("乡镇", TOTAL)
    if place == TOTAL:
        return rows
    return rows.filter(pc.equal(rows.column("township"), "" if place in _NOWHERE else place))


def _of_member(rows: pa.Table, column: str, member: str, others: list[str]) -> pa.Table:
    values = pc.fill_null(rows.column(column), "")
    if member == OTHERS:
        return rows.filter(pc.invert(pc.is_in(values, value_set=pa.array(others, pa.string()))))
    return rows.filter(pc.equal(values, member))


_Finder = Callable[[Figure, Mapping[str, Any]], list[Counted] | None]
_FINDERS: dict[str, _Finder] = {
    "主要数据": _movements,
    "存量增减": _movements,
    "新增构成": _movements,
    "消除构成": _movements,
    "主要风险": _main_risk,
    "线索": _leads,
    "帮扶": _help,
    "部门报送": _yields,
    "比对问题": _findings,
    "名单": _itself,
    "更正补录": _itself,
}
