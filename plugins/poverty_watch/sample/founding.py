"""What the county starts with: health, work, aid, property, and the monitoring register."""

from __future__ import annotations

import numpy as np

from poverty_watch.months import Month
from poverty_watch.sample import county as c
from poverty_watch.sample.belongings import days_before, first_houses, first_property
from poverty_watch.sample.county import County, found_county
from poverty_watch.sample.divisions import Divisions
from poverty_watch.sample.frame import Array, some
from poverty_watch.sample.identification import identify, measures_for, sudden_from
from poverty_watch.sample.life import can_work, schooling
from poverty_watch.sample.people import phones


def settle_county(
    rng: np.random.Generator, month: Month, households: int, divisions: Divisions
) -> County:
    """A county with all that its people have, as it stands in a month."""
    county = found_county(rng, month, households, divisions)
    _health(county, rng)
    _schooling(county, rng)
    _insurance(county, rng)
    _register(county, rng)
    start_work(county, rng, some(rng, _workers(county), 0.30))
    _posts(county, rng)
    _aid(county, rng)
    first_property(county, rng)
    first_houses(county, rng)
    return county


def _workers(county: County) -> Array:
    ages = county.ages()
    fit = can_work(county) & (ages >= 18) & (ages < 62) & (schooling(county) == 0)
    likely = fit & (county.supported() | (county.people["trait"] * 7 % 1 < 0.25))
    return np.flatnonzero(likely & (county.people["house"] >= 0))


def _health(county: County, rng: np.random.Generator) -> None:
    people = county.people
    persons = county.residents()
    age = county.ages()[persons]
    drawn = rng.random(len(persons))
    people["health"][persons] = np.where(
        drawn < 0.006, c.GRAVELY_ILL, np.where(drawn < 0.01 + 0.0015 * age, c.CHRONIC, c.WELL)
    )
    certify(county, rng, persons[(age > 0) & (rng.random(len(persons)) < 0.012 + 0.0006 * age)])
    people["certified"][:] = np.where(
        people["grade"] > 0, days_before(rng, county.month, len(people), 9), people["certified"]
    )
    people["certified"][:] = np.where(
        people["certified"] < people["birth"] + np.timedelta64(200, "D"),
        people["birth"] + np.timedelta64(200, "D"),
        people["certified"],
    )
    people["cert_since"][:] = np.datetime64("NaT", "M")


def certify(county: County, rng: np.random.Generator, persons: Array, severe: int = 0) -> None:
    """Give persons a disability certificate, dated in the current month; the first ones severe."""
    people = county.people
    count = len(persons)
    people["grade"][persons] = rng.choice([1, 2, 3, 4], count, p=[0.14, 0.22, 0.34, 0.3])
    people["grade"][persons[:severe]] = 2
    people["disability"][persons] = rng.integers(0, 7, count)
    people["certified"][persons] = np.datetime64(county.month.first_day) + rng.integers(
        0, 27, count
    )
    grade = people["grade"][persons].astype("U1").astype(object)
    kind = (people["disability"][persons] + 1).astype("U1").astype(object)
    people["tail"][persons] = (
        kind + grade + np.where(rng.random(count) < 0.15, "B1", "").astype(object)
    )
    people["cert_since"][persons] = county.now


def _schooling(county: County, rng: np.random.Generator) -> None:
    pupils = np.flatnonzero(schooling(county) >= 3)
    county.people["school"][some(rng, pupils, 0.006, 2)] = 1
    county.people["school"][some(rng, pupils, 0.006, 2)] = 2


def _insurance(county: County, rng: np.random.Generator) -> None:
    """0 in no row, 1 residents', 2 employees', 3 both, 4 suspended, 5 not insured."""
    count = len(county.people)
    county.people["insured"][:] = rng.choice(6, count, p=[0.002, 0.951, 0.04, 0.002, 0.002, 0.003])


