"""The book of recomputed months: entered once, finished, and looked at by somebody else."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from poverty_watch.identity import Keyring
from poverty_watch.ledger import recomputations as book
from poverty_watch.ledger.errors import LedgerError
from poverty_watch.ledger.models import JournalEntry, Recomputation, ReportVersion
from poverty_watch.ledger.store import Ledger
from poverty_watch.months import Month

MARCH, APRIL = Month(2021, 3), Month(2021, 4)


def _request(month: Month, batch: str = "一批") -> book.Request:
    return book.Request(batch, f"{month}__backfill__x", "now", "民政局更正了4月数据", "样本数据员")


@pytest.fixture(autouse=True)
def _keys(keys: Keyring) -> None:
    """The journal is written with a key."""


def _report(number: int) -> ReportVersion:
    return ReportVersion(
        month=str(APRIL),
        number=number,
        kind="signed",
        fingerprint="f" * 64,
        path=f"2021-04/{number}.xlsx",
        sha256="s" * 64,
        manifest={},
    )


def test_a_month_is_entered_once_with_what_stood(ledger: Ledger) -> None:
    with ledger.transaction() as session:
        session.add(_report(3))
    for _ in range(2):
        with ledger.transaction() as session:
            book.begin(session, APRIL, _request(APRIL))
    with ledger.transaction() as session:
        (entry,) = session.scalars(select(Recomputation))
        assert (entry.standing, entry.status, entry.asked_by) == (3, "running", "样本数据员")
        actions = session.scalars(select(JournalEntry.action)).all()
        assert list(actions) == ["补算开始"]


def test_what_nobody_stated_is_said_to_be_so(ledger: Ledger) -> None:
    with ledger.transaction() as session:
        book.begin(session, APRIL, book.Request("run", "run"))
    with ledger.transaction() as session:
        (entry,) = session.scalars(select(JournalEntry))
        assert (entry.actor, entry.detail["reason"]) == ("未写明", "未写明")


def test_a_finished_month_stays_as_it_was_finished(ledger: Ledger) -> None:
    with ledger.transaction() as session:
        book.begin(session, APRIL, _request(APRIL))
    run = _request(APRIL).run
    with ledger.transaction() as session:
        book.finish(session, APRIL, run, 4, is_new=True)
    with ledger.transaction() as session:
        book.finish(session, APRIL, run, 5, is_new=False)
        book.fail(session, APRIL, run, "失败")
    with ledger.transaction() as session:
        (entry,) = book.listed(session)
        assert (entry.status, entry.made, entry.changed) == ("done", 4, True)


def test_months_stand_in_order_and_the_newest_batch_first(ledger: Ledger) -> None:
    with ledger.transaction() as session:
        for month in (APRIL, MARCH):
            book.begin(session, month, _request(month))
        book.begin(session, APRIL, book.Request("二批", "again"))
    with ledger.transaction() as session:
        found = [(entry.batch, entry.month) for entry in book.listed(session)]
    assert found == [("二批", "2021-04"), ("一批", "2021-03"), ("一批", "2021-04")]


def test_a_second_person_reviews_what_is_finished_once(ledger: Ledger) -> None:
    with ledger.transaction() as session:
        book.begin(session, APRIL, _request(APRIL))
    with ledger.transaction() as session:
        with pytest.raises(LedgerError, match="没有编号为"):
            book.review(session, "三批", "样本复核人", "")
        with pytest.raises(LedgerError, match="还没有办完：2021-04"):
            book.review(session, "一批", "样本复核人", "")
        book.fail(session, APRIL, _request(APRIL).run, "没有报送")
    with ledger.transaction() as session:
        with pytest.raises(LedgerError, match="由另一个人复核"):
            book.review(session, "一批", "样本数据员", "")
        with pytest.raises(LedgerError, match="写明复核人"):
            book.review(session, "一批", " ", "")
        assert book.review(session, "一批", "样本复核人", "同意") == 1
    with (
        ledger.transaction() as session,
        pytest.raises(LedgerError, match="已由样本复核人复核"),
    ):
        book.review(session, "一批", "别的样本", "")


def _version(number: int, kind: str, versions: dict[str, int]) -> ReportVersion:
    row = _report(number)
    row.kind = kind
    row.manifest = {
        "deliveries": [
            {
                "dataset": dataset,
                "month": str(APRIL),
                "version": version,
                "status": "accepted",
                "content_sha256": "c" * 64,
            }
            for dataset, version in versions.items()
        ],
        "datasets": {d: {"status": "accepted", "version": v} for d, v in versions.items()},
    }
    return row


def test_what_was_known_then_is_the_ground_of_the_report_that_stands(ledger: Ledger) -> None:
    with ledger.transaction() as session:
        assert book.known_then(session, APRIL) is None
        session.add(_version(1, "draft", {"deaths": 1}))
    with ledger.transaction() as session:
        found = book.known_then(session, APRIL)
        assert found is not None
        assert found.report == 1
        session.add_all(
            [_version(2, "signed", {"deaths": 2}), _version(3, "recomputed", {"deaths": 3})]
        )
        session.add(_version(4, "draft", {"deaths": 4}))
    with ledger.transaction() as session:
        found = book.known_then(session, APRIL)
    assert found is not None
    assert (found.report, found.datasets["deaths"]["version"]) == (2, 2)
    assert [(d.dataset, d.month, d.version) for d in found.deliveries] == [("deaths", APRIL, 2)]


@pytest.mark.parametrize(
    ("compared", "told"),
    [
        (None, "新出第4版；没有可比的现行月报"),
        ({"number": 3, "cells": 0}, "新出第4版；与现行第3版比较：一格不差"),
        ({"number": 3, "cells": 7}, "新出第4版；与现行第3版比较：7处不同，见差异表"),
        ({"number": 3, "cells": None}, "新出第4版；与现行第3版比较：那一版的内容没有留存，比不了"),
    ],
)
def test_the_book_says_how_far_the_month_differs_from_what_stood(
    ledger: Ledger, compared: dict[str, object] | None, told: str
) -> None:
    with ledger.transaction() as session:
        book.begin(session, APRIL, _request(APRIL))
        row = _report(4)
        row.manifest = {} if compared is None else {"compared_with": compared}
        session.add(row)
    with ledger.transaction() as session:
        book.finish(session, APRIL, _request(APRIL).run, 4, is_new=True)
    with ledger.transaction() as session:
        assert book.listed(session)[0].told == told
