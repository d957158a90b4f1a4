"""What became of a dataset reads the same in the register of duty, the receipt and 表二."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import openpyxl
import pytest
from sqlalchemy import update

from poverty_watch.contracts import load_catalogue
from poverty_watch.intake.acceptance import accept_stopped
from poverty_watch.intake.answers import write_answers
from poverty_watch.intake.duty import DutyLine, register
from poverty_watch.lake.versions import Lake
from poverty_watch.ledger.models import SeenFile
from poverty_watch.ledger.store import open_ledger
from poverty_watch.months import COUNTY_ZONE
from poverty_watch.report.delivery_table import delivery_rows
from poverty_watch.report.facts import dataset_fates
from poverty_watch.settings import Settings
from tests.intake.answers.conftest import texts
from tests.intake.conftest import APRIL, MARCH, Office, number
from tests.intake.corrections.conftest import Sender
from tests.intake.corrections.test_merging import faulty, mend

PAYROLL = ["姓名", "身份证号", "单位名称", "人员身份"]
POSTS = ["姓名", "身份证号", "岗位", "月补贴"]
ENROLMENT = ["姓名", "身份证号", "参保类别", "参保状态"]
PROPERTY = ["权利人", "身份证号", "坐落", "面积", "用途", "登记日期"]
ILLNESS = ["姓名", "身份证号", "病种", "确诊日期"]


def people(count: int, *more: Any) -> list[list[Any]]:
    return [[f"样例{i}", number(serial=i), *more] for i in range(1, count + 1)]


@dataclass(frozen=True)
class Shown:
    """What three readers read of a dataset."""

    line: DutyLine
    receipts: list[str]
    row: dict[str, Any]


@dataclass(frozen=True)
class Month:
    """An office's April, read by the staff, the senders and the joint meeting."""

    office: Office

    def send(self, dataset: str, name: str, header: Sequence[str], rows: Sequence[Any]) -> None:
        self.office.deliver(dataset, [header, *rows], name=name)

    def seen(self, day: int, dataset: str | None = None) -> None:
        """Let files have come on that day of May."""
        at = datetime(2021, 5, day, 9, tzinfo=COUNTY_ZONE).astimezone(UTC)
        change = update(SeenFile).values(first_seen_at=at, modified_at=at)
        with self.office.ledger.transaction() as session:
            session.execute(change.where(SeenFile.dataset == dataset) if dataset else change)

    def read(self, dataset: str) -> Shown:
        settings, ledger = self.office.settings, self.office.ledger
        catalogue = load_catalogue()
        department = catalogue.department_of(dataset)
        lake = Lake(settings.lake)
        (line,) = (
            line
            for line in register(APRIL, ledger, date(2021, 5, 10), lake=lake)
            if line.dataset == dataset
        )
        write_answers(department.id, APRIL, settings, ledger)
        title = department.contracts[dataset].title
        folder = settings.outbox / str(APRIL) / "回执" / department.title
        receipts = [
            "\n".join(texts(openpyxl.load_workbook(path)["回执"]))
            for path in sorted(folder.glob(f"回执_{title}_*.xlsx"))
        ]
        with ledger.transaction() as session:
            table = delivery_rows(dataset_fates(session, APRIL), catalogue, APRIL)
        (row,) = (row for row in table if row["数据"] == title)
        return Shown(line, receipts, row)


@pytest.fixture(scope="module")
def april(tmp_path_factory: pytest.TempPathFactory) -> Month:
    """Every test reads, or goes on with, a dataset of its own."""
    root = tmp_path_factory.mktemp("april")
    settings = Settings(root / "home", root / "inbox", f"sqlite:///{root}/home/ledger.sqlite")
    office = Office(settings, open_ledger(settings))
    month = Month(office)
    month.send("major_illness", "大病202104.xlsx", ILLNESS, [])
    office.take_in("deaths")
    month.send("payroll", "财政供养202104.xlsx", PAYROLL, people(3, "样例单位", "公务员"))
    month.send("public_posts", "公益岗202104.xlsx", POSTS, people(3, "保洁", 500))
    month.send("public_posts", "公益岗202104(更正).xlsx", POSTS, people(4, "保洁", 500))
    enrolled = people(3, "城乡居民", "正常参保")
    month.send("medical_enrolment", "参保202104.xlsx", ENROLMENT, enrolled)
    path = office.path("medical_enrolment", "参保202104.xlsx")
    path.with_name("参保202104(1).xlsx").write_bytes(path.read_bytes())
    office.take_in("medical_enrolment")
    houses = people(10, "样例路1号", 90, "住宅", "2020-01-01")
    office.deliver("property", [PROPERTY, *houses], month=MARCH)
    month.send("property", "不动产202104.xlsx", PROPERTY, houses[:4])
    month.seen(4)
    return month


