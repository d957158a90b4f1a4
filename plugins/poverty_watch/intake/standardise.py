"""Delivered sheets into one typed table, row by row traceable to the sender's own file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches
from typing import Any

import numpy as np
import pyarrow as pa

from poverty_watch.contracts import Column, Contract
from poverty_watch.identity import Judged, Keyring, judge
from poverty_watch.intake import cells
from poverty_watch.intake.amendments import Amendment, Place, Places
from poverty_watch.intake.layout import Layout, NoLayout, fill_merged, find_layout, plain
from poverty_watch.intake.sheets import Cell, Doubt, Sheet
from poverty_watch.months import Month

_LISTED = 10
_ALIKE = 0.5
_TEN_THOUSANDS = "万元"


@dataclass(frozen=True)
class ReadFile:
    """A delivered file, read: its name as the sender knows it, and its sheets."""

    name: str
    sheets: list[Sheet]


@dataclass
class RowCount:
    """Rows of a delivery by fate. ``data`` is what remains to be accepted or set aside."""

    all: int = 0
    header: int = 0
    blank: int = 0
    total: int = 0
    data: int = 0


@dataclass
class Standardised:
    """A delivery's data rows in the contract's columns.

    ``columns``: typed Arrow arrays by the contract's names; the identity column holds the
    normalised number (large_string), ``identity`` how it was judged. ``raw`` keeps the native cells
    for messages. ``places`` says where each row stands in what the sender sent: an amended row in
    the correction; ``delivered`` where it stood in the delivery as a whole. ``voided`` are the rows
    that the sender has taken back: they keep their place, and nothing is made of them.
    """

    contract: Contract
    columns: dict[str, pa.Array]
    identity: Judged
    raw: dict[str, list[Any]]
    places: Places
    delivered: Places
    voided: np.ndarray
    counts: RowCount
    messages: list[str] = field(default_factory=list)
    doubts: list[Doubt] = field(default_factory=list)
    unreadable_files: list[str] = field(default_factory=list)
    has_layout: bool = False

    def __len__(self) -> int:
        return len(self.places)

    def source_columns(self, rows: np.ndarray | None = None) -> dict[str, pa.Array]:
        """Where rows come from, as lake columns; all of them, or those at these positions."""
        at = self.places
        chosen: Any = slice(None) if rows is None else rows
        names = pa.array(at.files, pa.string()), pa.array(at.sheets, pa.string())
        return {
            "source_file": pa.DictionaryArray.from_arrays(pa.array(at.file[chosen]), names[0]).cast(
                pa.string()
            ),
            "source_sheet": pa.DictionaryArray.from_arrays(
                pa.array(at.sheet[chosen]), names[1]
            ).cast(pa.string()),
            "source_row": pa.array(at.row[chosen], pa.int32()),
        }


def standardise(
    contract: Contract,
    files: Sequence[ReadFile],
    month: Month,
    keys: Keyring,
    amendments: Sequence[Amendment] = (),
) -> Standardised:
    """Gather the data rows of all sheets that have the contract's columns, and type them.

    A sheet without the columns is passed over with a message; a file without any such sheet is
    listed in ``unreadable_files``. An amended row stays where it is in the order of rows, and is
    said to stand where its new cells come from.

    Raises:
        LookupError: an amendment is about a row that is not there.
    """
    raw: dict[str, list[Any]] = {column.name: [] for column in contract.columns}
    counts = RowCount()
    origin: list[tuple[int, int, np.ndarray]] = []
    sheet_names: list[str] = []
    messages: list[str] = []
    doubts: list[Doubt] = []
    unreadable: list[str] = []
    for file_index, file in enumerate(files):
        laid_out = [(sheet, find_layout(sheet, contract)) for sheet in file.sheets]
        if problems := _problems(file, laid_out):
            unreadable += problems
            continue
        if not any(isinstance(layout, Layout) for _, layout in laid_out):
            unreadable.append(_no_layout_message(file, laid_out))
            continue
        for sheet, layout in laid_out:
            if isinstance(layout, NoLayout):
                if any(any(cell not in (None, "") for cell in row) for row in sheet.rows):
                    messages.append(
                        f"文件“{file.name}”的工作表“{sheet.name}”没有要求的表头，未作为数据读取。"
                    )
                continue
            messages += sheet.remarks
            doubts += (*sheet.doubts, *_unit_doubts(file, sheet, layout, contract))
            if layout.numbered:
                messages.append(
                    f"文件“{file.name}”的工作表“{sheet.name}”有{layout.numbered}行只有序号等内容，"
                    "要求的各列都是空的，按空行计。"
                )
            if filled := fill_merged(sheet, layout, contract):
                messages.append(
                    f"文件“{file.name}”的工作表“{sheet.name}”有跨行合并的单元格，"
                    f"已按合并的内容补到其余{filled}格，请核对。"
                )
            _gather(sheet, layout, contract, raw, counts)
            numbers = np.asarray(sheet.numbers, dtype=np.int32)[
                np.asarray(layout.data, dtype=np.int64)
            ]
            origin.append((file_index, len(sheet_names), numbers))
            sheet_names.append(sheet.name)
    delivered = Places.gathered(origin, [file.name for file in files], sheet_names)
    places, voided = _amend(raw, delivered, amendments)
    identity_cells = raw[contract.identity.name]
    judged = judge(cells.as_text(identity_cells), cells.lost_digits(identity_cells), month.last_day)
    columns = {
        c.name: _typed(c, raw[c.name], judged, month.last_day, keys) for c in contract.columns
    }
    messages += _unread_days(contract, raw, columns, places.row)
    return Standardised(
        contract=contract,
        columns=columns,
        identity=judged,
        raw=raw,
        places=places,
        delivered=delivered,
        voided=voided,
        counts=counts,
        messages=messages,
        doubts=doubts,
        unreadable_files=unreadable,
        has_layout=bool(origin),
    )


def _amend(
    raw: dict[str, list[Any]], places: Places, amendments: Sequence[Amendment]
) -> tuple[Places, np.ndarray]:
    """Where the rows stand now, and which of them are void; the amended cells are put in place."""
    voided = np.zeros(len(places), dtype=bool)
    if not amendments:
        return places, voided
    positions = places.positions(amendment.place for amendment in amendments)
    moved: dict[int, Place] = {}
    for amendment in amendments:
        if amendment.place not in positions:
            raise LookupError(f"no row to be amended at {amendment.place[1:]}")
        position = positions[amendment.place]
        moved[position] = amendment.source
        voided[position] = amendment.is_void
        for name, cell in amendment.cells.items():
            raw[name][position] = cell
    return places.moved(moved), voided


def _gather(
    sheet: Sheet,
    layout: Layout,
    contract: Contract,
    raw: dict[str, list[Any]],
    counts: RowCount,
) -> None:
    data = layout.data
    contiguous = bool(data) and data[-1] - data[0] + 1 == len(data)
    rows = sheet.rows[data[0] : data[-1] + 1] if contiguous else [sheet.rows[p] for p in data]
    columns = list(zip(*rows, strict=True))
    for name, position in layout.columns.items():
        values: Iterable[Cell] = columns[position] if columns else ()
        if sheet.is_1904 and contract.column(name).type in ("date", "month"):
            values = map(cells.from_1904, values)
        raw[name].extend(values)
    counts.all += len(sheet.rows)
    counts.header += layout.header
    counts.blank += layout.blank
    counts.total += layout.total
    counts.data += len(data)


def _typed(
    column: Column, values: list[Any], judged: Judged, month_end: date, keys: Keyring
) -> pa.Array:
    match column.type:
        case "identity":
            return judged.number
        case "identity_reference":
            # Not judged: a wrong number still tells two rows apart.
            reference = judge(cells.as_text(values), cells.lost_digits(values), month_end)
            return keys.person_ids(reference.number)
        case "date":
            return cells.clean_dates(values)
        case "month":
            return cells.clean_months(values)
        case "amount":
            return cells.clean_amounts(values, blank_is_zero=column.blank_is_zero)
        case "choice":
            return cells.clean_choice(values, labels_of(column), column.blank_marks)
        case "name":
            return cells.clean_text(values, column.blank_marks, drop_white=True)
        case _:
            return cells.clean_text(values, column.blank_marks)


def _unread_days(
    contract: Contract, raw: dict[str, list[Any]], columns: dict[str, pa.Array], row: np.ndarray
) -> list[str]:
    """Sentences on optional days and months that say something nobody can read: they count as blank."""
    told = []
    for column in contract.columns:
        if column.type not in ("date", "month") or not column.optional:
            continue
        values, typed = raw[column.name], columns[column.name]
        if typed.null_count == sum(value in ("", None) for value in values):
            continue
        nulls = np.flatnonzero(np.asarray(typed.is_null()))
        odd = [at for at in nulls.tolist() if any(c.isdigit() for c in str(values[at] or ""))]
        if odd:
            shown = "、".join(str(row[at]) for at in odd[:_LISTED])
            more = "等" if len(odd) > _LISTED else ""
            told.append(
                f"“{column.header}”有{len(odd)}格写的不是日期或年月（第{shown}行{more}），按空白处理，请核对。"
            )
    return told


def labels_of(column: Column) -> dict[str, str]:
    """How the values of a closed list may be written, and what each is kept as."""
    return {
        label: choice.value for choice in column.values for label in (choice.value, *choice.labels)
    }


def _unit_doubts(file: ReadFile, sheet: Sheet, layout: Layout, contract: Contract) -> list[Doubt]:
    """Titles that say 万元 above amounts that are delivered in 元."""
    in_yuan = [c.header for c in contract.columns if c.type == "amount" and c.unit == "元"]
    titles = sheet.rows[: layout.last_header]
    if not in_yuan or not any(_TEN_THOUSANDS in plain(cell) for row in titles for cell in row):
        return []
    sentence = (
        f"文件“{file.name}”的工作表“{sheet.name}”表头上方写有“万元”，而“{'、'.join(in_yuan)}”"
        "按元报送，已按元接收，请核对。"
    )
    return [Doubt("unit", file.name, sheet.name, _TEN_THOUSANDS, sentence)]


def _problems(file: ReadFile, laid_out: Sequence[tuple[Sheet, Layout | NoLayout]]) -> list[str]:
    return [
        f"文件“{file.name}”的工作表“{sheet.name}”{layout.problem}"
        for sheet, layout in laid_out
        if isinstance(layout, NoLayout) and layout.problem
    ]


def _likely(missing: str, others: Sequence[str]) -> str | None:
    """The name in the sender's header that may have been meant for a missing one."""
    return next(iter(get_close_matches(plain(missing), others, 1, _ALIKE)), None)


