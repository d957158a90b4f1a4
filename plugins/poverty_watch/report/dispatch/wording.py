"""The bulletin in words: sections, tables of texts, problems, what is to be done by whom and when."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from poverty_watch.months import CalendarError, Month, Workdays
from poverty_watch.report.dispatch.figures import (
    DepartmentLine,
    Figures,
    NotDelivered,
    TownshipLine,
)
from poverty_watch.report.dispatch.policy import BulletinPolicy, Problem
from poverty_watch.report.values import NOT_APPLICABLE, NOT_KNOWN_MARK
from poverty_watch.report.watch import chinese_day

_SHOWN = 8
RANK_TITLES = {
    "in_time_rate": "按时核实率",
    "newly_helped": "帮扶新落实户数",
    "findings": "比对问题未整改数（少的在前）",
}


@dataclass(frozen=True)
class Step:
    """What is to be done: matter, who, by when."""

    what: str
    who: str
    by: str


@dataclass(frozen=True)
class _Trouble:
    kind: Problem
    told: str
    who: tuple[str, ...]


def span(first: Month, last: Month) -> str:
    """As staff write it: 2021年3月至4月, 2021年3月、6月."""
    join = "至" if last == first + 1 else "、"
    tail = f"{last.number}月" if last.year == first.year else last.chinese
    return f"{first.chinese}{join}{tail}"


def bulletin_context(
    found: Figures, policy: BulletinPolicy, county: str, workdays: Workdays, number: int
) -> dict[str, Any]:
    """Everything that ``双月调度通报.docx`` can say."""
    troubles = _troubles(found, policy)
    total = next(line for line in found.townships if line.is_total)
    ranks = _ranks(found.townships, policy) if policy.ranking else {}
    doubtful = sum(line.in_doubt for line in found.departments if not line.is_total)
    return {
        "title": f"关于{span(*found.months)}防返贫动态监测和帮扶工作双月调度情况的通报",
        "county": county,
        "overall": _overall(found, total),
        "is_ranked": bool(ranks),
        "rank_title": RANK_TITLES[policy.rank_by],
        "townships": _township_rows(found.townships, ranks),
        "doubt": f"另有{_doubt(doubtful)}" if doubtful else "",
        "departments": [_department_row(line) for line in found.departments],
        "problems": [trouble.told for trouble in troubles] or ["这两个月没有发现需要通报的问题。"],
        "typical": [
            f"{one.township}{one.village}，户编号{one.household}：第{one.number}号核实任务超期{one.days}天"
            for one in found.overdue[: policy.typical]
        ],
        "steps": [
            step
            for trouble in troubles
            if (step := _step(trouble, policy, found.as_of, workdays)) is not None
        ],
        "sources": f"{_sources(found)}超期未核实数截至{_whole_day(found.as_of)}。",
        "number": number,
        "signed_on": _whole_day(found.as_of),
    }


def municipal_context(
    found: Figures, line: DepartmentLine, policy: BulletinPolicy, county: str, number: int
) -> dict[str, Any]:
    """Everything that ``双月调度_部门摘要.docx`` can say of one department, and of no other."""
    own = [one for one in found.deliveries if one.department == line.department]
    problems = [_delivery_told(one) for one in own]
    if line.in_doubt:
        problems.append(_doubt(line.in_doubt))
    if _returns_much(line, policy):
        problems.append(f"退回{line.rows_returned}行，占{_percent(line.returned_rate)}。")
    return {
        "title": f"{county}{line.department}{span(*found.months)}防返贫监测数据报送情况",
        "county": county,
        "department": line.department,
        "span": span(*found.months),
        "row": _department_row(line),
        "problems": problems or ["按时报送，没有需要改进的问题。"],
        "sources": _sources(found),
        "number": number,
        "signed_on": _whole_day(found.as_of),
    }


def _overall(found: Figures, total: TownshipLine) -> list[str]:
    first, last = found.months
    sent = next(line for line in found.departments if line.is_total)
    doubt = f"、不能确定{sent.in_doubt}份次" if sent.in_doubt else ""
    return [
        f"监测对象：{last.chinese}末未消除{_number(total.closing_households)}户；两个月新增"
        f"{_number(total.new_households)}户，消除{_number(total.eliminated_households)}户。",
        f"线索核实：{span(first, last)}产生线索{total.leads}户次，已核实{total.verified}户次，"
        f"按时核实率{_percent(total.in_time_rate)}；截至{chinese_day(found.as_of)}超期未核实{total.overdue}件。",
        f"帮扶落实：两个月新落实{_counted(total.newly_helped, '户次')}；{last.chinese}末久未落实"
        f"{_counted(total.late_helped, '户')}。",
        f"部门报送：应报{sent.owed}份次，按时{sent.on_time}份次{doubt}，按时报送率{_on_time_rate(sent)}；"
        f"{last.chinese}末比对问题未整改{total.findings}条。",
    ]


def _ranks(lines: Iterable[TownshipLine], policy: BulletinPolicy) -> dict[str, int]:
    """Each township's rank, equals sharing one; nobody has one where all are equal."""
    key = _rank_key(policy)
    measured = {
        line.township: value
        for line in lines
        if not line.is_total and (value := key(line)) is not None
    }
    if len(set(measured.values())) < 2:
        return {}
    return {
        township: 1 + sum(other > value for other in measured.values())
        for township, value in measured.items()
    }


