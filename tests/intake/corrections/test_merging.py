"""A correction sheet comes back in every state that clerks leave it in: nothing is lost or misplaced."""

from __future__ import annotations

import random
from copy import deepcopy
from typing import Any

import pytest
from sqlalchemy import func, select

from poverty_watch.intake.acceptance import accept_stopped
from poverty_watch.ledger.models import Correction, Delivery
from tests.intake.answers.conftest import HEADER, bad_digit, good
from tests.intake.conftest import APRIL, Office, number, save_workbook
from tests.intake.corrections.conftest import DATASET, Form, Sender

GRADE, DAY, DIGIT, TWO = 12, 13, 14, 15


def faulty() -> list[list[Any]]:
    """Ten good rows (2 to 11), then rows with a wrong grade, date, check digit; one with two faults."""
    rows = [good(serial) for serial in range(1, 11)]
    rows += [good(serial) for serial in range(21, 25)]
    rows[10][3] = "五级"
    rows[11][4] = "去年"
    rows[12][1] = bad_digit(rows[12][1])
    rows[13][3], rows[13][4] = "五级", "去年"
    return [HEADER, *rows]


def mend(form: Form, *numbers: int) -> Form:
    """Put right what is wrong in these rows."""
    right = {
        GRADE: {"残疾等级": "三级"},
        DAY: {"发证日期": "2021-03-08"},
        DIGIT: {"残疾人证号": number(serial=23)},
        TWO: {"残疾等级": "四级", "发证日期": "2021-03-09"},
    }
    for row in numbers or right:
        form.row(row).update(right[row])
    return form


@pytest.fixture
def asked(sender: Sender) -> Sender:
    sender.deliver(faulty())
    return sender


def test_mended_rows_come_back_alone_and_make_a_new_version(asked: Sender) -> None:
    verdict = asked.send_back(mend(asked.form()))
    assert verdict.status == "accepted"
    assert verdict.delivery is not None
    assert (verdict.delivery.version, verdict.delivery.accepted_rows) == (2, 14)
    assert verdict.delivery.rejected_rows == 0
    assert set(asked.fates().values()) == {"改正并接收"}
    assert "更正已接收" in asked.receipt()
    assert "不用再做什么。" in asked.receipt()
    assert not asked.has_form
    mended = asked.standing()["样例24"]
    assert (mended["grade"], str(mended["issued_on"])) == ("四级", "2021-03-09")
    # A row tells its way: its values stand in the correction sheet.
    assert (mended["source_file"], mended["source_sheet"]) == (
        "更正_持证残疾人_2021年4月_第1次.xlsx",
        "更正",
    )
    assert asked.standing()["样例1"]["source_file"] == "持证残疾人2021-04.xlsx"


def test_sorted_with_own_columns_and_some_rows_left_out_or_as_they_were(asked: Sender) -> None:
    form = mend(asked.form(), GRADE, TWO)
    form.rows = [row for row in form.rows if row["原表行号"] != DIGIT]
    random.Random(7).shuffle(form.rows)
    form.header = ["我的备注", *reversed(form.header)]
    for row in form.rows:
        row["我的备注"] = "已改"
    verdict = asked.send_back(form)
    assert verdict.delivery is not None
    assert (verdict.delivery.accepted_rows, verdict.delivery.rejected_rows) == (12, 2)
    assert sorted(asked.fates().values()) == ["改正并接收", "改正并接收", "没有改动"]
    assert any("没有送回的还有1行" in text for text in asked.receipt())
    # What is left is asked for again, and the second sheet goes the same way.
    left = asked.form()
    assert sorted(row["原表行号"] for row in left.rows) == [DAY, DIGIT]
    clean = asked.send_back(mend(left, DAY, DIGIT), "更正_持证残疾人_2021年4月_第2次.xlsx")
    assert clean.delivery is not None
    assert (clean.delivery.version, clean.delivery.accepted_rows) == (3, 14)


def test_one_column_sorted_without_the_others_is_taken_for_no_row(sender: Sender) -> None:
    days = ["2021-03-09", "2021-03-08", "2021-03-06", "2021-03-07"]
    rows = [good(serial) for serial in range(1, 15)]
    for row, day in zip(rows[-4:], days, strict=True):
        row[3], row[4] = "五级", day
    sender.deliver([HEADER, *rows])
    form = sender.form()
    for row, day in zip(form.rows, sorted(days), strict=True):
        row["残疾等级"], row["发证日期"] = "三级", day
    verdict = sender.send_back(form)
    assert verdict.delivery is not None
    assert (verdict.delivery.version, verdict.delivery.rejected_rows) == (1, 4)
    assert sorted(sender.fates().values()) == ["行码与内容对不上"] * 4


