"""表一, help: what is new, by the register or as written down here, once; who waits too long."""

from __future__ import annotations

from datetime import date
from typing import Any

import pyarrow as pa
import pytest

from poverty_watch.report import queries
from poverty_watch.report.help_table import help_figures
from tests.report.conftest import APRIL, household, register

DONE = pa.schema(
    [
        ("household_id", pa.string()),
        ("township", pa.string()),
        ("kind", pa.string()),
        ("first_done_on", pa.date32()),
    ]
)


def listed(
    now: list[dict[str, Any]],
    before: list[dict[str, Any]] | None = None,
    done: list[tuple[str, str, date]] | None = None,
    unhelped: list[str] | None = None,
) -> pa.Table:
    with queries.opened() as query:
        return query(
            "help_rows",
            {
                "register_stock": register(*now),
                "register_stock_previous": register(*(before or [])),
                "measures_done": pa.Table.from_pylist(
                    [
                        {"household_id": h, "township": "由旺镇", "kind": k, "first_done_on": on}
                        for h, k, on in done or []
                    ],
                    schema=DONE,
                ),
                "unhelped_cases": pa.table(
                    {
                        "household_id": pa.array(unhelped or [], pa.string()),
                        "township": pa.array(["由旺镇" for _ in unhelped or []], pa.string()),
                    }
                ),
                "people": register(*now)
                .select(["household_id", "living_register_members"])
                .rename_columns(["household_id", "persons"]),
            },
            {
                "month_start": APRIL.first_day,
                "late_since": (APRIL - 2).first_day,
                "has_previous": before is not None,
            },
        )


def new(rows: pa.Table) -> list[tuple[str, str]]:
    return [(r["household_id"], r["kind"]) for r in rows.to_pylist() if r["item"] == "本月新落实"]


def late(rows: pa.Table) -> list[str]:
    return [r["household_id"] for r in rows.to_pylist() if r["item"] == "超期未落实"]


def helped(number: str = "1", measures: str | None = None, **more: Any) -> dict[str, Any]:
    return household(number, **more) | {"measures": measures}


def test_a_kind_that_was_not_there_a_month_ago_is_new() -> None:
    rows = listed([helped(measures="产业帮扶、健康帮扶")], [helped(measures="产业帮扶")])
    assert new(rows) == [("R:1", "健康帮扶")]


def test_a_household_identified_in_the_month_with_help_is_new() -> None:
    assert new(listed([helped(measures="产业帮扶", identified="2021-04")], [])) == [
        ("R:1", "产业帮扶")
    ]


def test_a_household_that_the_register_merely_got_late_is_no_new_help() -> None:
    assert new(listed([helped(measures="产业帮扶")], [helped("2")])) == []


def test_help_of_a_household_that_was_poor_before_is_not_new_when_it_is_monitored() -> None:
    before = [helped(measures="产业帮扶", of=None)]
    assert new(listed([helped(measures="产业帮扶", identified="2021-04")], before)) == []


def test_what_was_written_down_here_counts_in_its_month_and_not_again() -> None:
    done = [("R:1", "产业帮扶", date(2021, 4, 20)), ("R:2", "产业帮扶", date(2021, 3, 31))]
    now = [helped("1"), helped("2", measures="产业帮扶")]
    assert new(listed(now, [helped("1"), helped("2")], done)) == [("R:1", "产业帮扶")]


def test_what_the_register_had_before_is_not_new_when_it_is_written_down_here() -> None:
    done = [("R:1", "产业帮扶", date(2021, 4, 20))]
    now = [helped(measures="产业帮扶")]
    assert new(listed(now, now, done)) == []


def test_nobody_waits_before_two_months_and_nobody_who_was_helped_or_is_out() -> None:
    now = [
        helped("1", identified="2021-02"),
        helped("2", identified="2021-03"),
        helped("3", identified="2020-01", measures="产业帮扶"),
        helped("4", identified="2020-01", eliminated="2021-04"),
        helped("5", identified="2020-01"),
        helped("6", of=None, identified=None),
    ]
    done = [("R:5", "产业帮扶", date(2021, 1, 5))]
    assert late(listed(now, now, done)) == ["R:1"]


def test_who_was_recognised_here_waits_by_the_day_unless_the_register_shows_help() -> None:
    now = [
        helped("1", identified="2021-03"),
        helped("2", identified="2021-03", measures="产业帮扶"),
    ]
    rows = listed(now, now, unhelped=["R:1", "R:2", "H:9"])
    assert sorted(late(rows)) == ["H:9", "R:1"]


def test_a_household_counts_once_however_many_kinds() -> None:
    rows = listed(
        [helped(measures="产业帮扶、健康帮扶、某种新帮扶", living=4)], [helped(measures=None)]
    )
    (place, total) = help_figures(rows, ("甸阳镇",), has_previous=True)
    assert (place["本月新落实户"], place["本月新落实人"]) == (1, 4)
    assert total["类户"] == {"产业帮扶": 1, "健康帮扶": 1, "某种新帮扶": 1}


@pytest.mark.parametrize("field", ["本月新落实户", "本月新落实人", "类户"])
def test_without_a_month_before_nobody_knows_what_is_new(field: str) -> None:
    rows = listed([helped(measures="产业帮扶"), helped("2", identified="2020-01")])
    total = help_figures(rows, ("甸阳镇",), has_previous=False)[-1]
    assert total[field] is None
    assert total["超期未落实户"] == 1


def test_persons_who_are_not_known_are_no_smaller_sum() -> None:
    total = help_figures(listed([], [], unhelped=["H:9"]), ("甸阳镇",), has_previous=True)[-1]
    assert (total["超期未落实户"], total["超期未落实人"]) == (1, None)
