"""A signed report reaches everybody, each with what is theirs."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from poverty_watch.contracts.recipients import Recipients
from poverty_watch.ledger.models import Lead
from poverty_watch.ledger.store import open_ledger
from poverty_watch.mail import MailServer, Patience
from poverty_watch.report import ReportError, build_report
from poverty_watch.report.archive import Archive
from poverty_watch.report.extracts import townships_of, write_extracts
from poverty_watch.report.posting import Posted
from poverty_watch.report.sending import send_report, send_waiting
from poverty_watch.report.signing import SigningPolicy, sign
from poverty_watch.settings import Settings
from tests import postbox
from tests.postbox import Postbox
from tests.report.conftest import APRIL, ScreenedMonth, household

PEOPLE = Recipients(
    county={"值班": "duty@example.org"},
    joint_meeting={"召集人": "chair@example.org"},
    townships={"甸阳镇": "dianyang@example.org", "由旺镇": "youwang@example.org"},
)
Box = tuple[Postbox, MailServer]


def installation(home: Path) -> Settings:
    """One database is enough here: what mails and reports do to both is tested with them."""
    return Settings(home, home / "inbox", f"sqlite:///{home}/ledger.sqlite")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return installation(tmp_path / "home")


@pytest.fixture
def box() -> Iterator[Box]:
    with postbox.opened() as found:
        yield found


@pytest.fixture(scope="module")
def reported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two households in 甸阳镇, one of them with a lead; one in 由旺镇 whose name begins oddly."""
    settings = installation(tmp_path_factory.mktemp("reported") / "home")
    ledger = open_ledger(settings)
    month = ScreenedMonth(settings, ledger)
    rows = [
        household("1", "甸阳镇"),
        household("2", "甸阳镇", identified="2021-04"),
        household("3", "由旺镇"),
    ]
    rows[2]["head_name"], rows[2]["village"] = "=样例", "=HYPERLINK(1)"
    month.screen(now=rows, before=[rows[0], rows[2]])
    month.lead("R:2", "W01")
    build_report(APRIL, settings, ledger)
    sign(APRIL, settings, ledger, "样例主任")
    ledger.engine.dispose()
    return settings.home


@pytest.fixture
def signed(reported: Path, settings: Settings) -> ScreenedMonth:
    """A home of its own for each test, as `reported` left it."""
    shutil.copytree(reported, settings.home)
    return ScreenedMonth(settings, open_ledger(settings))


def send(month: ScreenedMonth, box: Box, people: Recipients = PEOPLE, **given: Any) -> Posted:
    return send_report(
        APRIL,
        month.settings,
        month.ledger,
        people,
        box[1],
        patience=Patience(1),
        **given,
    )


def enclosed(mail: Any) -> dict[str, Any]:
    return {
        part.get_filename(): load_workbook(io.BytesIO(part.get_content()))
        for part in mail.iter_attachments()
        if part.get_filename().endswith(".xlsx")
    }


def texts(book: Any) -> set[str]:
    return {str(c.value) for sheet in book for row in sheet.iter_rows() for c in row if c.value}


def test_nothing_leaves_before_somebody_has_signed(april: ScreenedMonth, box: Box) -> None:
    april.screen(now=[household()], before=[household()])
    build_report(APRIL, april.settings, april.ledger)
    with pytest.raises(ReportError, match="还没有签发"):
        send(april, box)
    assert box[0].mails == []


def test_everybody_gets_what_is_theirs_and_whoever_has_no_address_is_named(
    signed: ScreenedMonth, box: Box
) -> None:
    posted = send(signed, box)
    assert posted.count("sent") == 4
    # Every township is owed its extract, with or without an address.
    assert posted.count("waiting") == 11
    assert "乡镇·姚关镇 未发出：没有收件地址" in posted.summary
    for address in ("duty@example.org", "chair@example.org"):
        mail = box[0].to(address)
        assert mail["Subject"] == "2021年4月防止返贫监测月报表（第2版）"
        assert any("月报表_2021年4月_第2版" in name for name in enclosed(mail))
        briefings = [part.get_filename() for part in mail.iter_attachments()][1:]
        assert briefings == ["简报_2021年4月_第2版_签发.pdf"]
        assert "样例主任签发" in mail.get_body(("plain",)).get_content()
    assert send(signed, box).sent_now == 0


