"""Three months as departments saved them, against results that were worked out elsewhere.

The deliveries lie beside the project where they are at hand; elsewhere there is nothing to compare.
"""

from __future__ import annotations

import csv
import json
from itertools import pairwise
from pathlib import Path

from poverty_watch.months import Month
from poverty_watch.settings import Settings
from tests.end_to_end.three_months import DELIVERIES, MONTHS


def rows(path: Path) -> list[tuple[str, ...]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return sorted(tuple(row) for row in csv.reader(stream))


def exported(settings: Settings, month: Month, name: str) -> list[tuple[str, ...]]:
    return rows(settings.outbox / str(month) / "internal" / name)


def stocks(settings: Settings, month: Month, item: str) -> dict[tuple[str, str], tuple[str, str]]:
    found = exported(settings, month, "stocks_flows.csv")
    return {(town, kind): (h, p) for _, town, kind, what, h, p in found if what == item}


if DELIVERIES.is_dir():

    def test_three_months_give_the_known_results(three_months: Settings) -> None:
        settings, last = three_months, MONTHS[-1]
        known = DELIVERIES / "expected" / str(last)
        covered = json.loads((known / "coverage.json").read_text(encoding="utf-8"))
        ids = {"hits.csv": covered["rules"], "comparisons.csv": covered["comparisons"]}
        for expected in sorted(known.glob("*.csv")):
            found = exported(settings, last, expected.name)
            if expected.name in ids:
                found = [r for r in found if r[0] == "month" or r[1] in ids[expected.name]]
            assert found == rows(expected), expected.name
        for month, following in pairwise(MONTHS):
            assert stocks(settings, month, "期末未消除") == stocks(
                settings, following, "期初未消除"
            )
