"""Run one comparison or rule: what it needs, what it found, what it lacked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from poverty_watch.engine import Engine, counting
from poverty_watch.months import Month
from poverty_watch.screening.absence import absence
from poverty_watch.screening.definitions import (
    ComparisonHeader,
    RuleHeader,
    SqlFile,
    households_in,
)
from poverty_watch.screening.evidence import Row, Source, apart, findings_of, hits_of
from poverty_watch.screening.inputs import MonthInputs
from poverty_watch.screening.parameters import InForce

ELIGIBLE = "eligible"
_SENT_BACK_KEPT = 5
_STILL_PRESENT = ("duplicate", "repeated")  # the person's other row was accepted


@dataclass(frozen=True)
class Checked:
    """What became of a check: its hits or findings, and its entry in the ledger."""

    rows: list[Row]
    record: dict[str, Any]


@dataclass(frozen=True)
class CheckRunner:
    """Runs checks over relations that are attached already."""

    engine: Engine
    inputs: MonthInputs
    parameters: Mapping[str, InForce]
    populations: Mapping[str, str]

    def rule(self, file: SqlFile[RuleHeader]) -> Checked:
        """Run a rule; without one of its sources it is ``not_run`` and has no hits."""
        blocking, missing = self._obstacles(file)
        if blocking:
            return Checked([], self._record(file, "not_run", blocking))
        hits = hits_of(file.header, self._run(file), self._source, self._sent_back(file))
        eligible = self._eligible(file, ("household_id",))
        return Checked(hits, self._record(file, "ran", missing, eligible, len(hits)))

    def comparison(self, file: SqlFile[ComparisonHeader]) -> Checked:
        """Run a comparison; without one of its sources it is ``not_run``."""
        blocking, missing = self._obstacles(file)
        if blocking:
            return Checked([], self._record(file, "not_run", blocking))
        rows, counted = apart(self._run(file))
        findings = findings_of(file.header, rows, self._source, self._sender, self._described(file))
        record = self._record(file, "ran", missing, self._eligible(file, ()), len(findings))
        if counted is not None:
            record["counted"] = counted
        return Checked(findings, record)

    def _obstacles(self, file: SqlFile[Any]) -> tuple[list[str], list[str]]:
        """What keeps a check from running, and which sources one that runs does without."""
        sources = self.inputs.sources_of(file.header.sources)
        missing = [name for name in sources if not self.inputs.is_delivered(name)]
        lacks = self._lacks(file)
        some_are_there = file.header.one_by_one and len(missing) < len(sources)
        if lacks or (missing and not some_are_there):
            return lacks + missing, []
        return [], missing

    def _lacks(self, file: SqlFile[Any]) -> list[str]:
        """What no delivery can mend: a rule of a later year, a parameter without a value."""
        lacks = []
        if str(self.inputs.month) < file.header.since:
            lacks.append(f"{file.header.since}起施行")
        lacks += [f"参数{n}" for n in file.header.parameters if n not in self.parameters]
        return lacks

    def bound(self, file: SqlFile[Any]) -> dict[str, Any]:
        """Values of all parameters that a check binds."""
        bound = self.inputs.parameters(file.binds)
        for name in file.header.parameters:
            bound |= self.parameters[name].bound
        return bound

    def _run(self, file: SqlFile[Any]) -> pa.Table:
        return self.engine.run(file.sql, self.bound(file), name=file.path.name)

    def _eligible(self, file: SqlFile[Any], columns: tuple[str, ...]) -> dict[str, int]:
        sql = counting(file.sql, ELIGIBLE, columns)
        (counts,) = self.engine.run(sql, self.bound(file), name=file.path.name).to_pylist()
        return {name.removeprefix("n_"): int(count) for name, count in counts.items()}

    def _source(self, dataset: str, month: str | None) -> Source | None:
        if month is None:
            used = self.inputs.used_by(dataset)
        else:
            delivery = self.inputs.of(dataset, Month.parse(month))
            used = () if delivery is None else (delivery,)
        return Source(used[0].dataset, str(used[0].month), used[0].version) if used else None

    def _sender(self, dataset: str) -> str:
        return self.inputs.catalogue.department_of(dataset).id

    def _sent_back(self, file: SqlFile[RuleHeader]) -> dict[str, Any] | None:
        """Rows of the sources that were sent back: one of them may be the row that is missed."""
        if not file.header.missed_in:
            return None
        rows: list[dict[str, Any]] = []
        for dataset in file.header.missed_in:
            for delivery in self.inputs.used_by(dataset):
                path = self.inputs.lake.set_aside(dataset, delivery.month, delivery.version)
                columns = ["source_file", "source_sheet", "source_row", "fault"]
                rows += [
                    {"dataset": dataset, **row}
                    for row in pq.read_table(path, columns=columns).to_pylist()
                    if row["fault"] not in _STILL_PRESENT
                ]
        rows.sort(key=lambda row: tuple("" if v is None else str(v).rjust(9) for v in row.values()))
        return {"rows_total": len(rows), "rows": rows[:_SENT_BACK_KEPT]}

    def _not_judgeable(self, file: SqlFile[Any]) -> int | None:
        """How many households the check cannot judge, or not wholly, for want of a source.

        None where it does not say whom it judges.
        """
        population: str | None = file.header.population
        if population is None:
            return None
        if all(map(self.inputs.is_delivered, self.inputs.sources_of(file.header.sources))):
            return 0
        sql = households_in(self.populations[population])
        return int(self.engine.run(sql, {}, name=f"populations.yaml {population}").num_rows)

    def _described(self, file: SqlFile[Any]) -> list[dict[str, Any]]:
        known = (name for name in file.header.parameters if name in self.parameters)
        return [self.parameters[name].described for name in known]

    def _record(
        self,
        file: SqlFile[Any],
        status: str,
        lacks: list[str],
        eligible: dict[str, int] | None = None,
        found: int | None = None,
    ) -> dict[str, Any]:
        return {
            "id": file.id,
            "title": file.header.title,
            "status": status,
            "lacks": lacks,
            "eligible": eligible,
            "hits": found,
            "population": file.header.population,
            "not_judgeable": self._not_judgeable(file),
            "event": file.header.event,
            "absence": absence(file.header, self.inputs.catalogue),
            "sql_sha256": file.sha256,
            "parameters": self._described(file),
        }
