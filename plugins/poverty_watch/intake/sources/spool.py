"""The spool: an inbox that sources fill, ``<home>/spool/<YYYY-MM>/<department id>/``."""

from __future__ import annotations

from dataclasses import replace

from poverty_watch.contracts import Catalogue, Department
from poverty_watch.intake.inbox import InboxFile, files_of
from poverty_watch.intake.sources.interface import Arrived, Source, SourceError
from poverty_watch.months import Month
from poverty_watch.settings import Settings


def spooled_files(
    month: Month, department: Department, settings: Settings, catalogue: Catalogue
) -> list[InboxFile]:
    """The department's files in the spool; their paths begin with the way they came."""
    way = department.card.arrives.way
    spool = settings.home / "spool"
    if way == "inbox" or not spool.is_dir():
        return []
    return [
        replace(file, path=f"{way}/{file.path}")
        for file in files_of(spool, month, department, catalogue)
    ]


def collect(
    month: Month,
    department: Department,
    settings: Settings,
    source: Source | None,
    *,
    may_ask: bool = True,
) -> Arrived:
    """Let a department's source fill the spool; nothing for one that uses the inbox folder.

    ``may_ask`` is False for a month that stays as it was taken: a database knows how things are
    today, not how they were when the month ended.

    Raises:
        SourceError: the source failed, or there is none although the department has one.
    """
    if department.card.arrives.way == "inbox":
        return Arrived()
    if source is None:
        raise SourceError(
            f"{department.title}的数据不是放在收件夹里的，要由流程连接取数，请在流程界面运行。"
        )
    if not may_ask:
        return Arrived()
    into = settings.home / "spool" / str(month) / department.id
    into.mkdir(parents=True, exist_ok=True, mode=0o700)
    return source.deliver(month, department, into)
