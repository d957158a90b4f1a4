"""A dataset's sendings of a month, numbered as the sender counts them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from poverty_watch.contracts import Department
from poverty_watch.contracts.duty import duty_policy
from poverty_watch.intake.answers.texts import ClockName, VerdictName
from poverty_watch.intake.corrections.composition import lies_in
from poverty_watch.intake.corrections.judging import SOURCES_THAT_MEND
from poverty_watch.intake.policy import faults
from poverty_watch.intake.submissions import Submission, submissions
from poverty_watch.lake.versions import Lake
from poverty_watch.ledger.deliveries import IN_FORCE, Fulfilled
from poverty_watch.ledger.models import Correction, Delivery, SeenFile
from poverty_watch.months import COUNTY_ZONE, Month


@dataclass(frozen=True)
class Arrived:
    """A file of a sending: name, content, when it was first seen and last saved (county time)."""

    name: str
    sha256: str
    seen_at: datetime
    saved_at: datetime


@dataclass(frozen=True)
class Sending:
    """One sending and what became of it.

    ``same_as`` is the earlier sending with exactly the same content; ``standing`` the sending that
    is in force after this one, None if none is. ``folder`` is where the delivery lies in the lake.
    ``fates`` counts the rows of a correction sheet by what became of them, ``base`` is the delivery
    that it was merged into.
    """

    number: int
    department: Department
    dataset: str
    month: Month
    files: tuple[Arrived, ...]
    delivery: Delivery
    same_as: int | None
    standing: int | None
    folder: Path
    is_correction: bool = False
    fates: Mapping[str, int] = field(default_factory=dict)
    base: Delivery | None = None

    @property
    def verdict(self) -> VerdictName:
        """Which of the outcomes it is."""
        delivery = self.delivery
        if self.same_as is not None:
            return "identical"
        if self.is_correction:
            return self._verdict_on_correction
        if delivery.status == "nil":
            return "nil"
        if delivery.status == "accepted_with_warnings":
            return "accepted_with_warnings"
        if delivery.status == "accepted":
            if self.to_mend:
                return "accepted_in_part"
            return "accepted_with_repeats" if delivery.rejected_rows else "accepted_whole"
        return "rejected_in_rows" if self.was_judged else "rejected_unread"

    @property
    def _verdict_on_correction(self) -> VerdictName:
        if self.delivery.status not in IN_FORCE:
            return "corrected_rejected" if self.was_judged else "corrected_nothing"
        return "corrected_in_part" if self.to_mend else "corrected_whole"

    @property
    def to_mend(self) -> int:
        """Rows sent back in which there is something to mend, by their first reason."""
        known = faults()
        needless = sum(n for code, n in self.delivery.faults.items() if known[code].needless)
        return self.delivery.rejected_rows - needless

    @property
    def is_mended_at_source(self) -> bool:
        """Whether the department mends its data in the system that they are taken from."""
        return self.department.card.arrives.way in SOURCES_THAT_MEND

    @property
    def clock(self) -> tuple[ClockName, date, int]:
        """Whether it came in time, the due day, and the days after it."""
        due_on = duty_policy().of(self.department.card).due_on(self.month)
        arrived = Fulfilled(
            max(file.seen_at for file in self.files).date(),
            max(file.saved_at for file in self.files).date(),
        )
        days = arrived.days_late(due_on)
        if arrived.is_in_doubt(due_on):
            return "in_doubt", due_on, days
        return ("late" if days else "on_time"), due_on, days

    @property
    def was_judged(self) -> bool:
        """Whether its rows were looked at one by one."""
        return self.delivery.was_judged

    @property
    def title(self) -> str:
        """The dataset's Chinese name."""
        return self.department.contracts[self.dataset].title


def sendings(
    session: Session, department: Department, dataset: str, month: Month, lake: Lake
) -> list[Sending]:
    """All settled sendings of a dataset, in order; one that could not be judged is left out."""
    files = list(
        session.scalars(
            select(SeenFile).where(
                SeenFile.month == str(month),
                SeenFile.department == department.id,
                SeenFile.dataset == dataset,
            )
        )
    )
    settled = {
        delivery.content_sha256: delivery
        for delivery in session.scalars(
            select(Delivery).where(Delivery.month == str(month), Delivery.dataset == dataset)
        )
    }
    corrections = {
        content: session.get(Correction, delivery.id) for content, delivery in settled.items()
    }
    by_id = {delivery.id: delivery for delivery in settled.values()}
    return _numbered(
        submissions(dataset, files), settled, corrections, by_id, department, month, lake
    )


def _numbered(
    sent: Sequence[Submission],
    settled: dict[str, Delivery],
    corrections: Mapping[str, Correction | None],
    by_id: Mapping[int, Delivery],
    department: Department,
    month: Month,
    lake: Lake,
) -> list[Sending]:
    first: dict[str, int] = {}
    standing: int | None = None
    found = []
    for number, submission in enumerate(sent, start=1):
        delivery = settled.get(submission.content_sha256)
        if delivery is None:
            continue
        same_as = first.get(submission.content_sha256)
        first.setdefault(submission.content_sha256, number)
        if delivery.status in IN_FORCE and not submission.is_repeat:
            standing = same_as or number
        correction = corrections[submission.content_sha256]
        found.append(
            Sending(
                number=number,
                department=department,
                dataset=submission.dataset,
                month=month,
                files=tuple(
                    Arrived(
                        name,
                        file.sha256,
                        _county_time(file.first_seen_at),
                        _county_time(file.modified_at),
                    )
                    for file, name in zip(submission.files, submission.names, strict=True)
                ),
                delivery=delivery,
                same_as=same_as,
                standing=standing,
                folder=lies_in(delivery, lake),
                is_correction=submission.is_correction,
                fates=correction.rows if correction else {},
                base=by_id.get(correction.base_id or 0) if correction else None,
            )
        )
    return found


def _county_time(moment: datetime) -> datetime:
    # SQLite gives times back without their zone; they are UTC.
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.astimezone(COUNTY_ZONE)


def to_correct(sent: Sequence[Sending]) -> Sending | None:
    """The sending whose rows are to be mended: the latest that was judged row by row."""
    judged = [sending for sending in sent if sending.was_judged and sending.same_as is None]
    return judged[-1] if judged else None
