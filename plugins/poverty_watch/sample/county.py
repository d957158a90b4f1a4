"""The county's true state: who lives where, who is monitored, what everybody has.

Rows are never removed; they have a month ``since`` which and a month ``until`` which a register or
roll lists them (both included, unknown = without end), so a month's delivery is a plain selection.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from poverty_watch.months import Month
from poverty_watch.sample.divisions import Divisions
from poverty_watch.sample.frame import Array, Frame, Table, of_kinds
from poverty_watch.sample.people import SURNAMES, NumberOffice, full_names, phones

RELATIONS = np.array(
    ["户主", "配偶", "之子", "之女", "之儿媳", "之孙子", "之孙女", "之父", "之母", "其他"],
    dtype=object,
)
HEAD, SPOUSE, SON, DAUGHTER, DAUGHTER_IN_LAW, GRANDSON, GRANDDAUGHTER, FATHER, MOTHER, OTHER = (
    range(10)
)
WELL, CHRONIC, GRAVELY_ILL = range(3)
NO_JOB, AT_WORK, LAID_OFF, RETURNED = range(4)
NO_AID, DIBAO, CITY_DIBAO, TEKUN, ONCE = range(5)
NOT_MONITORED, UNSTABLE, MARGINAL, SUDDEN = range(4)
OUT_OF_POVERTY, OUT_WITHOUT_POLICY, ORDINARY = range(3)
NOBODY = -1


@dataclass
class County:
    """Persons, hukou households, register households and their rows, and what people own."""

    divisions: Divisions
    numbers: NumberOffice
    month: Month
    people: Frame
    houses: Frame
    register: Frame
    listed: Frame
    vehicles: Frame
    businesses: Frame
    estates: Frame
    payroll: Frame
    machines: Frame
    loans: Frame

    @property
    def now(self) -> np.datetime64:
        """The current month."""
        return as_month(self.month)

    def ages(self, on: np.datetime64 | None = None) -> Array:
        """Full years of all persons at month end, near enough for drawing."""
        day = on if on is not None else np.datetime64(self.month.last_day)
        return ((day - self.people["birth"]).astype(np.int64) / 365.2425).astype(np.int64)

    def alive(self) -> Array:
        """Who lives at month end (outsiders included)."""
        return np.isnat(self.people["died"])

    def residents(self) -> Array:
        """Indices of the living persons of the county's hukou households."""
        return np.flatnonzero(
            self.alive() & (self.people["house"] >= 0) & valid(self.people, self.now, "hukou_")
        )

    def outsiders(self) -> Array:
        """Indices of persons who are in no register: townspeople and people from elsewhere."""
        listed = np.zeros(len(self.people), dtype=bool)
        listed[self.listed["person"]] = True
        return np.flatnonzero((self.people["house"] == NOBODY) & ~listed)

    def township(self, persons: Array) -> Array:
        """Township index of persons; the first for outsiders."""
        house = self.people["house"][persons]
        return np.where(house >= 0, self.divisions.township_of[self.houses["village"][house]], 0)

    def register_of(self) -> Array:
        """Register household of each person that is listed now, else -1."""
        out = np.full(len(self.people), NOBODY)
        now = np.flatnonzero(valid(self.listed, self.now))
        out[self.listed["person"][now[::-1]]] = self.listed["household"][now[::-1]]
        return out

    def supported(self) -> Array:
        """Whether each person belongs to a household that is out of poverty or monitored."""
        return self.register_of() >= 0


def as_month(month: Month) -> np.datetime64:
    """``datetime64[M]`` of a month."""
    return np.datetime64(str(month), "M")


def valid(frame: Frame, month: np.datetime64, prefix: str = "") -> Array:
    """Rows that are listed in a month."""
    since, until = frame[f"{prefix}since"], frame[f"{prefix}until"]
    result: Array = (np.isnat(since) | (since <= month)) & (np.isnat(until) | (until >= month))
    return result


