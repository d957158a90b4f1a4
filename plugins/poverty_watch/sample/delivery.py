"""One department's files of one month, as its clerk saves them."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from pathlib import Path

import numpy as np

from poverty_watch.contracts import Column, Contract
from poverty_watch.months import COUNTY_ZONE, Month
from poverty_watch.sample.frame import Array, Table, pick
from poverty_watch.sample.habits import plain_cells, written_cells
from poverty_watch.sample.layout import Form, draw_form, lay_out, plain_form
from poverty_watch.sample.mistakes import Columns, repeat, spoil, spoil_badly
from poverty_watch.sample.tables import TOWNSHIP
from poverty_watch.sample.workbook import Sheet, write_csv, write_xlsx


@dataclass(frozen=True)
class Order:
    """What is to be delivered, by whom, for which month, into which folder."""

    folder: Path
    month: Month
    contract: Contract
    department: str
    county: str
    townships: Array


def write_plain(order: Order, table: Table, file_format: str) -> int:
    """One file without any habit; gives its data rows."""
    columns = {
        column.name: plain_cells(column, table[column.name]) for column in order.contract.columns
    }
    sheet = lay_out(plain_form(order.contract), columns, "Sheet1", np.random.default_rng(0))
    compact = str(order.month).replace("-", "")
    path = order.folder / f"{order.contract.title}{compact}.{file_format}"
    if file_format == "csv":
        write_csv(path, sheet, "utf-8-sig")
    else:
        write_xlsx(path, [sheet])
    _date(path, order.month, np.random.default_rng(0))
    return sheet.height


def write_as_clerks_do(
    order: Order, table: Table, earlier: Columns | None, rng: np.random.Generator, fate: str = ""
) -> tuple[int, Columns]:
    """The files of one dataset; gives their data rows, and the cells for next month's repeats.

    Args:
        order: the delivery.
        table: the true rows, sorted by township.
        earlier: last month's cells of an increment, of which one may come again.
        rng: decides everything about the form.
        fate: ``layout``, ``old`` or ``faulty`` for a delivery that cannot stand, ``again`` for one
            that is sent a second time as a correction.
    """
    if not len(table["person_id"]):
        return write_nil(order, rng), {}
    form = draw_form(order.contract, order.county, order.department, order.month, rng)
    name = _name(order, rng)
    if fate == "again":
        keep = rng.random(len(table["person_id"])) > 0.04
        first = _fill(order, pick(table, np.flatnonzero(keep)), None, rng)
        _save(order, form, first, table[TOWNSHIP][keep], name, rng, one_file=True)
        mark = ("（更正）", "(修订)", "-补报", "-重报")[int(rng.integers(4))]
        form = draw_form(order.contract, order.county, order.department, order.month, rng)
        columns = _fill(order, table, earlier, rng)
        return _save(
            order, form, columns, table[TOWNSHIP], name + mark, rng, one_file=True
        ), columns
    columns = _fill(order, table, earlier, rng)
    if fate == "faulty":
        spoil_badly(columns, order.contract, rng)
    if fate == "layout":
        lost = order.contract.columns[-1].name
        form = replace(form, order=tuple(n for n in form.order if n != lost), groups=())
    if fate == "old" and order.contract.as_of:
        before: list[object] = [(order.month - 1).last_day] * len(
            columns[order.contract.as_of.name]
        )
        columns[order.contract.as_of.name] = before  # type: ignore[assignment]
    return _save(order, form, columns, table[TOWNSHIP], name, rng), columns


def write_nil(order: Order, rng: np.random.Generator) -> int:
    """零报告: by its name, or a form with no rows."""
    form = draw_form(order.contract, order.county, order.department, order.month, rng)
    columns: Columns = {column.name: [] for column in order.contract.columns}
    if rng.random() < 0.6:
        path = order.folder / f"{_name(order, rng)}零报告.xlsx"
        write_xlsx(
            path,
            [Sheet("Sheet1", [[f"{order.month.chinese}{order.contract.title}：本月无新增。"]])],
        )
    else:
        path = order.folder / f"{_name(order, rng)}.xlsx"
        write_xlsx(path, [lay_out(replace(form, total=""), columns, "Sheet1", rng)])
    _date(path, order.month, rng)
    return 0


def _fill(order: Order, table: Table, earlier: Columns | None, rng: np.random.Generator) -> Columns:
    def cells(column: Column) -> list[object]:
        return written_cells(column, table[column.name], rng)  # type: ignore[return-value]

    columns: Columns = {c.name: cells(c) for c in order.contract.columns}  # type: ignore[misc]
    spoil(columns, table, order.contract, order.month, rng)
    if earlier and rng.random() < 0.5:
        repeat(columns, earlier, rng)
    return columns


def _name(order: Order, rng: np.random.Generator) -> str:
    year, number = order.month.year, order.month.number
    title, department = order.contract.title, order.department
    names = (
        f"{title}{year}{number:02d}",
        f"{department}{title}明细{year}{number:02d}",
        f"{department}_{year}年{number}月{title}",
        f"附件1：{year}年{number}月{title}报送表",
        f"{year}.{number} {title}（{department}）",
        f"{title}_{order.month}_终稿",
    )
    return names[int(rng.integers(len(names)))]


def _save(
    order: Order,
    form: Form,
    columns: Columns,
    township: Array,
    name: str,
    rng: np.random.Generator,
    one_file: bool = False,
) -> int:
    """Write one file, one with a sheet per township, or a file per township."""
    count = len(next(iter(columns.values())))
    # Repeated and duplicate rows were appended: they go where the last township is.
    place = np.concatenate([township, np.full(count - len(township), township[-1])])
    parted = len(np.unique(place)) > 1 and count >= 60
    draw = rng.random()
    if (parted and draw < 0.25) or not parted or one_file:
        mode = "sheets" if parted and draw < 0.25 else "one"
    else:
        mode = "files" if draw < 0.4 else "one"
    if mode == "one":
        _write(order, [lay_out(form, columns, "Sheet1", rng)], name, rng)
        return count
    parts = []
    bounds = np.flatnonzero(np.diff(place)) + 1
    for start, end in zip([0, *bounds.tolist()], [*bounds.tolist(), count], strict=True):
        cells = {key: values[start:end] for key, values in columns.items()}
        parts.append(lay_out(form, cells, str(order.townships[place[start]]), rng))
    if mode == "sheets":
        _write(order, parts, name, rng)
    else:
        for part in parts:
            _write(order, [part], f"{name}_{part.title}", rng)
    return count


def _write(order: Order, sheets: list[Sheet], name: str, rng: np.random.Generator) -> None:
    draw = rng.random()
    if len(sheets) == 1 and draw < 0.3:
        path = order.folder / f"{name}.csv"
        encoding = ("utf-8-sig", "gb18030", "utf-8")[int(rng.integers(3))]
        write_csv(path, sheets[0], encoding)
    else:
        path = order.folder / f"{name}.xlsx"
        if draw > 0.9:
            sheets = [
                *sheets,
                Sheet("填表说明", [["一、本表由各单位于每月5日前报送；二、金额单位为元。"]]),
            ]
        write_xlsx(path, sheets)
    _date(path, order.month, rng)


def _date(path: Path, month: Month, rng: np.random.Generator) -> None:
    """Saved on a working hour of the first days after the month."""
    day = month.last_day + timedelta(days=int(rng.integers(1, 5)))
    moment = datetime.combine(
        day, time(9 + int(rng.integers(8)), int(rng.integers(60))), COUNTY_ZONE
    )
    os.utime(path, (moment.timestamp(), moment.timestamp()))


def litter(folder: Path, month: Month, name: str, rng: np.random.Generator) -> None:
    """What lies beside deliveries: a lock file, Windows' picture cache, a note."""
    what = int(rng.integers(3))
    path = folder / (f"~${name}.xlsx", "Thumbs.db", "联系人.txt")[what]
    if what == 2:
        path.write_text("数据报送联系人：办公室\n", encoding="utf-8")
    else:
        path.write_bytes(b"\0" * (165 if what == 0 else 64))
    _date(path, month, rng)
