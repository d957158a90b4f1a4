"""SQL and reference agree on every rule and comparison, county by county.

``POVERTY_WATCH_EXAMPLES`` asks for more counties than a usual run has time for; they are then drawn
anew each time. A county that shows a disagreement is made small row by row: Hypothesis would have
to screen it thousands of times.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from poverty_watch.engine import DuckEngine
from poverty_watch.months import Month
from tests.reference.comparisons import run_comparisons
from tests.reference.county import County, Delivery
from tests.reference.outcomes import expected_staging
from tests.reference.people import View
from tests.reference.rules import run_rules
from tests.reference.smaller import smallest_with, told
from tests.reference.sql_side import SqlSide
from tests.reference.strategies import counties

_ASKED = os.environ.get("POVERTY_WATCH_EXAMPLES")
_PROFILE = settings(
    max_examples=int(_ASKED or 25),
    derandomize=_ASKED is None,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def sql() -> Iterator[SqlSide]:
    with DuckEngine.opened(threads=1) as engine, tempfile.TemporaryDirectory() as folder:
        yield SqlSide(engine, Path(folder))


MONTH, NOTHING = Month(2021, 4), Delivery()


def by_reference(county: County) -> dict[str, Any]:
    view = View(county)
    return {**expected_staging(view), **run_rules(view), **run_comparisons(view)}


def disagreements(sql: SqlSide, county: County, only: str = "") -> dict[str, str]:
    """Where the two differ, and what each says; a check that only SQL knows is not compared."""
    found, expected = sql.run(county, only), by_reference(county)
    return {
        name: f"SQL       {found[name]}\nreference {expected[name]}"
        for name in found.keys() & expected.keys()
        if found[name] != expected[name]
    }


@_PROFILE
@given(county=counties())
def test_sql_and_reference_agree(sql: SqlSide, county: County) -> None:
    differ = disagreements(sql, county)
    if differ:
        name = min(differ)
        small = smallest_with(county, lambda smaller: name in disagreements(sql, smaller, name))
        pytest.fail(
            f"{', '.join(sorted(differ))}; of {name} the smallest county:\n"
            f"{told(small)}\n{disagreements(sql, small, name)[name]}"
        )


def test_the_reference_has_every_rule_and_comparison(sql: SqlSide) -> None:
    county = County(
        MONTH, {("monitoring_register", MONTH): NOTHING, ("hukou_register", MONTH): NOTHING}
    )
    checks = {f"{kind}{number:02d}" for kind in "WC" for number in range(1, 27)}
    assert checks <= by_reference(county).keys()
    assert checks <= sql.run(county).keys()
