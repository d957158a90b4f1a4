"""The register of duty: who owes what for a month, and how each stands with it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from poverty_watch.contracts import Catalogue, Contract, Department, load_catalogue
from poverty_watch.contracts.duty import DutyPolicy, duty_policy
from poverty_watch.identity import mask_numbers
from poverty_watch.intake.acceptance import Stopped, stopped_waiting
from poverty_watch.intake.duty.difference import Difference, difference
from poverty_watch.intake.names import month_in
from poverty_watch.intake.sources.interface import WAY_TITLES
from poverty_watch.intake.submissions import Submission, submissions
from poverty_watch.lake.versions import Lake
from poverty_watch.ledger.deliveries import IN_FORCE, STATUS_TITLES, Fulfilled, fulfilled_by
from poverty_watch.ledger.models import (
    DatasetMonth,
    Delivery,
    SeenFile,
    SourceMark,
    StoppedDecision,
)
from poverty_watch.ledger.store import Ledger
from poverty_watch.months import Month, county_day

NOT_TAKEN = "尚未处理"


@dataclass(frozen=True)
class Volume:
    """Data rows of the delivery in force, and of the latest earlier month that has one."""

    rows: int
    previous_rows: int
    previous_month: Month

    @property
    def change(self) -> float | None:
        """The difference as a fraction of the previous rows; None where there were none."""
        if not self.previous_rows:
            return None
        return (self.rows - self.previous_rows) / self.previous_rows

    @property
    def sentence(self) -> str:
        """In Chinese: 数据80行，2021年3月100行，减少20%."""
        before = f"数据{self.rows}行，{self.previous_month.chinese}{self.previous_rows}行"
        if not self.change:
            return before if self.change is None else f"{before}，持平"
        if abs(self.change) < 0.005:
            return f"{before}，基本持平"
        way = "增加" if self.change > 0 else "减少"
        return f"{before}，{way}{abs(self.change):.0%}"


@dataclass(frozen=True)
class DutyLine:
    """One dataset that a department owes for a month.

    ``status`` is the ledger's, None while nobody has looked whether anything came. ``arrived_on`` is
    the county's day on which the first delivery that was accepted, or nil, was first seen;
    ``saved_on`` the day on which its newest file was last saved, by the sender's own clock.
    ``days_late`` counts from the due day to the arrival; to ``as_of`` where nothing has been
    accepted. ``sendings`` counts all, ``identical`` those that brought what had come before,
    ``versions`` those that have been in the lake.
    """

    month: Month
    department_id: str
    department: str
    dataset: str
    title: str
    may_be_nil: bool
    status: str | None
    due_on: date
    closes_on: date
    as_of: date
    arrived_on: date | None
    saved_on: date | None
    sendings: int
    identical: int
    versions: int
    data_rows: int
    accepted_rows: int
    rejected_rows: int
    difference: Difference | None
    wrong_months: tuple[tuple[str, Month], ...]
    stopped: tuple[Stopped, ...]
    accepted_by_hand: str | None
    volume: Volume | None
    taken: tuple[SourceMark, ...]
    messages: tuple[str, ...]

    @property
    def state(self) -> str:
        """What became of it, as staff read it."""
        return STATUS_TITLES[self.status] if self.status else NOT_TAKEN

    @property
    def is_fulfilled(self) -> bool:
        """Whether something is in force."""
        return self.arrived_on is not None

    @property
    def is_due(self) -> bool:
        """Whether the due day is over."""
        return self.as_of > self.due_on

    @property
    def days_late(self) -> int:
        """Days after the due day; 0 is on time, or not due yet."""
        return max(0, ((self.arrived_on or self.as_of) - self.due_on).days)

    @property
    def is_on_time(self) -> bool:
        """Whether it was fulfilled by the due day."""
        return self.is_fulfilled and not self.days_late

    @property
    def is_after_close(self) -> bool:
        """Whether it came when the month no longer waited for it."""
        return self.arrived_on is not None and self.arrived_on > self.closes_on

    @property
    def is_late_in_doubt(self) -> bool:
        """Whether it was saved in time, but seen late: perhaps nobody looked into the inbox."""
        return bool(
            self.days_late and self.is_fulfilled and self.saved_on and self.saved_on <= self.due_on
        )

    @property
    def clock(self) -> str:
        """On time or how late, as staff read it."""
        if self.is_fulfilled:
            return f"迟{self.days_late}天" if self.days_late else "按时"
        return f"逾期{self.days_late}天" if self.days_late else "未到期"

    @property
    def remarks(self) -> list[str]:
        """What is to be said beside the table, in Chinese; no full number is among it."""
        told = []
        if self.sendings > 1:
            told.append(f"共送{self.sendings}份，先后{self.versions}版。")
        if self.status == "missing":
            told.append(
                "当月没有发生的，请报零报告。" if self.may_be_nil else "须报全部数据，不能零报告。"
            )
        if self.is_after_close and self.closes_on != self.due_on:
            told.append(f"截止日{_day(self.closes_on)}之后的补报。")
        if self.identical:
            told.append(f"有{self.identical}份与以前送的完全相同，没有新的版本。")
        if self.difference:
            told.append(f"{self.difference.summary}。")
        told += [
            f"文件“{name}”的名称写的是{named.chinese}，放在{self.month.chinese}。"
            for name, named in self.wrong_months
        ]
        for stopped in self.stopped:
            files = "、".join(stopped.files)
            told.append(f"“{files}”整份暂停，等待决定：接收须说明理由，不接收则请部门改正重报。")
        told += [_told(mark) for mark in self.taken if mark.rows is not None]
        if self.volume and self.volume.previous_month != self.month - 1:
            told.append(f"{self.volume.sentence}（上月没有接收的报送）。")
        told += [message for message in self.messages if not self._is_told(message)]
        return told

    def _is_told(self, message: str) -> bool:
        return "完全相同，没有新的版本" in message or any(
            f"“{name}”的名称写的是" in message for name, _ in self.wrong_months
        )


def register(
    month: Month,
    ledger: Ledger,
    as_of: date,
    *,
    lake: Lake | None = None,
    catalogue: Catalogue | None = None,
    policy: DutyPolicy | None = None,
    department: str | None = None,
) -> list[DutyLine]:
    """Who owes what for a month, in the catalogue's order.

    Args:
        month: the month that is owed.
        ledger: its facts are all that is looked at, as they stand now.
        as_of: the county's day to which what has not come is counted as late.
        lake: where the versions lie; without it differences between versions are not told.
        catalogue: the departments; those of the installation if not given.
        policy: the clocks; those of ``duty.yaml`` if not given.
        department: the id of the only department that is asked about; all if not given.
    """
    catalogue = catalogue or load_catalogue()
    with ledger.transaction() as session:
        books = _books(session, month)
    stopped = stopped_waiting(month, ledger, catalogue) if books.may_have_stopped else []
    clerk = _Clerk(month, as_of, policy or duty_policy(), lake, books)
    return [
        clerk.line(owing, dataset, contract, tuple(s for s in stopped if s.dataset == dataset))
        for owing in catalogue.departments.values()
        if department in (None, owing.id)
        for dataset, contract in owing.contracts.items()
    ]


@dataclass(frozen=True)
class _Books:
    """What the ledger has of a month, all datasets read at once."""

    fates: Mapping[str, DatasetMonth]
    files: Mapping[str, list[SeenFile]]
    deliveries: Mapping[str, dict[str, Delivery]]
    decisions: Mapping[int, StoppedDecision]
    marks: Mapping[str, list[SourceMark]]
    previous: Mapping[str, tuple[Month, int]]
    fulfilled: Mapping[str, Fulfilled]

    @property
    def may_have_stopped(self) -> bool:
        """Whether a delivery stopped that a person may accept; most months have none."""
        return any(
            delivery.status == "rejected" and delivery.accepted_rows > 0
            for of_dataset in self.deliveries.values()
            for delivery in of_dataset.values()
        )


def _books(session: Session, month: Month) -> _Books:
    files: dict[str, list[SeenFile]] = defaultdict(list)
    seen = session.scalars(select(SeenFile).where(SeenFile.month == str(month))).all()
    for file in seen:
        if file.dataset is not None:
            files[file.dataset].append(file)
    deliveries: dict[str, dict[str, Delivery]] = defaultdict(dict)
    for delivery in session.scalars(select(Delivery).where(Delivery.month == str(month))):
        deliveries[delivery.dataset][delivery.content_sha256] = delivery
    marks: dict[str, list[SourceMark]] = defaultdict(list)
    for mark in session.scalars(
        select(SourceMark)
        .where(SourceMark.month == str(month), SourceMark.dataset.is_not(None))
        .order_by(SourceMark.item)
    ):
        marks[mark.dataset or ""].append(mark)
    decided = select(StoppedDecision).join(Delivery, Delivery.id == StoppedDecision.delivery_id)
    books = _Books(
        fates={
            fate.dataset: fate
            for fate in session.scalars(
                select(DatasetMonth)
                .where(DatasetMonth.month == str(month))
                .options(joinedload(DatasetMonth.delivery))
            )
        },
        files=files,
        deliveries=deliveries,
        decisions={
            decision.delivery_id: decision
            for decision in session.scalars(decided.where(Delivery.month == str(month)))
        },
        marks=marks,
        previous=_previous(session, month),
        fulfilled=fulfilled_by(
            seen, (one for of_dataset in deliveries.values() for one in of_dataset.values())
        ),
    )
    session.expunge_all()
    return books


@dataclass(frozen=True)
class _Clerk:
    month: Month
    as_of: date
    policy: DutyPolicy
    lake: Lake | None
    books: _Books

    def line(
        self,
        department: Department,
        dataset: str,
        contract: Contract,
        stopped: tuple[Stopped, ...],
    ) -> DutyLine:
        fate = self.books.fates.get(dataset)
        sent, verdicts = self._sent(dataset)
        good = [
            (s, d)
            for s, d in zip(sent, verdicts, strict=True)
            if d and d.status in IN_FORCE and not s.is_repeat
        ]
        judged = [d for d in verdicts if d]
        current = fate.delivery if fate else None
        told = current or (judged[-1] if judged else None)
        decision = self.books.decisions.get(current.id) if current else None
        policy = self.policy.of(department.card)
        arrived = self.books.fulfilled.get(dataset)
        return DutyLine(
            month=self.month,
            department_id=department.id,
            department=department.title,
            dataset=dataset,
            title=contract.title,
            may_be_nil=policy.nil_returns[contract.kind],
            status=fate.status if fate else None,
            due_on=policy.due_on(self.month),
            closes_on=policy.closes_on(self.month),
            as_of=self.as_of,
            arrived_on=arrived.arrived_on if arrived else None,
            saved_on=arrived.saved_on if arrived else None,
            sendings=len(sent),
            identical=len(sent) - len({s.content_sha256 for s in sent}),
            versions=len({d.version for _, d in good}),
            data_rows=told.data_rows if told else 0,
            accepted_rows=current.accepted_rows if current else 0,
            rejected_rows=told.rejected_rows if told else 0,
            difference=self._difference([d for _, d in good], contract),
            wrong_months=tuple(
                (mask_numbers(name), named)
                for name in dict.fromkeys(name for s in sent for name in s.names)
                if (named := month_in(name)) is not None and named != self.month
            ),
            stopped=stopped,
            accepted_by_hand=decision.sentence if decision else None,
            volume=self._volume(dataset, current),
            taken=tuple(self.books.marks.get(dataset, ())),
            messages=tuple(fate.messages) if fate else (),
        )

    def _sent(self, dataset: str) -> tuple[list[Submission], list[Delivery | None]]:
        """All sendings in their order, and what became of each; None for one not judged."""
        settled = self.books.deliveries.get(dataset, {})
        sent = submissions(dataset, self.books.files.get(dataset, ()))
        return sent, [settled.get(submission.content_sha256) for submission in sent]

    def _volume(self, dataset: str, current: Delivery | None) -> Volume | None:
        previous = self.books.previous.get(dataset)
        if current is None or previous is None:
            return None
        return Volume(current.data_rows, previous[1], previous[0])

    def _difference(self, good: Sequence[Delivery], contract: Contract) -> Difference | None:
        if self.lake is None or not good:
            return None
        current = good[-1]
        before = next((d for d in reversed(good) if d.version != current.version), None)
        if before is None or before.version is None or current.version is None:
            return None
        older, newer = (
            self.lake.accepted(d.dataset, self.month, d.version or 0) for d in (before, current)
        )
        return difference(older, newer, contract, before.version, current.version)


def _previous(session: Session, month: Month) -> dict[str, tuple[Month, int]]:
    """Per dataset the latest earlier month with a delivery in force, and its data rows."""
    rows = session.execute(
        select(DatasetMonth.dataset, DatasetMonth.month, Delivery.data_rows)
        .join(Delivery, DatasetMonth.delivery_id == Delivery.id)
        .where(DatasetMonth.month < str(month))
        .order_by(DatasetMonth.month)
    )
    return {row.dataset: (Month.parse(row.month), row.data_rows) for row in rows}


def _told(mark: SourceMark) -> str:
    """In Chinese: 取自数据库：120行，5月3日以来没有变动."""
    day = _day(county_day(mark.taken_at))
    return f"取自{WAY_TITLES[mark.way]}：{mark.rows}行，{day}以来没有变动。"


def _day(day: date) -> str:
    return f"{day.month}月{day.day}日"
