"""``include/reference/duty.yaml``: until when departments owe a month, and what may be nil."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

from poverty_watch.contracts.models import DepartmentCard, Kind
from poverty_watch.months import Month
from poverty_watch.settings import REFERENCE


class DutyPolicy(BaseModel):
    """The two clocks, as days of the following month, and which kinds may be nil."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    due_day: int = Field(ge=1, le=28)
    closing_day: int = Field(ge=1, le=28)
    nil_returns: dict[Kind, bool]

    @model_validator(mode="after")
    def _closes_last(self) -> DutyPolicy:
        if self.closing_day < self.due_day:
            raise ValueError("closing_day 不能早于 due_day")
        return self

    def of(self, card: DepartmentCard) -> DutyPolicy:
        """The clocks of one department: the county's, unless its folder has a calendar."""
        return self.model_copy(update=card.calendar.model_dump() if card.calendar else {})

    def due_on(self, month: Month) -> date:
        """The last day, whole, on which a month's delivery is on time."""
        return (month + 1).first_day.replace(day=self.due_day)

    def closes_on(self, month: Month) -> date:
        """The last day, whole, on which the month waits for deliveries."""
        return (month + 1).first_day.replace(day=self.closing_day)


@lru_cache(maxsize=4)
def duty_policy(path: Path = REFERENCE / "duty.yaml") -> DutyPolicy:
    """The policy in force."""
    return DutyPolicy.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