def _no_layout_message(file: ReadFile, laid_out: Sequence[tuple[Sheet, Layout | NoLayout]]) -> str:
    if all(len(row) <= 1 for sheet in file.sheets for row in sheet.rows) and any(
        cell for sheet in file.sheets for row in sheet.rows for cell in row
    ):
        return f"文件“{file.name}”只有一列，像是各列之间没有用逗号隔开。请用 Excel 或 WPS 另存为 .xlsx 后重报。"
    if not any(
        any(cell not in (None, "") for row in sheet.rows for cell in row) for sheet in file.sheets
    ):
        return f"文件“{file.name}”里没有任何内容。请重新导出后报送。"
    near = [(s, x) for s, x in laid_out if isinstance(x, NoLayout) and x.nearest_row is not None]
    if near:
        sheet, layout = min(near, key=lambda pair: len(pair[1].missing))
        columns = "、".join(layout.missing)
        found = [(name, _likely(name, layout.others)) for name in layout.missing]
        hint = "；".join(
            f"表里的“{other}”如果就是“{name}”，请照此改名" for name, other in found if other
        )
        units = any("万元" in (other or "") and "万元" not in name for name, other in found)
        return (
            f"文件“{file.name}”的工作表“{sheet.name}”第{layout.nearest_row}行的表头缺少列：{columns}。"
            + (f"{hint}，其余缺少的列请补上" if hint else "请补上这些列")
            + ("；以万元填写的数请先换算成元" if units else "")
            + "后重报。"
        )
    missing = (
        "、".join(laid_out[0][1].missing)
        if laid_out and isinstance(laid_out[0][1], NoLayout)
        else ""
    )
    return f"文件“{file.name}”中找不到要求的表头（{missing}）。请按规定的表格填写后重报。"
