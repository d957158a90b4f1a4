"""What the county has decided about leads and findings: files in ``include/reference/``."""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field

from poverty_watch.settings import REFERENCE


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AlreadyKnown(_Strict):
    """Where the risk that a household is monitored for does not keep a hit back."""

    not_for_risks: frozenset[str]
    not_for_rules: frozenset[str]


class Excluded(_Strict):
    """How long, and up to which change for the worse, a verified exclusion keeps hits back."""

    months: int = Field(ge=0)
    rise_percent: Decimal = Field(ge=0)


class SuppressionPolicy(_Strict):
    """``include/reference/suppression.yaml``."""

    already_known: AlreadyKnown
    excluded: Excluded


@lru_cache(maxsize=4)
def suppression_policy(path: Path = REFERENCE / "suppression.yaml") -> SuppressionPolicy:
    """The policy in force."""
    return SuppressionPolicy.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
