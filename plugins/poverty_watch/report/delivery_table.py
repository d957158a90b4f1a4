"""表二: what every department delivered for the month and what became of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from functools import lru_cache
from typing import Any

import yaml

from poverty_watch.contracts import Catalogue
from poverty_watch.contracts.duty import duty_policy
from poverty_watch.identity import mask_numbers
from poverty_watch.ledger.deliveries import IN_FORCE, STATUS_TITLES
from poverty_watch.months import Month
from poverty_watch.report.dataset_yields import Yields
from poverty_watch.report.facts import DatasetFate
from poverty_watch.report.values import NOT_KNOWN, Row, Value
from poverty_watch.settings import REFERENCE

_SHOWN = 3
NOT_SETTLED = "尚未处理"
KIND_WORDS = {"snapshot": "月末全量", "increment": "当月增量", "year_to_date": "当年累计"}


@lru_cache(maxsize=1)
def _fault_titles() -> dict[str, str]:
    path = REFERENCE / "faults.yaml"
    content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {code: entry["title"] for code, entry in content.items()}


def fault_title(code: str) -> str:
    """What staff read for a fault."""
    return str(_fault_titles().get(code, code))


def faults_text(faults: Mapping[str, int]) -> str:
    """Why rows were sent back: the most frequent reasons, as 身份证号为空 3行, the rest summed."""
    titles = _fault_titles()
    ordered = sorted(faults.items(), key=lambda item: (-item[1], item[0]))
    shown = [f"{titles.get(code, code)} {rows}行" for code, rows in ordered[:_SHOWN] if rows]
    if rest := sum(rows for _, rows in ordered[_SHOWN:]):
        shown.append(f"其他原因 {rest}行")
    return "；".join(shown)


def _delivered(fate: DatasetFate) -> Value:
    return {"missing": "否", "error": NOT_KNOWN}.get(fate.status, "是")


def _rows(fate: DatasetFate | None, which: str) -> Value:
    if fate is None:
        return NOT_KNOWN
    counted: int | None = getattr(fate, which)
    if counted is None and fate.status in ("missing", "rejected"):
        return STATUS_TITLES[fate.status]
    return counted


def _days_late(fate: DatasetFate | None, due_on: date) -> Value:
    arrived = fate.fulfilled if fate else None
    if arrived is None or arrived.is_in_doubt(due_on):
        return NOT_KNOWN
    return arrived.days_late(due_on)


def _not_judged(not_judged: Mapping[str, Any] | None, dataset: str) -> Value:
    """Households that rules could not judge, or not wholly, for want of a dataset."""
    if not_judged is None:
        return NOT_KNOWN
    return int(not_judged["datasets"].get(dataset, 0))


def _sentences(messages: Iterable[str]) -> str:
    told = "；".join(message.strip().rstrip("。；") for message in messages)
    return mask_numbers(f"{told}。" if told else "")


def delivery_rows(
    fates: Mapping[str, DatasetFate],
    catalogue: Catalogue,
    month: Month,
    not_judged: Mapping[str, Any] | None = None,
    yields: Yields | None = None,
) -> list[Row]:
    """One row per department and dataset that it owes, in the catalogue's order.

    What was not delivered has no rows that could be counted: 未报送 stands there, or 整份退回, and
    not 0. Days late are not known of what has not come, nor where the file was saved in time and only
    seen late. ``not_judged`` is the screening's; without it nothing is known of such households.
    """
    led = yields or Yields({}, has_tasks=False)
    rows: list[Row] = []
    for department in catalogue.departments.values():
        for dataset, contract in department.contracts.items():
            fate = fates.get(dataset)
            due_on = duty_policy().of(department.card).due_on(month)
            rows.append(
                {
                    "部门": department.title,
                    "数据": contract.title,
                    "数据编号": dataset,
                    "报送方式": KIND_WORDS[contract.kind],
                    "应报": "是",
                    "已报": NOT_KNOWN if fate is None else _delivered(fate),
                    "迟报天数": _days_late(fate, due_on),
                    "状态": NOT_SETTLED if fate is None else STATUS_TITLES[fate.status],
                    "版本": NOT_KNOWN if fate is None else fate.version,
                    "行数": _rows(fate, "data_rows"),
                    "接收行": _rows(fate, "accepted_rows"),
                    "退回行": _rows(fate, "rejected_rows"),
                    **led.figures(dataset, fate is not None and fate.status in IN_FORCE),
                    "无法判断户": _not_judged(not_judged, dataset),
                    "退回原因": "" if fate is None else faults_text(fate.faults),
                    "说明": "" if fate is None else _sentences(fate.messages),
                }
            )
    return rows
