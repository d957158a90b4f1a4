"""The bulletin of two months: what it tells, that it stays what it was, whom it reaches."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from docx import Document

from poverty_watch.contracts import load_catalogue
from poverty_watch.contracts.recipients import Recipients
from poverty_watch.ledger.models import Bulletin, Task
from poverty_watch.ledger.store import open_ledger
from poverty_watch.mail import MailServer, Patience
from poverty_watch.months import Month, Workdays
from poverty_watch.report import ReportError, build_report
from poverty_watch.report.dispatch import make_bulletin, send_bulletin
from poverty_watch.report.dispatch.figures import DepartmentLine, Figures, figures
from poverty_watch.report.dispatch.policy import BulletinPolicy, bulletin_policy
from poverty_watch.report.dispatch.wording import bulletin_context
from poverty_watch.report.signing import sign
from poverty_watch.settings import Settings
from tests import postbox
from tests.postbox import Postbox
from tests.report.conftest import ScreenedMonth, household

MARCH, APRIL = Month.parse("2021-03"), Month.parse("2021-04")
DAY = date(2021, 5, 17)
PEOPLE = Recipients(
    county={"值班": "duty@example.org"},
    joint_meeting={"召集人": "chair@example.org"},
    townships={"甸阳镇": "town@example.org"},
    municipal={"财政局": "finance@example.org"},
)
Box = tuple[Postbox, MailServer]


@pytest.fixture
def box() -> Iterator[Box]:
    with postbox.opened() as found:
        yield found


def installation(home: Path) -> Settings:
    """One database is enough here: what mails and reports do to both is tested with them."""
    return Settings(home, home / "inbox", f"sqlite:///{home}/ledger.sqlite")


@pytest.fixture(scope="module")
def reported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Leads in both months, one overdue; a department that missed a month, one that sent rubbish."""
    settings = installation(tmp_path_factory.mktemp("reported") / "home")
    ledger = open_ledger(settings)
    march, april = (ScreenedMonth(settings, ledger, month) for month in (MARCH, APRIL))
    old = household("1", "甸阳镇")
    march.screen(
        now=[old, household("2", "由旺镇", identified="2021-03")],
        before=[old],
        fingerprint="a" * 64,
    )
    april.screen(
        now=[old, household("2", "由旺镇", identified="2021-03")],
        before=[old, household("2", "由旺镇", identified="2021-03")],
        fingerprint="b" * 64,
    )
    for month in (march, april):
        for department in load_catalogue().departments.values():
            for dataset in department.contracts.keys() - {"machinery", "payroll"}:
                month.deliver(dataset, department.id, "nil")
        month.deliver("machinery", "agriculture", accepted=90, faults={"amount": 10})
    march.deliver("payroll", "finance", "missing")
    april.deliver("payroll", "finance", accepted=50)
    march.lead("R:1", "W11", township="甸阳镇")
    april.lead("R:2", "W11", township="由旺镇")
    with march.ledger.transaction() as session:
        for number, month, due in ((1, MARCH, 12), (2, APRIL, 25)):
            session.add(
                Task(
                    household_id=f"R:{number}",
                    township="甸阳镇" if number == 1 else "由旺镇",
                    village="样例村",
                    month=str(month),
                    opened_on=date(2021, 5, 1),
                    due_on=date(2021, 5, due),
                )
            )
    for month in (MARCH, APRIL):
        build_report(month, settings, ledger)
    ledger.engine.dispose()
    return settings.home


@pytest.fixture
def two_months(reported: Path, tmp_path: Path) -> ScreenedMonth:
    """A home of its own for each test, as `reported` left it."""
    shutil.copytree(reported, tmp_path / "home")
    settings = installation(tmp_path / "home")
    return ScreenedMonth(settings, open_ledger(settings), APRIL)


def signed(month: ScreenedMonth) -> ScreenedMonth:
    for each in (MARCH, APRIL):
        sign(each, month.settings, month.ledger, "样例主任")
    return month


def made(month: ScreenedMonth, **given: Any) -> Any:
    return make_bulletin(MARCH, APRIL, month.settings, month.ledger, DAY, **given)


