from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from poverty_watch.contracts import Column, load_catalogue
from poverty_watch.intake.delimited import split_text
from poverty_watch.intake.sources.interface import LastingError
from poverty_watch.intake.sources.tables import (
    cell_text,
    gathered,
    matched_fields,
    save_table,
)
from tests.intake.conftest import APRIL

TEXT = Column(name="note", header="备注", type="text")
IDENTITY = Column(name="person_id", header="身份证号", type="identity")
REFERENCE = Column(name="head", header="户主身份证号", type="identity_reference")
AMOUNT = Column(name="amount", header="金额", type="amount")
DAY = Column(name="day", header="日期", type="date")
ILLNESS = load_catalogue().contract("major_illness")


@pytest.mark.parametrize(
    ("value", "column", "text"),
    [
        (None, TEXT, ""),
        (True, TEXT, "TRUE"),
        (3, TEXT, "3"),
        (3.0, TEXT, "3"),
        (0.1, AMOUNT, "0.1"),
        (Decimal("1E+3"), AMOUNT, "1000"),
        (Decimal("12.50"), AMOUNT, "12.50"),
        (float("nan"), AMOUNT, ""),
        ("530501199001010014", IDENTITY, "530501199001010014"),
        (530501199001010014, IDENTITY, "5.30501199001010E+17"),
        (5.30501199001010014e17, REFERENCE, "5.30501199001010E+17"),
        (Decimal("530501199001010014"), IDENTITY, "5.30501199001010E+17"),
        (530501900101001, IDENTITY, "530501900101001"),
        (530501199001010014, TEXT, "530501199001010014"),
        (date(2021, 4, 30), DAY, "2021-04-30"),
        (datetime(2021, 4, 30, 8, 30), DAY, "2021-04-30 08:30:00"),
        (datetime(2021, 4, 29, 16, tzinfo=UTC), DAY, "2021-04-30"),
        ("2021-04-29T16:00:00+00:00", DAY, "2021-04-30"),
        ("2021-04-29T16:00:00", DAY, "2021-04-29T16:00:00"),
        ("not a day, The end", DAY, "not a day, The end"),
        ("a\r\nb\x00c", TEXT, "a  b c"),
        ({"b": 1, "a": "中"}, TEXT, '{"a": "中", "b": 1}'),
    ],
)
def test_a_value_reads_as_it_would_in_a_departments_own_file(
    value: Any, column: Column, text: str
) -> None:
    assert cell_text(value, column) == text


def test_binary_content_is_refused_by_the_columns_name() -> None:
    with pytest.raises(LastingError, match="备注"):
        cell_text(b"\x00", TEXT)


def test_fields_are_known_by_header_other_spelling_or_column_name() -> None:
    deaths = load_catalogue().contract("deaths")
    fields = ["姓 名", "身份证号", "DIED_ON", "else"]
    assert matched_fields(fields, deaths) == {
        "name": "姓 名",
        "person_id": "身份证号",
        "died_on": "DIED_ON",
    }


@pytest.mark.parametrize(
    "nasty", ['a"b', '"', ";;;;;;;;", "|||||||||", "\t\t\t\t\t", ",,,", '"a", "b"\n"', "'1", "  x "]
)
def test_whatever_is_in_a_cell_the_table_keeps_its_rows_and_columns(
    nasty: str, tmp_path: Path
) -> None:
    columns = [column.name for column in ILLNESS.columns]
    rows = gathered([[nasty] * 4, ["x", "y", "z", ""]], ILLNESS, columns)
    path = save_table(ILLNESS, APRIL, columns, rows, tmp_path)
    read = split_text(path.read_text(encoding="utf-8"))
    assert [len(row) for row in read.rows] == [4, 4, 4]
    assert not read.loose_quotes
    assert ["x", "y", "z", ""] in read.rows


def test_more_than_intake_reads_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from poverty_watch.intake.policy import DeliveryPolicy
    from poverty_watch.intake.sheets import Limits

    monkeypatch.setattr(DeliveryPolicy, "limits", property(lambda _: Limits(50, 50)))
    endless = iter(lambda: ["x" * 10], None)
    with pytest.raises(LastingError, match="超过"):
        gathered(endless, ILLNESS, ["name"])