def test_the_first_sheet_may_come_back_in_two_parts(asked: Sender) -> None:
    form = asked.form()
    asked.send_back(mend(deepcopy(form), GRADE))
    verdict = asked.send_back(mend(deepcopy(form), DAY, DIGIT, TWO), "更正_持证残疾人（二）.xlsx")
    assert verdict.delivery is not None
    assert (verdict.delivery.version, verdict.delivery.accepted_rows) == (3, 14)
    assert sorted(asked.fates().values()) == ["改正并接收"] * 3 + ["没有改动"]


def test_another_value_for_what_has_been_mended_meanwhile_is_a_conflict(asked: Sender) -> None:
    form = asked.form()
    asked.send_back(mend(deepcopy(form), GRADE, TWO))
    other = mend(deepcopy(form), GRADE, DAY, TWO)
    other.row(GRADE)["残疾等级"] = "一级"
    verdict = asked.send_back(other, "更正_持证残疾人（另一人改的）.xlsx")
    fates = {a["原表位置"].split("第")[1]: a for a in asked.accounts()}
    conflict = fates[f"{GRADE}行"]
    assert conflict["去向"] == "与后来的数据冲突"
    assert [conflict[k] for k in ("列", "发出时", "这次改成", "现在存的")] == [
        "残疾等级",
        "五级",
        "一级",
        "三级",
    ]
    assert fates[f"{TWO}行"]["去向"] == "早已改好"
    assert fates[f"{DAY}行"]["去向"] == "改正并接收"
    assert asked.standing()["样例21"]["grade"] == "三级"
    assert verdict.delivery is not None
    assert verdict.delivery.accepted_rows == 13


def test_a_sheet_of_an_earlier_sending_after_a_newer_whole_one(asked: Sender) -> None:
    form = asked.form()
    newer = faulty()
    newer[GRADE - 1][3] = "二级"  # mended otherwise in the whole table
    newer[DAY - 1][4] = "2021-03-08"  # mended as in the sheet
    del newer[DIGIT - 1]  # no longer there
    asked.deliver([*newer, good(30)], name="持证残疾人2021-04重报.xlsx")
    verdict = asked.send_back(mend(form))
    accounts = {a["原表位置"].split("第")[1]: a for a in asked.accounts()}
    assert accounts[f"{GRADE}行"]["去向"] == "与后来的数据冲突"
    assert accounts[f"{GRADE}行"]["现在存的"] == "二级"
    assert accounts[f"{DAY}行"]["去向"] == "早已改好"
    assert accounts[f"{DIGIT}行"]["去向"] == "后来的报送里找不到"
    assert accounts[f"{TWO}行"]["去向"] == "改正并接收"
    assert verdict.delivery is not None
    assert (verdict.delivery.version, verdict.delivery.accepted_rows) == (3, 14)
    assert asked.standing()["样例21"]["grade"] == "二级"
    assert "样例23" not in asked.standing()


def test_codes_that_prove_nothing_attach_nothing(asked: Sender) -> None:
    form = mend(asked.form())
    form.row(GRADE)["行码"] = None
    forged = form.row(DAY)["行码"]
    form.row(DAY)["行码"] = forged[:-1] + ("0" if forged[-1] != "0" else "1")
    form.row(DIGIT)["行码"] = "PWGZ-" + "0" * 12 + forged[17:]
    verdict = asked.send_back(form)
    assert sorted(asked.fates().values()) == [
        "改正并接收",
        "没有行码",
        "行码不是本办发出的",
        "行码不是本办发出的",
    ]
    assert verdict.delivery is not None
    assert verdict.delivery.accepted_rows == 11
    assert sorted(verdict.faults.values()) == ["date", "id_check_digit", "list"]


def test_a_row_that_was_emptied_is_still_accounted_for(asked: Sender) -> None:
    form = mend(asked.form(), GRADE)
    form.row(DAY).update(dict.fromkeys(HEADER))
    verdict = asked.send_back(form)
    assert sorted(asked.fates().values()) == ["改后仍有误", "改正并接收", "没有改动", "没有改动"]
    assert verdict.delivery is not None
    assert verdict.delivery.accepted_rows == 11
    assert "name" in verdict.faults.values()


