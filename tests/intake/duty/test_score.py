"""How departments do over the months."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import update

from poverty_watch.intake.duty import MonthScore, score
from poverty_watch.lake.versions import Lake
from poverty_watch.ledger.models import SeenFile
from poverty_watch.months import Month
from tests.intake.conftest import APRIL, MARCH, Office, number

PAYROLL = ["姓名", "身份证号", "单位名称", "人员身份"]
WRONG = number()[:17] + ("0" if number()[17] != "0" else "1")


def rows(*numbers: str | None) -> list[list[Any]]:
    return [PAYROLL, *(["样例甲", n, "样例单位", "事业"] for n in numbers)]


def deliver(office: Office, month: Month, day: date, content: list[list[Any]]) -> None:
    name = f"财政供养{month}.xlsx"
    office.deliver("payroll", content, month=month, name=name)
    at = datetime(day.year, day.month, day.day, 4, tzinfo=UTC)
    with office.ledger.transaction() as session:
        session.execute(
            update(SeenFile)
            .where(SeenFile.path.endswith(name))
            .values(first_seen_at=at, modified_at=at)
        )


def finance(office: Office, as_of: date = date(2021, 5, 20)) -> dict[Month, MonthScore]:
    scores = score(office.ledger, Lake(office.settings.lake), MARCH, APRIL, as_of)
    (found,) = [one for one in scores if one.department_id == "finance"]
    return found.months | {MARCH - 1: found.total}


def test_on_time_and_rows_returned_by_month_and_in_all(office: Office) -> None:
    deliver(office, MARCH, date(2021, 4, 3), rows(number(serial=2), number(serial=3)))
    deliver(office, APRIL, date(2021, 5, 9), rows(number(serial=2), WRONG))
    months = finance(office)
    assert (months[MARCH].on_time_rate, months[MARCH].returned_rate) == (1.0, 0.0)
    assert (months[APRIL].on_time_rate, months[APRIL].returned_rate) == (0.0, 0.5)
    total = months[MARCH - 1]
    assert (total.owed, total.on_time, total.rows, total.returned) == (2, 1, 4, 1)
    assert (total.on_time_rate, total.returned_rate) == (0.5, 0.25)


@pytest.mark.parametrize(
    ("march", "april", "again"),
    [
        ([WRONG], [WRONG], 1),
        ([WRONG], [number(serial=9)[:17]], 0),
        ([WRONG, None], [WRONG, None], 1),
        ([], [WRONG], 0),
    ],
    ids=["the same", "another", "a blank says not whose it is", "new"],
)
def test_the_same_fault_again(
    office: Office, march: list[str | None], april: list[str | None], again: int
) -> None:
    deliver(office, MARCH, date(2021, 4, 3), rows(number(serial=2), *march))
    deliver(office, APRIL, date(2021, 5, 3), rows(number(serial=2), *april))
    months = finance(office)
    assert (months[MARCH].same_again, months[APRIL].same_again) == (0, again)


def test_a_missing_dataset_was_owed(office: Office) -> None:
    office.take_in("payroll")
    assert (finance(office)[APRIL].owed, finance(office)[APRIL].on_time_rate) == (1, 0.0)


def test_what_is_not_due_or_was_never_collected_is_not_owed(office: Office) -> None:
    office.take_in("payroll")
    months = finance(office, as_of=date(2021, 5, 5))
    assert months[APRIL].on_time_rate is None
    assert months[MARCH] == MonthScore()
    # Saved in time and seen late: nobody knows, and it counts neither way.
    assert MonthScore(owed=3, on_time=1, in_doubt=1).on_time_rate == 0.5
    assert MonthScore(owed=1, in_doubt=1).on_time_rate is None
    assert months[MARCH].returned_rate is None
