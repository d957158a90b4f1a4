"""What the lake says of households at the end of a month: the ground of all figures of 表一."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from poverty_watch.contracts import load_catalogue
from poverty_watch.report import stocks
from poverty_watch.report.errors import ReportError
from poverty_watch.report.facts import Facts, computed_table
from poverty_watch.settings import REFERENCE, Settings

DIVISIONS = REFERENCE / "divisions_530521.csv"
PEOPLE = pa.schema(
    [
        ("household_id", pa.string()),
        ("persons", pa.int32()),
        ("township", pa.string()),
        ("village", pa.string()),
        ("head_name", pa.string()),
        ("source_file", pa.string()),
        ("source_sheet", pa.string()),
        ("source_row", pa.int32()),
    ]
)


@dataclass(frozen=True)
class Ground:
    """The registers of the month and of the one before, and everybody's household.

    ``register`` has a row per 户编号, ``previous`` the same a month earlier, None where there is no
    such snapshot. ``people`` (columns `PEOPLE`) has every household of the county: its persons are
    living register members, or living members outside the register, and the source is the delivered
    row that speaks for it.
    """

    register: pa.Table
    previous: pa.Table | None
    people: pa.Table

    @property
    def has_previous(self) -> bool:
        """Whether there is a register snapshot of the month before."""
        return self.previous is not None


def ground_of(facts: Facts, settings: Settings) -> Ground:
    """Read it from the month's screening.

    Raises:
        ReportError: the screening has no register rows.
    """
    register = computed_table(settings, facts, "register_stock")
    if register is None:
        raise ReportError(
            f"{facts.month.chinese}的比对结果不完整（没有名册存量），请重新运行比对后再生成报表。"
        )
    previous = computed_table(settings, facts, "register_stock_previous")
    if previous is not None and not _is_snapshot(previous):
        previous = None
    return Ground(
        register, previous, _people(register, computed_table(settings, facts, "households"))
    )


def stocks_of(facts: Facts, ground: Ground) -> stocks.Stocks:
    """表一 of a month from its ground."""
    return stocks.stocks_and_flows(
        facts.month,
        ground.register,
        ground.previous,
        stocks.township_names(DIVISIONS),
        stocks.classes_of(load_catalogue().contract("monitoring_register"), facts.month),
    )


def mentioned_people(ground: Ground, tables: Iterable[pa.Table]) -> pa.Table:
    """The rows of ``people`` whose household stands in any of these tables."""
    mentioned: set[str] = set()
    for table in tables:
        mentioned |= {one for one in table.column("household_id").unique().to_pylist() if one}
    wanted = pa.array(sorted(mentioned), pa.string())
    found = ground.people.filter(pc.is_in(ground.people.column("household_id"), value_set=wanted))
    return found.sort_by("household_id")


def _people(register: pa.Table, households: pa.Table | None) -> pa.Table:
    if households is None:
        rows = register.append_column("persons", register.column("living_register_members"))
    else:
        persons = pc.if_else(
            households.column("is_in_register"),
            households.column("living_register_members"),
            households.column("living_members"),
        )
        rows = households.append_column("persons", persons)
    columns = [
        rows.column(field.name).cast(field.type)
        if field.name in rows.column_names
        else pa.nulls(rows.num_rows, field.type)
        for field in PEOPLE
    ]
    return pa.table(columns, schema=PEOPLE)


def _is_snapshot(previous: pa.Table) -> bool:
    """Whether the rows are a snapshot, and not the placeholder for there being none."""
    mark = (previous.schema.metadata or {}).get(b"has_snapshot")
    return bool(previous.num_rows > 0 if mark is None else mark == b"true")
