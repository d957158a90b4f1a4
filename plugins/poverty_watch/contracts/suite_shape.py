"""Mistakes of a ``<dataset>.suite.json`` that show without loading Great Expectations.

Whether a type of expectation exists at all, only Great Expectations knows: `intake.suites` guards
that when a suite is used.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from poverty_watch.contracts.models import Contract

_TYPE = re.compile(r"expect_[a-z_]+")
_SEVERITIES = ("critical", "warning", "info")


def suite_problems(path: Path, contract: Contract | None) -> list[str]:
    """All mistakes of a suite, in Chinese; columns are looked up where the contract is known."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return ["没有这个文件"]
    except (ValueError, UnicodeDecodeError) as error:
        return [f"不是正确的 JSON（{error}）"]
    if not isinstance(content, dict) or not isinstance(content.get("expectations"), list):
        return ["要有 name 和 expectations 两项，expectations 是清单"]
    problems = [] if isinstance(content.get("name"), str) else ["name：要有名称"]
    known = None if contract is None else suite_columns(contract)
    for number, expectation in enumerate(content["expectations"], start=1):
        problems += [f"第{number}条：{told}" for told in _mistakes(expectation, known)]
    return problems


def suite_columns(contract: Contract) -> set[str]:
    """The columns that a suite may speak of: the contract's own, and those that intake adds."""
    marks = {"is_duplicate"} | ({"is_repeated"} if contract.repeated_by_event else set())
    return {
        *(c.name for c in contract.columns if c.type != "identity_reference"),
        f"{contract.identity.name}_fault",
        *(f"{identity.total}_gap" for identity in contract.sums),
        *marks,
    }


def _mistakes(expectation: Any, known: set[str] | None) -> Iterator[str]:
    if not isinstance(expectation, dict):
        yield "不是一条规则"
        return
    kind = expectation.get("type")
    if not isinstance(kind, str) or not _TYPE.fullmatch(kind):
        yield f"type：“{kind}”不是规则名称"
    kwargs = expectation.get("kwargs")
    named = columns_of(kwargs) if isinstance(kwargs, dict) else {}
    if set(named) not in ({"column"}, {"column_A", "column_B"}):
        yield "kwargs：要写明 column（比较两列的写 column_A 和 column_B）"
    for word, column in named.items():
        if known is not None and column not in known:
            yield f"kwargs → {word}：没有列“{column}”"
    severity = expectation.get("severity")
    if severity not in _SEVERITIES:
        yield f"severity：只能是 {'、'.join(_SEVERITIES)}"
    meta = expectation.get("meta")
    code, what = ("fault", "退回原因") if severity == "critical" else ("query", "疑问")
    if not isinstance(meta, dict) or not isinstance(meta.get(code), str):
        yield f"meta：要写明 {code}（{what}的代码）"


def columns_of(kwargs: Mapping[str, Any]) -> dict[str, str]:
    """The columns that an expectation speaks of, by the words for them: one column, or a pair."""
    words = ("column", "column_A", "column_B")
    return {word: kwargs[word] for word in words if isinstance(kwargs.get(word), str)}
