"""What the SQL files found, in the reference's own words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from poverty_watch.contracts import load_catalogue
from tests.reference import comparisons, rules
from tests.reference.people import View

Row = Mapping[str, Any]


def rule_outcome(record: Row, hits: Iterable[Row]) -> rules.Outcome:
    """A rule's outcome from its entry in the ledger and the hits of all rules."""
    lacks = _datasets(record["lacks"])
    if record["status"] == "not_run":
        return rules.Outcome(None, lacks)
    hits = [hit for hit in hits if hit["rule_id"] == record["id"]]
    pairs = [(hit["household_id"], hit["severity"]) for hit in hits]
    assert len(dict(pairs)) == len(pairs), "one hit per household"
    return rules.Outcome(dict(pairs), lacks)


def comparison_outcome(record: Row, findings: Iterable[Row]) -> comparisons.Outcome:
    """A comparison's outcome from its entry in the ledger and the findings of all."""
    lacks = _datasets(record["lacks"])
    if record["status"] == "not_run":
        return comparisons.Outcome(None, lacks)
    found = [
        (row["subject_id"] if row["person_id"] is None else row["person_id"], row["dataset"] or "")
        for row in findings
        if row["comparison_id"] == record["id"]
    ]
    assert len(set(found)) == len(found), "one finding per subject"
    return comparisons.Outcome(frozenset(found), lacks, record.get("counted") or {})


def staged_outcomes(rows: Callable[..., set[tuple[Any, ...]]]) -> dict[str, set[tuple[Any, ...]]]:
    """Who is dead, who lives where, who is a member, which row speaks, as staging has it.

    Args:
        rows: gives the rows of a staging table in the named columns.
    """
    members = rows("members", "household_id", "person_id", "is_living")
    households = rows("households", "household_id", "standing", "is_poor", "is_in_register")
    return {
        "deceased": rows("deceased", "person_id", "died_on"),
        "persons": rows("persons", "person_id", "household_id"),
        "members": {row[:-1] for row in members if row[-1]},
        "register_stock": rows(
            "register_stock",
            *("household_id", "source_row", "township", "income_per_head"),
            "living_register_members",
        ),
        "households": {row[:-1] for row in households if row[-1]},
    }


def expected_staging(view: View) -> dict[str, set[tuple[Any, ...]]]:
    """The same by the reference."""
    households = view.r_households
    return {
        "deceased": set(view.died_on.items()),
        "persons": {*view.household_of.items(), *view.known_before.items()},
        "members": {(h, person) for h, members in view.members.items() for person in members},
        "register_stock": {
            (
                *(household, row["source_row"], row["township"], row["income_per_head"]),
                len(view.living_r_members(household)),
            )
            for household, row in households.items()
        },
        "households": {
            (h, "M" if view.is_m(h) else "X" if view.is_x(h) else None, view.is_t(h))
            for h in households
        },
    }


def _datasets(lacks: Iterable[str]) -> frozenset[str]:
    """The sources among what a check lacked; a parameter without a value is no source."""
    known = load_catalogue().contracts
    return frozenset(name for name in lacks if name.removesuffix("_previous") in known)
