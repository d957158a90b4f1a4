"""What people type, read by the kinds of the procedure's fields."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from poverty_watch.identity import mask_numbers
from poverty_watch.settings import REFERENCE
from poverty_watch.verification.cases.errors import CaseError
from poverty_watch.verification.cases.procedure import Field, Policy

_LONGEST = 500


@lru_cache(maxsize=1)
def risk_names(path: Path = REFERENCE / "risk_labels.yaml") -> dict[str, str]:
    """Every spelling of a risk and the risk that it means."""
    content: dict[str, list[str]] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {name: risk for risk, names in content.items() for name in (risk, *names)}


def read_given(policy: Policy, texts: Mapping[str, str]) -> dict[str, Any]:
    """What was typed, by the fields' keys; fields may be named by key or Chinese title.

    Raises:
        CaseError: a field is unknown or its text cannot be read; all of them at once.
    """
    by_title = {wanted.title: key for key, wanted in policy.fields.items()}
    found: dict[str, Any] = {}
    problems = []
    for name, text in texts.items():
        key = by_title.get(name, name)
        if key not in policy.fields:
            problems.append(f"没有“{name}”这一项，可以填的有：{'、'.join(by_title)}。")
            continue
        try:
            found[key] = _read(policy, policy.fields[key], _plain(text))
        except ValueError as error:
            problems.append(f"“{policy.fields[key].title}”填写的“{_plain(text)}”不对：{error}。")
    if problems:
        raise CaseError(problems)
    return found


def _plain(text: str) -> str:
    """One line without control characters, identity numbers masked: it is kept and shown for ever."""
    evened = "".join(c if c.isprintable() else " " for c in text)
    return mask_numbers(" ".join(evened.split()))[:_LONGEST]


def _read(policy: Policy, wanted: Field, text: str) -> Any:
    if not text:
        return None
    if wanted.kind != "text":
        text = unicodedata.normalize("NFKC", text)
    match wanted.kind:
        case "count":
            if not re.fullmatch(r"\d{1,5}", text):
                raise ValueError("应为整数")
            return int(text)
        case "people":
            return _listed(text)
        case "risks":
            return _risks(text)
        case "choice":
            return _chosen(text, wanted.options)
        case "class":
            return _chosen(text, tuple(policy.classes))
        case "explanations":
            return _explanations(text)
        case _:
            return text


def _listed(text: str) -> list[str]:
    return list(dict.fromkeys(part for part in re.split(r"[、,;\s]+", text) if part))


def _risks(text: str) -> list[str]:
    names = risk_names()
    listed = _listed(text)
    unknown = [part for part in listed if part not in names]
    if unknown:
        raise ValueError(f"没有“{'、'.join(unknown)}”这种风险，可以写：{_risks_offered()}")
    risks = list(dict.fromkeys(names[part] for part in listed))
    if len(risks) > 5:
        raise ValueError("最多写5种风险")
    return risks


def _risks_offered() -> str:
    return "、".join(dict.fromkeys(risk_names().values()))


def _chosen(text: str, options: tuple[str, ...]) -> str:
    evened = {unicodedata.normalize("NFKC", option): option for option in options}
    if text not in evened:
        raise ValueError(f"应为{'、'.join(options)}中的一个")
    return evened[text]


def _explanations(text: str) -> dict[str, str]:
    found = {}
    for part in re.split(r"[;；]", text):
        number, _, why = part.partition(":")
        if not part.strip():
            continue
        if not number.strip().isdigit() or not why.strip():
            raise ValueError("写成“编号：说明”，几条之间用分号隔开")
        found[number.strip()] = why.strip()
    return found
