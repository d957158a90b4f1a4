"""Make the two documents that ship with the project, to be changed in Word or WPS afterwards.

Run once when the form changes: ``python -m poverty_watch.report.dispatch.template_builder``. What
stands in braces is filled in by `making`.
"""

from __future__ import annotations

from collections.abc import Sequence

from docx import Document
from docx.document import Document as DocumentType
from docx.enum.table import WD_CELL_VERTICAL_ALIGNMENT, WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt
from docx.text.paragraph import Paragraph

from poverty_watch.files import written_whole
from poverty_watch.report.dispatch.policy import BULLETIN, MUNICIPAL

_TITLE, _HEAD, _BODY = "方正小标宋简体", "黑体", "仿宋"
_CENTER, _LEFT, _RIGHT = (
    WD_ALIGN_PARAGRAPH.CENTER,
    WD_ALIGN_PARAGRAPH.LEFT,
    WD_ALIGN_PARAGRAPH.RIGHT,
)
# Two lines that both end with a word.
_BROKEN_TITLE = "{{ title | replace('监测和帮扶', '监测\\n和帮扶') }}"
_TOWNSHIPS = (
    ("乡镇", "township", 2.9),
    ("线索\n户次", "leads", 1.4),
    ("已核实", "verified", 1.5),
    ("按时\n核实率", "in_time_rate", 1.8),
    ("超期\n未核实", "overdue", 1.5),
    ("新增\n户", "new", 1.3),
    ("新落实\n帮扶户", "helped", 1.6),
    ("消除\n户", "eliminated", 1.3),
    ("比对问题\n未整改", "findings", 1.9),
)
_DEPARTMENTS = (
    ("部门", "department", 2.3),
    ("应报\n份次", "owed", 1.3),
    ("按时", "on_time", 1.1),
    ("按时\n报送率", "on_time_rate", 1.6),
    ("迟报", "late", 1.1),
    ("无可用\n报送", "not_in_force", 1.6),
    ("退回行", "returned", 1.4),
    ("退回率", "returned_rate", 1.6),
    ("线索\n户次", "leads", 1.4),
    ("属实", "confirmed", 1.1),
    ("属实率", "confirmed_rate", 1.5),
)
_STEPS = (("事项", "what", 6.0), ("责任单位", "who", 6.4), ("时限", "by", 3.2))


def build() -> None:
    """Write both templates."""
    _save(_bulletin(), BULLETIN, "双月调度通报")
    _save(_municipal(), MUNICIPAL, "双月调度部门摘要")


def _bulletin() -> DocumentType:
    document = _page()
    _line(document, _BROKEN_TITLE, 22, _TITLE, _CENTER, after=16)
    _line(document, "各乡镇人民政府，县直有关部门：", 16)
    _line(document, "现将{{ county }}{{ title[2:-3] }}通报如下。", 16, indent=True)
    _head(document, "一、总体情况")
    _repeated(document, "line", "overall", "{{ line }}")
    _head(document, "二、乡镇情况")
    _line(document, "{%p if is_ranked %}", 16)
    _line(
        document,
        "名次以{{ rank_title }}为准，并列的名次相同，没有可比数字的不排名。先看数量和原因，再看名次。",
        14,
        indent=True,
    )
    _table(document, (("名次", "rank", 1.1), *_TOWNSHIPS), "townships")
    _line(document, "{%p else %}", 16)
    _line(document, "按区划顺序排列，不排名。", 14, indent=True)
    _table(document, _TOWNSHIPS, "townships")
    _line(document, "{%p endif %}", 16)
    _head(document, "三、部门情况")
    _line(document, "{%p if doubt %}", 16)
    _line(document, "{{ doubt }}", 14, indent=True)
    _line(document, "{%p endif %}", 16)
    _table(document, _DEPARTMENTS, "departments")
    _head(document, "四、存在的问题")
    _repeated(document, "line", "problems", "{{ loop.index }}. {{ line }}")
    _line(document, "{%p if typical %}", 16)
    _line(document, "典型问题（只列户编号）：", 16, indent=True)
    _repeated(document, "line", "typical", "{{ line }}。")
    _line(document, "{%p endif %}", 16)
    _head(document, "五、下一步工作")
    _line(document, "{%p if steps %}", 16)
    _table(document, _STEPS, "steps")
    _line(document, "{%p else %}", 16)
    _line(document, "继续按时报送、按时核实，保持现有做法。", 16, indent=True)
    _line(document, "{%p endif %}", 16)
    _closing(document)
    return document


