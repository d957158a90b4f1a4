"""What an explanation says where a missing row is the hit, and of rules that lacked their data."""

from __future__ import annotations

from poverty_watch.cli.explanations import told
from poverty_watch.screening.explaining import explain
from tests.screening.conftest import APRIL, Office

GIVEN = """
monitoring_register:
  - &A {person_id: A, household_no: 1, relation: 户主, monitored_class: 脱贫不稳定户, is_eliminated: 是}
  - {<<: *A, person_id: B, household_no: 2, labour: 无劳动力}
births: {B: 2010-05-01}
medical_enrolment:
  - {person_id: A, status: 暂停参保}
school_enrolment: []
dropout_suspects: []
housing_safety:
  - {person_id: A}
sent_back:
  medical_enrolment:
    - {source_file: 参保.xlsx, source_sheet: 表1, source_row: 9, fault: id_check_digit}
"""


def test_a_missing_row_is_told_with_what_was_searched_and_sent_back(office: Office) -> None:
    office.deliver(GIVEN)
    office.screen()

    found = explain(APRIL, "R:2", office.settings, office.ledger)
    lines = list(told(found, office.settings, office.ledger))

    at = next(i for i, line in enumerate(lines) if "W05 未参加基本医保" in line)
    told_of_w05 = "\n".join(lines[at : lines.index("", at)])
    assert "查过：医保局“参保”2021年4月第1版" in told_of_w05
    assert "其中已退回1行，缺的那一行可能在里面：文件“参保.xlsx”工作表“表1”第9行" in told_of_w05
    assert "身份证号校验码不符" in told_of_w05
    assert "标准：出生后应当参保的天数：90天，自2021年1月起" in told_of_w05
    assert any(line.startswith("· W21 整户无劳动力未兜底：缺少民政局“社会救助”") for line in lines)


def test_a_row_that_shows_what_is_there_needs_no_search(office: Office) -> None:
    office.deliver(GIVEN)
    office.screen()
    found = explain(APRIL, "R:1", office.settings, office.ledger)
    reasons = {reason.check_id: reason for reason in found.hits}
    assert reasons["W05"].searched == ()
    assert len(reasons["W05"].places) == 1
    assert "唯一住房鉴定为" in reasons["W22"].sentence
