"""Who may open what; nobody gets anything without having signed in."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from poverty_watch.board import Account
from poverty_watch.board.access import account_policy, viewer_for
from poverty_watch.board.menu import EVERYBODY
from poverty_watch.board.pages import MENU, this_month
from poverty_watch.months import CalendarError
from tests.board.conftest import ACCOUNTS, Asking

ROLES = {"office": "county", "township": "township", "department": "department", "viewer": "viewer"}


@pytest.mark.parametrize("account", ROLES)
def test_a_page_opens_to_the_roles_of_its_menu_entry_and_to_no_other(
    office: Asking, account: str
) -> None:
    client = office(account)
    for entry in MENU:
        answer = client.get(entry.path)
        assert answer.status_code == (200 if ROLES[account] in entry.roles else 403)
        assert (f'href="{entry.path}"' in answer.text) == (ROLES[account] in entry.roles)


def test_a_page_that_breaks_says_so_and_nothing_else(
    office: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("样本A 530521198001010653")

    monkeypatch.setattr(this_month, "watch", broken)
    client = TestClient(office("office").app, raise_server_exceptions=False)
    answer = client.get("/month", headers={"x-sample-account": "office"})
    assert answer.status_code == 500
    assert "样本A" not in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_every_role_is_known_to_the_menu() -> None:
    assert set(ROLES.values()) == set(EVERYBODY)
    assert {viewer_for(a, account_policy()).role for n, a in ACCOUNTS.items() if n in ROLES} == set(  # type: ignore[union-attr]
        EVERYBODY
    )


def test_a_place_counts_before_a_wider_role() -> None:
    viewer = viewer_for(Account("样本", ("查看人员", "县专班", "甸阳镇")), account_policy())
    assert viewer is not None
    assert (viewer.role, viewer.place) == ("township", "甸阳镇")


def test_every_answer_forbids_scripts_and_caches(asking: Asking) -> None:
    for answer in (
        asking("office").get("/try"),
        asking(None).get("/try"),
        asking("office").get("/x"),
    ):
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src" not in policy
        assert answer.headers["cache-control"] == "no-store"
    assert "<script" not in asking("office").get("/try").text


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"origin": "http://elsewhere.example"}, 403),
        ({"sec-fetch-site": "same-origin"}, 400),
        ({"origin": "http://testserver"}, 400),
    ],
)
def test_a_form_of_another_site_is_refused(
    asking: Asking, headers: dict[str, str], status: int
) -> None:
    answer = asking("office").post(
        "/try", files={"files": ("a.xlsx", b"x")}, data={"month": "二月"}, headers=headers
    )
    assert answer.status_code == status


def test_a_policy_file_that_ends_too_early_is_told_and_not_a_broken_page(
    office: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_early(*_: object, **__: object) -> None:
        raise CalendarError("2031年的放假安排尚未载入，无法计算工作日期限。")

    monkeypatch.setattr(this_month, "watch", too_early)
    answer = office("office").get("/month")
    assert answer.status_code == 503
    assert "2031年的放假安排尚未载入" in answer.text
