"""Every route by every role: opened where it should, refused where it should; nobody sees another's."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from fastapi.routing import APIRoute

from poverty_watch.board.pages import ROUTERS
from poverty_watch.settings import Settings
from tests.board.conftest import Asking, asking_of
from tests.board.furnished import OTHER, OWN, furnish

ALL = (200, 200, 200, 200)
"""Of the county's office, a township (甸阳镇), a department (民政局) and one who only looks."""
PLACES = (200, 200, 403, 200)
DEPARTMENTS = (200, 403, 200, 200)
FIRST = (303, 303, 303, 303)
ONLY_COUNTY = (403, 403, 403, 403)
"""A form without its token: the office is refused for that, the others for who they are."""
WORKBOOK = "更正_社会救助_2021年4月_第1次.xlsx"
RESULTS = "校验结果_社会救助_2021年4月_第1次.html"
ROUTES = {
    ("GET", "/"): ("/", FIRST),
    ("GET", "/board.css"): ("/board.css", ALL),
    ("GET", "/month"): ("/month", ALL),
    ("GET", "/deliveries"): ("/deliveries", DEPARTMENTS),
    ("GET", "/deliveries/{month_text}/{dataset}"): (
        "/deliveries/2021-04/social_assistance",
        DEPARTMENTS,
    ),
    ("GET", "/deliveries/{month_text}/{dataset}/results/{name}"): (
        f"/deliveries/2021-04/social_assistance/results/{RESULTS}",
        DEPARTMENTS,
    ),
    ("POST", "/deliveries/{month_text}/{dataset}/files/{name}"): (
        f"/deliveries/2021-04/social_assistance/files/{WORKBOOK}",
        ONLY_COUNTY,
    ),
    ("POST", "/deliveries/{month_text}/{dataset}/accept"): (
        "/deliveries/2021-04/payroll/accept",
        ONLY_COUNTY,
    ),
    ("GET", "/quality"): ("/quality", DEPARTMENTS),
    ("GET", "/warnings"): ("/warnings", PLACES),
    ("GET", "/warnings/{month_text}/{check_id}"): ("/warnings/2021-04/W01", PLACES),
    ("GET", "/comparisons"): ("/comparisons", ALL),
    ("GET", "/comparisons/{month_text}/{check_id}"): ("/comparisons/2021-04/C05", ALL),
    ("GET", "/verification"): ("/verification", PLACES),
    ("GET", "/verification/tasks"): ("/verification/tasks", PLACES),
    ("GET", "/cases"): ("/cases", PLACES),
    ("GET", "/cases/{case_id}"): ("/cases/1", PLACES),
    ("GET", "/measures"): ("/measures", ALL),
    ("GET", "/households"): ("/households", PLACES),
    ("GET", "/households/{month_text}/{household_id}"): (f"/households/2021-04/{OWN}", PLACES),
    ("POST", "/households/{month_text}/{household_id}/numbers"): (
        f"/households/2021-04/{OWN}/numbers",
        ONLY_COUNTY,
    ),
    ("GET", "/reports"): ("/reports", ALL),
    ("GET", "/reports/{month_text}/{number}"): ("/reports/2021-04/1", ALL),
    ("GET", "/reports/{month_text}/{number}/files/{name}"): (
        "/reports/2021-04/1/files/月报表_2021年4月_第1版_草稿.xlsx",
        (200, 403, 403, 200),
    ),
    ("GET", "/reports/{month_text}/{number}/difference"): (
        "/reports/2021-04/1/difference?against=1",
        (200, 403, 403, 200),
    ),
    ("GET", "/reports/{month_text}/{number}/trace"): (
        "/reports/2021-04/1/trace?cell=表一!F7",
        (200, 403, 403, 200),
    ),
    ("GET", "/rules"): ("/rules", ALL),
    ("GET", "/rules/{check_id}"): ("/rules/W01", ALL),
    ("GET", "/try"): ("/try", (200, 403, 200, 403)),
    ("POST", "/try"): ("/try", (422, 403, 422, 403)),
}
FORM = {"purpose": "样例用途", "reason": "样例理由", "delivery": "1"}


