"""Judge a standardised delivery by its Great Expectations suite, row by row."""

from __future__ import annotations

import json
from collections.abc import Container, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from poverty_watch.contracts import Contract
from poverty_watch.contracts.suite_shape import columns_of
from poverty_watch.intake.checks import Check
from poverty_watch.intake.conditions import ConditionError, Outcome, outcomes
from poverty_watch.intake.policy import faults
from poverty_watch.intake.standardise import Standardised
from poverty_watch.months import Month

if TYPE_CHECKING:
    import pandas as pd


class SuiteError(ValueError):
    """A suite file is wrong: Great Expectations would silently leave out what it does not know."""


@dataclass(frozen=True)
class Doubted:
    """Rows that an expectation below ``critical`` doubts: they are kept, and the sender is asked.

    ``columns`` are the contract's columns that it is about. ``judged`` counts the rows that it
    could be asked of; where fewer than the share ``mostly`` of them meet it, a ``warning`` (not an
    ``info``) makes the whole delivery one with questions.
    """

    code: str
    columns: tuple[str, ...]
    rows: np.ndarray
    judged: int
    mostly: float
    is_warning: bool

    def doubts_the_whole(self, explained: int) -> bool:
        """Whether the delivery is one with questions when so many of the rows are explained."""
        left = len(self.rows) - explained
        return self.is_warning and left > 0 and (self.judged - left) / self.judged < self.mostly


@dataclass(frozen=True)
class RowFaults:
    """Which rows are sent back and why, and which are doubted.

    ``first`` holds per row the index into ``found`` of its first reason, -1 for a row without any;
    ``found`` lists (fault code, column); ``others`` lists, per faulty row, all its (code, column)
    pairs. ``checks`` are all expectations in the suite's order, with what each found.
    """

    first: np.ndarray
    found: list[tuple[str, str]]
    others: dict[int, list[tuple[str, str]]]
    doubted: list[Doubted]
    checks: list[Check]


def load_suite(path: Path, given: Mapping[str, Any] | None = None) -> Any:
    """The suite, guarded: each expectation in the file is in the suite, or an error says which is not.

    ``given``: what its ``$PARAMETER`` stand for; None leaves them as they are.

    Raises:
        SuiteError: a misspelt type or parameter, or a broken file.
    """
    import great_expectations as gx

    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        expectations = [_filled(one, given) for one in content["expectations"]]
        suite = gx.ExpectationSuite(name=content["name"], expectations=expectations)
    except Exception as error:
        raise SuiteError(f"校验规则文件 {path.name} 有误：{error}") from error
    if len(suite.expectations) != len(content["expectations"]):
        known = {expectation.expectation_type for expectation in suite.expectations}
        lost = sorted({e["type"] for e in content["expectations"]} - known)
        raise SuiteError(
            f"校验规则文件 {path.name} 中有不认识的规则：{'、'.join(lost)}。请检查拼写。"
        )
    return suite


def _filled(expectation: dict[str, Any], given: Mapping[str, Any] | None) -> dict[str, Any]:
    # Great Expectations would parse each name, and keep the exceptions of its parser: their frames
    # hold all rows of the delivery until the collector comes.
    if given is None:
        return expectation
    filled = {}
    for word, value in expectation["kwargs"].items():
        name = value.get("$PARAMETER") if isinstance(value, dict) else None
        if name is not None and name not in given:
            raise SuiteError(f"没有参数“{name}”")
        filled[word] = value if name is None else given[name]
    return expectation | {"kwargs": filled}


def frame_for_suite(
    standardised: Standardised, marks: Mapping[str, np.ndarray], wanted: Container[str]
) -> pd.DataFrame:
    """The columns that a suite speaks of.

    Suites may speak of the contract's columns (dates as timestamps, amounts as floats),
    ``<identity>_fault``, ``<total>_gap`` per accounting identity, and the given marks
    (``is_duplicate``, ``is_repeated``).
    """
    import pandas as pd

    contract = standardised.contract
    data: dict[str, Any] = {}
    summed = {name for identity in contract.sums for name in (identity.total, *identity.parts)}
    for column in contract.columns:
        if column.name not in wanted and column.name not in summed:
            continue
        values = standardised.columns[column.name]
        if column.type in ("date", "month"):
            data[column.name] = _timestamps(values)
        elif column.type == "amount":
            data[column.name] = values.cast(pa.float64()).to_numpy(zero_copy_only=False)
        elif column.type != "identity_reference":
            data[column.name] = pd.array(values, dtype="str")
    data[f"{contract.identity.name}_fault"] = pd.array(standardised.identity.fault, dtype="str")
    for identity in contract.sums:
        parts = sum(data[part] for part in identity.parts)
        data[f"{identity.total}_gap"] = np.round(data[identity.total] - parts, 4)
    data.update(marks)
    return pd.DataFrame({name: values for name, values in data.items() if name in wanted})


