"""A whole synthetic county: its deliveries over a span of months, repeatable from a seed."""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from poverty_watch.contracts import Catalogue, Contract, Department, load_catalogue
from poverty_watch.files import folder_written_whole
from poverty_watch.months import Month
from poverty_watch.sample.county import County
from poverty_watch.sample.delivery import Order, litter, write_as_clerks_do, write_nil, write_plain
from poverty_watch.sample.divisions import read_divisions
from poverty_watch.sample.evolution import live_through
from poverty_watch.sample.founding import settle_county
from poverty_watch.sample.mistakes import Columns
from poverty_watch.sample.tables import make, makers

SMALLEST, LARGEST = 500, 100_000
NOTE_NAME = "README.txt"
NOTE = (
    "本文件夹是程序生成的样例数据，不含任何真实人员信息。\n"
    "所有身份证号以 530501 开头，该区划代码从未启用；姓名均带“样”字；电话以 10 开头，均为虚构。\n"
    "区划名称取自公开的统计用区划代码。仅供试用和测试，不得作为业务数据使用。\n"
)


class SampleError(ValueError):
    """The sample county cannot be made so; the message is Chinese and meant for staff."""


@dataclass(frozen=True)
class SampleSummary:
    """What was written: months, households and persons at the end, files, data rows by dataset."""

    folder: Path
    months: tuple[Month, ...]
    households: int
    persons: int
    files: int
    rows: dict[str, int]


def generate(
    folder: Path,
    first: Month,
    last: Month,
    households: int,
    seed: int,
    tidy: bool = False,
    progress: Callable[[str], None] | None = None,
    *,
    file_format: Literal["xlsx", "csv"] = "xlsx",
    datasets: Collection[str] | None = None,
) -> SampleSummary:
    """Write ``<folder>/<YYYY-MM>/<department>/<file>`` for all months from ``first`` to ``last``.

    The folder appears whole or not at all. The same arguments give the same bytes.

    Args:
        folder: must not exist, be empty, or hold an earlier sample, which is replaced.
        first: the first month delivered.
        last: the last month delivered.
        households: 500 to 100,000 hukou households of some 3.6 persons.
        seed: decides everything.
        tidy: one plain file per dataset, without the habits and faults of clerks.
        progress: is told in Chinese what is being written.
        file_format: of tidy files.
        datasets: only these; None for all.

    Raises:
        SampleError: the arguments make no county, or the folder holds something else.
    """
    _check(folder, first, last, households)
    say = progress or (lambda text: None)
    catalogue = load_catalogue()
    months = tuple(first.through(last))
    rows: dict[str, int] = {}
    with folder_written_whole(folder) as beside:
        say(f"正在生成 {households} 户的样例县……")
        county = _county_before(first, households, seed)
        cells: dict[str, Columns] = {}
        for month in months:
            live_through(county, _random(seed, month, "life"), month)
            say(f"正在写 {month.chinese} 的报送文件……")
            fates = {} if tidy else _fates(catalogue, seed, month)
            for department in catalogue.departments.values():
                counts = _deliver(
                    county, beside, department, seed, fates, cells, tidy, file_format, datasets
                )
                for dataset, count in counts.items():
                    rows[dataset] = rows.get(dataset, 0) + count
        note = beside / NOTE_NAME
        note.write_text(NOTE, encoding="utf-8")
        stamp = months[-1].last_day.toordinal() * 86400 - 719163 * 86400
        os.utime(note, (stamp, stamp))
        files = sum(1 for path in beside.rglob("*") if path.is_file())
    say(f"样例县已写好：{folder}")
    return SampleSummary(folder, months, households, len(county.residents()), files, rows)


