"""What happened in a month, as departments report it."""

from __future__ import annotations

import numpy as np

from poverty_watch.sample.county import County
from poverty_watch.sample.frame import Array, Table, some
from poverty_watch.sample.life import can_work, schooling
from poverty_watch.sample.tables import days_in, delivers, of_persons, words


def _heads(
    county: County, rng: np.random.Generator, rate: float, at_least: int, helped: float
) -> Array:
    """Heads of households, a share of them of registered households."""
    heads = county.houses["head"]
    heads = heads[county.alive()[heads]]
    register = county.supported()[heads]
    inside = some(rng, heads[register], rate * helped, at_least)
    return np.concatenate([inside, some(rng, heads[~register], rate, at_least // 2)])


@delivers("deaths")
def deaths(county: County, rng: np.random.Generator) -> Table:
    """Deaths that were written off in the month; some happened months before."""
    people = county.people
    gone = np.flatnonzero(people["deregistered"].astype("datetime64[M]") == county.now)
    return of_persons(
        county,
        gone,
        {"died_on": people["died"][gone], "deregistered_on": people["deregistered"][gone]},
    )


def _injuries(county: County, rng: np.random.Generator, rate: float, at_least: int) -> Table:
    hurt = some(rng, county.residents(), rate, at_least)
    dead = np.flatnonzero(
        (county.people["died"].astype("datetime64[M]") == county.now) & (county.ages() < 60)
    )
    victims = np.concatenate([hurt, dead[: 1 + len(dead) // 4]])
    outcome = np.where(county.alive()[victims], rng.choice(2, len(victims), p=[0.8, 0.2]), 2)
    day = days_in(county, rng, len(victims))
    died = county.people["died"][victims]
    return of_persons(
        county,
        victims,
        {"occurred_on": np.where(np.isnat(died), day, died), "outcome": words("伤 残 亡", outcome)},
    )


@delivers("traffic_accidents")
def traffic_accidents(county: County, rng: np.random.Generator) -> Table:
    """Persons hurt or killed on the road."""
    return _injuries(county, rng, 0.0004, 4)


@delivers("criminal_injuries")
def criminal_injuries(county: County, rng: np.random.Generator) -> Table:
    """Persons hurt or killed by a crime."""
    return _injuries(county, rng, 0.0002, 2)


@delivers("major_illness")
def major_illness(county: County, rng: np.random.Generator) -> Table:
    """New grave diagnoses."""
    ill = some(rng, county.residents(), 0.0005, 4)
    kinds = "宫颈癌 乳腺癌 胃癌 肺癌 脑梗死 急性心肌梗死 终末期肾病 重性精神病 Ⅰ型糖尿病 儿童先心病"
    return of_persons(
        county,
        ill,
        {
            "illness": words(kinds, rng.integers(0, 10, len(ill))),
            "diagnosed_on": days_in(county, rng, len(ill)),
        },
    )


@delivers("dropout_suspects")
def dropout_suspects(county: County, rng: np.random.Generator) -> Table:
    """Pupils who have not been seen at school."""
    stage = schooling(county)
    pupils = county.residents()
    pupils = pupils[(stage[pupils] >= 3) & (stage[pupils] <= 9)]
    absent = some(rng, pupils, 0.0025, 3)
    level = np.select([stage[absent] == 3, stage[absent] <= 6], [0, 1], 2)
    return of_persons(
        county,
        absent,
        {
            "school": words("中心完小(样例) 初级中学(样例) 第一中学(样例)", level),
            "stage": words("小学 初中 普通高中", level),
            "reason": words("厌学 务工 因病 随父母外出", rng.integers(0, 4, len(absent))),
            "found_on": days_in(county, rng, len(absent)),
        },
    )


@delivers("education_burden")
def education_burden(county: County, rng: np.random.Generator) -> Table:
    """Families' own spending on school after grants; most at the start of a term."""
    stage = schooling(county)
    students = county.residents()
    students = students[stage[students] >= 7]
    term = county.month.number in (2, 3, 8, 9)
    payers = some(rng, students, 0.12 if term else 0.03, 5)
    first = county.month.year if county.month.number >= 9 else county.month.year - 1
    paid = np.round(rng.lognormal(8.6, 0.55, len(payers)), 2)
    return of_persons(
        county,
        payers,
        {
            "school_year": np.full(len(payers), f"{first}-{first + 1}", dtype=object),
            "own_paid": paid,
        },
    )


@delivers("disaster_losses")
def disaster_losses(county: County, rng: np.random.Generator) -> Table:
    """Houses, fields and money lost to hail, flood, drought and fire."""
    heads = _heads(county, rng, 0.002, 5, 1.0)
    count = len(heads)
    fields = np.where(rng.random(count) < 0.7, np.round(rng.uniform(0.5, 14, count), 2), 0.0)
    lost = np.where(
        rng.random(count) < 0.5, np.round(fields * rng.uniform(0.02, 0.6, count), 2), 0.0
    )

    def rooms(rate: float) -> Array:
        return np.where(rng.random(count) < rate, rng.integers(1, 4, count).astype(float), np.nan)

    return of_persons(
        county,
        heads,
        {
            "disaster": words("洪涝 风雹 旱灾 火灾 滑坡", rng.integers(0, 5, count)),
            "occurred_on": days_in(county, rng, count),
            "collapsed_rooms": rooms(0.08),
            "damaged_rooms": rooms(0.12),
            "affected_mu": fields,
            "lost_mu": np.where(lost == 0, np.nan, lost),
            "loss": np.round(rng.lognormal(7.6, 0.9, count), 2),
        },
    )


@delivers("industry_failures")
def industry_failures(county: County, rng: np.random.Generator) -> Table:
    """Households whose livestock or crop project failed."""
    heads = _heads(county, rng, 0.0012, 3, 4.0)
    count = len(heads)
    return of_persons(
        county,
        heads,
        {
            "project": words(
                "肉牛养殖 生猪养殖 烤烟种植 中药材种植 蔬菜种植", rng.integers(0, 5, count)
            ),
            "failed_on": days_in(county, rng, count),
            "loss": np.round(rng.uniform(3000, 60000, count), 2),
            "reason": words(
                "价格下跌 资金链断裂 疫病 自然灾害 管理不善", rng.integers(0, 5, count)
            ),
        },
    )


@delivers("petitions")
def petitions(county: County, rng: np.random.Generator) -> Table:
    """Requests for help; half of them without a number, villages written in many ways."""
    people, divisions = county.people, county.divisions
    residents = county.residents()
    adults = residents[can_work(county)[residents]]
    who = some(rng, adults, 0.0012, 9)
    count = len(who)
    table = of_persons(county, who)
    village = divisions.villages[county.houses["village"][people["house"][who]]]
    form = rng.integers(0, 3, count)
    short = np.array([_bare(name) for name in village], dtype=object)
    channels = "12345热线 12317电话 来信 来访 防贫申报二维码"
    matters = "要求纳入低保 医疗费用负担重 家庭生活困难求助 务工收入中断 子女上学困难 住房漏雨"
    blank = rng.random(count) < 0.5
    return table | {
        "person_id": np.where(blank, "", table["person_id"]).astype(object),
        "township": divisions.townships[county.township(who)],
        "village": np.select([form == 0, form == 1], [village, short + "村"], short).astype(object),
        "channel": words(channels, rng.integers(0, 5, count)),
        "matter": words(matters, rng.integers(0, 6, count)),
        "received_on": days_in(county, rng, count),
    }


def _bare(village: str) -> str:
    """A village's name as people say it."""
    for ending in ("村民委员会", "居民委员会", "村委会", "居委会"):
        village = village.removesuffix(ending)
    return village.removesuffix("社区") or village
