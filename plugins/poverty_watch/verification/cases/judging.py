"""Whether a step may be taken, and what follows: without ledger, lake or clock."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from poverty_watch.ledger.access import ROLE_TITLES, Viewer
from poverty_watch.months import Month, Workdays
from poverty_watch.verification.cases.errors import CaseError
from poverty_watch.verification.cases.procedure import Decision, Policy, Procedure, Span, Step


@dataclass(frozen=True)
class Standing:
    """Where a case is.

    ``step`` is None for a closed case; ``entered_on`` the day on which the step before was done;
    ``people`` has, per step done, who decided and who visited, the last time it was done.
    """

    kind: str
    step: str | None
    entered_on: date
    people: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Act:
    """What somebody wants to do: decide a step on a day, with what is given and which papers."""

    decision: str
    by: Viewer
    on: date
    given: Mapping[str, Any] = field(default_factory=dict)
    papers: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Ruling:
    """What follows: the next step with its deadline, or the case's end."""

    step: str
    decision: Decision
    next_step: str | None
    next_due_on: date | None


def span_end(span: Span, start: date, workdays: Workdays) -> date:
    """The last day of a span that is counted from the day after ``start``.

    Raises:
        CalendarError: it reaches a year whose days off are not known.
    """
    if span.workdays is not None:
        return workdays.after(start, span.workdays)
    if span.days is not None:
        return start + timedelta(days=span.days)
    following = Month.of(start) + 1
    return date(following.year, following.number, span.day_of_next_month or 1)


def judge(policy: Policy, standing: Standing, act: Act, today: date, workdays: Workdays) -> Ruling:
    """What the procedure says of an act.

    What other things must be true of the household (`Step.checks`) is not looked at here.

    Raises:
        CaseError: with everything that is missing or wrong.
        CalendarError: the next deadline falls into a year that is not known.
    """
    procedure = policy.procedures[standing.kind]
    if standing.step is None:
        raise CaseError([f"该户“{procedure.title}”已经结案，不能再办。"])
    step = procedure.steps[standing.step]
    decision = step.decisions.get(act.decision)
    if decision is None:
        raise CaseError([_no_such_decision(procedure, step, act.decision)])
    problems = [
        *_who(procedure, step, standing, act),
        *_when(step, decision, standing, act, today, workdays),
        *_what(policy, decision, act),
    ]
    if problems:
        raise CaseError(problems)
    following = None if decision.next is None else procedure.steps[decision.next]
    return Ruling(
        standing.step,
        decision,
        decision.next,
        None if following is None else span_end(following.within, act.on, workdays),
    )


def _no_such_decision(procedure: Procedure, step: Step, wanted: str) -> str:
    elsewhere = [
        other.title
        for other in procedure.steps.values()
        if other is not step and wanted in other.decisions
    ]
    choices = "、".join(f"{d.title}（{key}）" for key, d in step.decisions.items())
    late = f"“{wanted}”是“{'”“'.join(elsewhere)}”环节的决定。" if elsewhere else ""
    return f"该户现在在“{step.title}”环节，可以作的决定有：{choices}；不能作“{wanted}”。{late}"


def _who(procedure: Procedure, step: Step, standing: Standing, act: Act) -> Iterator[str]:
    if act.by.role not in step.roles:
        allowed = "、".join(ROLE_TITLES[role] for role in step.roles)
        yield f"“{step.title}”由{allowed}办理，{act.by.title}不能办理。"
    if not act.by.name.strip():
        yield "请写明经办人姓名。"
    here = {plain_name(act.by.name)}
    for other in step.not_by:
        if here & {plain_name(name) for name in standing.people.get(other, ())}:
            yield (
                f"{act.by.name}经手过“{procedure.steps[other].title}”，"
                f"不能再办“{step.title}”，请换一个人办理。"
            )


def _when(
    step: Step, decision: Decision, standing: Standing, act: Act, today: date, workdays: Workdays
) -> Iterator[str]:
    if act.on > today:
        yield f"日期{act.on}晚于今天{today}。"
    if act.on < standing.entered_on:
        yield f"日期{act.on}早于上一环节办结的日期{standing.entered_on}。"
    if decision.after is not None:
        earliest = span_end(decision.after, standing.entered_on, workdays)
        if act.on < earliest:
            yield f"“{step.title}”要到{earliest}才满期，在此之前不能作“{decision.title}”。"


def _what(policy: Policy, decision: Decision, act: Act) -> Iterator[str]:
    for name in decision.needs:
        wanted, value = policy.fields[name], act.given.get(name)
        if value in (None, "", [], {}) and wanted.kind != "explanations":
            yield f"缺“{wanted.title}”。"
        elif (
            wanted.kind == "people" and len({plain_name(n) for n in value or ()}) < wanted.at_least
        ):
            yield f"“{wanted.title}”至少要{wanted.at_least}个人，现有{len(set(value or ()))}人。"
    for name in decision.papers:
        if name not in act.papers:
            yield f"缺材料“{policy.papers[name]}”。"
    if decision.majority:
        yield from _majority(act.given)


def _majority(given: Mapping[str, Any]) -> Iterator[str]:
    attended, in_favour, against = (
        given.get(name) for name in ("attended", "votes_for", "votes_against")
    )
    if attended is None or in_favour is None or against is None:
        return
    if in_favour + against > attended:
        yield f"同意{in_favour}票、不同意{against}票，超过了到会人数{attended}人。"
    elif in_favour * 2 <= attended:
        yield f"到会{attended}人，同意{in_favour}票，没有过半，不能作“同意”的决定。"


def plain_name(name: str) -> str:
    """A name as two spellings of it are compared: width and white space evened out."""
    return "".join(unicodedata.normalize("NFKC", name).split())
