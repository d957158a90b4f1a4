from __future__ import annotations

import re
from decimal import Decimal
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest

from poverty_watch.contracts import load_catalogue
from poverty_watch.identity import judge, normalise
from tests.sample.conftest import FIRST, HOUSEHOLDS, LAST, Sample

MONTHS = list(FIRST.through(LAST))
SNAPSHOTS = [d for d, c in load_catalogue().contracts.items() if c.kind == "snapshot"]


def numbers(sample: Sample, month, dataset: str) -> list[str]:
    return [normalise(row["person_id"]) for row in sample.rows(month, dataset) if row["person_id"]]


@pytest.mark.parametrize("dataset", load_catalogue().contracts)
def test_every_dataset_is_delivered_with_the_columns_of_its_contract(tidy: Sample, dataset: str):
    for month in MONTHS:
        rows = tidy.rows(month, dataset)
        assert rows
        assert list(rows[0]) == [c.name for c in load_catalogue().contract(dataset).columns]


@pytest.mark.parametrize("dataset", load_catalogue().contracts)
def test_all_identity_numbers_are_valid_and_of_a_place_never_issued(tidy: Sample, dataset: str):
    for month in MONTHS:
        found = numbers(tidy, month, dataset)
        assert all(number.startswith("530501") for number in found)
        judged = judge(pa.array(found), np.zeros(len(found), dtype=bool), month.last_day)
        assert judged.fault.null_count == len(found)


def test_no_other_place_code_in_any_cell(dirty: Sample):
    from tests.sample.conftest import cells_of

    for month in MONTHS:
        for path in [*dirty.files(month, "xlsx"), *dirty.files(month, "csv")]:
            for cell in cells_of(path):
                text = normalise(str(cell))
                for found in re.findall(r"(?<!\d)\d{17}[\dX](?!\d)", text):
                    assert found.startswith("530501"), path.name


def test_a_number_belongs_to_one_person_all_the_time(tidy: Sample):
    first = {normalise(r["person_id"]): r["name"] for r in tidy.rows(FIRST, "hukou_register")}
    last = {normalise(r["person_id"]): r["name"] for r in tidy.rows(LAST, "hukou_register")}
    assert len(first) == len(tidy.rows(FIRST, "hukou_register"))
    assert len(first.keys() & last.keys()) > 0.97 * len(first)
    assert all(last[number] == name for number, name in first.items() if number in last)


def test_sex_and_birth_agree_with_the_number(tidy: Sample):
    for row in tidy.rows(LAST, "hukou_register"):
        assert row["sex"] == ("男" if int(row["person_id"][16]) % 2 else "女")


def test_names_and_phones_say_that_they_are_samples(tidy: Sample):
    assert all("样" in row["name"] for row in tidy.rows(LAST, "hukou_register"))
    phones = [str(row["phone"]) for row in tidy.rows(LAST, "monitoring_register")]
    assert all(re.fullmatch(r"10\d{9}", phone) for phone in phones)


def test_the_size_is_as_ordered(tidy: Sample):
    rows = tidy.rows(LAST, "hukou_register")
    households = len({row["hukou_id"] for row in rows})
    assert HOUSEHOLDS * 0.97 < households <= HOUSEHOLDS
    assert 3.0 < len(rows) / households < 4.2
    assert tidy.summary.households == HOUSEHOLDS
    assert tidy.summary.rows["hukou_register"] == sum(
        len(tidy.rows(month, "hukou_register")) for month in MONTHS
    )


def test_all_townships_and_only_real_villages(tidy: Sample):
    from poverty_watch.sample.divisions import read_divisions

    divisions = read_divisions()
    real = {
        (divisions.townships[divisions.township_of[i]], divisions.villages[i], code)
        for i, code in enumerate(divisions.village_codes)
    }
    found = {
        (r["township"], r["village"], r["village_code"]) for r in tidy.rows(LAST, "hukou_register")
    }
    assert found <= real
    assert {township for township, _, _ in found} == set(divisions.townships)


def test_the_dead_leave_the_registers(tidy: Sample):
    gone = set(numbers(tidy, FIRST, "deaths"))
    assert gone
    assert not gone & set(numbers(tidy, LAST, "hukou_register"))
    assert not gone & set(numbers(tidy, LAST, "monitoring_register"))
    listed = set(numbers(tidy, FIRST, "hukou_register"))
    assert len(gone & listed) < len(gone) / 2