def test_a_code_on_two_rows_is_taken_only_if_they_say_the_same(asked: Sender) -> None:
    form = mend(asked.form(), GRADE, DAY)
    form.rows.append(dict(form.row(GRADE)))
    other = dict(form.row(DAY), 发证日期="2021-02-01", 原表行号=99)
    form.rows.append(other)
    verdict = asked.send_back(form)
    fates = sorted(asked.fates().values())
    assert fates == ["改正并接收", "没有改动", "没有改动", "行码重复", "行码重复", "重复的行"]
    assert verdict.delivery is not None
    assert verdict.delivery.accepted_rows == 11


def test_contents_sorted_without_their_codes_are_not_taken(asked: Sender) -> None:
    form = mend(asked.form())
    contents = [{name: row[name] for name in HEADER} for row in form.rows]
    for row, content in zip(form.rows, [*contents[1:], contents[0]], strict=True):
        row.update(content)
    before = asked.standing()
    verdict = asked.send_back(form)
    assert set(asked.fates().values()) == {"行码与内容对不上"}
    assert verdict.status == "accepted"
    assert asked.standing() == before
    assert "更正没有采用" in asked.receipt()
    # The sheet to fill in is still there.
    assert len(asked.form().rows) == 4


def test_a_correction_may_be_wrong_again_and_is_told_why(asked: Sender) -> None:
    form = mend(asked.form(), DAY)
    form.row(GRADE)["残疾等级"] = "六级"
    form.row(TWO)["残疾等级"] = "四级"
    verdict = asked.send_back(form)
    fates = {a["原表位置"].split("第")[1]: a for a in asked.accounts()}
    assert fates[f"{GRADE}行"]["去向"] == "改后仍有误"
    assert "填写内容不在规定选项之内" in fates[f"{GRADE}行"]["说明"]
    assert fates[f"{TWO}行"]["去向"] == "改后仍有误"
    assert verdict.delivery is not None
    assert verdict.delivery.rejected_rows == 3
    again = asked.form()
    # What has been put right already stays: only the date is asked for now.
    row = next(r for r in again.rows if r["姓名"] == "样例24")
    assert row["残疾等级"] == "四级"
    assert "残疾等级" not in row["问题"]
    assert "发证日期" in row["问题"]


def test_a_row_that_equals_another_once_it_is_mended_is_said_to_be_needless(
    asked: Sender,
) -> None:
    form = asked.form()
    form.row(DIGIT).update(姓名="样例1", 残疾人证号=number(serial=1))
    verdict = asked.send_back(form)
    assert "改后与别的行重复" in asked.fates().values()
    assert verdict.delivery is not None
    assert verdict.delivery.accepted_rows == 10
    assert "duplicate" in verdict.faults.values()


def test_the_same_sheet_again_is_no_new_version(asked: Sender, office: Office) -> None:
    form = mend(asked.form())
    asked.send_back(form)
    path = office.path(DATASET, "更正_持证残疾人_2021年4月_第1次.xlsx")
    (path.parent / "再发一次_持证残疾人.xlsx").write_bytes(path.read_bytes())
    asked.taken_in()
    assert any("与第2次报送完全相同" in text for text in asked.receipt())
    with office.ledger.transaction() as session:
        assert session.scalar(select(func.count()).select_from(Delivery)) == 2
    # Saved anew it is another file, and there is nothing left for it to change.
    verdict = asked.send_back(form, "更正_持证残疾人_又存了一遍.xlsx")
    assert set(asked.fates().values()) == {"早已改好"}
    assert verdict.delivery is not None
    assert verdict.delivery.version == 2


def test_the_whole_table_again_does_not_undo_what_was_mended(asked: Sender, office: Office) -> None:
    asked.send_back(mend(asked.form()))
    content = office.path(DATASET, "持证残疾人2021-04.xlsx").read_bytes()
    verdict = office.deliver_bytes(DATASET, content, "持证残疾人2021-04又发.xlsx")
    assert verdict.delivery is not None
    assert (verdict.delivery.version, verdict.delivery.accepted_rows) == (2, 14)


def test_a_sheet_that_comes_together_with_a_newer_whole_table_is_merged_into_that(
    asked: Sender, office: Office
) -> None:
    form = mend(asked.form(), GRADE)
    path = office.path(DATASET, "更正_持证残疾人.xlsx")
    save_workbook(path, {"更正": form.grid()})
    verdict = asked.deliver([*faulty(), good(30)], name="持证残疾人2021-04重报.xlsx")
    assert verdict.delivery is not None
    assert (verdict.delivery.version, verdict.delivery.accepted_rows) == (3, 12)
    assert asked.standing()["样例21"]["grade"] == "三级"


