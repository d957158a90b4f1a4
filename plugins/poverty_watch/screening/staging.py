"""Who lives where: the tables that every comparison and rule reads."""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa

from poverty_watch.engine import DuckEngine, Engine
from poverty_watch.screening.definitions import SqlFile, StagingHeader
from poverty_watch.screening.inputs import MonthInputs
from poverty_watch.screening.plan import STOCK, STOCK_BEFORE, Plan


def staging_tables(plan: Plan) -> dict[str, pa.Table]:
    """All staging tables of a month, and the register stock of the month before.

    The latter is empty, and says so in its metadata (``has_snapshot``), where no snapshot served.
    """
    with DuckEngine.opened() as engine:
        tables = run_staging(engine, plan.inputs, plan.definitions.staging)
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
        with DuckEngine.opened() as engine:
            stock_before = run_staging(engine, before, needed)[STOCK]
    else:
        stock_before = tables[STOCK].schema.empty_table()
    flag = {"has_snapshot": "true" if has_snapshot else "false"}
    tables[STOCK_BEFORE] = stock_before.replace_schema_metadata(flag)
    return tables


def run_staging(
    engine: Engine, inputs: MonthInputs, files: Iterable[SqlFile[StagingHeader]]
) -> dict[str, pa.Table]:
    """Run staging files in their order; each table is attached to the engine under its id."""
    tables: dict[str, pa.Table] = {}
    for file in files:
        for relation in file.relations - tables.keys():
            engine.attach(relation, inputs.relation(relation))
        tables[file.id] = engine.run(file.sql, inputs.parameters(file.binds), name=file.path.name)
        engine.attach(file.id, tables[file.id])
    return tables