def policy(**other: Any) -> BulletinPolicy:
    return bulletin_policy().model_copy(update=other)


def text_of(path: Path | io.BytesIO) -> str:
    document = Document(str(path) if isinstance(path, Path) else path)
    cells = [
        "|".join(cell.text.replace("\n", "") for cell in row.cells)
        for table in document.tables
        for row in table.rows
    ]
    return "\n".join([*(p.text for p in document.paragraphs), *cells])


def test_it_tells_the_figures_of_both_reports_and_what_is_overdue(
    two_months: ScreenedMonth,
) -> None:
    text = text_of(made(two_months).path)
    assert "关于2021年3月至4月防返贫动态监测\n和帮扶工作双月调度情况的通报" in text
    assert "2021年3月至4月防返贫动态监测和帮扶工作双月调度情况通报如下。" in text
    # Both months' leads and flows; the stock of the second month's end.
    assert "2021年4月末未消除2户；两个月新增1户，消除0户" in text
    assert "产生线索2户次，已核实0户次，按时核实率0.0%；截至5月17日超期未核实1件" in text
    assert "甸阳镇样例村，户编号1：第1号核实任务超期5天。" in text
    assert "财政局“财政供养”（3月，未报送）" in text
    assert "农业农村局20行（10.0%）" in text
    assert "超期未核实的任务逐件入户核实并报回|甸阳镇|5月24日前" in text
    assert "农业农村局|4|" in text  # two datasets, two months
    assert "2021年3月月报表第1版（草稿）、2021年4月月报表第1版（草稿）" in text


def found_in(month: ScreenedMonth) -> Figures:
    with month.ledger.transaction() as session:
        return figures(session, month.settings, (MARCH, APRIL), DAY, load_catalogue())


def told(found: Figures, **other: Any) -> dict[str, Any]:
    return bulletin_context(found, policy(**other), "样例县", Workdays({}), 1)


def test_ranks_come_from_the_policy(two_months: ScreenedMonth) -> None:
    found = found_in(two_months)
    known = {"甸阳镇": (2, 1), "由旺镇": (4, 4), "姚关镇": (6, 3)}
    lines = [
        replace(line, leads=known[line.township][0], in_time=known[line.township][1], findings=n)
        if line.township in known
        else line
        for n, line in enumerate(found.townships)
    ]
    found = replace(found, townships=tuple(lines))
    rows = told(found, rank_by="in_time_rate")["townships"]
    # Without a lead there is nothing to be ranked by; equals share a rank.
    assert [(row["township"], row["rank"]) for row in rows[:3]] == [
        ("由旺镇", 1),
        ("甸阳镇", 2),
        ("姚关镇", 2),
    ]
    assert {row["rank"] for row in rows[3:-1]} == {"/"}
    assert (rows[-1]["township"], rows[-1]["rank"]) == ("合计", "")
    last = told(found, rank_by="findings")["townships"][-2]
    assert (last["township"], last["rank"]) == ("姚关镇", len(rows) - 1)


def test_where_all_are_equal_nobody_is_ranked(two_months: ScreenedMonth) -> None:
    found = told(found_in(two_months))
    assert not found["is_ranked"]
    assert [row["township"] for row in found["townships"][:2]] == ["甸阳镇", "由旺镇"]


def test_what_may_have_been_in_time_counts_neither_way(two_months: ScreenedMonth) -> None:
    found = found_in(two_months)
    finance = next(line for line in found.departments if line.department == "财政局")
    doubtful = replace(finance, owed=2, on_time=0, in_doubt=2)
    assert (
        told(replace(found, departments=(doubtful, doubtful_total(doubtful))))["departments"][0][
            "on_time_rate"
        ]
        == "—"
    )
    assert replace(doubtful, owed=4, on_time=1).on_time_rate == 0.5


def doubtful_total(line: DepartmentLine) -> DepartmentLine:
    return replace(line, department="合计", is_total=True)


def test_ranking_can_be_switched_off(two_months: ScreenedMonth) -> None:
    plain = text_of(made(two_months, policy=policy(ranking=False)).path)
    assert "不排名" in plain
    assert "名次" not in plain
    rows = told(found_in(two_months), ranking=False)["townships"]
    assert [row["township"] for row in rows[:2]] == ["甸阳镇", "由旺镇"]


