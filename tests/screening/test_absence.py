"""What a month's silence says about an open question, rule by rule."""

from __future__ import annotations

import pytest

from poverty_watch.contracts import load_catalogue
from poverty_watch.screening.absence import absence
from poverty_watch.screening.definitions import load_definitions


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("W01", "gone_this_year"),
        ("W02", "nothing"),
        ("W05", "gone"),
        ("W11", "gone"),
        ("W13", "nothing"),
        ("W14", "nothing"),
        ("W16", "nothing"),
        ("W22", "nothing"),
        ("W25", "gone"),
    ],
    ids=[
        "bills add up within a year",
        "each month's bill stands by itself",
        "now insured",
        "income risen",
        "a job lost stays lost",
        "an accident has happened",
        "a disability goes on",
        "one of its causes is an event",
        "help was given",
    ],
)
def test_a_month_without_it(rule: str, said: str) -> None:
    (header,) = (file.header for file in load_definitions().rules if file.id == rule)
    assert absence(header, load_catalogue()) == said
