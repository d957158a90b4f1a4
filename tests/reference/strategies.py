"""Tiny counties for Hypothesis: hamlets of a dozen persons and a few households, some months.

Rows are what intake lets through: names without white space, no row twice, no date after the end
of a delivery's month that may not be. Hamlets have nothing to do with each other; many of them make
one county, because screening a county costs the same whether one or thirty lie in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, TypeVar

from hypothesis import strategies as st

from poverty_watch.contracts import load_catalogue
from poverty_watch.contracts.shape import accepted_schema
from poverty_watch.months import Month
from tests.reference import choices
from tests.reference.choices import Choices
from tests.reference.county import HUKOU, MONITORING, County, Delivery

Row = dict[str, Any]
Deliveries = dict[tuple[str, Month], list[Row]]
_T = TypeVar("_T")

MONTHS = [
    *("2021-04", "2021-01", "2021-02", "2021-03", "2021-05", "2021-08", "2021-09", "2021-12"),
    *("2022-01", "2023-01", "2023-03", "2024-02", "2024-03", "2025-01", "2026-06"),
]
# Their order says nothing, as with real ids.
PEOPLE = [4, -7, 9_100_000_000_000_000_100, -3, 12, 1, -9_100_000_000_000_000_200, 8, -5, 20]
STRANGERS = [77, -88]
NUMBERS = ["9", "10", "21", "100"]
# How many 户编号 and how many 户号 a person stands in: mostly one of either, or of the latter alone.
_HOUSEHOLDS = [(1, 1)] * 8 + [(0, 1)] * 7 + [(0, 0)] * 4 + [(1, 0), (2, 1), (1, 2), (0, 2), (2, 2)]
# Which months have a snapshot of a register, counted back from the county's month.
_SNAPSHOTS = [(0, 1), (0,), (0, 1, 2), (1,), (0, 2), (2, 4), (3,), (0, 1, 5), (1, 2)]
# Earlier months' deliveries of other datasets are looked at by nobody.
_OF_EARLIER_MONTHS = (
    *("deaths", "major_illness", "disability_certificates", "social_assistance"),
    *("employment", "medical_expenses"),
)
_DAYS = ("died_on", "diagnosed_on", "issued_on", "admitted_on")
# Where a missing row is the hit.
_MISSED = ("medical_enrolment", "school_enrolment")
_MOST_ROWS = {"deaths": 2}
_MOST_ROWS_OF_OTHERS = 5


@st.composite
def counties(draw: st.DrawFn, *, hamlets: int = 30) -> County:
    """A county of some hamlets."""
    chance = draw(st.randoms(use_true_random=True))
    month = Month.parse(chance.choice(MONTHS))
    months = _delivered(chance, month)
    delivered: Deliveries = {(name, of): [] for name, several in months.items() for of in several}
    for index in range(draw(st.integers(1, hamlets))):
        for key, rows in _Hamlet(chance, month, months, index).rows().items():
            delivered[key] += rows
    faults = {name: chance.sample(choices.FAULTS, chance.choice([0, 0, 0, 2])) for name in months}
    return County(
        month,
        {
            (name, of): Delivery(_whole(name, rows), tuple(faults[name] if of == month else ()))
            for (name, of), rows in delivered.items()
        },
    )


def _delivered(chance: Random, month: Month) -> dict[str, list[Month]]:
    """Which months have a delivery of each dataset: a few are missing, or none."""
    found = {r: [month - back for back in chance.choice(_SNAPSHOTS)] for r in (MONITORING, HUKOU)}
    found |= {name: [month] for name in load_catalogue().contracts if name not in found}
    for name in _OF_EARLIER_MONTHS:
        if chance.random() < 0.8:
            found[name].append(month - 1)
        december = Month(month.year - 1, 12)
        if month.number <= 4 and december not in found[name]:
            found[name].append(december)
    keys = [(name, of) for name in found if name not in (MONITORING, HUKOU) for of in found[name]]
    for name, of in chance.sample(keys, chance.choice([0, 0, 0, 2, 5, 15])):
        found[name].remove(of)
    return found


def _saying(chance: Random, columns: Choices) -> Row:
    return {name: chance.choice(values) for name, values in columns.items()}


@dataclass(frozen=True)
class _Place:
    """The numbers of a person's households with the relation there, in either register."""

    monitoring: tuple[tuple[str | None, str], ...]
    hukou: tuple[tuple[str | None, str], ...]


