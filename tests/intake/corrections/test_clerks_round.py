"""A clerk's round: fifty planted faults are mended from the answer alone, and the next one is clean."""

from __future__ import annotations

import json
import random
import re
import shutil
import subprocess
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from poverty_watch.contracts import catalogue
from poverty_watch.settings import EXPECTATIONS
from tests.intake.answers.conftest import DOUBT, FAULT, bad_digit, coloured, table
from tests.intake.conftest import APRIL, MARCH, Office, number
from tests.intake.corrections.conftest import Sender

DATASET = "every_kind"
HEADER = [
    "乡镇",
    "姓名",
    "身份证号码",
    "发生日期",
    "上报日期",
    "合计",
    "其中人工",
    "其中材料",
    "类别",
]
CONTRACT = """\
title: 各种毛病
order: 99
kind: increment
scope: rural
sensitivity: sensitive
legal_basis: 样例依据
repeated_by_event: true
too_old_after_months: 6
columns:
  - {name: township, header: 乡镇, type: text, optional: true}
  - {name: name, header: 姓名, type: name}
  - {name: person_id, header: 身份证号, aliases: [身份证号码], type: identity}
  - {name: happened_on, header: 发生日期, type: date, event: true}
  - {name: reported_on, header: 上报日期, type: date}
  - {name: total, header: 合计, type: amount, unit: 元}
  - {name: labour, header: 其中人工, type: amount, unit: 元}
  - {name: material, header: 其中材料, type: amount, unit: 元}
  - {name: kind, header: 类别, type: choice, values: [房屋, 道路, 农田]}
sums:
  - {total: total, parts: [labour, material]}
"""


def suite() -> dict[str, Any]:
    def rule(kind: str, fault: str, severity: str = "critical", **kwargs: Any) -> dict[str, Any]:
        meta = {"fault" if severity == "critical" else "query": fault}
        return {
            "type": f"expect_column_{kind}",
            "kwargs": kwargs,
            "severity": severity,
            "meta": meta,
        }

    end, begin = {"$PARAMETER": "month_end"}, {"$PARAMETER": "earliest_event"}
    rules = [
        rule("values_to_not_be_null", "name", column="name"),
        rule("values_to_be_null", "identity", column="person_id_fault"),
        rule("values_to_be_between", "too_old", column="happened_on", min_value=begin),
        rule("values_to_not_be_null", "list", column="kind"),
        rule("values_to_be_in_set", "list", column="kind", value_set={"$PARAMETER": "kind_values"}),
        rule("values_to_be_in_set", "repeated", column="is_repeated", value_set=[False]),
        rule("values_to_be_in_set", "duplicate", column="is_duplicate", value_set=[False]),
        rule(
            "values_to_be_between",
            "sum",
            "warning",
            column="total_gap",
            min_value=-0.01,
            max_value=0.01,
            mostly=0.99,
        ),
        rule(
            "pair_values_a_to_be_greater_than_b",
            "date_order",
            "info",
            column_A="reported_on",
            column_B="happened_on",
            or_equal=True,
            ignore_row_if="either_value_is_missing",
        ),
    ]
    for day in ("happened_on", "reported_on"):
        rules.append(rule("values_to_not_be_null", "date", column=day))
        rules.append(rule("values_to_be_between", "future", column=day, max_value=end))
    for amount in ("total", "labour", "material"):
        rules.append(rule("values_to_not_be_null", "amount", column=amount))
        rules.append(
            rule("values_to_be_between", "amount", column=amount, min_value=0, max_value=10_000_000)
        )
    return {"name": DATASET, "expectations": rules}


