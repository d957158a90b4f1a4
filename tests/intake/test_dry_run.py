"""The dry run gives intake's own verdict, and leaves no trace anywhere."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from poverty_watch.intake.dry_run import Checked, DryRunError, check_files
from poverty_watch.ledger.models import Base
from poverty_watch.ledger.reading import open_to_read
from poverty_watch.ledger.store import Ledger
from poverty_watch.settings import Settings
from tests.intake.conftest import APRIL, MARCH, Office, csv_bytes, number, save_workbook

PAYROLL = ["姓名", "身份证号", "单位名称", "人员身份"]
ILLNESS = ["姓名", "身份证号", "病种", "确诊日期"]
DATA = Path(__file__).parent / "data"


def people(count: int, *bad: str) -> list[list[Any]]:
    good = [["样例甲", number(serial=n), "样例单位", "事业"] for n in range(1, count + 1)]
    return [PAYROLL, *good, *(["样例乙", b, "样例单位", "事业"] for b in bad)]


@pytest.fixture
def nowhere(tmp_path: Path) -> Settings:
    """A home that was never used."""
    home = tmp_path / "nowhere"
    return Settings(home, home / "inbox", f"sqlite:///{home}/ledger.sqlite")


def save(folder: Path, name: str, rows: list[list[Any]]) -> Path:
    return save_workbook(folder / name, {"Sheet1": rows})


def check(settings: Settings, *files: Path, **named: Any) -> list[Checked]:
    return check_files(files, APRIL, settings, open_to_read(settings), **named)


def traces(settings: Settings, ledger: Ledger) -> tuple[dict[str, str], dict[str, list[Any]]]:
    """Every file below the home and the inbox, and every row of the ledger."""
    files = {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        for root in (settings.home, settings.inbox)
        for path in sorted(root.rglob("*"))
    }
    with ledger.transaction() as session:
        rows = {
            table.name: list(map(tuple, session.execute(select(table))))
            for table in Base.metadata.sorted_tables
        }
    return files, rows


def test_a_clean_file_in_a_place_that_was_never_used(nowhere: Settings, tmp_path: Path) -> None:
    path = save(tmp_path, "财政供养2021年4月.xlsx", people(3))
    (one,) = check(nowhere, path)
    assert (one.outcome, one.title, one.department, one.month) == (
        "clean",
        "财政供养",
        "财政局",
        APRIL,
    )
    assert one.rows is not None
    assert (one.rows["accepted"], one.rows["rejected"]) == (3, 0)
    assert not one.compared
    assert one.messages == ("没有读到以前月份的数据：行数与上月相差是否过大，没有比对。",)
    assert not nowhere.home.exists()


def test_faults_are_told_with_place_masked_value_and_remedy(
    nowhere: Settings, tmp_path: Path
) -> None:
    wrong = number()[:17] + ("0" if number()[17] != "0" else "1")
    rows = [*people(3, wrong), ["", number(serial=9), "样例单位", "事业"]]
    (one,) = check(nowhere, save(tmp_path, "财政供养.xlsx", rows))
    assert (one.outcome, one.status) == ("faults", "accepted")
    first, second = one.faults
    assert (first.sheet, first.row, first.header) == ("Sheet1", 5, "身份证号")
    assert first.value == f"530501********{wrong[-4:]}"
    assert "校验码" in first.title
    assert first.remedy
    assert (second.row, second.header) == (6, "姓名")
    assert wrong not in str(one)


def test_all_faults_of_a_row_are_told(nowhere: Settings, tmp_path: Path) -> None:
    rows = [*people(1), ["", "1", "样例单位", "事业"]]
    (one,) = check(nowhere, save(tmp_path, "财政供养.xlsx", rows))
    (fault,) = one.faults
    assert fault.title == "姓名为空"
    assert fault.also == (("身份证号位数不对", "身份证号"),)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("花名册.xlsx", "名称里没有数据名称"),
        ("财政供养.pdf", "不是能读取的文件"),
        ("~$财政供养.xlsx", "不是能读取的文件"),
        ("财政供养 没有.xlsx", "没有“财政供养 没有.xlsx”这个文件"),
    ],
)
def test_what_intake_would_not_read_is_named(
    nowhere: Settings, tmp_path: Path, name: str, said: str
) -> None:
    if "没有" not in name:
        (tmp_path / name).write_bytes(b"x")
    (one,) = check(nowhere, tmp_path / name)
    assert (one.outcome, one.dataset) == ("unreadable", None)
    assert said in one.messages[0]


def test_a_folder_is_no_file(nowhere: Settings, tmp_path: Path) -> None:
    (tmp_path / "财政供养.xlsx").mkdir()
    (one,) = check(nowhere, tmp_path / "财政供养.xlsx")
    assert "是文件夹" in one.messages[0]


def test_an_encrypted_file_and_one_without_the_columns_cannot_be_read(
    nowhere: Settings, tmp_path: Path
) -> None:
    encrypted = tmp_path / "财政供养.xlsx"
    encrypted.write_bytes((DATA / "encrypted.xlsx").read_bytes())
    short = save(tmp_path, "公益岗.xlsx", [PAYROLL[:2], ["样例甲", number()]])
    verdicts = check(nowhere, encrypted, short)
    assert [one.outcome for one in verdicts] == ["unreadable", "unreadable"]
    assert [one.status for one in verdicts] == ["rejected", "rejected"]
    assert "缺少列" in "".join(verdicts[1].messages)


def test_a_snapshot_without_rows_is_readable_and_stops(nowhere: Settings, tmp_path: Path) -> None:
    (one,) = check(nowhere, save(tmp_path, "财政供养.xlsx", [PAYROLL]))
    assert (one.outcome, one.status) == ("faults", "rejected")
    assert "不能零报告" in one.messages[0]


def test_a_nil_return_is_clean(nowhere: Settings, tmp_path: Path) -> None:
    (one,) = check(nowhere, save(tmp_path, "大病零报告.xlsx", [ILLNESS]))
    assert (one.outcome, one.status) == ("clean", "nil")


def test_the_month_is_taken_from_the_name_unless_it_is_said(
    nowhere: Settings, tmp_path: Path
) -> None:
    row = ["样例甲", number(), "肺癌", "2021-04-02"]
    path = save(tmp_path, "大病2021年3月.xlsx", [ILLNESS, row])
    (by_name,) = check(nowhere, path)
    assert (by_name.month, by_name.outcome) == (MARCH, "faults")
    (said,) = check(nowhere, path, month=APRIL)
    assert (said.month, said.outcome) == (APRIL, "clean")
    assert any("名称写的是2021年3月" in message for message in said.messages)


def test_a_department_recognises_its_own_datasets_only(nowhere: Settings, tmp_path: Path) -> None:
    path = save(tmp_path, "财政供养.xlsx", people(1))
    assert check(nowhere, path, department="财政局")[0].outcome == "clean"
    assert check(nowhere, path, department="finance")[0].outcome == "clean"
    assert check(nowhere, path, department="水利局")[0].outcome == "unreadable"
    with pytest.raises(DryRunError, match="没有名为“财局”的部门"):
        check(nowhere, path, department="财局")


def test_township_parts_are_one_delivery_and_one_replaced_is_named(
    nowhere: Settings, tmp_path: Path
) -> None:
    first = save(tmp_path, "财政供养甸阳镇.xlsx", people(2))
    second = save(tmp_path, "财政供养由旺镇.xlsx", people(1))
    again = save(tmp_path, "财政供养由旺镇更正.xlsx", people(3))
    verdicts = check(nowhere, first, second, again)
    assert set(verdicts[0].files) == {"财政供养甸阳镇.xlsx", "财政供养由旺镇更正.xlsx"}
    assert verdicts[1].files == ("财政供养由旺镇.xlsx",)
    assert "以后一份为准" in verdicts[1].messages[0]


def test_with_a_history_the_volume_is_compared_and_nothing_is_touched(
    office: Office, tmp_path: Path
) -> None:
    office.deliver("payroll", people(2), month=MARCH)
    path = save(tmp_path, "财政供养.xlsx", people(9))
    office.ledger.engine.dispose()
    before = traces(office.settings, office.ledger)
    office.ledger.engine.dispose()
    (one,) = check(office.settings, path)
    assert one.compared
    assert (one.outcome, one.status) == ("faults", "rejected")
    assert "相差超过50%" in one.messages[0]
    assert traces(office.settings, office.ledger) == before


def test_with_a_history_rows_already_accepted_are_found(office: Office, tmp_path: Path) -> None:
    row = ["样例甲", number(), "肺癌", "2021-03-02"]
    office.deliver("major_illness", [ILLNESS, row], month=MARCH)
    (one,) = check(office.settings, save(tmp_path, "大病.xlsx", [ILLNESS, row]))
    assert [fault.title for fault in one.faults] == ["以前月份已报过"]


def test_a_closed_ledger_has_no_file_more_afterwards(office: Office, tmp_path: Path) -> None:
    office.deliver("payroll", people(2), month=MARCH)
    office.ledger.engine.dispose()
    before = {p: p.stat().st_mtime_ns for p in office.settings.home.rglob("*")}
    assert check(office.settings, save(tmp_path, "财政供养.xlsx", people(2)))[0].compared
    assert {p: p.stat().st_mtime_ns for p in office.settings.home.rglob("*")} == before


def test_the_ledger_cannot_be_written_through_it(office: Office) -> None:
    office.deliver("payroll", people(2))
    reading = open_to_read(office.settings)
    assert reading is not None

    def write() -> None:
        with reading.transaction() as session:
            session.execute(text("DELETE FROM dataset_month"))

    with pytest.raises(Exception, match=r"readonly|read-only"):
        write()


def test_without_keys_nothing_is_compared_and_none_are_made(office: Office, tmp_path: Path) -> None:
    office.deliver("payroll", people(2), month=MARCH)
    empty = replace(office.settings, home=tmp_path / "other")
    (one,) = check(empty, save(tmp_path, "财政供养.xlsx", people(9)))
    assert (one.compared, one.outcome) == (False, "clean")
    assert not empty.home.exists()


def test_a_ledger_of_an_older_schema_is_left_alone(office: Office) -> None:
    with office.ledger.transaction() as session:
        newest = session.scalar(text("SELECT version_num FROM alembic_version"))
        session.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    try:
        assert open_to_read(office.settings) is None
    finally:
        with office.ledger.transaction() as session:
            session.execute(text("UPDATE alembic_version SET version_num = :v"), {"v": newest})


@pytest.mark.parametrize(
    "rows",
    [
        people(3),
        people(3, "1", number(serial=1)[:17]),
        people(20, *["1"] * 15),
        [PAYROLL],
        [PAYROLL[:3], ["样例甲", number(), "样例单位"]],
        [*people(2), *people(2)[1:]],
    ],
    ids=["clean", "faulty", "stopped", "empty", "no columns", "duplicates"],
)
def test_the_verdict_is_intake_s_own(office: Office, tmp_path: Path, rows: list[list[Any]]) -> None:
    (one,) = check(office.settings, save(tmp_path / "desk", "财政供养2021-04.xlsx", rows))
    verdict = office.deliver("payroll", rows)
    assert one.status == verdict.status
    assert {f.row for f in one.faults} == set(verdict.faults) or verdict.delivery is None
    missing = {"没有读到以前月份的数据：行数与上月相差是否过大，没有比对。"}
    assert set(one.messages) - missing == set(verdict.messages)


def test_a_csv_in_gb18030_is_judged_too(nowhere: Settings, tmp_path: Path) -> None:
    path = tmp_path / "财政供养.csv"
    path.write_bytes(csv_bytes(people(2), "gb18030"))
    assert check(nowhere, path)[0].outcome == "clean"
