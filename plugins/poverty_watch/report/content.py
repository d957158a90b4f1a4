"""Everything that the workbook shows, before it has a form: single values and tables of rows.

A value is a text, a number, `NOT_KNOWN` (printed —) or `NOT_APPLICABLE` (printed /). Field names are
Chinese because the county's template refers to them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from poverty_watch.contracts import Catalogue
from poverty_watch.months import Month
from poverty_watch.report import cover, identities
from poverty_watch.report.dataset_yields import Yields, dataset_yields
from poverty_watch.report.delivery_table import delivery_rows
from poverty_watch.report.facts import Facts
from poverty_watch.report.finding_table import finding_rows
from poverty_watch.report.ground import Ground, mentioned_people
from poverty_watch.report.help_table import help_figures, help_rows
from poverty_watch.report.lead_table import has_tasks, lead_figures, lead_rows
from poverty_watch.report.name_list import monitored_rows
from poverty_watch.report.stocks import TOTAL, Count, Stocks
from poverty_watch.report.values import NO_TOWNSHIP, NOT_APPLICABLE, Row, Value

ALL_CLASSES = "各类合计"


@dataclass(frozen=True)
class Content:
    """``singles`` by name; ``tables`` by name, each a list of rows (field → value).

    ``closing`` is 期末未消除 by township and class. ``differences`` says where 期初 is not the closing
    stock that was last reported. ``behind`` are the rows that the figures count, by name: movements,
    leads, yields, help, findings, people.
    """

    singles: dict[str, str]
    tables: dict[str, list[Row]]
    closing: dict[str, dict[str, list[int]]]
    differences: list[str] = field(default_factory=list)
    behind: Mapping[str, pa.Table] = field(default_factory=dict)

    def sha256(self) -> str:
        """A hash of all values that are shown."""
        text = json.dumps(
            [self.singles, self.tables, self.differences], ensure_ascii=False, sort_keys=True
        )
        return hashlib.sha256(text.encode()).hexdigest()


def compose(
    facts: Facts, stocks: Stocks, ground: Ground, catalogue: Catalogue, county: str
) -> Content:
    """All that the report of a month shows; whether its figures agree is for `identities`.

    Args:
        facts: what the ledger knows of the month.
        stocks: 表一.
        ground: what the lake says of households.
        catalogue: departments and datasets.
        county: its name.
    """
    month = facts.month
    differences = _differences(stocks, facts.closing, month)
    notes = cover.notes(facts, catalogue, ground.has_previous, len(stocks.corrections), differences)
    owner = catalogue.department_of("monitoring_register").title
    leads = lead_rows(facts, ground.people)
    helped = help_rows(facts, ground)
    yields = dataset_yields(facts)
    classes = _classes(stocks)
    tables: dict[str, list[Row]] = {
        "主要数据": [
            _stock_row(stocks, TOTAL, name) | {"是否合计": name is None} for name in classes
        ],
        "注意事项": [{"序号": n, "事项": text} for n, text in enumerate(notes, 1)],
        "未运行": cover.not_run_rows(facts, catalogue),
        "参数": cover.parameter_rows(facts),
        "主要风险": _main_risks(stocks),
        "存量增减": [_stock_row(stocks, place, n) for n in classes for place in stocks.places],
        "新增构成": [_new_row(stocks, place, n) for n in classes for place in stocks.places],
        "消除构成": [_eliminated_row(stocks, place, n) for n in classes for place in stocks.places],
        "线索": lead_figures(facts, leads, stocks.townships),
        "帮扶": help_figures(helped, stocks.townships, ground.has_previous),
        "部门报送": delivery_rows(
            facts.fates,
            catalogue,
            month,
            facts.screening.not_judged,
            Yields.of(yields, has_tasks=has_tasks(facts)),
        ),
        "比对问题": finding_rows(_comparisons(facts), facts.findings, stocks.townships),
        "名单": monitored_rows(ground.register, stocks, catalogue),
        "更正补录": _correction_rows(stocks),
    }
    singles = {
        "填报单位": f"{county}{owner}",
        "统计月份": month.chinese,
        "口径日期": _chinese_day(month),
        "名册快照": cover.serving_text(facts, catalogue),
        "单位月份": f"填报单位：{county}{owner}　　统计月份：{month.chinese}　　口径日期：{_chinese_day(month)}",
    }
    behind = {
        "movements": stocks.movements,
        "leads": leads,
        "yields": yields,
        "help": helped,
        "findings": facts.finding_rows,
    }
    behind["people"] = mentioned_people(ground, behind.values())
    return Content(singles, tables, _closing(stocks), differences, behind)


def _comparisons(facts: Facts) -> list[dict[str, Any]]:
    return [check for check in facts.screening.checks if str(check["id"]).startswith("C")]


def _chinese_day(month: Month) -> str:
    return f"{month.chinese}{month.last_day.day}日"


def _classes(stocks: Stocks) -> list[str | None]:
    return [None, *stocks.classes]


def _rate(part: int, base: int) -> Value:
    return round(part / base, 4) if base else NOT_APPLICABLE


def _head(place: str, name: str | None) -> Row:
    return {
        "类别": name or ALL_CLASSES,
        "乡镇": place or NO_TOWNSHIP,
        "是否合计": place == TOTAL,
    }


def _stock_row(stocks: Stocks, place: str, name: str | None) -> Row:
    row = _head(place, name) | _pairs(stocks, place, name, stocks.items)
    row["消除率"] = _rate(
        stocks.cell(place, name, identities.EVER_ELIMINATED).persons,
        stocks.cell(place, name, identities.EVER).persons,
    )
    return row


def _new_row(stocks: Stocks, place: str, name: str | None) -> Row:
    return (
        _head(place, name)
        | _pairs(stocks, place, name, (identities.NEW,))
        | _details(stocks, stocks.by_risk, "风险", place, name)
    )


def _eliminated_row(stocks: Stocks, place: str, name: str | None) -> Row:
    return (
        _head(place, name)
        | _pairs(stocks, place, name, (identities.ELIMINATED, *_OTHER_MOVES))
        | _details(stocks, stocks.by_mode, "方式", place, name)
    )


_OTHER_MOVES = ("回退", "转入", "转出", "整户减少", identities.NATURAL)


def _pairs(stocks: Stocks, place: str, name: str | None, items: Iterable[str]) -> Row:
    row: Row = {}
    for item in items:
        count = stocks.cell(place, name, item)
        row[f"{item}户"] = count.households
        row[f"{item}人"] = count.persons
    return row


def _details(
    stocks: Stocks,
    which: Mapping[tuple[str, str, str], Count],
    group: str,
    place: str,
    name: str | None,
) -> Row:
    details = sorted(stocks.detail(which, place, name).items())
    return {
        f"{group}户": {detail: count.households for detail, count in details},
        f"{group}人": {detail: count.persons for detail, count in details},
    }


def _main_risks(stocks: Stocks) -> list[Row]:
    found = stocks.detail(stocks.by_risk, TOTAL, None)
    total = stocks.cell(TOTAL, None, identities.NEW)
    ordered = sorted(found.items(), key=lambda entry: (-entry[1].households, entry[0]))
    return [
        {
            "风险": risk or "（未填）",
            "户": count.households,
            "人": count.persons,
            "占比": _rate(count.households, total.households),
        }
        for risk, count in ordered
    ]


def _correction_rows(stocks: Stocks) -> list[Row]:
    return [
        {
            "序号": number,
            "乡镇": correction.township or NO_TOWNSHIP,
            "类别": correction.monitored_class,
            "户编号": correction.household_id.removeprefix("R:"),
            "户": correction.count.households,
            "人": correction.count.persons,
            "说明": correction.note,
        }
        for number, correction in enumerate(stocks.corrections, 1)
    ]


def _closing(stocks: Stocks) -> dict[str, dict[str, list[int]]]:
    return {
        place: {
            name: _pair(stocks.cells[place, name, identities.CLOSING]) for name in stocks.classes
        }
        for place in stocks.places
    }


def _pair(count: Count) -> list[int]:
    return [count.households, count.persons]


def _differences(
    stocks: Stocks, closing: dict[str, dict[str, list[int]]] | None, month: Month
) -> list[str]:
    if closing is None:
        return []
    found = []
    for place in stocks.places:
        for name in stocks.classes:
            reported = closing.get(place, {}).get(name, [0, 0])
            opening = _pair(stocks.cells[place, name, identities.OPENING])
            if reported != opening:
                found.append(
                    f"{place or NO_TOWNSHIP}·{name}：{(month - 1).chinese}报表期末 {reported[0]} 户"
                    f" {reported[1]} 人，本月期初 {opening[0]} 户 {opening[1]} 人"
                )
    return found
