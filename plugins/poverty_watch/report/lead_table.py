"""表一, leads: where they came from and what became of them, in households and persons."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from poverty_watch.report import queries
from poverty_watch.report.facts import Facts
from poverty_watch.report.stocks import TOTAL, as_list
from poverty_watch.report.values import (
    NO_TOWNSHIP,
    NOT_APPLICABLE,
    NOT_JUDGED,
    NOT_KNOWN,
    Row,
    Value,
)

ITEMS = {
    "部门推送": "department",
    "信访热线": "petition",
    "自主申报": "self_report",
    "干部排查": "cadre",
    "线索合计": "all",
    "已核实": "verified",
    "排除": "excluded",
    "转认定": "recognised",
    "在办": "in_hand",
}
"""Figures of the table, and the items of ``sql/report/lead_rows.sql`` that they count."""
IN_TIME = "in_time"
_FATES = ("已核实", "排除", "转认定", "在办")


def lead_rows(facts: Facts, people: pa.Table) -> pa.Table:
    """The leads of the month one by one: household_id, township, persons, item."""
    with queries.opened() as query:
        return query(
            "lead_rows",
            {"leads": facts.leads, "lead_fates": facts.lead_fates, "people": people},
        )


def lead_figures(facts: Facts, rows: pa.Table, townships: Sequence[str]) -> list[Row]:
    """One row per township, 合计 last.

    No petitions were read: 信访热线 is 无法判断, not 0. No task was opened for any of the leads: what
    became of them is not known.

    Args:
        facts: what the ledger knows of the month.
        rows: `lead_rows`.
        townships: in the order of the table; others follow them.
    """
    places = [*townships, *sorted(set(rows.column("township").to_pylist()) - set(townships))]
    with queries.opened() as query:
        counts = query("lead_counts", {"lead_rows": rows, "townships": as_list(places)})
    counted = {
        (row["township"], row["item"]): (row["households"], row["persons"])
        for row in counts.to_pylist()
    }
    unknown: dict[str, Value] = {}
    if not _has_run(facts, "W24"):
        unknown["信访热线"] = NOT_JUDGED
    if not has_tasks(facts):
        unknown |= dict.fromkeys(_FATES, NOT_KNOWN)
    return [_figures(place, counted, unknown) for place in (*places, TOTAL)]


def has_tasks(facts: Facts) -> bool:
    """Whether anybody was sent to verify the month's leads, or there are none to verify."""
    return bool(facts.tasks.num_rows > 0 or facts.leads.num_rows == 0)


def _figures(
    place: str,
    counted: dict[tuple[str, str], tuple[int, int | None]],
    unknown: dict[str, Value],
) -> Row:
    row: Row = {"乡镇": place or NO_TOWNSHIP, "是否合计": place == TOTAL}
    for name, item in ITEMS.items():
        households, persons = counted.get((place, item), (0, 0))
        row[f"{name}户"] = unknown.get(name, households)
        row[f"{name}人"] = unknown.get(name, persons)
    leads = counted.get((place, "all"), (0, 0))[0]
    in_time = counted.get((place, IN_TIME), (0, 0))[0]
    rate: Value = round(in_time / leads, 4) if leads else NOT_APPLICABLE
    row["按时核实率"] = unknown.get("已核实", rate)
    return row


def _has_run(facts: Facts, rule: str) -> bool:
    return any(c.get("id") == rule and c.get("status") == "ran" for c in facts.screening.checks)
