"""Whether what a past month was made from is still there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from sqlalchemy import select

from poverty_watch.contracts import Catalogue, load_catalogue
from poverty_watch.lake.versions import Lake
from poverty_watch.ledger.deliveries import InForce, in_force
from poverty_watch.ledger.models import Purge, SeenFile
from poverty_watch.ledger.store import Ledger
from poverty_watch.months import Month, county_day
from poverty_watch.settings import Settings


class LostError(RuntimeError):
    """A month cannot be computed again; the message is Chinese and says what is gone, and since when."""


def check_remaining(month: Month, settings: Settings, ledger: Ledger) -> None:
    """Refuse a month of which nothing is left, or of which a part was erased or lost.

    Raises:
        LostError: everything that is gone, by department and dataset.
    """
    catalogue = load_catalogue()
    with ledger.transaction() as session:
        standing = [d for d in in_force(session, month) if d.month == month]
        erased = {
            (entry.dataset, entry.month): county_day(entry.purged_at)
            for entry in session.scalars(select(Purge).where(Purge.kind == "rows"))
        }
        was_seen = session.scalar(select(SeenFile.id).where(SeenFile.month == str(month)).limit(1))
    lake = Lake(settings.lake)
    lost = [d for d in standing if not lake.accepted(d.dataset, d.month, d.version).exists()]
    if lost:
        listed = "\n".join(f"- {_told(d, erased, catalogue)}" for d in lost)
        raise LostError(
            f"{month.chinese}不能补算，它用到的数据已经不在了（原来的月报不受影响）：\n{listed}"
        )
    if not (standing or was_seen or _may_arrive(month, settings, catalogue)):
        raise LostError(
            f"{month.chinese}没有可以补算的报送：收件夹 {settings.inbox / str(month)} 里没有，"
            "系统里也没有接收过。请把当时的报送文件放回收件夹再补算。"
        )


def _may_arrive(month: Month, settings: Settings, catalogue: Catalogue) -> bool:
    folder = settings.inbox / str(month)
    has_files = folder.is_dir() and any(path.is_file() for path in folder.rglob("*"))
    return has_files or any(
        department.card.arrives.way != "inbox" for department in catalogue.departments.values()
    )


def _told(delivery: InForce, erased: Mapping[tuple[str, str], date], catalogue: Catalogue) -> str:
    department = catalogue.department_of(delivery.dataset)
    title = catalogue.contract(delivery.dataset).title
    when = erased.get((delivery.dataset, str(delivery.month)))
    why = f"{when}按保存期限清除" if when else "文件不见了，请从备份恢复"
    return f"{delivery.month.chinese}{department.title}“{title}”：{why}"
