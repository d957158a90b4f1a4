"""Take in a returned workbook: all of it in one transaction, once."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, selectinload

from poverty_watch.identity import Keyring, mask_numbers
from poverty_watch.ledger.access import Viewer
from poverty_watch.ledger.journal import record
from poverty_watch.ledger.models import SheetReturn, Task, TaskAnswer
from poverty_watch.months import Month
from poverty_watch.verification.cases.carrying import Desk
from poverty_watch.verification.cases.papers import Paper, keep_papers
from poverty_watch.verification.cases.verdicts import Verdict, take_verdicts
from poverty_watch.verification.policy import sheet_form
from poverty_watch.verification.returns.answering import (
    answer_path,
    write_answer,
)
from poverty_watch.verification.returns.judging import FATES, Asked, Judged, codes_of, judge_rows
from poverty_watch.verification.returns.reading import ReturnedRow, read_return

_BATCH = 500
_PLAIN = ("taken", "unfilled")


@dataclass(frozen=True)
class ReturnOutcome:
    """What became of a returned workbook; ``is_repeat``: its content had been taken in before."""

    name: str
    counts: dict[str, int]
    answer: Path
    is_repeat: bool

    @property
    def summary(self) -> str:
        """One Chinese line for the log and the grid."""
        told = "，".join(f"{FATES[f]}{self.counts[f]}行" for f in FATES if self.counts.get(f))
        again = "（以前收过的同一份文件，没有重复登记）" if self.is_repeat else ""
        return f"{mask_numbers(self.name)}：{told or '没有一行'}{again}"


def take_return(path: Path, desk: Desk, month: Month, township: str = "") -> ReturnOutcome:
    """Take in a returned workbook, and write what became of each row into an answer workbook.

    Rows are tied to tasks by their codes alone, and checked against the household that the row
    shows. A killed process leaves everything of it or nothing; a second time changes nothing.

    Args:
        path: the workbook.
        desk: where and when.
        month: the folder that it came in; the answer goes to that month's.
        township: who sent it; rows of others are refused. Empty where that is not known.

    Raises:
        UnreadableError: it cannot be read; nothing was taken.
        CaseError: it cannot be kept as a paper; nothing was taken.
        CalendarError: a deadline falls into a year that is not known; nothing was taken.
    """
    name = "".join(c for c in path.name if c.isprintable())
    rows = read_return(path, name, sheet_form())
    (paper,) = keep_papers(desk.settings, desk.policy, {"visit_sheet": [path]})
    with _uncollected():
        try:
            returned, is_repeat = _register(desk, rows, paper, name, month, township)
        except IntegrityError:
            # Another process has just taken in the same content, or the answer of the same task.
            returned, is_repeat = _register(desk, rows, paper, name, month, township)
    answer = write_answer(desk.settings, returned)
    return ReturnOutcome(name, returned.counts, answer, is_repeat)


@contextmanager
def _uncollected() -> Iterator[None]:
    """No collection of garbage: a workbook makes rows by the ten thousand and keeps them all."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def answers_of_all(desk: Desk) -> dict[tuple[str, str], Path]:
    """Where the answer lies, or is to lie, of each content (SHA-256) and sender taken in so far."""
    columns = ("sha256", "township", "id", "name", "month")
    with desk.ledger.transaction() as session:
        rows = session.execute(select(*(getattr(SheetReturn, name) for name in columns))).all()
    return {
        (row.sha256, row.township): answer_path(desk.settings, row.id, row.name, row.month)
        for row in rows
    }


def answer_again(desk: Desk, sha256: str, township: str) -> Path:
    """Write the answer to what was taken in before, from the ledger's record."""
    with desk.ledger.transaction() as session:
        returned = _known(session, sha256, township)
    assert returned is not None
    return write_answer(desk.settings, returned)


def _known(session: Session, sha256: str, township: str) -> SheetReturn | None:
    return session.scalars(
        select(SheetReturn).where(SheetReturn.sha256 == sha256, SheetReturn.township == township)
    ).one_or_none()