def _township_rows(
    lines: Iterable[TownshipLine], ranks: Mapping[str, int]
) -> list[Mapping[str, Any]]:
    # Whoever has nothing to be measured by stands last, equals in the county's order.
    ordered = sorted(lines, key=lambda one: (one.is_total, ranks.get(one.township, len(ranks) + 1)))
    return [
        {
            "rank": "" if line.is_total else ranks.get(line.township, NOT_APPLICABLE),
            "township": line.township or "（乡镇未填）",
            "leads": line.leads,
            "verified": line.verified,
            "in_time_rate": _percent(line.in_time_rate),
            "overdue": line.overdue,
            "new": _number(line.new_households),
            "helped": _number(line.newly_helped),
            "eliminated": _number(line.eliminated_households),
            "findings": line.findings,
        }
        for line in ordered
    ]


def _rank_key(policy: BulletinPolicy) -> Callable[[TownshipLine], float | None]:
    def key(line: TownshipLine) -> float | None:
        if policy.rank_by == "findings":
            return -float(line.findings)
        value = line.in_time_rate if policy.rank_by == "in_time_rate" else line.newly_helped
        return None if value is None else float(value)

    return key


def _department_row(line: DepartmentLine) -> dict[str, Any]:
    return {
        "department": line.department,
        "owed": line.owed,
        "on_time": line.on_time,
        "on_time_rate": _on_time_rate(line),
        "late": line.late,
        "not_in_force": line.not_in_force,
        "rows": _number(line.rows_sent),
        "returned": _number(line.rows_returned),
        "returned_rate": _percent(line.returned_rate),
        "leads": line.leads,
        "confirmed": line.confirmed,
        "confirmed_rate": _percent(line.confirmed_rate),
    }


