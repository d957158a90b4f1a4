"""Numbered, immutable report versions: made only when something that they show has changed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from poverty_watch.files import sha256_of, written_whole
from poverty_watch.ledger.journal import record
from poverty_watch.ledger.models import JournalEntry, ReportVersion
from poverty_watch.ledger.store import Ledger
from poverty_watch.months import Month
from poverty_watch.report.archive import Archive
from poverty_watch.report.briefing import TEMPLATE as BRIEFING
from poverty_watch.report.comparing import Version, as_rows, changes
from poverty_watch.report.drafting import FILE_WORDS, Correction, Draft, Kind, Made, composed
from poverty_watch.report.errors import LockError, ReportError
from poverty_watch.report.facts import Fates, newest_version
from poverty_watch.report.ground import DIVISIONS
from poverty_watch.report.library import KIND_TITLES, standing_row
from poverty_watch.report.locks import lock_of
from poverty_watch.settings import TEMPLATES, Settings

__all__ = ["DIVISIONS", "TEMPLATE", "Kind", "ReportResult", "build_report", "sign_report"]

TEMPLATE = TEMPLATES / "月报表.xlsx"
_HELD_BACK = "签发后数据有变化"
_UNLOCK = "如需更正，请先解锁：poverty-watch report unlock {month} --by 姓名 --reason 原因。"


@dataclass(frozen=True)
class ReportResult:
    """A report version, and whether this call made it.

    ``is_held_back``: the month is signed and locked and its data have changed since; the signed
    version stands, and nothing was made.
    """

    month: Month
    number: int
    kind: str
    path: Path
    is_new: bool
    is_held_back: bool = False

    @property
    def summary(self) -> str:
        """What a log or a page says about it."""
        title = f"{self.month.chinese}月报表第{self.number}版（{FILE_WORDS[self.kind]}）"
        if self.is_held_back:
            return f"{title}：已签发并锁定；签发后数据有变化，没有另出新版。{_UNLOCK.format(month=self.month)}"
        made = "已生成" if self.is_new else "与上一版内容相同，未另出新版"
        return f"{title}：{made}"


def build_report(
    month: Month,
    settings: Settings,
    ledger: Ledger,
    kind: Kind = "draft",
    template: Path = TEMPLATE,
    briefing: Path = BRIEFING,
    then: Fates | None = None,
) -> ReportResult:
    """Make the month's next report version, unless the newest one shows the same already.

    A signed month is locked: of changed data nothing is made until it is unlocked, but a
    recomputation, which never takes the place of what was signed. Files are written before the
    ledger names them, so a killed run leaves at most files that the next run writes again under the
    same number.

    Raises:
        ReportError: the month is not screened, figures do not agree, or the template is wrong.
    """
    with ledger.transaction() as session:
        _one_at_a_time(session)
        _put_back(session, settings, month)
        draft = composed(session, month, settings, kind, template, briefing, then)
        newest = _newest_of(session, month, kind)
        if newest is not None and newest.fingerprint == draft.fingerprint:
            path = _restored(session, settings, draft, newest)
            return ReportResult(month, newest.number, newest.kind, path, is_new=False)
        lock = lock_of(session, month)
        if kind == "draft" and lock is not None and lock.is_closed:
            signed = _numbered(session, month, lock.number)
            path = settings.outbox / signed.path
            _note_held_back(session, month, lock.number, draft.fingerprint)
            return ReportResult(month, lock.number, "signed", path, False, is_held_back=True)
        return _add_version(session, settings, draft, kind, None)


def sign_report(
    month: Month,
    settings: Settings,
    ledger: Ledger,
    signed_by: str,
    template: Path = TEMPLATE,
    briefing: Path = BRIEFING,
) -> ReportResult:
    """Make the newest draft of a month its signed version; signing twice changes nothing.

    Raises:
        LockError: another version is signed, and the month is not unlocked.
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
        draft = composed(session, month, settings, base, template, briefing)
        if newest.kind == "signed" and newest.fingerprint == draft.fingerprint:
            path = _restored(session, settings, draft, newest)
            return ReportResult(month, newest.number, "signed", path, is_new=False)
        lock = lock_of(session, month)
        if lock is not None and lock.is_closed:
            raise LockError(
                f"{month.chinese}月报第{lock.number}版已由{lock.signed_by}签发并锁定。"
                + _UNLOCK.format(month=month)
            )
        if newest.fingerprint != draft.fingerprint:
            raise ReportError(
                f"{month.chinese}月报表第{newest.number}版生成之后数据有变化，请重新生成草稿、核对后再签发。"
            )
        if draft.content.differences:
            listed = "\n".join(f"- {line}" for line in draft.content.differences)
            raise ReportError(
                f"期初与{(month - 1).chinese}报表的期末不一致，不能签发。"
                f"请先重新生成{(month - 1).chinese}报表：\n{listed}"
            )
        return _add_version(session, settings, draft, "signed", signed_by.strip())


def _one_at_a_time(session: Session) -> None:
    """Keep two runs from writing the same version; SQLite has one writer in any case."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("LOCK TABLE report_version IN SHARE ROW EXCLUSIVE MODE"))


def _note_held_back(session: Session, month: Month, number: int, fingerprint: str) -> None:
    """Write down that a locked month's data have changed: once for every state of the data."""
    last = session.scalars(
        select(JournalEntry)
        .where(JournalEntry.month == str(month), JournalEntry.action == _HELD_BACK)
        .order_by(JournalEntry.id.desc())
        .limit(1)
    ).first()
    if last is None or last.detail.get("fingerprint") != fingerprint:
        record(
            session,
            _HELD_BACK,
            f"{month.chinese}月报第{number}版",
            month=month,
            fingerprint=fingerprint,
        )