@pytest.fixture
def department(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A department whose one dataset can have every kind of fault and query."""
    root = tmp_path / "expectations"
    shutil.copytree(EXPECTATIONS, root)
    own = root / "sample_office"
    own.mkdir()
    (own / "department.yaml").write_text("title: 样例局\norder: 99\n", encoding="utf-8")
    (own / f"{DATASET}.contract.yaml").write_text(CONTRACT, encoding="utf-8")
    (own / f"{DATASET}.suite.json").write_text(json.dumps(suite()), encoding="utf-8")
    load = catalogue._load
    monkeypatch.setattr(catalogue, "_load", lambda _root: load(root))


def right(serial: int) -> list[Any]:
    """What the department's own records say."""
    return [
        "甸阳镇",
        f"样例{serial}",
        number(serial=serial),
        date(2021, 4, 1 + serial % 28),
        date(2021, 4, 29),
        300,
        100,
        200,
        "房屋",
    ]


def numeric(serial: int) -> int:
    """The number as a spreadsheet keeps it in a numeric cell."""
    return int(number(serial=serial)[:15] + "000")


_ID, _NAME, _DAY, _REPORTED, _TOTAL, _LABOUR, _KIND = 2, 1, 3, 4, 5, 6, 8
Bend = Callable[[list[Any], int], None]


def put(column: int, value: Any) -> Bend:
    def bend(row: list[Any], _serial: int) -> None:
        row[column] = value

    return bend


def by_serial(column: int, value: Callable[[int], Any]) -> Bend:
    def bend(row: list[Any], serial: int) -> None:
        row[column] = value(serial)

    return bend


def both(*bends: Bend) -> Bend:
    def bend(row: list[Any], serial: int) -> None:
        for one in bends:
            one(row, serial)

    return bend


PLANTED: list[Bend] = [
    *[put(_NAME, None), put(_NAME, "  "), put(_NAME, "\u3000"), put(_NAME, "")],
    *[put(_ID, None), put(_ID, " "), put(_ID, ""), put(_ID, "''")],
    *[by_serial(_ID, numeric) for _ in range(5)],
    by_serial(_ID, lambda s: f"{numeric(s):.5E}"),
    *[
        by_serial(_ID, lambda s: number(serial=s)[:17]),
        by_serial(_ID, lambda s: number(serial=s) + "1"),
    ],
    *[by_serial(_ID, lambda s: "O" + number(serial=s)[1:]), put(_ID, "没带身份证")],
    *[put(_ID, "530501198013010019"), put(_ID, "530501202202300015")],
    *[by_serial(_ID, lambda s: bad_digit(number(serial=s))) for _ in range(4)],
    *[put(_DAY, "去年"), put(_DAY, None), put(_REPORTED, "4月"), put(_REPORTED, "2021.13.1")],
    *[put(_DAY, date(2021, 5, 2)), put(_REPORTED, "2021-06-01"), put(_DAY, 44400)],
    *[
        put(_TOTAL, -5),
        put(_TOTAL, "三百"),
        put(_LABOUR, None),
        put(_TOTAL, 99_999_999),
        put(_LABOUR, "100左右"),
    ],
    *[put(_KIND, "桥梁"), put(_KIND, None), put(_KIND, "房屋、道路")],
    *[put(_DAY, date(2020, 3, 1)), put(_DAY, "2019年5月6日"), put(_DAY, "20200101")],
    both(put(_NAME, None), put(_KIND, "桥梁")),
    both(by_serial(_ID, lambda s: bad_digit(number(serial=s))), put(_DAY, "不详")),
    both(put(_TOTAL, "约三百"), put(_LABOUR, -1), put(_REPORTED, None)),
]
QUERIES: list[Bend] = [
    *[put(_TOTAL, 301), put(_LABOUR, 99), put(_TOTAL, 0)],
    *[put(_REPORTED, "2021-03-01"), put(_REPORTED, "2021-03-02")],
]
# From 307 on none of the numbers that are cut ends in X: such a one is never a number.
GOOD, FIRST = 260, 307
# Serials of rows that are right as they were sent, however odd they look: the clerk explains these.
TRUE_AS_SENT = {FIRST + len(PLANTED), FIRST + len(PLANTED) + 3}


def sent_table() -> tuple[list[list[Any]], dict[int, list[Any]]]:
    """The table with its faults, and by row number what the department's records say."""
    rows: list[list[Any]] = [["各种毛病明细表"], HEADER]
    records: dict[int, list[Any]] = {}
    rows += [right(serial) for serial in range(1, GOOD + 1)]
    for serial, bend in enumerate([*PLANTED, *QUERIES], start=FIRST):
        row = right(serial)
        bend(row, serial)
        rows.append(row)
        records[len(rows)] = list(row) if serial in TRUE_AS_SENT else right(serial)
    rows.append(right(1))  # a duplicate: nothing to mend
    return rows, records


class Clerk:
    """Opens the correction sheet and knows the department's own records; nothing else."""

    def __init__(self, path: Path, records: dict[int, list[Any]]) -> None:
        self.path, self.records = path, records
        self.adopted = 0
        self.book = openpyxl.load_workbook(path)

    def fill_in(self) -> None:
        """Mend what is red, mend or explain what is yellow, answer questions about the whole."""
        sheet = self.book["更正"]
        at = next(row for row in range(1, 20) if sheet.cell(row, 1).value == "原表行号")
        header = {str(cell.value): cell.column for cell in sheet[at]}
        red, yellow = coloured(sheet, FAULT), coloured(sheet, DOUBT)
        offered = self._offered(sheet)
        for row in range(at + 1, sheet.max_row + 1):
            record = dict(zip(HEADER, self.records[sheet.cell(row, 1).value], strict=True))
            assert str(sheet.cell(row, header["问题"]).value).startswith(("错误：", "疑问："))
            assert sheet.cell(row, header["怎样改"]).value
            for name in HEADER:
                cell = sheet.cell(row, header[name])
                if (row, cell.column) in red:
                    if self._adopts(sheet, row, header, name, record):
                        continue
                    assert cell.column not in offered or record[name] in offered[cell.column]
                    cell.value = record[name]
            doubts = [n for n in HEADER if (row, header[n]) in yellow]
            if doubts and all(
                self._same(sheet.cell(row, header[n]).value, record[n]) for n in doubts
            ):
                sheet.cell(row, header["说明"]).value = "已核对原始凭证，确实如此"
            else:
                for name in doubts:
                    sheet.cell(row, header[name]).value = record[name]
        for question in table(self.book["整份疑问"], 4):
            assert "是隐藏的" in str(question["疑问"])
        self.book["整份疑问"]["B5"] = "打印时隐藏的，应当上报"

    def _adopts(
        self, sheet: Worksheet, row: int, header: dict[str, int], name: str, record: dict[str, Any]
    ) -> bool:
        proposal = sheet.cell(row, header["建议号码"]).value
        if name != "身份证号码" or proposal is None:
            return False
        assert proposal == record[name]
        sheet.cell(row, header["采用"]).value = "是"
        self.adopted += 1
        return True

    def _offered(self, sheet: Worksheet) -> dict[int, list[Any]]:
        """The drop-down lists, by column."""
        found = {}
        for rule in sheet.data_validations.dataValidation:
            area = self.book.defined_names[rule.formula1].attr_text.split("!")[1].replace("$", "")
            values = [cell.value for (cell,) in self.book["选项"][area]]
            found[min(r.min_col for r in rule.sqref.ranges)] = values
        return found

    def _same(self, one: Any, other: Any) -> bool:
        return re.sub(r"[ :0]+$", "", str(one)) == re.sub(r"[ :0]+$", "", str(other))


def as_it_is(clerk: Clerk, path: Path) -> None:
    clerk.book.save(path)


def typed_anew(clerk: Clerk, path: Path) -> None:
    """Cell by cell into a new workbook, rows in another order, with columns of the clerk's own."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for source in clerk.book.worksheets:
        sheet = book.create_sheet(source.title)
        rows = [list(row) for row in source.iter_rows(values_only=True)]
        start = next((i for i, r in enumerate(rows) if r[0] in ("原表行号", "疑问")), len(rows) - 1)
        below = rows[start + 1 :]
        random.Random(3).shuffle(below)
        sheet.append(["", *rows[0]])
        sheet.append(["经办", *rows[start]])
        for row in below:
            sheet.append(["小王", *row])
    # The number of the office stands on the sheet: it is by that that the sheet is known.
    assert "编号 PWGZ-" in str(clerk.book["更正"]["A2"].value)
    book["更正"]["A1"] = clerk.book["更正"]["A2"].value
    book.save(path)


def through_libreoffice(clerk: Clerk, path: Path) -> None:
    """Saved by LibreOffice; where it is not installed as .xls would come back, from cells anew."""
    soffice = shutil.which("soffice")
    if soffice is None:
        typed_anew(clerk, path)
        return
    folder = path.parent.parent / "office"
    folder.mkdir()
    clerk.book.save(folder / path.name)
    subprocess.run(
        [
            soffice,
            f"-env:UserInstallation=file://{folder}/profile",
            "--headless",
            "--convert-to",
            "xlsx:Calc MS Excel 2007 XML",
            "--outdir",
            str(path.parent),
            str(folder / path.name),
        ],
        check=True,
        capture_output=True,
        timeout=120,
    )
    shutil.rmtree(folder)


@pytest.mark.usefixtures("department")
@pytest.mark.parametrize("save", [as_it_is, typed_anew, through_libreoffice])
def test_fifty_faults_are_mended_from_the_answer_alone(
    office: Office, save: Callable[[Clerk, Path], None]
) -> None:
    assert len(PLANTED) + len(QUERIES) == 50
    register_of(office, [FIRST + 8 + n for n in range(4)])
    rows, records = sent_table()
    sender = Sender(office, DATASET)
    path = office.path(DATASET, "各种毛病202104.xlsx")
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.active.row_dimensions[7].hidden = True
    path.parent.mkdir(parents=True)
    book.save(path)
    verdict = sender.taken_in()
    assert verdict.status == "accepted_with_warnings"
    assert len(verdict.faults) == len(PLANTED) + 1
    reasons = set(verdict.faults.values())
    assert reasons == {
        *("name", "id_missing", "id_lost_digits", "id_length", "id_characters", "id_date"),
        *("id_check_digit", "date", "future", "amount", "list", "too_old", "duplicate"),
    }

    clerk = Clerk(sender.path("更正"), records)
    clerk.fill_in()
    assert clerk.adopted == 4
    save(clerk, path.parent / clerk.path.name)
    verdict = sender.taken_in()

    assert verdict.delivery is not None
    assert verdict.faults == {len(rows): "duplicate"}
    assert verdict.delivery.accepted_rows == GOOD + 50
    assert verdict.delivery.open_queries == {}
    assert verdict.status == "accepted"
    told = sender.receipt()
    assert "更正已接收" in told
    assert any(text.endswith("不必改，也不必再报。") for text in told)
    assert not sender.has_form
    people = sender.standing()
    for number_of_row, record in records.items():
        row = people[record[1]]
        assert row["kind"] == record[8], number_of_row
        assert float(row["total"]) == float(record[5])
    ids = {row["person_id"] for row in people.values()}
    assert len(ids) == GOOD + 50

    # What has been explained is not asked again when the mended whole is sent.
    whole = [*rows[:2], *(right(s) for s in range(1, GOOD + 1)), *records.values()]
    verdict = sender.deliver(whole, name="各种毛病202104重报.xlsx")
    assert verdict.delivery is not None
    assert (verdict.delivery.version, verdict.delivery.open_queries) == (3, {})
    assert not sender.has_form


def register_of(office: Office, serials: list[int]) -> None:
    """A register in which these people are."""
    header = ["户号", "姓名", "公民身份号码", "与户主关系", "性别", "乡镇", "村委会", "村委会代码"]
    people = [
        [str(s), f"样例{s}", number(serial=s), "户主", "男", "甸阳镇", "样例村", "1"]
        for s in serials
    ]
    assert office.deliver("hukou_register", [header, *people], month=MARCH).status == "accepted"
    assert APRIL == MARCH + 1
