"""Help for a household: which department owes what against which risk, and until when."""

from __future__ import annotations

import calendar
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from poverty_watch.contracts import load_catalogue
from poverty_watch.ledger.access import Viewer
from poverty_watch.ledger.journal import record
from poverty_watch.ledger.models import Case, Measure
from poverty_watch.months import Month
from poverty_watch.settings import REFERENCE
from poverty_watch.verification.cases.errors import CaseError, ProcedureError
from poverty_watch.verification.cases.households import Household

FILE = REFERENCE / "measures.yaml"
PLANNED, DONE, CANCELLED = "planned", "done", "cancelled"
STATUS_TITLES = {PLANNED: "待落实", DONE: "已落实", CANCELLED: "已取消"}


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Due(_Strict):
    """By when help is due: the quarter's end, or ``days`` where that is too near."""

    days: int
    quarter_end_at_least_days: int


class Responsible(_Strict):
    """A department and the kinds of measures that it has against a risk, the usual one first."""

    department: str
    kinds: tuple[str, ...]


class HelpPolicy(_Strict):
    """``include/reference/measures.yaml``."""

    late_days: int
    developing_months: int
    due: Due
    urgent_days: int
    developing: tuple[str, ...]
    kinds: tuple[str, ...]
    risks: dict[str, tuple[Responsible, ...]]

    @model_validator(mode="after")
    def _names_are_known(self) -> HelpPolicy:
        departments = load_catalogue().departments
        for risk, owners in self.risks.items():
            for owner in owners:
                if owner.department not in departments:
                    raise ValueError(f"{risk}：没有部门 {owner.department}")
                if unknown := {*owner.kinds} - {*self.kinds}:
                    raise ValueError(f"{risk}：没有措施类别 {'、'.join(unknown)}")
        if unknown := {*self.developing} - {*self.kinds}:
            raise ValueError(f"developing：没有措施类别 {'、'.join(unknown)}")
        return self

    def due_on(self, start: date, *, is_urgent: bool) -> date:
        """By when a measure that is planned on a day must be carried out."""
        if is_urgent:
            return start + timedelta(days=self.urgent_days)
        last = (start.month - 1) // 3 * 3 + 3
        quarter_end = date(start.year, last, calendar.monthrange(start.year, last)[1])
        if (quarter_end - start).days >= self.due.quarter_end_at_least_days:
            return quarter_end
        return start + timedelta(days=self.due.days)


def load_help_policy(path: Path = FILE) -> HelpPolicy:
    """The policy in force.

    Raises:
        ProcedureError: the file is wrong; the message says where.
    """
    return _loaded(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=2)
def _loaded(path: Path, _changed: int) -> HelpPolicy:
    try:
        return HelpPolicy.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (ValidationError, yaml.YAMLError) as error:
        raise ProcedureError(f"帮扶措施文件 {path.name} 有误：{error}") from error


@dataclass(frozen=True)
class Helped:
    """For whom a measure is: a household with its place, and the case that it belongs to."""

    household_id: str
    township: str
    village: str
    case_id: int | None


def helped_household(
    session: Session, household_id: str, known: Household | None, viewer: Viewer
) -> tuple[Helped, bool]:
    """For whom help may be planned, and whether it is urgent.

    Raises:
        CaseError: the household is neither monitored nor approved, nor on the green channel.
    """
    case = session.scalars(
        select(Case)
        .where(Case.household_id == household_id, Case.kind != "elimination")
        .order_by(Case.id.desc())
    ).first()
    is_ahead = case is not None and case.is_urgent and case.closed_on is None
    if case is not None and (case.approved_on is not None or is_ahead):
        helped = Helped(household_id, case.township, case.village, case.id)
        return helped, is_ahead and case.approved_on is None
    if known is not None and known.standing == "M":
        return Helped(household_id, known.township, known.village, None), False
    if known is None:
        raise CaseError([f"最近一期数据里没有{household_id}这一户，或不属于{viewer.title}。"])
    raise CaseError(["该户还没有认定，不能派帮扶任务；突发情况请走绿色通道立案。"])


def plan_for_risks(
    session: Session, helped: Helped, risks: Iterable[str], on: date, by: str, *, is_urgent: bool
) -> list[Measure]:
    """Give every department that is responsible for a risk its measure; what stands is kept."""
    policy = load_help_policy()
    wanted = [
        (risk, owner.kinds[0], owner.department)
        for risk in risks
        for owner in policy.risks.get(risk, ())
    ]
    return _plan(session, policy, helped, wanted, on, by, is_urgent)


def plan_measure(
    session: Session,
    helped: Helped,
    risk: str,
    kind: str,
    department: str,
    on: date,
    by: str,
    *,
    is_urgent: bool = False,
) -> Measure:
    """Plan one measure.

    Raises:
        CaseError: kind, risk or department is unknown, or the same measure is planned already.
    """
    policy = load_help_policy()
    problems = []
    if kind not in policy.kinds:
        problems.append(f"没有“{kind}”这类措施，可以写：{'、'.join(policy.kinds)}。")
    if risk not in policy.risks:
        problems.append(f"没有“{risk}”这种风险，可以写：{'、'.join(policy.risks)}。")
    if department not in load_catalogue().departments:
        problems.append(f"没有“{department}”这个部门。")
    if problems:
        raise CaseError(problems)
    made = _plan(session, policy, helped, [(risk, kind, department)], on, by, is_urgent)
    if not made:
        raise CaseError([f"该户针对“{risk}”的“{kind}”已经派给这个部门，还没有落实。"])
    return made[0]


