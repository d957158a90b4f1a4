"""The sample county month by month: its true state, its deliveries, and a register that people keep.

What the county decided is typed into the national system by a clerk; so the register follows, or
says something else, and the next delivery tells which.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from poverty_watch.contracts import load_catalogue
from poverty_watch.months import Month
from poverty_watch.sample import county as c
from poverty_watch.sample.evolution import live_through
from poverty_watch.sample.founding import enlist
from poverty_watch.sample.generator import _county_before, _deliver, _random
from poverty_watch.sample.identification import RISKS

CLASSES = ["", "脱贫不稳定户", "边缘易致贫户", "突发严重困难户"]
LABELS = {
    "自然灾害": "因自然灾害",
    "意外事故": "因意外事故",
    "产业项目失败": "因产业项目失败",
    "务工就业不稳": "因务工就业不稳",
    "住房安全": "因安全住房",
    "饮水安全": "因安全饮水",
}
SHORT = {label: risk for risk, label in LABELS.items()}


@dataclass
class Decision:
    """What the county decided of a household; ``row``: its row of the register once it is typed in.

    ``wrongly``: how the clerk types it in otherwise than it was decided.
    """

    case_id: int
    household_id: str
    kind: str
    month: Month
    monitored_class: str = ""
    risks: tuple[str, ...] = ()
    mode: str = ""
    wrongly: str = ""
    row: int | None = None
    agreed: bool = False


@dataclass
class SampleCounty:
    """A county of so many households that lives on and delivers."""

    inbox: Path
    first: Month
    households: int
    seed: int
    without: frozenset[str] = frozenset()
    decisions: list[Decision] = field(default_factory=list)
    incomes: dict[Month, dict[str, int]] = field(default_factory=dict)
    ruined: str = ""

    def __post_init__(self) -> None:
        self.county = _county_before(self.first, self.households, self.seed)
        self.chance = np.random.default_rng([self.seed, 1])

    def deliver(self, month: Month) -> None:
        """Live through a month, type in what was decided in it, and deliver it all."""
        live_through(self.county, _random(self.seed, month, "life"), month)
        if month == self.first + 1:
            self.ruined = self._ruin_a_house()
        if month == self.first + 5:
            self._disable_households()
        for decision in self.decisions:
            if decision.row is None and (decision.wrongly != "late" or decision.month < month):
                self._type_in(decision)
        self._keep_incomes(month)
        catalogue = load_catalogue()
        datasets = set(catalogue.contracts) - self.without
        for department in catalogue.departments.values():
            _deliver(self.county, self.inbox, department, self.seed, {}, {}, True, "csv", datasets)

    def _ruin_a_house(self) -> str:
        """The only house of a household whose risk had gone falls down; the household's id."""
        register, houses = self.county.register, self.county.houses
        rows = [
            r
            for r in np.flatnonzero(c.valid(register, self.county.now) & register["eliminated"])
            if self.county.alive()[houses["head"][register["house"][r]]]
        ]
        row = int(rows[0])
        house = register["house"][row]
        for name, value in (("judged", True), ("danger", 3), ("only", True), ("repair", 0)):
            houses[name][house] = value
        houses["judged_on"][house] = np.datetime64(self.county.month.first_day)
        return f"R:{register['no'][row]}"

    def _disable_households(self) -> None:
        """In three monitored households nobody can work any more."""
        listed, people = self.county.listed, self.county.people
        theirs = np.isin(listed["household"], self.monitored()[:3])
        rows = c.valid(listed, self.county.now) & theirs
        ages = self.county.ages()[listed["person"]]
        people["grade"][listed["person"][np.flatnonzero(rows & (ages >= 16))]] = 1

    def known_as(self, number: str) -> str:
        """The id of the household that bears a number, in whichever register."""
        is_register = int(number) in set(self.county.register["no"].tolist())
        return f"{'R' if is_register else 'H'}:{number}"

    def row_of(self, household_id: str) -> int | None:
        """Its row of the monitoring register."""
        prefix, _, number = household_id.partition(":")
        register = self.county.register
        if prefix == "H":
            houses = np.flatnonzero(self.county.houses["no"] == int(number))
            found = np.flatnonzero(np.isin(register["house"], houses))
        else:
            found = np.flatnonzero(register["no"] == int(number))
        here = [int(r) for r in found if c.valid(register, self.county.now)[r]]
        return here[-1] if here else None

    def monitored(self) -> list[int]:
        """Rows of the register that are monitored now."""
        register = self.county.register
        here = c.valid(register, self.county.now)
        return np.flatnonzero(here & (register["class"] > 0) & ~register["eliminated"]).tolist()

    def is_monitored(self, household_id: str) -> bool:
        """Whether a household is monitored in the register as it stands now."""
        row = self.row_of(household_id)
        return row is not None and row in self.monitored()

    def differs(self, decision: Decision) -> set[str]:
        """By the county's own state: in what the register says something else than was decided."""
        row = decision.row if decision.row is not None else self.row_of(decision.household_id)
        register = self.county.register
        if row is None or not c.valid(register, self.county.now)[row]:
            return {"是否在册"}
        if register["class"][row] == 0:
            return {"是否在册"}
        decided = np.datetime64(str(decision.month), "M")
        if decision.kind == "elimination":
            if not register["eliminated"][row]:
                return {"风险是否已消除"}
            mode = ("帮扶消除", "自然消除")[register["mode"][row]]
            pairs = {
                "消除监测时间": (decided, register["eliminated_in"][row]),
                "风险消除方式": (decision.mode, mode),
            }
        else:
            written = tuple(RISKS[register[f"risk_{n}"][row]] for n in range(1, 6))
            risks = tuple(SHORT.get(risk, risk) for risk in written if risk)
            pairs = {
                "监测对象类别": (decision.monitored_class, CLASSES[register["class"][row]]),
                "致贫返贫风险": (decision.risks, risks),
                "风险是否已消除": (False, bool(register["eliminated"][row])),
            }
            if decision.kind == "identification":
                pairs["识别监测时间"] = (decided, register["identified"][row])
        return {name for name, (here, there) in pairs.items() if here != there}

    def _type_in(self, decision: Decision) -> None:
        register, county = self.county.register, self.county
        row = self.row_of(decision.household_id)
        if row is None and decision.household_id.startswith("H:"):
            number = int(decision.household_id.partition(":")[2])
            houses = np.flatnonzero(county.houses["no"] == number)
            row = int(enlist(county, self.chance, houses, c.ORDINARY)[0])
        if row is None:
            return
        decision.row = row
        month = np.datetime64(str(decision.month), "M")
        if decision.kind == "elimination":
            register["eliminated"][row], register["eliminated_in"][row] = True, month
            register["mode"][row] = int(decision.mode == "自然消除")
            return
        klass = CLASSES.index(decision.monitored_class)
        if decision.wrongly == "class":
            klass = c.SUDDEN if klass != c.SUDDEN else c.MARGINAL
        risks = [np.flatnonzero(LABELS.get(r, r) == RISKS)[0] for r in decision.risks]
        if decision.wrongly == "risk":
            risks = [*risks, 11] if 11 not in risks else risks[:-1]
        register["class"][row] = klass
        for place in range(1, 6):
            register[f"risk_{place}"][row] = risks[place - 1] if place <= len(risks) else 0
        register["eliminated"][row] = False
        register["eliminated_in"][row] = np.datetime64("NaT", "M")
        if decision.kind == "identification":
            register["identified"][row] = month

    def _keep_incomes(self, month: Month) -> None:
        register = self.county.register
        self.incomes[month] = {
            f"R:{no}": int(income) // 100
            for no, income in zip(register["no"], register["income"], strict=True)
        }