def _register(county: County, rng: np.random.Generator) -> None:
    houses = np.arange(len(county.houses))
    chosen = np.sort(rng.choice(houses, round(0.25 * len(houses)), replace=False))
    marginal = rng.random(len(chosen)) < 0.12
    rows = enlist(county, rng, chosen, np.where(marginal, c.ORDINARY, c.OUT_OF_POVERTY), first=True)
    register = county.register
    register["kind"][rows[~marginal]] = rng.choice(
        [c.OUT_OF_POVERTY, c.OUT_WITHOUT_POLICY], int((~marginal).sum()), p=[0.88, 0.12]
    )
    monitored = rows[marginal | (rng.random(len(rows)) < 0.14)]
    identify(county, rng, monitored, county.now)
    back = rng.integers(1, 34, len(monitored)).astype("timedelta64[M]")
    register["identified"][monitored] = county.now - back
    early = monitored[register["identified"][monitored] < sudden_from()]
    register["class"][early] = np.where(
        register["kind"][early] == c.ORDINARY, c.MARGINAL, c.UNSTABLE
    )
    old = back.astype(np.int64) >= 6
    cleared = old & (rng.random(len(monitored)) < 0.5)
    gone = monitored[cleared]
    register["eliminated"][gone] = True
    span = back.astype(np.int64)[cleared]
    register["eliminated_in"][gone] = register["identified"][gone] + np.minimum(
        span, 6 + rng.integers(0, 12, len(gone))
    ).astype("timedelta64[M]")
    register["mode"][gone] = rng.random(len(gone)) < 0.12
    helped = monitored[(back.astype(np.int64) > 1) & (rng.random(len(monitored)) < 0.93)]
    register["measures"][helped] = measures_for(rng, register["risk_1"][helped], 0.9)
    _odd_rows(county, rng)


def income_level(month: Month) -> float:
    """Incomes of a year, 2021 = 1: they rise so that ordinary households stay above every line."""
    years = month.year - 2021
    return 1 + 0.175 * min(years, 2) + 0.05 * max(years - 2, 0)


