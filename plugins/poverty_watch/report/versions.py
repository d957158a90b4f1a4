"""Numbered, immutable report versions: made only when something that they show has changed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, time
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from poverty_watch.contracts import load_catalogue
from poverty_watch.files import sha256_of, written_whole
from poverty_watch.ledger.journal import record
from poverty_watch.ledger.models import ReportVersion
from poverty_watch.ledger.store import Ledger
from poverty_watch.months import Month
from poverty_watch.report import queries, stocks
from poverty_watch.report.content import Content, compose
from poverty_watch.report.errors import ReportError
from poverty_watch.report.facts import Facts, computed_table, gather, newest_version
from poverty_watch.report.workbook import render
from poverty_watch.settings import REFERENCE, TEMPLATES, Settings

Kind = Literal["draft", "recomputed"]
TEMPLATE = TEMPLATES / "月报表.xlsx"
DIVISIONS = REFERENCE / "divisions_530521.csv"

_FILE_WORDS = {"draft": "草稿", "signed": "签发", "recomputed": "补算"}
_STATUS_WORDS = {"draft": "草稿（未签发）", "recomputed": "补算（未签发）"}


@dataclass(frozen=True)
class ReportResult:
    """A report version, and whether this call made it."""

    month: Month
    number: int
    kind: str
    path: Path
    is_new: bool

    @property
    def summary(self) -> str:
        """What a log or a page says about it."""
        made = "已生成" if self.is_new else "与上一版内容相同，未另出新版"
        return f"{self.month.chinese}月报表第{self.number}版（{_FILE_WORDS[self.kind]}）：{made}"


@dataclass(frozen=True)
class _Draft:
    """A report that is composed but not numbered yet."""

    facts: Facts
    content: Content
    kind: Kind
    template: Path

    @property
    def fingerprint(self) -> str:
        """Of everything that the report shows and of what it was made with."""
        parts = [
            self.kind,
            self.facts.screening.fingerprint,
            self.content.sha256(),
            sha256_of(self.template) if self.template.exists() else "",
            queries.hashes(),
        ]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    def workbook(self, number: int, signed_by: str | None) -> bytes:
        """The bytes of one version."""
        status = _STATUS_WORDS[self.kind]
        if signed_by is not None:
            again = "补算，" if self.kind == "recomputed" else ""
            status = f"{again}已签发　签发人：{signed_by}"
        singles = self.content.singles | {"签发状态": status, "报表版本": f"第{number}版"}
        as_of = datetime.combine(self.facts.month.last_day, time())
        return render(self.template, singles, self.content.tables, as_of)

    def manifest(self) -> dict[str, Any]:
        """What the version was made from."""
        screening = self.facts.screening
        return {
            "base": self.kind,
            "screening": screening.fingerprint,
            "deliveries": screening.inputs,
            "serving": screening.serving,
            "checks": screening.checks,
            "datasets": {
                dataset: {"status": fate.status, "version": fate.version}
                for dataset, fate in sorted(self.facts.fates.items())
            },
            "template": sha256_of(self.template),
            "queries": queries.hashes(),
            "closing": self.content.closing,
            "differences": self.content.differences,
        }


def build_report(
    month: Month,
    settings: Settings,
    ledger: Ledger,
    kind: Kind = "draft",
    template: Path = TEMPLATE,
) -> ReportResult:
    """Make the month's next report version, unless the newest one shows the same already.

    The file is written before the ledger names it, so a killed run leaves at most a file that the
    next run writes again under the same number.

    Raises:
        ReportError: the month is not screened, figures do not agree, or the template is wrong.
    """
    with ledger.transaction() as session:
        _one_at_a_time(session)
        draft = _compose(session, month, settings, kind, template)
        newest = newest_version(session, month)
        if newest is not None and newest.fingerprint == draft.fingerprint:
            path = settings.outbox / newest.path
            if not path.exists():
                _write(path, draft.workbook(newest.number, newest.signed_by))
            return ReportResult(month, newest.number, newest.kind, path, is_new=False)
        return _add_version(session, settings, draft, newest, kind, None)


def sign_report(
    month: Month,
    settings: Settings,
    ledger: Ledger,
    signed_by: str,
    template: Path = TEMPLATE,
) -> ReportResult:
    """Make the newest draft of a month its signed version; signing twice changes nothing.

    Raises:
        ReportError: there is no draft, the data moved on since, or the opening stock is not the
            closing stock that was last reported.
    """
    if not signed_by.strip():
        raise ReportError("签发需要写明签发人。")
    with ledger.transaction() as session:
        _one_at_a_time(session)
        newest = newest_version(session, month)
        if newest is None:
            raise ReportError(f"{month.chinese}还没有报表草稿，请先生成报表再签发。")
        base: Kind = "recomputed" if newest.manifest.get("base") == "recomputed" else "draft"
        draft = _compose(session, month, settings, base, template)
        if newest.fingerprint != draft.fingerprint:
            raise ReportError(
                f"{month.chinese}报表第{newest.number}版生成之后数据有变化，请重新生成草稿、核对后再签发。"
            )
        if newest.kind == "signed":
            path = settings.outbox / newest.path
            if not path.exists():
                _write(path, draft.workbook(newest.number, newest.signed_by))
            return ReportResult(month, newest.number, "signed", path, is_new=False)
        if draft.content.differences:
            listed = "\n".join(f"- {line}" for line in draft.content.differences)
            raise ReportError(
                f"期初与{(month - 1).chinese}报表的期末不一致，不能签发。"
                f"请先重新生成{(month - 1).chinese}报表：\n{listed}"
            )
        return _add_version(session, settings, draft, newest, "signed", signed_by.strip())


def content_of(
    session: Session, settings: Settings, month: Month, number: int, template: Path = TEMPLATE
) -> Content:
    """What a version shows, as long as the data that it was made from have not moved on.

    Raises:
        ReportError: there is no such version, or the data are no longer the same.
    """
    row = session.scalars(
        select(ReportVersion).where(
            ReportVersion.month == str(month), ReportVersion.number == number
        )
    ).first()
    if row is None:
        raise ReportError(f"{month.chinese}没有第{number}版报表。")
    base: Kind = "recomputed" if row.manifest.get("base") == "recomputed" else "draft"
    draft = _compose(session, month, settings, base, template)
    if draft.fingerprint != row.fingerprint:
        raise ReportError(
            f"{month.chinese}报表第{number}版生成之后数据有变化，做不出与它一致的分表。"
            "请重新生成、签发后再发；只发月报表的，在 mailings.yaml 里去掉 extract。"
        )
    return draft.content


def _one_at_a_time(session: Session) -> None:
    """Keep two runs from writing the same version; SQLite has one writer in any case."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("LOCK TABLE report_version IN SHARE ROW EXCLUSIVE MODE"))


