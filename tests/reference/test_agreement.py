"""SQL and reference agree on every rule and comparison, county by county.

``POVERTY_WATCH_EXAMPLES`` asks for more counties than a usual run has time for; they are then drawn
anew each time.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, note, settings

from poverty_watch.engine import DuckEngine
from tests.reference.comparisons import run_comparisons
from tests.reference.county import County
from tests.reference.people import View
from tests.reference.rules import run_rules
from tests.reference.sql_side import SqlSide
from tests.reference.strategies import counties

_ASKED = os.environ.get("POVERTY_WATCH_EXAMPLES")
_PROFILE = settings(
    max_examples=int(_ASKED or 25),
    derandomize=_ASKED is None,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def sql() -> Iterator[SqlSide]:
    with DuckEngine.opened(threads=1) as engine, tempfile.TemporaryDirectory() as folder:
        yield SqlSide(engine, Path(folder), os.environ.get("POVERTY_WATCH_CHECKS", "").split())


@_PROFILE
@given(county=counties())
def test_sql_and_reference_agree(sql: SqlSide, county: County) -> None:
    found = {name: outcome for part in sql.run(county) for name, outcome in part.items()}
    view = View(county)
    expected = {**run_rules(view), **run_comparisons(view)}
    differ = {name: f"{found[name]} but {expected[name]}" for name in found}
    differ = {name: text for name, text in differ.items() if found[name] != expected[name]}
    for text in differ.values():
        note(text)
    assert not differ
