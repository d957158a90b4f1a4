from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from poverty_watch.months import Month, MonthError


def month_of(partition_key: str | None = None, conf: dict[str, Any] | None = None) -> Month:
    from county_run.month import report_month

    return report_month({"dag_run": SimpleNamespace(partition_key=partition_key, conf=conf)})


def test_the_partition_key_is_the_month() -> None:
    assert month_of("2021-04") == Month(2021, 4)


def test_the_partition_key_wins_over_the_form() -> None:
    assert month_of("2021-04", {"month": "2021-05"}) == Month(2021, 4)


def test_without_a_key_the_form_says_the_month() -> None:
    assert month_of(None, {"month": "2021-04"}) == Month(2021, 4)


@pytest.mark.parametrize("conf", [None, {}, {"month": None}, {"month": ""}])
def test_a_run_without_a_month_says_what_to_do(conf: dict[str, Any] | None) -> None:
    with pytest.raises(MonthError, match="没有写明月份"):
        month_of(None, conf)


def test_a_month_that_does_not_exist_is_refused() -> None:
    with pytest.raises(MonthError, match="2021-13"):
        month_of("2021-13")
