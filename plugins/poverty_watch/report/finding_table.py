"""表三: what each comparison found, what was mended, what is open, by township."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from poverty_watch.ledger.findings import FindingCounts
from poverty_watch.ledger.handling import handling
from poverty_watch.report.values import NOT_JUDGED, Row

COUNTY = "合计"
COUNTED_ONLY = "只作统计"
NO_TOWNSHIP = "（乡镇不明）"
_FIGURES = ("新发现", "已整改", "未整改")


def finding_rows(
    checks: Iterable[Mapping[str, Any]], counts: Sequence[FindingCounts], townships: Sequence[str]
) -> list[Row]:
    """One row per comparison for the county, and one per township that has something to say.

    A comparison that did not run has found nothing new because nobody looked: 无法判断, not 0. What
    it found before stays open.

    Args:
        checks: the month's records of comparisons, in the order of the table.
        counts: what the ledger counts for the month.
        townships: in the order of the table; others follow them.
    """
    titles = {outcome: way.title for outcome, way in handling().items()}
    by_check: dict[str, list[FindingCounts]] = {}
    for count in counts:
        by_check.setdefault(count.comparison_id, []).append(count)
    places = {name: number for number, name in enumerate(townships)}
    rows: list[Row] = []
    for check in checks:
        found = by_check.get(check["id"], [])
        found.sort(key=lambda count: (places.get(count.township, len(places)), count.township))
        head = {
            "编号": check["id"],
            "名称": check.get("title") or "",
            "处理": titles.get(check.get("outcome") or "", COUNTED_ONLY),
        }
        has_run = check.get("status") == "ran" and not check.get("lacks")
        rows.append(head | _figures(COUNTY, found, has_run) | {"是否合计": True})
        rows += [
            head | _figures(count.township or NO_TOWNSHIP, [count], has_run) for count in found
        ]
    return rows


def _figures(place: str, counts: Sequence[FindingCounts], has_run: bool) -> Row:
    opened = sum(count.opened for count in counts)
    figures = (
        opened if has_run or opened else NOT_JUDGED,
        sum(count.mended for count in counts),
        sum(count.open for count in counts),
    )
    return {"乡镇": place, **dict(zip(_FIGURES, figures, strict=True)), "是否合计": False}
