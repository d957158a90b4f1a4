"""The procedure as it is written: ``include/reference/case_procedure.yaml``."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from poverty_watch.settings import REFERENCE
from poverty_watch.verification.cases.errors import ProcedureError

FILE = REFERENCE / "case_procedure.yaml"
Check = Literal["assets_explained", "criteria", "class_fits"]
Effect = Literal["approve", "eliminate"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Span(_Strict):
    """A length of time: workdays, calendar days, or until a day of the next month."""

    workdays: int | None = None
    days: int | None = None
    day_of_next_month: int | None = None

    @model_validator(mode="after")
    def _one(self) -> Span:
        if len(self.model_dump(exclude_none=True)) != 1:
            raise ValueError("期限只能写 workdays、days、day_of_next_month 中的一个")
        return self


class Field(_Strict):
    """Something that a decision must be told."""

    title: str
    kind: Literal["people", "text", "count", "choice", "risks", "class", "explanations"]
    at_least: int = 1
    options: tuple[str, ...] = ()


class Decision(_Strict):
    """One way out of a step: to the ``next`` step, or to the case's end."""

    title: str
    needs: tuple[str, ...] = ()
    papers: tuple[str, ...] = ()
    after: Span | None = None
    majority: bool = False
    unchecked: bool = False
    effect: Effect | None = None
    for_monitored: str | None = None
    next: str | None = None
    ends: str | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Decision:
        if (self.next is None) == (self.ends is None):
            raise ValueError("next 和 ends 要写一个，也只能写一个")
        return self


class Step(_Strict):
    """One step: who may do it, by when, what is checked, and the decisions that it may take."""

    title: str
    roles: tuple[Literal["township", "county"], ...]
    within: Span
    not_by: tuple[str, ...] = ()
    checks: tuple[Check, ...] = ()
    decisions: dict[str, Decision]


class Procedure(_Strict):
    """The steps of one kind of case, in their order; the first is where a case begins."""

    title: str
    steps: dict[str, Step]

    @property
    def first(self) -> str:
        """Where a case of this kind begins."""
        return next(iter(self.steps))

    @model_validator(mode="after")
    def _holds_together(self) -> Procedure:
        problems = list(self._problems())
        if problems:
            raise ValueError("；".join(problems))
        return self

    def _problems(self) -> Iterator[str]:
        reached = {self.first}
        for name, step in self.steps.items():
            for other in step.not_by:
                if other not in self.steps:
                    yield f"{name}：not_by 写了没有的环节 {other}"
            for key, decision in step.decisions.items():
                if decision.next is not None and decision.next not in self.steps:
                    yield f"{name}.{key}：next 写了没有的环节 {decision.next}"
                if decision.for_monitored and decision.for_monitored not in step.decisions:
                    yield f"{name}.{key}：for_monitored 写了没有的决定 {decision.for_monitored}"
                reached.add(decision.next or name)
        for name in self.steps:
            if name not in reached:
                yield f"没有哪一步会到 {name}"
        if not any(d.ends for step in self.steps.values() for d in step.decisions.values()):
            yield "没有哪个决定能结案"


class PaperRules(_Strict):
    """What kinds of files are taken as papers, and how large one may be."""

    suffixes: tuple[str, ...]
    at_most_megabytes: int


class Policy(_Strict):
    """The whole file; ``sha256`` names the version of it that a step was judged by."""

    total_workdays: int
    classes: dict[str, Literal["poor", "other", "any"]]
    paper_rules: PaperRules
    papers: dict[str, str]
    fields: dict[str, Field]
    procedures: dict[str, Procedure]
    sha256: str

    @model_validator(mode="after")
    def _names_are_known(self) -> Policy:
        for kind, procedure in self.procedures.items():
            for name, step in procedure.steps.items():
                for key, decision in step.decisions.items():
                    unknown = {*decision.needs} - {*self.fields} | {*decision.papers} - {
                        *self.papers
                    }
                    if unknown:
                        raise ValueError(f"{kind}.{name}.{key}：没有定义 {'、'.join(unknown)}")
        return self


def load_policy(path: Path = FILE) -> Policy:
    """The procedure in force.

    Raises:
        ProcedureError: the file is wrong; the message says where.
    """
    return _loaded(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=2)
def _loaded(path: Path, _changed: int) -> Policy:
    text = path.read_bytes()
    try:
        content: dict[str, Any] = yaml.safe_load(text)
        kinds: dict[str, Any] = content["procedures"]
        for procedure in kinds.values():
            if same := procedure.pop("same_as", None):
                procedure["steps"] = kinds[same]["steps"]
        return Policy.model_validate(content | {"sha256": hashlib.sha256(text).hexdigest()})
    except (ValidationError, yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        raise ProcedureError(f"办理程序文件 {path.name} 有误：{error}") from error
