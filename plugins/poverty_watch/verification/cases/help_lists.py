"""What each department owes whom by when: a list to work through, written anew as things change."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sqlalchemy import select

from poverty_watch.contracts import load_catalogue
from poverty_watch.ledger.access import Viewer
from poverty_watch.ledger.models import Measure
from poverty_watch.ledger.store import Ledger
from poverty_watch.listing import ListColumn, Listing, remove_list, stands, write_list
from poverty_watch.months import Month
from poverty_watch.settings import Settings
from poverty_watch.verification.cases.help import PLANNED
from poverty_watch.verification.cases.households import households_of

FOLDER = "帮扶任务"
_COLUMNS = (
    ListColumn("任务号", 8),
    ListColumn("乡镇", 14),
    ListColumn("村（社区）", 18),
    ListColumn("户主", 10),
    ListColumn("户编号（户号）", 18),
    ListColumn("风险", 14),
    ListColumn("措施类别", 16),
    ListColumn("派出日期", 12),
    ListColumn("期限", 12),
    ListColumn("是否超期", 10),
    ListColumn("落实情况", 30, is_asked=True),
    ListColumn("落实日期", 12, is_asked=True),
)
_NOTES = (
    "一、下面是派给本单位、还没有登记落实的帮扶任务，按期限先后排列。期限为当季末，绿色通道的从速。",
    "二、落实后请填写右边两列发回县专班，或自行登记：poverty-watch measure done 任务号。已登记的下次不再列出。",
)


@dataclass(frozen=True)
class HelpLists:
    """The lists of a day, one per department that owes something."""

    paths: list[Path]
    measures: int
    late: int

    @property
    def summary(self) -> str:
        """One Chinese line for the log and the grid."""
        if not self.paths:
            return "没有待落实的帮扶任务"
        return f"帮扶任务清单{len(self.paths)}份：待落实{self.measures}项，其中超期{self.late}项"


def write_help_lists(settings: Settings, ledger: Ledger, today: date) -> HelpLists:
    """Write ``<outbox>/<YYYY-MM>/帮扶任务/帮扶任务_….xlsx`` (mode 0600) of the month of ``today``.

    Each is read as its department: it holds no other's rows. A list that is the same is left alone,
    one whose department owes nothing any more is taken away.
    """
    folder = settings.outbox / str(Month.of(today)) / FOLDER
    paths, measures, late = list[Path](), 0, 0
    for department in load_catalogue().departments.values():
        path = folder / f"帮扶任务_{department.title}.xlsx"
        with ledger.transaction(Viewer("系统", "department", department.id)) as session:
            owed = list(
                session.scalars(
                    select(Measure)
                    .where(Measure.status == PLANNED)
                    .order_by(Measure.due_on, Measure.township, Measure.village, Measure.id)
                )
            )
            known = households_of(session, settings, {m.household_id for m in owed})
        heads = defaultdict(str, {h: one.head_name for h, one in known.items()})
        rows = [_row(measure, heads[measure.household_id], today) for measure in owed]
        if not rows:
            remove_list(path)
            continue
        overdue = sum(measure.due_on < today for measure in owed)
        subtitle = f"待落实{len(rows)}项，其中超期{overdue}项"
        listing = Listing("帮扶任务", f"{department.title}帮扶任务清单", subtitle, _NOTES, _COLUMNS)
        fingerprint = listing.fingerprint(rows)
        if not stands(path, fingerprint):
            write_list(path, fingerprint, listing, rows)
        paths.append(path)
        measures, late = measures + len(rows), late + overdue
    return HelpLists(paths, measures, late)


def _row(measure: Measure, head: str, today: date) -> list[str | int | date | None]:
    return [
        measure.id,
        measure.township,
        measure.village,
        head,
        measure.household_id.partition(":")[2],
        measure.risk,
        measure.kind,
        measure.planned_on,
        measure.due_on,
        f"超期{(today - measure.due_on).days}天" if measure.due_on < today else "",
    ]
