"""What is asked of Great Expectations is what Great Expectations itself would report."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import great_expectations as gx
import numpy as np
import pandas as pd
import pytest

from poverty_watch.contracts import Contract, load_catalogue
from poverty_watch.contracts.suite_shape import columns_of
from poverty_watch.identity import Keyring
from poverty_watch.intake.conditions import ConditionError, outcomes
from poverty_watch.intake.sheets import Sheet
from poverty_watch.intake.standardise import ReadFile, standardise
from poverty_watch.intake.suites import frame_for_suite, load_suite, parameters
from tests.intake.conftest import APRIL, number

ROWS = 60
DAYS = [None, date(1890, 1, 1), date(2021, 4, 30), date(2021, 5, 1), "2019-13-40"]
AMOUNTS = [None, 0, -1, 12.5, 1e9, "若干"]
NUMBERS = [None, "12345", number(), f"{number()[:17]}*"]


def faulty_frame(contract: Contract, wanted: set[str]) -> pd.DataFrame:
    """Rows of which every column has good cells, bad ones and blank ones, all mixed."""
    chance = np.random.default_rng(1)
    choices: dict[str, list[Any]] = {
        column.name: {
            "date": DAYS,
            "month": DAYS,
            "amount": AMOUNTS,
            "identity": NUMBERS,
            "identity_reference": NUMBERS,
        }.get(column.type, [None, "？", *(choice.value for choice in column.values)])
        for column in contract.columns
    }
    rows = [
        [of_column[chance.integers(len(of_column))] for of_column in choices.values()]
        for _ in range(ROWS)
    ]
    header = [column.header for column in contract.columns]
    sheet = Sheet("表", [header, *rows], list(range(1, ROWS + 2)))
    keys = Keyring(b"1" * 32, b"2" * 32)
    standardised = standardise(contract, [ReadFile("表.xlsx", [sheet])], APRIL, keys)
    marks = {name: chance.random(len(standardised)) < 0.5 for name in wanted if name[:3] == "is_"}
    return frame_for_suite(standardised, marks, wanted)


def reported(expectations: list[Any], frame: pd.DataFrame) -> list[tuple[str, list[int], int]]:
    """The complete results of Great Expectations: the long way."""
    source = gx.get_context(mode="ephemeral").data_sources.add_pandas("frames")
    whole = source.add_dataframe_asset("rows").add_batch_definition_whole_dataframe("all")
    result = whole.get_batch(batch_parameters={"dataframe": frame}).validate(
        gx.ExpectationSuite(name="all", expectations=expectations),
        result_format={"result_format": "COMPLETE"},
    )
    found = []
    for outcome in result.results:
        config, told = outcome.expectation_config, outcome.result
        assert config is not None
        named = {k: v for k, v in config.kwargs.items() if k != "batch_id"}
        blanks = 0 if config.type.endswith("_null") else told["missing_count"]
        judged = told["element_count"] - blanks
        found.append((f"{config.type} {named}", told["unexpected_index_list"], judged))
    return sorted(found)


@pytest.mark.parametrize("dataset", sorted(load_catalogue().contracts))
def test_every_suite_finds_the_rows_that_great_expectations_reports(dataset: str) -> None:
    department = load_catalogue().department_of(dataset)
    contract = department.contracts[dataset]
    suite = load_suite(department.suite_path(dataset), parameters(contract, APRIL))
    expectations = suite.expectations
    wanted = {n for e in expectations for n in columns_of(e.configuration.kwargs).values()}
    frame = faulty_frame(contract, wanted)
    found = sorted(
        (f"{o.configuration.type} {o.configuration.kwargs}", o.failing.tolist(), o.judged)
        for o in outcomes(expectations, frame)
    )
    assert any(failing for _, failing, _ in found)
    assert found == reported(expectations, frame)


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("expect_column_values_to_match_regex", {"regex": "^样"}),
        ("expect_column_value_lengths_to_be_between", {"min_value": 2, "max_value": 3}),
        ("expect_column_values_to_not_be_in_set", {"value_set": ["样例"]}),
        ("expect_column_values_to_be_unique", {}),
        (
            "expect_column_values_to_not_be_null",
            {"row_condition": "name.isna() or amount > 1", "condition_parser": "pandas"},
        ),
    ],
)
def test_other_kinds_that_a_county_may_write_are_asked_as_well(
    kind: str, given: dict[str, Any]
) -> None:
    frame = pd.DataFrame(
        {"name": ["样例", None, "某", "样例", "样例甲乙"], "amount": [1, 2, 0, 3, 4]}
    )
    expectation = {"type": kind, "kwargs": {"column": "name"} | given, "severity": "critical"}
    suite = gx.ExpectationSuite(name="county", expectations=[expectation])
    (one,) = outcomes(suite.expectations, frame)
    ((_, failing, judged),) = reported(suite.expectations, frame)
    assert failing
    assert (one.failing.tolist(), one.judged) == (failing, judged)


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("expect_column_mean_to_be_between", {"min_value": 0}),
        ("expect_column_values_to_be_between", {"min_value": 0}),
    ],
)
def test_what_cannot_be_asked_row_by_row_or_does_not_fit_is_named(
    tmp_path: Path, kind: str, given: dict[str, Any]
) -> None:
    frame = pd.DataFrame({"name": pd.array(["样例"], dtype="str")})
    rule = {"type": kind, "kwargs": {"column": "name"} | given, "severity": "critical"}
    fine = {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "name"}}
    suite = gx.ExpectationSuite(name="county", expectations=[fine, rule])
    with pytest.raises(ConditionError) as told:
        outcomes(suite.expectations, frame)
    assert told.value.configuration.type == kind
