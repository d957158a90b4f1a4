"""From the columns that a check's SQL gives to rows of evidence, all checks in one shape.

Everything is done on whole columns: a large county has some hundred thousand rows of evidence.
"""

from __future__ import annotations

import string
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from poverty_watch.screening.definitions import SENDER, ComparisonHeader, RuleHeader
from poverty_watch.screening.parameters import plain

SEVERITIES = ("red", "orange", "yellow")
_NAMELESS = "（未填姓名）"
_SIDES = ("source", "other")
# Arrow writes decimals of more places with an exponent where they are tiny.
_MOST_PLACES = 6
# What a finding is about, and the column of the comparison's rows that says which one. A township
# and a reason are named; neither has an id of its own.
_SUBJECTS = {
    "person": "person_id",
    "household": "household_id",
    "township": "name",
    "reason": "name",
}
ROWS = pa.schema(
    [
        ("check_id", pa.string()),
        ("subject_id", pa.string()),
        ("dataset", pa.string()),
        ("household_id", pa.string()),
        ("person_id", pa.int64()),
        ("name", pa.string()),
        ("severity", pa.string()),
        ("rank", pa.int32()),
        ("amount", pa.float64()),
        ("value", pa.string()),
        ("threshold", pa.string()),
        ("other_value", pa.string()),
        ("detail", pa.string()),
        ("risk", pa.string()),
        ("verifies", pa.string()),
        ("clause", pa.string()),
        *(
            (f"{side}_{part}", kind)
            for side in _SIDES
            for part, kind in (
                ("dataset", pa.string()),
                ("month", pa.string()),
                ("version", pa.int32()),
                ("file", pa.string()),
                ("sheet", pa.string()),
                ("row", pa.int32()),
            )
        ),
    ]
)
"""A row of evidence.

``subject_id`` says whose it is: the household of a hit, the person (keyed id), household, township
or reason of a finding; ``dataset`` is empty where it is no part of the subject. The rows of a hit go
by ``rank`` of severity, then ``amount`` (the value negated). ``clause`` is the row told in Chinese.
A side has a version where the row that holds its value is known.
"""

_Column: TypeAlias = pa.ChunkedArray | pa.Array


@dataclass(frozen=True)
class Source:
    """The delivery that a row of evidence comes from."""

    dataset: str
    month: str
    version: int


# The delivery that serves a dataset; of a given month where the row says that it is an earlier one.
SourceOf = Callable[[str, str | None], Source | None]
# The department that sends a dataset.
SenderOf = Callable[[str], str]


def evidence_rows(
    header: RuleHeader | ComparisonHeader, found: pa.Table, source_of: SourceOf, sender_of: SenderOf
) -> pa.Table:
    """What a check's SQL gave, as `ROWS`.

    Args:
        header: the check.
        found: its rows; columns that it does not have are null.
        source_of: the delivery behind a side.
        sender_of: the department that looks after a finding, where the header leaves it to the
            sender.
    """
    if not found.num_rows:
        return ROWS.empty_table()
    columns = _Columns(found)
    values: dict[str, Any] = {
        name: columns.text(name)
        for name in ("household_id", "name", "value", "threshold", "other_value", "detail", "risk")
    }
    values["person_id"] = columns.of("person_id", pa.int64())
    if isinstance(header, RuleHeader):
        values |= _weight(columns, header.worse == "higher")
        values |= {"subject_id": values["household_id"], "dataset": columns.same("")}
    else:
        values |= {"severity": columns.same(None), "rank": columns.same(0)}
        values |= {"amount": columns.same(0.0)}
        values["subject_id"] = columns.text(_SUBJECTS[header.subject])
        values["dataset"] = pc.fill_null(columns.text("dataset"), "")
    values["check_id"] = columns.same(header.id)
    values["verifies"] = (
        _looked_up(values["dataset"], sender_of)
        if header.verifies == SENDER
        else columns.same(header.verifies)
    )
    values["clause"] = _clauses(header.sentence, values)
    default = header.sources[0] if header.sources else None
    for side in _SIDES:
        values |= _place(columns, side, default if side == "source" else None, source_of)
    arrays = [pc.cast(values[field.name], field.type) for field in ROWS]
    return pa.Table.from_arrays([_one(array) for array in arrays], schema=ROWS)


