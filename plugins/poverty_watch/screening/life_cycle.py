"""One month's step in the life of findings, on the ledger's entries.

Normally the month is the newest: what it shows is opened or seen again, what it no longer shows is
closed. A month that is computed again may meet entries that reach beyond it: they are cut off or
drawn together here, and the months after it are followed once more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import delete, func, insert, or_, select
from sqlalchemy.orm import Session

from poverty_watch.ledger.changes import update_rows
from poverty_watch.ledger.models import Finding
from poverty_watch.months import Month

Key = tuple[str, str, str, str]
KEY = ("comparison_id", "subject", "subject_id", "dataset")
# What a finding says besides its key; the newest month that shows it is right.
FACTS = (
    "outcome",
    "owner_kind",
    "owner",
    "household_id",
    "person_id",
    "township",
    "village",
    "evidence",
)
_BATCH = 500

Facts = Mapping[str, Any]


@dataclass(frozen=True)
class Notice:
    """That owners are told on a day, and by when a finding of an outcome is due."""

    day: date
    due_on: Callable[[str], date]


@dataclass(frozen=True)
class Judgement:
    """What a month's computation can say about a finding that it does not show.

    ``is_judged``: the comparison ran on the month's own delivery. ``is_event``: the finding tells of
    something that only its own month shows. ``seen_before``: the newest earlier month that showed a
    finding which has been open since the month given.
    """

    is_judged: Callable[[Key], bool]
    is_event: Callable[[Key], bool]
    seen_before: Callable[[Key, str], str]


@dataclass
class Moved:
    """How many findings a step opened (or opened again) and closed."""

    opened: int = 0
    closed: int = 0

    @property
    def is_anything(self) -> bool:
        """Whether any finding's life has changed."""
        return bool(self.opened or self.closed)


@dataclass
class _State:
    """The columns that the life cycle moves."""

    opened_month: str
    seen_month: str
    closed_month: str | None = None
    opened_on: date | None = None
    due_on: date | None = None


@dataclass
class _Entry:
    """An entry of the ledger; without an id one that is to be written."""

    key: Key
    state: _State
    id: int | None = None
    settled: bool = False
    facts: Facts = field(default_factory=dict)
    before: Facts = field(default_factory=dict)

    @property
    def changes(self) -> dict[str, Any]:
        """Every column, if any of them is to be written."""
        now = {**vars(self.state), **self.facts}
        return {"id": self.id, **now} if now != self.before else {}


def follow(
    session: Session,
    month: Month,
    seen: Mapping[Key, Facts],
    judgement: Judgement,
    notice: Notice | None,
) -> Moved:
    """Bring the findings to what a month shows; done twice, the second time changes nothing.

    Args:
        session: the caller's transaction.
        month: the month that was computed.
        seen: every finding of the month that somebody has to deal with.
        judgement: what may be said of those that it does not show.
        notice: None where nobody is told: then no day is set by which something is due.
    """
    step = _Step(str(month), judgement, notice)
    step.take(_entries(session, step.month))
    for key, facts in seen.items():
        step.show(key, facts)
    for key in step.current.keys() - seen.keys():
        step.miss(key)
    _write(session, step)
    return step.moved


