"""Who deals with a comparison's findings, and within how many workdays: the county's policy."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, RootModel

from poverty_watch.settings import REFERENCE

OwnerKind = Literal["department", "township", "county"]


class Handling(BaseModel):
    """One outcome: what staff call it, who owns the finding, how many workdays there are."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str
    owner: OwnerKind
    workdays: int = Field(ge=1)


class _Handlings(RootModel[dict[str, Handling]]):
    """By outcome. One that is not listed (INFO) is a figure: nobody is given anything to do."""


@lru_cache(maxsize=4)
def handling(path: Path = REFERENCE / "deadlines.yaml") -> dict[str, Handling]:
    """The part ``findings`` of ``include/reference/deadlines.yaml``, by outcome."""
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    return _Handlings.model_validate(content["findings"]).root
