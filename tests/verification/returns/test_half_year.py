"""Half a year of verification of given leads, with sheets filled in as people do, by chance."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from poverty_watch.identity import Keyring
from poverty_watch.ledger.access import Viewer
from poverty_watch.ledger.audit import verify
from poverty_watch.ledger.models import (
    Case,
    Finding,
    Lead,
    Measure,
    SheetReturn,
    Task,
    TaskAnswer,
    TaskRung,
)
from poverty_watch.ledger.outcomes import lead_fates
from poverty_watch.ledger.store import Ledger, open_ledger
from poverty_watch.months import Month, Workdays
from poverty_watch.settings import REFERENCE, Settings
from poverty_watch.verification.cases.carrying import Desk
from poverty_watch.verification.cases.decisions import decide
from poverty_watch.verification.cases.given import read_given
from poverty_watch.verification.cases.households import households_of
from poverty_watch.verification.dunning import climb
from poverty_watch.verification.returns import take_return
from tests.verification.returns.conftest import Desktop, Sheet, answers, household

FIRST, LAST = Month(2021, 5), Month(2021, 10)
CALENDAR = Workdays.from_file(REFERENCE / "workdays.yaml")
OUTCOMES = {
    "属实": "confirmed",
    "不属实": "excluded",
    "已在监测": "monitored",
    "查无此户": "not_found",
}
COUNTY_1, COUNTY_2 = Viewer("县一", "county"), Viewer("县二", "county")


@dataclass
class Townships:
    """What the simulated townships wrote down, kept beside the ledger to hold it against."""

    settings: Settings
    ledger: Ledger
    folder: Path
    chance: random.Random
    written: dict[tuple[str, str], str] = field(default_factory=dict)

    def run(self, month: Month) -> list[Path]:
        """A month in which some of the county's households have a lead."""
        found = set(self.chance.sample(range(1, 121), 24))
        known = {
            n: household(f"R:{n}", township="由旺镇" if n % 3 else "甸阳镇") for n in range(1, 121)
        }
        desktop = Desktop(self.settings, self.ledger, Keyring.open(self.settings.keys))
        return desktop.send_out(
            [known[n] for n in sorted(found)],
            *self.chance.sample(["W01", "W05", "W09", "W20"], 2),
            month=month,
            opened_on=day(month, 6),
            bystanders=[one for n, one in known.items() if n not in found],
        )

    def visit(self, month: Month, paths: list[Path]) -> None:
        """Each township fills in some rows, sorts them, sends the sheet, and now and then again."""
        desk = Desk(self.settings, self.ledger, day(month, 20))
        for path in paths:
            sheet = Sheet(path)
            for number, row in sheet.rows().items():
                if self.chance.random() < 0.15:
                    continue
                outcome = self.chance.choices(list(OUTCOMES), [40, 45, 5, 10])[0]
                told: dict[str, Any] = {"visited_on": day(month, self.chance.randint(7, 16))}
                if self.chance.random() < 0.05:
                    told["visitor_2"] = None
                else:
                    self.written[str(month), number] = outcome
                sheet.fill(row, answers(number, outcome, **told))
            lines = sheet.lines()
            self.chance.shuffle(lines)
            sheet.put(lines)
            back = sheet.save(f"{path.stem}_报回.xlsx")
            township = path.stem.split("_")[1]
            take_return(back, desk, month, township)
            if self.chance.random() < 0.3:
                assert take_return(back, desk, month, township).is_repeat

    def proceed(self, month: Month) -> None:
        """The county takes up to six confirmed cases of the month to their approval."""
        desk = Desk(self.settings, self.ledger, day(month, 28))
        with self.ledger.transaction() as session:
            cases = list(session.scalars(select(Case).where(Case.step == "compare").limit(6)))
        for case in cases:
            self.approve(desk, case, month)

    def approve(self, desk: Desk, case: Case, month: Month) -> None:
        with self.ledger.transaction() as session:
            known = households_of(session, self.settings, [case.household_id])
            assets = session.scalars(
                select(Finding.id).where(
                    Finding.household_id == case.household_id,
                    Finding.outcome == "ASSET",
                    Finding.closed_month.is_(None),
                )
            )
            explained = "；".join(f"{number}：已说明" for number in assets)
        is_poor = known[case.household_id].is_poor
        name = "脱贫不稳定户" if is_poor else "边缘易致贫户"
        here = Viewer("镇一", "township", case.township)
        checker = Viewer("镇二", "township", case.township)
        votes = {"到会人数": "12", "同意票": "11", "不同意票": "1"}
        way: list[tuple[str, Viewer, int, dict[str, str], list[str]]] = [
            ("clear", COUNTY_1, 17, {"资产说明": explained}, ["authorisation", "comparison_sheet"]),
            ("agreed", here, 18, votes, ["minutes"]),
            ("posted", here, 18, {}, ["notice_photo"]),
            ("no_objection", here, 25, {}, []),
            ("agreed", checker, 26, {}, ["township_opinion"]),
            ("approved", COUNTY_2, 27, {"监测对象类别": name}, ["approval"]),
        ]
        for decision, by, on, given, papers in way:
            files = {kind: [self.paper(kind)] for kind in papers}
            decide(
                desk, case.id, decision, by, day(month, on), read_given(desk.policy, given), files
            )

    def paper(self, kind: str) -> Path:
        path = self.folder / f"{kind}.pdf"
        path.write_text(kind, encoding="utf-8")
        return path


