"""Verification's policy files: deadlines, and what a task sheet looks like."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict

from poverty_watch.contracts.recipients import Recipients, recipients
from poverty_watch.settings import REFERENCE, TEMPLATES

__all__ = [
    "AnswerColumn",
    "Deadlines",
    "FactColumn",
    "Recipients",
    "Rung",
    "SheetForm",
    "deadlines",
    "recipients",
    "sheet_form",
]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Rung(_Strict):
    """One step of the ladder: reached that many workdays after the due day (before, if negative)."""

    rung: str
    title: str
    to: Literal["villages", "townships", "county", "joint_meeting"]
    workdays: int


class Deadlines(_Strict):
    """``include/reference/deadlines.yaml``; in workdays.

    Its part on findings of comparisons is read by `poverty_watch.ledger.handling`, that on the
    report by `poverty_watch.contracts.reporting`.
    """

    verification_workdays: int
    escalation: tuple[Rung, ...] = ()


class FactColumn(_Strict):
    """A column that the system fills in. ``width`` in characters."""

    field: str
    header: str
    width: float


class AnswerColumn(FactColumn):
    """A column that the township fills in; a ``choice`` has its options in a drop-down."""

    kind: Literal["choice", "date", "text"]
    options: tuple[str, ...] = ()


class SheetForm(_Strict):
    """``include/templates/核实任务表.yaml``."""

    title: str
    subtitle: str
    notes: tuple[str, ...]
    facts: tuple[FactColumn, ...]
    answers: tuple[AnswerColumn, ...]


@lru_cache(maxsize=1)
def deadlines(path: Path = REFERENCE / "deadlines.yaml") -> Deadlines:
    """The deadlines in force."""
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    for others in ("findings", "report"):
        content.pop(others, None)
    return Deadlines.model_validate(content)


@lru_cache(maxsize=1)
def sheet_form(path: Path = TEMPLATES / "核实任务表.yaml") -> SheetForm:
    """The form of the task sheet."""
    return SheetForm.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
