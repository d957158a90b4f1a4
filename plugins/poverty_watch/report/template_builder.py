"""Make the workbook template that ships with the project: ``include/templates/月报表.xlsx``.

Run once when the form changes: ``python -m poverty_watch.report.template_builder``. A county edits
or replaces the workbook itself in Excel; what its names and braces mean is told in `workbook`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, Side
from openpyxl.utils.cell import absolute_coordinate, get_column_letter, quote_sheetname
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.header_footer import HeaderFooterItem, _HeaderFooterPart
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from poverty_watch.files import written_whole
from poverty_watch.report.places import ROW_PREFIX
from poverty_watch.report.template_columns import (
    CHANGES,
    CORRECTIONS,
    DELIVERIES,
    FINDINGS,
    GONE,
    HELP,
    KEY_FIGURES,
    LEADS,
    NAMES,
    NEWLY,
    STOCKS,
    Col,
)
from poverty_watch.settings import TEMPLATES

TITLE_FONT = "方正小标宋简体"  # the face of official titles; Excel falls back to 宋体 without it
HEADING_FONT = "黑体"
BODY_FONT = "宋体"
FIGURE_FONT = "Times New Roman"
THIN = Side(style="thin", color="000000")
BOX = Border(left=THIN, right=THIN, top=THIN, bottom=THIN)
CENTER = Alignment(horizontal="center", vertical="center", wrap_text=True)
LEFT = Alignment(horizontal="left", vertical="center", wrap_text=True)
INDENTED = Alignment(horizontal="left", vertical="center", wrap_text=True, indent=1)
RIGHT = Alignment(horizontal="right", vertical="center")
FORMATS = {"count": "#,##0;-#,##0;0", "signed": "+#,##0;-#,##0;0", "rate": "0.00%"}
SIGNATURE = "填表人：　　　　　　　　　　审核人：　　　　　　　　　　联系电话：　　　　　　　　　　填报日期：　　　　年　　月　　日"
LEGEND = "注：“0”表示确为零；“—”表示尚不掌握，不等于零；“/”表示不适用；“无法判断”“未报送”表示缺少数据，都不等于零。人数为监测系统户内在世成员数。"


def build() -> Workbook:
    """The template, all sheets."""
    book = Workbook()
    names: dict[str, list[str]] = {}
    _cover(book.worksheets[0], names)
    _charts(book, names)
    _table(book, names, "表一（一）存量与增减", "表一（一）　监测对象存量与增减（乡镇汇总）", "存量增减", STOCKS,
           "消除率＝累计消除人数÷累计识别人数。期末＝期初＋新增＋回退＋转入＋更正补录－消除－整户减少－转出（人数另加自然变动）。", 31)  # fmt: skip
    _table(book, names, "表一（二）本月新增", "表一（二）　本月新增构成（按主要风险）", "新增构成", NEWLY,
           "主要风险为监测系统中的“致贫返贫风险1”。", 31)  # fmt: skip
    _table(book, names, "表一（三）本月消除", "表一（三）　本月消除、回退与变动", "消除构成", GONE,
           "自然变动只计人数：期初在册且仍在册的户中出生、死亡、迁入迁出的人。", 31)  # fmt: skip
    _table(book, names, "表一（四）本月线索", "表一（四）　本月线索及核实情况", "线索", LEADS,
           "一户一月为一条线索；仅有信访诉求的计入信访热线。按时核实率＝期限内核实户数÷线索合计户数；已核实＝排除、转认定和核实后仍在办的。不在监测系统内的户，人数为户内在世成员数。", 28)  # fmt: skip
    _table(book, names, "表一（五）帮扶落实", "表一（五）　帮扶措施落实情况", "帮扶", HELP,
           "本月新落实：本月名册“帮扶措施”中有而上月没有的类别，或本系统登记在本月办结的首项措施；一户有几类的，各类各计一次，合计只计一次。超30天未落实：认定满30天（名册按识别监测时间早于上月计）仍没有任何措施的在册户。", 28)  # fmt: skip
    _table(book, names, "表二 部门报送", "表二　部门数据报送情况", "部门报送", DELIVERIES,
           "行数为现行有效版本的数据行数，等于接收行数加退回行数；“退回行数”含重复行。迟报天数从期限的次日起算；没有报送的，和在期限前已保存、期限后才首次收取的，不能确定，写“—”。线索数：用到这项数据的规则所产生的线索户数，用到几项数据的各计一次；命中率＝核实属实户数÷已核实户数。无法判断户数：因缺这项数据，有预警规则没有判断或没有全部判断的户（一户只计一次），不等于没有问题。", 16)  # fmt: skip
    _table(book, names, "表三 比对问题", "表三　部门数据比对问题", "比对问题", FINDINGS,
           "没有比对的，不等于没有问题；每一条都要核实，不据此直接取消任何待遇。", 18)  # fmt: skip
    _table(book, names, "表四 名单", "表四　监测对象名单（内部使用，不得公示、外传）", "名单", NAMES,
           "姓名已遮盖。责任部门按主要风险（致贫返贫风险1）列出。", 18)  # fmt: skip
    _table(book, names, "附 更正补录", "附表　更正补录逐户名单（内部使用）", "更正补录", CORRECTIONS, "", 20)  # fmt: skip
    _table(book, names, "附 更正说明", "附表　更正说明（与已签发版本的差异）", "更正", CHANGES,
           "列出改变了的每一个数和涉及的户。", 20, ("更正对象", "更正原因"))  # fmt: skip
    for name, areas in names.items():
        book.defined_names[name] = DefinedName(name, attr_text=",".join(areas))
    return book


def _cover(sheet: Worksheet, names: dict[str, list[str]]) -> None:
    sheet.title = "说明"
    last = len(KEY_FIGURES)
    for column in range(1, last + 1):
        sheet.column_dimensions[get_column_letter(column)].width = 18 if column == 1 else 12.6
    _line(sheet, 1, last, "防止返贫监测月报表", Font(name=TITLE_FONT, size=24), CENTER, 46)
    _line(sheet, 2, last, "", Font(name=HEADING_FONT, size=14, color="C00000"), CENTER, 26)
    _name(names, "签发状态", sheet, "A2")
    row = 3
    for label in ("填报单位", "统计月份", "口径日期", "报表版本", "名册快照"):
        sheet.cell(row, 1, label).font = Font(name=HEADING_FONT, size=11)
        sheet.merge_cells(start_row=row, end_row=row, start_column=2, end_column=last)
        sheet.cell(row, 2).font = Font(name=BODY_FONT, size=11)
        _name(names, label, sheet, f"B{row}")
        for column in range(1, last + 1):
            sheet.cell(row, column).border = BOX
        sheet.cell(row, 1).alignment = CENTER
        sheet.cell(row, 2).alignment = INDENTED
        sheet.row_dimensions[row].height = 20
        row += 1
    row = _heading(sheet, row, last, "一、主要数据")
    for column, (field, caption, kind) in enumerate(KEY_FIGURES, 1):
        _caption(sheet, row, column, caption)
        _model_cell(sheet, row + 1, column, field, kind, 11)
    sheet.row_dimensions[row].height = 32
    sheet.row_dimensions[row + 1].height = 21
    _name(names, f"{ROW_PREFIX}主要数据", sheet, f"A{row + 1}:{get_column_letter(last)}{row + 1}")
    row = _list(sheet, names, row + 2, "二、需要注意的事项", "注意事项",
                [(1, 1, "序号", "序号", "middle"), (2, last, "事项", "事项", "text")])  # fmt: skip
    row = _list(sheet, names, row, "三、没有运行的比对和预警规则（不等于没有问题）", "未运行",
                [(1, 1, "编号", "编号", "middle"), (2, 5, "名称", "名称", "text"),
                 (6, last, "缺少的数据", "缺少", "text")])  # fmt: skip
    row = _list(sheet, names, row, "四、未经县审定的参数", "参数",
                [(1, 1, "编号", "编号", "middle"), (2, 4, "名称", "名称", "text"),
                 (5, 7, "参数", "参数", "text"), (8, 8, "取值", "取值", "middle"),
                 (9, last, "依据", "依据", "text")])  # fmt: skip
    _line(sheet, row, last, LEGEND, Font(name=BODY_FONT, size=10), LEFT, 22)
    _line(sheet, row + 1, last, SIGNATURE, Font(name=BODY_FONT, size=11), LEFT, 30)
    _page(sheet, None)


def _charts(book: Workbook, names: dict[str, list[str]]) -> None:
    """A page of charts, and the county's newly recognised households by main risk."""
    sheet = book.create_sheet("图表")
    width = 16
    for column in range(1, width + 1):
        sheet.column_dimensions[get_column_letter(column)].width = 9.4
    _line(sheet, 1, width, "防止返贫监测月报图", Font(name=TITLE_FONT, size=18), CENTER, 34)
    _name(names, "单位月份", sheet, "A2")
    _line(sheet, 2, width, "", Font(name=BODY_FONT, size=10.5), LEFT, 20)
    for name, title, top, left, right in (
        ("图_乡镇增减", "各乡镇监测对象存量与增减（户）", 3, 1, width),
        ("图_线索去向", "各乡镇本月线索核实情况（户）", 21, 1, 8),
        ("图_主要风险", "本月新增监测对象的主要风险（户）", 21, 9, width),
    ):
        cell = sheet.cell(top, left, title)
        cell.font = Font(name=HEADING_FONT, size=11)
        last = top + (17 if top == 3 else 19)
        _name(
            names, name, sheet, f"{get_column_letter(left)}{top}:{get_column_letter(right)}{last}"
        )
    row = _list(sheet, names, 42, "本月新增监测对象按主要风险", "主要风险",
                [(1, 4, "主要风险", "风险", "text"), (5, 6, "户", "户", "count"),
                 (7, 8, "人", "人", "count"), (9, 11, "占比（按户）", "占比", "rate")])  # fmt: skip
    _line(sheet, row, width, "图与表一（一）、表一（四）的数字一致；主要风险为监测系统中的“致贫返贫风险1”。",
          Font(name=BODY_FONT, size=9.5), LEFT, 22)  # fmt: skip
    _page(sheet, None)
    sheet.page_setup.fitToHeight = 1


