"""The two registers of a month."""

from __future__ import annotations

import numpy as np

from poverty_watch.sample import county as c
from poverty_watch.sample.county import RELATIONS, County
from poverty_watch.sample.frame import Array, Table, some
from poverty_watch.sample.identification import RISKS, measures_for
from poverty_watch.sample.life import LABOUR, NOT_AT_SCHOOL, PRIMARY, SCHOOLING, labour, schooling
from poverty_watch.sample.tables import TOWNSHIP, delivers, of_persons, words, yes, yuan


@delivers("hukou_register")
def hukou_register(county: County, rng: np.random.Generator) -> Table:
    """Every person of a hukou household who is listed at month end."""
    people, divisions = county.people, county.divisions
    listed = np.flatnonzero((people["house"] >= 0) & c.valid(people, county.now, "hukou_"))
    listed = listed[np.argsort(people["house"][listed], kind="stable")]
    house = people["house"][listed]
    village = county.houses["village"][house]
    return of_persons(
        county,
        listed,
        {
            "hukou_id": county.houses["no"][house].astype("U12").astype(object),
            "relation": RELATIONS[people["relation"][listed]],
            "sex": np.where(people["male"][listed], "男", "女").astype(object),
            "township": divisions.townships[divisions.township_of[village]],
            "village": divisions.villages[village],
            "village_code": divisions.village_codes[village],
        },
    )


@delivers("monitoring_register")
def monitoring_register(county: County, rng: np.random.Generator) -> Table:
    """Every person of a household that is out of poverty or monitored."""
    _people, register, listed, divisions = (
        county.people,
        county.register,
        county.listed,
        county.divisions,
    )
    here = c.valid(register, county.now)
    rows = np.flatnonzero(c.valid(listed, county.now) & here[listed["household"]])
    rows = rows[np.lexsort((listed["no"][rows], listed["household"][rows]))]
    household, person = listed["household"][rows], listed["person"][rows]
    village = register["village"][household]
    number = register["no"][household].astype("U12").astype(object)
    order = np.char.zfill(listed["no"][rows].astype("U4"), 2).astype(object)
    known = register["class"][household] > 0
    out = known & register["eliminated"][household]
    table = of_persons(county, person) | {
        TOWNSHIP: divisions.township_of[village],
        "township": divisions.townships[divisions.township_of[village]],
        "village": divisions.villages[village],
        "household_no": number,
        "person_no": number + order,
        "relation": RELATIONS[listed["relation"][rows]],
        "health": _health(county, rng, person),
        "labour": LABOUR[labour(county)[person]],
        "schooling": _schooling(county, rng, person),
        "household_type": words("脱贫户 脱贫不享受政策户 一般农户", register["kind"][household]),
        "monitored_class": words(
            ["", "脱贫不稳定户", "边缘易致贫户", "突发严重困难户"], register["class"][household]
        ),
        "identified_month": register["identified"][household],
        "is_eliminated": np.where(known, yes(out), "").astype(object),
        "eliminated_month": register["eliminated_in"][household],
        "elimination_mode": np.where(
            out, words("帮扶消除 自然消除", register["mode"][household]), ""
        ).astype(object),
        "has_unsafe_house": yes(register["unsafe"][household]),
        "has_safe_water": yes(register["water"][household]),
        "receives_dibao": yes(register["dibao"][household]),
        "income_per_head": yuan(register["income"][household]),
        "measures": register["measures"][household],
        "phone": register["phone"][household],
    }
    for place in range(1, 6):
        risk = register[f"risk_{place}"][household]
        table[f"risk_{place}"] = RISKS[np.where(known, risk, 0)]
    _contradict(rng, table, register["risk_1"][household])
    return table


def _health(county: County, rng: np.random.Generator, persons: Array) -> Array:
    people = county.people
    base = words("健康 长期慢性病 患有大病", people["health"][persons])
    disabled = (people["grade"][persons] > 0) & (people["trait"][persons] * 13 % 1 > 0.06)
    both = np.where(base == "健康", "残疾", base + ",残疾")
    return np.where(disabled, both, base).astype(object)


def _schooling(county: County, rng: np.random.Generator, persons: Array) -> Array:
    stage = schooling(county)[persons].copy()
    pupils = np.flatnonzero((stage >= PRIMARY) & (stage <= 6))
    stage[pupils[county.people["trait"][persons[pupils]] * 17 % 1 < 0.012]] = NOT_AT_SCHOOL
    return SCHOOLING[stage]


def _contradict(rng: np.random.Generator, table: Table, risk: Array) -> None:
    """In a few households one person's row says something else of the household."""
    rows = some(rng, np.arange(len(risk)), 0.0008, 1)
    for number, row in enumerate(rows):
        kind = number % 3
        if kind == 0:
            table["income_per_head"] = table["income_per_head"].copy()
            table["income_per_head"][row] += 100
        elif kind == 1:
            table["receives_dibao"][row] = "是" if table["receives_dibao"][row] == "否" else "否"
        elif table["monitored_class"][row]:
            table["measures"][row] = measures_for(rng, risk[row : row + 1], 0.5)[0]