PEOPLE = {
    "number": "text", "name": "text", "male": "bool", "birth": "datetime64[D]", "house": "int64",
    "relation": "int8", "died": "datetime64[D]", "deregistered": "datetime64[D]", "phone": "text",
    "hukou_since": "datetime64[M]", "hukou_until": "datetime64[M]", "trait": "float64", "ethnic": "int8",
    "health": "int8", "grade": "int8", "disability": "int8", "certified": "datetime64[D]", "tail": "text",
    "cert_since": "datetime64[M]", "cert_until": "datetime64[M]",
    "total": "int64", "basic": "int64", "serious": "int64", "helped": "int64", "own": "int64",
    "outpatient": "int64", "treated": "bool",
    "job": "int8", "wage": "int64", "job_since": "datetime64[M]", "workplace": "int8", "employer": "int8",
    "jobs_since": "datetime64[M]", "jobs_until": "datetime64[M]",
    "post": "int8", "post_since": "datetime64[M]", "post_until": "datetime64[M]",
    "aid": "int8", "aid_from": "datetime64[D]", "aid_amount": "int64",
    "aid_since": "datetime64[M]", "aid_until": "datetime64[M]",
    "insured": "int8", "school": "int8",
}  # fmt: skip
REGISTER = {
    "no": "int64", "village": "int64", "house": "int64", "kind": "int8", "class": "int8",
    "risk_1": "int8", "risk_2": "int8", "risk_3": "int8", "risk_4": "int8", "risk_5": "int8",
    "identified": "datetime64[M]", "eliminated": "bool", "eliminated_in": "datetime64[M]", "mode": "int8",
    "unsafe": "bool", "water": "bool", "dibao": "bool", "income": "int64", "measures": "text",
    "phone": "text", "since": "datetime64[M]", "until": "datetime64[M]",
}  # fmt: skip
LISTED = {
    "person": "int64", "household": "int64", "no": "int64", "relation": "int8",
    "since": "datetime64[M]", "until": "datetime64[M]",
}  # fmt: skip
OWNED = {
    "owner": "int64",
    "serial": "int64",
    "kind": "int8",
    "since": "datetime64[M]",
    "until": "datetime64[M]",
}
VEHICLES = OWNED | {"usage": "int8", "day": "datetime64[D]"}
BUSINESSES = OWNED | {"day": "datetime64[D]", "capital": "int64", "status": "int8"}
ESTATES = OWNED | {"day": "datetime64[D]", "area": "int64"}
PAYROLL = OWNED
MACHINES = OWNED | {"day": "datetime64[D]", "price": "int64"}
LOANS = OWNED | {"amount": "int64", "due": "datetime64[D]", "overdue": "int64"}
HOUSES = {
    "no": "int64", "village": "int64", "head": "int64", "since": "datetime64[M]", "until": "datetime64[M]",
    "judged": "bool", "danger": "int8", "only": "bool", "judged_on": "datetime64[D]", "repair": "int8",
    "measured": "bool", "litres": "int64", "minutes": "int64", "outage": "int64", "clean": "bool",
}  # fmt: skip


