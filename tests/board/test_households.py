"""A household's page: why it was found, masked; full numbers for a purpose that is journalled."""

from __future__ import annotations

from sqlalchemy import select

from poverty_watch.ledger.audit import verify
from poverty_watch.ledger.models import JournalEntry
from poverty_watch.ledger.store import open_ledger
from poverty_watch.settings import Settings
from tests.board.conftest import Asking
from tests.board.furnished import OWN, number_of
from tests.board.test_deliveries import token_in

PAGE = f"/households/2021-04/{OWN}"


def test_a_household_tells_why_and_whence_and_what_becomes_of_it(office: Asking) -> None:
    text = office("township").get(PAGE).text
    assert "样本A户" in text
    assert "W01 " in text
    assert "60000" in text
    assert "medical_expenses.xlsx" in text
    assert "已形成线索，交乡镇入户核实" in text
    assert "待核实" in text
    assert "识别认定" in text
    assert "综合保障" in text
    assert "无法判断" in text


def test_nobodys_number_is_on_any_page(office: Asking) -> None:
    numbers = [number_of(symbol) for symbol in "ABCDEF"]
    for path in (
        PAGE,
        "/warnings/2021-04/W01",
        "/cases/1",
        "/deliveries/2021-04/social_assistance",
    ):
        for account in ("office", "township", "department", "viewer"):
            text = office(account).get(path).text
            assert not any(number in text for number in numbers)
            assert "10000000001" not in text


def test_one_who_only_looks_reads_family_names_alone(office: Asking) -> None:
    for path in (PAGE, "/warnings/2021-04/W01", "/comparisons/2021-04/C05", "/cases/1"):
        text = office("viewer").get(path).text
        assert not any(f"样本{symbol}" in text for symbol in "ABCDE")
        assert "样本甲" not in text
    assert "样**" in office("viewer").get(PAGE).text


def test_full_numbers_are_shown_to_the_office_for_a_purpose_that_the_journal_keeps(
    office: Asking, furnished: Settings
) -> None:
    client = office("office")
    token = token_in(client.get(PAGE).text, f"{PAGE}/numbers")
    assert client.post(f"{PAGE}/numbers", data={"token": token}).status_code == 400
    shown = client.post(f"{PAGE}/numbers", data={"token": token, "purpose": "核对开户人"})
    assert number_of("A") in shown.text
    assert "10000000001" in shown.text
    assert shown.headers["cache-control"] == "no-store"
    assert number_of("A") not in client.get(PAGE).text
    ledger = open_ledger(furnished)
    with ledger.transaction() as session:
        entries = session.scalars(
            select(JournalEntry).where(JournalEntry.actor == "样本专班").order_by(JournalEntry.id)
        ).all()
    assert [(e.action, e.subject, e.detail["count"]) for e in entries] == [
        ("查看身份证号", "R:1：核对开户人", 2),
        ("查看联系电话", "R:1：核对开户人", 1),
    ]
    assert verify(ledger, furnished).is_sound


def test_only_the_office_is_shown_numbers_and_only_by_its_own_form(office: Asking) -> None:
    token = token_in(office("office").get(PAGE).text, f"{PAGE}/numbers")
    given = {"token": token, "purpose": "看看"}
    for account in ("township", "department", "viewer"):
        assert "查看完整的身份证号" not in office(account).get(PAGE).text
        assert office(account).post(f"{PAGE}/numbers", data=given).status_code == 403
    client = office("office")
    assert client.post(f"{PAGE}/numbers", data={"purpose": "看看"}).status_code == 403
    assert client.post("/households/2021-04/R:2/numbers", data=given).status_code == 403
    elsewhere = client.post(f"{PAGE}/numbers", data=given, headers={"sec-fetch-site": "cross-site"})
    assert elsewhere.status_code == 403


def test_a_number_that_is_asked_for_leads_to_the_page(office: Asking) -> None:
    client = office("township")
    answer = client.get("/households?household=1&month=2021-04")
    assert answer.headers["location"] == PAGE
    answer = client.get("/households?household=//evil.example&month=2021-04")
    assert answer.headers["location"].startswith("/households/2021-04/R:")
