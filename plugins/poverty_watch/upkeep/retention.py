"""Erase what the county need not keep any longer, and write down that it was erased.

This is the one exception to "what was delivered never changes": the law asks for it. Months, counts
and results stay; contents go.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from poverty_watch.contracts import load_catalogue
from poverty_watch.lake.screenings import Screenings
from poverty_watch.lake.versions import Lake
from poverty_watch.ledger.journal import record
from poverty_watch.ledger.models import Finding, Purge, SeenFile
from poverty_watch.ledger.store import Ledger
from poverty_watch.months import Month, MonthError
from poverty_watch.settings import REFERENCE, SQL, Settings
from poverty_watch.upkeep.asset_evidence import (
    ASSET,
    ERASED,
    Key,
    blank_findings,
    findings_to_blank,
)
from poverty_watch.upkeep.errors import UpkeepError

POLICY = REFERENCE / "retention.yaml"
_TITLES = {
    "raw": "原始文件",
    "rows": "资产数据",
    "evidence": "已办结的资产问题内容",
    "computed": "比对结果里的资产内容",
    "sheets": "含完整号码的文件",
    "logs": "运行日志",
}
# Below the outbox's month: the report itself holds nobody's number and stays.
_KEPT_IN_OUTBOX = ("月报表_", "简报_")

_Months = Annotated[int, Field(ge=0)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AssetPolicy(_Strict):
    """How long rows of asset datasets, and what was found by them, are kept."""

    months: _Months
    datasets: tuple[str, ...]


class Retention(_Strict):
    """``include/reference/retention.yaml``; 0 keeps for ever."""

    raw: _Months
    sheets: _Months
    logs: _Months
    assets: AssetPolicy

    @classmethod
    def from_file(cls, path: Path = POLICY) -> Retention:
        """Read the policy.

        Raises:
            UpkeepError: it is wrong, or names a dataset that there is not.
        """
        try:
            policy = cls.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
        except (ValueError, yaml.YAMLError) as error:
            raise UpkeepError(f"{path.name} 写得不对：{error}") from error
        contracts = load_catalogue().contracts
        # Of increments, and where SQL looks back, later months ask what was there before.
        sql = "".join(file.read_text(encoding="utf-8") for file in SQL.rglob("*.sql"))
        wrong = [
            name
            for name in policy.assets.datasets
            if name not in contracts
            or contracts[name].kind != "snapshot"
            or f"{name}_previous" in sql
            or f"{name}_history" in sql
        ]
        if wrong:
            raise UpkeepError(
                f"{path.name} 里的 {'、'.join(wrong)} 不能这样清除："
                "只能写月末全量、以后的月份不再用到的数据。"
            )
        return policy


@dataclass(frozen=True)
class Due:
    """What is due for erasure of one kind and month: ``paths``, or ``findings`` by their ids.

    Of ``computed`` the paths stay, without what they say of property; ``spared`` is still asked about.
    """

    kind: str
    month: Month
    what: str
    keep_months: int
    dataset: str = ""
    paths: tuple[Path, ...] = ()
    findings: tuple[int, ...] = ()
    spared: frozenset[Key] = frozenset()
    bytes: int = 0

    @property
    def items(self) -> int:
        """How many files or findings."""
        return len(self.paths) + len(self.findings)

    @property
    def told(self) -> str:
        """One Chinese line."""
        size = f"，{self.bytes / 1024 / 1024:.1f} MB" if self.paths else ""
        unit = "个文件" if self.paths else "件"
        return (
            f"{self.month.chinese}{_TITLES[self.kind]}（{self.what}）：{self.items} {unit}{size}，"
            f"保存期限 {self.keep_months} 个月"
        )


def due(settings: Settings, ledger: Ledger, today: date, policy: Retention) -> list[Due]:
    """All that is due on a day; changes nothing."""
    with ledger.transaction() as session:
        found = [
            *_raw(session, settings, today, policy.raw),
            *_rows(settings, today, policy.assets),
            *_evidence(session, today, policy.assets.months),
            *_computed(session, settings, today, policy.assets.months),
        ]
    found += [*_sheets(settings, today, policy.sheets), *_logs(settings, today, policy.logs)]
    return sorted(found, key=lambda one: (one.month, one.kind, one.dataset))


def purge(settings: Settings, ledger: Ledger, things: Iterable[Due], actor: str) -> int:
    """Erase; each thing is written down first, so that a kill leaves no gap without a record.

    A thing that was written down and not erased wholly is due again, and erased by the next call.

    Returns:
        How many files and findings were erased.

    Raises:
        UpkeepError: nobody is named who does it.
    """
    if not actor.strip():
        raise UpkeepError("清除要写明经手人。")
    erased = 0
    for thing in things:
        with ledger.transaction() as session:
            session.add(
                Purge(
                    purged_by=actor,
                    kind=thing.kind,
                    month=str(thing.month),
                    dataset=thing.dataset,
                    what=thing.what,
                    items=thing.items,
                    bytes=thing.bytes,
                    keep_months=thing.keep_months,
                )
            )
            record(
                session,
                "到期清除",
                thing.what,
                month=thing.month,
                actor=actor,
                kind=thing.kind,
                items=thing.items,
                keep_months=thing.keep_months,
            )
            for finding in session.scalars(select(Finding).where(Finding.id.in_(thing.findings))):
                finding.evidence = dict(ERASED)
        for path in thing.paths:
            if thing.kind == "computed":
                blank_findings(path, thing.spared)
            elif path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        erased += thing.items
    return erased


def is_over(month: Month, keep_months: int, today: date) -> bool:
    """Whether a month's things have been kept long enough; 0 is for ever."""
    return keep_months > 0 and Month.of(today) > month + keep_months


