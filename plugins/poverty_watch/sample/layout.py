"""How a clerk lays out a sheet: title bands, headers of one or two rows, extra columns, totals."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from poverty_watch.contracts import Contract
from poverty_watch.months import Month
from poverty_watch.sample.habits import Cells
from poverty_watch.sample.mistakes import Columns
from poverty_watch.sample.workbook import Cell, Sheet, column_letters

_CAPTIONS = ("人员情况", "业务数据", "登记内容", "基本信息")
_SIGNATURES = (
    ["填表人：某某", "", "", "审核人：某某"],
    ["填报人：某某", "", "", "审核人：某某"],
    ["制表人：某某  审核人：某某", "", ""],
    ["负责人：某某", "", "", "审核人：某某"],
    ["备注：以上数据由各乡镇上报", "", ""],
    ["说明：本表一式两份", "", ""],
)


@dataclass(frozen=True)
class Form:
    """One clerk's form for one delivery; all its sheets and files follow it."""

    order: tuple[str, ...]
    headers: dict[str, str]
    numbered: bool
    title: str
    band: tuple[str, ...]
    blank_above: bool
    groups: tuple[tuple[int, int, str, bool], ...]
    total: str
    signature: tuple[str, ...]
    blank_below: bool


def plain_form(contract: Contract) -> Form:
    """The contract's own columns and headers, nothing else."""
    order = tuple(column.name for column in contract.columns)
    headers = {column.name: column.header for column in contract.columns}
    return Form(order, headers, False, "", (), False, (), "", (), False)


def draw_form(
    contract: Contract, county: str, department: str, month: Month, rng: np.random.Generator
) -> Form:
    """A form as somebody might have made it."""
    headers = {
        column.name: str(rng.choice(np.array(column.headers, dtype=object)))
        for column in contract.columns
    }
    order = [column.name for column in contract.columns]
    if rng.random() < 0.45:
        order = [order[index] for index in rng.permutation(len(order))]
    for name, header in (("#note", "备注"), ("#ethnic", "民族"), ("#blank", "")):
        if rng.random() < 0.3:
            order.insert(
                int(rng.integers(1, len(order) + 1)) if name != "#note" else len(order), name
            )
            headers[name] = header
    for name in list(headers):
        draw = rng.random()
        if headers[name] and draw < 0.05:
            headers[name] += " "
        elif len(headers[name]) > 3 and draw < 0.08:
            headers[name] = headers[name][:2] + "\n" + headers[name][2:]
    numbered = bool(rng.random() < 0.6)
    titled = rng.random() < 0.65
    day = month.last_day + timedelta(days=int(rng.integers(1, 6)))
    word = "明细" if rng.random() < 0.6 else "统计"
    band = (
        (f"填报单位：{department}", "", "", f"填报日期：{day.year}年{day.month}月{day.day}日")
        if titled and rng.random() < 0.6
        else ()
    )
    groups = _groups(order, headers, contract, numbered, rng) if rng.random() < 0.18 else ()
    signature = _SIGNATURES[int(rng.integers(len(_SIGNATURES)))] if rng.random() < 0.5 else []
    return Form(
        tuple(order),
        headers,
        numbered,
        f"{county}{month.chinese}{contract.title}情况{word}表" if titled else "",
        band,
        bool(titled and rng.random() < 0.3),
        groups,
        ("合计", "总计", "小计")[int(rng.integers(3))] if rng.random() < 0.35 else "",
        tuple(signature),
        bool(rng.random() < 0.2),
    )


def _groups(
    order: list[str],
    headers: dict[str, str],
    contract: Contract,
    numbered: bool,
    rng: np.random.Generator,
) -> tuple[tuple[int, int, str, bool], ...]:
    """Ranges of columns under one caption: (first, last, caption, caption is part of the name)."""
    known = {header for column in contract.columns for header in column.headers}
    groups = []
    shift = int(numbered)
    at = 0
    while at < len(order) - 1:
        first, second = (headers[name].replace("\n", "").strip() for name in order[at : at + 2])
        shared = first[:2] == second[:2] and min(len(first), len(second)) > 3
        if shared and not {first[2:], second[2:], first[:2]} & known:
            groups.append((at + shift, at + 1 + shift, first[:2], True))
            at += 2
        elif rng.random() < 0.4:
            caption = _CAPTIONS[int(rng.integers(len(_CAPTIONS)))]
            last = min(at + int(rng.integers(1, 3)), len(order) - 1)
            groups.append((at + shift, last + shift, caption, False))
            at = last + 1
        else:
            at += 1
    return tuple(groups)


def lay_out(form: Form, columns: Columns, title: str, rng: np.random.Generator) -> Sheet:
    """A sheet of these cells in this form."""
    count = len(next(iter(columns.values())))
    header: list[Cell] = [form.headers[name] for name in form.order]
    body = [columns[name] if name in columns else _filler(name, count, rng) for name in form.order]
    if form.numbered:
        header.insert(0, "序号")
        body.insert(0, list(range(1, count + 1)))
    width = len(header)
    above: list[list[Cell]] = []
    merged: list[str] = []
    if form.title:
        above.append([form.title] + [None] * (width - 1))
        merged.append(f"A1:{column_letters(width - 1)}1")
    if form.band:
        above.append([*form.band[:width], *[None] * (width - len(form.band))])
    if form.blank_above:
        above.append([None] * width)
    if form.groups:
        merged += _two_rows(above, header, form)
    else:
        above.append(header)
    below: list[list[Cell]] = []
    if form.blank_below:
        below.append([None] * width)
    if form.total:
        below.append([form.total, count, *[None] * (width - 2)] if width > 1 else [form.total])
    if form.signature:
        below.append(list(form.signature[:width]))
    return Sheet(title, above, body, below, merged)


def _two_rows(above: list[list[Cell]], header: list[Cell], form: Form) -> list[str]:
    upper: list[Cell] = list(header)
    lower: list[Cell] = [None] * len(header)
    row = len(above) + 1
    merged = []
    inside: set[int] = set()
    for first, last, caption, is_part in form.groups:
        for at in range(first, last + 1):
            text = str(header[at] or "")
            lower[at] = text.replace("\n", "").strip()[2:] if is_part else text
            upper[at] = caption if at == first else None
            inside.add(at)
        merged.append(f"{column_letters(first)}{row}:{column_letters(last)}{row}")
    merged += [
        f"{column_letters(at)}{row}:{column_letters(at)}{row + 1}"
        for at in range(len(header))
        if at not in inside
    ]
    above += [upper, lower]
    return merged


def _filler(name: str, count: int, rng: np.random.Generator) -> Cells:
    if name == "#ethnic":
        drawn = rng.choice(
            np.array(["汉族", "彝族", "布朗族", "傣族"], dtype=object),
            count,
            p=[0.88, 0.06, 0.04, 0.02],
        )
        return list(drawn)
    cells: Cells = [None] * count
    if name == "#note":
        for row in np.flatnonzero(rng.random(count) < 0.01):
            cells[row] = "已核实" if rng.random() < 0.5 else "电话未通"
    return cells
