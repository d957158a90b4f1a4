"""Staging and all checks in pandas, as a careful analyst writes them: whole columns, no loops over rows.

Written from the catalogue. Each module reads only the columns that it needs; amounts become floating
point numbers, days become timestamps and the few different texts become categories while they are
read. A hit has the household or subject, the person, the severity, the measured values and the place
of its row; the sentences around them are left out.
"""

from __future__ import annotations

from typing import Any

import pandas as pd
from scripts.bench.pandas_peer.comparisons import comparisons
from scripts.bench.pandas_peer.comparisons_of_all import comparisons_of_all
from scripts.bench.pandas_peer.lake import PandasLake
from scripts.bench.pandas_peer.rules_by_delivery import rules_by_delivery
from scripts.bench.pandas_peer.rules_by_household import rules_by_household
from scripts.bench.pandas_peer.rules_of_causes import rules_of_causes
from scripts.bench.pandas_peer.staging import People


def screen_with_pandas(plan: Any) -> tuple[People, pd.DataFrame]:
    """Who lives where, and what all checks found (see `told`)."""
    lake = PandasLake(plan)
    people = People(lake)
    found = [
        *rules_by_delivery(lake, people),
        *rules_by_household(lake, people),
        *rules_of_causes(lake, people),
        *comparisons(lake, people),
        *comparisons_of_all(lake, people),
    ]
    return people, pd.concat(found, ignore_index=True)
