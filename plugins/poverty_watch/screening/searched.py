"""Where a missing row is the hit: which deliveries were looked through, and what was sent back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from poverty_watch.contracts import Catalogue
from poverty_watch.months import Month
from poverty_watch.screening.definitions import RuleHeader
from poverty_watch.screening.reference import reference_table


def searched(
    header: Any,
    evidence: Mapping[str, Any],
    inputs: Iterable[Mapping[str, Any]],
    month: Month,
    catalogue: Catalogue,
) -> tuple[str, ...]:
    """Lines in Chinese; none where the rule is not hit by absence, or a row shows what is there.

    Args:
        header: the check's.
        evidence: of the hit.
        inputs: the deliveries that the month was computed from, as the ledger keeps them.
        month: the month of the hit.
        catalogue: titles of datasets and departments.
    """
    missed_in = header.missed_in if isinstance(header, RuleHeader) else ()
    rows = evidence["rows"]
    of_rows = {row["source"]["dataset"] for row in rows if row.get("source")}
    all_shown = all(row.get("source") for row in rows) and (
        (isinstance(header, RuleHeader) and header.one_by_one) or of_rows & set(missed_in)
    )
    if not missed_in or all_shown:
        return ()
    deliveries = [
        f"{catalogue.department_of(used['dataset']).title}"
        f"“{catalogue.contract(used['dataset']).title}”{month.chinese}第{used['version']}版"
        for used in inputs
        if used["dataset"] in missed_in and used["month"] == str(month)
    ]
    return (*deliveries, *_sent_back(evidence.get("sent_back"), catalogue))


def _sent_back(rows: Mapping[str, Any] | None, catalogue: Catalogue) -> Iterator[str]:
    if not rows or not rows["rows_total"]:
        return
    faults = reference_table("faults", catalogue).to_pylist()
    titles = {fault["fault"]: fault["title"] for fault in faults}
    told = "；".join(
        f"文件“{row['source_file']}”工作表“{row['source_sheet']}”第{row['source_row']}行"
        f"（{titles.get(row['fault'], row['fault'])}）"
        for row in rows["rows"]
    )
    more = "等" if rows["rows_total"] > len(rows["rows"]) else ""
    yield f"其中已退回{rows['rows_total']}行，缺的那一行可能在里面：{told}{more}"