@dataclass(frozen=True)
class _Columns:
    """The columns that a check gave; those that it did not give are null."""

    found: pa.Table

    def same(self, value: str | float | None) -> pa.Array:
        if value is None:
            return pa.nulls(self.found.num_rows, pa.string())
        return pa.repeat(value, self.found.num_rows)

    def of(self, name: str, kind: pa.DataType) -> _Column:
        if name not in self.found.column_names:
            return pa.nulls(self.found.num_rows, kind)
        return self.found.column(name)

    def text(self, name: str) -> _Column:
        """A column as staff read it: numbers without trailing zeros."""
        column = self.of(name, pa.string())
        if not pa.types.is_decimal(column.type):
            return pc.cast(column, pa.string())
        if column.type.scale > _MOST_PLACES:
            plained = [None if v is None else plain(v) for v in column.to_pylist()]
            return pa.array(plained, pa.string())
        texts = pc.cast(column, pa.string())
        if column.type.scale <= 0:
            return texts
        return pc.utf8_rtrim(pc.utf8_rtrim(texts, "0"), ".")


def _one(column: _Column) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _weight(columns: _Columns, higher_is_worse: bool) -> dict[str, Any]:
    severity = columns.of("severity", pa.string())
    value = columns.of("value", pa.string())
    kind = value.type
    is_number = pa.types.is_decimal(kind) or pa.types.is_integer(kind) or pa.types.is_floating(kind)
    amount = pc.cast(value, pa.float64()) if is_number else columns.same(0.0)
    if higher_is_worse:
        amount = pc.negate(amount)
    return {
        "severity": severity,
        "rank": pc.index_in(severity, value_set=pa.array(SEVERITIES)),
        "amount": pc.fill_null(amount, 0.0),
    }


def _clauses(sentence: str, values: dict[str, Any]) -> _Column:
    """The sentence of a header for every row."""
    told = {
        name: pc.fill_null(values[name], "")
        for name in ("name", "value", "other_value", "threshold", "detail")
    }
    told["name"] = pc.if_else(pc.equal(told["name"], ""), _NAMELESS, told["name"])
    parts: list[Any] = []
    for literal, field, _, _ in string.Formatter().parse(sentence):
        parts += [literal] if literal else []
        parts += [told[field]] if field is not None else []
    rows = len(told["name"])
    if all(isinstance(part, str) for part in parts):
        return pa.repeat("".join(parts), rows)
    return pc.binary_join_element_wise(*parts, "")


def _place(
    columns: _Columns, side: str, default: str | None, source_of: SourceOf
) -> dict[str, Any]:
    """Where one side's value stands; all null where no row is known."""
    file = columns.text(f"{side}_file")
    dataset = columns.text(f"{side}_dataset")
    if default is not None:
        dataset = pc.fill_null(dataset, default)
    dataset = pc.if_else(pc.is_valid(file), dataset, pa.scalar(None, pa.string()))
    month = pc.fill_null(columns.text(f"{side}_month"), "")
    keys = _one(pc.binary_join_element_wise(dataset, month, "@"))
    different = keys.drop_null().unique()
    found = [_source(key, source_of) for key in different.to_pylist()]
    index = pc.index_in(keys, value_set=different)
    place = {
        "dataset": pa.array([s and s.dataset for s in found], pa.string()).take(index),
        "month": pa.array([s and s.month for s in found], pa.string()).take(index),
        "version": pa.array([s and s.version for s in found], pa.int32()).take(index),
        "file": file,
        "sheet": columns.text(f"{side}_sheet"),
        "row": columns.of(f"{side}_row", pa.int32()),
    }
    return {f"{side}_{part}": column for part, column in place.items()}


def _source(key: str, source_of: SourceOf) -> Source | None:
    dataset, _, month = key.partition("@")
    return source_of(dataset, month or None)


def _looked_up(column: _Column, meaning: Callable[[str], str]) -> pa.Array:
    texts = _one(column)
    different = texts.unique()
    meant = pa.array([meaning(text) for text in different.to_pylist()], pa.string())
    return meant.take(pc.index_in(texts, value_set=different))
