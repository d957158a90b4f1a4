"""One dataset's month: how it stands, its sendings, what was sent back and why, and the answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import Session

from poverty_watch.contracts import Department
from poverty_watch.identity import mask_numbers
from poverty_watch.intake.answers.sendings import Sending, sendings
from poverty_watch.intake.answers.steps import FOLDER
from poverty_watch.intake.answers.texts import answer_texts
from poverty_watch.intake.policy import faults, queries
from poverty_watch.lake.versions import Lake
from poverty_watch.months import Month
from poverty_watch.settings import Settings

_PAGE = ".html"


@dataclass(frozen=True)
class Counted:
    """How many rows have one fault or query, and what is to be done."""

    title: str
    count: int
    remedy: str


@dataclass(frozen=True)
class Sent:
    """One sending as the page tells of it. ``page`` is the file name of its results page."""

    number: int
    files: tuple[str, ...]
    seen: str
    verdict: str
    meaning: str
    tone: str
    data_rows: int
    accepted_rows: int
    returned_rows: int
    faults: tuple[Counted, ...]
    queries: tuple[Counted, ...]
    messages: tuple[str, ...]
    folder: Path


def sent_of(
    session: Session, department: Department, dataset: str, month: Month, settings: Settings
) -> list[Sent]:
    """All settled sendings of a dataset, the newest first."""
    found = sendings(session, department, dataset, month, Lake(settings.lake))
    return [_sent(sending) for sending in reversed(found)]


def _sent(sending: Sending) -> Sent:
    delivery, verdict = sending.delivery, answer_texts().verdicts[sending.verdict]
    names = {
        "dataset": sending.title,
        "month": sending.month.chinese,
        "number": sending.number,
        "department": sending.department.title,
        "accepted": delivery.accepted_rows,
        "returned": delivery.rejected_rows,
        "mend": sending.to_mend,
        "same_as": sending.same_as,
        "standing": sending.standing,
    }
    fault_texts = {code: (fault.title, fault.remedy) for code, fault in faults().items()}
    query_texts = {code: (query.title, query.remedy) for code, query in queries().items()}
    newest = max(file.seen_at for file in sending.files)
    return Sent(
        sending.number,
        tuple(mask_numbers(file.name) for file in sending.files),
        f"{newest:%Y-%m-%d %H:%M}",
        verdict.title.format(**names),
        verdict.meaning.format(**names),
        verdict.tone,
        delivery.data_rows,
        delivery.accepted_rows if delivery.version else 0,
        delivery.rejected_rows,
        _counted(delivery.faults, fault_texts),
        _counted(delivery.open_queries or {}, query_texts),
        tuple(delivery.messages),
        sending.folder,
    )


def _counted(
    counts: Mapping[str, int], texts: Mapping[str, tuple[str, str]]
) -> tuple[Counted, ...]:
    """In the order of the policy file."""
    order = {code: n for n, code in enumerate(texts)}
    return tuple(
        Counted(texts.get(code, (code, ""))[0], count, texts.get(code, (code, ""))[1])
        for code, count in sorted(counts.items(), key=lambda one: order.get(one[0], len(order)))
    )


@dataclass(frozen=True)
class Answers:
    """The files that answer a department about a dataset: pages to read here, workbooks to take."""

    pages: tuple[Path, ...]
    workbooks: tuple[Path, ...]


def answers_of(department: Department, title: str, month: Month, settings: Settings) -> Answers:
    """What lies in the outbox for a dataset, and the department's list of findings."""
    folder = settings.outbox / str(month) / FOLDER / department.title
    found = sorted(folder.glob("[!.]*")) if folder.is_dir() else []
    own = [path for path in found if f"_{title}_" in path.name or path.name.startswith("比对问题_")]
    return Answers(
        tuple(path for path in own if path.suffix == _PAGE),
        tuple(path for path in own if path.suffix != _PAGE and path.is_file()),
    )