def _newest_of(session: Session, month: Month, kind: Kind) -> ReportVersion | None:
    """The newest version of a month that a report of this kind would follow."""
    rows = session.scalars(
        select(ReportVersion)
        .where(ReportVersion.month == str(month))
        .order_by(ReportVersion.number.desc())
    )
    return next((row for row in rows if row.manifest.get("base", "draft") == kind), None)


def _numbered(session: Session, month: Month, number: int) -> ReportVersion:
    return session.scalars(
        select(ReportVersion).where(
            ReportVersion.month == str(month), ReportVersion.number == number
        )
    ).one()


def _add_version(
    session: Session, settings: Settings, draft: Draft, kind: str, signed_by: str | None
) -> ReportResult:
    month = draft.month
    newest = newest_version(session, month)
    number = 1 if newest is None else newest.number + 1
    correction = _correction(session, settings, draft)
    made = draft.made(number, signed_by, correction)
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in made.files.items()}
    Archive(settings.lake).write(
        month, number, made.files, made.singles, made.tables, made.places, draft.content.behind
    )
    name = next(iter(made.files))
    place = Path(str(month)) / name
    for each, content in made.files.items():
        _write(settings.outbox / str(month) / each, content)
    session.add(
        ReportVersion(
            month=str(month),
            number=number,
            kind=kind,
            fingerprint=draft.fingerprint,
            path=str(place),
            sha256=hashes[name],
            manifest=draft.manifest(hashes, correction),
            signed_by=signed_by,
        )
    )
    told = (
        {} if correction is None else {"corrects": correction.number, "reason": correction.reason}
    )
    record(
        session,
        "签发报表" if signed_by else "生成报表",
        name,
        month=month,
        actor=signed_by or "系统",
        number=number,
        kind=kind,
        **told,
    )
    return ReportResult(month, number, kind, settings.outbox / place, is_new=True)


def _correction(session: Session, settings: Settings, draft: Draft) -> Correction | None:
    """What a new version corrects: the signed one; a recomputation is compared with what stands."""
    month = draft.month
    lock = lock_of(session, month)
    if draft.kind == "draft":
        if lock is None or lock.unlock is None:
            return None
        older = _numbered(session, month, lock.number)
        told = f"本版更正第{lock.number}版（已签发，签发人：{lock.signed_by}）。"
        leave = lock.unlock
        told += f"解锁：{leave.asked_by}申请，{leave.confirmed_by}确认。"
        return _compared(settings, draft, older, told, leave.reason)
    standing = standing_row(session, month)
    if standing is None or standing.kind == "recomputed":
        return None
    told = f"本版为补算，与第{standing.number}版（{KIND_TITLES[standing.kind]}）比较，不取代该版。"
    return _compared(settings, draft, standing, told, "补算")


def _compared(
    settings: Settings, draft: Draft, older: ReportVersion, told: str, reason: str
) -> Correction:
    kept = Archive(settings.lake).find(draft.month, older.number)
    if kept is None:
        return Correction(older.number, told, reason, None)
    old = Version(kept.tables, kept.places, kept.behind)
    new = Version(draft.content.tables, draft.places(), draft.content.behind)
    return Correction(older.number, told, reason, as_rows(changes(old, new)))


def _put_back(session: Session, settings: Settings, month: Month) -> None:
    """Put files of the month's versions back that were lost from the outbox and were kept."""
    archive = Archive(settings.lake)
    for row in session.scalars(select(ReportVersion).where(ReportVersion.month == str(month))):
        kept = archive.find(month, row.number)
        for name, digest in (row.manifest.get("files") or {}).items():
            path = settings.outbox / str(month) / name
            if kept and not path.exists() and _hash(kept.file(name)) == digest:
                _write(path, kept.file(name).read_bytes())


def _restored(session: Session, settings: Settings, draft: Draft, row: ReportVersion) -> Path:
    """Make files of a version again that were lost and not kept, and keep what was not kept.

    Raises:
        ReportError: they can no longer be made as they were.
    """
    path = settings.outbox / row.path
    wanted: dict[str, str] = row.manifest.get("files") or {path.name: row.sha256}
    kept = Archive(settings.lake).find(draft.month, row.number)
    lost = [name for name in wanted if not path.with_name(name).exists()]
    if kept is not None and not lost:
        return path
    made = _made_again(session, settings, draft, row)
    as_were = {n: hashlib.sha256(c).hexdigest() for n, c in made.files.items()} == wanted
    if lost and not as_were:
        raise ReportError(
            f"{'、'.join(lost)} 不见了，存档也没有，现在的程序不能原样重做。请从备份恢复。"
        )
    if as_were:
        Archive(settings.lake).write(
            draft.month, row.number, made.files, made.singles, made.tables, made.places,
            draft.content.behind,
        )  # fmt: skip
    for name in lost:
        _write(path.with_name(name), made.files[name])
    return path


def _hash(path: Path) -> str:
    return sha256_of(path) if path.is_file() else ""


def _made_again(session: Session, settings: Settings, draft: Draft, row: ReportVersion) -> Made:
    against = row.manifest.get("corrects") or row.manifest.get("compared_with")
    correction = None
    if against is not None:
        older = _numbered(session, draft.month, against["number"])
        correction = _compared(settings, draft, older, against["told"], against["reason"])
    return draft.made(row.number, row.signed_by, correction)


def _write(path: Path, content: bytes) -> None:
    with written_whole(path) as beside:
        beside.write_bytes(content)
