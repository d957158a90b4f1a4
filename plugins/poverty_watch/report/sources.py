"""Where the figures of each column come from, as the hidden sheet and `trace` tell it."""

from __future__ import annotations

from collections.abc import Iterable

from poverty_watch.contracts import Catalogue
from poverty_watch.months import Month
from poverty_watch.report.cover import REGISTER, dataset_title
from poverty_watch.report.facts import Facts
from poverty_watch.report.values import Row

_REGISTERS = (REGISTER, "deaths")
_FLOWS = "register_movements.sql、stocks_flows.sql"
_PLACES: dict[str, tuple[str, str]] = {
    "主要数据": ("{register}（逐户比较本月和上月）", _FLOWS),
    "主要风险": (
        "{register}（本月新增户的致贫返贫风险1）",
        "register_movements.sql、new_by_risk.sql",
    ),
    "存量增减": ("{register}（逐户比较本月和上月）", _FLOWS),
    "新增构成": (
        "{register}（本月新增户的致贫返贫风险1）",
        "register_movements.sql、new_by_risk.sql",
    ),
    "消除构成": (
        "{register}（本月消除户的风险消除方式）",
        "register_movements.sql、eliminated_by_mode.sql",
    ),
    "线索": ("台账：本月预警线索、核实任务和案件", "lead_rows.sql、lead_counts.sql"),
    "帮扶": ("{register}的帮扶措施；台账：已办结的帮扶任务", "help_rows.sql、help_counts.sql"),
    "部门报送": ("台账：报送登记、现行有效版本；线索数来自本月预警线索", "dataset_yield.sql"),
    "比对问题": ("台账：比对问题登记", "sql/comparisons"),
    "名单": ("{register}", "monitored_list.sql"),
    "更正补录": ("{register}（逐户比较本月和上月）", "register_movements.sql"),
}


def source_rows(facts: Facts, catalogue: Catalogue) -> list[Row]:
    """One row per table: what its figures are counted from, by which file, how to see the rows."""
    register = register_text(facts.month, facts.screening.inputs, catalogue)
    return [
        {
            "table": table,
            "field": "*",
            "数据来自": text.format(register=register),
            "计算文件": files,
            "命令": f"poverty-watch trace {facts.month} {{cell}}",
        }
        for table, (text, files) in _PLACES.items()
    ]


def source_of(
    table: str, month: Month, inputs: Iterable[Row], catalogue: Catalogue
) -> tuple[str, str]:
    """What one table's figures are counted from, and the files that do it."""
    text, files = _PLACES.get(table, ("报表说明", "—"))
    return text.format(register=register_text(month, inputs, catalogue)), files


def register_text(month: Month, inputs: Iterable[Row], catalogue: Catalogue) -> str:
    """The register deliveries that a month's computation read, with their versions."""
    told = []
    for dataset in _REGISTERS:
        versions = [
            f"{Month.parse(str(one['month'])).chinese}第{one['version']}版"
            for one in inputs
            if one.get("dataset") == dataset and str(one["month"]) in (str(month), str(month - 1))
        ]
        if versions:
            told.append(f"{dataset_title(dataset, catalogue)}{'、'.join(sorted(versions))}")
    return "；".join(told) or dataset_title(REGISTER, catalogue)
