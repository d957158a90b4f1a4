"""The people of the half-year, by chance: townships that fill in sheets, an office that decides.

They write down for themselves what they did; the ledger is held against that.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from poverty_watch.files import sha256_of
from poverty_watch.ledger.access import Viewer
from poverty_watch.ledger.models import Case, Finding, Measure, SheetReturn, Task
from poverty_watch.months import Month
from poverty_watch.verification.cases.carrying import Desk
from poverty_watch.verification.cases.decisions import Decided, decide
from poverty_watch.verification.cases.errors import CaseError
from poverty_watch.verification.cases.given import read_given
from poverty_watch.verification.cases.help import finish_measure
from poverty_watch.verification.cases.households import households_of
from poverty_watch.verification.cases.opening import open_by_hand
from poverty_watch.verification.returns import take_returns
from poverty_watch.verification.returns.inbox import FOLDER
from tests.verification.half_year.county import Decision, SampleCounty
from tests.verification.returns.conftest import CODE, HEADERS, Sheet, answers

OUTCOMES = {
    "属实": "confirmed",
    "不属实": "excluded",
    "已在监测": "monitored",
    "查无此户": "not_found",
}
RISKS = ["因病", "因学", "因残", "务工就业不稳", "缺劳动力", "住房安全", "自然灾害"]
COUNTY_1, COUNTY_2 = Viewer("县一", "county"), Viewer("县二", "county")
PROPOSED = 30
WRONG: list[tuple[str, dict[str, Any]]] = [
    ("refused", {"visitor_2": None}),
    ("incomplete", {"visited_on": "前天"}),
    ("incomplete", {"outcome": "是的"}),
    ("refused", {"visited_on": date(2020, 12, 31)}),
]


@dataclass
class Visit:
    """What two visitors wrote down at a door, and what the sheet had told them."""

    household_id: str
    rules: tuple[str, ...]
    outcome: str
    settled: bool = False


@dataclass
class Returned:
    """A sheet on its way: when it arrives, and what should become of its rows."""

    path: Path
    township: str
    month: Month
    on: date
    fates: Counter[str]
    visits: dict[int, Visit]


@dataclass
class People:
    """Everybody who takes part, with what they noted down."""

    desk: Desk
    county: SampleCounty
    folder: Path
    chance: random.Random
    visits: dict[int, Visit] = field(default_factory=dict)
    on_the_way: list[Returned] = field(default_factory=list)
    surprises: list[str] = field(default_factory=list)
    helped: dict[int, date] = field(default_factory=dict)
    proposed: dict[str, int] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)

    def fill_in(self, month: Month, paths: list[Path], today: date) -> None:
        """Each township fills in its sheet: some of it wrongly, some later, some not at all."""
        last = (month + 1).last_day.replace(day=27)
        for path in paths:
            township = path.stem.split("_")[1]
            on = today + timedelta(days=self.chance.choice([4, 5, 6, 7, 9, 13]))
            first = self._sheet(path, township, month, min(on, last), self._draw)
            again = self.chance.random()
            if again < 0.3:
                # The same once more, and a second sheet with what was missing.
                self.on_the_way.append(Returned(first.path, township, month, last, Counter(), {}))
            if again < 0.7:
                wanting = {r for r in first.visits if first.visits[r].outcome not in OUTCOMES}
                self._sheet(path, township, month, last, _right(wanting))

    def clear_up(self, month: Month, paths: list[Path], today: date) -> None:
        """At the end every township answers what it still owes, on the newest sheet that has it."""
        open_ = {task.id for task in self._open_tasks()}
        for path in reversed(paths):
            township = path.stem.split("_")[1]
            owed = open_ & {int(str(code).split("-")[0]) for code in _codes(Sheet(path))}
            open_ -= owed
            if owed:
                self._sheet(path, township, month, today, _right(owed))

    def _draw(self, _: int) -> str:
        kinds = ["right", "wrong", "", "forged"]
        return self.chance.choices(kinds, [74, 10, 14, 2])[0]

    def _sheet(
        self, path: Path, township: str, month: Month, on: date, how: Callable[[int], str]
    ) -> Returned:
        sheet, fates, visits = Sheet(path), Counter[str](), dict[int, Visit]()
        earliest = (month + 1).first_day + timedelta(days=6)
        for number, row in sheet.rows().items():
            code = sheet.sheet.cell(row, sheet.columns[CODE])
            task, rules, _ = str(code.value).split("-")
            household_id = self.county.known_as(number)
            outcome = self.chance.choices(list(OUTCOMES), [32, 54, 5, 9])[0]
            if household_id == self.county.ruined:
                outcome = "属实"
            told = answers(number, outcome, risk=self.chance.choice(RISKS))
            if outcome != "属实":
                told["risk"] = None
            told["visited_on"] = earliest + timedelta(
                days=self.chance.randint(0, (on - earliest).days)
            )
            kind = how(int(task))
            if household_id == self.county.ruined and how == self._draw:
                kind = "right"  # that risks come back is to be seen, whatever chance says
            match kind:
                case "right":
                    fates["taken"] += 1
                    visits[int(task)] = Visit(household_id, tuple(rules.split(".")), outcome)
                case "wrong":
                    fate, wrong = self.chance.choice(WRONG)
                    told |= wrong
                    fates[fate] += 1
                    visits[int(task)] = Visit(household_id, (), "")
                case "forged":
                    code.value = f"{task}-{rules}-{'0' * 16}"
                    fates["forged"] += 1
                    visits[int(task)] = Visit(household_id, (), "")
                case _:
                    fates["unfilled"] += 1
                    continue
            sheet.fill(row, told)
        lines = sheet.lines()
        self.chance.shuffle(lines)
        sheet.put(lines)
        saved = self.folder / f"{month}_{township}_{len(self.on_the_way)}.xlsx"
        sheet.book.save(saved)
        made = Returned(saved, township, month, on, fates, visits)
        self.on_the_way.append(made)
        return made

    def day(self, today: date) -> None:
        """What arrives on a day is put into the inbox, taken in, and held against the notes."""
        arrived = [one for one in self.on_the_way if one.on == today]
        for number, one in enumerate(arrived):
            folder = self.desk.settings.inbox / str(one.month) / FOLDER / one.township
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{today}_{number}.xlsx").write_bytes(one.path.read_bytes())
        if not arrived:
            return
        self.on_the_way = [one for one in self.on_the_way if one.on != today]
        found = take_returns(self.at(today))
        assert found.unreadable == []
        with self.desk.ledger.transaction() as session:
            returns = {r.sha256: r for r in session.scalars(select(SheetReturn))}
            for one in arrived:
                self._note(one, returns[sha256_of(one.path)])

    def _note(self, one: Returned, returned: SheetReturn) -> None:
        """Visits count unless their sheet was out of date; anything else is a surprise."""
        if not one.fates:
            return  # the same file again: no second return
        stale = {row["task"] for row in returned.rows if row["fate"] == "stale"}
        expected = one.fates.copy()
        for task, visit in one.visits.items():
            if visit.outcome not in OUTCOMES:
                continue
            if task in stale:
                expected["taken"] -= 1
                expected["stale"] += 1
            else:
                if visit.outcome == "属实" and self.county.is_monitored(visit.household_id):
                    visit.outcome = "已在监测"
                self.visits[task] = visit
        # A wrongly filled row of a sheet that is out of date is told that first.
        lost = len(stale) - expected["stale"]
        counted = Counter(returned.counts)
        wrong = ("refused", "incomplete")
        same = {
            name: (+expected)[name] == (+counted)[name]
            for name in {*expected, *counted} - {*wrong, "stale"}
        }
        total = sum(expected[n] for n in wrong) - lost == sum(counted[n] for n in wrong)
        if not all(same.values()) or not total or len(stale) != counted["stale"]:
            self.surprises.append(f"{one.path.name}: {dict(+expected)} {dict(counted)}")

    def at(self, today: date) -> Desk:
        """The desk on a day."""
        return Desk(self.desk.settings, self.desk.ledger, today, self.desk.workdays)

    def work_on_cases(self, month: Month) -> None:
        """All open cases go as far as the month allows."""
        with self.desk.ledger.transaction() as session:
            cases = list(session.scalars(select(Case).where(Case.step.is_not(None))))
            known = [
                (case.id, max([s.done_on for s in case.steps], default=None)) for case in cases
            ]
        for case_id, done_on in sorted(known):
            first = (month + 1).first_day + timedelta(days=7)
            self._proceed(case_id, max(first, (done_on or first) + timedelta(days=1)), month)

    def _proceed(self, case_id: int, day: date, month: Month) -> None:
        last = (month + 1).last_day
        while True:
            with self.desk.ledger.transaction() as session:
                case = session.get_one(Case, case_id)
            if case.step is None:
                return
            decision, by, given, papers, later = self._choice(case)
            day = max(day, case.opened_on) + timedelta(days=later)
            if day > last:
                return
            done = self._decide(case, decision, by, day, given, papers)
            self._note_decision(case, decision, given, day, done.next_step)

    def _decide(
        self,
        case: Case,
        decision: str,
        by: Viewer,
        day: date,
        given: dict[str, str],
        papers: list[str],
    ) -> Decided:
        desk = self.at(Month.of(day).last_day)
        files = {kind: [self._paper(kind)] for kind in papers}
        return decide(desk, case.id, decision, by, day, read_given(desk.policy, given), files)

    def eliminate(self, month: Month) -> None:
        """A proposal for every monitored household; what the criteria refuse stays monitored."""
        day = (month + 1).first_day + timedelta(days=7)
        reasons = {"理由": "样例理由"}
        rows = self.county.monitored()
        for row in rows[:PROPOSED]:
            household_id = f"R:{self.county.county.register['no'][row]}"
            try:
                case = self._open_to_leave(household_id, day)
            except CaseError:
                continue  # a case of it is on its way
            here = Viewer("镇一", "township", case.township)
            try:
                self._decide(case, "proposed", here, day, reasons | {"消除方式": "帮扶消除"}, [])
                self.proposed[household_id] = row
            except CaseError as error:
                self.refused[household_id] = str(error)
                self._decide(case, "kept", here, day, reasons, [])

    def _open_to_leave(self, household_id: str, day: date) -> Case:
        desk = self.at(day)
        with desk.ledger.transaction(COUNTY_1) as session:
            known = households_of(session, desk.settings, [household_id])
            if household_id not in known:
                raise CaseError(["nobody lives there"])
            return open_by_hand(
                session, desk.policy, known[household_id], None, day, COUNTY_1, desk.workdays
            )

    def _choice(self, case: Case) -> tuple[str, Viewer, dict[str, str], list[str], int]:
        """Decision, who, what is given, which papers, and how many days later."""
        here = Viewer("镇一", "township", case.township)
        checker = Viewer("镇二", "township", case.township)
        draw = 0.5 if case.household_id == self.county.ruined else self.chance.random()
        no = {"理由": "样例理由"}
        votes = {"到会人数": "12", "同意票": "11", "不同意票": "1"}
        leaving = case.kind == "elimination"
        against = {"到会人数": "12", "同意票": "3", "不同意票": "9"} | no
        out = "kept" if leaving else "excluded"
        match case.step:
            case "verify" if leaving:
                return "met", here, {"核实人": "入户一、入户二"}, ["visit_sheet", "assessment"], 1
            case "verify":
                visited = {"核实人": "入户一、入户二", "致贫返贫风险": "、".join(case.risks)}
                return "confirmed", here, visited, ["visit_sheet"], 1
            case "compare" if draw < 0.08:
                return "excluded", COUNTY_1, no, ["comparison_sheet"], 1
            case "compare":
                told = {"资产说明": self._explained(case)}
                return "clear", COUNTY_1, told, ["authorisation", "comparison_sheet"], 1
            case "review" if draw < 0.08:
                return out, here, against, ["minutes"], 1
            case "review":
                return "agreed", here, votes, ["minutes"], 1
            case "posting":
                return "posted", here, {}, ["notice_photo"], 0
            case "publicity" if draw < 0.05:
                return "objection", here, {"异议内容": "样例异议"}, [], 3
            case "publicity":
                return "no_objection", here, {}, [], 7
            case "township":
                return "agreed", checker, {}, ["township_opinion"], 1
            case "county" if draw < 0.06:
                return "returned", COUNTY_2, no, [], 1
            case "county":
                given = {} if leaving else {"监测对象类别": self._class(case)}
                return "approved", COUNTY_2, given, ["approval"], 1
            case _:
                return "entered", Viewer("录入员", "township", case.township), {}, [], 0

    def _note_decision(
        self, case: Case, decision: str, given: dict[str, str], day: date, following: str | None
    ) -> None:
        mine = [v for v in self.visits.values() if v.household_id == case.household_id]
        open_visits = [v for v in mine if v.outcome == "属实" and not v.settled]
        if decision == "excluded":
            for visit in open_visits:
                visit.outcome = "不属实"
        if decision == "approved":
            wrongly = self.chance.choices(["", "class", "late", "risk"], [76, 8, 8, 8])[0]
            if case.kind == "elimination":
                wrongly = "late" if wrongly else ""
            with self.desk.ledger.transaction() as session:
                case = session.get_one(Case, case.id)
            self.county.decisions.append(
                Decision(
                    case.id,
                    case.household_id,
                    case.kind,
                    Month.of(day),
                    given.get("监测对象类别", ""),
                    tuple(case.risks),
                    case.mode or "",
                    wrongly,
                )
            )
        if following is None:
            for visit in mine:
                visit.settled = True

    def _explained(self, case: Case) -> str:
        with self.desk.ledger.transaction() as session:
            found = session.scalars(
                select(Finding.id).where(
                    Finding.household_id == case.household_id,
                    Finding.outcome == "ASSET",
                    Finding.closed_month.is_(None),
                )
            )
            return "；".join(f"{number}：已说明" for number in found)

    def _class(self, case: Case) -> str:
        row = self.county.row_of(case.household_id)
        kind = 2 if row is None else int(self.county.county.register["kind"][row])
        return "边缘易致贫户" if kind == 2 else "脱贫不稳定户"

    def _paper(self, kind: str) -> Path:
        path = self.folder / f"{kind}.pdf"
        if not path.exists():
            path.write_text(kind, encoding="utf-8")
        return path

    def help(self, month: Month) -> None:
        """Departments carry out most of what they owe, some of it a month late."""
        today = (month + 1).last_day
        with self.desk.ledger.transaction() as session:
            planned = list(session.scalars(select(Measure).where(Measure.status == "planned")))
        for measure in planned:
            if self.chance.random() < 0.6:
                department = Viewer("部门甲", "department", measure.department)
                with self.desk.ledger.transaction(department) as session:
                    finish_measure(session, measure.id, "done", "已落实", today, department, today)
                self.helped[measure.id] = today

    def _open_tasks(self) -> list[Task]:
        with self.desk.ledger.transaction() as session:
            return list(session.scalars(select(Task).where(Task.status == "open")))


def _right(wanted: set[int]) -> Callable[[int], str]:
    """Fill in these tasks, and all of them as they should be."""
    return lambda task: "right" if task in wanted else ""


def _codes(sheet: Sheet) -> list[Any]:
    return [sheet.sheet.cell(row, sheet.columns[CODE]).value for row in sheet.rows().values()]


__all__ = ["HEADERS", "OUTCOMES", "People", "Visit"]
