"""Dated parameters: which value counts in a month, and what a wrong file is told."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from poverty_watch.months import Month
from poverty_watch.screening.errors import DefinitionError
from poverty_watch.screening.parameters import in_force, load_parameters, plain


@pytest.mark.parametrize(
    ("month", "line", "confirmed"),
    [
        ("2021-01", 6000, True),
        ("2021-12", 6000, True),
        ("2022-01", 6300, False),
        ("2022-12", 6300, False),
        ("2023-01", 8050, True),
        ("2024-12", 8050, True),
        ("2025-01", 8700, True),
    ],
)
def test_the_income_line_of_a_month(month: str, line: int, confirmed: bool) -> None:
    found = in_force(load_parameters(), Month.parse(month))["income_line"]
    assert found.bound == {"income_line": line}
    assert found.described["confirmed"] is confirmed


def test_nothing_is_in_force_before_2021() -> None:
    assert in_force(load_parameters(), Month.parse("2020-12")) == {}


def test_t_and_g_households_have_their_own_values() -> None:
    found = in_force(load_parameters(), Month.parse("2021-04"))["inpatient_own_line"]
    assert found.bound == {"inpatient_own_line_t": 5000, "inpatient_own_line_g": 20000}
    assert found.described["value"] == "脱贫户 5000，其他农户 20000"


def test_a_share_stays_exact() -> None:
    found = in_force(load_parameters(), Month.parse("2021-04"))["disaster_crop_share_line"]
    assert found.bound == {"disaster_crop_share_line": Decimal("0.30")}


def test_proposed_values_say_that_the_county_has_not_confirmed_them() -> None:
    proposed = {
        parameter.name
        for parameter in load_parameters().values()
        for value in parameter.values
        if not value.confirmed
    }
    assert proposed == {
        "income_line",
        "disaster_rooms_line",
        "disaster_crop_share_line",
        "disaster_loss_line",
        "loan_due_soon_days",
        "labour_age_from",
        "labour_age_to",
        "machinery_price_line",
    }


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ("[{valid_from: 2021-1, value: 1, basis: x, confirmed: true}]", "2021-1"),
        ("[{valid_from: 2021-01, t: 1, basis: x, confirmed: true}]", "要么写 value"),
        ("[{valid_from: 2021-01, value: 1, confirmed: true}]", "basis"),
        (
            "[{valid_from: 2022-01, value: 1, basis: x, confirmed: true},"
            " {valid_from: 2021-01, value: 1, basis: x, confirmed: true}]",
            "从早到晚",
        ),
        ("[]", "从早到晚"),
    ],
)
def test_a_wrong_file_is_refused(tmp_path: Path, values: str, told: str) -> None:
    path = tmp_path / "parameters.yaml"
    path.write_text(
        f"parameters:\n  - {{name: a, title: a, unit: 元, used_by: [], values: {values}}}\n"
    )
    with pytest.raises(DefinitionError, match=told):
        load_parameters(path)


@pytest.mark.parametrize(
    ("number", "text"), [("10000.0000", "10000"), ("0.3000", "0.3"), ("0", "0"), ("1E+3", "1000")]
)
def test_numbers_are_told_plainly(number: str, text: str) -> None:
    assert plain(Decimal(number)) == text
