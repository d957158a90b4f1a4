"""部门报送: what came and what was sent back, for whom it concerns; and a person's decision."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from poverty_watch.ledger.models import JournalEntry, StoppedDecision
from poverty_watch.ledger.store import open_ledger
from poverty_watch.settings import Settings
from tests.board.conftest import Asking
from tests.board.furnished import number_of

OWN, OTHERS = "/deliveries/2021-04/social_assistance", "/deliveries/2021-04/payroll"
FILE = "更正_社会救助_2021年4月_第1次.xlsx"


def token_in(text: str, action: str) -> str:
    """The token of the form that posts there."""
    form = next(f for f in text.split("<form") if f'action="{action}"' in f)
    found = re.search(r'name="token" value="(\w+)"', form)
    assert found
    return found[1]


def test_the_grid_shows_each_dataset_once_and_a_department_its_own_alone(office: Asking) -> None:
    everything = office("office").get("/deliveries?month=2021-04").text
    assert 'aria-label="民政局社会救助2021年4月：已接收，按时"' in everything
    assert 'aria-label="财政局财政供养2021年4月：整份退回"' in everything
    own = office("department").get("/deliveries?month=2021-04").text
    assert "民政局社会救助" in own
    assert "财政" not in own


def test_a_dataset_tells_what_was_sent_back_and_why_with_masked_numbers(office: Asking) -> None:
    for account in ("office", "department", "viewer"):
        text = office(account).get(OWN).text
        assert "身份证号校验码不符" in text
        assert "最后一位与前17位不相符" in text
        assert "社会救助.xlsx“Sheet1”第7行" in text
        assert number_of("F") not in text
    assert "530521********" in office("office").get(OWN).text


def test_another_departments_delivery_is_refused(office: Asking) -> None:
    assert office("office").get(OTHERS).status_code == 200
    assert office("department").get(OTHERS).status_code == 403
    assert office("township").get(OWN).status_code == 403


def test_the_results_page_may_use_its_own_style_and_no_script(office: Asking) -> None:
    answer = office("department").get(f"{OWN}/results/校验结果_社会救助_2021年4月_第1次.html")
    assert "样例校验结果" in answer.text
    policy = answer.headers["content-security-policy"]
    assert "style-src 'sha256-" in policy
    assert "script-src" not in policy
    assert office("department").get(f"{OWN}/results/..%2F..%2Fledger.sqlite").status_code == 404
    assert office("department").get(f"{OWN}/results/{FILE}").status_code == 404


def test_a_workbook_with_numbers_is_handed_out_for_a_purpose_that_is_journalled(
    office: Asking, furnished: Settings
) -> None:
    client = office("department")
    path = f"{OWN}/files/{FILE}"
    token = token_in(
        client.get(OWN).text, str(client.build_request("GET", path).url.raw_path, "ascii")
    )
    assert client.post(path, data={"purpose": "转交经办改正"}).status_code == 403
    assert client.post(path, data={"purpose": " ", "token": token}).status_code == 400
    assert client.get(path).status_code == 405
    taken = client.post(path, data={"purpose": "转交经办改正", "token": token})
    assert number_of("F") in taken.text
    assert office("viewer").post(path, data={"purpose": "看看", "token": token}).status_code == 403
    assert office("office").post(path, data={"purpose": "看看", "token": token}).status_code == 403
    with open_ledger(furnished).transaction() as session:
        entries = list(
            session.scalars(select(JournalEntry).where(JournalEntry.action == "下载文件"))
        )
    assert [(e.actor, e.subject, e.detail["file"]) for e in entries] == [
        ("样本民政", "转交经办改正", FILE)
    ]


@pytest.mark.parametrize("account", ["department", "viewer", "township"])
def test_only_the_county_office_accepts_a_stopped_delivery(office: Asking, account: str) -> None:
    given = {"delivery": "1", "reason": "样例理由", "token": "x"}
    assert office(account).post(f"{OTHERS}/accept", data=given).status_code == 403


def test_a_stopped_delivery_is_accepted_with_a_reason_under_the_accounts_own_name(
    office: Asking, furnished: Settings
) -> None:
    client = office("office")
    assert "整份暂停、等您决定的报送" in client.get("/month").text
    text = client.get(OTHERS).text
    token = token_in(text, f"{OTHERS}/accept")
    found = re.search(r'name="delivery" value="(\d+)"', text)
    assert found
    given = {"delivery": found[1], "token": token}
    refused = client.post(f"{OTHERS}/accept", data=given | {"reason": "  "})
    assert (refused.status_code, "理由不能为空" in refused.text) == (400, True)
    assert (
        client.post(f"{OTHERS}/accept", data=given | {"reason": "机构撤并，人数属实"}).status_code
        == 303
    )
    after = client.get(OTHERS).text
    assert "由样本专班决定接收，理由：机构撤并，人数属实" in after
    assert "重新运行2021年4月后生效" in after
    assert "整份暂停、等您决定的报送" not in client.get("/month").text
    with open_ledger(furnished).transaction() as session:
        (decision,) = session.scalars(select(StoppedDecision))
    assert decision.decided_by == "样本专班"