def _list(
    sheet: Worksheet,
    names: dict[str, list[str]],
    row: int,
    heading: str,
    table: str,
    columns: Sequence[tuple[int, int, str, str, str]],
) -> int:
    last = columns[-1][1]
    row = _heading(sheet, row, last, heading)
    for first, end, caption, field, kind in columns:
        for column in range(first, end + 1):
            _caption(sheet, row, column, caption if column == first else "")
            _model_cell(sheet, row + 1, column, field if column == first else "", kind, 10.5)
        if end > first:
            for at in (row, row + 1):
                sheet.merge_cells(start_row=at, end_row=at, start_column=first, end_column=end)
    sheet.row_dimensions[row].height = sheet.row_dimensions[row + 1].height = 19
    _name(names, ROW_PREFIX + table, sheet, f"A{row + 1}:{get_column_letter(last)}{row + 1}")
    return row + 2


def _table(
    book: Workbook,
    names: dict[str, list[str]],
    sheet_name: str,
    title: str,
    table: str,
    columns: Sequence[Col],
    note: str,
    height: float,
    told: Sequence[str] = (),
) -> None:
    """One table's sheet; ``told`` names single values that stand in lines above the table."""
    sheet = book.create_sheet(sheet_name)
    last = len(columns)
    end = get_column_letter(last)
    _line(sheet, 1, last, title, Font(name=TITLE_FONT, size=18), CENTER, 34)
    half = max(2, round(last * 0.72))
    font = Font(name=BODY_FONT, size=10.5)
    sheet.merge_cells(start_row=2, end_row=2, start_column=1, end_column=half)
    sheet.merge_cells(start_row=2, end_row=2, start_column=half + 1, end_column=last)
    sheet.cell(2, 1).font = font
    sheet.cell(2, 1).alignment = Alignment(horizontal="left", vertical="center")
    sheet.cell(2, half + 1).font = Font(name=HEADING_FONT, size=10.5, color="C00000")
    sheet.cell(2, half + 1).alignment = RIGHT
    sheet.row_dimensions[2].height = 20
    _name(names, "单位月份", sheet, "A2")
    _name(names, "签发状态", sheet, f"{get_column_letter(half + 1)}2")
    for row, name in enumerate(told, 3):
        _line(sheet, row, last, "", Font(name=BODY_FONT, size=10.5), LEFT, 30)
        _name(names, name, sheet, f"A{row}")
    has_groups = any(column.group != column.caption for column in columns)
    top = 3 + len(told)
    model = top + (2 if has_groups else 1)
    for number, column in enumerate(columns, 1):
        sheet.column_dimensions[get_column_letter(number)].width = column.width
        _caption(sheet, top, number, column.group)
        if has_groups:
            _caption(sheet, top + 1, number, column.caption)
        _model_cell(sheet, model, number, column.field, column.kind, 10)
    if has_groups:
        _join_captions(sheet, columns)
        longest = max(len(c.caption) / max(c.width / 2.1, 1) for c in columns)
        sheet.row_dimensions[4].height = 18 if longest <= 1.3 else 46
    wraps = any(len(c.group) * 2 > c.width for c in columns)
    sheet.row_dimensions[top].height = 30 if has_groups or wraps else 22
    sheet.row_dimensions[model].height = height
    _name(names, ROW_PREFIX + table, sheet, f"A{model}:{end}{model}")
    _line(sheet, model + 1, last, LEGEND + note, Font(name=BODY_FONT, size=9.5), LEFT, 27)
    _line(sheet, model + 2, last, SIGNATURE, Font(name=BODY_FONT, size=11), LEFT, 30)
    sheet.freeze_panes = sheet.cell(model, 3 if columns[0].kind == "turned" else 2)
    _page(sheet, f"1:{model - 1}")


