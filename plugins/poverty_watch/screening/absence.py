"""What it means that a later month does not show again what a check has found."""

from __future__ import annotations

from typing import Literal

from poverty_watch.contracts import Catalogue
from poverty_watch.screening.definitions import ComparisonHeader, RuleHeader

Absence = Literal["gone", "gone_this_year", "nothing"]


def absence(header: RuleHeader | ComparisonHeader, catalogue: Catalogue) -> Absence:
    """What a month's silence says: the matter is gone, gone within the year, or nothing.

    An accident is not undone by a month without one; what counts from 1 January is not undone by
    the next January.
    """
    kinds = {
        catalogue.contract(name).kind for name in header.sources if name in catalogue.contracts
    }
    is_event = header.event if header.event is not None else "increment" in kinds
    if is_event:
        return "nothing"
    return "gone_this_year" if "year_to_date" in kinds else "gone"
