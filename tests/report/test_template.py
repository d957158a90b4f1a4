"""The county changes the workbook's form in Excel, and what it must not lose is named."""

from __future__ import annotations

import io
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.workbook.defined_name import DefinedName

from poverty_watch.report import build_report
from poverty_watch.report.archive import Archive, Archived
from poverty_watch.report.errors import IdentityError, TemplateError
from poverty_watch.report.versions import TEMPLATE
from poverty_watch.report.workbook import render
from tests.report.conftest import APRIL, ScreenedMonth, household
from tests.report.test_workbook import find, under

DAY = datetime(2021, 4, 30)


@pytest.fixture
def kept(signed: ScreenedMonth) -> Archived:
    found = Archive(signed.settings.lake).find(APRIL, 1)
    assert found is not None
    return found


@pytest.fixture
def template(tmp_path: Path) -> tuple[Workbook, Path]:
    return load_workbook(TEMPLATE), tmp_path / "月报表.xlsx"


def rendered(kept: Archived, path: Path) -> Workbook:
    content = render(path, kept.singles, kept.tables, DAY).content
    return load_workbook(io.BytesIO(content))


def test_columns_titles_and_sheets_are_the_countys_own(
    kept: Archived, template: tuple[Workbook, Path]
) -> None:
    book, path = template
    sheet = book["表一（一）存量与增减"]
    sheet.title = "存量"
    sheet["A1"] = "某县自己的标题"
    # A column is moved to another place, and one is left out.
    row, column = find(sheet, "{期末未消除户}")
    sheet.cell(row, column).value = "{累计识别人}"
    row, column = find(sheet, "{累计识别人}")
    for name in ("行_存量增减", "单位月份", "签发状态"):
        text = str(book.defined_names[name].attr_text)
        book.defined_names[name] = DefinedName(
            name, attr_text=text.replace("'表一（一）存量与增减'", "'存量'")
        )
    book.save(path)
    made = rendered(kept, path)
    sheet = made["存量"]
    assert sheet["A1"].value == "某县自己的标题"
    assert sheet.cell(find(sheet, "甸阳镇")[0], column).value == 6


def test_a_name_whose_sheet_was_deleted_is_named(
    kept: Archived, template: tuple[Workbook, Path]
) -> None:
    book, path = template
    book.remove(book["表三 比对问题"])
    text = "#REF!"
    book.defined_names["行_名单"] = DefinedName("行_名单", attr_text=text)
    book.save(path)
    with pytest.raises(TemplateError) as caught:
        rendered(kept, path)
    assert "- 行_比对问题" in str(caught.value)
    assert "- 行_名单" in str(caught.value)


def test_the_place_of_a_chart_is_a_name_too(
    kept: Archived, template: tuple[Workbook, Path]
) -> None:
    book, path = template
    del book.defined_names["图_线索去向"]
    book.save(path)
    with pytest.raises(TemplateError, match="- 图_线索去向"):
        rendered(kept, path)


def test_charts_show_the_townships_of_the_tables(kept: Archived) -> None:
    first, *others = kept.tables["线索"]
    new = {
        "主要风险": [{"风险": "因病", "户": 1, "人": 3, "占比": 1.0}],
        "线索": [first | {"在办户": 2}, *others],
    }
    content = render(TEMPLATE, kept.singles, kept.tables | new, DAY).content
    charts: list[Any] = load_workbook(io.BytesIO(content))["图表"]._charts  # type: ignore[attr-defined]
    stocks, fates, risks = charts
    cells = [series.val.numRef.f for series in stocks.series]
    assert cells == [
        f"'表一（一）存量与增减'!${letter}$5:${letter}$17" for letter in ("C", "E", "M", "T")
    ]
    assert stocks.series[0].cat.numRef.f == "'表一（一）存量与增减'!$B$5:$B$17"
    assert (fates.grouping, len(fates.series)) == ("stacked", 3)
    assert risks.type == "bar"


