"""What correction sheets are called and say: ``include/templates/更正表.yaml``."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Literal, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

from poverty_watch.files import sha256_of
from poverty_watch.settings import TEMPLATES

_FILE = TEMPLATES / "更正表.yaml"
Fate = Literal[
    "mended",
    "voided",
    "explained",
    "already",
    "needless",
    "twin",
    "still_faulty",
    "unchanged",
    "explained_error",
    "spoiled",
    "conflict",
    "gone",
    "misplaced",
    "ambiguous",
    "no_code",
    "bad_code",
    "elsewhere",
    "at_source",
]
"""What may become of a row of a correction sheet."""
Treatment = Literal["mend", "void"]
"""What the sender may want done with a row; nothing said is ``mend``."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Sheets(_Strict):
    """Names of the workbook's sheets."""

    rows: str
    files: str
    lists: str


class Headers(_Strict):
    """The office's own columns; by these words a returned sheet is read again."""

    row: str
    problem: str
    remedy: str
    treatment: str
    proposal: str
    adopt: str
    explanation: str
    file: str
    sheet: str
    code: str
    question: str


class Widths(_Strict):
    """Widths of the office's columns, in characters."""

    row: float
    problem: float
    remedy: float
    treatment: float
    proposal: float
    adopt: float
    explanation: float
    file: float
    sheet: float
    code: float
    question: float


class Form(_Strict):
    """What the sheet says to the sender."""

    title: str
    title_at_source: str
    subtitle: str
    error: str
    query: str
    adopt_choice: str
    list_error: str
    files_title: str
    files_note: str
    notes: tuple[str, ...]
    notes_at_source: tuple[str, ...]
    note_query: str
    back: str
    note_proposal: str
    remedy_proposal: str
    note_lost: str


class FateTexts(_Strict):
    """What became of a row: for counts, for the row itself, and how good it is."""

    title: str
    sentence: str
    tone: Literal["good", "question", "stop"]


class CorrectionTexts(_Strict):
    """The whole file. Every fate must have its words: a row would be passed over in silence."""

    name: str
    name_at_source: str
    most_rows: int = Field(gt=0, le=100_000)
    longest_explanation: int = Field(gt=0)
    means_yes: tuple[str, ...]
    treatments: dict[Treatment, str]
    means: dict[Treatment, tuple[str, ...]]
    sheets: Sheets
    headers: Headers
    widths: Widths
    form: Form
    fates: dict[Fate, FateTexts]
    not_returned: str
    nothing_new: str
    unreadable_base: str
    not_carried_over: str
    of_another: str

    @model_validator(mode="after")
    def _is_complete(self) -> CorrectionTexts:
        lacking = sorted(set(get_args(Fate)) - set(self.fates))
        if lacking:
            raise ValueError(f"缺少这些去向的说法：{'、'.join(lacking)}")
        if self.form.adopt_choice not in self.means_yes:
            raise ValueError(f"“采用”列的选项“{self.form.adopt_choice}”不在 means_yes 里")
        for treatment in get_args(Treatment):
            if self.treatment_of(self.treatments.get(treatment, "")) != treatment:
                raise ValueError(f"“处理”列的选项 {treatment} 要在 treatments 里，也要在 means 里")
        return self

    def treatment_of(self, word: str) -> Treatment | None:
        """What a word in the column of treatments means; None for a blank or an unknown one."""
        return next((t for t, words in self.means.items() if word in words), None)


@lru_cache(maxsize=1)
def correction_texts(path: Path = _FILE) -> CorrectionTexts:
    """The texts in force."""
    return CorrectionTexts.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))


@lru_cache(maxsize=1)
def correction_texts_sha256() -> str:
    """Names every text that a correction sheet may hold."""
    return sha256_of(_FILE)