@dataclass
class _Step:
    """The entries around one month: ``current`` begun by then, ``later`` the first begun since."""

    month: str
    judgement: Judgement
    notice: Notice | None
    current: dict[Key, _Entry] = field(default_factory=dict)
    later: dict[Key, _Entry] = field(default_factory=dict)
    fresh: list[_Entry] = field(default_factory=list)
    merged: list[int] = field(default_factory=list)
    moved: Moved = field(default_factory=Moved)

    def take(self, entries: Iterable[_Entry]) -> None:
        """Sort the ledger's entries, given in the order of their opening."""
        for entry in entries:
            if entry.state.opened_month <= self.month:
                self.current[entry.key] = entry
            else:
                self.later.setdefault(entry.key, entry)

    def show(self, key: Key, facts: Facts) -> None:
        """The month shows a finding."""
        entry = self.current.get(key)
        if entry is None:
            entry = self._begin(key)
        elif entry.state.closed_month == self.month:
            self._open_again(entry)
        if entry.state.seen_month <= self.month:
            entry.state.seen_month = self.month
            entry.facts = facts
        is_to_do = entry.state.closed_month is None and not entry.settled
        if self.notice and is_to_do and entry.state.due_on is None:
            entry.state.opened_on = self.notice.day
            entry.state.due_on = self.notice.due_on(facts["outcome"])

    def miss(self, key: Key) -> None:
        """The month does not show a finding that was begun by then."""
        state = self.current[key].state
        judged = self.judgement.is_judged(key)
        if state.closed_month == self.month:
            if not judged and key not in self.later:
                state.closed_month = None
                self.moved.opened += 1
            return
        if not judged or (self.judgement.is_event(key) and state.seen_month != self.month):
            return
        if state.seen_month >= self.month:
            is_older = state.opened_month < self.month
            state.seen_month = (
                self.judgement.seen_before(key, state.opened_month) if is_older else self.month
            )
        state.closed_month = self.month
        self.moved.closed += 1

    def _begin(self, key: Key) -> _Entry:
        """A new entry; or the next later one begins earlier than was known."""
        entry = self.later.pop(key, None)
        if entry is None:
            entry = _Entry(key, _State(self.month, self.month))
            self.fresh.append(entry)
        entry.state.opened_month = self.month
        self.current[key] = entry
        self.moved.opened += 1
        return entry

    def _open_again(self, entry: _Entry) -> None:
        """An earlier computation of this month had closed it; one begun since was its own sequel."""
        entry.state.closed_month = None
        sequel = self.later.pop(entry.key, None)
        if sequel is not None:
            assert sequel.id is not None
            self.merged.append(sequel.id)
            entry.state.closed_month = sequel.state.closed_month
            entry.state.seen_month = sequel.state.seen_month
            entry.facts = sequel.facts
        self.moved.opened += 1


def _entries(session: Session, month: str) -> list[_Entry]:
    """Whatever was open in the month or begins later, with what it said if this month said it."""
    columns = [*KEY, *FACTS, "id", "settled_month", *_State.__dataclass_fields__]
    rows = session.execute(
        select(*(Finding.__table__.columns[name] for name in columns))
        .where(or_(Finding.closed_month.is_(None), Finding.closed_month >= month))
        .order_by(Finding.opened_month, Finding.id)
    )
    entries = []
    for row in rows.mappings():
        state = {name: row[name] for name in _State.__dataclass_fields__}
        entries.append(
            _Entry(
                key=_key(row),
                state=_State(**state),
                id=row["id"],
                settled=row["settled_month"] is not None,
                facts={name: row[name] for name in FACTS},
                before={name: row[name] for name in (*state, *FACTS)},
            )
        )
    return entries


def _write(session: Session, step: _Step) -> None:
    """Write what has moved: first what goes or closes, so that no finding is ever open twice."""
    for start in range(0, len(step.merged), _BATCH):
        batch = step.merged[start : start + _BATCH]
        session.execute(delete(Finding).where(Finding.id.in_(batch)))
    known = [entry for entry in {**step.later, **step.current}.values() if entry.id is not None]
    changed = [changes for entry in known if (changes := entry.changes)]
    changed.sort(key=lambda changes: (changes["closed_month"] is None, changes["id"]))
    update_rows(session, Finding, changed, ("id",))
    if step.fresh:
        rounds = _rounds(session, step)
        fresh = [
            {
                **dict(zip(KEY, entry.key, strict=True)),
                **vars(entry.state),
                **entry.facts,
                "round": rounds.get(entry.key, 0) + 1,
            }
            for entry in sorted(step.fresh, key=lambda entry: entry.key)
        ]
        session.execute(insert(Finding), fresh)


def _rounds(session: Session, step: _Step) -> dict[Key, int]:
    """How often a finding was there before, by key."""
    columns = [Finding.__table__.columns[name] for name in KEY]
    rows = session.execute(
        select(*columns, func.max(Finding.round).label("rounds"))
        .where(Finding.closed_month < step.month)
        .group_by(*columns)
    )
    return {_key(row): row["rounds"] for row in rows.mappings()}


def _key(row: Any) -> Key:
    return row["comparison_id"], row["subject"], row["subject_id"], row["dataset"]