def _plan(
    session: Session,
    policy: HelpPolicy,
    helped: Helped,
    wanted: Sequence[tuple[str, str, str]],
    on: date,
    by: str,
    is_urgent: bool,
) -> list[Measure]:
    standing = {
        (measure.risk, measure.kind, measure.department)
        for measure in session.scalars(
            select(Measure).where(
                Measure.household_id == helped.household_id, Measure.status == PLANNED
            )
        )
    }
    made = [
        Measure(
            case_id=helped.case_id,
            household_id=helped.household_id,
            township=helped.township,
            village=helped.village,
            risk=risk,
            kind=kind,
            department=department,
            is_developing=kind in policy.developing,
            planned_on=on,
            planned_by=by,
            due_on=policy.due_on(on, is_urgent=is_urgent),
        )
        for risk, kind, department in dict.fromkeys(wanted)
        if (risk, kind, department) not in standing
    ]
    session.add_all(made)
    if made:
        record(
            session,
            "派帮扶任务",
            helped.household_id,
            actor=by,
            case=helped.case_id,
            measures=[[m.risk, m.kind, m.department] for m in made],
        )
    return made


def finish_measure(
    session: Session,
    measure_id: int,
    status: str,
    result: str,
    on: date,
    viewer: Viewer,
    today: date,
    papers: Sequence[dict[str, Any]] = (),
) -> Measure:
    """Mark a planned measure as carried out or cancelled, with what came of it.

    Raises:
        CaseError: it is not there for this viewer, is not planned any more, or something is missing.
    """
    measure = session.scalars(
        select(Measure).where(Measure.id == measure_id).with_for_update()
    ).one_or_none()
    if measure is None:
        raise CaseError([f"没有编号为{measure_id}的帮扶任务，或不属于{viewer.title}。"])
    problems = []
    if measure.status != PLANNED:
        problems.append(f"第{measure_id}号帮扶任务{STATUS_TITLES[measure.status]}，不能再改。")
    if not result.strip():
        problems.append("请写明落实的情况或取消的理由。")
    if on > today or on < measure.planned_on:
        problems.append(f"日期{on}应在派出日{measure.planned_on}和今天{today}之间。")
    if status == CANCELLED and viewer.role != "county":
        problems.append("取消帮扶任务由县专班办理。")
    if problems:
        raise CaseError(problems)
    measure.evidence = list(papers)
    _end(session, measure, status, result.strip(), on, viewer.name)
    return measure


def call_off(session: Session, case: Case, because: str, on: date, by: str) -> None:
    """Cancel what is still owed in a case that came to nothing; each department reads why."""
    owed = select(Measure).where(Measure.case_id == case.id, Measure.status == PLANNED)
    for measure in session.scalars(owed.order_by(Measure.id).with_for_update()):
        _end(session, measure, CANCELLED, because, max(on, measure.planned_on), by)


def _end(session: Session, measure: Measure, status: str, result: str, on: date, by: str) -> None:
    measure.status, measure.result = status, result
    measure.done_on, measure.done_by = on, by
    record(
        session,
        f"帮扶任务{STATUS_TITLES[status]}",
        measure.household_id,
        actor=by,
        measure=measure.id,
        kind=measure.kind,
        department=measure.department,
        on=str(on),
    )


@dataclass(frozen=True)
class Unhelped:
    """A household that was recognised here and has waited too long; ``days`` since the approval."""

    household_id: str
    township: str
    village: str
    case_id: int
    approved_on: date
    days: int


def without_help(session: Session, on: date) -> list[Unhelped]:
    """Households recognised here with no measure carried out for longer than ``late_days``."""
    limit = on - timedelta(days=load_help_policy().late_days + 1)
    helped = exists().where(
        Measure.household_id == Case.household_id, Measure.status == DONE, Measure.done_on <= on
    )
    return _waiting(session, limit, ~helped, on)


def without_development(
    session: Session, on: date, without_labour: Collection[str] = ()
) -> list[Unhelped]:
    """Households recognised ``developing_months`` ago with no developing measure carried out.

    Args:
        session: the viewer's rows.
        on: the day that is looked from.
        without_labour: households of whom none is owed.
    """
    month = Month.of(on) - load_help_policy().developing_months
    day = min(on.day, month.last_day.day)
    developed = exists().where(
        Measure.household_id == Case.household_id,
        Measure.is_developing,
        Measure.status == DONE,
        Measure.done_on <= on,
    )
    found = _waiting(session, date(month.year, month.number, day), ~developed, on)
    return [one for one in found if one.household_id not in without_labour]


def _waiting(session: Session, approved_until: date, condition: Any, on: date) -> list[Unhelped]:
    gone = Case.__table__.alias()
    eliminated = exists().where(
        gone.c.household_id == Case.household_id,
        gone.c.kind == "elimination",
        gone.c.approved_on.is_not(None),
        gone.c.approved_on >= Case.approved_on,
        gone.c.approved_on <= on,
    )
    cases = session.scalars(
        select(Case)
        .where(
            Case.kind != "elimination",
            Case.approved_on <= approved_until,
            condition,
            ~eliminated,
        )
        .order_by(Case.township, Case.village, Case.household_id, Case.approved_on)
    )
    newest = {case.household_id: case for case in cases}
    return [
        Unhelped(
            c.household_id, c.township, c.village, c.id, c.approved_on, (on - c.approved_on).days
        )
        for c in newest.values()
        if c.approved_on is not None
    ]
