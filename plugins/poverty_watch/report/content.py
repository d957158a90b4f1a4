"""Everything that the workbook shows, before it has a form: single values and tables of rows.

A value is a text, a number, `NOT_KNOWN` (printed —) or `NOT_APPLICABLE` (printed /). Field names are
Chinese because the county's template refers to them.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from poverty_watch.contracts import Catalogue
from poverty_watch.months import Month
from poverty_watch.report import cover, identities, queries
from poverty_watch.report.delivery_table import delivery_rows
from poverty_watch.report.facts import Facts
from poverty_watch.report.finding_table import finding_rows
from poverty_watch.report.name_list import monitored_rows
from poverty_watch.report.stocks import TOTAL, Count, Stocks, as_list
from poverty_watch.report.values import NOT_APPLICABLE, Row, Value

ALL_CLASSES = "各类合计"
NO_TOWNSHIP = "（乡镇未填）"


@dataclass(frozen=True)
class Content:
    """``singles`` by name; ``tables`` by name, each a list of rows (field → value).

    ``differences`` says where 期初 is not the closing stock that was last reported.
    """

    singles: dict[str, str]
    tables: dict[str, list[Row]]
    closing: dict[str, dict[str, list[int]]]
    differences: list[str] = field(default_factory=list)

    def sha256(self) -> str:
        """A hash of all values."""
        text = json.dumps(
            [self.singles, self.tables, self.differences], ensure_ascii=False, sort_keys=True
        )
        return hashlib.sha256(text.encode()).hexdigest()


def compose(
    facts: Facts,
    stocks: Stocks,
    register: pa.Table,
    catalogue: Catalogue,
    county: str,
    has_previous: bool,
) -> Content:
    """All that the report of a month shows.

    Args:
        facts: what the ledger knows of the month.
        stocks: 表一.
        register: the month's ``register_stock``, one row per household.
        catalogue: departments and datasets.
        county: its name.
        has_previous: whether there is a register snapshot of the month before.

    Raises:
        IdentityError: figures do not agree; nothing may be written.
    """
    identities.check(stocks)
    month = facts.month
    differences = _differences(stocks, facts.closing, month)
    notes = cover.notes(facts, catalogue, has_previous, len(stocks.corrections), differences)
    owner = catalogue.department_of("monitoring_register").title
    tables: dict[str, list[Row]] = {
        "主要数据": [
            _stock_row(stocks, TOTAL, name) | {"是否合计": name is None}
            for name in _classes(stocks)
        ],
        "注意事项": [{"序号": n, "事项": text} for n, text in enumerate(notes, 1)],
        "未运行": cover.not_run_rows(facts, catalogue),
        "参数": cover.parameter_rows(facts),
        "存量增减": [
            _stock_row(stocks, place, name) for name in _classes(stocks) for place in stocks.places
        ],
        "新增消除": [
            _detail_row(stocks, place, name) for name in _classes(stocks) for place in stocks.places
        ],
        "线索": _lead_rows(facts, stocks),
        "部门报送": delivery_rows(facts.fates, catalogue, facts.month, facts.screening.not_judged),
        "比对问题": finding_rows(_comparisons(facts), facts.findings, stocks.townships),
        "名单": monitored_rows(register, stocks, catalogue),
        "更正补录": _correction_rows(stocks),
    }
    singles = {
        "填报单位": f"{county}{owner}",
        "统计月份": month.chinese,
        "口径日期": _chinese_day(month),
        "名册快照": cover.serving_text(facts, catalogue),
        "单位月份": f"填报单位：{county}{owner}　　统计月份：{month.chinese}　　口径日期：{_chinese_day(month)}",
    }
    return Content(singles, tables, _closing(stocks), differences)


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
    row = _head(place, name)
    for item in stocks.items:
        count = stocks.cell(place, name, item)
        row[f"{item}户"] = count.households
        row[f"{item}人"] = count.persons
    row["消除率"] = _rate(
        stocks.cell(place, name, identities.EVER_ELIMINATED).persons,
        stocks.cell(place, name, identities.EVER).persons,
    )
    return row


def _detail_row(stocks: Stocks, place: str, name: str | None) -> Row:
    row = _head(place, name)
    for item in (identities.NEW, identities.ELIMINATED):
        count = stocks.cell(place, name, item)
        row[f"{item}户"] = count.households
        row[f"{item}人"] = count.persons
    for group, which in (("风险", stocks.by_risk), ("方式", stocks.by_mode)):
        details = sorted(stocks.detail(which, place, name).items())
        row[f"{group}户"] = {detail: count.households for detail, count in details}
        row[f"{group}人"] = {detail: count.persons for detail, count in details}
    return row


def _lead_rows(facts: Facts, stocks: Stocks) -> list[Row]:
    places = [*stocks.townships]
    places += sorted(
        {t or "" for t in facts.lead_fates.column("township").to_pylist()} - set(places)
    )
    relations = {
        "leads": facts.leads,
        "lead_fates": facts.lead_fates,
        "tasks": facts.tasks,
        "rules": cover.rules_relation(facts),
        "townships": as_list(places),
    }
    with queries.opened() as query:
        counts = query("lead_counts", relations)
    return [
        {
            "乡镇": row["township"] or NO_TOWNSHIP,
            "是否合计": row["township"] == TOTAL,
            "部门推送": row["from_departments"],
            "信访热线": row["from_petitions"],
            "自主申报": row["self_reported"],
            "干部排查": row["found_by_cadres"],
            "线索合计": row["leads"],
            "已核实": row["verified"],
            "按时核实率": row["verified_in_time_rate"],
            "排除": row["excluded"],
            "转认定": row["recognised"],
            "在办": row["in_hand"],
        }
        for row in counts.to_pylist()
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