def _raw(session: Session, settings: Settings, today: date, keep: int) -> Iterator[Due]:
    """Files by content: one that a younger month delivered as well stays."""
    newest: dict[str, Month] = {}
    for sha256, text in session.execute(select(SeenFile.sha256, SeenFile.month)).tuples():
        if sha256:
            newest[sha256] = max(Month.parse(text), newest.get(sha256, Month.parse(text)))
    by_month: dict[Month, list[Path]] = {}
    for sha256, month in newest.items():
        if is_over(month, keep, today):
            by_month.setdefault(month, []).extend(settings.raw.glob(f"{sha256[:2]}/{sha256}*"))
    for month, paths in by_month.items():
        if paths:
            yield _due_files("raw", month, "部门报来的原始文件", keep, sorted(paths))


def _rows(settings: Settings, today: date, policy: AssetPolicy) -> Iterator[Due]:
    lake, catalogue = Lake(settings.lake), load_catalogue()
    for dataset in policy.datasets:
        for folder in _month_folders(lake.root / dataset):
            month = Month.parse(folder.name)
            if is_over(month, policy.months, today):
                title = catalogue.contract(dataset).title
                yield _due_files("rows", month, title, policy.months, [folder], dataset)


def _evidence(session: Session, today: date, keep: int) -> Iterator[Due]:
    by_month: dict[Month, list[int]] = {}
    for finding in session.scalars(select(Finding).where(Finding.outcome == ASSET)):
        ended = finding.closed_month or finding.settled_month
        if ended and "erased" not in (finding.evidence or {}):
            by_month.setdefault(Month.parse(ended), []).append(finding.id)
    for month, ids in by_month.items():
        if is_over(month, keep, today):
            yield Due("evidence", month, "待入户说明", keep, findings=tuple(sorted(ids)))


def _computed(session: Session, settings: Settings, today: date, keep: int) -> Iterator[Due]:
    for folder in _month_folders(Screenings(settings.lake).root):
        month = Month.parse(folder.name)
        if not is_over(month, keep, today):
            continue
        # The newest words of a question that is still open are what its list says.
        asked = select(Finding).where(
            Finding.outcome == ASSET,
            Finding.closed_month.is_(None),
            Finding.settled_month.is_(None),
            Finding.seen_month == str(month),
        )
        spared = frozenset(
            (one.comparison_id, one.subject, one.subject_id, one.dataset)
            for one in session.scalars(asked)
        )
        paths = findings_to_blank(folder, spared)
        if paths:
            sizes = sum(path.stat().st_size for path in paths)
            what = "待入户说明，条数不变"
            yield Due("computed", month, what, keep, paths=paths, spared=spared, bytes=sizes)


def _sheets(settings: Settings, today: date, keep: int) -> Iterator[Due]:
    for folder in _month_folders(settings.outbox):
        month = Month.parse(folder.name)
        if is_over(month, keep, today):
            paths = [p for p in sorted(folder.iterdir()) if not p.name.startswith(_KEPT_IN_OUTBOX)]
            if paths:
                yield _due_files("sheets", month, "、".join(p.name for p in paths), keep, paths)


def _logs(settings: Settings, today: date, keep: int) -> Iterator[Due]:
    by_month: dict[Month, list[Path]] = {}
    # In production they lie elsewhere, and Airflow is told by this where.
    folder = Path(os.environ.get("AIRFLOW__LOGGING__BASE_LOG_FOLDER") or settings.airflow / "logs")
    for path in folder.rglob("*.log") if folder.is_dir() else ():
        written = Month.of(date.fromtimestamp(path.stat().st_mtime))
        if is_over(written, keep, today):
            by_month.setdefault(written, []).append(path)
    for month, paths in by_month.items():
        yield _due_files("logs", month, "运行日志", keep, sorted(paths))


def _month_folders(root: Path) -> Iterator[Path]:
    for folder in sorted(root.iterdir()) if root.is_dir() else ():
        try:
            Month.parse(folder.name)
        except MonthError:
            continue
        if folder.is_dir() and any(folder.iterdir()):
            yield folder


def _due_files(
    kind: str, month: Month, what: str, keep: int, paths: list[Path], dataset: str = ""
) -> Due:
    sizes = [_size(path) for path in paths]
    return Due(kind, month, what, keep, dataset, tuple(paths), bytes=sum(sizes))


def _size(path: Path) -> int:
    if path.is_dir():
        return sum(each.stat().st_size for each in path.rglob("*") if each.is_file())
    return path.stat().st_size
