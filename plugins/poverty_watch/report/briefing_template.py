"""Make the template of the briefing that ships with the project: ``include/templates/简报.docx``.

Run once when the form changes: ``python -m poverty_watch.report.briefing_template``. A county edits
the document in Word; ``{{ 期末未消除 }}`` stands for a value, the names are told in `briefing`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from docx import Document
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor

from poverty_watch.files import written_whole
from poverty_watch.report.briefing import TEMPLATE

_BODY, _HEADING, _TITLE = "仿宋", "黑体", "方正小标宋简体"
_SIZE, _SMALL = 11.5, 9
_CENTER, _RIGHT = WD_ALIGN_PARAGRAPH.CENTER, WD_ALIGN_PARAGRAPH.RIGHT
_CLASSES: tuple[tuple[str, str, float], ...] = (
    ("类别", "类别", 30),
    ("期初未消除\n（户/人）", "期初未消除", 27),
    ("本月新增\n（户/人）", "本月新增", 25),
    ("本月消除\n（户/人）", "本月消除", 25),
    ("期末未消除\n（户/人）", "期末未消除", 27),
    ("累计消除/\n累计识别（人）", "累计", 32),
    ("消除率\n（按人）", "消除率", 20),
)
_TOWNSHIPS: tuple[tuple[str, str, float], ...] = (
    ("乡镇", "乡镇", 40),
    ("期初", "期初未消除", 14),
    ("新增", "本月新增", 14),
    ("消除", "本月消除", 14),
    ("期末", "期末未消除", 14),
    ("线索", "线索合计", 14),
    ("已核实", "已核实", 15),
    ("按时\n核实率", "按时核实率", 19),
    ("转认定", "转认定", 15),
    ("在办", "在办", 14),
    ("超30天\n未落实", "超期未落实", 22),
)
_TEXTS: tuple[tuple[str, str], ...] = (
    (
        "一、总体情况",
        "期初未消除风险{{ 期初未消除 }}；本月新增{{ 本月新增 }}（{{ 新增风险 }}），回退{{ 回退 }}，"
        "消除{{ 本月消除 }}；{{ 其他变动 }}期末未消除{{ 期末未消除 }}。累计识别{{ 累计识别 }}，累计消除"
        "{{ 累计消除 }}，风险消除率{{ 消除率 }}（按人数计算）。",
    ),
    (
        "二、线索核实",
        "本月线索{{ 线索合计 }}：部门推送{{ 部门推送 }}，信访热线{{ 信访热线 }}，自主申报"
        "{{ 自主申报 }}，干部排查{{ 干部排查 }}。已核实{{ 已核实 }}，按时核实率{{ 按时核实率 }}；"
        "排除{{ 排除 }}，转认定{{ 转认定 }}，在办{{ 在办 }}。",
    ),
    (
        "三、帮扶落实",
        "本月新落实帮扶措施{{ 本月新落实 }}；认定满30天仍未落实{{ 超期未落实 }}。",
    ),
    (
        "四、部门报送和数据比对",
        "应报{{ 应报 }}，已报{{ 已报 }}；未报送：{{ 未报送 }}；整份退回：{{ 整份退回 }}；迟报："
        "{{ 迟报 }}；退回{{ 退回行 }}。比对问题新发现{{ 新发现 }}，已整改{{ 已整改 }}，未整改"
        "{{ 未整改 }}；因缺数据没有比对或没有全部比对的{{ 未比对 }}。",
    ),
)


def build() -> Any:
    """The template."""
    document: Any = Document()
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin, section.bottom_margin = Mm(16), Mm(15)
    section.left_margin = section.right_margin = Mm(18)
    core = document.core_properties
    core.title, core.author, core.comments = "防止返贫监测简报", "", ""
    core.created = core.modified = datetime(2021, 1, 1)
    _line(document, "防止返贫监测简报", 22, face=_TITLE, align=_CENTER, after=2)
    _line(document, "{{ 统计月份 }}（{{ 报表版本 }}）", 12, face=_HEADING, align=_CENTER, after=1)
    _line(document, "{{ 签发状态 }}", 10.5, face=_HEADING, align=_CENTER, colour="C00000", after=2)
    _line(document, "{{ 填报单位 }}　　口径日期：{{ 口径日期 }}", 10.5, align=_CENTER, after=4)
    heading, text = _TEXTS[0]
    _line(document, heading, 12, face=_HEADING)
    _line(document, text, _SIZE, indent=True, after=3)
    _table(document, "各类", _CLASSES)
    for heading, text in _TEXTS[1:]:
        _line(document, heading, 12, face=_HEADING, before=3)
        _line(document, text, _SIZE, indent=True)
    _line(document, "五、各乡镇情况（户）", 12, face=_HEADING, before=3, after=2)
    _table(document, "各乡镇", _TOWNSHIPS)
    _line(document, "六、需要注意", 12, face=_HEADING, before=3)
    _line(document, "{%p for 事项 in 注意 %}", _SIZE)
    _line(document, "{{ loop.index }}．{{ 事项 }}", 10.5, indent=True)
    _line(document, "{%p endfor %}", _SIZE)
    _line(
        document,
        "注：“0”表示确为零，“—”表示尚不掌握，“/”表示不适用，“无法判断”表示缺少数据没有判断。详见同期月报表。",
        _SMALL,
        before=2,
    )
    return document


def _line(
    document: Any,
    text: str,
    size: float,
    *,
    face: str = _BODY,
    align: Any = None,
    indent: bool = False,
    colour: str | None = None,
    before: float = 0,
    after: float = 0,
) -> None:
    paragraph = document.add_paragraph()
    paragraph.alignment = align
    form = paragraph.paragraph_format
    form.space_before, form.space_after = Pt(before), Pt(after)
    form.line_spacing = 1.15
    if indent:
        form.first_line_indent = Pt(size * 2)
    _written(paragraph, text, size, face, colour)


def _written(paragraph: Any, text: str, size: float, face: str, colour: str | None = None) -> None:
    run = paragraph.add_run(text)
    run.font.size = Pt(size)
    run.font.name = "Times New Roman"
    run._element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), face)
    if colour:
        run.font.color.rgb = RGBColor.from_string(colour)


def _table(document: Any, rows: str, columns: Sequence[tuple[str, str, float]]) -> None:
    """A head, and a model row that docxtpl repeats."""
    table = document.add_table(rows=4, cols=len(columns))
    table.style = "Table Grid"
    table.alignment = WD_TABLE_ALIGNMENT.CENTER
    table.autofit = False
    for column, (caption, field, width) in enumerate(columns):
        table.columns[column].width = Mm(width)
        for line in range(4):
            table.cell(line, column).width = Mm(width)
        _cell(table.cell(0, column), caption, _HEADING, fill="EDEDED")
        _cell(table.cell(2, column), _shown(rows, field), _BODY)
    _cell(table.cell(1, 0), f"{{%tr for 行 in {rows} %}}", _BODY)
    _cell(table.cell(3, 0), "{%tr endfor %}", _BODY)


def _shown(rows: str, field: str) -> str:
    if field == "累计":
        return "{{ 行.累计消除人 }}/{{ 行.累计识别人 }}"
    if rows == "各类" and field not in ("类别", "消除率"):
        return f"{{{{ 行.{field}户 }}}}/{{{{ 行.{field}人 }}}}"
    return f"{{{{ 行.{field} }}}}"


def _cell(cell: Any, text: str, face: str, fill: str | None = None) -> None:
    paragraph = cell.paragraphs[0]
    paragraph.alignment = _CENTER
    paragraph.paragraph_format.space_after = Pt(0)
    _written(paragraph, text, _SMALL, face)
    if fill:
        shade = OxmlElement("w:shd")
        shade.set(qn("w:val"), "clear")
        shade.set(qn("w:fill"), fill)
        cell._tc.get_or_add_tcPr().append(shade)


def main(path: Path = TEMPLATE) -> None:
    """Write the template."""
    with written_whole(path, 0o644) as beside:
        build().save(str(beside))


if __name__ == "__main__":
    main()