def test_rows_of_a_stopped_delivery_are_mended_until_it_can_be_taken(sender: Sender) -> None:
    rows = [HEADER, *(good(serial) for serial in range(1, 31))]
    for row in rows[1:21]:
        row[3] = "五级"
    assert sender.deliver(rows).status == "rejected"
    form = sender.form()
    first, rest = deepcopy(form), deepcopy(form)
    for row in first.rows[:8]:
        row["残疾等级"] = "三级"
    stopped = sender.send_back(first)
    assert stopped.status == "rejected"
    assert "更正已并入，整份仍退回" in sender.receipt()
    for row in sender.form().rows:
        assert row["残疾等级"] == "五级"
    assert len(sender.form().rows) == 12
    for row in rest.rows[8:]:
        row["残疾等级"] = "二级"
    verdict = sender.send_back(rest, "更正_持证残疾人（其余）.xlsx")
    assert verdict.status == "accepted"
    assert verdict.delivery is not None
    assert (verdict.delivery.version, verdict.delivery.accepted_rows) == (1, 30)


def test_what_a_person_has_accepted_stays_accepted_when_it_is_mended(sender: Sender) -> None:
    office = sender.office
    rows = [HEADER, *(good(serial) for serial in range(1, 31))]
    for row in rows[1:21]:
        row[3] = "五级"
    sender.deliver(rows)
    form = sender.form()
    accept_stopped(APRIL, DATASET, None, "来不及改", "样例主任", office.settings, office.ledger)
    for row in form.rows[:5]:
        row["残疾等级"] = "三级"
    verdict = sender.send_back(form)
    assert verdict.status == "accepted"
    assert verdict.delivery is not None
    assert (verdict.delivery.version, verdict.delivery.accepted_rows) == (2, 15)


def test_a_person_may_accept_what_is_still_too_faulty_after_it_was_mended(sender: Sender) -> None:
    office = sender.office
    rows = [HEADER, *(good(serial) for serial in range(1, 31))]
    for row in rows[1:21]:
        row[3] = "五级"
    sender.deliver(rows)
    form = sender.form()
    for row in form.rows[:5]:
        row["残疾等级"] = "三级"
    assert sender.send_back(form).status == "rejected"
    made = accept_stopped(
        APRIL, DATASET, None, "其余改不了", "样例主任", office.settings, office.ledger
    )
    assert (made.version, made.accepted_rows, made.rejected_rows) == (1, 15, 15)


def test_another_townships_new_part_keeps_what_this_one_has_mended(
    sender: Sender, office: Office
) -> None:
    def part(township: str, rows: list[list[Any]], extra: str = "") -> None:
        name = f"持证残疾人_{township}{extra}.xlsx"
        save_workbook(office.path(DATASET, name), {"Sheet1": [HEADER, *rows]})

    wrong = [*good(11)[:3], "五级", "2021-03-06"]
    part("甸阳镇", [good(1), wrong])
    part("由旺镇", [good(2)])
    sender.taken_in()
    form = sender.form()
    form.rows[0]["残疾等级"] = "三级"
    assert sender.send_back(form).faults == {}
    part("由旺镇", [good(2), good(3)], "（补报）")
    verdict = sender.taken_in()
    assert verdict.faults == {}
    assert verdict.delivery is not None
    assert (verdict.delivery.version, verdict.delivery.accepted_rows) == (3, 4)
    assert sender.standing()["样例11"]["grade"] == "三级"


def test_a_sheet_of_last_month_is_told_where_it_belongs(sender: Sender, office: Office) -> None:
    march = Sender(office, month=sender.month - 1)
    march.deliver(faulty())
    form = mend(march.form())
    verdict = sender.send_back(form)
    assert verdict.status == "missing"
    assert any("其中4行的行码是2021年3月“持证残疾人”的" in text for text in sender.receipt())
    # In its own month's folder it is taken, whatever it is called.
    fine = march.send_back(form, "改好了.xlsx")
    assert fine.delivery is not None
    assert fine.delivery.accepted_rows == 14


def test_a_journal_and_the_ledger_say_what_was_merged_into_what(
    asked: Sender, office: Office
) -> None:
    asked.send_back(mend(asked.form(), GRADE))
    with office.ledger.transaction() as session:
        (correction,) = session.scalars(select(Correction))
        base = session.get_one(Delivery, correction.base_id)
        assert base.version == 1
        assert correction.rows == {"mended": 1, "unchanged": 3}