def _timestamps(days: pa.Array) -> Any:
    # Great Expectations compares nanoseconds all at once, anything else one by one.
    try:
        return days.cast(pa.timestamp("ns")).to_pandas()
    except pa.ArrowInvalid:  # a year that nanoseconds do not reach, as in 2999-12-31
        return days.cast(pa.timestamp("s")).to_pandas()


def parameters(contract: Contract, month: Month) -> dict[str, Any]:
    """What suites may refer to by ``$PARAMETER``: month end, earliest event, lists in force."""
    import pandas as pd

    values: dict[str, Any] = {"month_end": pd.Timestamp(month.last_day)}
    if contract.too_old_after_months is not None:
        values["earliest_event"] = pd.Timestamp((month - contract.too_old_after_months).first_day)
    for column in contract.columns:
        if column.values:
            values[f"{column.name}_values"] = [
                c.value for c in column.values if c.since is None or Month.parse(c.since) <= month
            ]
    return values


def judge_rows(
    standardised: Standardised, suite_path: Path, month: Month, marks: Mapping[str, np.ndarray]
) -> RowFaults:
    """Run the suite and tell each row's first fault, in the order of ``faults.yaml``."""
    suite = load_suite(suite_path, parameters(standardised.contract, month))
    spoken_of = {
        name for e in suite.expectations for name in columns_of(e.configuration.kwargs).values()
    }
    frame = frame_for_suite(standardised, marks, spoken_of)
    if standardised.voided.any():
        frame = frame[~standardised.voided]  # which keeps the numbers of the rows
    order = faults()
    hits: list[tuple[int, str, str, np.ndarray]] = []
    doubted: list[Doubted] = []
    checks: list[Check] = []
    for outcome in _outcomes(suite, frame):
        config, rows = outcome.configuration, outcome.failing
        is_critical = config.severity.value == "critical"
        code = config.meta["fault" if is_critical else "query"]
        checks.append(_check(outcome, code))
        if len(rows) and not is_critical:
            doubted.append(_doubted(outcome, code, standardised.contract))
        elif len(rows):
            column = config.kwargs["column"]
            for reason, of_reason in _by_reason(code, rows, standardised):
                hits.append((order[reason].rank, reason, column.removesuffix("_fault"), of_reason))
    hits.sort(key=lambda hit: hit[0])
    first = np.full(len(standardised), -1, dtype=np.int64)
    others: dict[int, list[tuple[str, str]]] = {}
    for index, (_, code, column, rows) in enumerate(hits):
        fresh = rows[first[rows] == -1]
        first[fresh] = index
        for row in rows.tolist():
            others.setdefault(row, []).append((code, column))
    found = [(code, column) for _, code, column, _ in hits]
    return RowFaults(first, found, others, doubted, checks)


def _outcomes(suite: Any, frame: pd.DataFrame) -> list[Outcome]:
    try:
        return outcomes(suite.expectations, frame)
    except ConditionError as error:
        config = error.configuration
        code = config.meta.get("fault") or config.meta.get("query")
        raise SuiteError(f"校验规则 {config.type}（{code}）无法执行：{error}") from error


def _check(outcome: Outcome, code: str) -> Check:
    config = outcome.configuration
    named = columns_of(config.kwargs)
    return Check(
        type=config.type,
        columns=tuple(named.values()),
        limits={k: v for k, v in config.kwargs.items() if k not in named},
        severity=config.severity.value,
        code=code,
        checked=outcome.judged,
        failing=outcome.failing,
    )


def _doubted(outcome: Outcome, code: str, contract: Contract) -> Doubted:
    config = outcome.configuration
    sums = {
        f"{identity.total}_gap": (identity.total, *identity.parts) for identity in contract.sums
    }
    columns = [name for c in columns_of(config.kwargs).values() for name in sums.get(c, (c,))]
    return Doubted(
        code=code,
        columns=tuple(columns),
        rows=outcome.failing,
        judged=outcome.judged,
        mostly=config.kwargs.get("mostly", 1.0),
        is_warning=config.severity.value == "warning",
    )


def _by_reason(
    code: str, rows: np.ndarray, standardised: Standardised
) -> list[tuple[str, np.ndarray]]:
    """Rows with a faulty identity number by the very reason, all others by the suite's word."""
    if code != "identity":
        return [(code, rows)]
    reasons = np.array(standardised.identity.fault.take(pa.array(rows)).to_pylist())
    return [(reason, rows[reasons == reason]) for reason in sorted(set(reasons.tolist()))]
