from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest
import requests

from poverty_watch.intake import SourceError, delivered
from poverty_watch.intake.sources import HttpSource
from tests.intake.conftest import APRIL, number
from tests.intake.sources.conftest import CONNECTION, IMPATIENT, Clinic
from tests.intake.sources.servers import PASSWORD, HttpServer, unused_port

PAGES = {
    "major_illness": {
        "path": "/api/illness?from={month_first_day}&to={month_last_day}",
        "items": "data.rows",
        "page_parameter": "page",
        "page_size": 2,
    },
    "deaths": {"path": "/api/{department}/{month}/deaths"},
}


def row(serial: int, **other: Any) -> dict[str, Any]:
    return {
        "姓名": f"样例{serial}",
        "person_id": number(serial=serial),
        "病种": "尿毒症",
        "确诊日期": "2021-04-03T00:00:00Z",
        "address": "家庭住址",
    } | other


class Api:
    """A paged interface; ``trouble`` answers are given first."""

    def __init__(self, rows: list[dict[str, Any]], size: int = 2) -> None:
        self.rows, self.size = rows, size
        self.trouble: list[tuple[int, Any]] = []
        self.deaths: Any = []

    def __call__(self, path: str, query: dict[str, str]) -> tuple[int, Any]:
        if path == "/api/clinic/2021-04/deaths":
            return 200, self.deaths
        if path != "/api/illness" or (query["from"], query["to"]) != ("2021-04-01", "2021-04-30"):
            return 404, {}
        if self.trouble:
            return self.trouble.pop(0)
        start = (int(query["page"]) - 1) * self.size
        rows = self.rows[start : start + self.size]
        return 200, {"data": {"rows": rows, "count": len(self.rows)}}


@pytest.fixture
def source(http: HttpServer, clinic: Clinic) -> HttpSource:
    clinic.arrives(way="http", connection=CONNECTION, datasets=PAGES)
    session = requests.Session()
    session.headers["X-Api-Key"] = PASSWORD
    session.auth = ("county", PASSWORD)
    return HttpSource(CONNECTION, http.url, session, IMPATIENT)


def told(clinic: Clinic, source: HttpSource) -> str:
    with pytest.raises(SourceError) as caught:
        clinic.take_in(source)
    for part in ("样例卫生院", "HTTP接口", CONNECTION):
        assert part in str(caught.value)
    assert PASSWORD not in str(caught.value)
    return str(caught.value)


def test_all_pages_are_taken_in(http: HttpServer, clinic: Clinic, source: HttpSource) -> None:
    http.answer = Api([row(n) for n in range(1, 6)])
    clinic.take_in(source)
    verdict = clinic.verdict()
    assert verdict.status == "accepted"
    assert verdict.accepted is not None
    assert verdict.accepted["name"].to_pylist() == [f"样例{n}" for n in range(1, 6)]
    assert clinic.verdict("deaths").status == "nil"
    kept = (clinic.spool / "大病_2021-04_取数.csv").read_text(encoding="utf-8")
    assert kept.splitlines()[0] == "姓名,身份证号,病种,确诊日期"
    assert "家庭住址" not in kept
    assert http.headers[0]["X-Api-Key"] == PASSWORD


def test_a_server_that_gives_shorter_pages_than_asked_for_loses_no_row(
    http: HttpServer, clinic: Clinic, source: HttpSource
) -> None:
    http.answer = Api([row(n) for n in range(1, 6)], size=1)
    clinic.take_in(source)
    delivery = clinic.verdict().delivery
    assert delivery is not None
    assert delivery.data_rows == 5


def test_unchanged_rows_on_other_pages_make_no_new_version(
    http: HttpServer, clinic: Clinic, source: HttpSource
) -> None:
    rows = [row(n) for n in range(1, 6)]
    http.answer = Api(rows)
    clinic.take_in(source)
    http.answer = Api(rows[::-1])
    assert "新到0个" in clinic.take_in(source)
    http.answer = Api([*rows, row(6)])
    clinic.take_in(source)
    delivery = clinic.verdict().delivery
    assert delivery is not None
    assert (delivery.version, delivery.data_rows) == (2, 6)


@pytest.mark.parametrize(
    "trouble", [(500, {}), (503, {}), (429, {}), (200, b'{"data": {"rows": [')]
)
def test_an_answer_that_fails_once_is_asked_for_again(
    trouble: tuple[int, Any], http: HttpServer, clinic: Clinic, source: HttpSource
) -> None:
    api = Api([row(n) for n in range(1, 4)])
    api.trouble = [trouble, trouble]
    http.answer = api
    clinic.take_in(source)
    delivery = clinic.verdict().delivery
    assert delivery is not None
    assert delivery.data_rows == 3