class _Hamlet:
    """Persons, households and rows of their own: nothing in it stands in another hamlet."""

    def __init__(
        self, chance: Random, month: Month, months: dict[str, list[Month]], index: int
    ) -> None:
        self.chance, self.month, self.months, self.index = chance, month, months, index
        self.persons = [p + 1000 * index for p in PEOPLE[: chance.randint(2, len(PEOPLE))]]
        self.strangers = [p + 1000 * index for p in STRANGERS]
        self.numbers = NUMBERS[: chance.randint(1, len(NUMBERS))]
        self.names = self._names()
        births = choices.births(month)
        self.births = {person: chance.choice(births) for person in self.names}

    def _names(self) -> dict[int, str]:
        dot = self.chance.choice(["", "·"])
        letters = "ABCDEFGHIJ"
        if self.chance.random() < 0.5:  # two of one name
            letters = "AA" + letters[2:]
        names = {
            p: f"样{dot}本{a}{self.index}" for p, a in zip(self.persons, letters, strict=False)
        }
        return names | {p: f"外{dot}人{p}" for p in self.strangers}

    def rows(self) -> Deliveries:
        """The rows of every delivery."""
        found = self._registers()
        said = choices.datasets(self.month)
        for dataset, months in self.months.items():
            if dataset in (MONITORING, HUKOU):
                continue
            most = _MOST_ROWS.get(dataset, _MOST_ROWS_OF_OTHERS)
            for of in months:
                count = self.chance.randint(0, most)
                found[dataset, of] = [self._row(dataset, said[dataset], of) for _ in range(count)]
                if dataset in _MISSED:
                    found[dataset, of] += self._everybody(dataset, said[dataset], of)
        for rows in found.values():
            for row in rows:
                row["birth_date"] = self.births.get(row["person_id"])
                row["township"] = f"{row.get('township', choices.TOWNSHIPS[0])}{self.index}"
        return found

    def _everybody(self, dataset: str, columns: Choices, of: Month) -> list[Row]:
        """Often, a row for everybody but one or two: a single missing row then decides."""
        if self.chance.random() < 0.4:
            return []
        # Of school there is much that will do; of insurance the first value alone.
        plain = columns if dataset == "school_enrolment" else {c: v[:1] for c, v in columns.items()}
        there = self.chance.sample(self.persons, len(self.persons) - self.chance.randint(0, 2))
        return [self._row(dataset, plain, of) | {"person_id": person} for person in there]

    def _row(self, dataset: str, columns: Choices, of: Month) -> Row:
        # Some persons come up often, so that there are several rows of one.
        person = self.chance.choice([*self.persons, *self.persons[:3] * 2, *self.strangers])
        row = {**_saying(self.chance, columns), "person_id": person}
        row["name"] = self._spelt(self.names[person], often=0.4)
        if dataset == "petitions" and self.chance.random() < 0.5:
            row["person_id"] = None
        # No date of an earlier month's delivery is after that month's end.
        return {k: min(v, of.last_day) if k in _DAYS else v for k, v in row.items()}

    def _spelt(self, name: str, often: float) -> str:
        if self.chance.random() < often:
            return self.chance.choice(
                [name.replace("·", "•"), name.replace("·", "."), f"另{name}", name]
            )
        return name

    def _registers(self) -> Deliveries:
        common = {number: self._household() for number in (*self.numbers, None)}
        there = {person: self._place() for person in self.persons}
        found: Deliveries = {}
        for of in sorted({*self.months[MONITORING], *self.months[HUKOU]}, reverse=True):
            if of in self.months[MONITORING]:
                found[MONITORING, of] = [
                    {**common[number], **self._own_words(), **self._who(person, relation, number)}
                    | {"household_no": self._number(number)}
                    | self._differing()
                    for person, place in there.items()
                    for number, relation in place.monitoring
                ]
            if of in self.months[HUKOU]:
                found[HUKOU, of] = [
                    {"hukou_id": self._number(number), **self._who(person, relation, number)}
                    | {"village": self.chance.choice(choices.VILLAGES)}
                    for person, place in there.items()
                    for number, relation in place.hukou
                ]
            there = self._before(there)
        return found

    def _number(self, number: str | None) -> str | None:
        return None if number is None else f"{number}{self.index:02d}"

    def _household(self) -> Row:
        return _saying(self.chance, choices.household(self.month))

    def _own_words(self) -> Row:
        return _saying(self.chance, choices.OWN_WORDS)

    def _who(self, person: int, relation: str, number: str | None) -> Row:
        name = self._spelt(self.names[person], often=0.1)
        return {"person_id": person, "relation": relation, "name": name}

    def _differing(self) -> Row:
        """Now and then, a value that the other rows of the household do not have."""
        if self.chance.random() > 0.1:
            return {}
        column, values = self.chance.choice(list(choices.household(self.month).items()))
        return {column: self.chance.choice(values)}

    def _place(self) -> _Place:
        numbers = [*self.numbers * 4, None]

        def several(count: int) -> tuple[tuple[str | None, str], ...]:
            return tuple(
                (self.chance.choice(numbers), self.chance.choice(choices.RELATIONS))
                for _ in range(count)
            )

        in_monitoring, in_hukou = self.chance.choice(_HOUSEHOLDS)
        return _Place(several(in_monitoring), several(in_hukou))

    def _before(self, there: dict[int, _Place]) -> dict[int, _Place]:
        """A month before: most people where they were after; those who left, somewhere."""
        return {
            person: place
            if self.chance.random() < (0.8 if place.monitoring or place.hukou else 0.2)
            else self._place()
            for person, place in there.items()
        }


def _whole(dataset: str, rows: Iterable[Row]) -> tuple[Row, ...]:
    """Rows in all of the lake's columns, none twice."""
    names: Sequence[str] = accepted_schema(load_catalogue().contract(dataset)).names
    whole: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        filled = {name: row.get(name, choices.SAYS_NOTHING.get(name)) for name in names}
        filled |= {"source_file": f"{dataset}.xlsx", "source_sheet": "Sheet1", "is_late": False}
        key = tuple(filled.values())
        whole.setdefault(key, {**filled, "source_row": len(whole) + 2})
    return tuple(whole.values())