def day(month: Month, number: int) -> date:
    """A day of the month after, in which the month's leads are dealt with."""
    following = month + 1
    return date(following.year, following.number, number)


@pytest.fixture(scope="module")
def half_year(tmp_path_factory: pytest.TempPathFactory) -> Townships:
    base = tmp_path_factory.mktemp("half_year")
    home = base / "home"
    settings = Settings(home, base / "inbox", f"sqlite:///{home}/ledger.sqlite")
    county = Townships(settings, open_ledger(settings), base, random.Random(5))
    for month in FIRST.through(LAST):
        county.visit(month, county.run(month))
        county.proceed(month)
        climb(county.ledger, day(month, 28), CALENDAR)
    return county


def test_every_lead_has_a_task_and_a_fate(half_year: Townships) -> None:
    with half_year.ledger.transaction() as session:
        leads = list(session.scalars(select(Lead).where(Lead.status == "raised")))
        tasks = list(session.scalars(select(Task)))
        households = {task.household_id for task in tasks}
        assert len(leads) > 50
        assert {lead.household_id for lead in leads} <= households
        counted = Counter[str]()
        for month in FIRST.through(LAST):
            counted.update(one.fate for one in lead_fates(session, month))
    assert sum(counted.values()) == len(leads)
    assert set(counted) == {"excluded", "recognised", "in_hand"}


def test_the_ledger_holds_what_the_townships_wrote_and_nothing_else(half_year: Townships) -> None:
    with half_year.ledger.transaction() as session:
        answered = session.execute(
            select(Task.household_id, Task.outcome, SheetReturn.month, TaskAnswer.answers)
            .join(TaskAnswer, TaskAnswer.task_id == Task.id)
            .join(SheetReturn, SheetReturn.id == TaskAnswer.return_id)
        ).all()
    for row in answered:
        number = row.household_id.partition(":")[2]
        assert row.answers["remarks"] == f"到过{number}"
        assert row.answers["outcome"] == half_year.written[row.month, number]
    assert len(answered) > 40


def test_yield_per_rule_is_right_by_count(half_year: Townships) -> None:
    """Per rule: of the households visited for it, how many it was right about, counted twice."""
    from_ledger, by_hand = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    with half_year.ledger.transaction() as session:
        for task in session.scalars(select(Task).where(Task.status == "closed")):
            for reason in task.reasons:
                from_ledger[reason.rule_id, task.outcome or ""] += 1
        for answer in session.scalars(select(TaskAnswer)):
            month = session.get_one(SheetReturn, answer.return_id).month
            task = session.get_one(Task, answer.task_id)
            told = half_year.written[month, task.household_id.partition(":")[2]]
            for reason in task.reasons:
                by_hand[reason.rule_id, task.outcome or ""] += OUTCOMES[told] == task.outcome or (
                    # Monitored households close so whatever the visit says of the lead.
                    task.outcome == "monitored"
                )
    assert from_ledger == by_hand


def test_every_deadline_that_passed_has_its_record(half_year: Townships) -> None:
    with half_year.ledger.transaction() as session:
        late = session.scalars(
            select(Task.id).where(Task.status == "open", Task.due_on < day(LAST, 20))
        ).all()
        reached = {(row.task_id, row.rung) for row in session.scalars(select(TaskRung))}
    assert late
    for number in late:
        assert {(number, "village"), (number, "township"), (number, "county")} <= reached


def test_approved_households_get_help_and_the_audit_holds(half_year: Townships) -> None:
    with half_year.ledger.transaction() as session:
        approved = set(session.scalars(select(Case.id).where(Case.approved_on.is_not(None))))
        helped = set(session.scalars(select(Measure.case_id)))
    assert len(approved) > 5
    assert approved <= helped
    assert verify(half_year.ledger, half_year.settings).is_sound
