"""A correction sheet may be tried before it is sent: the same verdict, and nothing is stored."""

from __future__ import annotations

from pathlib import Path

from poverty_watch.intake.dry_run import Checked, check_files
from poverty_watch.intake.dry_run_words import tell
from poverty_watch.ledger.reading import open_to_read
from poverty_watch.settings import Settings
from tests.intake.answers.conftest import HEADER, good
from tests.intake.conftest import APRIL, Office, save_workbook
from tests.intake.corrections.conftest import Sender
from tests.intake.test_dry_run import traces


def check(settings: Settings, path: Path, department: str | None = None) -> Checked:
    (one,) = check_files([path], APRIL, settings, open_to_read(settings), department=department)
    return one


def settled(office: Office) -> object:
    """All that is stored; SQLite's readers leave their marks in the memory that they share."""
    files, rows = traces(office.settings, office.ledger)
    return {name: text for name, text in files.items() if not name.endswith("-shm")}, rows


def test_the_verdict_on_a_correction_sheet_is_intakes_own(
    sender: Sender, office: Office, tmp_path: Path
) -> None:
    wrong = [*good(9)[:3], "五级", "2021-03-06"]
    sender.deliver([HEADER, *(good(serial) for serial in range(1, 6)), wrong])
    form = sender.form()
    form.rows[0]["残疾等级"] = "六级"
    path = save_workbook(tmp_path / "desk" / "改好了.xlsx", {"更正": form.grid()})
    before = settled(office)
    one = check(office.settings, path)
    assert (one.outcome, one.title, one.month) == ("faults", "持证残疾人", APRIL)
    assert any("工作表“更正”第3行：已按改的并入，但还有错" in m for m in one.messages)
    assert [fault.title for fault in one.faults] == ["填写内容不在规定选项之内"]
    form.rows[0]["残疾等级"] = "三级"
    save_workbook(path, {"更正": form.grid()})
    fine = check(office.settings, path)
    assert tell(fine).verdict == "没有问题，可以报送"
    assert fine.rows is not None
    assert fine.rows["accepted"] == 6
    # Another department learns nothing by it.
    assert check(office.settings, path, "民政局").outcome == "unreadable"
    assert settled(office) == before
    verdict = sender.send_back(form)
    assert verdict.delivery is not None
    assert verdict.delivery.accepted_rows == 6


def test_where_nothing_is_known_a_sheet_cannot_be_tried(sender: Sender, tmp_path: Path) -> None:
    wrong = [*good(9)[:3], "五级", "2021-03-06"]
    sender.deliver([HEADER, *(good(serial) for serial in range(1, 6)), wrong])
    path = save_workbook(tmp_path / "desk" / "更正.xlsx", {"更正": sender.form().grid()})
    home = tmp_path / "elsewhere"
    one = check(Settings(home, home / "inbox", f"sqlite:///{home}/ledger.sqlite"), path)
    assert one.outcome == "unreadable"
    assert "请直接放进收件夹" in one.messages[0]


def test_what_would_be_asked_is_told_before_it_is_sent(office: Office, tmp_path: Path) -> None:
    header = ["姓名", "身份证号", "借据号", "借款金额", "到期日", "逾期金额", "逾期天数"]
    row = [*good(1)[:2], "J1", 5000, "2022-01-01", 8000, 0]
    path = save_workbook(tmp_path / "小额信贷2021-04.xlsx", {"Sheet1": [header, row]})
    told = tell(check(office.settings, path))
    assert told.verdict == "可以报送，有疑问要核对或说明"
    (group,) = told.groups
    assert group.title == "疑问：部分大于全部"
    assert group.places == (("工作表“Sheet1”第2行 “借款金额、逾期金额”", "", ""),)