def test_every_route_is_tried() -> None:
    there = {
        (method, route.path)
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, APIRoute)
        for method in route.methods
    }
    assert there == set(ROUTES)


def test_every_route_answers_each_role_as_it_should(office: Asking) -> None:
    wrong = []
    for (method, template), (path, expected) in ROUTES.items():
        for account, status in zip(
            ("office", "township", "department", "viewer"), expected, strict=True
        ):
            answer = office(account).request(method, path, data=FORM if method == "POST" else None)
            if answer.status_code != status:
                wrong.append((method, template, account, answer.status_code, status))
    assert not wrong


def test_no_route_gives_anything_to_nobody_or_to_an_account_without_a_role(office: Asking) -> None:
    for (method, _), (path, _) in ROUTES.items():
        for account, status in ((None, 401), ("stranger", 403)):
            answer = office(account).request(method, path, data=FORM if method == "POST" else None)
            assert (path, answer.status_code) == (path, status)
            assert "样本" not in answer.text
            assert OWN not in answer.text


@pytest.mark.parametrize(
    "path",
    [
        "/warnings/2021-04/W01",
        "/comparisons/2021-04/C05",
        "/verification",
        "/verification/tasks",
        "/cases",
        "/measures",
    ],
)
def test_a_township_sees_its_own_households_alone(office: Asking, path: str) -> None:
    everything = office("office").get(path).text
    assert "姚关镇" in everything
    own = office("township").get(path).text
    assert "姚关镇" not in own
    assert OTHER not in own
    assert "蒜园村" not in own
    asked_for = office("township").get(f"{path}?township=姚关镇&place=姚关镇").text
    assert OTHER not in asked_for


@pytest.mark.parametrize("path", [f"/households/2021-04/{OTHER}", "/cases/2"])
def test_a_township_is_refused_another_townships_household(office: Asking, path: str) -> None:
    assert office("office").get(path).status_code == 200
    answer = office("township").get(path)
    assert answer.status_code in (403, 404)
    assert "样本C" not in answer.text


def test_a_department_sees_its_own_help_alone(office: Asking) -> None:
    text = office("department").get("/measures").text
    assert text.count("民政局") >= 2
    assert "医保局" not in text
    assert "医保局" in office("office").get("/measures").text


@pytest.fixture
def on_postgresql(bound_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Asking:
    """The same installation on a PostgreSQL server whose policies bind the board's own account."""
    home = tmp_path / "home"
    settings = Settings(home, home / "inbox", bound_url)
    monkeypatch.setenv("POVERTY_WATCH_TODAY", "2021-05-07")
    furnish(settings)
    return asking_of(settings, monkeypatch)


def test_postgresql_shows_each_role_the_same_as_sqlite(
    on_postgresql: Asking, office: Asking
) -> None:
    for (method, _), (path, expected) in ROUTES.items():
        if method == "POST" or "/results/" in path:
            continue
        for account, status in zip(
            ("office", "township", "department", "viewer"), expected, strict=True
        ):
            there = on_postgresql(account).get(path)
            assert (path, account, there.status_code) == (path, account, status)
            if "<main" in there.text:
                assert _words(there.text) == _words(office(account).get(path).text)


def _words(text: str) -> str:
    """A page without what differs from one moment or installation to the next."""
    return re.sub(r'value="\w{64}"|\d{4}-\d\d-\d\d \d\d:\d\d', "", text)


def test_addresses_that_lead_nowhere_are_told_in_chinese(office: Asking) -> None:
    client = office("office")
    for path, status in {
        "/month?month=2021-13": 400,
        "/month?month=2031-01": 404,
        "/warnings/2021-04/W99": 404,
        "/warnings/2021-04/C05": 404,
        "/comparisons/2021-04/W01": 404,
        "/comparisons/2021-04/C05?state=x": 400,
        "/deliveries/2021-04/nothing": 404,
        "/households/2021-04/R:999": 404,
        "/reports/2021-04/9": 404,
        "/rules/Z01": 404,
        "/cases/99": 404,
        "/verification/tasks?page=0": 422,
        "/nowhere": 404,
    }.items():
        answer = client.get(path)
        assert (path, answer.status_code) == (path, status)
        assert "不能打开" in answer.text
