"""What the SQL files found, in the reference's own words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from poverty_watch.contracts import load_catalogue
from tests.reference import comparisons, rules

Row = Mapping[str, Any]


def rule_outcome(record: Row, hits: Iterable[Row]) -> rules.Outcome:
    """A rule's outcome from its entry in the ledger and its hits."""
    lacks = _datasets(record["lacks"])
    if record["status"] == "not_run":
        return rules.Outcome(None, lacks)
    pairs = [(hit["household_id"], hit["severity"]) for hit in hits]
    assert len(dict(pairs)) == len(pairs), "one hit per household"
    return rules.Outcome(dict(pairs), lacks)


def comparison_outcome(record: Row, findings: Iterable[Row]) -> comparisons.Outcome:
    """A comparison's outcome from its entry in the ledger and its findings."""
    lacks = _datasets(record["lacks"])
    if record["status"] == "not_run":
        return comparisons.Outcome(None, lacks)
    found = [
        (row["subject_id"] if row["person_id"] is None else row["person_id"], row["dataset"] or "")
        for row in findings
    ]
    assert len(set(found)) == len(found), "one finding per subject"
    return comparisons.Outcome(frozenset(found), lacks)


def _datasets(lacks: Iterable[str]) -> frozenset[str]:
    """The sources among what a check lacked; a parameter without a value is no source."""
    known = load_catalogue().contracts
    return frozenset(name for name in lacks if name.removesuffix("_previous") in known)