def _compose(
    session: Session, month: Month, settings: Settings, kind: Kind, template: Path
) -> _Draft:
    facts = gather(session, month)
    counted, register, has_previous = month_stocks(facts, settings)
    content = compose(
        facts, counted, register, load_catalogue(), stocks.county_name(DIVISIONS), has_previous
    )
    return _Draft(facts, content, kind, template)


def month_stocks(facts: Facts, settings: Settings) -> tuple[stocks.Stocks, pa.Table, bool]:
    """表一 of a screened month, its register, and whether there is a snapshot of the month before.

    Raises:
        ReportError: the screening has no register rows.
    """
    month = facts.month
    register = computed_table(settings, facts, "register_stock")
    if register is None:
        raise ReportError(
            f"{month.chinese}的比对结果不完整（没有名册存量），请重新运行比对后再生成报表。"
        )
    previous = computed_table(settings, facts, "register_stock_previous")
    if previous is not None and not _is_snapshot(previous):
        previous = None
    counted = stocks.stocks_and_flows(
        month,
        register,
        previous,
        stocks.township_names(DIVISIONS),
        stocks.classes_of(load_catalogue().contract("monitoring_register"), month),
    )
    return counted, register, previous is not None


def _is_snapshot(previous: pa.Table) -> bool:
    """Whether the rows are a snapshot, and not the placeholder for there being none."""
    mark = (previous.schema.metadata or {}).get(b"has_snapshot")
    return bool(previous.num_rows > 0 if mark is None else mark == b"true")


def _add_version(
    session: Session,
    settings: Settings,
    draft: _Draft,
    newest: ReportVersion | None,
    kind: str,
    signed_by: str | None,
) -> ReportResult:
    month = draft.facts.month
    number = 1 if newest is None else newest.number + 1
    name = f"月报表_{month.chinese}_第{number}版_{_FILE_WORDS[kind]}.xlsx"
    place = Path(str(month)) / name
    path = settings.outbox / place
    _write(path, draft.workbook(number, signed_by))
    session.add(
        ReportVersion(
            month=str(month),
            number=number,
            kind=kind,
            fingerprint=draft.fingerprint,
            path=str(place),
            sha256=sha256_of(path),
            manifest=draft.manifest(),
            signed_by=signed_by,
        )
    )
    record(
        session,
        "签发报表" if signed_by else "生成报表",
        name,
        month=month,
        actor=signed_by or "系统",
        number=number,
        kind=kind,
    )
    return ReportResult(month, number, kind, path, is_new=True)


def _write(path: Path, content: bytes) -> None:
    with written_whole(path) as beside:
        beside.write_bytes(content)
