"""What the ledger and the lake know about a month, as plain values: the report's only input."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

import pyarrow as pa
from sqlalchemy import case, or_, select
from sqlalchemy.orm import Session

from poverty_watch.files import read_yaml
from poverty_watch.lake.screenings import Screenings
from poverty_watch.ledger.deliveries import Fulfilled, fates, fulfilled
from poverty_watch.ledger.findings import (
    FindingCounts,
    counts,
    mended_in,
    open_after,
    opened_in,
)
from poverty_watch.ledger.models import (
    Delivery,
    Finding,
    Lead,
    ReportVersion,
    Screening,
    Task,
    TaskReason,
)
from poverty_watch.ledger.outcomes import help_given, lead_fates, still_unhelped
from poverty_watch.ledger.screenings import current_screening
from poverty_watch.months import Month
from poverty_watch.report.errors import ReportError
from poverty_watch.report.library import standing_row
from poverty_watch.settings import REFERENCE, Settings


@dataclass(frozen=True)
class DatasetFate:
    """What became of a dataset; counts are None where no delivery is in force.

    ``fulfilled`` says when it first came, None where nothing that counts has.
    """

    status: str
    version: int | None
    data_rows: int | None
    accepted_rows: int | None
    rejected_rows: int | None
    faults: dict[str, int]
    messages: tuple[str, ...]
    fulfilled: Fulfilled | None = None


@dataclass(frozen=True)
class Facts:
    """The inputs of a month's report.

    ``leads`` has household_id, township, reasons; ``tasks`` household_id, is_open; ``closing`` is
    期末未消除 of the newest report of the month before ({township: {class: [households,
    persons]}}), None where there is none. ``lead_fates`` has the columns of `LeadFate`. ``findings``:
    表三 by comparison and township; ``finding_rows`` those findings one by one. ``help_given``: help
    written down here by the end of the month (household_id, township, kind, first_done_on);
    ``unhelped``: household_id, township of those recognised here who wait for it too long.
    """

    month: Month
    screening: Screening
    fates: dict[str, DatasetFate]
    leads: pa.Table
    tasks: pa.Table
    closing: dict[str, dict[str, list[int]]] | None
    lead_fates: pa.Table
    help_given: pa.Table
    unhelped: pa.Table
    finding_rows: pa.Table
    findings: tuple[FindingCounts, ...] = ()


def newest_version(session: Session, month: Month) -> ReportVersion | None:
    """The newest report version of a month."""
    return session.scalars(
        select(ReportVersion)
        .where(ReportVersion.month == str(month))
        .order_by(ReportVersion.number.desc())
        .limit(1)
    ).first()


Fates = Mapping[str, Mapping[str, Any]]
"""Per dataset its ``status`` and ``version``, as a report's manifest keeps them."""


def gather(
    session: Session, month: Month, *, is_recomputed: bool = False, then: Fates | None = None
) -> Facts:
    """Read a month's facts.

    What was reported for the month before is its standing version; a recomputed month follows the
    newest one, which may be recomputed too.

    Raises:
        ReportError: the month was not screened yet.
    """
    screening = current_screening(session, month)
    if screening is None:
        raise ReportError(
            f"{month.chinese}还没有完成数据比对，不能生成报表。请先运行比对和预警；"
            "如果名册没有送到，请先补送名册。"
        )
    last = newest_version if is_recomputed else standing_row
    before = last(session, month - 1)
    return Facts(
        month=month,
        screening=screening,
        fates=dataset_fates(session, month, then),
        leads=_leads(session, month),
        tasks=_tasks(session, month),
        closing=None if before is None else before.manifest.get("closing"),
        lead_fates=_lead_fates(session, month),
        help_given=_help_given(session, month),
        unhelped=_unhelped(session, month),
        finding_rows=_finding_rows(session, month),
        findings=tuple(counts(session, month)),
    )


def dataset_fates(
    session: Session, month: Month, then: Fates | None = None
) -> dict[str, DatasetFate]:
    """What became of every dataset of the month that intake has settled, by dataset.

    Where ``then`` says that another version counted, or none, it is that one's fate.
    """
    found = _fates_now(session, month)
    for dataset, old in (then or {}).items():
        now = found.get(dataset)
        if now is None or (now.status, now.version) != (old["status"], old["version"]):
            found[dataset] = _fate_then(session, month, dataset, old)
    return {name: fate for name, fate in found.items() if then is None or name in then}


def _fate_then(session: Session, month: Month, dataset: str, old: Mapping[str, Any]) -> DatasetFate:
    delivery = session.scalar(
        select(Delivery).where(
            Delivery.month == str(month),
            Delivery.dataset == dataset,
            Delivery.version == old["version"],
        )
    )
    if delivery is None:
        return DatasetFate(old["status"], None, None, None, None, {}, ())
    return DatasetFate(
        status=old["status"],
        version=delivery.version,
        data_rows=delivery.data_rows,
        accepted_rows=delivery.accepted_rows,
        rejected_rows=delivery.rejected_rows,
        faults=dict(delivery.faults or {}),
        messages=tuple(delivery.messages or ()),
        fulfilled=fulfilled(session, month).get(dataset),
    )


