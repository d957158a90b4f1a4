"""A file is read however a clerk saves it, and every row of it has a fate."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest

from poverty_watch.intake.cells import (
    clean_amounts,
    clean_choice,
    clean_dates,
    clean_months,
    clean_text,
)
from tests.intake.conftest import APRIL, MARCH, Office, csv_bytes, number, save_workbook

HEADER = ["姓名", "残疾人证号", "残疾类别", "残疾等级", "发证日期"]


def person(serial: int) -> list[object]:
    return ["样例甲", number(serial=serial), "肢体", 2, "2021.4.6"]


def test_title_bands_totals_signatures_and_blank_rows_are_counted_not_read(office: Office) -> None:
    rows = [
        ["施甸县持证残疾人明细表"],
        ["填报单位：样例单位"],
        [],
        HEADER,
        person(1),
        [None, None, None],
        person(2),
        ["合 计", 2],
        [],
        ["填表人：样例", None, "审核人：样例"],
    ]
    verdict = office.deliver("disability_certificates", rows)
    delivery = verdict.delivery
    assert delivery is not None
    assert (delivery.header_rows, delivery.blank_rows, delivery.total_rows) == (4, 2, 2)
    assert (delivery.data_rows, delivery.accepted_rows, delivery.rejected_rows) == (2, 2, 0)


def test_a_note_in_the_first_column_amid_the_data_is_no_signature(office: Office) -> None:
    rows = [["备注", *HEADER], ["说明见附件", *person(1)], ["", *person(2)]]
    verdict = office.deliver("disability_certificates", rows)
    assert verdict.delivery is not None
    assert verdict.delivery.accepted_rows == 2


def test_columns_in_any_order_with_extra_ones_and_aliases(office: Office) -> None:
    rows = [
        ["序号", "发证 日期", "残疾等级", "残疾\n类别", "残疾人证号", "姓名", ""],
        [1, "2021-04-06", "1", "视力", number(), "样例甲"],
    ]
    verdict = office.deliver("disability_certificates", rows)
    assert verdict.accepted is not None
    assert verdict.accepted["grade"].to_pylist() == ["一级"]


def test_a_header_of_two_rows_with_group_captions(office: Office) -> None:
    register = office.path("monitoring_register", "防返贫监测信息202104.xlsx")
    upper = [
        "乡(镇)",
        "行政村",
        "户编号",
        "人编号",
        "姓名",
        "证件号码",
        "与户主关系",
        "健康状况",
        "劳动技能",
        "在校生状况",
    ]
    upper += [
        "业务数据",
        None,
        "致贫返贫风险",
        None,
        None,
        None,
        None,
        "识别监测时间",
        "风险是否已消除",
        "消除监测时间",
    ]
    upper += [
        "风险消除方式",
        "是否危房户",
        "是否解决安全饮用水",
        "享受低保政策情况",
        "人均纯收入",
        "帮扶措施",
        "联系电话",
    ]
    lower = [None] * 10 + ["户类型", "监测对象类别", 1, "2", 3, 4, 5] + [None] * 10
    line = [
        "甸阳镇",
        "样例村",
        530510113253,
        "53051011325301",
        "样例甲",
        number(),
        "户主",
        "健康",
        "普通劳动力",
        "非在校生",
    ]
    line += [
        "脱贫户",
        "无",
        "因病",
        "",
        "",
        "",
        "",
        "202103",
        "",
        "",
        "",
        "否",
        "是",
        "否",
        "¥12,000.50元",
        "",
        10900000000,
    ]
    save_workbook(register, {"Sheet1": [upper, lower, line], "填表说明": [["一、说明"]]})
    verdict = office.take_in("monitoring_register")
    assert verdict.accepted is not None, verdict.messages
    (row,) = verdict.accepted.to_pylist()
    assert (row["risk_1"], row["monitored_class"], row["household_no"]) == (
        "因病",
        None,
        "530510113253",
    )
    assert (row["identified_month"], row["income_per_head"]) == (
        date(2021, 3, 1),
        Decimal("12000.5000"),
    )
    assert "phone" not in row
    assert "填表说明" in verdict.messages[0]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_csv_in_the_encodings_that_clerks_have(office: Office, encoding: str) -> None:
    rows = [["明细表"], HEADER, person(1), ["合计"]]
    verdict = office.deliver_bytes(
        "disability_certificates", csv_bytes(rows, encoding), "持证残疾人.csv"
    )
    assert verdict.delivery is not None
    assert (verdict.delivery.accepted_rows, verdict.delivery.total_rows) == (1, 1)


def test_sheets_per_township_are_one_delivery_and_rows_keep_their_place(office: Office) -> None:
    path = office.path("disability_certificates", "持证残疾人.xlsx")
    save_workbook(
        path, {"甸阳镇": [["表"], HEADER, person(1)], "由旺镇": [HEADER, person(2), person(2)]}
    )
    verdict = office.take_in("disability_certificates")
    assert verdict.accepted is not None
    places = verdict.accepted.select(["source_sheet", "source_row"]).to_pylist()
    assert places == [
        {"source_sheet": "甸阳镇", "source_row": 3},
        {"source_sheet": "由旺镇", "source_row": 2},
    ]
    assert [(r["source_sheet"], r["source_row"], r["fault"]) for r in verdict.set_aside] == [
        ("由旺镇", 3, "duplicate")
    ]


def test_a_number_that_is_not_judged_still_tells_two_rows_apart(office: Office) -> None:
    header = ["姓名", "身份证号", "户主身份证号", "救助类别", "纳入日期", "月保障金额"]
    written = ["1", "2", "", number(serial=2), number(serial=2).lower(), "'1"]
    rows = [["样例甲", number(), head, "农村低保", "2020-04-01", "300"] for head in written]
    verdict = office.deliver("social_assistance", [header, *rows])
    assert verdict.faults == {6: "duplicate", 7: "duplicate"}


DEATHS = ["姓名", "公民身份号码", "死亡日期", "注销日期"]


def test_a_row_already_accepted_in_an_earlier_month_is_repeated_and_a_corrected_one_is_not(
    office: Office,
) -> None:
    line = ["样例甲", number(), "2021-03-02", "2021-03-05"]
    office.deliver("deaths", [DEATHS, line], month=MARCH)
    corrected = ["样例甲", number(), "2021-03-02", "2021-03-09"]
    verdict = office.deliver("deaths", [DEATHS, line, corrected])
    assert verdict.faults == {2: "repeated"}
    assert verdict.accepted is not None
    assert verdict.accepted["is_late"].to_pylist() == [True]


ACCIDENTS = ["姓名", "身份证号", "事故日期", "后果"]


@pytest.mark.parametrize(("day", "fault"), [("2020-10-01", None), ("2020-09-30", "too_old")])
def test_an_event_older_than_six_months_goes_back(
    office: Office, day: str, fault: str | None
) -> None:
    verdict = office.deliver("traffic_accidents", [ACCIDENTS, ["样例甲", number(), day, "伤"]])
    assert verdict.faults.get(2) == fault


def test_a_class_that_the_law_does_not_know_yet_is_no_valid_choice(office: Office) -> None:
    from poverty_watch.contracts import load_catalogue
    from poverty_watch.intake.suites import parameters

    contract = load_catalogue().contract("monitoring_register")
    assert "突发严重困难户" not in parameters(contract, APRIL)["monitored_class_values"]
    assert "突发严重困难户" in parameters(contract, APRIL + 1)["monitored_class_values"]


def test_more_than_one_percent_broken_sums_is_accepted_with_a_warning(office: Office) -> None:
    header = [
        "姓名",
        "身份证号",
        "总费用",
        "基本医保支付",
        "大病保险支付",
        "医疗救助支付",
        "住院自付累计",
        "门诊当月自付",
        "截止日期",
    ]
    lines = [
        ["样例甲", number(serial=i), 100, 50, None, 0, 50, 0, "2021-04-30"] for i in range(1, 98)
    ]
    broken = [
        ["样例甲", number(serial=900 + i), 100.02, 50, 0, 0, 50, 0, "2021-04-30"] for i in range(2)
    ]
    penny = [
        ["样例甲", number(serial=800 + i), 100.01, 50, 0, 0, 50, 0, "2021-04-30"] for i in range(2)
    ]
    enough = [
        ["样例甲", number(serial=800 + i), 100, 50, 0, 0, 50, 0, "2021-04-30"] for i in range(2)
    ]
    rows = [header, *lines, *enough, broken[0]]
    assert office.deliver("medical_expenses", rows, name="医疗费用.xlsx").status == "accepted"
    rows = [header, *lines, *penny]
    assert office.deliver("medical_expenses", rows, name="医疗费用(更正).xlsx").status == "accepted"
    rows = [header, *lines, *broken]
    verdict = office.deliver("medical_expenses", rows, name="医疗费用(重报).xlsx")
    assert verdict.status == "accepted_with_warnings"
    assert verdict.delivery is not None
    assert verdict.delivery.accepted_rows == 99


def test_taking_in_twice_changes_nothing(office: Office) -> None:
    from sqlalchemy import select

    from poverty_watch.ledger.models import Base

    office.deliver("disability_certificates", [HEADER, person(1)])

    def everything() -> dict[str, list[tuple[object, ...]]]:
        with office.ledger.transaction() as session:
            return {
                t.name: [tuple(r) for r in session.execute(select(t))]
                for t in Base.metadata.sorted_tables
            }

    before = everything()
    office.take_in("disability_certificates")
    assert everything() == before


def test_the_same_file_under_another_name_makes_no_new_version(office: Office) -> None:
    office.deliver("disability_certificates", [HEADER, person(1)], name="持证残疾人.xlsx")
    source = office.path("disability_certificates", "持证残疾人.xlsx")
    source.rename(source.with_name("持证残疾人(重报).xlsx"))
    verdict = office.take_in("disability_certificates")
    assert verdict.delivery is not None
    assert verdict.delivery.version == 1


def test_no_plain_number_is_written_between_the_steps(office: Office) -> None:
    office.deliver(
        "disability_certificates", [HEADER, person(1), [*person(1)[:3], "九级", "2021-04-01"]]
    )
    plain = number(serial=1).encode()
    for folder in (office.settings.work, office.settings.lake):
        for path in folder.rglob("*"):
            assert not path.is_file() or plain not in path.read_bytes()
    for path in office.settings.home.glob("ledger.sqlite*"):
        assert plain not in path.read_bytes()


SERIAL_OF_5_APRIL_2021 = 44291


@pytest.mark.parametrize(
    "cell",
    [
        "2021-04-05", "2021/4/5", "2021.4.5", "2021年4月5日", "20210405", "2021-04-05 00:00:00", " 2021-4-5 ",
        "２０２１-04-05", 20210405, 20210405.0, SERIAL_OF_5_APRIL_2021, float(SERIAL_OF_5_APRIL_2021),
        str(SERIAL_OF_5_APRIL_2021), date(2021, 4, 5), datetime(2021, 4, 5),
    ],
)  # fmt: skip
def test_forms_of_a_date(cell: object) -> None:
    assert clean_dates([cell]).to_pylist() == [date(2021, 4, 5)]


@pytest.mark.parametrize(
    "cell", ["", None, "2021", 2021, "2021-13-01", "2021-02-30", "四月五日", True, "2021-04/05"]
)
def test_what_is_no_date(cell: object) -> None:
    assert clean_dates([cell]).to_pylist() == [None]


@pytest.mark.parametrize(
    "cell",
    [
        "202104",
        202104,
        202104.0,
        "2021-04",
        "2021-4",
        "2021年4月",
        "2021/4",
        date(2021, 4, 5),
        "2021-04-01",
    ],
)
def test_forms_of_a_month(cell: object) -> None:
    assert clean_months([cell]).to_pylist() == [date(2021, 4, 1)]


@pytest.mark.parametrize(
    ("cell", "number_read"),
    [("¥1,234.50", "1234.5"), ("1234.5元", "1234.5"), ("１２３", "123"), (" 7 ", "7"), (10000000.01, "10000000.01"), (-3, "-3"), ("无", None), (None, None)],
)  # fmt: skip
def test_forms_of_an_amount(cell: object, number_read: str | None) -> None:
    (value,) = clean_amounts([cell], blank_is_zero=False).to_pylist()
    assert value == (None if number_read is None else Decimal(number_read))


def test_a_blank_amount_is_zero_only_where_that_is_agreed() -> None:
    assert clean_amounts(["", "x"], blank_is_zero=True).to_pylist() == [Decimal(0), None]


def test_text_is_evened_out_but_unknown_choices_stay_as_written() -> None:
    assert clean_text([" 样　例 ", "\ufeff甲"], drop_white=True).to_pylist() == ["样例", "甲"]
    assert clean_text(["530510113253.0", " 12.00", 7.0, "1.50", "v1.0"]).to_pylist() == [
        *("530510113253", "12", "7", "1.50", "v1.0")
    ]
    assert clean_choice(
        ["１", "在 读", "未知", None], {"1": "一级", "在读": "在读"}
    ).to_pylist() == ["一级", "在读", "未知", None]
