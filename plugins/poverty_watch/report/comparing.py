"""What differs between two versions of a report: each cell, both values, and which households."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pyarrow as pa

from poverty_watch.months import Month
from poverty_watch.report.archive import Archive
from poverty_watch.report.behind import Counted, Figure, counted
from poverty_watch.report.errors import ReportError
from poverty_watch.report.places import Placed, field_value
from poverty_watch.report.values import NOT_KNOWN_MARK, Row, Value
from poverty_watch.settings import Settings

KEYS: dict[str, tuple[str, ...]] = {
    "存量增减": ("类别", "乡镇"),
    "新增构成": ("类别", "乡镇"),
    "消除构成": ("类别", "乡镇"),
    "线索": ("乡镇",),
    "帮扶": ("乡镇",),
    "部门报送": ("部门", "数据"),
    "比对问题": ("编号", "乡镇"),
    "名单": ("户编号",),
    "更正补录": ("户编号", "类别", "说明"),
}
"""The tables that are compared, and the fields that name a row; the others repeat these."""
_BY_HOUSEHOLD = ("名单", "更正补录")
_RUNNING = ("序号",)
_SHOWN_HOUSEHOLDS = 30


@dataclass(frozen=True)
class Version:
    """What is compared: tables, where they stand, and the rows behind them."""

    tables: Mapping[str, list[Row]]
    places: Mapping[str, Placed]
    behind: Mapping[str, pa.Table]


@dataclass(frozen=True)
class Change:
    """A cell that differs.

    ``cell`` is its address in the newer version, of a row that is gone in the older one;
    ``households`` are those that one of the two counts and the other does not.
    """

    cell: str
    label: str
    old: str
    new: str
    households: tuple[str, ...]


def shown(value: Value) -> str:
    """A value as the workbook shows it."""
    if value is None:
        return NOT_KNOWN_MARK
    if isinstance(value, float):
        return f"{value:.2%}"
    return str(value)


def changes(old: Version, new: Version) -> list[Change]:
    """All differences, in the order of the newer version's tables and rows."""
    found: list[Change] = []
    for table, keys in KEYS.items():
        found += _table_changes(table, keys, old, new)
    return found


def difference(settings: Settings, month: Month, old: int, new: int) -> list[Change]:
    """What differs between two kept versions of a month.

    Raises:
        ReportError: one of them was not kept.
    """
    kept = []
    for number in (old, new):
        found = Archive(settings.lake).find(month, number)
        if found is None:
            raise ReportError(
                f"{month.chinese}月报表第{number}版没有存档，不能逐格比较。请核对版本号。"
            )
        kept.append(Version(found.tables, found.places, found.behind))
    return changes(*kept)


def as_rows(found: list[Change]) -> list[Row]:
    """The differences as rows of the difference sheet."""
    return [
        {
            "序号": number,
            "位置": change.cell,
            "内容": change.label,
            "原值": change.old,
            "现值": change.new,
            "涉及户": households_text(change.households),
        }
        for number, change in enumerate(found, 1)
    ]


def households_text(households: tuple[str, ...]) -> str:
    """Household numbers in one cell, the number of all where there are many."""
    listed = "、".join(households[:_SHOWN_HOUSEHOLDS])
    more = len(households) - _SHOWN_HOUSEHOLDS
    return f"{listed} 等{len(households)}户" if more > 0 else listed


def _table_changes(
    table: str, keys: tuple[str, ...], old: Version, new: Version
) -> Iterator[Change]:
    before = _by_key(old.tables.get(table, []), keys)
    after = _by_key(new.tables.get(table, []), keys)
    # From left to right as the newer one stands, then what only the older one shows.
    columns = dict.fromkeys(
        column
        for version in (new, old)
        if (place := version.places.get(table)) is not None
        for column in sorted(place.columns, key=lambda name: place.columns[name])
    )
    for key in [*after, *(key for key in before if key not in after)]:
        then, now = before.get(key), after.get(key)
        label = "·".join(str(part) for part in key)
        if table in _BY_HOUSEHOLD and (then is None or now is None):
            version, at = (new, now) if now is not None else (old, then)
            assert at is not None
            words = ("未列入", "列入") if now is not None else ("列入", "不再列入")
            yield Change(
                _address(version, table, at[0], keys[0]), f"{table}·{label}", *words,
                (f"R:{key[0]}",),
            )  # fmt: skip
            continue
        for column in columns:
            if column in keys or column in _RUNNING:
                continue
            values = [
                None if row is None else field_value(row[1], column, version.places[table].columns)
                for row, version in ((then, old), (now, new))
            ]
            texts = [
                "（无此行）" if row is None else shown(value)
                for row, value in zip((then, now), values, strict=True)
            ]
            if texts[0] == texts[1]:
                continue
            version, at = (new, now) if now is not None else (old, then)
            assert at is not None
            yield Change(
                _address(version, table, at[0], column),
                f"{label}·{column.removesuffix('.*')}",
                texts[0],
                texts[1],
                _households(table, column, (then, old), (now, new)),
            )


def _by_key(rows: list[Row], keys: tuple[str, ...]) -> dict[tuple[str, ...], tuple[int, Row]]:
    return {tuple(str(row.get(key, "")) for key in keys): (n, row) for n, row in enumerate(rows)}


def _address(version: Version, table: str, row: int, column: str) -> str:
    place = version.places[table]
    return place.address(row, column) or f"{place.sheet}!{place.first_row + row}行"


def _households(
    table: str,
    column: str,
    old: tuple[tuple[int, Row] | None, Version],
    new: tuple[tuple[int, Row] | None, Version],
) -> tuple[str, ...]:
    sets = []
    for row, version in (old, new):
        rows: list[Counted] = []
        if row is not None:
            columns = version.places[table].columns
            rows = counted(Figure(table, row[1], column, columns), version.behind) or []
        sets.append({(one.household_id, one.households, one.persons) for one in rows})
    differing = sets[0] ^ sets[1]
    # Of a row of the person's own table the household is itself the row.
    return tuple(sorted({household for household, _, _ in differing if household}))
