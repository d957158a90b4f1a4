"""Who is dead, who lives where, who is a member of what, and who was known before."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date
from functools import cached_property

from tests.reference.county import (
    HUKOU,
    MONITORING,
    REGISTERS,
    County,
    Person,
    Row,
    age,
    parameter,
    risk_of,
    smallest,
)

NO_LABOUR = ("丧失劳动力", "无劳动力")
RISKS = ("risk_1", "risk_2", "risk_3", "risk_4", "risk_5")


class View:
    """A county seen from its month.

    Households are named ``R:`` + 户编号 and ``H:`` + 户号. ``members`` are the living ones.
    """

    def __init__(self, county: County) -> None:
        self.county = county
        self.month = county.month
        self.start, self.end = county.month.first_day, county.month.last_day
        self.r_rows: dict[str, list[Row]] = defaultdict(list)
        self.h_rows: dict[str, list[Row]] = defaultdict(list)
        self.monitoring, self.hukou = county.register(MONITORING), county.register(HUKOU)
        # A row without a number puts nobody into a household.
        for row in self.monitoring:
            if row["household_no"] is not None:
                self.r_rows[row["household_no"]].append(row)
        for row in self.hukou:
            if row["hukou_id"] is not None:
                self.h_rows[row["hukou_id"]].append(row)

    def rows(self, dataset: str) -> tuple[Row, ...]:
        """The accepted rows of the month's own delivery."""
        return self.county.rows(dataset)

    def parameter(self, name: str, kind: str = "value") -> object:
        """A parameter in force at month end."""
        return parameter(name, self.month, kind)

    # The dead

    @cached_property
    def died_on(self) -> dict[Person, date]:
        """Everyone dead at month end, with the (earliest) day of death."""
        found: dict[Person, date] = {}
        for row in self.county.up_to_now("deaths"):
            if row["died_on"] <= self.end:
                person = row["person_id"]
                found[person] = min(row["died_on"], found.get(person, row["died_on"]))
        return found

    def is_dead(self, person: Person) -> bool:
        """Whether a person is dead at month end."""
        return person in self.died_on

    # Who lives where

    @cached_property
    def number_of(self) -> dict[Person, str]:
        """Everyone in monitoring_register: the 户编号 that the person belongs to."""
        numbers: dict[Person, set[str]] = defaultdict(set)
        for number, rows in self.r_rows.items():
            for row in rows:
                numbers[row["person_id"]].add(number)
        return {person: smallest(found) for person, found in numbers.items()}

    @cached_property
    def joined(self) -> dict[str, str]:
        """The 户号 that join an R household, and its 户编号."""
        found = {}
        for hukou_id, rows in self.h_rows.items():
            number = self._joins(rows)
            if number is not None:
                found[hukou_id] = number
        return found

    def _joins(self, rows: list[Row]) -> str | None:
        in_r = {row["person_id"] for row in rows if row["person_id"] in self.number_of}
        counts = Counter(self.number_of[person] for person in in_r)

        def of_those_who_are(relation: str) -> set[str]:
            return {
                self.number_of[row["person_id"]]
                for row in rows
                if row["relation"] == relation and row["person_id"] in in_r
            }

        heads, spouses = of_those_who_are("户主"), of_those_who_are("配偶")
        several = {number for number, count in counts.items() if count >= 2}
        candidates = heads or (spouses | several)
        if not candidates:
            return None
        most = max(counts[number] for number in candidates)
        return smallest(number for number in candidates if counts[number] == most)

    @cached_property
    def household_of(self) -> dict[Person, str]:
        """Everyone in either register, the dead too: the household that the person belongs to."""
        found = {person: f"R:{number}" for person, number in self.number_of.items()}
        hukou_ids: dict[Person, set[str]] = defaultdict(set)
        for hukou_id, rows in self.h_rows.items():
            for row in rows:
                hukou_ids[row["person_id"]].add(hukou_id)
        for person, ids in hukou_ids.items():
            if person not in found:
                found[person] = self._by_hukou(smallest(ids))
        return found

    def _by_hukou(self, hukou_id: str) -> str:
        if hukou_id in self.joined:
            return f"R:{self.joined[hukou_id]}"
        return f"H:{hukou_id}"

    @cached_property
    def known_before(self) -> dict[Person, str]:
        """Persons whom neither register places but an earlier snapshot does: their household there."""
        found: dict[Person, str] = {}
        months = {
            month
            for register in (MONITORING, HUKOU)
            for month in self.county.months_of(register)
            if month < self.month
        }
        for month in sorted(months, reverse=True):
            there: dict[Person, str] = {}
            for register, column in ((HUKOU, "hukou_id"), (MONITORING, "household_no")):
                numbers: dict[Person, set[str]] = defaultdict(set)
                for row in self.county.rows(register, month):
                    if row[column] is not None:
                        numbers[row["person_id"]].add(row[column])
                for person, several in numbers.items():
                    number = smallest(several)
                    is_r = register == MONITORING
                    there[person] = f"R:{number}" if is_r else self._by_hukou(number)
            for person, household in there.items():
                if person not in self.household_of:
                    found.setdefault(person, household)
        return found

    def belonged_to(self, person: Person | None) -> str | None:
        """The household of a person, dead or alive, by the registers or by look-back."""
        if person is None:
            return None
        return self.household_of.get(person) or self.known_before.get(person)

    def home(self, person: Person | None) -> str | None:
        """The household of which a person is a living member."""
        if person is None or self.is_dead(person):
            return None
        return self.household_of.get(person)

    @cached_property
    def members(self) -> dict[str, set[Person]]:
        """Living members by household."""
        found: dict[str, set[Person]] = defaultdict(set)
        for person, household in self.household_of.items():
            if not self.is_dead(person):
                found[household].add(person)
        return found

    @cached_property
    def stands_in_a_register(self) -> set[Person]:
        """Everyone in a register of this month or of an earlier one, in a household or not."""
        return {row["person_id"] for name in REGISTERS for row in self.county.up_to_now(name)}

    def members_in(self, households: Iterable[str]) -> dict[str, set[Person]]:
        """Living members of some households; an empty set where there is none."""
        return {household: self.members.get(household, set()) for household in households}

    # Persons

    @cached_property
    def born_on(self) -> dict[Person, date]:
        """Everyone's day of birth, wherever it stands."""
        found: dict[Person, date] = {}
        for delivery in self.county.deliveries.values():
            for row in delivery.rows:
                if row["person_id"] is not None:
                    found[row["person_id"]] = row["birth_date"]
        return found

    def age(self, person: Person, day: date | None = None) -> int:
        """Full years on a day (month end if not given)."""
        return age(self.born_on[person], day or self.end)

    # R households

    @cached_property
    def r_households(self) -> dict[str, Row]:
        """Every R household with the row that speaks for it."""
        return {f"R:{number}": self._speaks(rows) for number, rows in self.r_rows.items()}

    def _speaks(self, rows: list[Row]) -> Row:
        heads = [r for r in rows if r["relation"] == "户主" and not self.is_dead(r["person_id"])]
        if len(heads) == 1:
            return heads[0]
        number = smallest(row["person_no"] for row in rows)
        with_it = [row for row in rows if row["person_no"] == number]
        return min(with_it, key=lambda r: (r["source_file"], r["source_sheet"], r["source_row"]))

    def living_monitoring(self) -> list[Row]:
        """The rows of the living in monitoring_register, in a household or not."""
        return [row for row in self.monitoring if not self.is_dead(row["person_id"])]

    def living_rows(self, household: str) -> list[Row]:
        """The rows of the living R-members."""
        rows = self.r_rows.get(household.removeprefix("R:"), []) if household[:2] == "R:" else []
        return [row for row in rows if not self.is_dead(row["person_id"])]

    def all_without_labour(self, household: str) -> bool:
        """Whether it has living R-members, and every row of theirs says: no labour."""
        rows = self.living_rows(household)
        return bool(rows) and all(row["labour"] in NO_LABOUR for row in rows)

    def living_r_members(self, household: str) -> set[Person]:
        """The living R-members: a person in two 户编号 counts in both."""
        return {row["person_id"] for row in self.living_rows(household)}

    def is_r(self, household: str) -> bool:
        """Whether it is in monitoring_register."""
        return household in self.r_households

    def is_t(self, household: str) -> bool:
        """Whether 户类型 begins with 脱贫."""
        row = self.r_households.get(household)
        return row is not None and (row["household_type"] or "").startswith("脱贫")

    def is_m(self, household: str) -> bool:
        """Whether it is a monitored household."""
        row = self.r_households.get(household)
        return row is not None and bool(row["monitored_class"]) and row["is_eliminated"] != "是"

    def is_x(self, household: str) -> bool:
        """Whether it was monitored and its risk is eliminated."""
        row = self.r_households.get(household)
        return row is not None and bool(row["monitored_class"]) and row["is_eliminated"] == "是"

    def is_t_or_m(self, household: str) -> bool:
        """Whether it is T, or an M-household."""
        return self.is_t(household) or self.is_m(household)

    def has_risk(self, household: str, risk: str) -> bool:
        """Whether one of its 致贫返贫风险 is that risk."""
        row = self.r_households.get(household)
        return row is not None and risk in {risk_of(row[column]) for column in RISKS}
