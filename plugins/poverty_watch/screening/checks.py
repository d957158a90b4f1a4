"""Run comparisons and rules: what each needs, what it found, what it lacked."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from poverty_watch.engine import Engine, Text, counting
from poverty_watch.months import Month
from poverty_watch.screening.absence import absence
from poverty_watch.screening.definitions import (
    ComparisonHeader,
    RuleHeader,
    SqlFile,
    households_in,
)
from poverty_watch.screening.evidence import findings_of, hits_of
from poverty_watch.screening.inputs import MonthInputs
from poverty_watch.screening.parameters import InForce
from poverty_watch.screening.rows import Source, evidence_rows

ELIGIBLE = "eligible"
_SENT_BACK_KEPT = 5
_STILL_PRESENT = ("duplicate", "repeated")  # the person's other row was accepted
_COUNT = "n_"
_SENT_BACK = pa.schema(
    [
        ("dataset", pa.string()),
        ("source_file", pa.string()),
        ("source_sheet", pa.string()),
        ("source_row", pa.int32()),
        ("fault", pa.string()),
    ]
)


@dataclass(frozen=True)
class Checked:
    """What became of checks: their hits or findings, and their entries in the ledger."""

    table: pa.Table
    records: list[dict[str, Any]]

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Hits or findings row by row."""
        found: list[dict[str, Any]] = self.table.to_pylist()
        return found

    @property
    def record(self) -> dict[str, Any]:
        """The entry of the only check."""
        (only,) = self.records
        return only


@dataclass(frozen=True)
class _Found:
    """What one check gave: rows of evidence (none where it did not run) and its entry."""

    rows: pa.Table | None
    record: dict[str, Any]


