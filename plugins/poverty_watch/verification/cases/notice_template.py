"""Make the notice that ships with the project: ``include/templates/公示.docx``.

Run once when the form changes: ``python -m poverty_watch.verification.cases.notice_template``. A
county edits the document itself in Word or WPS; what stands in braces is filled in by `notice`.
"""

from __future__ import annotations

from pathlib import Path

from docx import Document
from docx.document import Document as DocumentType
from docx.enum.table import WD_CELL_VERTICAL_ALIGNMENT, WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.shared import Cm, Pt
from docx.text.paragraph import Paragraph

from poverty_watch.files import written_whole
from poverty_watch.settings import TEMPLATES

PATH = TEMPLATES / "公示.docx"
_TITLE, _BODY = "方正小标宋简体", "仿宋"
_CENTER, _LEFT = WD_ALIGN_PARAGRAPH.CENTER, WD_ALIGN_PARAGRAPH.LEFT
_COLUMNS = (
    ("序号", "{{ row.number }}"),
    ("户主姓名", "{{ row.head }}"),
    ("家庭人口", "{{ row.persons }}"),
)
_WIDTHS = (2.5, 7.0, 5.0)


def build(path: Path = PATH) -> None:
    """Write the template."""
    document = Document()
    section = document.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.left_margin = section.right_margin = Cm(2.8)
    section.top_margin, section.bottom_margin = Cm(3.7), Cm(3.5)
    _line(document, "{{ title }}", 22, _TITLE, align=_CENTER)
    _line(document, "（{{ township }}{{ village }}）", 16, align=_CENTER)
    _line(
        document,
        "经入户核实、村级评议，下列{{ rows | length }}户{{ what }}。现予公示，公示期{{ days }}天，"
        "自{{ first_day }}至{{ last_day }}。对公示内容有异议的，请在公示期内向村（居）民委员会或{{ township }}"
        "人民政府反映，我们为反映人保密。",
        16,
        indent=True,
    )
    _table(document)
    _line(document, "反映电话：________________（张贴前填写）", 16, indent=True)
    _line(document, "", 16)
    _line(document, "{{ township }}{{ village }}（盖章）", 16, align=WD_ALIGN_PARAGRAPH.RIGHT)
    _line(document, "{{ posted_on }}", 16, align=WD_ALIGN_PARAGRAPH.RIGHT)
    document.core_properties.author = document.core_properties.comments = ""
    document.core_properties.title = "公示"
    with written_whole(path, mode=0o644) as target:
        document.save(str(target))


def _table(document: DocumentType) -> None:
    table = document.add_table(rows=4, cols=len(_COLUMNS), style="Table Grid")
    table.alignment = WD_TABLE_ALIGNMENT.CENTER
    for position, ((caption, field), width) in enumerate(zip(_COLUMNS, _WIDTHS, strict=True)):
        for row, text in ((0, caption), (2, field)):
            cell = table.cell(row, position)
            cell.width = Cm(width)
            _write(cell.paragraphs[0], text, 14, _BODY, bold=row == 0)
            cell.paragraphs[0].alignment = _CENTER
            cell.vertical_alignment = WD_CELL_VERTICAL_ALIGNMENT.CENTER
            table.rows[row].height = Cm(0.95)
    # Rows that docxtpl takes out again: they say what is repeated.
    table.cell(1, 0).text = "{%tr for row in rows %}"
    table.cell(3, 0).text = "{%tr endfor %}"


def _line(
    document: DocumentType,
    text: str,
    size: int,
    font: str = _BODY,
    align: WD_ALIGN_PARAGRAPH = _LEFT,
    *,
    indent: bool = False,
) -> None:
    paragraph = document.add_paragraph()
    paragraph.alignment = align
    paragraph.paragraph_format.line_spacing = Pt(30)
    paragraph.paragraph_format.space_after = Pt(6)
    if indent:
        paragraph.paragraph_format.first_line_indent = Pt(size * 2)
    _write(paragraph, text, size, font)


def _write(paragraph: Paragraph, text: str, size: int, font: str, *, bold: bool = False) -> None:
    run = paragraph.add_run(text)
    run.font.size, run.font.name, run.font.bold = Pt(size), font, bold
    run._element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), font)


if __name__ == "__main__":
    build()
