"""Every bad input gets a clear Chinese answer; the rest goes on; nothing is lost."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from poverty_watch.intake import InboxError, delivered, fetch, unclaimed
from poverty_watch.intake.sheets import Limits, UnreadableError, read_sheets
from tests.intake.conftest import APRIL, MARCH, Office, csv_bytes, number, save_workbook

HEADER = ["姓名", "残疾人证号", "残疾类别", "残疾等级", "发证日期"]
GOOD = ["样例甲", number(serial=1), "肢体", "二级", "2021-03-06"]
DATA = Path(__file__).parent / "data"


def row(**changes: object) -> list[object]:
    names = ["name", "number", "category", "grade", "issued"]
    return [changes.get(name, value) for name, value in zip(names, GOOD, strict=True)]


def test_a_number_that_excel_rounded_is_sent_back_with_that_reason(office: Office) -> None:
    verdict = office.deliver(
        "disability_certificates", [HEADER, GOOD, row(number=530501198001010020)]
    )
    assert verdict.status == "accepted"
    assert verdict.faults == {3: "id_lost_digits"}
    assert verdict.set_aside[0]["header"] == "残疾人证号"


def test_scientific_notation_in_a_csv_has_lost_its_digits_too(office: Office) -> None:
    rows = [HEADER, GOOD, row(number="5.30501E+17")]
    verdict = office.deliver_bytes(
        "disability_certificates", csv_bytes(rows), "持证残疾人202104.csv"
    )
    assert verdict.faults == {3: "id_lost_digits"}


def test_a_fifteen_digit_number_in_a_numeric_cell_is_exact(office: Office) -> None:
    verdict = office.deliver("disability_certificates", [HEADER, row(number=530501800101001)])
    assert verdict.delivery is not None
    assert verdict.delivery.accepted_rows == 1


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"name": " "}, "name"),
        ({"number": None}, "id_missing"),
        ({"number": number()[:17]}, "id_length"),
        ({"number": "53050119800101O011"}, "id_characters"),
        ({"number": "530501198013010019"}, "id_date"),
        ({"number": number()[:17] + ("0" if number()[17] != "0" else "1")}, "id_check_digit"),
        ({"issued": "去年"}, "date"),
        ({"issued": "2021-05-01"}, "future"),
        ({"grade": "五级"}, "list"),
        ({"grade": None}, "list"),
    ],
)
def test_a_faulty_row_goes_back_with_its_reason_and_the_rest_is_accepted(
    office: Office, change: dict[str, object], fault: str
) -> None:
    verdict = office.deliver(
        "disability_certificates", [["持证残疾人明细表"], [], HEADER, GOOD, row(serial=2, **change)]
    )
    assert verdict.status == "accepted"
    assert verdict.faults == {5: fault}
    assert verdict.delivery is not None
    assert (verdict.delivery.accepted_rows, verdict.delivery.rejected_rows) == (1, 1)


def test_the_value_set_aside_never_shows_a_whole_number(office: Office) -> None:
    wrong = number()[:17] + ("0" if number()[17] != "0" else "1")
    verdict = office.deliver("disability_certificates", [HEADER, GOOD, row(number=wrong)])
    assert verdict.set_aside[0]["value"] == f"530501********{wrong[-4:]}"
    assert wrong not in str(verdict)


def test_unknown_layout_names_file_sheet_row_and_missing_columns(office: Office) -> None:
    rows = [["持证残疾人统计表"], HEADER[:4], GOOD[:4]]
    verdict = office.deliver("disability_certificates", rows)
    assert verdict.status == "rejected"
    assert verdict.messages == [
        "文件“持证残疾人2021-04.xlsx”的工作表“Sheet1”第2行的表头缺少列：发证日期。请补上这些列后重报。"
    ]


def test_an_empty_file(office: Office) -> None:
    verdict = office.deliver_bytes("disability_certificates", b"", "持证残疾人202104.xlsx")
    assert verdict.status == "rejected"
    assert "空文件" in verdict.messages[0]


def test_a_file_that_is_no_workbook(office: Office) -> None:
    verdict = office.deliver_bytes(
        "disability_certificates", "只是一段文字".encode(), "持证残疾人202104.xlsx"
    )
    assert "不是 Excel 工作簿" in verdict.messages[0]


def test_a_zip_that_is_no_workbook(office: Office) -> None:
    path = office.path("disability_certificates", "持证残疾人202104.xlsx")
    path.parent.mkdir(parents=True)
    with zipfile.ZipFile(path, "w") as package:
        package.writestr("readme.txt", "x")
    assert "不是 Excel 工作簿" in office.take_in("disability_certificates").messages[0]


@pytest.mark.parametrize("ending", ["xlsx", "xls"])
def test_a_password_protected_workbook(office: Office, ending: str) -> None:
    content = (DATA / f"encrypted.{ending}").read_bytes()
    verdict = office.deliver_bytes("disability_certificates", content, f"持证残疾人202104.{ending}")
    assert verdict.status == "rejected"
    assert "打开密码" in verdict.messages[0]


def test_a_workbook_that_unpacks_to_far_too_much_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("xl/worksheets/sheet1.xml", bytes(3 * 2**20))
    with pytest.raises(UnreadableError, match="解压后过大"):
        read_sheets(path, "持证残疾人.xlsx", Limits(file_bytes=2**20, unpacked_bytes=2**20))


def test_two_files_for_one_dataset_the_correction_counts_and_it_is_said(office: Office) -> None:
    save_workbook(
        office.path("disability_certificates", "持证残疾人202104.xlsx"), {"Sheet1": [HEADER, GOOD]}
    )
    better = [HEADER, GOOD, row(number=number(serial=2))]
    verdict = office.deliver("disability_certificates", better, name="持证残疾人202104(更正).xlsx")
    assert verdict.delivery is not None
    assert (verdict.delivery.version, verdict.delivery.accepted_rows) == (2, 2)
    assert any("共收到2份" in m and "(更正)" in m for m in verdict.messages)


def test_a_stopped_correction_leaves_the_accepted_file_in_force(office: Office) -> None:
    save_workbook(
        office.path("disability_certificates", "持证残疾人202104.xlsx"), {"Sheet1": [HEADER, GOOD]}
    )
    verdict = office.deliver(
        "disability_certificates", [HEADER[:3], GOOD[:3]], name="持证残疾人(更正).xlsx"
    )
    assert verdict.status == "accepted"
    assert any("整份退回" in m for m in verdict.messages)


def test_an_old_file_sent_again_is_stopped(office: Office) -> None:
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
    line = ["样例甲", number(), 100, 50, 0, 0, 50, "", "2021-03-31"]
    verdict = office.deliver("medical_expenses", [header, line])
    assert verdict.status == "rejected"
    assert "早于2021年4月" in verdict.messages[0]


def test_a_file_named_for_another_month_is_taken_and_questioned(office: Office) -> None:
    verdict = office.deliver(
        "disability_certificates", [HEADER, GOOD], name="持证残疾人202103.xlsx"
    )
    assert verdict.status == "accepted"
    assert any("2021年3月" in m and "请核对" in m for m in verdict.messages)


def test_a_part_file_that_cannot_be_read_stops_the_delivery(office: Office) -> None:
    save_workbook(
        office.path("disability_certificates", "持证残疾人_甸阳镇.xlsx"), {"Sheet1": [HEADER, GOOD]}
    )
    verdict = office.deliver_bytes("disability_certificates", b"", "持证残疾人_由旺镇.xlsx")
    assert verdict.status == "rejected"
    assert "由旺镇" in verdict.messages[0]


def test_township_files_are_parts_of_one_delivery(office: Office) -> None:
    save_workbook(
        office.path("disability_certificates", "持证残疾人_甸阳镇.xlsx"), {"Sheet1": [HEADER, GOOD]}
    )
    second = [["标题"], HEADER, row(number=number(serial=2))]
    verdict = office.deliver("disability_certificates", second, name="持证残疾人_由旺镇.xlsx")
    assert verdict.delivery is not None
    assert (verdict.delivery.version, verdict.delivery.accepted_rows) == (1, 2)


def test_no_inbox_at_all(office: Office) -> None:
    with pytest.raises(InboxError, match="收件目录不存在"):
        fetch("housing", APRIL, office.settings, office.ledger)


def test_a_missing_file_and_a_nil_return_are_told_apart(office: Office) -> None:
    assert office.take_in("criminal_injuries").status == "missing"
    nil = office.deliver("criminal_injuries", [["本月无新增"]], name="刑事案件202104零报告.xlsx")
    assert nil.status == "nil"
    assert office.verdict("traffic_accidents").status == "missing"


@pytest.mark.parametrize(
    "name", ["刑事案件零报告.xlsx", "刑事案件零报告.docx", "刑事案件202104零报告.txt"]
)
def test_a_nil_return_counts_by_its_name_whatever_is_in_it(office: Office, name: str) -> None:
    assert office.deliver_bytes("criminal_injuries", b"", name).status == "nil"


def test_a_township_without_cases_does_not_stop_the_others(office: Office) -> None:
    nil = office.path("criminal_injuries", "刑事案件_由旺镇零报告.xlsx")
    save_workbook(nil, {"Sheet1": [["本月无新增"]]})
    rows = [["姓名", "身份证号", "案发日期", "后果"], ["样例甲", number(), "2021-04-03", "伤"]]
    verdict = office.deliver("criminal_injuries", rows, name="刑事案件_甸阳镇.xlsx")
    assert verdict.status == "accepted"
    assert verdict.delivery is not None
    assert verdict.delivery.accepted_rows == 1


def test_a_snapshot_without_rows_is_an_incomplete_delivery(office: Office) -> None:
    verdict = office.deliver("disability_certificates", [HEADER])
    assert verdict.status == "rejected"
    assert "不能零报告" in verdict.messages[0]


@pytest.mark.parametrize("filler", [["无", "无", "无", "无"], ["本月无新增"], ["", "", "", "无"]])
def test_a_nil_return_may_say_so_in_the_table(office: Office, filler: list[str]) -> None:
    rows = [["姓名", "身份证号", "案发日期", "后果"], filler]
    assert office.deliver("criminal_injuries", rows, name="刑事案件零报告.xlsx").status == "nil"


def test_a_nil_return_with_rows_in_it_is_not_thrown_away(office: Office) -> None:
    rows = [["姓名", "身份证号", "案发日期", "后果"], ["样例甲", number(), "2021-04-03", "伤"]]
    verdict = office.deliver("criminal_injuries", rows, name="刑事案件零报告.xlsx")
    assert verdict.status == "accepted"
    assert any("零报告" in m for m in verdict.messages)


def test_a_nil_return_with_nothing_but_wrong_numbers_sends_them_back(office: Office) -> None:
    rows = [["姓名", "身份证号", "案发日期", "后果"], ["样例甲", number()[:-3], "4月3日", "伤"]]
    verdict = office.deliver("criminal_injuries", rows, name="刑事案件零报告.xlsx")
    assert verdict.delivery is not None
    assert verdict.delivery.rejected_rows == 1


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        (["样例甲", "", "2021-04-03", "伤"], True),
        (["样例甲", "不详", "2021-04-03", ""], True),
        (["样例甲", "", "", ""], False),
        (["填报人样例甲", "", "2021-04-30", ""], False),
        (["无", "无", "2021-04-30", "无"], False),
    ],
)
def test_a_name_with_a_day_and_no_number_in_a_nil_return_is_somebody(
    office: Office, cells: list[str], told: bool
) -> None:
    rows = [["姓名", "身份证号", "案发日期", "后果"], cells]
    verdict = office.deliver("criminal_injuries", rows, name="刑事案件零报告.xlsx")
    assert (verdict.status == "nil") is not told
    if told:
        assert verdict.delivery is not None
        assert verdict.delivery.rejected_rows == 1


def test_other_files_are_listed_not_read(office: Office) -> None:
    office.deliver_bytes("disability_certificates", b"x", "~$持证残疾人202104.xlsx")
    office.deliver_bytes("disability_certificates", b"x", "Thumbs.db")
    assert office.deliver_bytes("disability_certificates", b"x", "联系人.txt").status == "missing"
    (office.settings.inbox / str(APRIL) / "旅游局").mkdir()
    assert unclaimed(APRIL, office.settings) == ["旅游局"]


def test_the_sensor_sees_a_department_that_has_sent_everything(office: Office) -> None:
    office.settings.inbox.mkdir(parents=True)
    assert not delivered("disabled_federation", APRIL, office.settings)
    save_workbook(
        office.path("disability_certificates", "持证残疾人.xlsx"), {"Sheet1": [HEADER, GOOD]}
    )
    assert delivered("disabled_federation", APRIL, office.settings)


def many(count: int, start: int = 1) -> list[list[object]]:
    return [row(number=number(serial=start + i)) for i in range(count)]


def test_a_snapshot_that_shrinks_by_half_is_stopped(office: Office) -> None:
    office.deliver("disability_certificates", [HEADER, *many(21)], month=MARCH)
    assert office.deliver("disability_certificates", [HEADER, *many(10)]).status == "rejected"
    assert "相差超过50%" in office.verdict("disability_certificates").messages[0]


def test_a_snapshot_at_exactly_half_passes(office: Office) -> None:
    office.deliver("disability_certificates", [HEADER, *many(20)], month=MARCH)
    assert office.deliver("disability_certificates", [HEADER, *many(10)]).status == "accepted"


@pytest.mark.parametrize(("faulty", "status"), [(9, "accepted"), (10, "rejected")])
def test_ten_faulty_rows_and_more_than_a_fifth_stop_a_delivery(
    office: Office, faulty: int, status: str
) -> None:
    bad = [row(number=number(serial=500 + i), grade="五级") for i in range(faulty)]
    assert office.deliver("disability_certificates", [HEADER, *many(20), *bad]).status == status


def test_a_stopped_delivery_is_judged_again_once_the_contract_has_changed(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    from poverty_watch.intake.steps import validating, waiting

    bad = [row(number=number(serial=500 + i), grade="五级") for i in range(10)]
    assert office.deliver("disability_certificates", [HEADER, *bad]).status == "rejected"
    calls: list[str] = []
    judge = validating.judge
    monkeypatch.setattr(validating, "judge", lambda s, *a: (calls.append(s.dataset), judge(s, *a)))
    office.take_in("disability_certificates")
    assert calls == []
    monkeypatch.setattr(waiting, "policy_sha256", lambda *_: "changed")
    office.take_in("disability_certificates")
    assert calls == ["disability_certificates"]