def _municipal() -> DocumentType:
    document = _page()
    _line(document, "{{ title }}", 22, _TITLE, _CENTER, after=16)
    _line(document, "{{ department }}市级对口部门：", 16)
    _line(
        document,
        "现将{{ county }}{{ department }}{{ span }}参加防返贫监测部门数据比对的情况报上，请予指导。",
        16,
        indent=True,
    )
    _head(document, "一、报送和线索")
    _table(document, _DEPARTMENTS, None)
    _head(document, "二、需要说明和改进的")
    _repeated(document, "line", "problems", "{{ loop.index }}. {{ line }}")
    _closing(document)
    return document


def _closing(document: DocumentType) -> None:
    _line(document, "注：{{ sources }}“—”是不知道，“/”是不适用，都不等于零。", 12, indent=True)
    _line(document, "", 16)
    _line(document, "{{ county }}防返贫监测工作专班", 16, align=_RIGHT)
    _line(document, "{{ signed_on }}", 16, align=_RIGHT)
    _line(document, "（第{{ number }}版）", 12, align=_RIGHT)


def _page() -> DocumentType:
    document = Document()
    section = document.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.left_margin = section.right_margin = Cm(2.4)
    section.top_margin, section.bottom_margin = Cm(3.0), Cm(2.6)
    footer = section.footer.paragraphs[0]
    footer.alignment = _CENTER
    _write(footer, "— ", 12, _BODY)
    run = footer.add_run()
    for kind, text in (("begin", ""), ("", "PAGE"), ("end", "")):
        if kind:
            mark = OxmlElement("w:fldChar")
            mark.set(qn("w:fldCharType"), kind)
        else:
            mark = OxmlElement("w:instrText")
            mark.text = text
        run._element.append(mark)
    _write(footer, " —", 12, _BODY)
    return document


def _save(document: DocumentType, path: object, title: str) -> None:
    document.core_properties.author = document.core_properties.comments = ""
    document.core_properties.title = title
    with written_whole(path, mode=0o644) as target:  # type: ignore[arg-type]
        document.save(str(target))


def _repeated(document: DocumentType, name: str, rows: str, text: str) -> None:
    _line(document, f"{{%p for {name} in {rows} %}}", 16)
    _line(document, text, 16, indent=True)
    _line(document, "{%p endfor %}", 16)


def _table(
    document: DocumentType, columns: Sequence[tuple[str, str, float]], rows: str | None
) -> None:
    """A table over ``rows``; with None a single row of ``row``."""
    table = document.add_table(rows=4 if rows else 2, cols=len(columns), style="Table Grid")
    table.alignment = WD_TABLE_ALIGNMENT.CENTER
    table.autofit = False
    body = 2 if rows else 1
    for position, (caption, field, width) in enumerate(columns):
        table.columns[position].width = Cm(width)
        for number, text in ((0, caption), (body, f"{{{{ row.{field} }}}}")):
            cell = table.cell(number, position)
            cell.width = Cm(width)
            _write(cell.paragraphs[0], text, 10.5, _HEAD if number == 0 else _BODY)
            is_text = len(columns) == len(_STEPS) and number
            cell.paragraphs[0].alignment = _LEFT if is_text else _CENTER
            cell.vertical_alignment = WD_CELL_VERTICAL_ALIGNMENT.CENTER
    for number in (0, body):
        table.rows[number].height = Cm(0.8)
    for mark in ("w:tblHeader", "w:cantSplit"):
        table.rows[0]._tr.get_or_add_trPr().append(OxmlElement(mark))
    table.rows[body]._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))
    if rows:
        # Rows that docxtpl takes out again: they say what is repeated.
        table.cell(1, 0).text = f"{{%tr for row in {rows} %}}"
        table.cell(3, 0).text = "{%tr endfor %}"


def _head(document: DocumentType, text: str) -> None:
    paragraph = _line(document, text, 16, _HEAD, indent=True)
    paragraph.paragraph_format.keep_with_next = True
    paragraph.paragraph_format.space_before = Pt(8)


def _line(
    document: DocumentType,
    text: str,
    size: float,
    font: str = _BODY,
    align: WD_ALIGN_PARAGRAPH = _LEFT,
    *,
    indent: bool = False,
    after: float = 2,
) -> Paragraph:
    paragraph = document.add_paragraph()
    paragraph.alignment = align
    paragraph.paragraph_format.line_spacing = Pt(max(size * 1.7, 20))
    paragraph.paragraph_format.space_after = Pt(after)
    if indent:
        paragraph.paragraph_format.first_line_indent = Pt(size * 2)
    _write(paragraph, text, size, font)
    return paragraph


def _write(paragraph: Paragraph, text: str, size: float, font: str) -> None:
    run = paragraph.add_run(text)
    run.font.size, run.font.name = Pt(size), font
    run._element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), font)


if __name__ == "__main__":
    build()
