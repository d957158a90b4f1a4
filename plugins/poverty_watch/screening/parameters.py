"""Dated parameters: ``sql/parameters.yaml``, and which value was in force in a month."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, field_validator, model_validator

from poverty_watch.files import read_yaml
from poverty_watch.mistakes import mistakes_in, yaml_mistake
from poverty_watch.months import Month
from poverty_watch.screening.errors import DefinitionError
from poverty_watch.settings import SQL

SHARE = "比例"
"""The unit of parameters that are shares of something: 0.3 is told as 30%."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Value(_Strict):
    """A value from a month on: one ``value``, or ``t`` for T households and ``g`` for others."""

    valid_from: str
    value: Decimal | None = None
    t: Decimal | None = None
    g: Decimal | None = None
    basis: str
    confirmed: bool

    @field_validator("valid_from")
    @classmethod
    def _is_month(cls, text: str) -> str:
        Month.parse(text)
        return text

    @model_validator(mode="after")
    def _one_or_two(self) -> Value:
        one = self.value is not None and self.t is None and self.g is None
        two = self.value is None and self.t is not None and self.g is not None
        if not (one or two):
            raise ValueError("要么写 value，要么 t 和 g 都写")
        return self

    @property
    def text(self) -> str:
        """As staff read it."""
        if self.value is not None:
            return plain(self.value)
        assert self.t is not None
        assert self.g is not None
        return f"脱贫户 {plain(self.t)}，其他农户 {plain(self.g)}"


class Parameter(_Strict):
    """A number that policy sets; ``used_by`` names the rules and comparisons that count with it."""

    name: str
    title: str
    unit: str
    used_by: tuple[str, ...]
    values: tuple[Value, ...]

    @model_validator(mode="after")
    def _is_in_order(self) -> Parameter:
        months = [value.valid_from for value in self.values]
        if not months or months != sorted(set(months)):
            raise ValueError(f"{self.name}：values 要按 valid_from 从早到晚写，不能重复")
        return self

    def in_force(self, month: Month) -> Value | None:
        """The value at the end of a month; None before the first one."""
        found = [value for value in self.values if value.valid_from <= str(month)]
        return found[-1] if found else None


class _File(_Strict):
    parameters: tuple[Parameter, ...]


@dataclass(frozen=True)
class InForce:
    """A parameter with the value that counts in a month."""

    parameter: Parameter
    value: Value

    @property
    def bound(self) -> dict[str, Any]:
        """What SQL binds: ``name``, or ``name_t`` and ``name_g``."""
        name, value = self.parameter.name, self.value
        if value.value is not None:
            return {name: _number(value.value)}
        return {f"{name}_t": _number(value.t), f"{name}_g": _number(value.g)}

    @property
    def note(self) -> dict[str, str]:
        """``name_note``, for SQL to say beside the value: 未经县审定 in brackets, or nothing."""
        text = "" if self.value.confirmed else "（未经县审定）"
        return {f"{self.parameter.name}_note": text}

    @property
    def _told(self) -> str:
        value, unit = self.value.value, self.parameter.unit
        if value is None:
            return self.value.text
        return f"{plain(value * 100)}%" if unit == SHARE else f"{plain(value)}{unit}"

    @property
    def described(self) -> dict[str, Any]:
        """For the ledger and the report."""
        return {
            "name": self.parameter.name,
            "title": self.parameter.title,
            "value": self._told,
            "unit": self.parameter.unit,
            "valid_from": self.value.valid_from,
            "basis": self.value.basis,
            "confirmed": self.value.confirmed,
        }


def load_parameters(path: Path = SQL / "parameters.yaml") -> dict[str, Parameter]:
    """All parameters by name.

    Raises:
        DefinitionError: the file is wrong; all mistakes are listed.
    """
    try:
        content = _File.model_validate(_content(path, path.stat().st_mtime_ns))
    except ValidationError as error:
        problems = [f"- {mistake}" for mistake in mistakes_in(error)]
        raise DefinitionError(f"{path.name} 有误，请逐条改正：\n" + "\n".join(problems)) from error
    except yaml.YAMLError as error:
        raise DefinitionError(f"{path.name}：{yaml_mistake(error)}。") from error
    names = Counter(parameter.name for parameter in content.parameters)
    if twice := [name for name, count in names.items() if count > 1]:
        raise DefinitionError(f"{path.name}：参数 {'、'.join(twice)} 写了两次，请合并成一个。")
    return {parameter.name: parameter for parameter in content.parameters}


@lru_cache(maxsize=8)
def _content(path: Path, _modified: int) -> Any:
    return read_yaml(path.read_text(encoding="utf-8"))


def in_force(parameters: dict[str, Parameter], month: Month) -> dict[str, InForce]:
    """The parameters that have a value at the end of a month, by name."""
    found = {name: (parameter, parameter.in_force(month)) for name, parameter in parameters.items()}
    return {name: InForce(p, value) for name, (p, value) in found.items() if value is not None}


def plain(number: Decimal) -> str:
    """A number without trailing zeros and exponents: 6000, 0.3."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _number(number: Decimal | None) -> int | Decimal:
    assert number is not None
    return int(number) if number == number.to_integral_value() else number
