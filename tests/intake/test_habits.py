"""How clerks write: every sentence of what a delivery may look like, in its less tidy forms."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import openpyxl
import pytest

from poverty_watch.contracts import load_catalogue
from poverty_watch.identity import Keyring
from poverty_watch.intake import fetch
from poverty_watch.intake.cells import clean_amounts, clean_dates, clean_months
from poverty_watch.intake.layout import Layout, find_layout
from poverty_watch.intake.names import dataset_in, is_nil_return, month_in, township_in
from poverty_watch.intake.plain_text import read_text
from poverty_watch.intake.sheets import Limits, Sheet
from poverty_watch.intake.standardise import ReadFile, Standardised, standardise
from poverty_watch.months import Month
from tests.intake.conftest import APRIL, Office, csv_bytes, number, save_workbook

CERTIFICATES = "disability_certificates"
HEADER = ["姓名", "残疾人证号", "残疾类别", "残疾等级", "发证日期"]


@pytest.fixture
def ledger_url(tmp_path: Any) -> str:
    """SQLite alone: nothing here depends on the database."""
    return f"sqlite:///{tmp_path}/home/ledger.sqlite"


def person(serial: int = 1) -> list[Any]:
    return ["样例甲", number(serial=serial), "肢体", "一级", "2021-04-01"]


def laid_out(dataset: str, rows: Sequence[Sequence[Any]], **more: Any) -> Layout:
    sheet = Sheet("表", [list(row) for row in rows], list(range(1, len(rows) + 1)), **more)
    found = find_layout(sheet, load_catalogue().contract(dataset))
    assert isinstance(found, Layout), found
    return found


# ---- rows


@pytest.mark.parametrize(
    "last",
    [
        ["合计", 2], ["合　计", 2], ["合计：", 2], ["", "总 计", 2], ["小计"], ["\u2060合计", 2],
        ["填表人：样例", "", "审核人：样例"], ["", "", "负 责 人："], ["注：以上为样例"], ["备注"], ["说明:无"],
    ],
)  # fmt: skip
def test_total_and_signature_rows_are_nobodys_data(last: list[Any]) -> None:
    rows = [HEADER, person(1), person(2), [*last, *[""] * (5 - len(last))]]
    found = laid_out(CERTIFICATES, rows)
    assert (found.data, found.total) == ([1, 2], 1)


def test_a_date_and_a_seal_may_stand_below_the_signatures() -> None:
    rows = [HEADER, person(), ["填表人：样例", "", "", "", ""], ["", "", "", "", "2021年5月3日"]]
    found = laid_out(CERTIFICATES, rows)
    assert found.total == 1
    assert found.data == [1, 3], "what no sentence speaks of is returned, not dropped"


def test_subtotals_between_the_townships_are_no_data() -> None:
    rows = [HEADER, person(1), ["小计", 1, "", "", ""], person(2), ["小计", 1, "", "", ""]]
    assert laid_out(CERTIFICATES, rows).data == [1, 3]


def test_a_header_on_every_printed_page_is_no_data() -> None:
    upper = ["基本情况", "", "残疾情况", "", ""]
    title = ["样例县持证残疾人明细表", "", "", "", ""]
    rows = [title, upper, HEADER, person(1), title, upper, HEADER, person(2)]
    found = laid_out(CERTIFICATES, rows)
    assert (found.data, found.header) == ([3, 7], 6)


def test_both_rows_of_a_header_are_known_again_on_the_next_page() -> None:
    upper = ["姓名", "残疾人证号", "残疾情况", "", "发证日期"]
    lower = ["", "", "残疾类别", "残疾等级", ""]
    rows = [upper, lower, person(1), upper, lower, person(2)]
    found = laid_out(CERTIFICATES, rows)
    assert (found.data, found.header) == ([2, 5], 4)


def test_rows_that_hold_a_running_number_alone_are_blank_and_it_is_said(office: Office) -> None:
    rows = [["序号", *HEADER], *([i, *person(i)] for i in (1, 2)), *([i] for i in range(3, 60))]
    verdict = office.deliver(CERTIFICATES, rows)
    assert verdict.status == "accepted"
    assert verdict.delivery is not None
    assert (verdict.delivery.data_rows, verdict.delivery.blank_rows) == (2, 57)
    assert "有57行只有序号等内容" in "".join(verdict.messages)


# ---- headers


def test_units_below_the_names_belong_to_the_header(office: Office) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(HEADER)
    sheet.append([None, None, None, None, "（年月日）"])
    for column in "ABCD":
        sheet.merge_cells(f"{column}1:{column}2")
    sheet.append(person())
    path = office.path(CERTIFICATES, "持证残疾人.xlsx")
    path.parent.mkdir(parents=True)
    book.save(path)
    verdict = office.take_in(CERTIFICATES)
    assert verdict.delivery is not None
    assert (verdict.delivery.header_rows, verdict.delivery.data_rows) == (2, 1)


@pytest.mark.parametrize("below", [[1, 2, 3, 4, 5], list("12345"), ["甲", "乙", "丙", 1, 2]])
def test_a_row_that_numbers_the_columns_belongs_to_the_header(below: list[Any]) -> None:
    found = laid_out(CERTIFICATES, [HEADER, below, person(), [1, 2, 3, 4, 5]])
    assert (found.header, found.data) == (2, [2, 3])


def test_of_two_columns_of_one_name_the_group_tells_which_is_whose() -> None:
    upper = ["户主", "", "申请人", "", "救助", "", ""]
    lower = ["姓名", "身份证号", "姓名", "身份证号", "救助类别", "纳入日期", "月保障金额"]
    found = laid_out("social_assistance", [upper, lower, list("1234567")])
    assert {name: found.columns[name] for name in ("person_id", "name")} == {
        "person_id": 3,
        "name": 2,
    }
    assert found.columns["head_person_id"] == 1


def test_a_group_alone_names_a_column_whatever_stands_below_it() -> None:
    upper = ["姓名", "残疾人证号", "残疾类别", "残疾等级", "发证日期"]
    lower = ["", "（20位）", "", "", ""]
    assert laid_out(CERTIFICATES, [["说明", "", "", "", ""], upper, lower, person()]).data[-1] == 3


@pytest.mark.parametrize(
    "header",
    [
        [" 姓　名 ", "残疾人\n证号", "残疾类别", "残疾等级", "发证\r\n日期"],
        ["\ufeff姓名", "残疾人证号", "残疾类别", "残疾等级\u200b", "发证日期"],
        ["发证日期", "", "残疾等级", "备注", "残疾类别", "残疾人证号", "", "姓名", "序号"],
    ],
)
def test_headers_are_compared_by_what_can_be_seen(header: list[str]) -> None:
    assert laid_out(CERTIFICATES, [header, ["x"] * len(header)]).data == [1]


def test_a_near_header_is_named_with_what_it_should_be(office: Office) -> None:
    header = ["姓名", "残疾证号码", "残疾类别", "残疾等级", "发证时间"]
    (message, *_) = office.deliver(CERTIFICATES, [header, person()]).messages
    assert "第1行的表头缺少列：残疾人证号、发证日期" in message
    assert "“残疾证号码”如果就是“残疾人证号”" in message
    assert "“发证时间”如果就是“发证日期”" in message


def test_a_columns_own_unit_may_stand_behind_its_name(office: Office) -> None:
    header = [
        "户主姓名",
        "户主身份证号",
        "人均日水量（升）",
        "取水时间(分钟)",
        "近一年停水天数（单位：天）",
        "水质是否达标",
    ]
    verdict = office.deliver("water_supply", [header, ["样例甲", number(), 40, 5, 0, "是"]])
    assert verdict.status == "accepted"
    other = [name.replace("升", "立方米") for name in header]
    verdict = office.deliver("water_supply", [other, ["样例甲", number(), 0.04, 5, 0, "是"]])
    assert "缺少列：人均日水量" in "".join(verdict.messages)


CREDIT = ["姓名", "身份证号", "借据号", "借款金额", "到期日", "逾期金额", "逾期天数"]


def loan(amount: float) -> list[Any]:
    return ["样例甲", number(), "J1", amount, "2022-03-01", 0, 0]


def test_amounts_in_ten_thousands_are_not_taken_for_yuan(office: Office) -> None:
    header = ["借款金额（万元）" if name == "借款金额" else name for name in CREDIT]
    (message, *_) = office.deliver("microcredit", [header, loan(5)]).messages
    assert "缺少列：借款金额" in message
    assert "先换算成元" in message
    verdict = office.deliver("microcredit", [["单位：万元"], CREDIT, loan(5)])
    assert verdict.delivery is not None
    assert verdict.delivery.open_queries == {"unit": 1}
    assert "已按元接收，请核对" in "".join(verdict.messages)


# ---- merged cells, second tables


def test_every_row_of_a_merged_cell_has_its_value_but_no_amount_is_doubled() -> None:
    header = ["户主姓名", "户主身份证号", "产业项目", "失败日期", "损失金额", "原因"]
    first = ["样例甲", number(), "养殖", "2021-04-01", 900, "病害"]
    rows = [header, first, [None, None, "种植", "2021-04-02", None, "冰雹"]]
    corners = tuple(((1, place), (2, place)) for place in (0, 1, 4))
    sheet = Sheet("表", rows, [1, 2, 3], merged=corners)
    done = standardised("industry_failures", sheet)
    assert done.columns["name"].to_pylist() == ["样例甲", "样例甲"]
    assert done.identity.fault.null_count == 2
    assert done.columns["loss"].to_pylist() == [Decimal(900), None]
    assert "已按合并的内容补到其余2格" in "".join(done.messages)


def test_two_tables_side_by_side_are_not_half_read(office: Office) -> None:
    verdict = office.deliver(
        CERTIFICATES, [[*HEADER, None, *HEADER], [*person(1), None, *person(2)]]
    )
    assert verdict.status == "rejected"
    assert "第1行的表头里并排有两张同样的表" in verdict.messages[0]


def test_a_second_table_with_its_columns_elsewhere_is_not_read_by_the_first(office: Office) -> None:
    rows = [HEADER, person(1), [], HEADER[::-1], person(2)[::-1]]
    verdict = office.deliver(CERTIFICATES, rows)
    assert verdict.status == "rejected"
    assert "第4行又有一个表头，各列的位置与第1行的不同" in verdict.messages[0]


def standardised(dataset: str, sheet: Sheet) -> Standardised:
    contract = load_catalogue().contract(dataset)
    return standardise(contract, [ReadFile("x.xlsx", [sheet])], APRIL, Keyring(b"1", b"2"))


# ---- names of files


@pytest.mark.parametrize(
    ("name", "department", "dataset"),
    [
        ("2021年4月教育支出（含学籍变动）.xlsx", "education", "education_burden"),
        ("疑似辍学学生学籍核对.xls", "education", "dropout_suspects"),
        ("参 保202104.csv", "medical_insurance", "medical_enrolment"),
        ("大病患者医疗费用.xlsx", "medical_insurance", "medical_expenses"),
        ("农村户籍人口参保.xlsx", "medical_insurance", "medical_enrolment"),
        ("联系人.txt", "education", None),
    ],
)
def test_the_longest_title_in_the_name_wins(
    name: str, department: str, dataset: str | None
) -> None:
    catalogue = load_catalogue()
    assert dataset_in(name, catalogue, catalogue.departments[department]) == dataset


@pytest.mark.parametrize(
    ("name", "township"),
    [
        ("社会救助_甸阳镇.xls", "甸阳镇"),
        ("饮水安全（摆榔乡）.xls", "摆榔彝族布朗族乡"),
        ("木老元布朗族彝族乡社会救助.xls", "木老元布朗族彝族乡"),
        ("由旺镇、甸阳镇社会救助.xls", "甸阳镇、由旺镇"),
        ("社会救助-甸阳.xls", "甸阳镇"),
        ("社会救助.xls", None),
    ],
)
def test_townships_in_names(name: str, township: str | None) -> None:
    assert township_in(name) == township


@pytest.mark.parametrize(
    ("name", "month"),
    [
        ("参保202104.csv", "2021-04"), ("2021.4 参保", "2021-04"), ("参保2021-04-30", "2021-04"),
        ("２０２１年１２月参保", "2021-12"), ("2020-2021学年学籍202104", "2021-04"),
        ("参保20210430", None), ("参保", None), ("参保2021年", None),
    ],
)  # fmt: skip
def test_months_in_names(name: str, month: str | None) -> None:
    assert month_in(name) == (Month.parse(month) if month else None)


def test_a_nil_return_may_be_of_any_form(office: Office) -> None:
    assert is_nil_return("大病202104（零 报告）.docx")
    verdict = office.deliver_bytes("major_illness", b"PK\x03\x04", "大病202104零报告.docx")
    assert verdict.status == "nil"


def test_a_folder_may_be_named_with_a_blank_or_in_full_width(office: Office) -> None:
    department = load_catalogue().department_of(CERTIFICATES)
    folder = office.settings.inbox / str(APRIL) / f"{department.title} "
    save_workbook(folder / "持证残疾人.xlsx", {"表": [HEADER, person()]})
    assert office.take_in(CERTIFICATES).status == "accepted"


def test_files_of_both_spellings_of_a_department_are_seen(office: Office) -> None:
    department = load_catalogue().department_of(CERTIFICATES)
    month = office.settings.inbox / str(APRIL)
    early = save_workbook(month / department.id / "持证残疾人.xlsx", {"表": [HEADER, person(1)]})
    os.utime(early, (1, 1))
    save_workbook(
        month / department.title / "持证残疾人.xlsx", {"表": [HEADER, person(1), person(2)]}
    )
    verdict = office.take_in(CERTIFICATES)
    assert verdict.delivery is not None
    assert (verdict.delivery.version, verdict.delivery.data_rows) == (2, 2)


# ---- which file counts


@pytest.mark.parametrize(
    "name",
    [
        *("持证残疾人(更正).xlsx", "持证残疾人重报.xlsx", "补报持证残疾人.xlsx"),
        *("持证残疾人 修 订.xlsx", "更正/持证残疾人.xlsx"),
    ],
)
def test_seen_together_a_correction_is_later_whatever_its_time(office: Office, name: str) -> None:
    path = office.path(CERTIFICATES, name)
    save_workbook(path, {"表": [HEADER, person(1), person(2)]})
    os.utime(path, (1, 1))
    verdict = office.deliver(CERTIFICATES, [HEADER, person(1)], name="持证残疾人.xlsx")
    assert verdict.delivery is not None
    assert verdict.delivery.data_rows == 2


def test_arrival_goes_before_the_word_in_the_name(office: Office) -> None:
    office.deliver(CERTIFICATES, [HEADER, person(1), person(2)], name="持证残疾人(更正).xlsx")
    verdict = office.deliver(CERTIFICATES, [HEADER, person(1)], name="持证残疾人.xlsx")
    assert verdict.delivery is not None
    assert verdict.delivery.data_rows == 1


def test_a_file_that_was_replaced_and_put_back_counts_again(office: Office) -> None:
    first, other = [HEADER, person(1), person(2)], [HEADER, person(1)]
    for rows in (first, other, first, other, first):
        content = csv_bytes(rows)
        verdict = office.deliver_bytes(CERTIFICATES, content, "持证残疾人.csv")
        assert verdict.delivery is not None
        assert verdict.delivery.data_rows == len(rows) - 1
    told = fetch("disabled_federation", APRIL, office.settings, office.ledger)
    assert told.summary == "残联：1个文件，新到0个"


def test_two_townships_in_one_file_are_a_part_and_nobody_is_lost(office: Office) -> None:
    both = office.path(CERTIFICATES, "持证残疾人_甸阳镇、由旺镇.xlsx")
    save_workbook(both, {"甸阳镇": [HEADER, person(1)], "由旺镇": [HEADER, person(2)]})
    verdict = office.deliver(CERTIFICATES, [HEADER, person(3)], name="持证残疾人_姚关镇.xlsx")
    assert verdict.delivery is not None
    assert verdict.delivery.accepted_rows == 3


def test_a_folder_may_say_which_township_a_part_is(office: Office) -> None:
    save_workbook(office.path(CERTIFICATES, "甸阳/持证残疾人.xlsx"), {"表": [HEADER, person(1)]})
    rows = [HEADER, person(2), ["", *person(3)[1:]]]
    verdict = office.deliver(CERTIFICATES, rows, name="由旺镇/持证残疾人.xlsx")
    assert verdict.delivery is not None
    assert (verdict.delivery.accepted_rows, verdict.delivery.rejected_rows) == (2, 1)
    assert [row["source_file"] for row in verdict.set_aside] == ["由旺镇_持证残疾人.xlsx"]


def test_of_two_files_of_one_township_the_one_that_does_not_count_is_named(office: Office) -> None:
    save_workbook(office.path(CERTIFICATES, "持证残疾人_甸阳镇.xlsx"), {"表": [HEADER, person(1)]})
    rows = [HEADER, person(1), person(2)]
    verdict = office.deliver(CERTIFICATES, rows, name="持证残疾人_甸阳镇（更正）.xlsx")
    assert verdict.delivery is not None
    assert verdict.delivery.accepted_rows == 2
    assert "“持证残疾人_甸阳镇.xlsx”没有计入" in "".join(verdict.messages)


def test_parts_after_a_file_of_the_whole_county_are_questioned(office: Office) -> None:
    office.deliver(CERTIFICATES, [HEADER, person(1)], name="持证残疾人_甸阳镇.xlsx")
    office.deliver(CERTIFICATES, [HEADER, person(1), person(2)], name="持证残疾人.xlsx")
    verdict = office.deliver(CERTIFICATES, [HEADER, person(3)], name="持证残疾人_由旺镇.xlsx")
    assert "全县一份不再计入，请核对" in "".join(verdict.messages)


def test_a_file_of_a_kind_that_is_not_read_is_named_with_what_to_do(office: Office) -> None:
    verdict = office.deliver_bytes(CERTIFICATES, b"%PDF", "持证残疾人202104.pdf")
    assert verdict.status == "missing"
    assert "“持证残疾人202104.pdf”，但这种文件不能读取" in verdict.messages[0]


def test_a_file_whose_name_does_not_say_what_it_is_is_named_too(office: Office) -> None:
    verdict = office.deliver_bytes(CERTIFICATES, b"x", "Sheet1(1).xlsx")
    assert verdict.status == "missing"
    assert "请在文件名中写明“持证残疾人”" in verdict.messages[0]


# ---- texts


def lines(rows: Sequence[Sequence[Any]], delimiter: str = ",") -> bytes:
    return "\n".join(delimiter.join(map(str, row)) for row in rows).encode()


@pytest.mark.parametrize("delimiter", ["\t", ";", "|", "，"])
def test_a_text_with_another_delimiter(office: Office, delimiter: str) -> None:
    content = lines([["持证残疾人，2021年4月"], HEADER, person(1), person(2)], delimiter)
    assert office.deliver_bytes(CERTIFICATES, content, "持证残疾人.txt").status == "accepted"


def test_amounts_with_commas_do_not_pass_for_the_delimiter(office: Office) -> None:
    header = ["姓名", "身份证号", "岗位", "月补贴"]
    rows = [["样例甲", number(serial=i), "保洁，巡护", "1,200.00"] for i in range(1, 5)]
    verdict = office.deliver_bytes("public_posts", lines([header, *rows], "\t"), "公益岗.txt")
    assert verdict.accepted is not None
    assert verdict.accepted["monthly_subsidy"].to_pylist() == [Decimal("1200.0000")] * 4


def test_a_note_beside_the_delivery_is_no_delivery(office: Office) -> None:
    office.deliver(CERTIFICATES, [HEADER, person(1)])
    note = "关于持证残疾人数据的说明：本月无变化。".encode()
    verdict = office.deliver_bytes(CERTIFICATES, note, "持证残疾人说明.txt")
    assert verdict.status == "accepted"
    assert not any("说明.txt" in message for message in verdict.messages)


def test_a_text_without_delimiters_says_so(office: Office) -> None:
    content = lines([HEADER, person(1)], " ")
    verdict = office.deliver_bytes(CERTIFICATES, content, "持证残疾人.csv")
    assert "只有一列" in verdict.messages[0]


@pytest.mark.parametrize(
    "content",
    [
        csv_bytes([HEADER, person(1)], "utf-16"),
        "\ufeff".encode() + csv_bytes([HEADER]) + "\ufeff".encode() + csv_bytes([HEADER, person(1)]),
        csv_bytes([HEADER, person(1)]).replace("样例甲".encode(), b"\x00\xe6\xa0\xb7\xe4\xbe\x8b"),
        csv_bytes([HEADER]).replace(b"\r\n", b"\r") + csv_bytes([person(1)]).replace(b"\r\n", b"\n"),
        csv_bytes([HEADER, person(1)]).decode().encode("utf-16-le"),
    ],
    ids=["utf-16", "two files in one", "a NUL", "mixed line ends", "utf-16 without its mark"],
)  # fmt: skip
def test_a_text_that_a_machine_has_mangled_is_read(office: Office, content: bytes) -> None:
    verdict = office.deliver_bytes(CERTIFICATES, content, "持证残疾人.csv")
    assert verdict.delivery is not None, verdict.messages
    assert (verdict.delivery.accepted_rows, verdict.delivery.rejected_rows) == (1, 0)


def test_every_physical_line_of_a_text_has_its_place() -> None:
    content = '甲,乙\n1,"a\nb"\n2,"x\r3,y\x00\r\n4,"z""z"\n\n'.encode() + b"5," + b"q" * 200_000
    sheet = read_text(content, "样例.csv", Limits(2**26, 2**26))
    assert sheet.numbers == [1, 2, 4, 5, 6, 7, 8]
    assert len(sheet.rows) + sheet.continued == 8
    assert sheet.rows[1] == ["1", "a\nb"]
    told = "".join(sheet.remarks)
    assert "共8个物理行，其中1行是单元格内的换行" in told
    assert "第4行的引号不成对" in told
    assert "第5行含有空字符" in told


def test_a_nul_between_two_line_ends_moves_no_line() -> None:
    sheet = read_text(b"a,b\r\x00\n1,2\r\n", "样例.csv", Limits(2**20, 2**20))
    assert list(zip(sheet.numbers, sheet.rows, strict=True)) == [
        (1, ["a", "b"]), (2, ["", ""]), (3, ["1", "2"]),
    ]  # fmt: skip


def test_numbers_wrapped_so_that_excel_keeps_them_are_read(office: Office) -> None:
    line = f'样例甲,="{number()}",肢体,"二级",="2021-03-06"'
    content = (",".join(HEADER) + "\r\n" + line + "\r\n").encode()
    verdict = office.deliver_bytes(CERTIFICATES, content, "持证残疾人.csv")
    assert verdict.delivery is not None
    assert (verdict.delivery.accepted_rows, verdict.faults) == (1, {})


def test_a_broken_byte_is_told_with_its_line(office: Office) -> None:
    content = csv_bytes([HEADER, person(1)]) + b"\xff\xff\xff\n"
    verdict = office.deliver_bytes(CERTIFICATES, content, "持证残疾人.csv")
    assert verdict.status == "rejected"
    assert "第3行起" in verdict.messages[0]


@pytest.mark.parametrize("ending", ["csv", "xls", "txt"])
def test_a_workbook_under_another_ending_is_read_as_what_it_is(office: Office, ending: str) -> None:
    office.deliver(CERTIFICATES, [HEADER, person(1)], name="持证残疾人.xlsx")
    content = office.path(CERTIFICATES, "持证残疾人.xlsx").read_bytes()
    office.path(CERTIFICATES, "持证残疾人.xlsx").unlink()
    from poverty_watch.intake.sheets import read_sheets

    path = office.settings.home / f"x.{ending}"
    path.write_bytes(content)
    (sheet,) = read_sheets(path, path.name, Limits(2**26, 2**26))
    assert sheet.rows[0] == HEADER


def test_a_text_under_the_ending_of_a_workbook_is_read(office: Office) -> None:
    content = lines([HEADER, person(1)], "\t")
    assert office.deliver_bytes(CERTIFICATES, content, "持证残疾人.xls").status == "accepted"


# ---- cells


@pytest.mark.parametrize(
    "cell",
    [
        "2021 年 4 月 5 日", "2021年04月05日 0:00:00", "2021年4月5日0:00", "2021/04/05 00:00", "2021.04.05",
        "'2021-04-05", "\u200b2021-4-5\ufeff", "2021－04－05", "２０２１年４月５日", "20210405 00:00:00",
        "2021-04-05T00:00:00", "20210405.0", 44291.0, "44291", datetime(2021, 4, 5, 0, 0),
    ],
)  # fmt: skip
def test_more_forms_of_a_date(cell: object) -> None:
    assert clean_dates([cell]).to_pylist() == [date(2021, 4, 5)]


@pytest.mark.parametrize("cell", ["202104.0", " 2021 年 04 月 ", "2021.04", "2021/04/30", 44316])
def test_more_forms_of_a_month(cell: object) -> None:
    assert clean_months([cell]).to_pylist() == [date(2021, 4, 1)]


@pytest.mark.parametrize("cell", ["20214", 20214, "2021", "13", "202113", "四月"])
def test_what_might_be_a_month_is_not_guessed(cell: object) -> None:
    assert clean_months([cell]).to_pylist() == [None]


@pytest.mark.parametrize(
    ("cell", "read"),
    [
        ("￥1，234．50元", "1234.5"), ("¥ 1,234 元", "1234"), ("'12", "12"), ("\u200b12 ", "12"),
        ("1.5E3", "1500"), ("-0.5", "-0.5"), ("0", "0"), ("12,34,567", "1234567"), ("1.2.3", None),
        ("约100", None), ("100元/月", None), ("￥", None), (True, None), ("∞", None), ("NaN", None),
    ],
)  # fmt: skip
def test_more_forms_of_an_amount(cell: object, read: str | None) -> None:
    (value,) = clean_amounts([cell], blank_is_zero=False).to_pylist()
    assert value == (None if read is None else Decimal(read))


def test_an_optional_month_that_nobody_can_read_counts_as_blank_and_is_named() -> None:
    contract = load_catalogue().contract("monitoring_register")
    header = [column.header for column in contract.columns]
    row = dict.fromkeys(header, "")
    row |= {"姓名": "样例甲", "证件号码": number(), "识别监测时间": "2021年春"}
    other = row | {"识别监测时间": "无"}
    sheet = Sheet("表", [header, list(row.values()), list(other.values())], [1, 2, 3])
    done = standardised("monitoring_register", sheet)
    assert done.columns["identified_month"].to_pylist() == [None, None]
    assert "“识别监测时间”有1格写的不是日期或年月（第2行）" in "".join(done.messages)
