"""The book of months that were computed again: who asked, why, what came of it, who looked at it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from poverty_watch.ledger.deliveries import InForce
from poverty_watch.ledger.errors import LedgerError
from poverty_watch.ledger.journal import record
from poverty_watch.ledger.models import Recomputation, ReportVersion, now
from poverty_watch.months import Month

Known = Literal["now", "then"]
KNOWN_TITLES = {"now": "按现在所知", "then": "按当时所知"}
STATUS_TITLES = {"running": "未办完", "done": "完成", "failed": "未完成"}
NOT_STATED = "未写明"


@dataclass(frozen=True)
class Request:
    """What is asked for: an empty ``reason`` or ``by`` was not stated."""

    batch: str
    run: str
    known: Known = "now"
    reason: str = ""
    by: str = ""


@dataclass(frozen=True)
class Then:
    """What the standing report of a month was made from: deliveries, and each dataset's fate.

    ``datasets``: per dataset its ``status`` and, where it was in force, its ``version``.
    """

    report: int
    deliveries: tuple[InForce, ...]
    datasets: Mapping[str, Mapping[str, Any]]


def known_then(session: Session, month: Month) -> Then | None:
    """The ground of the newest signed report, else of the newest draft; None where there is none."""
    rows = list(
        session.scalars(
            select(ReportVersion)
            .where(ReportVersion.month == str(month), ReportVersion.kind.in_(("signed", "draft")))
            .order_by(ReportVersion.number.desc())
        )
    )
    standing = next((row for row in rows if row.kind == "signed"), rows[0] if rows else None)
    if standing is None:
        return None
    deliveries = tuple(
        InForce(
            each["dataset"],
            Month.parse(each["month"]),
            each["version"],
            each["status"],
            each["content_sha256"],
        )
        for each in standing.manifest["deliveries"]
    )
    return Then(standing.number, deliveries, standing.manifest["datasets"])


def begin(session: Session, month: Month, request: Request) -> Recomputation:
    """Enter a month that is being computed again; a run that is repeated keeps its entry."""
    entry = of_run(session, month, request.run)
    if entry is None:
        entry = Recomputation(
            month=str(month),
            batch=request.batch,
            run=request.run,
            known=request.known,
            reason=request.reason.strip(),
            asked_by=request.by.strip(),
            standing=_newest_number(session, month),
        )
        session.add(entry)
        record(
            session,
            "补算开始",
            request.batch,
            month=month,
            actor=request.by.strip() or NOT_STATED,
            reason=request.reason.strip() or NOT_STATED,
            known=request.known,
        )
    return entry


def finish(session: Session, month: Month, run: str, made: int, *, is_new: bool) -> None:
    """A month is computed: the number of its report, and whether that is a new one."""
    entry = of_run(session, month, run)
    if entry is None or entry.status == "done":
        return
    entry.status, entry.made, entry.changed = "done", made, is_new
    entry.told = _outcome(session, month, made, is_new=is_new)
    entry.finished_at = now()
    record(session, "补算完成", entry.batch, month=month, number=made, told=entry.told)


def _outcome(session: Session, month: Month, made: int, *, is_new: bool) -> str:
    version = session.scalar(
        select(ReportVersion).where(ReportVersion.month == str(month), ReportVersion.number == made)
    )
    compared = version.manifest.get("compared_with") if version else None
    said = f"新出第{made}版" if is_new else f"与补算的第{made}版相同，没有另出"
    if not compared:
        return f"{said}；没有可比的现行月报"
    cells = compared.get("cells")
    stood = f"与现行第{compared['number']}版比较"
    if cells is None:
        return f"{said}；{stood}：那一版的内容没有留存，比不了"
    return f"{said}；{stood}：{f'{cells}处不同，见差异表' if cells else '一格不差'}"


def fail(session: Session, month: Month, run: str, told: str) -> None:
    """A month cannot be computed, and why."""
    entry = of_run(session, month, run)
    if entry is not None and entry.status == "running":
        entry.status, entry.told, entry.finished_at = "failed", told, now()
        record(session, "补算未完成", entry.batch, month=month, told=told)


def of_run(session: Session, month: Month, run: str) -> Recomputation | None:
    """The entry of one run of Airflow."""
    return session.scalar(
        select(Recomputation).where(Recomputation.month == str(month), Recomputation.run == run)
    )


def listed(session: Session, batch: str | None = None) -> list[Recomputation]:
    """Entries, the newest batch first, months in order."""
    wanted = select(Recomputation).order_by(Recomputation.id)
    if batch:
        wanted = wanted.where(Recomputation.batch == batch)
    by_batch: dict[str, list[Recomputation]] = {}
    for entry in session.scalars(wanted):
        by_batch.setdefault(entry.batch, []).append(entry)
    return [entry for batch in reversed(by_batch) for entry in _in_order(by_batch[batch])]


def _in_order(entries: Iterable[Recomputation]) -> list[Recomputation]:
    return sorted(entries, key=lambda entry: (entry.month, entry.id))


def review(session: Session, batch: str, by: str, remark: str) -> int:
    """Write down that a second person has looked at a batch; the number of its months.

    Raises:
        LedgerError: there is none of that name, it is not finished, was reviewed already, or it is
            who asked for it.
    """
    if not by.strip():
        raise LedgerError("复核要写明复核人。")
    entries = listed(session, batch)
    if not entries:
        raise LedgerError(
            f"没有编号为“{batch}”的补算。请执行 poverty-watch recomputations 查看编号。"
        )
    open_months = [entry.month for entry in entries if entry.status == "running"]
    if open_months:
        raise LedgerError(f"{batch} 还没有办完：{'、'.join(open_months)}。请等补算结束再复核。")
    if any(entry.asked_by == by.strip() for entry in entries):
        raise LedgerError(f"{by.strip()}是要求补算的人，请由另一个人复核。")
    if any(entry.reviewed_by for entry in entries):
        raise LedgerError(f"{batch} 已由{entries[0].reviewed_by}复核过。")
    for entry in entries:
        entry.reviewed_by, entry.reviewed_at, entry.review = by.strip(), now(), remark.strip()
    record(session, "补算复核", batch, actor=by.strip(), remark=remark.strip())
    return len(entries)


def _newest_number(session: Session, month: Month) -> int | None:
    return session.scalar(
        select(ReportVersion.number)
        .where(ReportVersion.month == str(month))
        .order_by(ReportVersion.number.desc())
        .limit(1)
    )
