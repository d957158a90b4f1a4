"""``include/reference/bulletin.yaml``: what the bulletin ranks, names and asks for."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

from poverty_watch.settings import REFERENCE, TEMPLATES

BULLETIN = TEMPLATES / "双月调度通报.docx"
MUNICIPAL = TEMPLATES / "双月调度_部门摘要.docx"
Problem = Literal["overdue", "late_helped", "findings", "not_in_force", "returned"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class NextStep(_Strict):
    """What is to be done about a problem, within how many workdays."""

    what: str
    workdays: int = Field(ge=1)


class BulletinPolicy(_Strict):
    """The county's choices."""

    ranking: bool
    rank_by: Literal["in_time_rate", "newly_helped", "findings"]
    returned_rate: float = Field(ge=0, le=1)
    typical: int = Field(ge=0)
    next_steps: dict[Problem, NextStep]


@lru_cache(maxsize=4)
def bulletin_policy(path: Path = REFERENCE / "bulletin.yaml") -> BulletinPolicy:
    """The policy in force."""
    return BulletinPolicy.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
