"""What became of a month's leads, and what help there was: counts for the report."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from sqlalchemy import Executable, Row, and_, exists, func, literal, select
from sqlalchemy.orm import Session, aliased

from poverty_watch.ledger.models import Case, CaseStep, Lead, Measure, Task, TaskReason
from poverty_watch.months import Month

LED, SELF_REPORT, CADRE = "lead", "self_report", "cadre"
"""Where something to be verified came from: a lead of the month, or a case opened by hand."""
_BY_HAND = (SELF_REPORT, CADRE)
_ENDED = ("excluded", "monitored", "not_found")


Fate = Literal["excluded", "recognised", "in_hand"]


@dataclass(frozen=True)
class LeadFate:
    """One household that was to be verified, as known now.

    ``is_verified``: the visit's answer is there; ``is_in_time``: by the day that it was due.
    ``is_confirmed``: it says that the matter is real (属实). ``fate``: excluded (closed without
    recognition, also as monitored already or not found), recognised (approved by the county), else
    in_hand.
    """

    household_id: str
    township: str
    source: str
    is_verified: bool
    is_in_time: bool
    is_confirmed: bool
    fate: Fate


@dataclass(frozen=True)
class LeadOutcomes:
    """Households of one township and source; ``excluded + recognised + in_hand == total``."""

    township: str
    source: str
    total: int
    verified: int
    in_time: int
    excluded: int
    recognised: int
    in_hand: int


def lead_outcomes(session: Session, month: Month) -> list[LeadOutcomes]:
    """`lead_fates` counted by township and source."""
    found: dict[tuple[str, str], Counter[str]] = {}
    for one in lead_fates(session, month):
        counts = found.setdefault((one.township, one.source), Counter())
        counts.update(["total", one.fate])
        counts.update({"verified": one.is_verified, "in_time": one.is_in_time})
    names = ("total", "verified", "in_time", "excluded", "recognised", "in_hand")
    return [
        LeadOutcomes(township, source, *(counts[name] for name in names))
        for (township, source), counts in sorted(found.items())
    ]


def lead_fates(session: Session, month: Month) -> list[LeadFate]:
    """What became of each lead of a month and of each case opened by hand in it.

    A lead counts for the township in which it was raised.
    """
    rows = [*session.execute(_of_leads(month)), *session.execute(_by_hand(month))]
    return [
        LeadFate(
            row.household_id,
            row.township,
            row.source,
            bool(row.answered_on),
            bool(row.answered_on and row.answered_on <= row.due_on),
            row.answer == "confirmed",
            _fate(row),
        )
        for row in rows
    ]


def _fate(row: Row[Any]) -> Fate:
    if row.approved_on is not None and row.kind != "elimination":
        return "recognised"
    if row.answer in _ENDED or row.outcome in _ENDED:
        return "excluded"
    return "in_hand"


def _of_leads(month: Month) -> Executable:
    gave_reason = exists().where(
        TaskReason.task_id == Task.id,
        TaskReason.since <= str(month),
        TaskReason.month >= str(month),
    )
    # Of several tasks of a household the newest that this month gave a reason for.
    newest = (
        select(func.max(Task.id))
        .where(Task.household_id == Lead.household_id, Task.month <= str(month), gave_reason)
        .correlate(Lead)
        .scalar_subquery()
    )
    its_task = aliased(Task)
    return (
        select(
            Lead.household_id,
            Lead.township,
            literal(LED).label("source"),
            its_task.decided_on.label("answered_on"),
            its_task.due_on,
            its_task.outcome.label("answer"),
            Case.outcome,
            Case.approved_on,
            Case.kind,
        )
        .select_from(Lead)
        .outerjoin(its_task, its_task.id == newest)
        .outerjoin(Case, Case.id == its_task.case_id)
        .where(Lead.month == str(month), Lead.status == "raised")
        .order_by(Lead.household_id)
    )


def _by_hand(month: Month) -> Executable:
    first_visit = (
        select(func.min(CaseStep.number))
        .where(CaseStep.case_id == Case.id, CaseStep.step == "verify")
        .correlate(Case)
        .scalar_subquery()
    )
    return (
        select(
            Case.household_id,
            Case.township,
            Case.origin.label("source"),
            CaseStep.done_on.label("answered_on"),
            CaseStep.due_on,
            CaseStep.decision.label("answer"),
            Case.outcome,
            Case.approved_on,
            Case.kind,
        )
        .select_from(Case)
        .outerjoin(CaseStep, and_(CaseStep.case_id == Case.id, CaseStep.number == first_visit))
        .where(
            Case.month == str(month),
            Case.kind != "elimination",
            Case.origin.in_(_BY_HAND),
            # One that answered a lead of the month is counted there.
            ~exists().where(Task.case_id == Case.id, Task.month == str(month)),
        )
        .order_by(Case.household_id)
    )


@dataclass(frozen=True)
class HelpGiven:
    """A household and a kind of help, with the day on which it was given first."""

    township: str
    household_id: str
    kind: str
    first_done_on: date


def newly_helped(session: Session, month: Month) -> list[HelpGiven]:
    """本月新落实: households and kinds of measures whose first one was carried out in the month."""
    return [one for one in help_given(session, month) if one.first_done_on >= month.first_day]


def help_given(session: Session, month: Month) -> list[HelpGiven]:
    """What help households had been given by the end of a month, as it was written down here."""
    first = func.min(Measure.done_on)
    rows: Any = session.execute(
        select(func.min(Measure.township), Measure.household_id, Measure.kind, first)
        .where(Measure.status == "done", Measure.done_on <= month.last_day)
        .group_by(Measure.household_id, Measure.kind)
        .order_by(Measure.household_id, Measure.kind)
    )
    return [HelpGiven(*row) for row in rows]


def still_unhelped(session: Session, month: Month, late_days: int) -> list[tuple[str, str]]:
    """超期未落实: (township, household) recognised here and without any help for too long.

    Households that were recognised in the national system directly are those that W25 hits.

    Args:
        session: the ledger.
        month: as of its end.
        late_days: ``late_days`` of ``include/reference/measures.yaml``.
    """
    end = month.last_day
    helped = exists().where(
        Measure.household_id == Case.household_id,
        Measure.status == "done",
        Measure.done_on <= end,
    )
    later = aliased(Case)
    gone = exists().where(
        later.household_id == Case.household_id,
        later.kind == "elimination",
        later.approved_on <= end,
        later.approved_on >= Case.approved_on,
    )
    limit = date.fromordinal(end.toordinal() - late_days)
    rows = session.execute(
        select(Case.township, Case.household_id)
        .where(Case.kind != "elimination", Case.approved_on < limit, ~helped, ~gone)
        .distinct()
        .order_by(Case.township, Case.household_id)
    )
    return [(row.township, row.household_id) for row in rows]
