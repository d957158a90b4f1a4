"""A signed month is locked; a correction is a new version that says what changed, for whom, and why."""

from __future__ import annotations

from datetime import timedelta

import pytest
from openpyxl import load_workbook
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from poverty_watch.ledger.models import JournalEntry, ReportUnlock, ReportVersion, now
from poverty_watch.report import LockError, build_report, library, sign_report
from poverty_watch.report.comparing import difference
from poverty_watch.report.locks import ask_unlock, confirm_unlock, lock_of
from tests.report.conftest import APRIL, ON_ONE_DATABASE, ScreenedMonth, household

WHY = "民政局重报"


def corrected(month: ScreenedMonth) -> None:
    """The register arrives anew: a household more is recognised, one is gone."""
    now_there = [household("1"), household("3", identified="2021-04", living=4)]
    month.screen(now_there, [household("1"), household("2")], fingerprint="e" * 64)


def unlocked(month: ScreenedMonth, days: int | None = None) -> None:
    with month.ledger.transaction() as session:
        ask_unlock(session, APRIL, "示例甲", WHY, days)
    with month.ledger.transaction() as session:
        confirm_unlock(session, APRIL, "示例乙")


def numbers(month: ScreenedMonth) -> list[tuple[int, str]]:
    with month.ledger.transaction() as session:
        found = library.versions(session, month.settings, APRIL)
        return [(card.number, card.state) for card in reversed(found)]


def test_changed_data_make_nothing_of_a_locked_month_and_it_is_said(signed: ScreenedMonth) -> None:
    content = build_report(APRIL, signed.settings, signed.ledger).path.read_bytes()
    corrected(signed)
    held = build_report(APRIL, signed.settings, signed.ledger)
    assert (held.number, held.is_new, held.is_held_back) == (2, False, True)
    assert "签发后数据有变化，没有另出新版" in held.summary
    assert held.path.read_bytes() == content
    assert build_report(APRIL, signed.settings, signed.ledger).is_held_back
    assert numbers(signed) == [(1, "草稿"), (2, "已签发")]
    with signed.ledger.transaction() as session:
        noted = session.scalars(
            select(JournalEntry).where(JournalEntry.action == "签发后数据有变化")
        ).all()
        assert [entry.subject for entry in noted] == ["2021年4月月报第2版"]
    with pytest.raises(LockError, match="已由示例签发人签发并锁定"):
        sign_report(APRIL, signed.settings, signed.ledger, "示例签发人")


def test_a_correction_says_what_it_corrects_why_and_which_households(
    signed: ScreenedMonth,
) -> None:
    corrected(signed)
    unlocked(signed)
    draft = build_report(APRIL, signed.settings, signed.ledger)
    new = sign_report(APRIL, signed.settings, signed.ledger, "示例签发人")
    assert numbers(signed) == [(1, "草稿"), (2, "已签发"), (3, "草稿"), (4, "已签发")]
    for path in (draft.path, new.path):
        sheet = load_workbook(path)["附 更正说明"]
        told = [str(sheet.cell(row, 1).value) for row in (3, 4)]
        assert told[0].startswith(
            "本版更正第2版（已签发，签发人：示例签发人）。解锁：示例甲申请，示例乙确认"
        )
        assert told[1] == f"原因：{WHY}"
        rows = {row[2]: row for row in sheet.iter_rows(min_row=6, values_only=True)}
        assert rows["各类合计·甸阳镇·本月新增户"][3:] == ("0", "1", "R:3")
        assert rows["各类合计·甸阳镇·整户减少户"][3:] == ("0", "1", "R:2")
        where = str(rows["各类合计·甸阳镇·本月新增户"][1])
        name, cell = where.split("!")
        assert load_workbook(path)[name][cell].value == 1
        assert rows["名单·3"][3:5] == ("未列入", "列入")
        assert rows["名单·2"][3:5] == ("列入", "不再列入")
    with signed.ledger.transaction() as session:
        card = library.published(session, signed.settings, APRIL)
        assert card is not None
        assert (card.number, card.marks, card.reason) == (4, ("现行", "更正"), WHY)
        entry = session.scalars(
            select(JournalEntry).where(JournalEntry.action == "签发报表").order_by(JournalEntry.id)
        ).all()[-1]
        assert (entry.detail["corrects"], entry.detail["reason"]) == (2, WHY)