def test_an_extract_holds_only_its_township(signed: ScreenedMonth, box: Box) -> None:
    send(signed, box)
    books = {}
    for name, address in (("甸阳镇", "dianyang"), ("由旺镇", "youwang")):
        ((file, book),) = enclosed(box[0].to(f"{address}@example.org")).items()
        assert name in file
        books[name] = book
    for own, other in (("甸阳镇", "由旺镇"), ("由旺镇", "甸阳镇")):
        found = texts(books[own])
        assert own in found
        assert not {text for text in found if other in text or text == "合计"}
    figures: dict[str, list[int]] = {}
    for row in books["甸阳镇"]["汇总"]:
        figures.setdefault(row[0].value, [c.value for c in row[1:3]])
    assert figures["期初未消除"] == [1, 3]
    assert figures["本月新增"] == [1, 3]
    assert figures["期末未消除"] == [2, 6]
    assert {row[4].value for row in books["甸阳镇"]["名单"].iter_rows(4)} == {"1", "2"}


def test_cells_that_look_like_formulas_stay_text_in_extracts(
    signed: ScreenedMonth, box: Box
) -> None:
    send(signed, box)
    ((_, book),) = enclosed(box[0].to("youwang@example.org")).items()
    cells = [c for sheet in book for row in sheet.iter_rows() for c in row]
    odd = [c for c in cells if str(c.value or "").startswith("=")]
    assert odd
    assert {c.data_type for c in odd} == {"s"}


def test_the_same_figures_give_the_same_extracts(signed: ScreenedMonth, box: Box) -> None:
    send(signed, box)
    folder = signed.settings.outbox / "2021-04" / "乡镇分表"
    before = {path.name: path.read_bytes() for path in folder.glob("*.xlsx")}
    assert len(before) == 13
    for path in folder.glob("*.xlsx"):
        assert path.stat().st_mode & 0o077 == 0
        path.unlink()
    kept = Archive(signed.settings.lake).find(APRIL, 2)
    assert kept is not None
    name = "月报表_2021年4月_第2版_签发.xlsx"
    write_extracts(APRIL, 2, kept, name, signed.settings, townships_of(kept.tables))
    assert {path.name: path.read_bytes() for path in folder.glob("*.xlsx")} == before


def test_an_address_that_is_added_later_is_served_with_what_was_signed(
    signed: ScreenedMonth, box: Box
) -> None:
    send(signed, box)
    with signed.ledger.transaction() as session:
        session.query(Lead).one().status = "withdrawn"  # the data move on
    more = PEOPLE.model_copy(
        update={"townships": {**PEOPLE.townships, "姚关镇": "yaoguan@example.org"}}
    )
    assert send(signed, box, more).sent_now == 1
    assert "姚关镇" in next(iter(enclosed(box[0].to("yaoguan@example.org"))))


def test_figures_that_moved_on_after_the_signature_change_no_extract(
    signed: ScreenedMonth, box: Box
) -> None:
    with signed.ledger.transaction() as session:
        session.query(Lead).one().status = "withdrawn"
    send(signed, box)
    ((_, book),) = enclosed(box[0].to("dianyang@example.org")).items()
    figures = {row[0].value: row[1].value for row in book["汇总"]}
    assert figures["线索合计"] == 1


def test_a_lost_workbook_is_told_and_not_replaced_by_silence(
    signed: ScreenedMonth, box: Box
) -> None:
    for path in (signed.settings.outbox / "2021-04").glob("月报表*签发.xlsx"):
        path.unlink()
    with pytest.raises(ReportError, match="不见了"):
        send(signed, box)


def test_what_waited_for_the_server_goes_the_next_day(signed: ScreenedMonth, box: Box) -> None:
    waits = send_report(APRIL, signed.settings, signed.ledger, PEOPLE, None)
    assert (waits.has_server, waits.sent_now) == (False, 0)
    later = send_waiting(signed.settings, signed.ledger, PEOPLE, box[1], patience=Patience(1))
    assert later.sent_now == 4
    assert len(box[0].mails) == 4


def test_who_let_a_stopped_delivery_in_does_not_sign(april: ScreenedMonth) -> None:
    from poverty_watch.ledger.models import Delivery, StoppedDecision

    april.screen(now=[household()], before=[household()])
    april.deliver("payroll", "finance", accepted=3)
    with april.ledger.transaction() as session:
        number = session.query(Delivery.id).scalar()
        session.add(StoppedDecision(delivery_id=number, decided_by="样例甲", reason="核实过"))
    build_report(APRIL, april.settings, april.ledger)
    with pytest.raises(ReportError, match="请换一个人审签"):
        sign(APRIL, april.settings, april.ledger, "样例甲")
    allowed = SigningPolicy(maker_may_sign=True)
    assert sign(APRIL, april.settings, april.ledger, "样例甲", policy=allowed).is_new
