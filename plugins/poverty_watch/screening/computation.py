"""A month's computation: staging, comparisons, rules, each part written whole, once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pyarrow.parquet as pq

from poverty_watch.engine import DuckEngine, Engine, EngineError, ParquetPart, Rows
from poverty_watch.lake.screenings import Screenings
from poverty_watch.screening.checks import Checked, CheckRunner
from poverty_watch.screening.definitions import ComparisonHeader, RuleHeader, SqlFile
from poverty_watch.screening.errors import ScreeningError
from poverty_watch.screening.plan import Plan
from poverty_watch.screening.staging import write_staging
from poverty_watch.settings import Settings

STAGING = "staging"
COMPARISONS = "comparisons"
RULES = "rules"
_COMPRESSION = "zstd"
_CHECKS = "checks"
_NOT_JUDGED = "not_judged"


class Computation:
    """The parts of a month's computation, in one engine.

    What staging built here is read where it stands; a process that comes later reads it from the
    lake.
    """

    def __init__(self, plan: Plan, screenings: Screenings, engine: Engine) -> None:
        self._plan, self._screenings, self._engine = plan, screenings, engine
        self._at_hand: set[str] = set()

    @classmethod
    @contextmanager
    def opened(cls, plan: Plan, settings: Settings) -> Iterator[Computation]:
        """A computation with an engine for the length of a block."""
        with DuckEngine.opened() as engine:
            yield cls(plan, Screenings(settings.lake), engine)

    def stage(self) -> dict[str, int]:
        """Build the staging tables where they do not stand yet; the number of rows by table."""
        rows: dict[str, int] = self._part(STAGING, self._write_staging)
        return rows

    def compare(self) -> list[dict[str, Any]]:
        """Run the comparisons where this was not done yet; their entries for the ledger."""
        records: list[dict[str, Any]] = self._checks(COMPARISONS, "findings", self._compared)[
            _CHECKS
        ]
        return records

    def warn(self) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        """Run the rules where this was not done yet.

        Returns:
            Their entries for the ledger, and who was not judged: see `CheckRunner.not_judged`.
        """
        notes = self._checks(RULES, "hits", self._warned)
        return notes[_CHECKS], notes[_NOT_JUDGED]

    def _part(self, part: str, fill: Callable[[Path], Any]) -> Any:
        plan = self._plan
        try:
            self._screenings.fill(plan.month, plan.fingerprint, part, fill)
        except EngineError as error:
            raise ScreeningError(
                f"{plan.month.chinese}没有算成，有 SQL 文件不能运行，请改正后重新运行本月：{error}"
            ) from error
        return self._screenings.notes(plan.month, plan.fingerprint, part)

    def _write_staging(self, folder: Path) -> dict[str, int]:
        rows = write_staging(self._engine, self._plan, folder)
        self._at_hand |= rows.keys()
        return rows

    def _checks(
        self, part: str, table: str, run: Callable[[], tuple[Checked, dict[str, Any]]]
    ) -> dict[str, Any]:
        self.stage()

        def fill(folder: Path) -> dict[str, Any]:
            done, more = run()
            pq.write_table(done.table, folder / f"{table}.parquet", compression=_COMPRESSION)
            return {_CHECKS: done.records, **more}

        notes: dict[str, Any] = self._part(part, fill)
        return notes

    def _compared(self) -> tuple[Checked, dict[str, Any]]:
        files = _in_force(self._plan.definitions.comparisons)
        return self.runner(files).comparisons(files), {}

    def _warned(self) -> tuple[Checked, dict[str, Any]]:
        files = _in_force(self._plan.definitions.rules)
        runner = self.runner(files)
        return runner.rules(files), {_NOT_JUDGED: runner.not_judged(files)}

    def runner(self, files: Iterable[SqlFile[Any]]) -> CheckRunner:
        """A runner over the deliveries and the staged tables that these files read."""
        plan = self._plan
        staged = {file.id for file in plan.definitions.staging}
        read = {"households"}.union(*(file.relations for file in files))
        for relation in sorted(read - self._at_hand):
            if relation in staged:
                path = self._screenings.path(plan.month, plan.fingerprint, relation)
                self._engine.attach(relation, Rows(pq.read_schema(path), (ParquetPart(path),)))
            else:
                self._engine.attach(relation, plan.inputs.relation(relation))
        self._at_hand |= read
        return CheckRunner(self._engine, plan.inputs, plan.parameters, plan.definitions.populations)


_C = TypeVar("_C", RuleHeader, ComparisonHeader)


def _in_force(files: Iterable[SqlFile[_C]]) -> list[SqlFile[_C]]:
    """Those that are no drafts."""
    return [file for file in files if file.header.state == "in_force"]
