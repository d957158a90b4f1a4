"""The arithmetic that must hold before a report may be written: catalogue §5."""

from __future__ import annotations

from collections.abc import Iterator

from poverty_watch.report.errors import IdentityError
from poverty_watch.report.stocks import NOTHING, TOTAL, Count, Stocks

OPENING, CLOSING = "期初未消除", "期末未消除"
NEW, ELIMINATED = "本月新增", "本月消除"
NATURAL = "自然变动"
EVER, EVER_ELIMINATED = "累计识别", "累计消除"
GAINS = (NEW, "回退", "转入", "更正补录")
LOSSES = (ELIMINATED, "整户减少", "转出")
SIGNED = ("更正补录", NATURAL)


def check(stocks: Stocks) -> None:
    """Check every identity over every cell.

    Raises:
        IdentityError: at least one is broken; the message names each cell with its figures.
    """
    broken = [
        *_balance(stocks),
        *_sums_of_townships(stocks),
        *_details(stocks),
        *_sizes(stocks),
    ]
    if broken:
        shown = "\n".join(f"- {line}" for line in broken[:40])
        more = f"\n（另有 {len(broken) - 40} 处）" if len(broken) > 40 else ""
        raise IdentityError(
            f"表一勾稽关系不符，报表没有生成。请把下列单元格告知系统管理员：\n{shown}{more}"
        )


def _keys(stocks: Stocks) -> Iterator[tuple[str, str | None, str]]:
    for place in stocks.places:
        for name in (*stocks.classes, None):
            label = name or "各类合计"
            yield place, name, f"{place or '（乡镇未填）'}·{label}"


def _parts(count: Count) -> tuple[tuple[str, int], tuple[str, int]]:
    return ("户", count.households), ("人", count.persons)


def _balance(stocks: Stocks) -> Iterator[str]:
    for place, name, label in _keys(stocks):
        reached = stocks.cell(place, name, OPENING)
        for item in (*GAINS, NATURAL):
            reached += stocks.cell(place, name, item)
        for item in LOSSES:
            lost = stocks.cell(place, name, item)
            reached += Count(-lost.households, -lost.persons)
        closing = stocks.cell(place, name, CLOSING)
        for (unit, computed), (_, shown) in zip(_parts(reached), _parts(closing), strict=True):
            if computed != shown:
                yield f"{label}（{unit}）：期初加减本月变动得 {computed}，期末未消除是 {shown}"
        ever = stocks.cell(place, name, EVER)
        gone = stocks.cell(place, name, EVER_ELIMINATED)
        left = Count(ever.households - gone.households, ever.persons - gone.persons)
        for (unit, computed), (_, shown) in zip(_parts(left), _parts(closing), strict=True):
            if computed != shown:
                yield f"{label}（{unit}）：累计识别减累计消除得 {computed}，期末未消除是 {shown}"


def _sums_of_townships(stocks: Stocks) -> Iterator[str]:
    for name in stocks.classes:
        for item in stocks.items:
            total = sum((stocks.cells[t, name, item] for t in stocks.townships), NOTHING)
            shown = stocks.cells[TOTAL, name, item]
            for (unit, computed), (_, stands) in zip(_parts(total), _parts(shown), strict=True):
                if computed != stands:
                    yield f"{name}·{item}（{unit}）：各乡镇相加得 {computed}，合计是 {stands}"


def _details(stocks: Stocks) -> Iterator[str]:
    for which, item, word in (
        (stocks.by_risk, NEW, "按主要风险"),
        (stocks.by_mode, ELIMINATED, "按消除方式"),
    ):
        for place, name, label in _keys(stocks):
            total = sum(stocks.detail(which, place, name).values(), NOTHING)
            shown = stocks.cell(place, name, item)
            for (unit, computed), (_, stands) in zip(_parts(total), _parts(shown), strict=True):
                if computed != stands:
                    yield f"{label}·{item}（{unit}）：{word}相加得 {computed}，{item}是 {stands}"


def _sizes(stocks: Stocks) -> Iterator[str]:
    for place, name, label in _keys(stocks):
        for item in stocks.items:
            count = stocks.cell(place, name, item)
            if item in SIGNED:
                continue
            if count.persons < count.households:
                yield f"{label}·{item}：{count.persons} 人少于 {count.households} 户"
            if count.households < 0:
                yield f"{label}·{item}：{count.households} 户，不应为负"
        if stocks.cell(place, name, NATURAL).households:
            yield f"{label}·{NATURAL}：自然变动只计人，不应有户数"
