"""How a month stands on its way to the report: who has not delivered, what blocks, will it be in time.

Everything is told from the ledger as it is now; nothing is changed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from poverty_watch.contracts import Catalogue, load_catalogue
from poverty_watch.contracts.duty import DutyPolicy, duty_policy
from poverty_watch.contracts.reporting import ReportingDays, reporting_days
from poverty_watch.identity import mask_numbers
from poverty_watch.ledger.deliveries import IN_FORCE, STATUS_TITLES, fates, fulfilled, in_force
from poverty_watch.ledger.models import Lead, Mailing, ReportVersion, Screening, Task
from poverty_watch.ledger.screenings import current_screening
from poverty_watch.ledger.store import Ledger
from poverty_watch.months import Month, Workdays
from poverty_watch.settings import REFERENCE

NOT_TAKEN = "尚未收到"
State = Literal["done", "now", "waits", "blocked"]
Outlook = Literal["done", "on_course", "at_risk", "missed"]
STATE_TITLES: dict[State, str] = {
    "done": "已办",
    "now": "正在办",
    "waits": "未到",
    "blocked": "卡住",
}
OUTLOOK_TITLES: dict[Outlook, str] = {
    "done": "已办成",
    "on_course": "能按期办成",
    "at_risk": "有误期风险",
    "missed": "已误期",
}
_GREEN: tuple[Outlook, ...] = ("done", "on_course")


@dataclass(frozen=True)
class Owed:
    """A dataset that a department owes for the month.

    ``state`` as staff read it; ``is_in_force``: something that counts has come; ``days_late`` from
    the due day to its arrival, or to the day of asking; ``why``: the first message about it, masked.
    """

    department_id: str
    department: str
    dataset: str
    title: str
    state: str
    is_in_force: bool
    due_on: date
    days_late: int
    why: str = ""

    @property
    def clock(self) -> str:
        """On time or how late, as staff read it."""
        if self.is_in_force:
            return f"迟报{self.days_late}天" if self.days_late else "按时"
        return f"逾期{self.days_late}天" if self.days_late else "未到期"


@dataclass(frozen=True)
class Stage:
    """One stretch of the way: its name, how it stands, in one sentence."""

    title: str
    state: State
    told: str

    @property
    def state_title(self) -> str:
        """As staff read it."""
        return STATE_TITLES[self.state]


@dataclass(frozen=True)
class Without:
    """A dataset that the report would be published without, and what cannot be judged then."""

    department: str
    dataset: str
    title: str
    state: str
    checks: tuple[str, ...]


@dataclass(frozen=True)
class Watch:
    """How a month stands on a day.

    ``blocker``: what must be done next and by whom, empty where nothing is held up; ``outlook_told``
    answers whether the report will be out by ``days.due_on``. ``without``: what would be missing if
    the report were published as things are.
    """

    month: Month
    as_of: date
    days: ReportingDays
    owed: tuple[Owed, ...]
    stages: tuple[Stage, ...]
    blocker: str
    outlook: Outlook
    outlook_told: str
    without: tuple[Without, ...]
    tasks_open: int
    tasks_overdue: int

    @property
    def is_green(self) -> bool:
        """Whether nothing endangers the report."""
        return self.outlook in _GREEN

    @property
    def outlook_title(self) -> str:
        """In a word, as staff read it."""
        return OUTLOOK_TITLES[self.outlook]

    @property
    def days_left(self) -> int:
        """Calendar days until the due day; negative once it is over."""
        return (self.days.due_on - self.as_of).days

    @property
    def missing(self) -> tuple[Owed, ...]:
        """What has not come, or does not count."""
        return tuple(one for one in self.owed if not one.is_in_force)

    @property
    def stage(self) -> Stage:
        """Where the month is: the first stretch that is not done, the last one once all are."""
        return next((one for one in self.stages if one.state != "done"), self.stages[-1])

    @property
    def headline(self) -> str:
        """The subject of a mail, the first line of a page."""
        return f"{self.month.chinese}月报：{self.outlook_title}（{self.stage.title}）"


def watch(
    month: Month,
    ledger: Ledger,
    as_of: date,
    *,
    needs: Mapping[str, Sequence[str]] | None = None,
    workdays: Workdays | None = None,
    catalogue: Catalogue | None = None,
) -> Watch:
    """How a month stands.

    Args:
        month: the month that is monitored.
        ledger: all that is looked at.
        as_of: the county's day.
        needs: by dataset, the rules and comparisons that cannot run without it.
        workdays: the county's calendar; read from its file if not given.
        catalogue: departments and datasets; those of the installation if not given.
    """
    catalogue = catalogue or load_catalogue()
    days = reporting_days(month, workdays or Workdays.from_file(REFERENCE / "workdays.yaml"))
    with ledger.transaction() as session:
        owed = _owed(session, month, as_of, catalogue)
        facts = _read(session, month, as_of, catalogue)
    stages = _stages(owed, facts, days, as_of)
    blocked = next((stage for stage in stages if stage.state == "blocked"), None)
    outlook, told = _outlook(stages, blocked, facts, days, as_of)
    return Watch(
        month=month,
        as_of=as_of,
        days=days,
        owed=owed,
        stages=stages,
        blocker=blocked.told if blocked else "",
        outlook=outlook,
        outlook_told=told,
        without=_without(owed, needs or {}),
        tasks_open=facts.tasks_open,
        tasks_overdue=facts.tasks_overdue,
    )


@dataclass(frozen=True)
class _Facts:
    closes_on: date
    is_screened: bool
    newer: tuple[str, ...]
    leads: int
    tasks: int
    tasks_open: int
    tasks_overdue: int
    newest: ReportVersion | None
    signed: ReportVersion | None
    mails: Counter[str]


def _read(session: Session, month: Month, as_of: date, catalogue: Catalogue) -> _Facts:
    screening = current_screening(session, month)
    versions = list(
        session.scalars(
            select(ReportVersion)
            .where(ReportVersion.month == str(month))
            .order_by(ReportVersion.number)
        )
    )
    signed = [version for version in versions if version.signed_by]
    tasks = session.execute(select(Task.status, Task.due_on).where(Task.month == str(month))).all()
    due = [task.due_on for task in tasks if task.status == "open"]
    mails = select(Mailing.status).where(
        Mailing.month == str(month), Mailing.kind.in_(("report", "extract"))
    )
    if signed:
        mails = mails.where(Mailing.edition == str(signed[-1].number))
    cards = [department.card for department in catalogue.departments.values()]
    return _Facts(
        closes_on=max(duty_policy().of(card).closes_on(month) for card in cards),
        is_screened=screening is not None,
        newer=_newer(session, month, screening, catalogue),
        leads=session.scalar(
            select(func.count())
            .select_from(Lead)
            .where(Lead.month == str(month), Lead.status == "raised")
        )
        or 0,
        tasks=len(tasks),
        tasks_open=len(due),
        tasks_overdue=sum(day < as_of for day in due),
        newest=versions[-1] if versions else None,
        signed=signed[-1] if signed else None,
        mails=Counter(session.scalars(mails)) if signed else Counter(),
    )


def _newer(
    session: Session, month: Month, screening: Screening | None, catalogue: Catalogue
) -> tuple[str, ...]:
    """Datasets whose delivery in force is not the one that was screened."""
    if screening is None:
        return ()
    read = {
        one["dataset"]: one["version"] for one in screening.inputs if one["month"] == str(month)
    }
    lacked = {str(name) for check in screening.checks for name in check.get("lacks") or ()}
    return tuple(
        catalogue.contract(one.dataset).title
        for one in in_force(session, month)
        if one.month == month
        and one.dataset in catalogue.contracts
        and (one.dataset in lacked if one.dataset not in read else read[one.dataset] != one.version)
    )


def _owed(session: Session, month: Month, as_of: date, catalogue: Catalogue) -> tuple[Owed, ...]:
    known = {fate.dataset: fate for fate in fates(session, month)}
    came = fulfilled(session, month)
    found = []
    for department in catalogue.departments.values():
        policy: DutyPolicy = duty_policy().of(department.card)
        for dataset, contract in department.contracts.items():
            fate = known.get(dataset)
            is_in_force = fate is not None and fate.status in IN_FORCE
            arrived = came.get(dataset)
            until = arrived.arrived_on if is_in_force and arrived else as_of
            if is_in_force and not arrived:
                until = policy.due_on(month)
            messages = list(fate.messages or []) if fate is not None and not is_in_force else []
            found.append(
                Owed(
                    department.id,
                    department.title,
                    dataset,
                    contract.title,
                    STATUS_TITLES[fate.status] if fate else NOT_TAKEN,
                    is_in_force,
                    policy.due_on(month),
                    max(0, (until - policy.due_on(month)).days),
                    mask_numbers(messages[0]) if messages else "",
                )
            )
    return tuple(found)


def _without(owed: Sequence[Owed], needs: Mapping[str, Sequence[str]]) -> tuple[Without, ...]:
    return tuple(
        Without(
            one.department, one.dataset, one.title, one.state, tuple(needs.get(one.dataset, ()))
        )
        for one in owed
        if not one.is_in_force
    )


def _stages(
    owed: Sequence[Owed], facts: _Facts, days: ReportingDays, as_of: date
) -> tuple[Stage, ...]:
    return (
        _collecting(owed, facts, as_of),
        _screening(owed, facts, as_of),
        _verifying(facts),
        _drafting(facts, days, as_of),
        _signing(facts, days, as_of),
        _delivering(facts),
    )


def _collecting(owed: Sequence[Owed], facts: _Facts, as_of: date) -> Stage:
    missing = [one for one in owed if not one.is_in_force]
    if not missing:
        return Stage("收数", "done", f"{len(owed)}份数据都已接收。")
    who = "、".join(dict.fromkeys(one.department for one in missing))
    told = f"应报{len(owed)}份，还差{len(missing)}份：{who}。"
    if as_of <= facts.closes_on:
        return Stage("收数", "now", f"{told}{chinese_day(facts.closes_on)}24时截止。")
    # The month no longer waits for them; whoever comes now is a re-run.
    return Stage("收数", "done", f"{told}已过截止日，缺的按“未报送”出月报。")


def _screening(owed: Sequence[Owed], facts: _Facts, as_of: date) -> Stage:
    if facts.is_screened and not facts.newer:
        return Stage("比对预警", "done", f"已完成，线索{facts.leads}户。")
    if facts.newer:
        return Stage(
            "比对预警",
            "blocked",
            f"比对之后又接收了{'、'.join(facts.newer)}，请重跑本月，新数据才计入。",
        )
    if as_of <= facts.closes_on:
        return Stage("比对预警", "waits", "收数截止后开始。")
    if all(one.state == NOT_TAKEN for one in owed):
        return Stage(
            "比对预警", "blocked", "本月的流程没有运行，请在流程界面触发“月度防返贫监测”。"
        )
    return Stage(
        "比对预警",
        "blocked",
        "收数已截止，比对还没有完成。请在流程界面看哪一步出错；两份名册都没有可用的报送时，先催名册。",
    )


def _verifying(facts: _Facts) -> Stage:
    if not facts.is_screened:
        return Stage("派核实任务", "waits", "比对预警后派发。")
    if not facts.tasks:
        told = "没有新线索要核实。" if not facts.leads else "线索并入在办任务，或任务还没有派发。"
        return Stage("派核实任务", "done", told)
    told = f"派发{facts.tasks}件，在办{facts.tasks_open}件，超期{facts.tasks_overdue}件。"
    # Verification goes on beside the report: it does not hold it up.
    return Stage("派核实任务", "done", told)


def _drafting(facts: _Facts, days: ReportingDays, as_of: date) -> Stage:
    if facts.newest is not None:
        return Stage("月报草稿", "done", f"第{facts.newest.number}版已生成。")
    when = f"{chinese_day(days.draft_on)}起生成。"
    if as_of < days.draft_on or not facts.is_screened:
        return Stage("月报草稿", "waits", when)
    if as_of == days.draft_on:
        return Stage("月报草稿", "now", "今天生成。")
    return Stage(
        "月报草稿",
        "blocked",
        "过了出草稿的日子，还没有草稿。请在流程界面看“月报”一步为什么没有办成。",
    )


def _signing(facts: _Facts, days: ReportingDays, as_of: date) -> Stage:
    if facts.signed is not None:
        told = f"第{facts.signed.number}版已由{facts.signed.signed_by}签发。"
        if facts.newest is not None and facts.newest.number > facts.signed.number:
            told += f"之后又生成了第{facts.newest.number}版，尚未签发。"
        return Stage("签发", "done", told)
    if facts.newest is None:
        return Stage("签发", "waits", f"出草稿后请人审签，{chinese_day(days.due_on)}24时到期。")
    told = f"第{facts.newest.number}版等待签发，{chinese_day(days.due_on)}24时到期。"
    if as_of >= days.due_on:
        return Stage("签发", "blocked", f"{told}请县专班负责人今天签发或退回。")
    return Stage("签发", "now", told)


def _delivering(facts: _Facts) -> Stage:
    if facts.signed is None:
        return Stage("送达", "waits", "签发后逐个收件人发送。")
    sent, waiting, doubtful = (facts.mails[name] for name in ("sent", "waiting", "sending"))
    if not facts.mails:
        return Stage(
            "送达", "blocked", "已签发，还没有发送。请执行 poverty-watch deliver，或看流程界面。"
        )
    told = f"已发出{sent}封"
    if waiting:
        told += f"，未发出{waiting}封"
    if doubtful:
        told += f"，结果不明{doubtful}封（请电话确认，系统不会重发）"
    return Stage("送达", "blocked" if waiting or doubtful else "done", f"{told}。")


def _outlook(
    stages: Sequence[Stage],
    blocked: Stage | None,
    facts: _Facts,
    days: ReportingDays,
    as_of: date,
) -> tuple[Outlook, str]:
    due = chinese_day(days.due_on)
    if facts.signed is not None and blocked is None:
        return "done", "月报已签发并送达。"
    if as_of > days.due_on:
        what = "已签发但没有全部送达" if facts.signed else "没有签发"
        return "missed", f"{due}已过，月报{what}。"
    if blocked is not None:
        return "at_risk", f"{due}前要先解决：{blocked.title}——{blocked.told}"
    left = "、".join(stage.title for stage in stages if stage.state != "done")
    return "on_course", f"照现在的进度，{due}能办成；还要办：{left}。"


def chinese_day(day: date) -> str:
    """As staff write it: 5月10日."""
    return f"{day.month}月{day.day}日"
