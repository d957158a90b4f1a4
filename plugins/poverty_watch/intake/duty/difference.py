"""What a re-submission changed: rows added, gone, changed, against the version before it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pyarrow.parquet as pq

from poverty_watch.contracts import Contract

Change = Literal["added", "gone", "changed"]
CHANGE_TITLES: dict[Change, str] = {"added": "增加", "gone": "减少", "changed": "改动"}
_SOURCE = ("source_file", "source_sheet", "source_row")
_Row = tuple[Any, ...]
_Place = tuple[str, str, int]


@dataclass(frozen=True)
class DifferentRow:
    """A row that differs.

    ``place`` is file, sheet and row in the sender's own file: of the newer version, for a row that
    is gone of the older one. ``headers`` are the columns that changed. ``person_id`` is None for a
    petition without a number.
    """

    change: Change
    person_id: int | None
    place: tuple[str, str, int]
    headers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Difference:
    """One version of a dataset's month against the version that was in force before it."""

    version: int
    before: int
    rows: tuple[DifferentRow, ...]

    def count(self, change: Change) -> int:
        """Rows added, gone or changed."""
        return sum(row.change == change for row in self.rows)

    @property
    def summary(self) -> str:
        """In Chinese: 第2版比第1版增加3行，减少1行，改动2行."""
        counts = [
            f"{title}{self.count(change)}行"
            for change, title in CHANGE_TITLES.items()
            if self.count(change)
        ]
        told = "，".join(counts) or "接收的行没有变化"
        return f"第{self.version}版比第{self.before}版：{told}"


def difference(
    older: Path, newer: Path, contract: Contract, before: int, version: int
) -> Difference:
    """Compare the accepted rows of two versions (Parquet files), as multisets of whole rows.

    A person's rows of which one value or more differs count as changed, pairwise in the order of
    their places; what is left over was added or is gone. Rows that only moved do not differ.
    """
    names = [c.name for c in contract.columns if c.name in _columns(older) & _columns(newer)]
    person = names.index(contract.identity.name)
    old, new = _rows(older, names), _rows(newer, names)
    lost, found = _only(old, new, person), _only(new, old, person)
    titles = [contract.column(name).header for name in names]
    rows: list[DifferentRow] = []
    for key in {*lost, *found}:
        rows += _of_person(key, lost.get(key, []), found.get(key, []), titles)
    order = list(CHANGE_TITLES)
    rows.sort(key=lambda row: (order.index(row.change), row.place))
    return Difference(version, before, tuple(rows))


def _columns(path: Path) -> set[str]:
    return set(pq.read_schema(path).names)


def _rows(path: Path, names: Sequence[str]) -> list[tuple[_Row, _Place]]:
    """Rows as tuples of the columns' values, each with its place, in the order of places."""
    table = pq.read_table(path, columns=[*names, *_SOURCE])
    values = zip(*(table[name].to_pylist() for name in names), strict=True)
    places = zip(*(table[name].to_pylist() for name in _SOURCE), strict=True)
    return sorted(zip(values, places, strict=True), key=lambda pair: pair[1])


def _only(
    rows: list[tuple[_Row, _Place]], other: list[tuple[_Row, _Place]], person: int
) -> dict[int | None, list[tuple[_Row, _Place]]]:
    """Rows that the other version lacks, by person."""
    there = Counter(row for row, _ in other)
    found: dict[int | None, list[tuple[_Row, _Place]]] = {}
    for row, place in rows:
        if there[row]:
            there[row] -= 1
        else:
            found.setdefault(row[person], []).append((row, place))
    return found


def _of_person(
    key: int | None,
    lost: list[tuple[_Row, _Place]],
    found: list[tuple[_Row, _Place]],
    titles: Sequence[str],
) -> Iterator[DifferentRow]:
    # Rows without a person have nothing by which two of them could be the same.
    pairs = 0 if key is None else min(len(lost), len(found))
    for (old, _), (new, place) in zip(lost[:pairs], found[:pairs], strict=True):
        headers = tuple(t for t, a, b in zip(titles, old, new, strict=True) if a != b)
        yield DifferentRow("changed", key, place, headers)
    for _, place in lost[pairs:]:
        yield DifferentRow("gone", key, place)
    for _, place in found[pairs:]:
        yield DifferentRow("added", key, place)