def test_an_extract_speaks_of_one_department_alone(two_months: ScreenedMonth) -> None:
    extracts = made(two_months).extracts
    finance = text_of(extracts["财政局"])
    assert "2021年3月“财政供养”：未报送" in finance
    for other in ("农业农村局", "甸阳镇", "户编号"):
        assert other not in finance
    assert "退回20行，占10.0%" in text_of(extracts["农业农村局"])


def test_the_same_gives_the_same_bytes_and_no_new_version(two_months: ScreenedMonth) -> None:
    first = made(two_months)
    files = [first.path, *first.extracts.values()]
    before = [path.read_bytes() for path in files]
    for path in files[::3]:
        path.unlink()
    files[1].write_bytes(b"something else")
    again = made(two_months)
    assert (again.number, again.is_new) == (1, False)
    assert [path.read_bytes() for path in files] == before
    assert {path.stat().st_mode & 0o077 for path in files} == {0}


def test_what_changed_is_a_new_version_and_the_old_one_stays(two_months: ScreenedMonth) -> None:
    first = made(two_months)
    before = first.path.read_bytes()
    with two_months.ledger.transaction() as session:
        session.get_one(Task, 1).status = "closed"
    second = made(two_months)
    assert (second.number, second.is_new) == (2, True)
    assert first.path.read_bytes() == before
    with two_months.ledger.transaction() as session:
        manifest = session.query(Bulletin).filter_by(number=2).one().manifest
    assert manifest["reports"] == [
        {"month": "2021-03", "number": 1, "kind": "draft"},
        {"month": "2021-04", "number": 1, "kind": "draft"},
    ]


def test_any_two_months_in_order_that_have_reports(two_months: ScreenedMonth) -> None:
    with pytest.raises(ReportError, match="前一个在先"):
        make_bulletin(APRIL, MARCH, two_months.settings, two_months.ledger, DAY)
    with pytest.raises(ReportError, match="2021年1月还没有月报"):
        make_bulletin(Month(2021, 1), APRIL, two_months.settings, two_months.ledger, DAY)


def test_a_template_with_a_wrong_brace_is_told(two_months: ScreenedMonth, tmp_path: Path) -> None:
    document = Document()
    document.add_paragraph("{{ 标题 }}")
    document.save(str(tmp_path / "通报.docx"))
    with pytest.raises(ReportError, match=r"通报\.docx.*花括号有误"):
        made(two_months, bulletin=tmp_path / "通报.docx")


def test_a_bulletin_on_drafts_is_not_sent(two_months: ScreenedMonth, box: Box) -> None:
    made(two_months)
    with pytest.raises(ReportError, match="还没有签发"):
        send_bulletin(
            MARCH, APRIL, two_months.settings, two_months.ledger, PEOPLE, box[1], "样例主任"
        )
    assert box[0].mails == []


def test_everybody_gets_the_bulletin_and_a_municipal_office_only_its_part(
    two_months: ScreenedMonth, box: Box
) -> None:
    month = signed(two_months)
    made(month)
    for _ in range(2):
        posted = send_bulletin(
            MARCH,
            APRIL,
            month.settings,
            month.ledger,
            PEOPLE,
            box[1],
            "样例主任",
            patience=Patience(1),
        )
    assert posted.count("sent") == 4
    whole = text_of(
        io.BytesIO(next(box[0].to("town@example.org").iter_attachments()).get_content())
    )
    assert "存在的问题" in whole
    (part,) = box[0].to("finance@example.org").iter_attachments()
    assert "财政局" in part.get_filename()
    assert "农业农村局" not in text_of(io.BytesIO(part.get_content()))
    # Offices without an address are named, not forgotten.
    assert "市级部门·民政局 未发出：没有收件地址" in posted.summary
    with month.ledger.transaction() as session:
        assert session.query(Bulletin).one().agreed_by == "样例主任"
    with pytest.raises(ReportError, match="谁同意"):
        send_bulletin(MARCH, APRIL, month.settings, month.ledger, PEOPLE, box[1], " ")
