"""Another threshold tried out, a rule on trial: looked at, and nothing else changes."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from poverty_watch.cli.results import say_status
from poverty_watch.ledger.models import Task
from poverty_watch.months import Month
from poverty_watch.screening import definitions as files
from poverty_watch.screening import parameters, what_if
from poverty_watch.screening.errors import ScreeningError
from poverty_watch.screening.explaining import explain
from poverty_watch.settings import SQL
from tests.screening.conftest import APRIL, Office

MARCH = Month(2021, 3)
GIVEN = """
monitoring_register:
  - {person_id: A, household_no: 1, relation: 户主, household_type: 脱贫户}
  - {person_id: B, household_no: 2, relation: 户主, household_type: 脱贫户, township: 由旺镇}
  - {person_id: C, household_no: 3, relation: 户主, household_type: 一般农户}
medical_expenses:
  - {person_id: A, inpatient_own_ytd: 4000}
  - {person_id: B, inpatient_own_ytd: 6000}
  - {person_id: C, inpatient_own_ytd: 6000}
"""


def _told(office: Office, **values: int) -> list[tuple[object, ...]]:
    wanted = {name: Decimal(value) for name, value in values.items()}
    found = what_if.what_if("W01", wanted, [APRIL], office.settings, office.ledger)
    return [(c.township, c.now, c.then, c.more, c.fewer) for c in found]


def test_a_lower_threshold_hits_more_and_a_higher_one_fewer(office: Office) -> None:
    office.deliver(GIVEN)
    office.screen()
    before = office.everything()
    lower = [("由旺镇", 1, 1, 0, 0), ("甸阳镇", 0, 1, 1, 0)]
    assert _told(office, threshold_T=4000) == lower
    assert _told(office, inpatient_own_line_t=4000) == lower
    assert _told(office, threshold_T=7000) == [("由旺镇", 1, 0, 0, 1)]
    assert _told(office, threshold_G=6000) == lower
    assert office.everything() == before


def test_households_that_were_found_real_are_counted(office: Office) -> None:
    office.deliver(GIVEN)
    office.screen()
    office.open_task("R:2", {"W01": "2021-04"}, "2021-04", status="closed")
    with office.ledger.transaction() as session:
        for task in session.query(Task):
            task.outcome = "confirmed"
    wanted = {"threshold_T": Decimal(7000)}
    (change,) = what_if.what_if("W01", wanted, [APRIL], office.settings, office.ledger)
    assert (change.fewer, change.fewer_confirmed, change.more_confirmed) == (1, 1, 0)


def test_unknown_names_are_told_with_the_possible_ones(office: Office) -> None:
    office.deliver(GIVEN)
    office.screen()
    with pytest.raises(
        ScreeningError, match="没有参数 线、wage_line。可以写：inpatient_own_line_t"
    ):
        what_if.what_if(
            "W01",
            {"线": Decimal(1), "wage_line": Decimal(1)},
            [APRIL],
            office.settings,
            office.ledger,
        )
    with pytest.raises(ScreeningError, match="没有编号“W99”"):
        what_if.what_if("W99", {}, [APRIL], office.settings, office.ledger)


def test_a_month_that_was_not_computed_says_so(office: Office) -> None:
    office.deliver(GIVEN)
    with pytest.raises(ScreeningError, match="请先重新运行这个月"):
        _told(office, threshold_T=4000)


def _with_sql(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The project's SQL in a folder that a test may change."""
    import shutil

    root = tmp_path / "sql"
    shutil.copytree(SQL, root)
    load = files.load_definitions
    for module in ("what_if", "plan"):
        monkeypatch.setattr(
            f"poverty_watch.screening.{module}.load_definitions", lambda: load(root)
        )
    return root


def test_a_draft_runs_apart_and_changes_nothing(
    office: Office,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    root = _with_sql(monkeypatch, tmp_path)
    office.deliver(GIVEN)
    office.screen()
    before = office.everything()
    rule = (root / "rules" / "W01_inpatient_own_payment.sql").read_text(encoding="utf-8")
    draft = rule.replace("id: W01", "id: W90\nstate: draft", 1)
    (root / "rules" / "W90_on_trial.sql").write_text(draft, encoding="utf-8")

    say_status(APRIL, office.settings)
    assert "试行规则 W90：还没有试运行（poverty-watch shadow 2021-04）" in capsys.readouterr().out
    assert what_if.run_drafts(APRIL, office.settings, office.ledger) == {"W90": 1}
    say_status(APRIL, office.settings)
    assert "试行规则 W90：会报出 1 户，不形成线索，不派任务" in capsys.readouterr().out
    assert what_if.run_drafts(APRIL, office.settings, office.ledger) == {"W90": 1}
    office.screen()

    assert office.everything() == before
    assert "W90" not in {rule_id for _, rule_id in office.fates()}
    assert "W90" not in {row["rule_id"] for row in office.table("hits")}


def test_a_threshold_changed_from_april_leaves_march_as_it_was(
    office: Office, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    office.deliver(GIVEN, MARCH)
    office.screen(MARCH)
    march = office.table("hits", MARCH)
    content = yaml.safe_load((SQL / "parameters.yaml").read_text(encoding="utf-8"))
    line = next(p for p in content["parameters"] if p["name"] == "inpatient_own_line")
    line["values"].append(
        {"valid_from": "2021-04", "t": 4000, "g": 20000, "basis": "样本", "confirmed": True}
    )
    changed = tmp_path / "parameters.yaml"
    changed.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    load = parameters.load_parameters
    monkeypatch.setattr("poverty_watch.screening.plan.load_parameters", lambda: load(changed))
    office.deliver(GIVEN)
    office.screen()
    office.screen(MARCH)
    assert office.table("hits", MARCH) == march
    of_w01 = {row["household_id"] for row in office.table("hits") if row["rule_id"] == "W01"}
    assert of_w01 == {"R:1", "R:2"}

    for month, line in ((MARCH, "脱贫户 5000，"), (APRIL, "脱贫户 4000，")):
        found = explain(month, "R:2", office.settings, office.ledger)
        (reason,) = [hit for hit in found.hits if hit.check_id == "W01"]
        assert line in reason.measured_by[0], "each month by what it was measured with"
        hits = office.table("hits", month)
        mine = (h for h in hits if (h["rule_id"], h["household_id"]) == ("W01", "R:2"))
        evidence = json.loads(next(mine)["evidence"])
        assert evidence["parameters"][0]["value"] in reason.measured_by[0]
        assert evidence["basis"] == reason.basis
