"""Which reports there are: the versions of a month as pages, mails and verbs speak of them.

A version's ``kind`` is draft, signed or recomputed. The *published* version of a month is its newest
signed one; the *standing* version is the published one, else the newest that is no recomputation.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from poverty_watch.ledger.models import ReportVersion
from poverty_watch.months import Month
from poverty_watch.settings import Settings

KIND_TITLES = {"draft": "草稿", "signed": "已签发", "recomputed": "补算"}
STANDING = "现行"


@dataclass(frozen=True)
class VersionCard:
    """One version of a month's report.

    ``files`` are the workbook, first, and what was made beside it, of those that are there;
    ``workbook`` is where the workbook belongs, there or not. ``marks`` are short Chinese words that
    a reader must see: 现行, 补算, 更正, 文件缺失. ``reason``: why a correction was made.
    """

    month: Month
    number: int
    kind: str
    workbook: Path
    files: tuple[Path, ...]
    sha256: str
    signed_by: str | None
    created_at: datetime
    is_standing: bool
    is_published: bool
    marks: tuple[str, ...]
    reason: str | None = None

    @property
    def state(self) -> str:
        """草稿, 已签发 or 补算."""
        return KIND_TITLES.get(self.kind, self.kind)

    @property
    def title(self) -> str:
        """What staff call it."""
        return f"{self.month.chinese}月报表第{self.number}版（{self.state}）"


def months_reported(session: Session) -> list[Month]:
    """The months that have a report of any kind, newest first."""
    rows = session.scalars(select(ReportVersion.month).distinct())
    return sorted((Month.parse(row) for row in rows), reverse=True)


def versions(session: Session, settings: Settings, month: Month) -> list[VersionCard]:
    """All versions of a month's report, newest first."""
    rows = list(
        session.scalars(
            select(ReportVersion)
            .where(ReportVersion.month == str(month))
            .order_by(ReportVersion.number.desc())
        )
    )
    counts = _standing(rows)
    return [_card(row, settings, counts) for row in rows]


def standing(session: Session, settings: Settings, month: Month) -> VersionCard | None:
    """The version that counts: the newest signed one, else the newest draft."""
    return next((c for c in versions(session, settings, month) if c.is_standing), None)


def published(session: Session, settings: Settings, month: Month) -> VersionCard | None:
    """The newest signed version; None while the month is not signed."""
    return next((c for c in versions(session, settings, month) if c.is_published), None)


def version(session: Session, settings: Settings, month: Month, number: int) -> VersionCard | None:
    """One version by its number."""
    return next((c for c in versions(session, settings, month) if c.number == number), None)


def standing_row(session: Session, month: Month) -> ReportVersion | None:
    """The ledger's entry of the version that counts."""
    return _standing(
        session.scalars(
            select(ReportVersion)
            .where(ReportVersion.month == str(month))
            .order_by(ReportVersion.number.desc())
        )
    )


def manifest_of(session: Session, month: Month, number: int) -> dict[str, Any]:
    """What a version was made from; empty where there is no such version."""
    row = session.scalars(
        select(ReportVersion).where(
            ReportVersion.month == str(month), ReportVersion.number == number
        )
    ).first()
    return dict(row.manifest) if row else {}


def _standing(rows: Iterable[ReportVersion]) -> ReportVersion | None:
    """Of rows newest first."""
    ordered = list(rows)
    for kinds in (("signed",), ("draft",), ("recomputed",)):
        for row in ordered:
            if row.kind in kinds:
                return row
    return None


def _card(row: ReportVersion, settings: Settings, standing: ReportVersion | None) -> VersionCard:
    workbook = settings.outbox / row.path
    manifest = row.manifest or {}
    beside = [workbook.with_name(name) for name in manifest.get("files", {})]
    all_files = list(dict.fromkeys([workbook, *beside]))
    files = tuple(path for path in all_files if path.is_file())
    is_standing = standing is not None and row.number == standing.number
    correction = manifest.get("corrects") or {}
    marks = [
        STANDING if is_standing else "",
        "补算" if "recomputed" in (row.kind, manifest.get("base")) else "",
        "更正" if correction else "",
        "文件缺失" if len(files) < len(all_files) else "",
    ]
    return VersionCard(
        month=Month.parse(row.month),
        number=row.number,
        kind=row.kind,
        workbook=workbook,
        files=files,
        sha256=row.sha256,
        signed_by=row.signed_by,
        created_at=row.created_at,
        is_standing=is_standing,
        is_published=is_standing and row.kind == "signed",
        marks=tuple(mark for mark in marks if mark),
        reason=correction.get("reason"),
    )
