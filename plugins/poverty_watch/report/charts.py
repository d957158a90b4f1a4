"""The charts of the workbook: Excel's own, drawn over the cells that they show."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from openpyxl.chart import BarChart, Reference, Series
from openpyxl.chart.label import DataLabelList
from openpyxl.chart.layout import Layout, ManualLayout
from openpyxl.chart.shapes import GraphicalProperties
from openpyxl.chart.text import RichText
from openpyxl.drawing.spreadsheet_drawing import AnchorMarker, TwoCellAnchor
from openpyxl.drawing.text import CharacterProperties, Font, Paragraph, ParagraphProperties
from openpyxl.utils.cell import range_boundaries
from openpyxl.workbook.workbook import Workbook

from poverty_watch.report.places import Placed
from poverty_watch.report.values import Row

PREFIX = "图_"


@dataclass(frozen=True)
class _Chart:
    """A bar per row of a table that ``shows`` it, and a colour per field; stacked where they add up.

    ``label`` is the field that names the rows; ``series`` are fields with what they are called.
    ``otherwise`` stands in its place where there is no bar to draw.
    """

    table: str
    label: str
    series: tuple[tuple[str, str, str], ...]
    shows: Callable[[Row], bool]
    otherwise: str
    is_stacked: bool = False
    lies_down: bool = False


def _is_township_of_all(row: Row) -> bool:
    return not row.get("是否合计") and row.get("类别", "各类合计") == "各类合计"


def _is_any(row: Row) -> bool:
    return True


_CHARTS = {
    "图_乡镇增减": _Chart(
        "存量增减",
        "乡镇",
        (
            ("期初未消除户", "期初未消除", "8EA9C1"),
            ("本月新增户", "本月新增", "C55A11"),
            ("本月消除户", "本月消除", "70AD47"),
            ("期末未消除户", "期末未消除", "1F4E79"),
        ),
        _is_township_of_all,
        "没有监测对象。",
    ),
    "图_线索去向": _Chart(
        "线索",
        "乡镇",
        (
            ("排除户", "排除", "A6A6A6"),
            ("转认定户", "转认定", "C55A11"),
            ("在办户", "在办", "FFC000"),
        ),
        _is_township_of_all,
        "尚无核实结果。",
        is_stacked=True,
    ),
    "图_主要风险": _Chart(
        "主要风险",
        "风险",
        (("户", "户", "C55A11"),),
        _is_any,
        "本月没有新增监测对象。",
        lies_down=True,
    ),
}
NAMES = tuple(_CHARTS)
"""The names that a template must have: each is the place of a chart."""


def draw(
    book: Workbook,
    areas: Mapping[str, Sequence[tuple[str, str]]],
    places: Mapping[str, Placed],
    tables: Mapping[str, Sequence[Row]],
) -> None:
    """Draw every chart into the cells that its name marks; words where it would be empty."""
    for name, chart in _CHARTS.items():
        place, rows = places[chart.table], tables[chart.table]
        shown = [n for n, row in enumerate(rows) if chart.shows(row)]
        fields = [field for field, _, _ in chart.series]
        if any(field not in place.columns for field in fields):
            continue
        has_bars = any(_is_bar(rows[n].get(field)) for n in shown for field in fields)
        for sheet, cells in areas[name]:
            left, top, right, bottom = (int(bound or 1) for bound in range_boundaries(cells))
            if not has_bars:
                book[sheet].cell(top + 1, left).value = chart.otherwise
                continue
            drawn = _drawn(book, chart, place, shown[0], shown[-1])
            title = book[sheet].cell(top, left).value
            drawn.title = str(title) if title else None
            if drawn.title is not None:
                drawn.title.tx.rich.p[0].pPr = ParagraphProperties(defRPr=_letters(14, bold=True))
                for run in drawn.title.tx.rich.p[0].r or []:
                    run.rPr = _letters(14, bold=True)
                drawn.title.overlay = False
            drawn.anchor = TwoCellAnchor(
                editAs="twoCell",
                _from=AnchorMarker(col=left - 1, row=top - 1),
                to=AnchorMarker(col=right, row=bottom),
            )
            book[sheet].add_chart(drawn)


def _is_bar(value: Any) -> bool:
    return isinstance(value, int) and value > 0


def _drawn(book: Workbook, chart: _Chart, place: Placed, first: int, last: int) -> Any:
    sheet: Any = book[place.sheet]
    rows: Any = {"min_row": place.first_row + first, "max_row": place.first_row + last}
    drawn: Any = BarChart()
    drawn.type = "bar" if chart.lies_down else "col"
    drawn.grouping = "stacked" if chart.is_stacked else "clustered"
    drawn.overlap = 100 if chart.is_stacked else 0
    drawn.gapWidth = 60
    for field, title, colour in chart.series:
        cells = Reference(sheet, min_col=place.columns[field], **rows)
        series = Series(cells, title=title)
        series.graphicalProperties = GraphicalProperties(solidFill=colour)
        series.graphicalProperties.line.noFill = True
        drawn.series.append(series)
    drawn.set_categories(Reference(sheet, min_col=place.columns[chart.label], **rows))
    drawn.legend = None if len(chart.series) == 1 else drawn.legend
    if drawn.legend is not None:
        drawn.legend.position = "t"
        drawn.legend.txPr = _text(10)
    for axis in (drawn.x_axis, drawn.y_axis):
        axis.delete = False
        axis.txPr = _text(9)
        axis.title = None
    drawn.y_axis.numFmt = "#,##0"
    drawn.y_axis.number_format = "#,##0"
    drawn.y_axis.majorGridlines.spPr = GraphicalProperties(ln=None)
    drawn.y_axis.majorGridlines.spPr.line.solidFill = "D9D9D9"
    if chart.lies_down:
        drawn.x_axis.scaling.orientation = "maxMin"
        drawn.y_axis.crosses = "max"
    drawn.dataLabels = DataLabelList()
    drawn.dataLabels.showVal = len(chart.series) == 1
    drawn.dataLabels.showSerName = drawn.dataLabels.showCatName = False
    drawn.dataLabels.showLegendKey = drawn.dataLabels.showPercent = False
    if not chart.lies_down:
        height = 0.56 if chart.is_stacked else 0.66
        drawn.layout = Layout(
            ManualLayout(xMode="edge", yMode="edge", x=0.06, y=0.2, w=0.92, h=height)
        )
    return drawn


def _letters(size: float, *, bold: bool = False) -> CharacterProperties:
    # DrawingML counts in hundredths of a point.
    face = Font(typeface="宋体")
    return CharacterProperties(sz=int(size * 100), b=bold, ea=face, latin=face)


def _text(size: float) -> RichText:
    return RichText(p=[Paragraph(pPr=ParagraphProperties(defRPr=_letters(size)), endParaRPr=None)])
