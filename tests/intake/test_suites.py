"""Great Expectations as it is used: nothing that is written vanishes, nothing that is found is cut."""

from __future__ import annotations

import gc
import importlib
import json
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from poverty_watch.contracts import load_catalogue
from poverty_watch.identity import Keyring
from poverty_watch.intake import judgement, suites
from poverty_watch.intake.suites import SuiteError, load_suite
from tests.intake.conftest import APRIL, Office, number, save_workbook

HEADER = ["姓名", "残疾人证号", "残疾类别", "残疾等级", "发证日期"]


def written(path: Path, kind: str) -> Path:
    rule = {
        "type": kind,
        "kwargs": {"column": "name"},
        "severity": "critical",
        "meta": {"fault": "name"},
    }
    path.write_text(json.dumps({"name": "sample", "expectations": [rule]}), encoding="utf-8")
    return path


def test_a_misspelt_expectation_is_refused_and_named(tmp_path: Path) -> None:
    path = tmp_path / "sample.suite.json"
    assert load_suite(written(path, "expect_column_values_to_not_be_null")).expectations
    with pytest.raises(
        SuiteError, match=r"sample\.suite\.json.*expect_column_values_to_not_be_nul"
    ):
        load_suite(written(path, "expect_column_values_to_not_be_nul"))


def test_a_suite_that_cannot_be_carried_out_is_an_error_of_ours_not_of_the_department(
    office: Office, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    department = load_catalogue().department_of("disability_certificates")
    broken = written(tmp_path / "broken.suite.json", "expect_column_values_to_not_be_nul")
    monkeypatch.setattr(type(department), "suite_path", lambda *_: broken)
    with pytest.raises(ExceptionGroup):
        office.deliver(
            "disability_certificates", [HEADER, ["样例甲", number(), "肢体", "一级", 44291]]
        )
    from poverty_watch.intake import settle

    settle(department.id, APRIL, office.settings, office.ledger)
    verdict = office.verdict("disability_certificates")
    assert verdict.status == "error"
    assert "不必重报" in verdict.messages[0]


def test_a_misspelt_parameter_is_refused_and_named(tmp_path: Path) -> None:
    path = tmp_path / "sample.suite.json"
    rule = {
        "type": "expect_column_values_to_be_between",
        "kwargs": {"column": "issued_on", "max_value": {"$PARAMETER": "month_ende"}},
        "severity": "critical",
        "meta": {"fault": "future"},
    }
    path.write_text(json.dumps({"name": "sample", "expectations": [rule]}), encoding="utf-8")
    with pytest.raises(SuiteError, match="month_ende"):
        load_suite(path, {"month_end": APRIL.last_day})


@pytest.mark.parametrize("faulty", [21, 201, 450])
def test_every_faulty_row_is_found_however_many_there_are(office: Office, faulty: int) -> None:
    """Great Expectations shows 20 of them by default, and 200 in its summaries."""

    def bent(kind: str, serial: int) -> list[object]:
        row: list[object] = ["样例甲", number(serial=serial), "肢体", "一级", "2021-03-06"]
        match kind:
            case "name":
                row[0] = None
            case "id_check_digit":
                row[1] = (
                    f"{number(serial=serial)[:17]}{'0' if number(serial=serial)[17] != '0' else '1'}"
                )
            case "date":
                row[4] = "某日"
            case "future":
                row[4] = "2021-05-06"
            case "list":
                row[3] = "五级"
            case "duplicate":
                row[1] = number(serial=0)
        return row

    kinds = ["name", "id_check_digit", "date", "future", "list", "duplicate"]
    first = bent("duplicate", 0)
    rows = [bent(kind, i) for kind in kinds for i in range(1, faulty + 1)]
    office.deliver("disability_certificates", [HEADER, first, *rows])
    from sqlalchemy import select

    from poverty_watch.ledger.models import Delivery

    with office.ledger.transaction() as session:
        (delivery,) = session.scalars(select(Delivery))
        assert delivery.faults == dict.fromkeys(kinds, faulty)
        assert (delivery.accepted_rows, delivery.rejected_rows) == (1, 6 * faulty)


def test_rows_are_let_go_as_soon_as_they_are_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of a large delivery may wait in memory for the collector."""
    importlib.import_module("great_expectations")  # the import itself leaves frames behind, once
    held: list[weakref.ref[Any]] = []

    def watched(really: Callable[..., Any]) -> Callable[..., Any]:
        def made(*given: Any) -> Any:
            rows = really(*given)
            held.append(weakref.ref(rows))
            return rows

        return made

    monkeypatch.setattr(judgement, "standardise", watched(judgement.standardise))
    monkeypatch.setattr(suites, "frame_for_suite", watched(suites.frame_for_suite))
    department = load_catalogue().department_of("disability_certificates")
    contract = department.contracts["disability_certificates"]
    path = save_workbook(
        tmp_path / "x.xlsx", {"表": [HEADER, ["样例甲", number(), "肢体", "一级", 44291]]}
    )
    was_on = gc.isenabled()
    gc.disable()
    try:
        verdict = judgement.judge_submission(
            contract,
            department.suite_path("disability_certificates"),
            [judgement.DeliveredFile(path, "持证残疾人.xlsx")],
            False,
            APRIL,
            Keyring(b"1" * 32, b"2" * 32),
            judgement.History([], None, None),
        )
        assert verdict.status == "accepted"
        assert [ref() for ref in held] == [None, None]
    finally:
        if was_on:
            gc.enable()