def test_what_is_signed_anew_is_locked_again_and_no_version_can_be_changed(
    april: ScreenedMonth,
) -> None:
    april.screen([household("1"), household("2")], [household("1"), household("2")])
    build_report(APRIL, april.settings, april.ledger)
    sign_report(APRIL, april.settings, april.ledger, "示例签发人")
    corrected(april)
    unlocked(april)
    build_report(APRIL, april.settings, april.ledger)
    sign_report(APRIL, april.settings, april.ledger, "示例签发人")
    april.lead("R:1", "W01")
    assert build_report(APRIL, april.settings, april.ledger).is_held_back
    with pytest.raises(DBAPIError), april.ledger.transaction() as session:
        session.scalars(select(ReportVersion)).first().sha256 = "0" * 64  # type: ignore[union-attr]


def test_an_uncorrected_version_has_no_sheet_of_differences(signed: ScreenedMonth) -> None:
    path = build_report(APRIL, signed.settings, signed.ledger).path
    assert "附 更正说明" not in load_workbook(path).sheetnames


def test_unlocking_needs_two_persons_and_a_reason(signed: ScreenedMonth) -> None:
    with signed.ledger.transaction() as session:
        with pytest.raises(LockError, match="没有待确认的解锁申请"):
            confirm_unlock(session, APRIL, "示例乙")
        with pytest.raises(LockError, match="要写明申请人和原因"):
            ask_unlock(session, APRIL, "示例甲", " ")
        with pytest.raises(LockError, match="1至10天"):
            ask_unlock(session, APRIL, "示例甲", WHY, 11)
        ask_unlock(session, APRIL, "示例甲", WHY)
    with signed.ledger.transaction() as session:
        with pytest.raises(LockError, match="请另一人确认"):
            confirm_unlock(session, APRIL, " 示例甲 ")
        with pytest.raises(LockError, match="已有待确认的解锁申请"):
            ask_unlock(session, APRIL, "示例丙", WHY)
        lock = lock_of(session, APRIL)
        assert lock is not None
        assert lock.is_closed


def test_leave_expires(signed: ScreenedMonth) -> None:
    corrected(signed)
    unlocked(signed, days=2)
    with signed.ledger.transaction() as session:
        for days, is_closed in ((1, False), (3, True)):
            lock = lock_of(session, APRIL, now() + timedelta(days=days))
            assert lock is not None
            assert lock.is_closed is is_closed
        session.scalars(select(ReportUnlock)).one().until = now() - timedelta(minutes=1)
    assert build_report(APRIL, signed.settings, signed.ledger).is_held_back


@ON_ONE_DATABASE
def test_an_unsigned_month_is_not_locked(april: ScreenedMonth) -> None:
    april.screen([household()])
    build_report(APRIL, april.settings, april.ledger)
    with (
        april.ledger.transaction() as session,
        pytest.raises(LockError, match="还没有签发，没有锁定"),
    ):
        ask_unlock(session, APRIL, "示例甲", WHY)


def test_a_recomputation_of_a_signed_month_stands_beside_it_with_the_difference(
    signed: ScreenedMonth,
) -> None:
    corrected(signed)
    made = build_report(APRIL, signed.settings, signed.ledger, kind="recomputed")
    assert (made.number, made.is_new) == (3, True)
    sheet = load_workbook(made.path)["附 更正说明"]
    assert sheet["A3"].value == "本版为补算，与第2版（已签发）比较，不取代该版。"
    again = build_report(APRIL, signed.settings, signed.ledger, kind="recomputed")
    assert (again.number, again.is_new) == (3, False)
    with signed.ledger.transaction() as session:
        card = library.standing(session, signed.settings, APRIL)
        assert card is not None
        assert card.number == 2


def test_two_versions_are_compared_cell_by_cell(signed: ScreenedMonth) -> None:
    signed.lead("R:1", "W01")
    build_report(APRIL, signed.settings, signed.ledger, kind="recomputed")
    found = {change.label: change for change in difference(signed.settings, APRIL, 2, 3)}
    change = found["甸阳镇·部门推送户"]
    assert (change.old, change.new, change.households) == ("0", "1", ("R:1",))
    assert change.cell.startswith("表一（四）本月线索!B")
    assert "甸阳镇·信访热线户" not in found
    assert difference(signed.settings, APRIL, 1, 2) == []
