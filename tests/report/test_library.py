"""Which versions of a report there are, and which one counts."""

from __future__ import annotations

from poverty_watch.report import build_report, library, sign_report
from tests.report.conftest import APRIL, ON_ONE_DATABASE, ScreenedMonth, household


def cards(month: ScreenedMonth) -> list[library.VersionCard]:
    with month.ledger.transaction() as session:
        return library.versions(session, month.settings, month.month)


def test_a_draft_stands_until_one_is_signed(april: ScreenedMonth) -> None:
    april.screen([household()])
    draft = build_report(APRIL, april.settings, april.ledger)
    (only,) = cards(april)
    assert (only.state, only.marks, only.is_published) == ("草稿", ("现行",), False)
    assert only.files[0] == draft.path
    sign_report(APRIL, april.settings, april.ledger, "示例签发人")
    signed, old = cards(april)
    assert (signed.state, signed.marks, signed.is_published) == ("已签发", ("现行",), True)
    assert signed.signed_by == "示例签发人"
    assert old.marks == ()
    with april.ledger.transaction() as session:
        assert library.published(session, april.settings, APRIL) == signed
        assert library.months_reported(session) == [APRIL]


@ON_ONE_DATABASE
def test_a_recomputed_month_never_takes_the_place_of_what_was_signed(april: ScreenedMonth) -> None:
    april.screen([household()])
    build_report(APRIL, april.settings, april.ledger)
    sign_report(APRIL, april.settings, april.ledger, "示例签发人")
    april.lead("R:1", "W01")
    build_report(APRIL, april.settings, april.ledger, kind="recomputed")
    newest, signed, _ = cards(april)
    assert (newest.state, newest.marks) == ("补算", ("补算",))
    assert (signed.number, signed.is_standing) == (2, True)


@ON_ONE_DATABASE
def test_a_lost_file_is_marked(april: ScreenedMonth) -> None:
    april.screen([household()])
    build_report(APRIL, april.settings, april.ledger).path.unlink()
    (only,) = cards(april)
    assert only.marks == ("现行", "文件缺失")
    assert [path.suffix for path in only.files] == [".docx", ".pdf"]
