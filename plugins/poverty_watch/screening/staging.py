"""Who lives where: the tables that every comparison and rule reads."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from poverty_watch.engine import DuckEngine, Engine, Text
from poverty_watch.screening.definitions import SqlFile, StagingHeader
from poverty_watch.screening.inputs import MonthInputs
from poverty_watch.screening.plan import STOCK, STOCK_BEFORE, Plan


def run_staging(
    engine: Engine, inputs: MonthInputs, files: Iterable[SqlFile[StagingHeader]]
) -> dict[str, int]:
    """Run staging files, each after those that it reads; each table is kept under its id.

    Returns:
        The number of rows by table.
    """
    rows: dict[str, int] = {}
    waiting = list(files)
    while waiting:
        lacking = {file.id for file in waiting}
        ready = [file for file in waiting if not file.relations & lacking]
        for relation in frozenset[str]().union(*(file.relations for file in ready)) - rows.keys():
            engine.attach(relation, inputs.relation(relation))
        texts = {
            file.id: Text(file.sql, inputs.parameters(file.binds), file.path.name) for file in ready
        }
        rows |= engine.keep(texts)
        waiting = [file for file in waiting if file not in ready]
    return rows


def write_staging(engine: Engine, plan: Plan, folder: Path) -> dict[str, int]:
    """Build all staging tables and write each to ``<table>.parquet``; they stay in the engine.

    The register stock of the month before is written too. It is empty, and says so in its metadata
    (``has_snapshot``), where no snapshot served.

    Returns:
        The number of rows by table.
    """
    with ThreadPoolExecutor(1) as beside:
        earlier = beside.submit(_stock_before, plan)
        rows = run_staging(engine, plan.inputs, plan.definitions.staging)
        engine.save({table: folder / f"{table}.parquet" for table in rows})
        stock = earlier.result()
    has_snapshot = stock is not None
    if stock is None:
        stock = engine.run(f"select * from {STOCK} where false", {})
    flag = {"has_snapshot": "true" if has_snapshot else "false"}
    pq.write_table(stock.replace_schema_metadata(flag), folder / f"{STOCK_BEFORE}.parquet")
    return rows | {STOCK_BEFORE: stock.num_rows}


def _stock_before(plan: Plan) -> pa.Table | None:
    """The register stock of the month before; None where no snapshot served."""
    before = plan.inputs.before()
    needed = plan.definitions.needed_for(STOCK)
    grounds = {
        relation
        for file in needed
        for relation in file.relations
        if relation in before.registers.registers
    }
    if not grounds <= set(before.serving):
        return None
    with DuckEngine.opened() as engine:
        run_staging(engine, before, needed)
        return engine.run(f"select * from {STOCK}", {})
