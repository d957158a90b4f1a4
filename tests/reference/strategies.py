"""Tiny counties for Hypothesis: hamlets of a dozen persons and a few households, some months.

Rows are what intake lets through: names without white space, no row twice, no date after the end
of a delivery's month that may not be. Hamlets have nothing to do with each other; several of them
make one county, because screening a county costs the same whether one or ten lie in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

from hypothesis import strategies as st

from poverty_watch.contracts import load_catalogue
from poverty_watch.contracts.shape import accepted_schema
from poverty_watch.months import Month
from tests.reference import choices
from tests.reference.county import HUKOU, MONITORING, County, Delivery

Row = dict[str, Any]
Deliveries = dict[tuple[str, Month], list[Row]]

MONTHS = [
    *("2021-04", "2021-01", "2021-02", "2021-03", "2021-05", "2021-08", "2021-09", "2021-12"),
    *("2022-01", "2023-01", "2023-03", "2024-02", "2024-03", "2025-01", "2026-06"),
]
# Their order says nothing, as with real ids. The last two live elsewhere.
PEOPLE = [4, -7, 9_100_000_000_000_000_100, -3, 12, 1, -9_100_000_000_000_000_200, 8, -5, 20]
STRANGERS = [77, -88]
NUMBERS = ["9", "10", "21", "100"]
# Which months have a snapshot of a register, counted back from the county's month.
SNAPSHOTS = [[0, 1], [0], [0, 1, 2], [1], [0, 2], [2, 4], [3], [0, 1, 5], [1, 2]]
# Earlier months' deliveries of other datasets are looked at by nobody.
OF_EARLIER_MONTHS = (
    *("deaths", "major_illness", "disability_certificates", "social_assistance"),
    *("employment", "medical_expenses"),
)
_DAYS = ("died_on", "diagnosed_on", "issued_on", "admitted_on")
_UNIFORM = 2**22  # above some 24 bits Hypothesis prefers small numbers


def one_of(values: list[Any]) -> st.SearchStrategy[Any]:
    return st.integers(0, len(values) - 1).map(values.__getitem__)


def rows_saying(columns: Mapping[str, list[Any]]) -> st.SearchStrategy[Row]:
    """Rows that take one value per column; a whole row is one or two numbers, so it is cheap."""
    groups: list[list[str]] = [[]]
    for name, values in columns.items():
        if prod(len(columns[c]) for c in groups[-1]) * len(values) > _UNIFORM:
            groups.append([])
        groups[-1].append(name)
    sizes = [prod(len(columns[name]) for name in group) for group in groups]

    def decode(numbers: tuple[int, ...]) -> Row:
        row = {}
        for group, number in zip(groups, numbers, strict=True):
            for name in group:
                number, place = divmod(number, len(columns[name]))
                row[name] = columns[name][place]
        return row

    return st.tuples(*(st.integers(0, size - 1) for size in sizes)).map(decode)


def memberships(most: int) -> st.SearchStrategy[list[tuple[str, str]]]:
    """The households of one person with the relation there: mostly one, sometimes none or two."""
    ones = [[(number, told)] for told in choices.RELATIONS for number in NUMBERS[:most]]
    twos = [[*one, *other] for one in ones for other in ones]
    return st.one_of(one_of(ones), one_of(ones), one_of([[], *ones, []]), one_of([*ones, *twos]))


class _Hamlets:
    """Strategies for the hamlets of a county's month, built once."""

    def __init__(self, month: Month, months: dict[str, list[Month]], most: int) -> None:
        self.month, self.months, self.most = month, months, most
        self.births = one_of(choices.births(month))
        self.households = rows_saying(choices.household(month))
        self.other_words = choices.household(month)
        self.own_words = rows_saying(
            {**choices.OWN_WORDS, "is_misspelt": [False] * 9 + [True], "differs": range(10)}
        )
        self.hukou_words = rows_saying(
            {"village": choices.VILLAGES, "is_misspelt": [False] * 9 + [True]}
        )
        self.memberships = memberships(most)
        who = [*range(len(PEOPLE)), 0, 1, 2, 0, 1, 2, -1, -2]
        self.rows = {
            dataset: st.lists(
                rows_saying({"who": who, "spelling": range(4), "numbered": (True, False), **said}),
                max_size=2 if dataset == "deaths" else 5,
            )
            for dataset, said in choices.datasets(month).items()
        }

    def draw(self, draw: st.DrawFn, index: int) -> Deliveries:
        """One hamlet: persons, households and rows of its own."""
        persons = [_id_in(person, index) for person in PEOPLE[: draw(st.integers(2, len(PEOPLE)))]]
        names = {p: f"样本{chr(ord('A') + number)}" for number, p in enumerate(persons)}
        if draw(st.booleans()):  # two of one name
            names[persons[1]] = names[persons[0]]
        dot = "·" if draw(st.booleans()) else ""
        for number, stranger in enumerate(STRANGERS):
            names[_id_in(stranger, index)] = f"外人{number}"
        names = {person: f"{name[:2]}{dot}{name[2:]}{index}" for person, name in names.items()}
        births = {person: draw(self.births) for person in names}
        found = self._registers(draw, index, persons, names)
        for dataset, months in self.months.items():
            for of in months if dataset not in (MONITORING, HUKOU) else ():
                found[dataset, of] = [
                    self._row(dataset, row, of, names) for row in draw(self.rows[dataset])
                ]
        for rows in found.values():
            for row in rows:
                row["birth_date"] = births.get(row["person_id"])
                row["township"] = f"{row.get('township', '甸阳镇')}{index}"
        return found

    def _row(self, dataset: str, row: Row, of: Month, names: dict[int, str]) -> Row:
        people = list(names)
        who, spelling, numbered = row.pop("who"), row.pop("spelling"), row.pop("numbered")
        person = people[who % (len(people) - 2)] if who >= 0 else people[who]
        name = names[person]
        name = (name, name.replace("·", "•"), name.replace("·", "."), f"另一人{name}")[spelling]
        unnamed = dataset == "petitions" and not numbered
        row |= {"person_id": None if unnamed else person, "name": name}
        # No date of an earlier month's delivery is after that month's end.
        return {k: min(v, of.last_day) if k in _DAYS else v for k, v in row.items()}

    def _registers(
        self, draw: st.DrawFn, index: int, persons: list[int], names: dict[int, str]
    ) -> Deliveries:
        found: Deliveries = {}
        common = {number: draw(self.households) for number in NUMBERS[: self.most]}
        for number in common:
            common[number]["township"] = choices.TOWNSHIPS[draw(st.integers(0, 1))]
        for register in (MONITORING, HUKOU):
            now = {person: draw(self.memberships) for person in persons}
            months = self.months[register]
            for of in months:
                there = now if of == max(months) else self._moved(draw, now)
                found[register, of] = [
                    self._register_row(draw, register, index, number, common[number])
                    | {"person_id": person, "relation": relation, "name": names[person]}
                    for person, several in there.items()
                    for number, relation in several
                ]
                for row in found[register, of]:
                    if row.pop("is_misspelt"):
                        row["name"] = f"另一人{row['name']}"
        return found

    def _register_row(
        self, draw: st.DrawFn, register: str, index: int, number: str, common: Row
    ) -> Row:
        household_no = f"{number}{index:02d}"
        if register == HUKOU:
            return {"hukou_id": household_no, **draw(self.hukou_words)}
        row = {"household_no": household_no, **common, **draw(self.own_words)}
        if row.pop("differs") == 9:
            column = draw(one_of(sorted(self.other_words)))
            row[column] = draw(one_of(self.other_words[column]))
        return row

    def _moved(
        self, draw: st.DrawFn, now: dict[int, list[tuple[str, str]]]
    ) -> dict[int, list[tuple[str, str]]]:
        """An earlier month: most people where they are now, some elsewhere, some not there."""
        return {
            person: there if draw(st.integers(0, 2)) < 2 else draw(self.memberships)
            for person, there in now.items()
        }


