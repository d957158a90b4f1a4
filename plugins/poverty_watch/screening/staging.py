"""Who lives where: the tables that every comparison and rule reads."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pyarrow.parquet as pq

from poverty_watch.engine import DuckEngine, Engine
from poverty_watch.screening.definitions import SqlFile, StagingHeader
from poverty_watch.screening.inputs import MonthInputs
from poverty_watch.screening.plan import STOCK, STOCK_BEFORE, Plan


def run_staging(
    engine: Engine, inputs: MonthInputs, files: Iterable[SqlFile[StagingHeader]]
) -> dict[str, int]:
    """Run staging files in their order; each table is kept in the engine under its id.

    Returns:
        The number of rows by table.
    """
    rows: dict[str, int] = {}
    for file in files:
        for relation in file.relations - rows.keys():
            engine.attach(relation, inputs.relation(relation))
        bound = inputs.parameters(file.binds)
        rows[file.id] = engine.keep(file.id, file.sql, bound, name=file.path.name)
    return rows


def write_staging(engine: Engine, plan: Plan, folder: Path) -> dict[str, int]:
    """Build all staging tables and write each to ``<table>.parquet``; they stay in the engine.

    The register stock of the month before is written too. It is empty, and says so in its metadata
    (``has_snapshot``), where no snapshot served.

    Returns:
        The number of rows by table.
    """
    rows = run_staging(engine, plan.inputs, plan.definitions.staging)
    for table in rows:
        engine.save(table, folder / f"{table}.parquet")
    before = plan.inputs.before()
    needed = plan.definitions.needed_for(STOCK)
    grounds = {
        relation
        for file in needed
        for relation in file.relations
        if relation in before.registers.registers
    }
    has_snapshot = grounds <= set(before.serving)
    if has_snapshot:
        with DuckEngine.opened() as earlier:
            run_staging(earlier, before, needed)
            stock = earlier.run(f"select * from {STOCK}", {})
    else:
        stock = engine.run(f"select * from {STOCK} where false", {})
    flag = {"has_snapshot": "true" if has_snapshot else "false"}
    pq.write_table(stock.replace_schema_metadata(flag), folder / f"{STOCK_BEFORE}.parquet")
    return rows | {STOCK_BEFORE: stock.num_rows}
