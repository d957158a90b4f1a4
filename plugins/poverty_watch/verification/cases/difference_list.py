"""The office's list of where the register of a month says something else than the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from poverty_watch.ledger.models import Case, CaseDifference
from poverty_watch.ledger.store import Ledger
from poverty_watch.listing import ListColumn, Listing, remove_list, stands, write_list
from poverty_watch.months import Month
from poverty_watch.settings import Settings
from poverty_watch.verification.cases.households import households_of
from poverty_watch.verification.cases.procedure import load_policy

FOLDER = "名册核对"
_COLUMNS = (
    ListColumn("乡镇", 14),
    ListColumn("村（社区）", 16),
    ListColumn("户主", 10),
    ListColumn("户编号（户号）", 18),
    ListColumn("案件", 7),
    ListColumn("办理事项", 12),
    ListColumn("审定日期", 12),
    ListColumn("核对项目", 16),
    ListColumn("台账（本县审定）", 22),
    ListColumn("名册（监测系统）", 22),
    ListColumn(
        "核对意见", 22, is_asked=True, choices=("系统录入有误", "系统漏录", "台账有误", "其他")
    ),
)
_NOTES = (
    "一、台账是本系统登记的县级审定结果，名册是乡村振兴局报送的监测系统导出表。两边不一致的列在下面，系统没有改动任何一边。",
    "二、系统录入有误、漏录的，请录入人员在监测系统中更正；台账有误的，请县专班办理更正。下个月的名册送到后自动再核对，一致了就不再列出。",
)


@dataclass(frozen=True)
class DifferenceList:
    """The list of a month; ``path`` is None where nothing differs."""

    path: Path | None
    cases: int
    differences: int


def write_difference_list(month: Month, settings: Settings, ledger: Ledger) -> DifferenceList:
    """Write ``<outbox>/<YYYY-MM>/名册核对/名册核对_….xlsx`` (mode 0600), or take it away.

    It shows what `compare_with_register` has written down; a list that is the same is left alone.
    """
    titles = {kind: one.title for kind, one in load_policy().procedures.items()}
    with ledger.transaction() as session:
        found = session.execute(
            select(CaseDifference, Case)
            .join(Case, Case.id == CaseDifference.case_id)
            .where(CaseDifference.month == str(month))
            .order_by(Case.township, Case.village, Case.id, CaseDifference.field)
        ).all()
        known = households_of(session, settings, {case.household_id for _, case in found})
        rows = [
            [
                case.township,
                case.village,
                known[case.household_id].head_name if case.household_id in known else "",
                case.household_id.partition(":")[2],
                case.id,
                titles[case.kind],
                case.approved_on,
                difference.field,
                difference.here or "（空）",
                difference.in_register or "（空）",
            ]
            for difference, case in found
        ]
        cases = len({case.id for _, case in found})
    path = settings.outbox / str(month) / FOLDER / f"名册核对_{month.chinese}.xlsx"
    if not rows:
        remove_list(path)
        return DifferenceList(None, 0, 0)
    subtitle = f"统计月份：{month.chinese}    不一致的案件{cases}件、{len(rows)}处"
    listing = Listing("名册核对", "台账与监测系统名册核对清单", subtitle, _NOTES, _COLUMNS)
    fingerprint = listing.fingerprint(rows)
    if not stands(path, fingerprint):
        write_list(path, fingerprint, listing, rows)
    return DifferenceList(path, cases, len(rows))