def test_some_of_the_dead_still_draw(tidy: Sample):
    dead = set().union(*(numbers(tidy, month, "deaths") for month in MONTHS[:-1]))
    draws = {
        number
        for dataset in ("social_assistance", "public_posts", "employment")
        for number in numbers(tidy, LAST, dataset)
    }
    heads = {normalise(r["head_person_id"]) for r in tidy.rows(LAST, "social_assistance")}
    assert dead & (draws | heads)


@pytest.mark.parametrize("dataset", SNAPSHOTS)
def test_snapshots_never_jump(tidy: Sample, dataset: str):
    counts = [len(tidy.rows(month, dataset)) for month in MONTHS]
    for before, after in pairwise(counts):
        assert abs(after - before) <= max(4, 0.1 * before)


def test_the_register_moves_a_little_every_month(tidy: Sample):
    before: dict[str, dict] = {}
    for month in MONTHS:
        rows = {row["household_no"]: row for row in tidy.rows(month, "monitoring_register")}
        assert all(
            str(row["identified_month"]) <= str(month)
            for row in rows.values()
            if row["monitored_class"]
        )
        assert any(row["identified_month"] == str(month) for row in rows.values())
        assert any(row["eliminated_month"] == str(month) for row in rows.values())
        if before:
            assert len(before.keys() & rows.keys()) > 0.97 * len(before)
        for row in rows.values():
            assert (row["is_eliminated"] != "") == (row["monitored_class"] != "")
            assert (row["eliminated_month"] != "") == (row["is_eliminated"] == "是")
            assert (row["elimination_mode"] != "") == (row["is_eliminated"] == "是")
        before = rows


def test_a_class_is_not_written_before_it_exists(tidy: Sample, tmp_path):
    from poverty_watch.months import Month
    from poverty_watch.sample import generate

    known = {row["monitored_class"] for row in tidy.rows(LAST, "monitoring_register")}
    assert "突发严重困难户" not in known
    later = Month(2021, 9)
    summary = generate(tmp_path / "later", later, later, 800, 3, tidy=True)
    rows = Sample(tmp_path / "later", summary).rows(later, "monitoring_register")
    assert "突发严重困难户" in {row["monitored_class"] for row in rows}


def test_hospital_bills_add_up_within_a_year(tidy: Sample):
    before: dict[str, Decimal] = {}
    for month in MONTHS:
        own = {}
        for row in tidy.rows(month, "medical_expenses"):
            parts = ("basic_paid", "serious_paid", "aid_paid", "inpatient_own_ytd")
            total = sum(Decimal(str(row[part] or 0)) for part in parts)
            assert total == Decimal(str(row["total"]))
            assert row["as_of"] == month.last_day
            own[row["person_id"]] = Decimal(str(row["inpatient_own_ytd"]))
        strangers = sum(own.get(number, 0) < paid for number, paid in before.items())
        assert strangers <= 3  # rows that a slip gave to somebody else
        before = own
    assert any(before.values())


def test_january_begins_at_nothing(tmp_path):
    from poverty_watch.months import Month
    from poverty_watch.sample import generate

    months = Month(2021, 12), Month(2022, 1)
    sample = Sample(tmp_path / "s", generate(tmp_path / "s", *months, 500, 5, tidy=True))
    december, january = (
        sum(row["inpatient_own_ytd"] for row in sample.rows(month, "medical_expenses"))
        for month in months
    )
    assert january < december / 4


def test_there_is_something_to_find(tidy: Sample):
    """Raw material of the comparisons and rules, counted in the plain rows."""
    register = tidy.rows(LAST, "monitoring_register")
    own = {normalise(r["person_id"]) for r in register}
    hukou = set(numbers(tidy, LAST, "hukou_register"))
    homes: dict[str, set] = {}
    for row in register:
        homes.setdefault(row["person_id"], set()).add(row["household_no"])
    assert any(len(found) > 1 for found in homes.values())
    assert own - hukou
    insured = numbers(tidy, LAST, "medical_enrolment")
    assert len(insured) > len(set(insured))
    assert own - set(insured)
    assert {"C", "D"} & {row["grade"] for row in tidy.rows(LAST, "housing_safety")}
    assert any(row["overdue"] for row in tidy.rows(LAST, "microcredit"))
    assert any(
        row["issued_on"].strftime("%Y-%m") == str(LAST)
        for row in tidy.rows(LAST, "disability_certificates")
    )
    assert any(row["outpatient_own_month"] for row in tidy.rows(LAST, "medical_expenses"))
    assert any(not row["person_id"] for row in tidy.rows(LAST, "petitions"))
    strangers = {
        number
        for dataset, contract in load_catalogue().contracts.items()
        if contract.scope == "rural"
        for number in numbers(tidy, LAST, dataset)
    } - (own | hukou)
    assert strangers