def _join_captions(sheet: Worksheet, columns: Sequence[Col]) -> None:
    start = 0
    for number in range(1, len(columns) + 1):
        if number < len(columns) and columns[number].group == columns[start].group:
            continue
        if columns[start].group == columns[start].caption:
            sheet.merge_cells(start_row=3, end_row=4, start_column=start + 1, end_column=start + 1)
        elif number - start > 1:
            sheet.merge_cells(start_row=3, end_row=3, start_column=start + 1, end_column=number)
        start = number


def _line(
    sheet: Worksheet,
    row: int,
    last: int,
    text: str,
    font: Font,
    alignment: Alignment,
    height: float,
) -> None:
    sheet.merge_cells(start_row=row, end_row=row, start_column=1, end_column=last)
    cell = sheet.cell(row, 1, text or None)
    cell.font = font
    cell.alignment = alignment
    sheet.row_dimensions[row].height = height


def _heading(sheet: Worksheet, row: int, last: int, text: str) -> int:
    _line(sheet, row, last, text, Font(name=HEADING_FONT, size=12), LEFT, 26)
    return row + 1


def _caption(sheet: Worksheet, row: int, column: int, text: str) -> None:
    cell = sheet.cell(row, column, text or None)
    cell.font = Font(name=HEADING_FONT, size=10)
    cell.alignment = CENTER
    cell.border = BOX


