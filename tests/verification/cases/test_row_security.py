"""The whole way of a case where PostgreSQL itself holds every office to its own rows."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from poverty_watch.ledger.audit import verify
from poverty_watch.ledger.models import Measure
from poverty_watch.ledger.store import open_ledger
from poverty_watch.settings import Settings
from poverty_watch.verification.cases.errors import CaseError
from poverty_watch.verification.cases.help import DONE, finish_measure
from tests.verification.cases.conftest import ELSEWHERE, VISITOR, VOTES, Office, household
from tests.verification.cases.test_decisions import UNFOUNDED, by_hand
from tests.verification.cases.test_help import MEDICAL


@pytest.fixture
def bound(bound_url: str, tmp_path: Path) -> Office:
    settings = Settings(tmp_path / "home", tmp_path / "inbox", bound_url)
    return Office(settings, open_ledger(settings), tmp_path)


def test_each_office_can_do_its_part_and_no_other(bound: Office) -> None:
    bound.compute(household(), household("R:2"), household("R:3"))
    case_id = bound.approved()
    bound.decide(case_id, "entered", VISITOR, "2021-06-02")
    assert bound.case(case_id).outcome == "recognised"
    other = bound.visit(bound.task("R:2")).case_id
    with pytest.raises(CaseError, match="不属于由旺镇"):
        bound.decide(other, "agreed", ELSEWHERE, "2021-05-14", VOTES, ["minutes"])
    with bound.ledger.transaction(MEDICAL) as session:
        (measure,) = session.query(Measure)
        day = date(2021, 6, 2)
        finish_measure(session, measure.id, DONE, "已报销", day, MEDICAL, date(2021, 12, 31))
    urgent = by_hand(bound, "R:3", urgent_because="突发大病", risks=["因病"])
    bound.decide(urgent, "excluded", VISITOR, "2021-05-10", UNFOUNDED)
    with bound.ledger.transaction() as session:
        ended = session.query(Measure).where(Measure.case_id == urgent)
        assert {measure.status for measure in ended} == {"cancelled"}
    assert verify(bound.ledger, bound.settings).is_sound
