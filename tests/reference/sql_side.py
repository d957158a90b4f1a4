"""The same county through the SQL files: tables in memory, one engine for many counties."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from poverty_watch.contracts import load_catalogue
from poverty_watch.contracts.shape import accepted_schema
from poverty_watch.engine import DuckEngine, Relation, Rows
from poverty_watch.lake.versions import Lake
from poverty_watch.ledger.deliveries import InForce
from poverty_watch.months import Month
from poverty_watch.screening.checks import CheckRunner
from poverty_watch.screening.definitions import Definitions, SqlFile, load_definitions
from poverty_watch.screening.inputs import MonthInputs, Registers, load_registers
from poverty_watch.screening.parameters import in_force, load_parameters
from poverty_watch.screening.staging import run_staging
from tests.reference.county import County, Delivery
from tests.reference.outcomes import comparison_outcome, rule_outcome, staged_outcomes

_SET_ASIDE = pa.schema(
    [
        ("source_file", pa.string()),
        ("source_sheet", pa.string()),
        ("source_row", pa.int32()),
        ("column", pa.string()),
        ("header", pa.string()),
        ("fault", pa.string()),
        ("value", pa.string()),
        ("all_faults", pa.string()),
    ]
)


@dataclass(frozen=True)
class MemoryLake(Lake):
    """A lake whose accepted rows are at hand; rows sent back lie in files, one per content."""

    faults: dict[tuple[str, Month], tuple[str, ...]] = field(default_factory=dict)

    def set_aside(self, dataset: str, month: Month, version: int) -> Path:
        faults = self.faults[dataset, month]
        path = self.root / (hashlib.sha256(f"{dataset} {faults}".encode()).hexdigest() + ".parquet")
        if not path.exists():
            rows = [
                {
                    "source_file": f"{dataset}.xlsx",
                    "source_sheet": "Sheet1",
                    "source_row": number,
                    "fault": fault,
                    "all_faults": fault,
                }
                for number, fault in enumerate(faults, 90)
            ]
            pq.write_table(pa.Table.from_pylist(rows, schema=_SET_ASIDE), path)
        return path


@dataclass(frozen=True)
class MemoryInputs(MonthInputs):
    """A month's inputs whose relations are tables at hand instead of files."""

    tables: Mapping[Path, pa.Table] = field(default_factory=dict)

    def relation(self, name: str) -> Relation:
        found = super().relation(name)
        if not isinstance(found, Rows) or any(part.path not in self.tables for part in found.parts):
            return found
        labels = {"month": found.has_month, "dataset": found.has_dataset}
        added = [name for name, is_there in labels.items() if is_there]
        schema = pa.schema([*found.schema, *((name, pa.string()) for name in added)])
        parts = [schema.empty_table()]
        for part in found.parts:
            table = self.tables[part.path].select(found.schema.names)
            for name in added:
                label = pa.repeat(getattr(part, name), table.num_rows)
                table = table.append_column(name, label)
            parts.append(table)
        return pa.concat_tables(parts)


class _Runner(CheckRunner):
    """Who could have been hit, and who cannot be judged, is not what is compared here."""

    def sql(self, file: SqlFile[Any]) -> str:
        return file.sql

    def _not_judgeable(self, file: SqlFile[Any]) -> int | None:
        return None


class SqlSide:
    """Runs staging and checks over one county after the other."""

    def __init__(self, engine: DuckEngine, folder: Path) -> None:
        self._engine, self._folder = engine, folder
        self._definitions: Definitions = load_definitions()
        self._registers: Registers = load_registers()
        self._parameters = load_parameters()
        self._schemas = {d: accepted_schema(c) for d, c in load_catalogue().contracts.items()}

    def run(self, county: County, only: str = "") -> dict[str, Any]:
        """What staging and the checks found, by table or id, in the reference's own words.

        Args:
            county: the county.
            only: a check's id, to run that one alone.
        """
        inputs = self._inputs(county)
        staged = run_staging(self._engine, inputs, self._definitions.staging)
        rules = [file for file in self._definitions.rules if only in ("", file.id)]
        comparisons = [file for file in self._definitions.comparisons if only in ("", file.id)]
        files: list[Any] = [*rules, *comparisons]
        for relation in sorted({name for f in files for name in f.relations} - staged.keys()):
            self._engine.attach(relation, inputs.relation(relation))
        runner = _Runner(
            self._engine,
            inputs,
            in_force(self._parameters, county.month),
            self._definitions.populations,
        )
        found: dict[str, Any] = dict(staged_outcomes(self._staged))
        by_rule, by_comparison = runner.rules(rules), runner.comparisons(comparisons)
        hits, findings = by_rule.rows, by_comparison.rows
        found |= {r["id"]: rule_outcome(r, hits) for r in by_rule.records}
        return found | {r["id"]: comparison_outcome(r, findings) for r in by_comparison.records}

    def _staged(self, table: str, *columns: str) -> set[tuple[Any, ...]]:
        rows = self._engine.run(f"select {', '.join(columns)} from {table}", {})
        return {tuple(row.values()) for row in rows.to_pylist()}

    def _inputs(self, county: County) -> MemoryInputs:
        lake = MemoryLake(self._folder)
        tables: dict[Path, pa.Table] = {}
        found: list[InForce] = []
        for (dataset, month), delivery in county.deliveries.items():
            lake.faults[dataset, month] = delivery.faults
            tables[lake.accepted(dataset, month, 1)] = self._table(dataset, delivery)
            status = "accepted" if delivery.rows else "nil"
            found.append(InForce(dataset, month, 1, status, f"{dataset} {month}"))
        return MemoryInputs(
            county.month, tuple(found), load_catalogue(), lake, self._registers, tables
        )

    def _table(self, dataset: str, delivery: Delivery) -> pa.Table:
        schema = self._schemas[dataset]
        columns = [
            pa.array([row[column.name] for row in delivery.rows], column.type) for column in schema
        ]
        return pa.Table.from_arrays(columns, schema=schema)