def _register(
    desk: Desk, rows: Sequence[ReturnedRow], paper: Paper, name: str, month: Month, township: str
) -> tuple[SheetReturn, bool]:
    with desk.ledger.transaction() as session:
        known = _known(session, paper["sha256"], township)
        if known is not None:
            return known, True
        returned = SheetReturn(
            sha256=paper["sha256"], township=township, name=name, month=str(month)
        )
        session.add(returned)
        session.flush()
        keys = Keyring.open(desk.settings.keys)
        judged = judge_rows(
            rows, _asked(session, codes_of(rows)), keys, desk.policy, sheet_form(), township
        )
        taken = _take(session, desk, judged, paper, township)
        session.add_all(
            TaskAnswer(
                task_id=one.asked.task_id,
                return_id=returned.id,
                answers={n: mask_numbers(text) for n, text in one.row.answers.items()},
            )
            for one in taken
            if one.asked is not None
        )
        returned.counts = dict(Counter(str(one.fate) for one in judged))
        returned.rows = [_told(one) for one in judged if one.fate not in _PLAIN]
        record(
            session,
            "收取核实回表",
            paper["sha256"],
            month=month,
            actor=township or "系统",
            rows=returned.counts,
        )
        return returned, False


def _take(
    session: Session, desk: Desk, judged: Sequence[Judged], paper: Paper, township: str
) -> list[Judged]:
    """Hand the rows that hold to the procedure, township by township; mark what it refuses."""
    taken = []
    wanted = [one for one in judged if one.fate == "taken"]
    for place in sorted({one.asked.township for one in wanted if one.asked}):
        own = [one for one in wanted if one.asked and one.asked.township == place]
        verdicts = [
            Verdict(one.asked.task_id, one.decision, one.on, one.given, (paper,))
            for one in own
            if one.asked and one.on
        ]
        sender = Viewer(f"{place or '乡镇'}报回", "township", place or "未明乡镇")
        for one, result in zip(own, take_verdicts(session, desk, verdicts, sender), strict=True):
            if result.problems:
                one.fate, one.told = "refused", list(result.problems)
            else:
                taken.append(one)
    return taken


def _asked(session: Session, wanted: Collection[int]) -> dict[int, Asked]:
    """The tasks, locked in the order of their numbers: two returns at once never wait in a ring."""
    ids, found = sorted(wanted), dict[int, Asked]()
    for start in range(0, len(ids), _BATCH):
        batch = ids[start : start + _BATCH]
        session.execute(
            select(Task.id).where(Task.id.in_(batch)).order_by(Task.id).with_for_update()
        )
        answers = {
            answer.task_id: answer.answers
            for answer in session.scalars(select(TaskAnswer).where(TaskAnswer.task_id.in_(batch)))
        }
        query = select(Task).where(Task.id.in_(batch)).options(selectinload(Task.reasons))
        for task in session.scalars(query.execution_options(populate_existing=True)):
            found[task.id] = Asked(
                task.id,
                task.household_id,
                task.township,
                task.village,
                {r.rule_id: r.sentence for r in task.reasons if not r.is_gone},
                _answered(task, answers.get(task.id)),
            )
    return found


_OUTCOMES = {
    "confirmed": "属实",
    "excluded": "不属实",
    "monitored": "已在监测",
    "not_found": "查无此户",
}


def _answered(task: Task, answers: dict[str, str] | None) -> dict[str, str] | None:
    if task.status == "open":
        return None
    # Answered otherwise than by a sheet: its outcome alone can be compared.
    return answers or {"outcome": _OUTCOMES.get(task.outcome or "", "")}


def _told(one: Judged) -> dict[str, Any]:
    return {
        "sheet": one.row.sheet,
        "row": one.row.number,
        "fate": one.fate,
        "task": one.asked.task_id if one.asked else None,
        "village": one.asked.village
        if one.asked
        else mask_numbers(one.row.facts.get("village", "")),
        "household": mask_numbers(one.row.facts.get("household", "")).split("\n")[0],
        "told": one.told,
        "against": one.against,
        "answers": {name: mask_numbers(text) for name, text in one.row.answers.items()},
    }