def test_a_nil_return(april: Month) -> None:
    shown = april.read("major_illness")
    assert (shown.line.state, shown.line.clock, shown.line.data_rows) == ("零报告", "按时", 0)
    assert "零报告，已登记" in shown.receipts[0]
    assert "按时（期限5月5日）" in shown.receipts[0]
    assert (shown.row["已报"], shown.row["状态"], shown.row["迟报天数"]) == ("是", "零报告", 0)
    assert (shown.row["版本"], shown.row["行数"]) == (1, 0)


def test_a_missing_dataset(april: Month) -> None:
    shown = april.read("deaths")
    assert (shown.line.state, shown.line.clock) == ("未报送", "逾期5天")
    assert shown.receipts == []
    assert (shown.row["已报"], shown.row["状态"]) == ("否", "未报送")
    assert {shown.row[name] for name in ("迟报天数", "版本")} == {None}
    assert {shown.row[name] for name in ("行数", "接收行", "退回行")} == {"未报送"}


def test_a_late_delivery(april: Month) -> None:
    april.seen(8, "payroll")
    shown = april.read("payroll")
    assert (shown.line.state, shown.line.clock) == ("已接收", "迟3天")
    assert "迟报3天（期限5月5日）" in shown.receipts[0]
    assert (shown.row["已报"], shown.row["状态"], shown.row["迟报天数"]) == ("是", "已接收", 3)


def test_a_re_submission(april: Month) -> None:
    shown = april.read("public_posts")
    assert (shown.line.sendings, shown.line.versions) == (2, 2)
    assert "第2版比第1版：增加1行。" in shown.line.remarks
    assert "第1版" in shown.receipts[0]
    assert "第2版" in shown.receipts[1]
    assert (shown.row["版本"], shown.row["行数"]) == (2, 4)
    assert "共收到2份“公益岗”，以“公益岗202104(更正).xlsx”为准" in shown.row["说明"]


def test_the_same_content_again(april: Month) -> None:
    shown = april.read("medical_enrolment")
    assert (shown.line.sendings, shown.line.identical, shown.line.versions) == (2, 1, 1)
    assert "有1份与以前送的完全相同，没有新的版本。" in shown.line.remarks
    assert "与第1次报送完全相同" in shown.receipts[1]
    assert shown.row["版本"] == 1
    assert "有1份与以前送的完全相同，没有新的版本" in shown.row["说明"]


def test_mended_rows_sent_back_alone(april: Month) -> None:
    sender = Sender(april.office)
    sender.deliver(faulty())
    before = april.read("disability_certificates")
    assert (before.row["版本"], before.row["退回行"]) == (1, 4)
    sender.send_back(mend(sender.form()))
    april.seen(4, "disability_certificates")
    shown = april.read("disability_certificates")
    assert (shown.line.sendings, shown.line.versions, shown.line.rejected_rows) == (2, 2, 0)
    assert "第2版比第1版：增加4行。" in shown.line.remarks
    assert "更正已接收" in shown.receipts[1]
    assert "改正并接收" in shown.receipts[1]
    assert (shown.row["版本"], shown.row["行数"], shown.row["退回行"]) == (2, 14, 0)
    assert "更正_持证残疾人" in shown.row["说明"]


def test_stopped_and_then_accepted_by_a_person(april: Month) -> None:
    stopped = april.read("property")
    assert stopped.line.state == "整份退回"
    assert "等待决定" in "".join(stopped.line.remarks)
    assert "整份退回" in stopped.receipts[0]
    assert (stopped.row["已报"], stopped.row["状态"]) == ("是", "整份退回")
    office = april.office
    accept_stopped(APRIL, "property", None, "机构合并", "样例主任", office.settings, office.ledger)
    shown = april.read("property")
    told = "由样例主任决定接收，理由：机构合并。"
    assert (shown.line.state, shown.line.clock) == ("已接收", "按时")
    assert told in (shown.line.accepted_by_hand or "")
    assert told in shown.receipts[0]
    assert told.rstrip("。") in shown.row["说明"]
    assert (shown.row["状态"], shown.row["版本"], shown.row["行数"]) == ("已接收", 1, 4)
