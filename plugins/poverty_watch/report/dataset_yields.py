"""表二: how many leads the data of each department gave, and how many were found real."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa

from poverty_watch.report import queries, rule_sources
from poverty_watch.report.facts import Facts
from poverty_watch.report.values import NOT_APPLICABLE, NOT_JUDGED, NOT_KNOWN, Row


def dataset_yields(facts: Facts) -> pa.Table:
    """Households with a lead by a rule that asks for a dataset.

    Columns: dataset, household_id, is_verified, is_confirmed. A household stands once with each
    dataset that its lead rests on.
    """
    relations = {
        "leads": facts.leads,
        "lead_fates": facts.lead_fates,
        "rule_sources": rule_sources.as_relation(),
    }
    with queries.opened() as query:
        return query("dataset_yield", relations)


@dataclass(frozen=True)
class Yields:
    """Leads by dataset: how many, how many were verified, how many of those were found real."""

    counts: Mapping[str, tuple[int, int, int]]
    has_tasks: bool

    @classmethod
    def of(cls, rows: pa.Table, *, has_tasks: bool) -> Yields:
        """Count `dataset_yields`; ``has_tasks``: somebody was sent to verify the month's leads."""
        counted = rows.group_by("dataset").aggregate(
            [("household_id", "count"), ("is_verified", "sum"), ("is_confirmed", "sum")]
        )
        return cls(
            {
                row["dataset"]: (
                    row["household_id_count"],
                    int(row["is_verified_sum"] or 0),
                    int(row["is_confirmed_sum"] or 0),
                )
                for row in counted.to_pylist()
            },
            has_tasks,
        )

    def figures(self, dataset: str, is_in_force: bool) -> Row:
        """线索数, 已核实数, 核实属实数, 命中率 of one dataset.

        No rule asks for it: not applicable. It is not in force: its rules could not judge. Nobody
        was sent to verify: not known yet.
        """
        names = ("线索数", "已核实数", "核实属实数", "命中率")
        if not any(dataset in datasets for datasets in rule_sources.rule_sources().values()):
            return dict.fromkeys(names, NOT_APPLICABLE)
        if not is_in_force:
            return {"线索数": NOT_JUDGED} | dict.fromkeys(names[1:], NOT_APPLICABLE)
        leads, verified, confirmed = self.counts.get(dataset, (0, 0, 0))
        if not self.has_tasks:
            return {"线索数": leads} | dict.fromkeys(names[1:], NOT_KNOWN)
        rate = round(confirmed / verified, 4) if verified else NOT_APPLICABLE
        return dict(zip(names, (leads, verified, confirmed, rate), strict=True))
