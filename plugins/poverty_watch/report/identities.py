"""The arithmetic that must hold before a report may be written: catalogue §5."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from poverty_watch.report.errors import IdentityError
from poverty_watch.report.stocks import NOTHING, TOTAL, Count, Stocks
from poverty_watch.report.values import NO_TOWNSHIP, Row

OPENING, CLOSING = "期初未消除", "期末未消除"
NEW, ELIMINATED = "本月新增", "本月消除"
NATURAL = "自然变动"
EVER, EVER_ELIMINATED = "累计识别", "累计消除"
GAINS = (NEW, "回退", "转入", "更正补录")
LOSSES = (ELIMINATED, "整户减少", "转出")
SIGNED = ("更正补录", NATURAL)
ALL_CLASSES = "各类合计"
STOCKS, NEWLY, GONE, LEADS, HELP, DELIVERIES, FINDINGS = (
    "存量增减", "新增构成", "消除构成", "线索", "帮扶", "部门报送", "比对问题",
)  # fmt: skip
_SHOWN = 40


@dataclass(frozen=True)
class Broken:
    """One identity that does not hold: the cell, by table, row and field, and both figures.

    ``row`` are the fields that name the row: 乡镇 and 类别, or 部门 and 数据.
    """

    table: str
    row: Mapping[str, str]
    field: str
    text: str

    @property
    def label(self) -> str:
        """The cell in words."""
        return f"{'·'.join(self.row.values())}·{self.field}"


def check(
    stocks: Stocks,
    tables: Mapping[str, Sequence[Row]] | None = None,
    where: Callable[[Broken], str | None] | None = None,
) -> None:
    """Check every identity over every cell.

    Args:
        stocks: 表一 as counted.
        tables: all tables as they are to be shown; without them only ``stocks`` are checked.
        where: gives the address of a broken cell in the workbook.

    Raises:
        IdentityError: at least one is broken; the message names each cell with its figures.
    """
    broken = [*_balance(stocks), *_sums_of_townships(stocks), *_details(stocks), *_sizes(stocks)]
    if tables is not None:
        broken += [*_leads(tables[LEADS]), *_deliveries(tables[DELIVERIES])]
        for table in (LEADS, HELP, FINDINGS):
            broken += _sums_shown(table, tables[table])
    if broken:
        lines = [_line(one, where) for one in broken[:_SHOWN]]
        more = f"\n（另有 {len(broken) - _SHOWN} 处）" if len(broken) > _SHOWN else ""
        raise IdentityError(
            "报表勾稽关系不符，报表没有生成。请把下列单元格告知系统管理员：\n"
            + "\n".join(lines)
            + more
        )


def _line(broken: Broken, where: Callable[[Broken], str | None] | None) -> str:
    address = where(broken) if where else None
    return f"- {f'{address}　' if address else ''}{broken.label}：{broken.text}"


def _keys(stocks: Stocks) -> Iterator[tuple[str, str | None, dict[str, str]]]:
    for place in stocks.places:
        for name in (*stocks.classes, None):
            yield place, name, {"乡镇": place or NO_TOWNSHIP, "类别": name or ALL_CLASSES}


def _parts(count: Count) -> tuple[tuple[str, int], tuple[str, int]]:
    return ("户", count.households), ("人", count.persons)


def _balance(stocks: Stocks) -> Iterator[Broken]:
    for place, name, row in _keys(stocks):
        reached = stocks.cell(place, name, OPENING)
        for item in (*GAINS, NATURAL):
            reached += stocks.cell(place, name, item)
        for item in LOSSES:
            lost = stocks.cell(place, name, item)
            reached += Count(-lost.households, -lost.persons)
        closing = stocks.cell(place, name, CLOSING)
        for (unit, computed), (_, shown) in zip(_parts(reached), _parts(closing), strict=True):
            if computed != shown:
                text = f"期初加减本月变动得 {computed}，期末未消除是 {shown}"
                yield Broken(STOCKS, row, f"{CLOSING}{unit}", text)
        ever = stocks.cell(place, name, EVER)
        gone = stocks.cell(place, name, EVER_ELIMINATED)
        left = Count(ever.households - gone.households, ever.persons - gone.persons)
        for (unit, computed), (_, shown) in zip(_parts(left), _parts(closing), strict=True):
            if computed != shown:
                text = f"累计识别减累计消除得 {computed}，期末未消除是 {shown}"
                yield Broken(STOCKS, row, f"{CLOSING}{unit}", text)


def _sums_of_townships(stocks: Stocks) -> Iterator[Broken]:
    for name in stocks.classes:
        row = {"乡镇": TOTAL, "类别": name}
        for item in stocks.items:
            total = sum((stocks.cells[t, name, item] for t in stocks.townships), NOTHING)
            shown = stocks.cells[TOTAL, name, item]
            for (unit, computed), (_, stands) in zip(_parts(total), _parts(shown), strict=True):
                if computed != stands:
                    text = f"各乡镇相加得 {computed}，合计是 {stands}"
                    yield Broken(STOCKS, row, f"{item}{unit}", text)


def _details(stocks: Stocks) -> Iterator[Broken]:
    for table, which, item, word in (
        (NEWLY, stocks.by_risk, NEW, "按主要风险"),
        (GONE, stocks.by_mode, ELIMINATED, "按消除方式"),
    ):
        for place, name, row in _keys(stocks):
            total = sum(stocks.detail(which, place, name).values(), NOTHING)
            shown = stocks.cell(place, name, item)
            for (unit, computed), (_, stands) in zip(_parts(total), _parts(shown), strict=True):
                if computed != stands:
                    text = f"{word}相加得 {computed}，{item}是 {stands}"
                    yield Broken(table, row, f"{item}{unit}", text)


def _sizes(stocks: Stocks) -> Iterator[Broken]:
    for place, name, row in _keys(stocks):
        for item in stocks.items:
            count = stocks.cell(place, name, item)
            if item in SIGNED:
                continue
            if count.persons < count.households:
                text = f"{count.persons} 人少于 {count.households} 户"
                yield Broken(STOCKS, row, f"{item}人", text)
            if count.households < 0:
                yield Broken(STOCKS, row, f"{item}户", f"{count.households} 户，不应为负")
        if stocks.cell(place, name, NATURAL).households:
            yield Broken(STOCKS, row, f"{NATURAL}人", "自然变动只计人，不应有户数")


def _leads(rows: Iterable[Row]) -> Iterator[Broken]:
    for row in rows:
        for unit in ("户", "人"):
            for words, parts in (
                ("各来源", ("部门推送", "信访热线", "自主申报", "干部排查")),
                ("排除、转认定、在办", ("排除", "转认定", "在办")),
            ):
                found = [row[f"{part}{unit}"] for part in parts]
                total = row[f"线索合计{unit}"]
                # What is not known, or could not be judged, is no number to add up.
                if all(isinstance(n, int) for n in (*found, total)) and sum(found) != total:
                    text = f"{words}相加得 {sum(found)}，合计是 {total}"
                    yield Broken(LEADS, {"乡镇": row["乡镇"]}, f"线索合计{unit}", text)
        verified, total = row["已核实户"], row["线索合计户"]
        if isinstance(verified, int) and verified > total:
            text = f"已核实 {verified} 户多于线索 {total} 户"
            yield Broken(LEADS, {"乡镇": row["乡镇"]}, "已核实户", text)


def _deliveries(rows: Iterable[Row]) -> Iterator[Broken]:
    for row in rows:
        key = {"部门": row["部门"], "数据": row["数据"]}
        counted = row["行数"], row["接收行"], row["退回行"]
        if all(isinstance(n, int) for n in counted) and counted[0] != counted[1] + counted[2]:
            text = f"接收行 {counted[1]} 加退回行 {counted[2]} 不等于行数 {counted[0]}"
            yield Broken(DELIVERIES, key, "行数", text)
        led, real = row["已核实数"], row["核实属实数"]
        if isinstance(led, int) and isinstance(real, int) and real > led:
            yield Broken(DELIVERIES, key, "核实属实数", f"属实 {real} 户多于已核实 {led} 户")


def _sums_shown(table: str, rows: Sequence[Row]) -> Iterator[Broken]:
    """Whether 合计 is the sum of the townships, in every column of whole numbers."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(str(row.get("编号", "")), []).append(row)
    for number, group in groups.items():
        total = next((row for row in group if row["是否合计"]), None)
        if total is None:
            continue
        key = ({"编号": number} if number else {}) | {"乡镇": total["乡镇"]}
        for field, shown in total.items():
            parts = [row[field] for row in group if row is not total]
            if isinstance(shown, bool) or not all(isinstance(n, int) for n in (shown, *parts)):
                continue
            if sum(parts) != shown:
                yield Broken(table, key, field, f"各乡镇相加得 {sum(parts)}，合计是 {shown}")
