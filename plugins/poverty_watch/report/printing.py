"""A Word document as PDF, with its letters embedded: what the briefing's template looks like.

Paragraphs and tables are carried over with alignment, size, weight, colour, indents and spacing;
everything is shrunk to one page where it would be longer.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import Any

from docx import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.table import Table as WordTable
from docx.text.paragraph import Paragraph as WordParagraph

from poverty_watch.report.errors import TemplateError
from poverty_watch.report.locks import report_policy
from poverty_watch.settings import PROJECT

FONTS = PROJECT / "include" / "fonts"
_BODY, _HEADING = "body", "heading"
_HEADING_FACES = ("黑体", "方正小标宋简体", "微软雅黑")
_MISSING_LETTER = "〓"
_LEADING = 1.35
_PIECES = re.compile(r"[A-Za-z0-9.,%+/-]+|\t|.")
_NO_BEGINNING = frozenset("，。、；：？！）》」』】”’…—％,.;:?!)")
# A line that is measured to the last point would be broken once more when it is set.
_SLACK = 0.6


def pdf_of(document: bytes, footer: str = "") -> bytes:
    """The PDF of a Word document, one page; the same document gives the same bytes.

    Args:
        document: a .docx.
        footer: stands small below the page.

    Raises:
        TemplateError: a font that the county named is not there.
    """
    from reportlab.lib.units import mm
    from reportlab.platypus import KeepInFrame, SimpleDocTemplate

    _fonts()
    word: Any = Document(io.BytesIO(document))
    section = word.sections[0]
    page = (section.page_width.pt, section.page_height.pt)
    margins = [
        float(side.pt)
        for side in (
            section.left_margin,
            section.right_margin,
            section.top_margin,
            section.bottom_margin,
        )
    ]
    stream = io.BytesIO()
    made = SimpleDocTemplate(
        stream,
        pagesize=page,
        leftMargin=margins[0],
        rightMargin=margins[1],
        topMargin=margins[2],
        bottomMargin=margins[3],
        invariant=1,
        title=str(word.core_properties.title or ""),
        author=str(word.core_properties.author or ""),
    )

    def with_footer(canvas: Any, _: Any) -> None:
        if footer:
            canvas.setFont(_BODY, 8)
            canvas.drawCentredString(page[0] / 2, 8 * mm, _known(footer, _BODY))

    # Platypus keeps 6 points around what it places.
    width, height = made.width - 12, made.height - 12
    flow = list(_flow(word, width))
    made.build([KeepInFrame(width, height, flow, mode="shrink")], onFirstPage=with_footer)
    return stream.getvalue()


def _flow(word: Any, width: float) -> Iterator[Any]:
    for element in word.element.body.iterchildren():
        if element.tag == qn("w:p"):
            yield _paragraph(WordParagraph(element, word), width)
        elif element.tag == qn("w:tbl"):
            yield from _table(WordTable(element, word), width)


def _paragraph(source: WordParagraph, width: float) -> Any:
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.platypus import Paragraph, Spacer

    form = source.paragraph_format
    size = max((_size(run) for run in source.runs), default=10.5)
    before, after = _points(form.space_before), _points(form.space_after)
    if not source.text.strip():
        return Spacer(1, size * _LEADING + before + after)
    style = ParagraphStyle(
        "p",
        fontName=_face(source.runs[0]) if source.runs else _BODY,
        fontSize=size,
        leading=size * _LEADING,
        alignment=_alignment(source),
        firstLineIndent=_points(form.first_line_indent),
        leftIndent=_points(form.left_indent),
        spaceBefore=before,
        spaceAfter=after,
        wordWrap="CJK",
    )
    runs = [run for run in source.runs if run.text]
    looks = {(_face(run), _size(run), _colour(run)) for run in runs}
    if len(looks) > 1:
        return Paragraph("".join(_run(run) for run in runs), style)
    style.textColor = f"#{_colour(runs[0])}"
    lines = _lines(_known(source.text, style.fontName), style, width - style.leftIndent)
    return Paragraph("<br/>".join(escape(line) for line in lines), style)


def _lines(text: str, style: Any, width: float) -> list[str]:
    """Break a text as Chinese is: anywhere but within a number or before a closing mark."""
    from reportlab.pdfbase.pdfmetrics import stringWidth

    lines: list[list[str]] = []
    for part in text.splitlines():
        line: list[str] = []
        room = width - style.firstLineIndent - _SLACK if not lines else width - _SLACK
        for piece in _PIECES.findall(part):
            if line and stringWidth("".join([*line, piece]), style.fontName, style.fontSize) > room:
                moved = [piece]
                while piece in _NO_BEGINNING and len(line) > 1:
                    piece = line.pop()
                    moved.insert(0, piece)
                lines.append(line)
                line, room = moved, width - _SLACK
            else:
                line.append(piece)
        lines.append(line)
    return ["".join(line) for line in lines]


def _run(run: Any) -> str:
    face = _face(run)
    text = _letters(run.text, face)
    return f'<font name="{face}" size="{_size(run):g}" color="#{_colour(run)}">{text}</font>'


def _letters(text: str, face: str) -> str:
    return escape(_known(text, face)).replace("\n", "<br/>").replace("\t", "　")


def _colour(run: Any) -> str:
    colour = None if run.font.color is None else run.font.color.rgb
    return str(colour) if colour else "000000"


def _table(source: WordTable, width: float) -> Iterator[Any]:
    from reportlab.lib import colors
    from reportlab.platypus import Spacer, Table

    grid = [float(column.width.pt) if column.width else 1.0 for column in source.columns]
    scale = width / sum(grid)
    rows: list[list[Any]] = []
    style: list[tuple[Any, ...]] = [
        ("GRID", (0, 0), (-1, -1), 0.5, colors.black),
        ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
        ("TOPPADDING", (0, 0), (-1, -1), 1.2),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 2.2),
        ("LEFTPADDING", (0, 0), (-1, -1), 2),
        ("RIGHTPADDING", (0, 0), (-1, -1), 2),
    ]
    seen: dict[Any, tuple[int, int]] = {}
    ends: dict[Any, tuple[int, int]] = {}
    for line, row in enumerate(source.rows):
        cells: list[Any] = []
        for column, cell in enumerate(row.cells):
            if cell._tc in seen:
                ends[cell._tc] = (column, line)
                cells.append("")
                continue
            seen[cell._tc] = (column, line)
            room = grid[column] * scale - 4
            cells.append([_paragraph(paragraph, room) for paragraph in cell.paragraphs])
            if (fill := _fill(cell)) is not None:
                style.append(("BACKGROUND", (column, line), (column, line), f"#{fill}"))
        rows.append(cells)
    style += [("SPAN", seen[cell], end) for cell, end in ends.items()]
    yield Table(rows, colWidths=[one * scale for one in grid], style=style, repeatRows=1)
    yield Spacer(1, 4)


def _fill(cell: Any) -> str | None:
    shade = cell._tc.find(f".//{qn('w:shd')}")
    colour = None if shade is None else shade.get(qn("w:fill"))
    return None if colour in (None, "auto") else str(colour)


def _size(run: Any) -> float:
    return float(run.font.size.pt) if run.font.size is not None else 10.5


def _face(run: Any) -> str:
    fonts = None if run._element.rPr is None else run._element.rPr.find(qn("w:rFonts"))
    name = None if fonts is None else fonts.get(qn("w:eastAsia")) or fonts.get(qn("w:ascii"))
    return _HEADING if run.bold or name in _HEADING_FACES else _BODY


def _alignment(source: WordParagraph) -> int:
    return {WD_ALIGN_PARAGRAPH.CENTER: 1, WD_ALIGN_PARAGRAPH.RIGHT: 2}.get(source.alignment, 0)


def _points(length: Any) -> float:
    return 0.0 if length is None else float(length.pt)


@lru_cache(maxsize=1)
def _fonts() -> dict[str, Any]:
    """Register the fonts that the county's policy names, once per process."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFError, TTFont

    found = {}
    for face, name in report_policy()["fonts"].items():
        path = Path(name) if Path(name).is_absolute() else FONTS / name
        try:
            font = TTFont(face, str(path))
        except (TTFError, OSError) as error:
            raise TemplateError(
                f"简报的字体 {path} 不能用（须是 .ttf 文件），请核对 include/reference/report.yaml。"
            ) from error
        pdfmetrics.registerFont(font)
        found[face] = font.face.charToGlyph
    return found


def _known(text: str, face: str) -> str:
    """The text with a visible mark in place of letters that the font does not have."""
    glyphs = _fonts()[face]
    return "".join(c if ord(c) in glyphs or c in "\n\t" else _MISSING_LETTER for c in text)