def test_no_chart_of_nothing(april: ScreenedMonth) -> None:
    april.screen([household()], [household()])
    path = build_report(APRIL, april.settings, april.ledger).path
    # Nobody is new, and there was no lead: there is nothing to show of them.
    sheet = load_workbook(path)["图表"]
    assert len(sheet._charts) == 1  # type: ignore[attr-defined]
    told = [cell.value for row in sheet.iter_rows(max_row=41) for cell in row if cell.value]
    assert "尚无核实结果。" in told
    assert "本月没有新增监测对象。" in told


def test_leads_that_nobody_was_sent_to_verify_make_no_empty_chart(april: ScreenedMonth) -> None:
    april.screen([household()], [household()])
    april.lead("R:1", "W11", township="甸阳镇")
    path = build_report(APRIL, april.settings, april.ledger).path
    assert "尚无核实结果。" in [cell.value for row in load_workbook(path)["图表"] for cell in row]


@pytest.mark.parametrize(("notes", "pages"), [(1, 0), (5, 1), (40, 0)])
def test_a_cover_a_little_longer_than_a_page_is_one_page(
    kept: Archived, notes: int, pages: int
) -> None:
    rows = {
        "注意事项": [{"序号": n, "事项": "样例"} for n in range(notes)],
        "未运行": [],
        "参数": [],
    }
    content = render(TEMPLATE, kept.singles, kept.tables | rows, DAY).content
    assert load_workbook(io.BytesIO(content))["说明"].page_setup.fitToHeight == pages


def test_every_sheet_prints_what_is_filled_on_landscape_a4(kept: Archived) -> None:
    for sheet in rendered(kept, TEMPLATE).worksheets:
        if sheet.sheet_state != "visible":
            continue
        assert sheet.print_area, sheet.title
        assert (sheet.page_setup.orientation, sheet.page_setup.paperSize) == ("landscape", 9)
        assert sheet.page_setup.fitToWidth == 1
        assert "&P" in str(sheet.oddFooter.center.text)


def test_a_broken_identity_names_the_cell_in_the_workbook(
    april: ScreenedMonth, monkeypatch: pytest.MonkeyPatch
) -> None:
    april.screen([household()], [household()])
    april.deliver("vehicles", "public_security", accepted=4)

    def wrong(*arguments: Any) -> list[dict[str, Any]]:
        rows = delivery_rows(*arguments)
        rows[2]["接收行"] = 3
        return rows

    from poverty_watch.report import content
    from poverty_watch.report.delivery_table import delivery_rows

    monkeypatch.setattr(content, "delivery_rows", wrong)
    with pytest.raises(IdentityError) as caught:
        build_report(APRIL, april.settings, april.ledger)
    assert "表二 部门报送!I6　公安局·机动车登记·行数：接收行 3 加退回行 0 不等于行数 4" in str(
        caught.value
    )
    assert not april.settings.outbox.exists()


def test_leads_stand_with_the_data_that_gave_them(april: ScreenedMonth) -> None:
    april.screen([household()], checks=[{"id": "W01", "status": "ran"}])
    april.lead("R:1", "W01", "W11")
    april.lead("R:2", "W16")
    april.deliver("medical_expenses", "medical_insurance", accepted=5)
    april.deliver("housing_safety", "housing", "missing")
    sheet = load_workbook(build_report(APRIL, april.settings, april.ledger).path)["表二 部门报送"]
    yields = ("线索数（户）", "已核实（户）", "核实属实（户）", "命中率")
    # Nobody was sent yet: not known.
    assert under(sheet, "医疗费用", *yields) == [1, "—", "—", "—"]
    # Not delivered: its rules could not judge.
    assert under(sheet, "住房安全", *yields) == ["无法判断", "/", "/", "/"]
    # No rule asks for it.
    assert under(sheet, "机动车登记", *yields) == ["/", "/", "/", "/"]
