"""Report versions: one for each state of the data, never changed, safe to repeat."""

from __future__ import annotations

import shutil
from collections.abc import Callable

import pytest
from openpyxl import load_workbook
from sqlalchemy import select

from poverty_watch.ledger.models import JournalEntry, ReportVersion
from poverty_watch.months import Month
from poverty_watch.report import ReportError, build_report, drafting, sign_report, versions
from poverty_watch.report.archive import Archive
from tests.report.conftest import APRIL, ON_ONE_DATABASE, ScreenedMonth, household


def rows(month: ScreenedMonth) -> list[ReportVersion]:
    with month.ledger.transaction() as session:
        return list(session.scalars(select(ReportVersion).order_by(ReportVersion.number)))


def test_the_same_data_makes_one_version_and_leaves_the_file_alone(april: ScreenedMonth) -> None:
    april.screen([household()])
    first = build_report(APRIL, april.settings, april.ledger)
    stamp = first.path.stat().st_mtime_ns
    second = build_report(APRIL, april.settings, april.ledger)
    assert first.path.name == "月报表_2021年4月_第1版_草稿.xlsx"
    assert first.path.parent == april.settings.outbox / "2021-04"
    assert (first.is_new, second.is_new, second.path) == (True, False, first.path)
    assert first.path.stat().st_mtime_ns == stamp
    assert len(rows(april)) == 1


@pytest.mark.parametrize("lost", ["outbox", "outbox and what was kept"])
def test_lost_files_are_made_again_byte_for_byte(signed: ScreenedMonth, lost: str) -> None:
    folder = signed.settings.outbox / "2021-04"
    # What was not kept can be made again of the newest version, which is the signed one.
    numbers = ("第1版", "第2版") if lost == "outbox" else ("第2版",)
    contents = {
        path.name: path.read_bytes()
        for path in folder.iterdir()
        if any(number in path.name for number in numbers)
    }
    shutil.rmtree(signed.settings.outbox)
    if lost != "outbox":
        shutil.rmtree(signed.settings.lake / "reports")
    assert not build_report(APRIL, signed.settings, signed.ledger).is_new
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == contents
    assert len(contents) == 3 * len(numbers)
    assert Archive(signed.settings.lake).find(APRIL, 2) is not None