def _id_in(person: int, hamlet: int) -> int:
    return person + 1000 * hamlet


@st.composite
def counties(draw: st.DrawFn, *, hamlets: int = 10, households: int = 4) -> County:
    """A county of some hamlets, each with at most so many households in either register."""
    month = Month.parse(draw(one_of(MONTHS)))
    months = _delivered(draw, month)
    strategies = _Hamlets(month, months, households)
    delivered: Deliveries = {(name, of): [] for name, several in months.items() for of in several}
    for index in range(draw(st.integers(1, hamlets))):
        for key, rows in strategies.draw(draw, index).items():
            delivered[key] += rows
    faulty = draw(
        st.lists(st.tuples(one_of(choices.FAULTS), one_of(list(load_catalogue().contracts))))
    )
    return County(
        month,
        {
            (name, of): _delivery(name, rows, [f for f, d in faulty if d == name and of == month])
            for (name, of), rows in delivered.items()
        },
    )


def _delivered(draw: st.DrawFn, month: Month) -> dict[str, list[Month]]:
    """Which months have a delivery of each dataset: a few are missing."""
    catalogue = load_catalogue().contracts
    found = {r: [month - back for back in draw(one_of(SNAPSHOTS))] for r in (MONITORING, HUKOU)}
    others = [name for name in catalogue if name not in found]
    found |= {name: [month] for name in others}
    for name in OF_EARLIER_MONTHS:
        found[name].append(month - 1)
        december = Month(month.year - 1, 12)
        if month.number in (1, 2, 3, 4) and december not in found[name]:
            found[name].append(december)
    keys = [(name, of) for name in others for of in found[name]]
    for name, of in draw(st.sets(one_of(keys), max_size=6)):
        found[name].remove(of)
    return found


def _delivery(dataset: str, rows: list[Row], faults: list[str]) -> Delivery:
    """Whole rows in the lake's columns, none twice."""
    names = accepted_schema(load_catalogue().contract(dataset)).names
    whole: list[Row] = []
    seen: set[tuple[Any, ...]] = set()
    for row in rows:
        filled = {name: row.get(name, choices.SAYS_NOTHING.get(name)) for name in names}
        key = tuple(filled.values())
        if key not in seen:
            seen.add(key)
            filled |= {
                "source_file": f"{dataset}.xlsx",
                "source_sheet": "Sheet1",
                "source_row": len(whole) + 2,
                "is_late": False,
            }
            whole.append(filled)
    return Delivery(tuple(whole), tuple(faults))
