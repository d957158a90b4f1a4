"""From a cell of a published report to the households or delivered rows that it counts, masked."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Any

import pyarrow.parquet as pq
from openpyxl.utils.cell import column_index_from_string, coordinate_from_string
from openpyxl.utils.exceptions import CellCoordinatesException
from sqlalchemy import select
from sqlalchemy.orm import Session

from poverty_watch.contracts import load_catalogue
from poverty_watch.identity import mask_numbers
from poverty_watch.lake.versions import Lake
from poverty_watch.ledger.models import Delivery, ReportVersion
from poverty_watch.months import Month
from poverty_watch.report.archive import Archive, Archived
from poverty_watch.report.behind import Counted, Figure, counted
from poverty_watch.report.comparing import shown
from poverty_watch.report.delivery_table import fault_title
from poverty_watch.report.errors import ReportError
from poverty_watch.report.library import KIND_TITLES, standing_row
from poverty_watch.report.name_list import masked_name
from poverty_watch.report.places import Placed, field_value
from poverty_watch.report.sources import source_of
from poverty_watch.report.values import Row
from poverty_watch.settings import Settings

_HOUSEHOLDS = ("乡镇", "村", "户主", "户编号或户号", "户", "人", "说明", "出处")
_FILES = ("文件", "内容校验码", "数据行", "接收", "退回", "报送单位作废")
_ROWS = ("文件", "工作表", "行", "栏目", "退回原因", "原值")
_RETURNED = "退回行"
_DELIVERY_FIELDS = (
    "版本",
    "行数",
    "接收行",
    "退回行",
    "状态",
    "退回原因",
    "说明",
    "迟报天数",
    "已报",
)


class TraceError(ReportError):
    """The cell cannot be traced; the message says why, or which sheets there are."""


@dataclass(frozen=True)
class Traced:
    """A figure and what stands behind it.

    ``label`` names row and column in words, ``value`` is what the cell shows. ``rows`` have the
    columns of ``headings``; persons' names are masked, numbers of deliveries too. ``remark`` says
    why there are no rows, where there are none.
    """

    version: str
    cell: str
    label: str
    value: str
    source: str
    files: str
    headings: tuple[str, ...]
    rows: list[tuple[str, ...]]
    remark: str = ""


def trace(
    session: Session,
    settings: Settings,
    month: Month,
    reference: str,
    number: int | None = None,
) -> Traced:
    """Find what a cell counts.

    Args:
        session: the ledger.
        settings: where the kept versions lie.
        month: the month of the report.
        reference: ``表一!F7``; a sheet's name may be cut short, the first that begins so is meant.
        number: which version; the one that counts if not given.

    Raises:
        TraceError: there is no such version, sheet or cell.
    """
    row = _version(session, month, number)
    kept = Archive(settings.lake).find(month, row.number)
    if kept is None:
        raise TraceError(f"{month.chinese}月报表第{row.number}版没有存档，不能追溯。")
    sheet, column, line = _split(reference)
    titles = list(dict.fromkeys(place.sheet for place in kept.places.values()))
    title = _sheet(sheet, titles, month)
    place = _place(kept, title, line)
    field = next((f for f, at in place.columns.items() if at == column), None) if place else None
    if place is None or field is None:
        raise TraceError(
            f"“{title}”的这个单元格是标题或说明文字，不是算出的数。请指明表中的数字单元格。"
        )
    cells = kept.tables[place.table][line - place.first_row]
    return _traced(session, settings, month, row, kept, place, cells, field)


def _version(session: Session, month: Month, number: int | None) -> ReportVersion:
    if number is None:
        row = standing_row(session, month)
    else:
        row = session.scalars(
            select(ReportVersion).where(
                ReportVersion.month == str(month), ReportVersion.number == number
            )
        ).first()
    if row is None:
        which = "" if number is None else f"第{number}版"
        raise TraceError(f"{month.chinese}没有月报表{which}，请先生成。")
    return row


def _split(reference: str) -> tuple[str, int, int]:
    text = unicodedata.normalize("NFKC", reference).replace("$", "").strip()
    sheet, mark, cell = text.rpartition("!")
    try:
        letters, line = coordinate_from_string(cell.strip().upper())
    except CellCoordinatesException:
        letters, line = "", 0
    if not mark or not sheet.strip(" '") or not letters:
        raise TraceError(f"“{reference}”不是单元格，请写成 表一!F7 的形式。")
    return sheet.strip(" '"), column_index_from_string(letters), int(line)


def _plain(title: str) -> str:
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", title))


def _sheet(wanted: str, titles: list[str], month: Month) -> str:
    for fits in (str.__eq__, str.startswith):
        for title in titles:
            if fits(_plain(title), _plain(wanted)):
                return title
    raise TraceError(f"{month.chinese}月报表没有工作表“{wanted}”，有：{'、'.join(titles)}。")


def _place(kept: Archived, sheet: str, line: int) -> Placed | None:
    return next(
        (
            place
            for place in kept.places.values()
            if place.sheet == sheet and place.rows and place.first_row <= line <= place.last_row
        ),
        None,
    )


def _traced(
    session: Session,
    settings: Settings,
    month: Month,
    version: ReportVersion,
    kept: Archived,
    place: Placed,
    cells: Row,
    field: str,
) -> Traced:
    row = place.first_row + kept.tables[place.table].index(cells)
    figure = Figure(place.table, cells, field, place.columns)
    names = [
        str(cells[name])
        for name in ("部门", "数据", "编号", "类别", "乡镇", "户编号", "风险")
        if cells.get(name) not in (None, "") and name in place.columns_shown()
    ]
    inputs = version.manifest.get("deliveries", [])
    source, files = source_of(place.table, month, inputs, load_catalogue())
    found = counted(figure, kept.behind)
    headings: tuple[str, ...] = _HOUSEHOLDS
    rows: list[tuple[str, ...]] = []
    remark = ""
    if found is not None:
        rows = _households(found, kept)
    elif place.table == "部门报送" and field in _DELIVERY_FIELDS:
        headings, rows = _delivered(session, settings, month, cells, field)
        remark = "" if rows else "这项数据本月没有现行有效的报送。"
    else:
        remark = "这一格是文字或由登记得来，没有逐户明细。"
    return Traced(
        version=f"{month.chinese}月报表第{version.number}版（{KIND_TITLES[version.kind]}）",
        cell=place.address(row - place.first_row, field) or "",
        label="·".join([*names, field.replace(".*", "（其余）").replace(".", "·")]),
        value=shown(field_value(cells, field, place.columns)),
        source=source,
        files=files,
        headings=headings,
        rows=rows,
        remark=remark,
    )


def _households(found: list[Counted], kept: Archived) -> list[tuple[str, ...]]:
    people: dict[str, dict[str, Any]] = {
        row["household_id"]: row for row in kept.behind["people"].to_pylist()
    }
    rows = []
    for one in found:
        known = people.get(one.household_id, {})
        where = known.get("source_file")
        rows.append(
            (
                known.get("township") or "（不明）",
                known.get("village") or "",
                masked_name(known.get("head_name")) if known else "",
                one.household_id,
                str(one.households),
                "—" if one.persons is None else str(one.persons),
                one.note,
                f"{where}·{known.get('source_sheet')}·第{known.get('source_row')}行"
                if where
                else "",
            )
        )
    return sorted(rows, key=lambda row: (row[0], row[1], len(row[3]), row[3]))


def _delivered(
    session: Session, settings: Settings, month: Month, cells: Row, field: str
) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    version = cells.get("版本")
    if not isinstance(version, int):
        return _FILES, []
    dataset = str(cells.get("数据编号", ""))
    if field in (_RETURNED, "退回原因"):
        return _ROWS, _set_aside(settings, dataset, month, version)
    delivery = session.scalars(
        select(Delivery).where(
            Delivery.month == str(month),
            Delivery.dataset == dataset,
            Delivery.version == version,
        )
    ).first()
    if delivery is None:
        return _FILES, []
    fates = (delivery.accepted_rows, delivery.rejected_rows, delivery.voided_rows)
    counts = tuple(str(rows) for rows in (delivery.data_rows, *fates))
    return _FILES, [
        (mask_numbers(str(file["path"])), str(file["sha256"])[:12], *counts)
        for file in delivery.files
    ]


def _set_aside(
    settings: Settings, dataset: str, month: Month, version: int
) -> list[tuple[str, ...]]:
    path = Lake(settings.lake).set_aside(dataset, month, version)
    if not path.is_file():
        return []
    return [
        (
            str(row["source_file"]),
            str(row["source_sheet"]),
            str(row["source_row"]),
            str(row["header"] or ""),
            fault_title(str(row["fault"])),
            mask_numbers(str(row["value"] or "")),
        )
        for row in pq.read_table(path).to_pylist()
    ]