def found_county(
    rng: np.random.Generator, month: Month, households: int, divisions: Divisions
) -> County:
    """The hukou households and their persons as they stand in a month, nothing else yet."""
    weights = 0.4 + rng.random(len(divisions.villages))
    village = np.sort(rng.choice(len(divisions.villages), households, p=weights / weights.sum()))
    persons = _households(rng, households, month)
    numbers = NumberOffice()
    count = len(persons["house"])
    surnames = _family_names(rng, persons, households)
    people = of_kinds(count, **PEOPLE) | persons
    people["number"] = numbers.issue(people["birth"], people["male"])
    people["name"] = full_names(rng, surnames, (rng.random(households) < 0.02)[persons["house"]])
    people["phone"] = phones(rng, count)
    people["trait"] = rng.random(count)
    people["ethnic"] = rng.choice(5, count, p=[0.88, 0.05, 0.04, 0.02, 0.01])
    houses = of_kinds(households, **HOUSES)
    houses["no"] = 531_000_000 + rng.permutation(households * 3)[:households]
    houses["village"] = village
    houses["head"] = np.flatnonzero(people["relation"] == HEAD)

    def blank(kinds: dict[str, str]) -> Frame:
        return Frame(of_kinds(0, **kinds))

    county = County(
        divisions,
        numbers,
        month,
        people=Frame(people),
        houses=Frame(houses),
        register=blank(REGISTER),
        listed=blank(LISTED),
        vehicles=blank(VEHICLES),
        businesses=blank(BUSINESSES),
        estates=blank(ESTATES),
        payroll=blank(PAYROLL),
        machines=blank(MACHINES),
        loans=blank(LOANS),
    )
    add_outsiders(county, rng, max(60, count // 60))
    return county


def add_outsiders(county: County, rng: np.random.Generator, count: int) -> None:
    """People whom no rural register lists; some departments' rolls do."""
    ages = rng.integers(18, 75, count)
    male = rng.random(count) < 0.5
    add_people(
        county,
        rng,
        house=np.full(count, NOBODY),
        relation=np.full(count, OTHER),
        ages=ages,
        male=male,
    )


def add_people(
    county: County,
    rng: np.random.Generator,
    *,
    house: Array,
    relation: Array,
    ages: Array,
    male: Array,
) -> Array:
    """Bring in persons of these ages (full years at the 1st of the month); gives their indices."""
    count = len(house)
    birth = _births(rng, ages, county.month)
    surnames = _surnames(rng, count)
    return county.people.append(
        {
            "number": county.numbers.issue(birth, male),
            "name": full_names(rng, surnames, np.zeros(count, dtype=bool)),
            "male": male,
            "birth": birth,
            "house": house,
            "relation": relation,
            "phone": phones(rng, count),
            "trait": rng.random(count),
            "hukou_since": np.full(count, county.now),
        }
    )


def _births(rng: np.random.Generator, ages: Array, month: Month) -> Array:
    back = np.floor((ages + rng.random(len(ages)) * 0.998) * 365.2425).astype("timedelta64[D]")
    births: Array = np.datetime64(month.first_day) - back
    return births


def _surnames(rng: np.random.Generator, count: int) -> Array:
    weights = 1 / (np.arange(len(SURNAMES)) + 4)
    chosen: Array = rng.choice(SURNAMES, count, p=weights / weights.sum())
    return chosen


def _family_names(rng: np.random.Generator, persons: Table, households: int) -> Array:
    family = _surnames(rng, households)[persons["house"]]
    married_in = np.isin(persons["relation"], [SPOUSE, DAUGHTER_IN_LAW, MOTHER])
    return np.where(married_in, _surnames(rng, len(family)), family)


def _households(rng: np.random.Generator, count: int, month: Month) -> Table:
    """Heads, spouses, children, their wives and children, parents: some 3.5 persons a household."""
    slots: list[tuple[Array, Array, Array, Array]] = []

    def put(who: Array, ages: Array, male: Array, relation: Array | int) -> None:
        here = who & (ages >= 0) & (ages <= 96)
        slots.append(
            (np.flatnonzero(here), ages[here], male[here], np.broadcast_to(relation, count)[here])
        )

    def chance(rate: float | Array) -> Array:
        drawn: Array = rng.random(count) < rate
        return drawn

    def near(middle: Array, spread: float) -> Array:
        drawn: Array = np.rint(rng.normal(middle, spread)).astype(np.int64)
        return drawn

    head = np.clip(near(np.full(count, 50), 13.5), 20, 90)
    head_male = chance(0.83)
    put(np.ones(count, dtype=bool), head, head_male, HEAD)
    spouse = np.clip(near(head, 3), 20, 92)
    put(chance(np.where(head > 72, 0.5, 0.82)), spouse, ~head_male, SPOUSE)
    for order, rate in enumerate((0.86, 0.62, 0.14)):
        age = near(head - 25 - 3 * order, 2)
        male = chance(0.52)
        at_home = chance(np.where(~male & (age > 25), 0.3 * rate, rate))
        put(at_home, age, male, np.where(male, SON, DAUGHTER))
        if order == 0:
            married = at_home & male & (age > 23) & chance(0.42)
            put(married, np.maximum(near(age, 2), 20), np.zeros(count, dtype=bool), DAUGHTER_IN_LAW)
            for place, likely in enumerate((0.8, 0.35)):
                grandson = chance(0.52)
                put(
                    married & chance(likely),
                    near(age - 25 - 3 * place, 2),
                    grandson,
                    np.where(grandson, GRANDSON, GRANDDAUGHTER),
                )
    put(
        chance(np.where(head < 60, 0.16, 0.02)),
        near(head + 25, 3),
        np.ones(count, dtype=bool),
        FATHER,
    )
    put(
        chance(np.where(head < 60, 0.22, 0.04)),
        near(head + 24, 3),
        np.zeros(count, dtype=bool),
        MOTHER,
    )
    house = np.concatenate([slot[0] for slot in slots])
    order_in = np.concatenate([np.full(len(slot[0]), n) for n, slot in enumerate(slots)])
    by_house = np.lexsort((order_in, house))
    ages, male, relation = (
        np.concatenate([slot[n] for slot in slots])[by_house] for n in (1, 2, 3)
    )
    return {
        "house": house[by_house],
        "birth": _births(rng, ages, month),
        "male": male,
        "relation": relation.astype(np.int8),
    }