def _fates_now(session: Session, month: Month) -> dict[str, DatasetFate]:
    found: dict[str, DatasetFate] = {}
    arrived = fulfilled(session, month)
    for fate in fates(session, month):
        delivery = fate.delivery
        found[fate.dataset] = DatasetFate(
            status=fate.status,
            version=delivery.version if delivery else None,
            data_rows=delivery.data_rows if delivery else None,
            accepted_rows=delivery.accepted_rows if delivery else None,
            rejected_rows=delivery.rejected_rows if delivery else None,
            faults=dict(delivery.faults or {}) if delivery else {},
            messages=tuple(fate.messages or ()),
            fulfilled=arrived.get(fate.dataset),
        )
    return found


def computed_table(settings: Settings, facts: Facts, name: str) -> pa.Table | None:
    """A table of the month's screening; None if the screening has none of that name."""
    screenings = Screenings(settings.lake)
    path = screenings.path(facts.month, facts.screening.fingerprint, name)
    if not path.exists():
        return None
    return screenings.read(facts.month, facts.screening.fingerprint, name)


def _leads(session: Session, month: Month) -> pa.Table:
    rows = session.execute(
        select(Lead.household_id, Lead.township, Lead.reasons)
        .where(Lead.month == str(month), Lead.status == "raised")
        .order_by(Lead.household_id)
    ).all()
    return pa.table(
        {
            "household_id": pa.array([row.household_id for row in rows], pa.string()),
            "township": pa.array([row.township for row in rows], pa.string()),
            "reasons": pa.array([sorted(row.reasons) for row in rows], pa.list_(pa.string())),
        }
    )


_FATES = pa.schema(
    [
        ("household_id", pa.string()),
        ("township", pa.string()),
        ("source", pa.string()),
        ("is_verified", pa.bool_()),
        ("is_in_time", pa.bool_()),
        ("is_confirmed", pa.bool_()),
        ("fate", pa.string()),
    ]
)


def _lead_fates(session: Session, month: Month) -> pa.Table:
    rows = [asdict(fate) for fate in lead_fates(session, month)]
    return pa.Table.from_pylist(rows, schema=_FATES)


_HELP = pa.schema(
    [
        ("household_id", pa.string()),
        ("township", pa.string()),
        ("kind", pa.string()),
        ("first_done_on", pa.date32()),
    ]
)


def _help_given(session: Session, month: Month) -> pa.Table:
    return pa.Table.from_pylist(
        [asdict(one) for one in help_given(session, month)],
        schema=_HELP,
    )


def _unhelped(session: Session, month: Month) -> pa.Table:
    waiting = still_unhelped(session, month, help_policy()["late_days"])
    return pa.table(
        {
            "township": pa.array([township for township, _ in waiting], pa.string()),
            "household_id": pa.array([household for _, household in waiting], pa.string()),
        }
    )


@lru_cache(maxsize=1)
def help_policy() -> dict[str, Any]:
    """``include/reference/measures.yaml``: kinds of help, late_days, risks with their departments."""
    content: dict[str, Any] = read_yaml((REFERENCE / "measures.yaml").read_text(encoding="utf-8"))
    return content


_FINDINGS = pa.schema(
    [
        ("id", pa.int64()),
        ("comparison_id", pa.string()),
        ("household_id", pa.string()),
        ("township", pa.string()),
        ("village", pa.string()),
        ("dataset", pa.string()),
        ("is_opened", pa.bool_()),
        ("is_mended", pa.bool_()),
        ("is_open", pa.bool_()),
    ]
)


def _finding_rows(session: Session, month: Month) -> pa.Table:
    conditions = {"is_opened": opened_in, "is_mended": mended_in, "is_open": open_after}
    shown = {name: condition(month) for name, condition in conditions.items()}
    columns = [getattr(Finding, name) for name in _FINDINGS.names if name not in shown]
    rows = session.execute(
        select(*columns, *(case((c, 1), else_=0).label(name) for name, c in shown.items()))
        .where(or_(*shown.values()))
        .order_by(Finding.id)
    ).mappings()
    return pa.Table.from_pylist(
        [dict(row) | {name: bool(row[name]) for name in shown} for row in rows],
        schema=_FINDINGS,
    )


def _tasks(session: Session, month: Month) -> pa.Table:
    of_month = select(TaskReason.task_id).where(
        TaskReason.since <= str(month), TaskReason.month >= str(month)
    )
    rows: Any = session.execute(
        select(Task.household_id, Task.status)
        .where(or_(Task.month == str(month), Task.id.in_(of_month)))
        .order_by(Task.household_id, Task.id)
    ).all()
    return pa.table(
        {
            "household_id": pa.array([row.household_id for row in rows], pa.string()),
            "is_open": pa.array([row.status == "open" for row in rows], pa.bool_()),
        }
    )
