"""The receipt says what came in, what became of it, every fault, and what to do."""

from __future__ import annotations

import pytest

from poverty_watch.intake.answers.telling import shown
from poverty_watch.intake.answers.texts import answer_texts
from tests.intake.answers.conftest import (
    DUPLICATE,
    EXPECTED,
    FIRST_FAULTY,
    HEADER,
    TITLE_ROWS,
    Clerk,
    delivery,
    faulty_rows,
    good,
    table,
    texts,
)
from tests.intake.conftest import APRIL, MARCH, Office, csv_bytes, number, save_workbook

DATASET = "disability_certificates"


def counts(clerk: Clerk, start: str = "回执_持证残疾人_2021年4月_第1次") -> dict[str, int]:
    sheet = clerk.open(start, "回执")
    found = {}
    for row in sheet.iter_rows(values_only=True):
        numbers = [cell for cell in row if isinstance(cell, int)]
        if isinstance(row[0], str) and numbers:
            found[row[0]] = numbers[0]
    return found


def test_every_row_of_the_file_has_its_fate_and_the_counts_add_up(clerk: Clerk) -> None:
    clerk.office.deliver(DATASET, delivery())
    clerk.answered()
    found = counts(clerk)
    fates = ["标题和表头行", "空行", "合计、签字等行", "已接收的行", "退回的行"]
    assert [found[fate] for fate in fates] == [TITLE_ROWS + 1, 0, 1, 60, len(EXPECTED) + 1]
    assert found["文件中的行"] == len(delivery())
    assert found["合计"] == len(EXPECTED) + 1
    assert sum(found[title] for title in {pairs[0][0] for pairs in EXPECTED.values()}) == len(
        EXPECTED
    )
    told = texts(clerk.open("回执_", "回执"))
    assert "已接收，退回12行" in told
    assert any("其中1行是重复的，不必改" in text for text in told)


def test_each_fault_of_each_row_is_listed_at_its_place_with_the_senders_own_value(
    clerk: Clerk,
) -> None:
    clerk.office.deliver(DATASET, delivery())
    clerk.answered()
    listed = table(clerk.open("回执_", "退回行"))
    places = {(line["行号"], line["退回原因"], line["列"]) for line in listed}
    wanted = {
        (FIRST_FAULTY + offset, title, header)
        for offset, pairs in EXPECTED.items()
        for title, header in pairs
    }
    assert places == wanted | {(DUPLICATE, "本表内重复", "（整行）")}
    assert len(listed) == len(places)
    assert {(line["文件"], line["工作表"]) for line in listed} == {
        ("持证残疾人2021-04.xlsx", "Sheet1")
    }
    values = {line["行号"]: line["填写的内容"] for line in listed}
    assert values[FIRST_FAULTY + 6] == faulty_rows()[6][1]
    assert values[FIRST_FAULTY + 1] == "（空）"
    assert values[FIRST_FAULTY + 2] == "530501198001010□□□"
    (choice,) = (line for line in listed if line["行号"] == FIRST_FAULTY + 9)
    assert choice["说明"] == "“残疾等级”填的是“五级”，填写内容不在规定选项之内。"
    assert choice["怎样改"].endswith("可选：一级、二级、三级、四级。")


def test_digits_that_excel_dropped_are_never_made_up() -> None:
    assert shown(5.30501198001012e17) == "530501198001012□□□"
    assert shown(530501800101001.0) == "530501800101001"


def test_a_number_in_a_date_column_is_told_as_the_date_that_it_was_read_as(clerk: Clerk) -> None:
    future = good(2)
    future[4] = 44330
    clerk.office.deliver(DATASET, [HEADER, good(1), future])
    clerk.answered()
    (line,) = table(clerk.open("回执_", "退回行"))
    assert line["填写的内容"] == "44330（即2021-05-14）"


def test_a_clean_delivery_needs_nothing_more(clerk: Clerk) -> None:
    clerk.office.deliver(DATASET, [HEADER, good(1)])
    clerk.answered()
    assert clerk.names() == ["回执_持证残疾人_2021年4月_第1次.xlsx"]
    told = texts(clerk.open("回执_"))
    assert "已接收" in told
    assert "不用再做什么。" in told
    assert texts(clerk.open("回执_", "退回行"))[-1] == "没有退回的行。"


def test_a_delivery_stopped_before_its_rows_were_read(clerk: Clerk) -> None:
    clerk.office.deliver(DATASET, [HEADER[:4], good(1)[:4]])
    clerk.answered()
    told = texts(clerk.open("回执_"))
    assert "整份退回" in told
    assert any("缺少列：发证日期" in text for text in told)
    assert any("还没有接收到这项数据" in text for text in told)
    assert clerk.names() == ["回执_持证残疾人_2021年4月_第1次.xlsx"]


def test_a_delivery_stopped_for_its_faults_lists_every_one(clerk: Clerk) -> None:
    wrong = [[*good(serial)[:3], "五级", "2021-03-06"] for serial in range(1, 21)]
    clerk.office.deliver(DATASET, [HEADER, *wrong, *(good(s) for s in range(21, 41))])
    clerk.answered()
    told = texts(clerk.open("回执_"))
    assert "整份退回" in told
    assert any("超过20%" in text for text in told)
    found = counts(clerk)
    assert (found["无误、但随整份未接收的行"], found["退回的行"]) == (20, 20)
    assert len(table(clerk.open("回执_", "退回行"))) == 20


