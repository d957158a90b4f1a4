"""表四: the households that are monitored, for internal use, names masked."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from poverty_watch.contracts import Catalogue
from poverty_watch.report import queries
from poverty_watch.report.facts import help_policy
from poverty_watch.report.stocks import REGISTER_STOCK, Stocks, as_list
from poverty_watch.report.values import NO_TOWNSHIP, NOT_KNOWN, Row


def monitored_rows(register: pa.Table, stocks: Stocks, catalogue: Catalogue) -> list[Row]:
    """One row per household that is monitored at the end of the month or was eliminated in it."""
    relations = {
        "register_stock": register.select(REGISTER_STOCK.names),
        "movements": stocks.movements,
        "responsible": _responsible(catalogue),
        "townships": as_list(stocks.townships),
    }
    with queries.opened() as query:
        listed = query("monitored_list", relations)
    return [_row(number, row) for number, row in enumerate(listed.to_pylist(), 1)]


def _row(number: int, row: dict[str, Any]) -> Row:
    identified = row["identified_month"]
    return {
        "序号": number,
        "乡镇": row["township"] or NO_TOWNSHIP,
        "村": row["village"],
        "户主": masked_name(row["head_name"]),
        "户编号": row["household_id"].removeprefix("R:"),
        "类别": row["class"],
        "风险": row["risks"] or "（未填）",
        "识别月": f"{identified:%Y-%m}" if identified else NOT_KNOWN,
        "措施": row["measures"] or "（未填）",
        "责任部门": row["departments"] or "（未定）",
        "状态": row["status"],
    }


def masked_name(name: str | None) -> str:
    """The family name, and a mark for every other character."""
    return f"{name[0]}{'*' * (len(name) - 1)}" if name else "（未填）"


def _responsible(catalogue: Catalogue) -> pa.Table:
    titles = {department.id: department.title for department in catalogue.departments.values()}
    risks: dict[str, list[dict[str, Any]]] = help_policy()["risks"]
    named = {
        risk: "、".join(
            dict.fromkeys(titles.get(one["department"], one["department"]) for one in ones)
        )
        for risk, ones in risks.items()
    }
    return pa.table(
        {
            "risk": pa.array(list(named), pa.string()),
            "departments": pa.array(list(named.values()), pa.string()),
        }
    )