def _model_cell(
    sheet: Worksheet, row: int, column: int, field: str, kind: str, size: float
) -> None:
    cell = sheet.cell(row, column, f"{{{field}}}" if field else None)
    cell.font = Font(name=BODY_FONT, size=size)
    cell.border = BOX
    if kind == "turned":
        cell.alignment = Alignment(
            horizontal="center", vertical="center", text_rotation=255, wrap_text=False
        )
        cell.font = Font(name=HEADING_FONT, size=size + 1)
    elif kind == "text":
        cell.alignment = INDENTED
    else:
        cell.alignment = CENTER
    if kind in FORMATS:
        cell.font = Font(name=FIGURE_FONT, size=size + 0.5)
        cell.number_format = FORMATS[kind]


def _name(names: dict[str, list[str]], name: str, sheet: Worksheet, reference: str) -> None:
    area = f"{quote_sheetname(sheet.title)}!{absolute_coordinate(reference)}"
    names.setdefault(name, []).append(area)


def _page(sheet: Worksheet, title_rows: str | None) -> None:
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = 9  # A4
    sheet.page_setup.fitToWidth = 1
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.print_options.horizontalCentered = True
    margins = sheet.page_margins
    margins.left = margins.right = 0.45
    margins.top, margins.bottom = 0.55, 0.55
    margins.header = margins.footer = 0.3
    sheet.HeaderFooter.oddFooter = HeaderFooterItem(
        center=_HeaderFooterPart("第 &P 页　共 &N 页", size=9)
    )
    if title_rows:
        sheet.print_title_rows = title_rows


def main(folder: Path = TEMPLATES) -> None:
    """Write the template."""
    with written_whole(folder / "月报表.xlsx", 0o644) as beside:
        build().save(beside)


if __name__ == "__main__":
    main()
