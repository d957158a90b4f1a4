"""What answers say and look like: ``include/templates/回执.yaml``."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

from poverty_watch.files import sha256_of
from poverty_watch.intake.policy import faults
from poverty_watch.settings import REFERENCE, TEMPLATES

_FILE = TEMPLATES / "回执.yaml"
Tone = Literal["good", "question", "stop"]
VerdictName = Literal[
    "accepted_whole",
    "accepted_in_part",
    "accepted_with_repeats",
    "accepted_with_warnings",
    "rejected_in_rows",
    "rejected_unread",
    "corrected_whole",
    "corrected_in_part",
    "corrected_rejected",
    "corrected_nothing",
    "nil",
    "identical",
]


ClockName = Literal["on_time", "late", "in_doubt"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Colours(_Strict):
    """Fills as RRGGBB."""

    fault: str
    whole_row: str
    locked: str
    heading: str
    good: str
    stop: str
    question: str


class Sections(_Strict):
    """Headings within the receipt."""

    basics: str
    files: str
    counts: str
    faults: str
    queries: str
    corrected: str
    messages: str
    next: str


class Labels(_Strict):
    """Names of the receipt's lines and columns."""

    department: str
    contact: str
    dataset: str
    month: str
    number: str
    verdict: str
    version: str
    clock: str
    seen: str
    file: str
    same_file: str
    reason: str
    query: str
    whole_file: str
    fate: str
    rows: str
    remedy: str
    together: str


class Counts(_Strict):
    """How the rows' fates are named."""

    all: str
    header: str
    blank: str
    total: str
    accepted: str
    not_taken: str
    returned: str
    voided: str
    late: str
    equation: str
    unread: str
    unread_data: str
    nothing: str


class ReceiptTexts(_Strict):
    """The receipt's first sheet."""

    sheet: str
    title: str
    subtitle: str
    sections: Sections
    labels: Labels
    clock: dict[ClockName, str]
    counts: Counts
    reasons_note: str
    no_faults: str
    queries_note: str
    merged_note: str
    no_messages: str
    privacy: str


class VerdictTexts(_Strict):
    """One outcome in plain words."""

    title: str
    meaning: str
    tone: Tone
    next: tuple[str, ...]


class MendSteps(_Strict):
    """What the sender may do about rows that were returned."""

    done: str
    correction: str
    correction_mend: str
    correction_explain: str
    at_source: str
    too_many: str
    marked: str
    marked_too_large: str
    marked_missing: str
    nothing: str


class ReturnedRows(_Strict):
    """The receipt's second sheet; ``widths`` in characters, one per header."""

    sheet: str
    whole_row: str
    blank: str
    too_many: str
    headers: tuple[str, ...] = Field(min_length=9, max_length=9)
    widths: tuple[float, ...] = Field(min_length=9, max_length=9)


class AskedRows(_Strict):
    """The receipt's sheet of queries; columns as wide as those of the returned rows."""

    sheet: str
    headers: tuple[str, ...] = Field(min_length=9, max_length=9)


class CorrectedRows(_Strict):
    """The receipt's sheet of a correction sheet's rows; ``widths`` in characters, one per header."""

    sheet: str
    headers: tuple[str, ...] = Field(min_length=10, max_length=10)
    widths: tuple[float, ...] = Field(min_length=10, max_length=10)
    place: str
    adopted: str


class Legend(_Strict):
    """The sheet that explains the marks in the sender's own workbook."""

    sheet: str
    title: str
    lines: tuple[str, ...]
    headers: tuple[str, ...] = Field(min_length=4, max_length=4)


class Sentences(_Strict):
    """One sentence per fault; ``by_fault`` goes before the general ones."""

    cell: str
    blank: str
    row: str
    query: str
    pair: str
    unseen: str
    as_date: str
    choices: str
    digits_gone: str
    by_fault: dict[str, str]


class AnswerTexts(_Strict):
    """The whole file. A fault that does not exist is refused: it would be passed over in silence."""

    office: str
    marked_copy_rows: int = Field(gt=0)
    listed_faults: int = Field(gt=0, le=1_000_000)
    colours: Colours
    receipt: ReceiptTexts
    verdicts: dict[VerdictName, VerdictTexts]
    standing: str
    none_standing: str
    mend_steps: MendSteps
    receipt_name: str
    marked_name: str
    returned_rows: ReturnedRows
    asked_rows: AskedRows
    corrected_rows: CorrectedRows
    legend: Legend
    comment: str
    sentences: Sentences

    @model_validator(mode="after")
    def _is_complete(self) -> AnswerTexts:
        known = set(faults())
        strange = sorted(set(self.sentences.by_fault) - known)
        if strange:
            raise ValueError(f"没有这些退回原因：{'、'.join(strange)}")
        lacking = sorted(set(VerdictName.__args__) - set(self.verdicts))  # type: ignore[attr-defined]
        if lacking:
            raise ValueError(f"缺少这些处理结果的说法：{'、'.join(lacking)}")
        return self


@lru_cache(maxsize=1)
def answer_texts(path: Path = _FILE) -> AnswerTexts:
    """The texts in force."""
    return AnswerTexts.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))


@lru_cache(maxsize=1)
def texts_sha256() -> str:
    """Names every text that an answer may hold: another text is another answer."""
    return sha256_of(_FILE) + sha256_of(REFERENCE / "faults.yaml")