@dataclass(frozen=True)
class CheckRunner:
    """Runs checks over relations that are attached already."""

    engine: Engine
    inputs: MonthInputs
    parameters: Mapping[str, InForce]
    populations: Mapping[str, str]

    def rules(self, files: Sequence[SqlFile[RuleHeader]]) -> Checked:
        """Run rules; one without one of its sources is ``not_run`` and has no hits."""
        found = self._check(files)
        ran = [file for file in files if found[file.id].rows is not None]
        sent_back = {f.id: self._sent_back(f) for f in ran if f.header.missed_in}
        rows = [found[file.id].rows for file in ran]
        parameters = {file.id: self._described(file) for file in ran}
        table = hits_of(self.engine, [file.header for file in ran], rows, parameters, sent_back)
        return _counted(table, "rule_id", found.values())

    def comparisons(self, files: Sequence[SqlFile[ComparisonHeader]]) -> Checked:
        """Run comparisons; one without one of its sources is ``not_run``."""
        found = self._check(files)
        ran = [file for file in files if found[file.id].rows is not None]
        rows = [found[file.id].rows for file in ran]
        parameters = {file.id: self._described(file) for file in ran}
        table = findings_of(self.engine, [file.header for file in ran], rows, parameters)
        return _counted(table, "comparison_id", found.values())

    def rule(self, file: SqlFile[RuleHeader]) -> Checked:
        """`rules` for one."""
        return self.rules([file])

    def comparison(self, file: SqlFile[ComparisonHeader]) -> Checked:
        """`comparisons` for one."""
        return self.comparisons([file])

    def _check(self, files: Sequence[SqlFile[Any]]) -> dict[str, _Found]:
        obstacles = {file.id: self._obstacles(file) for file in files}
        able = [file for file in files if not obstacles[file.id][0]]
        texts = [Text(self.sql(file), self.bound(file), file.path.name) for file in able]
        given = dict(zip((file.id for file in able), self.engine.run_all(texts), strict=True))
        return {
            file.id: self._found(file, *obstacles[file.id], given.get(file.id)) for file in files
        }

    def _found(
        self, file: SqlFile[Any], blocking: list[str], missing: list[str], given: pa.Table | None
    ) -> _Found:
        if given is None:
            return _Found(None, self._record(file, "not_run", blocking))
        eligible, found = _eligible_of(given)
        found, figures = _apart(found)
        record = self._record(file, "ran", missing, eligible)
        if figures is not None:
            record["counted"] = figures
        rows = evidence_rows(file.header, found, self._source, self._sender)
        return _Found(rows, record)

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
            bound |= self.parameters[name].bound | self.parameters[name].note
        return bound

    def sql(self, file: SqlFile[Any]) -> str:
        """A check's text, which also counts who could have been hit."""
        is_rule = isinstance(file.header, RuleHeader)
        return counting(file.sql, ELIGIBLE, ("household_id",) if is_rule else ())

    def _source(self, dataset: str, month: str | None) -> Source | None:
        if month is None:
            used = self.inputs.used_by(dataset)
        else:
            delivery = self.inputs.of(dataset, Month.parse(month))
            used = () if delivery is None else (delivery,)
        return Source(used[0].dataset, str(used[0].month), used[0].version) if used else None

    def _sender(self, dataset: str) -> str:
        return self.inputs.catalogue.department_of(dataset).id

    def _sent_back(self, file: SqlFile[RuleHeader]) -> dict[str, Any]:
        """Rows of the sources that were sent back: one of them may be the row that is missed."""
        parts = [_SENT_BACK.empty_table()]
        for dataset in file.header.missed_in:
            for delivery in self.inputs.used_by(dataset):
                path = self.inputs.lake.set_aside(dataset, delivery.month, delivery.version)
                rows = pq.read_table(path, columns=_SENT_BACK.names[1:])
                rows = rows.add_column(0, "dataset", pa.repeat(dataset, rows.num_rows))
                missed = pc.invert(pc.is_in(rows.column("fault"), pa.array(_STILL_PRESENT)))
                parts.append(rows.filter(missed).cast(_SENT_BACK))
        missed_rows = pa.concat_tables(parts).sort_by([(n, "ascending") for n in _SENT_BACK.names])
        return {
            "rows_total": missed_rows.num_rows,
            "rows": missed_rows.slice(0, _SENT_BACK_KEPT).to_pylist(),
        }

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

    def not_judged(self, files: Sequence[SqlFile[RuleHeader]]) -> dict[str, Any]:
        """How many households rules cannot judge, or not wholly, and for want of whose data.

        Returns:
            Distinct households with a living member: ``datasets`` and ``departments`` at fault with
            theirs, and ``households`` of all together. Nothing is at fault for a rule that was not
            in force.
        """
        by_dataset: dict[str, set[str]] = {}
        for file in files:
            if file.header.population is None or self._lacks(file):
                continue
            for source in self.inputs.sources_of(file.header.sources):
                if not self.inputs.is_delivered(source):
                    dataset = self.inputs.dataset_of(source)
                    by_dataset.setdefault(dataset, set()).add(file.header.population)
        by_department: dict[str, set[str]] = {}
        for dataset, populations in by_dataset.items():
            by_department.setdefault(self._sender(dataset), set()).update(populations)
        everywhere = frozenset[str]().union(*by_dataset.values())
        counts = self._households_in([*by_dataset.values(), *by_department.values(), everywhere])
        of_datasets, of_departments = counts[: len(by_dataset)], counts[len(by_dataset) : -1]
        return {
            "datasets": dict(zip(by_dataset, of_datasets, strict=True)),
            "departments": dict(zip(by_department, of_departments, strict=True)),
            "households": counts[-1],
        }

    def _households_in(self, populations: Sequence[Collection[str]]) -> list[int]:
        """How many households each union of populations has."""
        conditions = [
            " or ".join(f"({self.populations[name]})" for name in sorted(names)) or "false"
            for names in populations
        ]
        columns = ", ".join(
            f"count(case when {condition} then 1 end) as n_{place}"
            for place, condition in enumerate(conditions)
        )
        sql = f"select {columns} from ({households_in('true', '*')}) as living"
        (counts,) = self.engine.run(sql, {}, name="populations.yaml").to_pylist()
        return [int(count) for count in counts.values()]

    def _described(self, file: SqlFile[Any]) -> list[dict[str, Any]]:
        known = (name for name in file.header.parameters if name in self.parameters)
        return [self.parameters[name].described for name in known]

    def _record(
        self,
        file: SqlFile[Any],
        status: str,
        lacks: list[str],
        eligible: dict[str, int] | None = None,
    ) -> dict[str, Any]:
        return {
            "id": file.id,
            "title": file.header.title,
            "outcome": getattr(file.header, "outcome", None),
            "status": status,
            "lacks": lacks,
            "eligible": eligible,
            "hits": None,
            "population": file.header.population,
            "not_judgeable": self._not_judgeable(file),
            "event": file.header.event,
            "absence": absence(file.header, self.inputs.catalogue),
            "sql_sha256": file.sha256,
            "parameters": self._described(file),
        }


def _eligible_of(found: pa.Table) -> tuple[dict[str, int] | None, pa.Table]:
    """How much the CTE of a counting text holds, and the text's own rows without the counts."""
    names = [name for name in found.column_names if name.startswith(_COUNT)]
    if not names:
        return None, found
    counts = {name.removeprefix(_COUNT): int(found.column(name)[0].as_py()) for name in names}
    rows = found.filter(pc.is_valid(found.column("is_row"))).drop_columns([*names, "is_row"])
    return counts, rows


def _apart(found: pa.Table) -> tuple[pa.Table, dict[str, int] | None]:
    """The rows that are findings, and the figures per dataset; None for a comparison without."""
    if "is_count" not in found.column_names:
        return found, None
    is_figure = pc.fill_null(found.column("is_count"), False)
    figures = found.filter(is_figure).select(["dataset", "value"]).to_pylist()
    counted = {row["dataset"]: int(row["value"]) for row in figures}
    return found.filter(pc.invert(is_figure)), dict(sorted(counted.items()))


def _counted(table: pa.Table, column: str, found: Iterable[_Found]) -> Checked:
    """The records with how many hits or findings each check that ran has."""
    counts = pc.value_counts(table.column(column)).to_pylist()
    by_check = {count["values"]: int(count["counts"]) for count in counts}
    records = [
        one.record
        if one.rows is None
        else {**one.record, "hits": by_check.get(one.record["id"], 0)}
        for one in found
    ]
    return Checked(table, records)
