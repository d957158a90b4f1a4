"""Run one comparison or rule: what it needs, what it found, what it lacked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from poverty_watch.engine import Engine, counting
from poverty_watch.screening.definitions import ComparisonHeader, RuleHeader, SqlFile
from poverty_watch.screening.evidence import Row, Source, findings_of, hits_of
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

    def rule(self, file: SqlFile[RuleHeader]) -> Checked:
        """Run a rule; without one of its sources it is ``not_run`` and has no hits."""
        lacks = self._lacks(file) + self._missing_sources(file)
        if lacks:
            return Checked([], self._record(file, "not_run", lacks))
        found = self._run(file)
        hits = hits_of(file.header, found, self._source, self._sent_back(file))
        return Checked(
            hits, self._record(file, "ran", [], self._eligible(file, ("household_id",)), len(hits))
        )

    def comparison(self, file: SqlFile[ComparisonHeader]) -> Checked:
        """Run a comparison; one that goes dataset by dataset runs on those that are there."""
        missing = self._missing_sources(file)
        blocking = self._lacks(file)
        some_are_there = file.header.one_by_one and len(missing) < len(file.header.sources)
        if blocking or (missing and not some_are_there):
            return Checked([], self._record(file, "not_run", blocking + missing))
        findings = findings_of(file.header, self._run(file), self._source)
        return Checked(
            findings, self._record(file, "ran", missing, self._eligible(file, ()), len(findings))
        )

    def _missing_sources(self, file: SqlFile[Any]) -> list[str]:
        return [name for name in file.header.sources if self.inputs.of(name) is None]

    def _lacks(self, file: SqlFile[Any]) -> list[str]:
        """What no delivery can mend: a rule of a later year, a parameter without a value."""
        lacks = []
        if str(self.inputs.month) < file.header.since:
            lacks.append(f"{file.header.since}起施行")
        lacks += [f"参数{n}" for n in file.header.parameters if n not in self.parameters]
        return lacks

    def _bound(self, file: SqlFile[Any]) -> dict[str, Any]:
        bound = self.inputs.parameters(file.binds)
        for name in file.header.parameters:
            bound |= self.parameters[name].bound
        return bound

    def _run(self, file: SqlFile[Any]) -> pa.Table:
        return self.engine.run(file.sql, self._bound(file), name=file.path.name)

    def _eligible(self, file: SqlFile[Any], columns: tuple[str, ...]) -> dict[str, int]:
        sql = counting(file.sql, ELIGIBLE, columns)
        (counts,) = self.engine.run(sql, self._bound(file), name=file.path.name).to_pylist()
        return {name.removeprefix("n_"): int(count) for name, count in counts.items()}

    def _source(self, dataset: str) -> Source | None:
        used = self.inputs.used_by(dataset)
        return Source(dataset, str(used[0].month), used[0].version) if used else None

    def _sent_back(self, file: SqlFile[RuleHeader]) -> dict[str, Any] | None:
        """Rows of the sources that were sent back: one of them may be the row that is missed."""
        if not file.header.hit_by_absence:
            return None
        rows: list[dict[str, Any]] = []
        for dataset in file.header.sources:
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
            "sql_sha256": file.sha256,
            "parameters": [
                self.parameters[name].described
                for name in file.header.parameters
                if name in self.parameters
            ],
        }