def test_a_stopped_correction_says_which_sending_still_counts(clerk: Clerk) -> None:
    office = clerk.office
    office.deliver(DATASET, [HEADER, good(1)])
    office.deliver(DATASET, [HEADER[:3], good(1)[:3]], name="持证残疾人（更正）.xlsx")
    clerk.answered()
    told = texts(clerk.open("回执_持证残疾人_2021年4月_第2次"))
    assert any("仍以第1次报送（已接收）为准" in text for text in told)


def test_a_nil_return_is_told_apart_from_nothing_sent(clerk: Clerk) -> None:
    path = clerk.office.path("deaths", "死亡注销202104零报告.xlsx")
    save_workbook(path, {"Sheet1": [["姓名", "公民身份号码", "死亡日期", "注销日期"]]})
    clerk.office.take_in("deaths")
    clerk.answered("deaths")
    assert clerk.names("deaths") == ["回执_死亡注销_2021年4月_第1次.xlsx"]
    assert "零报告，已登记" in texts(clerk.open("回执_", dataset="deaths"))


def test_nothing_sent_gets_no_receipt(clerk: Clerk) -> None:
    clerk.office.take_in(DATASET)
    outcome = clerk.answered()
    assert outcome.paths == []
    assert not clerk.folder().exists()


def test_the_same_file_sent_again_is_answered_as_such(clerk: Clerk) -> None:
    office = clerk.office
    office.deliver(DATASET, [HEADER, good(1), [*good(2)[:3], "五级", "2021-03-06"]])
    content = office.path(DATASET, "持证残疾人2021-04.xlsx").read_bytes()
    office.deliver_bytes(DATASET, content, "持证残疾人2021-04最终.xlsx")
    clerk.answered()
    told = texts(clerk.open("回执_持证残疾人_2021年4月_第2次"))
    assert "与第1次报送完全相同" in told
    assert "持证残疾人2021-04最终.xlsx" in told
    # The rows of the first sending are still to be mended.


def test_a_question_about_the_whole_is_not_an_error(clerk: Clerk) -> None:
    header = ["姓名", "身份证号", "总费用", "基本医保支付", "大病保险支付", "医疗救助支付"]
    header += ["住院自付累计", "门诊当月自付", "截止日期"]
    rows = [["样例甲", number(), 100, 50, 0, 0, 10, 0, "2021-04-30"]]
    clerk.office.deliver("medical_expenses", [header, *rows])
    clerk.answered("medical_expenses")
    told = texts(clerk.open("回执_", dataset="medical_expenses"))
    assert "已接收，有疑问" in told
    assert any("勾稽关系不成立" in text for text in told)


def test_rows_of_earlier_months_are_listed_but_not_to_be_mended(clerk: Clerk) -> None:
    header = ["姓名", "公民身份号码", "死亡日期", "注销日期"]
    row = ["样例甲", number(), "2021-03-06", "2021-03-08"]
    clerk.office.deliver("deaths", [header, row], month=MARCH)
    clerk.office.deliver("deaths", [header, row], month=APRIL)
    clerk.answered("deaths")
    (line,) = table(clerk.open("回执_", "退回行", dataset="deaths"))
    assert (line["退回原因"], line["列"]) == ("以前月份已报过", "（整行）")


def test_each_township_file_is_answered_in_one_receipt(office: Office, clerk: Clerk) -> None:
    for serial, township in ((1, "甸阳镇"), (2, "由旺镇")):
        path = office.path(DATASET, f"持证残疾人_{township}.csv")
        path.parent.mkdir(parents=True, exist_ok=True)
        wrong = [*good(serial + 10)[:3], "五级", "2021-03-06"]
        path.write_bytes(csv_bytes([HEADER, good(serial), wrong]))
    office.take_in(DATASET)
    clerk.answered()
    assert clerk.names() == [
        "回执_持证残疾人_2021年4月_第1次.xlsx",
        "批注_持证残疾人_2021年4月_第1次_持证残疾人_由旺镇.xlsx",
        "批注_持证残疾人_2021年4月_第1次_持证残疾人_甸阳镇.xlsx",
        "更正_持证残疾人_2021年4月_第1次.xlsx",
    ]
    listed = table(clerk.open("回执_", "退回行"))
    assert [(line["文件"], line["行号"]) for line in listed] == [
        ("持证残疾人_由旺镇.csv", 3),
        ("持证残疾人_甸阳镇.csv", 3),
    ]


def test_more_faults_than_anyone_can_read_are_cut_off_and_it_is_said(
    clerk: Clerk, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = answer_texts().model_copy(update={"listed_faults": 5})
    monkeypatch.setattr("poverty_watch.intake.answers.steps.answer_texts", lambda: short)
    clerk.office.deliver(DATASET, delivery())
    clerk.answered()
    assert [name[:2] for name in clerk.names()] == ["回执", "批注", "更正"]
    listed = table(clerk.open("回执_", "退回行"))
    assert [line["序号"] for line in listed[:-1]] == [1, 2, 3, 4, 5]
    assert str(listed[-1]["序号"]).startswith("以上列出前5处")
    assert any("要改的11行" in text for text in texts(clerk.open("回执_", "回执")))