def test_what_cannot_be_made_as_it_was_is_not_made_otherwise(
    signed: ScreenedMonth, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.rmtree(signed.settings.outbox)
    shutil.rmtree(signed.settings.lake / "reports")
    monkeypatch.setattr(drafting, "pdf_of", lambda *_: b"as a newer program makes it")
    with pytest.raises(ReportError, match=r"简报_2021年4月_第2版_签发\.pdf 不见了.*不能原样重做"):
        build_report(APRIL, signed.settings, signed.ledger)
    assert not signed.settings.outbox.exists()


@ON_ONE_DATABASE
@pytest.mark.parametrize("change", ["lead", "delivery", "screening"])
def test_changed_data_makes_the_next_version_and_keeps_the_old(
    april: ScreenedMonth, change: str
) -> None:
    april.screen([household()])
    old = build_report(APRIL, april.settings, april.ledger)
    content = old.path.read_bytes()
    if change == "lead":
        april.lead("R:1", "W01")
    elif change == "delivery":
        april.deliver("vehicles", "public_security", "missing")
    else:
        april.screen([household()], fingerprint="e" * 64)
    new = build_report(APRIL, april.settings, april.ledger)
    assert new.number == 2
    assert old.path.read_bytes() == content
    assert "第2版" in new.path.name


def test_a_run_killed_between_file_and_ledger_is_completed(
    april: ScreenedMonth, monkeypatch: pytest.MonkeyPatch
) -> None:
    april.screen([household()])

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(versions, "record", killed)
        with pytest.raises(KeyboardInterrupt):
            build_report(APRIL, april.settings, april.ledger)
    assert rows(april) == []
    result = build_report(APRIL, april.settings, april.ledger)
    assert [row.number for row in rows(april)] == [1]
    names = sorted(path.name for path in result.path.parent.iterdir())
    assert names == [
        "月报表_2021年4月_第1版_草稿.xlsx",
        "简报_2021年4月_第1版_草稿.docx",
        "简报_2021年4月_第1版_草稿.pdf",
    ]


@ON_ONE_DATABASE
def test_a_recomputed_month_is_marked(april: ScreenedMonth) -> None:
    april.screen([household()])
    result = build_report(APRIL, april.settings, april.ledger, kind="recomputed")
    assert result.path.name.endswith("_补算.xlsx")
    assert load_workbook(result.path)["说明"]["A2"].value == "补算（未签发）"


def test_signing_makes_a_version_of_the_same_figures(april: ScreenedMonth) -> None:
    april.screen([household()])
    build_report(APRIL, april.settings, april.ledger)
    signed = sign_report(APRIL, april.settings, april.ledger, "示例签发人")
    assert (signed.number, signed.kind) == (2, "signed")
    assert signed.path.name == "月报表_2021年4月_第2版_签发.xlsx"
    assert "示例签发人" in load_workbook(signed.path)["说明"]["A2"].value
    with april.ledger.transaction() as session:
        entry = session.scalars(select(JournalEntry).where(JournalEntry.action == "签发报表")).one()
        assert entry.actor == "示例签发人"


@ON_ONE_DATABASE
def test_after_signing_nothing_more_is_made_of_the_same_data(april: ScreenedMonth) -> None:
    april.screen([household()])
    build_report(APRIL, april.settings, april.ledger)
    signed = sign_report(APRIL, april.settings, april.ledger, "示例签发人")
    assert build_report(APRIL, april.settings, april.ledger).path == signed.path
    assert not sign_report(APRIL, april.settings, april.ledger, "另一示例人").is_new
    assert [row.signed_by for row in rows(april)] == [None, "示例签发人"]


@ON_ONE_DATABASE
def test_signing_what_has_changed_since_is_refused(april: ScreenedMonth) -> None:
    april.screen([household()])
    build_report(APRIL, april.settings, april.ledger)
    april.lead("R:1", "W01")
    with pytest.raises(ReportError, match="数据有变化"):
        sign_report(APRIL, april.settings, april.ledger, "示例签发人")


@ON_ONE_DATABASE
def test_signing_without_a_draft_or_a_name_is_refused(april: ScreenedMonth) -> None:
    april.screen([household()])
    with pytest.raises(ReportError, match="没有报表草稿"):
        sign_report(APRIL, april.settings, april.ledger, "示例签发人")
    with pytest.raises(ReportError, match="签发人"):
        sign_report(APRIL, april.settings, april.ledger, "  ")


@ON_ONE_DATABASE
def test_an_opening_stock_that_was_not_reported_is_said_and_not_signed(
    april: ScreenedMonth, screened: Callable[[Month], ScreenedMonth]
) -> None:
    march = screened(APRIL - 1)
    march.screen([household("1"), household("2")])
    build_report(march.month, march.settings, march.ledger)
    april.screen([household("1")], [household("1")])
    draft = build_report(APRIL, april.settings, april.ledger)
    notes = [str(row[1].value) for row in load_workbook(draft.path)["说明"].iter_rows()]
    assert any("期初与2021年3月报表的期末有 2 处不同" in note for note in notes)
    with pytest.raises(ReportError, match="2021年3月报表期末 2 户 6 人，本月期初 1 户 3 人"):
        sign_report(APRIL, april.settings, april.ledger, "示例签发人")


@ON_ONE_DATABASE
def test_a_month_that_is_not_screened_has_no_report(april: ScreenedMonth) -> None:
    with pytest.raises(ReportError, match="还没有完成数据比对"):
        build_report(APRIL, april.settings, april.ledger)
    assert not april.settings.outbox.exists()


@ON_ONE_DATABASE
def test_the_manifest_says_what_the_version_was_made_from(april: ScreenedMonth) -> None:
    april.screen([household()], checks=[{"id": "W01", "status": "ran", "sha256": "abc"}])
    april.deliver("vehicles", "public_security", accepted=4)
    build_report(APRIL, april.settings, april.ledger)
    (row,) = rows(april)
    assert row.manifest["checks"][0]["sha256"] == "abc"
    assert row.manifest["datasets"]["vehicles"] == {"status": "accepted", "version": 1}
    assert set(row.manifest["queries"]) >= {"register_movements", "stocks_flows"}
    assert row.manifest["closing"]["甸阳镇"]["脱贫不稳定户"] == [1, 3]
