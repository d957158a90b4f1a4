"""What leaves the office: the notice for the public, the workbook for the clerk."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from docx import Document
from openpyxl import load_workbook
from sqlalchemy import select

from poverty_watch.contracts import load_catalogue
from poverty_watch.identity import Keyring
from poverty_watch.ledger.access import Viewer
from poverty_watch.ledger.errors import AccessError
from poverty_watch.ledger.models import JournalEntry
from poverty_watch.ledger.sealed import seal_identities, seal_phones
from poverty_watch.months import Month
from poverty_watch.verification.cases.entry import write_entries
from poverty_watch.verification.cases.errors import CaseError
from poverty_watch.verification.cases.notice import write_notices
from tests.screening.given import deliver, person_id, write_down
from tests.verification.cases.conftest import (
    COMPARED,
    COUNTY,
    COUNTY_2,
    ELSEWHERE,
    THERE,
    VISITOR,
    VOTES,
    Command,
    Office,
    household,
)

NUMBER = "530501197001010008"
PHONE = "10000000001"
PERSONS = pa.schema(
    [
        ("person_id", pa.int64()),
        ("birth_date", pa.date32()),
        ("died_on", pa.date32()),
        ("household_id", pa.string()),
    ]
)


@pytest.fixture
def ledger_url(tmp_path: Path) -> str:
    """Files are the same from both databases."""
    return f"sqlite:///{tmp_path}/home/ledger.sqlite"


def persons(*rows: tuple[int, str | None]) -> pa.Table:
    return pa.Table.from_pylist(
        [
            {"person_id": person, "birth_date": born and date.fromisoformat(born)}
            for person, born in rows
        ],
        schema=PERSONS,
    )


def to_posting(office: Office, household_id: str = "R:1", **told: Any) -> int:
    township = told.get("township", "甸阳镇")
    by = ELSEWHERE if township == THERE else VISITOR
    task_id = office.task(household_id, township=township)
    case_id: int = office.visit(task_id, by=by, remarks="家中有重病人").case_id
    office.decide(case_id, "clear", COUNTY, "2021-05-12", papers=COMPARED)
    office.decide(case_id, "agreed", by, "2021-05-14", VOTES, ["minutes"])
    return case_id


def text_of(path: Path) -> str:
    document = Document(str(path))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return "\n".join([*(paragraph.text for paragraph in document.paragraphs), *cells])


def everything_in(path: Path) -> str:
    """All parts of the document, not only what is shown."""
    from zipfile import ZipFile

    with ZipFile(path) as archive:
        return "".join(archive.read(name).decode("utf-8", "ignore") for name in archive.namelist())


def test_a_notice_holds_the_heads_name_and_nothing_private(office: Office, keys: Keyring) -> None:
    with office.ledger.transaction() as session:
        seal_identities(session, keys, {10: NUMBER})
        seal_phones(session, keys, {10: PHONE})
    office.compute(
        household(
            risk_1="因残",
            monitored_class="突发严重困难户",
            head_name="样例户主",
            income_per_head=Decimal("6543.21"),
        ),
        persons=persons((10, "1970-01-01")),
    )
    to_posting(office)
    (path,) = write_notices(office.desk, VISITOR, date(2021, 5, 15)).paths
    shown = text_of(path)
    assert "样例户主" in shown
    assert "自2021年5月16日至2021年5月22日" in shown
    assert "公示期7天" in shown
    hidden = everything_in(path)
    private = [
        NUMBER,
        NUMBER[:6],
        PHONE,
        "因病",
        "因残",
        "残疾",
        "突发",
        "6543.21",
        "重病",
        "入户一",
        "R:1",
    ]
    assert [word for word in private if word in hidden] == []
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent == office.settings.outbox / "2021-05" / "公示"


@pytest.mark.parametrize(
    ("born", "shown"),
    [("2003-05-15", "样例户主"), ("2003-05-16", "样***"), (None, "样***")],
)
def test_a_head_who_is_not_of_age_is_masked(office: Office, born: str | None, shown: str) -> None:
    office.compute(household(head_name="样例户主"), persons=persons((10, born)))
    to_posting(office)
    (path,) = write_notices(office.desk, VISITOR, date(2021, 5, 15)).paths
    found = text_of(path).split("\n")
    assert shown in found
    assert ("样例户主" in found) == (shown == "样例户主")


def test_one_notice_per_village_of_the_own_township(office: Office) -> None:
    villages = [("R:1", "上村"), ("R:2", "上村"), ("R:3", "../下<村>&")]
    office.compute(
        *(household(number, village=village) for number, village in villages),
        household("R:4", township=THERE, head_name="外镇户主"),
        persons=persons((10, "1970-01-01"), (20, "1970-01-01"), (30, "1970-01-01")),
    )
    for number, _ in villages:
        to_posting(office, number)
    to_posting(office, "R:4", township=THERE)
    paths = write_notices(office.desk, VISITOR, date(2021, 5, 15)).paths
    assert len(paths) == 2
    assert {path.parent.name for path in paths} == {"公示"}
    assert all("外镇户主" not in text_of(path) for path in paths)
    assert len(write_notices(office.desk, COUNTY, date(2021, 5, 15)).paths) == 3


@pytest.mark.parametrize(
    "viewer", [Viewer("看", "viewer"), Viewer("医保一", "department", "medical_insurance")]
)
def test_only_townships_and_the_county_write_notices(office: Office, viewer: Viewer) -> None:
    office.compute(household(), persons=persons((10, "1970-01-01")))
    to_posting(office)
    with pytest.raises(CaseError, match="不能办理"):
        write_notices(office.desk, viewer, date(2021, 5, 15))
    assert not office.settings.outbox.exists()


def test_names_are_text_and_never_template_or_markup(office: Office) -> None:
    office.compute(household(head_name="{{ rows }}<w:b/>&甲"), persons=persons((10, "1970-01-01")))
    to_posting(office)
    (path,) = write_notices(office.desk, VISITOR, date(2021, 5, 15)).paths
    assert "{{ rows }}<w:b/>&甲" in text_of(path)


def test_a_household_without_a_known_head_is_named_and_the_others_are_posted(
    office: Office, command: Command
) -> None:
    office.compute(
        household(head_name="样例甲"),
        household("R:2", head_name=None),
        household("H:3", head_name=None, head_person_id=None),
        persons=persons((10, "1970-01-01")),
    )
    cases = [to_posting(office, one) for one in ("R:1", "R:2", "H:3")]
    as_visitor = ("--by", VISITOR.name, "--role", "乡镇", "--place", VISITOR.place)
    code, told = command("case", "notices", "--on", "2021-05-15", *as_visitor)
    assert code == 1, "somebody has something to do"
    assert f"第{cases[1]}号案件（甸阳镇样例村 R:2）没有公示：“防返贫监测信息”里没有户主姓名" in told
    assert f"第{cases[2]}号案件（甸阳镇样例村 H:3）没有公示：“农村户籍人口”里没有户主姓名" in told
    (path,) = office.settings.outbox.rglob("公示_*.docx")
    assert text_of(path).count("样例甲") == 1
    with office.ledger.transaction() as session:
        entry = session.scalars(select(JournalEntry).where(JournalEntry.action == "生成公示")).one()
        assert entry.detail["cases"] == cases[:1]


def entered(office: Office, keys: Keyring) -> list[dict[str, Any]]:
    (path,) = write_entries(office.desk, COUNTY, date(2021, 5, 27))
    assert path.stat().st_mode & 0o777 == 0o600
    sheet = load_workbook(path)["录入"]
    head, *rows = sheet.iter_rows(values_only=True)
    contract = load_catalogue().contract("monitoring_register")
    assert list(head) == [column.header for column in contract.columns]
    return [dict(zip(head, row, strict=True)) for row in rows]


def approved(office: Office, keys: Keyring, register: str, household_id: str) -> None:
    rows = {
        "monitoring_register": [
            {"household_no": "1", "person_id": "A", "person_no": "1", "name": "=样例甲",
             "relation": "户主", "health": "健康", "risk_1": "因学"},
            {"household_no": "1", "person_id": "B", "person_no": "2", "name": "样例乙"},
            {"household_no": "1", "person_id": "C", "person_no": "3", "name": "样例丙"},
        ],
        "hukou_register": [
            {"hukou_id": "1", "person_id": "A", "name": "样例甲", "relation": "户主"},
        ],
    }  # fmt: skip
    found = deliver(office.settings.lake, rows, Month(2021, 4))
    write_down(office.ledger, [d for d in found if d.dataset == register])
    died = {"person_id": person_id("C"), "died_on": date(2021, 1, 1)}
    office.compute(
        household(household_id, head_person_id=person_id("A")),
        persons=pa.Table.from_pylist([died], schema=PERSONS),
        serving={register: "2021-04"},
    )
    with office.ledger.transaction() as session:
        seal_identities(session, keys, {person_id("A"): NUMBER})
        seal_phones(session, keys, {person_id("A"): PHONE})
    case_id = office.visit(office.task(household_id), risks=["因病", "饮水安全"]).case_id
    office.to_county(case_id)
    given = {"监测对象类别": "脱贫不稳定户"}
    office.decide(case_id, "approved", COUNTY_2, "2021-05-26", given, ["approval"])


def test_a_known_household_is_entered_with_what_is_known_and_decided(
    office: Office, keys: Keyring
) -> None:
    approved(office, keys, "monitoring_register", "R:1")
    first, second = entered(office, keys)
    assert (first["姓名"], first["证件号码"], first["联系电话"]) == ("=样例甲", NUMBER, PHONE)
    assert (first["户编号"], first["人编号"], first["健康状况"]) == ("1", "1", "健康")
    assert second["姓名"] == "样例乙"
    for row in (first, second):
        assert row["监测对象类别"] == "脱贫不稳定户"
        assert [row[f"致贫返贫风险{n}"] for n in (1, 2, 3)] == ["因病", "饮水安全", None]
        assert (row["识别监测时间"], row["风险是否已消除"]) == ("202105", "否")
        assert "健康帮扶" in row["帮扶措施"]


def test_a_household_new_to_the_register_is_entered_from_the_hukou(
    office: Office, keys: Keyring
) -> None:
    approved(office, keys, "hukou_register", "H:1")
    (row,) = entered(office, keys)
    assert (row["姓名"], row["证件号码"], row["与户主关系"]) == ("样例甲", NUMBER, "户主")
    # Nobody has given these: they are left to the clerk, not made up.
    assert (row["户编号"], row["健康状况"], row["人均纯收入"]) == (None, None, None)


def test_nothing_in_the_workbook_is_a_formula_and_the_reading_is_written_down(
    office: Office, keys: Keyring
) -> None:
    approved(office, keys, "monitoring_register", "R:1")
    (path,) = write_entries(office.desk, COUNTY, date(2021, 5, 27))
    sheet = load_workbook(path)["录入"]
    filled = [cell for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert {cell.data_type for cell in filled} == {"s"}
    with office.ledger.transaction() as session:
        told = [
            (entry.actor, entry.subject)
            for entry in session.query(JournalEntry)
            if entry.action.startswith("查看")
        ]
    assert told == [("县一", "监测系统录入表")] * 2


def test_a_township_makes_no_workbook_with_full_numbers(office: Office, keys: Keyring) -> None:
    approved(office, keys, "monitoring_register", "R:1")
    with pytest.raises(AccessError):
        write_entries(office.desk, VISITOR, date(2021, 5, 27))