def enlist(
    county: County, rng: np.random.Generator, houses: Array, kind: Array | int, first: bool = False
) -> Array:
    """Put hukou households into the monitoring register with their living persons."""
    register, people = county.register, county.people
    count = len(houses)
    since = np.full(count, np.datetime64("NaT", "M") if first else county.now)
    base = int(register["no"].max()) + 1 if len(register) else 530_510_000_001
    no = base + np.cumsum(rng.integers(1, 30, count))
    income = np.rint(rng.lognormal(9.42, 0.33, count) * 100).astype(np.int64)
    income = np.maximum(income, 620_000 + income // 40)
    poor = rng.random(count) < 0.004
    income[poor] = rng.integers(280_000, 550_000, int(poor.sum()))
    income = np.rint(income * income_level(county.month)).astype(np.int64)
    rows = register.append(
        {
            "no": no,
            "village": county.houses["village"][houses],
            "house": houses,
            "kind": np.broadcast_to(kind, count),
            "unsafe": rng.random(count) < 0.012,
            "water": rng.random(count) < 0.995,
            "income": income,
            "phone": phones(rng, count),
            "since": since,
        }
    )
    row_of = np.full(len(county.houses), c.NOBODY)
    row_of[houses] = rows
    residents = county.residents()
    house = people["house"][residents]
    members = residents[row_of[house] >= 0]
    kept = (rng.random(len(members)) > 0.012) | (people["relation"][members] == c.HEAD)
    list_persons(county, members[kept], row_of[people["house"][members[kept]]], first=first)
    return rows


def list_persons(
    county: County, persons: Array, households: Array, *, first: bool = False
) -> Array:
    """Give persons a row in a register household; numbers go on where they stopped."""
    listed = county.listed
    taken = np.zeros(len(county.register) + 1, dtype=np.int64)
    np.maximum.at(taken, listed["household"], listed["no"])
    order = np.argsort(households, kind="stable")
    grouped = households[order]
    rank = np.empty(len(persons), dtype=np.int64)
    rank[order] = np.arange(len(persons)) - np.searchsorted(grouped, grouped, side="left")
    return listed.append(
        {
            "person": persons,
            "household": households,
            "no": taken[households] + rank + 1,
            "relation": county.people["relation"][persons],
            "since": np.full(len(persons), np.datetime64("NaT", "M") if first else county.now),
        }
    )


def _odd_rows(county: County, rng: np.random.Generator) -> None:
    """Married daughters listed with their husbands, persons in two households, two heads, no hukou."""
    people, listed = county.people, county.listed
    rows = np.arange(len(county.register))
    daughters = np.flatnonzero((people["relation"] == c.DAUGHTER) & (county.ages() > 20))
    moved = some(rng, daughters, 0.05, 4)
    target = rng.choice(rows, len(moved))
    fresh = list_persons(county, moved, target, first=True)
    listed["relation"][fresh] = c.DAUGHTER_IN_LAW
    was_listed = np.isin(listed["person"], moved) & (np.arange(len(listed)) < fresh[0])
    twice = some(rng, np.flatnonzero(was_listed), 0.15, 2)
    left = np.setdiff1d(np.flatnonzero(was_listed), twice)
    listed["until"][left] = county.now - 1
    count = max(4, len(rows) // 90)
    male = rng.random(count) < 0.5
    newcomers = c.add_people(
        county, rng, house=np.full(count, c.NOBODY), relation=np.full(count, c.OTHER),
        ages=rng.integers(0, 45, count), male=male,
    )  # fmt: skip
    list_persons(county, newcomers, rng.choice(rows, count), first=True)
    children = np.flatnonzero(
        (listed["relation"] == c.SON) & (county.ages()[listed["person"]] > 24)
    )
    listed["relation"][some(rng, children, 0.006, 1)] = c.HEAD


def start_work(county: County, rng: np.random.Generator, persons: Array) -> None:
    """These persons have a job from the current month."""
    people = county.people
    count = len(persons)
    people["job"][persons] = c.AT_WORK
    wage = np.rint(rng.lognormal(8.15, 0.4, count) * 100).astype(np.int64)
    wage[rng.random(count) < 0.006] = 35_000
    people["wage"][persons] = wage
    people["job_since"][persons] = county.now - rng.integers(0, 60, count).astype("timedelta64[M]")
    people["workplace"][persons] = rng.integers(0, 10, count)
    people["employer"][persons] = rng.integers(0, 9, count)
    people["jobs_since"][persons] = county.now
    people["jobs_until"][persons] = np.datetime64("NaT", "M")


def _posts(county: County, rng: np.random.Generator) -> None:
    people = county.people
    ages = county.ages()
    fit = can_work(county) & county.supported() & (ages >= 18) & (people["job"] == c.NO_JOB)
    unfit = ~can_work(county) & county.supported() & (ages >= 18) & (people["house"] >= 0)
    chosen = np.concatenate(
        [some(rng, np.flatnonzero(fit), 0.06, 5), some(rng, np.flatnonzero(unfit), 0.004, 2)]
    )
    people["post"][chosen] = rng.integers(1, 7, len(chosen))


def _aid(county: County, rng: np.random.Generator) -> None:
    people = county.people
    worker = np.zeros(len(county.houses), dtype=bool)
    residents = county.residents()
    worker[people["house"][residents[can_work(county)[residents]]]] = True
    registered = np.zeros(len(county.houses), dtype=bool)
    registered[county.register["house"]] = True
    chance = np.where(registered, np.where(worker, 0.08, 0.88), np.where(worker, 0.004, 0.10))
    poor = np.flatnonzero(rng.random(len(county.houses)) < chance)
    single = np.bincount(people["house"][residents], minlength=len(county.houses)) == 1
    house = people["house"][residents]
    of_poor = residents[np.isin(house, poor) & (rng.random(len(residents)) < 0.9)]
    grant(county, rng, of_poor, c.DIBAO)
    alone = of_poor[single[people["house"][of_poor]] & ~worker[people["house"][of_poor]]]
    people["aid"][alone] = c.TEKUN
    severe = residents[(people["grade"][residents] > 0) & (people["grade"][residents] <= 2)]
    unhelped = severe[(people["aid"][severe] == c.NO_AID) & (rng.random(len(severe)) < 0.85)]
    grant(county, rng, unhelped, c.DIBAO)
    grant(
        county, rng, some(rng, residents[people["aid"][residents] == c.NO_AID], 0.001), c.CITY_DIBAO
    )
    people["aid_from"][:] = np.where(
        people["aid"] > 0, days_before(rng, county.month, len(people), 7), people["aid_from"]
    )
    people["aid_since"][:] = np.datetime64("NaT", "M")
    note_dibao(county, rng, np.arange(len(county.register)))


def grant(county: County, rng: np.random.Generator, persons: Array, kind: int) -> None:
    """Persons are admitted to a kind of assistance in the current month."""
    people = county.people
    people["aid"][persons] = kind
    people["aid_from"][persons] = np.datetime64(county.month.first_day) + rng.integers(
        0, 27, len(persons)
    )
    monthly = np.rint(rng.uniform(180, 520, len(persons))).astype(np.int64) * 100
    people["aid_amount"][persons] = 200_000 if kind == c.ONCE else monthly
    people["aid_since"][persons] = county.now
    people["aid_until"][persons] = county.now + 2 if kind == c.ONCE else np.datetime64("NaT", "M")


def note_dibao(county: County, rng: np.random.Generator, rows: Array) -> None:
    """Write down in the register who draws 低保; one in a hundred households wrongly."""
    now = np.flatnonzero(c.valid(county.listed, county.now))
    draws = np.zeros(len(county.register), dtype=bool)
    draws[
        county.listed["household"][
            now[county.people["aid"][county.listed["person"][now]] == c.DIBAO]
        ]
    ] = True
    wrong = rng.random(len(rows)) < 0.008
    county.register["dibao"][rows] = draws[rows] ^ wrong