def _troubles(found: Figures, policy: BulletinPolicy) -> list[_Trouble]:
    last = found.months[1].chinese
    places = [line for line in found.townships if not line.is_total]
    senders = [line for line in found.departments if not line.is_total]
    troubles = [
        _of_townships(
            "overdue",
            places,
            lambda one: one.overdue,
            lambda n, who: f"超期未核实{n}件：{who}。",
            "件",
        ),
        _of_townships(
            "late_helped",
            places,
            lambda one: one.late_helped or 0,
            lambda n, who: f"{last}末帮扶久未落实{n}户：{who}。",
            "户",
        ),
        _of_townships(
            "findings",
            places,
            lambda one: one.findings,
            lambda n, who: f"{last}末比对问题未整改{n}条：{who}。",
            "条",
        ),
    ]
    absent = [one for one in found.deliveries if one.days is None]
    late = [one for one in found.deliveries if one.days]
    if absent:
        who = tuple(dict.fromkeys(one.department for one in absent))
        troubles.append(
            _Trouble("not_in_force", "没有可用的报送：" + _listed(map(_short, absent)) + "。", who)
        )
    if late:
        # What came late is told; there is nothing left to be done about it.
        told = "迟报：" + _listed(map(_short, late)) + "。"
        troubles.append(_Trouble("not_in_force", told, ()))
    much = [line for line in senders if _returns_much(line, policy)]
    if much:
        told = "、".join(
            f"{one.department}{one.rows_returned}行（{_percent(one.returned_rate)}）"
            for one in much
        )
        troubles.append(
            _Trouble("returned", f"退回行偏多：{told}。", tuple(one.department for one in much))
        )
    return [trouble for trouble in troubles if trouble.told]


def _of_townships(
    kind: Problem,
    places: list[TownshipLine],
    count: Callable[[TownshipLine], int],
    told: Callable[[int, str], str],
    unit: str,
) -> _Trouble:
    found = sorted((line for line in places if count(line)), key=lambda line: -count(line))
    if not found:
        return _Trouble(kind, "", ())
    who = _listed(f"{line.township or '（乡镇不明）'}{count(line)}{unit}" for line in found)
    names = tuple(line.township for line in found if line.township)
    return _Trouble(kind, told(sum(map(count, found)), who), names)


def _step(
    trouble: _Trouble, policy: BulletinPolicy, as_of: date, workdays: Workdays
) -> Step | None:
    step = policy.next_steps.get(trouble.kind)
    if step is None or not trouble.who:
        return None
    try:
        day = workdays.after(as_of, step.workdays)
        by = f"{chinese_day(day)}前{workdays.note(day)}"
    except CalendarError:
        by = f"{step.workdays}个工作日内"
    return Step(step.what, _listed(trouble.who, 13), by)


def _returns_much(line: DepartmentLine, policy: BulletinPolicy) -> bool:
    return line.returned_rate is not None and line.returned_rate > policy.returned_rate


def _short(one: NotDelivered) -> str:
    what = one.state if one.days is None else f"迟{one.days}天"
    return f"{one.department}“{one.title}”（{one.month.number}月，{what}）"


def _delivery_told(one: NotDelivered) -> str:
    what = f"迟报{one.days}天" if one.days else one.state
    return f"{one.month.chinese}“{one.title}”：{what}。"


def _doubt(count: int) -> str:
    """What was saved in time and seen late: nobody is told off for it, and nobody praised."""
    return f"{count}份次在期限内保存、期限后才收到，是否按时不能确定，不计入按时报送率。"


def _sources(found: Figures) -> str:
    told = "、".join(card.title for card in found.versions)
    return f"数据来自{told}。"


def _listed(names: Iterable[str], shown: int = _SHOWN) -> str:
    every = list(names)
    more = f"等{len(every)}个" if len(every) > shown else ""
    return "、".join(every[:shown]) + more


def _number(value: int | None) -> str:
    return NOT_KNOWN_MARK if value is None else str(value)


def _counted(value: int | None, unit: str) -> str:
    """In a sentence; a dash would stand between words."""
    return f"{unit}数尚不掌握" if value is None else f"{value}{unit}"


def _on_time_rate(line: DepartmentLine) -> str:
    rate = line.on_time_rate
    return NOT_KNOWN_MARK if rate is None and line.in_doubt else _percent(rate)


def _percent(value: float | None) -> str:
    return str(NOT_APPLICABLE) if value is None else f"{value:.1%}"


def _whole_day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"