def _check(folder: Path, first: Month, last: Month, households: int) -> None:
    if not SMALLEST <= households <= LARGEST:
        raise SampleError(f"样例县的户数要在 {SMALLEST} 到 {LARGEST} 之间，收到的是 {households}。")
    if last < first:
        raise SampleError(f"起始月 {first} 晚于终止月 {last}，请对调后重试。")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        note = folder / NOTE_NAME
        if not note.is_file() or note.read_text(encoding="utf-8") != NOTE:
            raise SampleError(f"{folder} 里已有别的文件，不能用样例覆盖。请换一个空文件夹。")


def _random(seed: int, month: Month, purpose: str) -> np.random.Generator:
    return np.random.default_rng([seed, month.year, month.number, zlib.crc32(purpose.encode())])


def _county_before(first: Month, households: int, seed: int) -> County:
    """The county as it stands before its first delivered month.

    It has lived through some months already, since January at the least: bills add up from there,
    and the dead of those months have left their traces.
    """
    start = first - max(5, first.number)
    county = settle_county(_random(seed, start, "founding"), start, households, read_divisions())
    for month in start.through(first - 1):
        if month > start:
            live_through(county, _random(seed, month, "life"), month)
    return county


def _is_ground(contract: Contract) -> bool:
    """Registers and deaths: without them a month has nothing to stand on."""
    names = {column.name for column in contract.columns}
    never_old = contract.event is not None and contract.too_old_after_months is None
    return bool(names & {"hukou_id", "household_no"}) or never_old


def _fates(catalogue: Catalogue, seed: int, month: Month) -> dict[str, str]:
    """At most one missing and one stopped delivery of the month, some corrected or nil ones."""
    rng = _random(seed, month, "fates")
    free = [d for d, contract in catalogue.contracts.items() if not _is_ground(contract)]
    free = [free[index] for index in rng.permutation(len(free))]
    fates: dict[str, str] = {}
    if rng.random() < 0.7:
        fates[free.pop()] = "missing"
    if rng.random() < 0.6:
        dataset = free.pop()
        has_as_of = catalogue.contract(dataset).as_of is not None
        fates[dataset] = "old" if has_as_of else ("layout", "faulty")[int(rng.integers(2))]
    for _ in range(int(rng.integers(1, 3))):
        fates[free.pop()] = "again"
    rare = [d for d in free if catalogue.contract(d).repeated_by_event]
    if rare and rng.random() < 0.7:
        fates[rare[0]] = "nil"
    return fates


def _deliver(
    county: County,
    root: Path,
    department: Department,
    seed: int,
    fates: dict[str, str],
    cells: dict[str, Columns],
    tidy: bool,
    file_format: str,
    datasets: Collection[str] | None,
) -> dict[str, int]:
    month = county.month
    known = makers()
    wanted = [d for d in department.contracts if d in known and (datasets is None or d in datasets)]
    if not wanted:
        return {}
    chinese = not tidy and zlib.crc32(f"{seed}{department.id}".encode()) % 4 == 0
    folder = root / str(month) / (department.title if chinese else department.id)
    folder.mkdir(parents=True)
    counts: dict[str, int] = {}
    for dataset in wanted:
        contract = department.contracts[dataset]
        order = Order(
            folder,
            month,
            contract,
            department.title,
            county.divisions.county,
            county.divisions.townships,
        )
        table = make(county, _random(seed, month, dataset), dataset, contract)
        rng = _random(seed, month, f"{dataset} clerk")
        fate = fates.get(dataset, "")
        if tidy:
            counts[dataset] = write_plain(order, table, file_format)
        elif fate == "nil":
            counts[dataset] = write_nil(order, rng)
        elif fate != "missing":
            counts[dataset], written = write_as_clerks_do(
                order, table, cells.get(dataset), rng, fate
            )
            if contract.repeated_by_event:
                cells[dataset] = written
    if not tidy:
        rng = _random(seed, month, f"{department.id} litter")
        if rng.random() < 0.12:
            title = next(iter(department.contracts.values())).title
            litter(folder, month, f"{title}{month.year}{month.number:02d}", rng)
    return counts
