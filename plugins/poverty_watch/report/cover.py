"""The first page: which data served, what could not be computed, what a reader must know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from poverty_watch.contracts import Catalogue
from poverty_watch.ledger.deliveries import IN_FORCE, STATUS_TITLES
from poverty_watch.months import Month
from poverty_watch.report.facts import Facts
from poverty_watch.report.values import Row

REGISTER = "monitoring_register"


def dataset_title(dataset: str, catalogue: Catalogue) -> str:
    """A dataset's Chinese name with its department; the id of one that nobody owes.

    ``<dataset>_previous`` is the delivery of the month before.
    """
    if dataset.endswith("_previous"):
        return f"上月的{dataset_title(dataset.removesuffix('_previous'), catalogue)}"
    try:
        return f"{catalogue.department_of(dataset).title}“{catalogue.contract(dataset).title}”"
    except KeyError:
        return dataset


def serving_text(facts: Facts, catalogue: Catalogue) -> str:
    """Which register snapshots served, as the staff say it."""
    parts = []
    for dataset, served in sorted(facts.screening.serving.items()):
        month = Month.parse(str(served))
        title = dataset_title(dataset, catalogue)
        if month == facts.month:
            parts.append(f"{title}{month.chinese}末")
        else:
            parts.append(f"{title}沿用{month.chinese}末（本月没有可用的报送）")
    return "；".join(parts) or "未记录"


def not_run_rows(facts: Facts, catalogue: Catalogue) -> list[Row]:
    """Rules and comparisons that did not run, wholly or for some datasets, and what they lacked."""
    rows: list[Row] = []
    for check in sorted(facts.screening.checks, key=lambda entry: str(entry.get("id", ""))):
        lacks = [str(dataset) for dataset in check.get("lacks") or ()]
        if check.get("status") != "not_run" and not lacks:
            continue
        why = "、".join(dataset_title(dataset, catalogue) for dataset in lacks)
        if check.get("status") != "not_run":
            why += "（其余数据已比对）"
        rows.append(
            {
                "编号": str(check.get("id", "")),
                "名称": str(check.get("title") or ""),
                "缺少": why or "原因未记录",
            }
        )
    return rows


def parameter_rows(facts: Facts) -> list[Row]:
    """Thresholds in force that the county has not confirmed, one row per value."""
    rows: list[Row] = []
    for check in sorted(facts.screening.checks, key=lambda entry: str(entry.get("id", ""))):
        for parameter in _parameters(check):
            if parameter.get("confirmed", True):
                continue
            rows.append(
                {
                    "编号": str(check.get("id", "")),
                    "名称": str(check.get("title") or ""),
                    "参数": str(parameter.get("title") or parameter.get("name") or ""),
                    "取值": str(parameter.get("value", "")),
                    "依据": str(parameter.get("basis") or ""),
                }
            )
    return rows


def _parameters(check: Mapping[str, Any]) -> list[dict[str, Any]]:
    found = check.get("parameters") or []
    return [entry for entry in found if isinstance(entry, dict)]


def rules_relation(facts: Facts) -> pa.Table:
    """Which checks ran, as the relation ``rules`` of the lead query."""
    checks = facts.screening.checks
    return pa.table(
        {
            "rule_id": pa.array([str(check.get("id", "")) for check in checks], pa.string()),
            "has_run": pa.array([check.get("status") == "ran" for check in checks], pa.bool_()),
        }
    )


def notes(
    facts: Facts,
    catalogue: Catalogue,
    has_previous: bool,
    corrections: int,
    differences: list[str],
) -> list[str]:
    """What a reader must know before using the figures, most important first."""
    found: list[str] = []
    for dataset, served in sorted(facts.screening.serving.items()):
        if Month.parse(str(served)) != facts.month:
            text = (
                f"{dataset_title(dataset, catalogue)}本月没有可用的报送，沿用"
                f"{Month.parse(str(served)).chinese}末的名册。"
            )
            if dataset == REGISTER:
                text += "表一存量为沿用名册的存量，本月的增减将在以后月份列入更正补录。"
            found.append(text)
    if not has_previous:
        found.append(
            f"没有{(facts.month - 1).chinese}末的名册，期初按本月名册中的识别、消除时间推算，本月不计自然变动。"
        )
    lost = {
        word: [
            dataset_title(d, catalogue)
            for d, fate in sorted(facts.fates.items())
            if fate.status == s
        ]
        for s, word in STATUS_TITLES.items()
        if s not in IN_FORCE
    }
    for word, titles in lost.items():
        if titles:
            found.append(
                f"{word}的数据：{'、'.join(titles)}。依赖这些数据的比对和预警无法运行，不等于没有问题。"
            )
    if differences:
        found.append(
            f"期初与{(facts.month - 1).chinese}报表的期末有 {len(differences)} 处不同"
            f"（{'；'.join(differences[:3])}{'……' if len(differences) > 3 else ''}），"
            f"请先重新生成{(facts.month - 1).chinese}报表，再签发本月报表。"
        )
    if corrections:
        found.append(f"更正补录有 {corrections} 笔，逐户列在月报表的附表“更正补录”。")
    return [*found, _what_ran(facts)]


def _what_ran(facts: Facts) -> str:
    ran = sorted(
        (str(check.get("id", "")), str(check.get("title") or ""))
        for check in facts.screening.checks
        if check.get("status") == "ran"
    )
    if not ran:
        return "本月没有运行任何比对或预警规则，线索数不说明任何情况。"
    listed = "、".join(f"{number}{title}" for number, title in ran)
    return f"本月运行的比对（C）和预警规则（W）共 {len(ran)} 项：{listed}。未列出的尚未启用或没有运行。"
