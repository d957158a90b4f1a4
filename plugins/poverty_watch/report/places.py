"""Where the values of a report stand in the county's template: model rows, and cells once filled."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from openpyxl.utils.cell import get_column_letter, range_boundaries
from openpyxl.workbook.workbook import Workbook

from poverty_watch.report.values import Row, Value

ROW_PREFIX = "行_"
OTHERS = "*"
_PLACEHOLDER = re.compile(r"\{([^{}|]+)((?:\|[^{}|]+)*)\}")


@dataclass(frozen=True)
class Field:
    """What one column of a model row shows."""

    column: int
    name: str
    is_joined: bool
    starts_page: bool


@dataclass(frozen=True)
class Model:
    """The model row of a table."""

    table: str
    sheet: str
    row: int
    first_column: int
    last_column: int
    fields: tuple[Field, ...]

    def named_in_group(self, group: str) -> set[str]:
        """The members of an open group that have a column of their own."""
        prefix = f"{group}."
        return {f.name.removeprefix(prefix) for f in self.fields if f.name.startswith(prefix)}


@dataclass(frozen=True)
class Placed:
    """A table as it stands in a finished workbook: its rows from ``first_row`` on.

    ``columns`` are field names with the column in which they stand (1 is A).
    """

    table: str
    sheet: str
    first_row: int
    rows: int
    columns: Mapping[str, int]

    @property
    def last_row(self) -> int:
        """The row of the last one."""
        return self.first_row + max(self.rows, 1) - 1

    def columns_shown(self) -> set[str]:
        """The fields that have a column, open groups by their name."""
        return {name.split(".", 1)[0] for name in self.columns}

    def address(self, row: int, field: str) -> str | None:
        """``sheet!cell`` of a row (0 is the first) and field; None where it is not shown."""
        column = self.columns.get(field)
        if column is None or not 0 <= row < self.rows:
            return None
        return f"{self.sheet}!{get_column_letter(column)}{self.first_row + row}"


def model_of(book: Workbook, table: str, area: tuple[str, str]) -> Model:
    """The model row that a template's name marks."""
    sheet, reference = area
    left, top, right, _ = (int(bound or 1) for bound in range_boundaries(reference))
    fields = []
    for column in range(left, right + 1):
        match = _PLACEHOLDER.fullmatch(str(book[sheet].cell(top, column).value or "").strip())
        if match:
            marks = match[2].split("|")
            fields.append(Field(column, match[1].strip(), "合并" in marks, "分页" in marks))
    return Model(table, sheet, top, left, right, tuple(fields))


def field_value(row: Row, name: str, columns: Iterable[str]) -> Value:
    """What a row holds for a field, also for one of an open group, or all that have no column."""
    group, _, member = name.partition(".")
    found = row.get(group)
    if not isinstance(found, Mapping):
        return cast("Value", found)
    if member != OTHERS:
        return cast("Value", found.get(member, 0))
    prefix = f"{group}."
    named = {column.removeprefix(prefix) for column in columns if column.startswith(prefix)}
    counts = [count for key, count in found.items() if key not in named]
    return None if None in counts else int(sum(counts))


def placed(models: Iterable[Model], tables: Mapping[str, Sequence[Row]]) -> dict[str, Placed]:
    """Where the tables stand once all are filled: rows above push down what is below."""
    ordered = sorted(models, key=lambda model: (model.sheet, model.row))
    pushed: dict[str, int] = {}
    found = {}
    for model in ordered:
        above = pushed.get(model.sheet, 0)
        count = len(tables[model.table])
        found[model.table] = Placed(
            table=model.table,
            sheet=model.sheet,
            first_row=model.row + above,
            rows=count,
            columns={field.name: field.column for field in model.fields},
        )
        pushed[model.sheet] = above + max(count, 1) - 1
    return {table: found[table] for table in tables}
