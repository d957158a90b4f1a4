"""The one-page briefing: the workbook's figures in words, as Word and as PDF."""

from __future__ import annotations

import io
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from docx import Document

from poverty_watch.report import build_report
from poverty_watch.report.archive import Archive
from poverty_watch.report.briefing import TEMPLATE, briefing_context, briefing_docx
from poverty_watch.report.briefing_template import build
from poverty_watch.report.errors import TemplateError
from poverty_watch.report.printing import pdf_of
from tests.report.conftest import APRIL, ScreenedMonth, household

DAY = datetime(2021, 4, 30)


@pytest.fixture
def ledger_url(tmp_path: Path) -> str:
    """One database is enough: a briefing is made of the workbook's values."""
    return f"sqlite:///{tmp_path}/home/ledger.sqlite"


def text_of(content: bytes) -> str:
    document = Document(io.BytesIO(content))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return "\n".join([*(p.text for p in document.paragraphs), *cells])


def pages(pdf: bytes) -> int:
    return len(re.findall(rb"/Type /Page\b(?!s)", pdf))


def made(month: ScreenedMonth) -> tuple[Path, str]:
    workbook = build_report(month.month, month.settings, month.ledger).path
    document = workbook.with_name(workbook.name.replace("月报表", "简报")).with_suffix(".docx")
    return document, text_of(document.read_bytes())


def context(month: ScreenedMonth) -> dict[str, Any]:
    build_report(month.month, month.settings, month.ledger)
    kept = Archive(month.settings.lake).find(month.month, 1)
    assert kept is not None
    return briefing_context(kept.singles, kept.tables)


def test_it_says_the_figures_of_the_workbook(april: ScreenedMonth) -> None:
    april.screen(
        [household("1"), household("2", identified="2021-04", risk="因学", living=5)],
        [household("1"), household("3", living=2)],
        checks=[{"id": "W24", "title": "生活困难诉求", "status": "ran"}],
    )
    april.lead("R:1", "W24")
    april.deliver("vehicles", "public_security", "missing")
    document, text = made(april)
    assert "期初未消除风险2户5人；本月新增1户5人（因学1户），回退0户0人，消除0户0人" in text
    assert "期末未消除2户8人。" in text
    assert "风险消除率0.00%（按人数计算）" in text
    assert "信访热线1户" in text
    assert "未报送：公安局“机动车登记”" in text
    # Nobody was sent yet: not known, and not none.
    assert "已核实—，按时核实率—" in text
    pdf = document.with_suffix(".pdf").read_bytes()
    assert pages(pdf) == 1
    assert pdf.count(b"/FontFile2") >= 2


def test_what_could_not_be_judged_is_said_in_words(april: ScreenedMonth) -> None:
    april.screen([household()], checks=[{"id": "W24", "status": "not_run", "lacks": ["petitions"]}])
    assert "信访热线无法判断，" in made(april)[1]


def test_the_same_figures_give_the_same_bytes(april: ScreenedMonth) -> None:
    april.screen([household()])
    told = context(april)
    first, second = (briefing_docx(TEMPLATE, told, DAY, "2021-04/1") for _ in range(2))
    assert first == second
    assert pdf_of(first, "某") == pdf_of(second, "某")


def test_a_full_county_with_much_to_say_is_one_page(april: ScreenedMonth) -> None:
    april.screen([household()])
    told = context(april)
    told["注意"] = ["这里有一件必须说明的事，" * 9] * 4
    told["各乡镇"] = told["各乡镇"] * 3
    assert pages(pdf_of(briefing_docx(TEMPLATE, told, DAY))) == 1


def test_a_name_with_marks_neither_breaks_the_document_nor_the_pdf(april: ScreenedMonth) -> None:
    april.screen([household(township="<b>甲&乙")])
    document, text = made(april)
    assert "<b>甲&乙" in text
    assert pages(document.with_suffix(".pdf").read_bytes()) == 1


def test_a_county_words_it_differently(april: ScreenedMonth, tmp_path: Path) -> None:
    april.screen([household()])
    template: Any = Document(str(TEMPLATE))
    template.add_paragraph("全县在册{{ 期末未消除 }}。")
    template.save(str(tmp_path / "简报.docx"))
    assert "全县在册1户3人。" in text_of(briefing_docx(tmp_path / "简报.docx", context(april), DAY))


@pytest.mark.parametrize(
    ("wrong", "told"),
    [("{{ 期末未消灭 }}", "“期末未消灭”不是可填的名称"), ("{% if %}", "花括号是否成对")],
)
def test_a_wrong_template_is_named_and_nothing_is_written(
    april: ScreenedMonth, tmp_path: Path, wrong: str, told: str
) -> None:
    april.screen([household()])
    template: Any = Document(str(TEMPLATE))
    template.add_paragraph(wrong)
    path = tmp_path / "简报.docx"
    template.save(str(path))
    with pytest.raises(TemplateError, match=told):
        build_report(APRIL, april.settings, april.ledger, briefing=path)
    assert not april.settings.outbox.exists()


def test_the_shipped_template_is_what_the_builder_makes() -> None:
    stream = io.BytesIO()
    build().save(stream)
    assert text_of(stream.getvalue()) == text_of(TEMPLATE.read_bytes())


def test_a_letter_that_the_font_lacks_is_marked() -> None:
    document: Any = Document()
    document.add_paragraph("甲𡐓乙")
    stream = io.BytesIO()
    document.save(stream)
    with_mark = pdf_of(stream.getvalue())
    document.paragraphs[0].runs[0].text = "甲〓乙"
    stream = io.BytesIO()
    document.save(stream)
    assert with_mark == pdf_of(stream.getvalue())