@pytest.mark.parametrize(
    ("status", "body", "said", "asked"),
    [
        (500, {}, "暂时不能回答（500）", 3),
        (200, b"<html>", "不是完整的 JSON", 3),
        (200, '{"data": "中文"}'.encode("gb18030"), "不是完整的 JSON", 3),
        (200, {"data": {}}, "没有“data.rows”", 1),
        (200, {"data": {"rows": [1]}}, "不是一行一个对象", 1),
        (200, {"data": {"rows": [{"a": 1}]}}, "一个也不认得（有：a）", 2),
        (401, {}, "用户名、密码或令牌", 1),
        (404, {}, "path", 1),
        (302, {}, "已转移", 1),
    ],
)
def test_what_is_wrong_is_said_and_asked_again_only_if_that_may_help(
    status: int,
    body: Any,
    said: str,
    asked: int,
    http: HttpServer,
    clinic: Clinic,
    source: HttpSource,
) -> None:
    api = Api([])
    api.trouble = [(status, body)] * (1 if asked == 2 else 9)
    http.answer = api
    assert said in told(clinic, source)
    assert sum("illness" in path for path in http.asked) == asked
    assert not (clinic.spool / "大病_2021-04_取数.csv").exists()


def test_pages_that_never_end_are_noticed(
    http: HttpServer, clinic: Clinic, source: HttpSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    http.answer = lambda path, query: (200, {"data": {"rows": [row(1), row(2)]}})
    assert "完全相同" in told(clinic, source)
    monkeypatch.setattr("poverty_watch.intake.sources.http._MOST_PAGES", 5)
    http.asked.clear()
    http.answer = lambda path, query: (200, {"data": {"rows": [row(int(query.get("page", "1")))]}})
    assert "5页还没有完" in told(clinic, source)
    assert sum("illness" in path for path in http.asked) == 5


def test_a_total_ends_the_pages_and_must_be_met(
    http: HttpServer, clinic: Clinic, source: HttpSource
) -> None:
    with_total = PAGES | {"major_illness": PAGES["major_illness"] | {"total": "data.count"}}
    clinic.arrives(way="http", connection=CONNECTION, datasets=with_total)
    http.answer = Api([row(n) for n in range(1, 5)])
    clinic.take_in(source)
    assert sum("illness" in path for path in http.asked) == 2
    http.answer = lambda path, query: (200, {"data": {"rows": [], "count": 4}})
    assert "共4条，实际取到0条" in told(clinic, source)


def test_an_answer_that_is_too_large_is_not_read_to_its_end(
    http: HttpServer, clinic: Clinic, source: HttpSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    from poverty_watch.intake.policy import DeliveryPolicy
    from poverty_watch.intake.sheets import Limits

    monkeypatch.setattr(DeliveryPolicy, "limits", property(lambda _: Limits(1000, 1000)))
    http.answer = Api([row(n, 病种="x" * 900) for n in range(1, 3)])
    assert "过大" in told(clinic, source)


def test_a_server_that_says_nothing_is_not_waited_for_without_end(
    http: HttpServer, clinic: Clinic, source: HttpSource
) -> None:
    def slow(path: str, query: dict[str, str]) -> tuple[int, Any]:
        time.sleep(1)
        return 200, []

    http.answer = slow
    impatient = replace(source, patience=replace(IMPATIENT, attempts=2, silence=0.1))
    assert "超时" in told(clinic, impatient)


def test_a_server_that_is_down_is_named_without_its_secrets(
    clinic: Clinic, source: HttpSource, caplog: pytest.LogCaptureFixture
) -> None:
    down = replace(source, base_url=f"http://county:{PASSWORD}@127.0.0.1:{unused_port()}")
    assert "请检查网络" in told(clinic, down)
    assert "没有成功" in caplog.text
    assert PASSWORD not in caplog.text + repr(down)


def test_a_redirect_does_not_carry_the_key_elsewhere(
    http: HttpServer, clinic: Clinic, source: HttpSource
) -> None:
    http.answer = lambda path, query: (302, {})
    told(clinic, source)
    assert len(http.asked) == 2  # once for each dataset, and nowhere else


def test_an_identity_that_is_a_json_number_has_lost_its_digits(
    http: HttpServer, clinic: Clinic, source: HttpSource
) -> None:
    good, lost = number(serial=1), number(serial=2, birth="19900101")
    while lost.endswith("X"):
        lost = number(serial=int(lost[14:17]) + 1, birth="19900101")
    http.answer = Api([row(1, person_id=good), row(2, person_id=int(lost))])
    clinic.take_in(source)
    verdict = clinic.verdict()
    assert verdict.accepted is not None
    assert verdict.accepted["name"].to_pylist() == ["样例1"]
    assert [r["fault"] for r in verdict.set_aside] == ["id_lost_digits"]
    assert lost not in (clinic.spool / "大病_2021-04_取数.csv").read_text(encoding="utf-8")


def test_a_moment_counts_on_the_countys_calendar(
    http: HttpServer, clinic: Clinic, source: HttpSource
) -> None:
    http.answer = Api([row(1, 确诊日期="2021-04-29T16:30:00Z")])
    clinic.take_in(source)
    verdict = clinic.verdict()
    assert verdict.accepted is not None
    assert str(verdict.accepted["diagnosed_on"][0]) == "2021-04-30"


def test_waiting_goes_on_while_a_dataset_has_no_row(
    http: HttpServer, clinic: Clinic, source: HttpSource
) -> None:
    api = Api([row(1)])
    http.answer = api
    assert not delivered("clinic", APRIL, clinic.office.settings, source)
    api.deaths = [{"姓名": "样例丙"}]
    assert delivered("clinic", APRIL, clinic.office.settings, source)
