"""What happens to the county in one month."""

from __future__ import annotations

import numpy as np

from poverty_watch.months import Month
from poverty_watch.sample import county as c
from poverty_watch.sample.belongings import own_more
from poverty_watch.sample.county import County
from poverty_watch.sample.founding import (
    certify,
    enlist,
    grant,
    income_level,
    list_persons,
    note_dibao,
    start_work,
)
from poverty_watch.sample.frame import Array, some
from poverty_watch.sample.identification import identify, measures_for, sudden_from
from poverty_watch.sample.life import can_work, labour, schooling


def live_through(county: County, rng: np.random.Generator, month: Month) -> None:
    """Bring the county's state to the end of ``month``, the month after its present one."""
    county.month = month
    _deaths(county, rng)
    _births(county, rng)
    _moves(county, rng)
    _health(county, rng)
    _bills(county, rng)
    _work(county, rng)
    _aid(county, rng)
    _property(county, rng)
    _register_flows(county, rng)
    _register_care(county, rng)


def _deaths(county: County, rng: np.random.Generator) -> None:
    people, listed, now = county.people, county.listed, county.now
    residents = county.residents()
    ages = county.ages()[residents]
    weights = np.exp(ages / 13.0)
    count = max(7, rng.poisson(0.0007 * len(residents)))
    old = rng.choice(residents, count, replace=False, p=weights / weights.sum())
    young = some(rng, residents[(ages >= 20) & (ages <= 58)], 0.0001, 2)
    drawing = residents[(people["aid"][residents] == c.DIBAO) & (ages > 60)]
    still = some(rng, drawing, 0.0005, 1)
    gone = np.union1d(np.union1d(old, young), still)
    last = (now + 1).astype("datetime64[D]") - now.astype("datetime64[D]")
    day = now.astype("datetime64[D]") + rng.integers(0, last.astype(int), len(gone))
    people["died"][gone] = day
    late = rng.choice([0, 1, 2, 4], len(gone), p=[0.8, 0.12, 0.05, 0.03])
    written = (now + late).astype("datetime64[D]") + rng.integers(0, 27, len(gone))
    people["deregistered"][gone] = np.maximum(written, day)
    in_month = people["deregistered"][gone].astype("datetime64[M]")
    people["hukou_until"][gone] = in_month - 1 + (rng.random(len(gone)) < 0.06)

    def slow(share: float) -> Array:
        """The last month of a roll that learns of a death at once, or (``share``) months later."""
        wait = np.where(rng.random(len(gone)) < share, rng.integers(1, 4, len(gone)), 0)
        return now - 1 + wait

    for roll, share in (("aid", 0.3), ("post", 0.3), ("jobs", 0.4), ("cert", 0.5)):
        people[f"{roll}_until"][gone] = slow(share)
    people["aid_until"][still] = now + 2
    until = np.full(len(people), np.datetime64("NaT", "M"))
    until[gone] = in_month - 1 + rng.choice(3, len(gone), p=[0.55, 0.35, 0.1])
    rows = np.flatnonzero(c.valid(listed, now) & ~np.isnat(until[listed["person"]]))
    listed["until"][rows] = until[listed["person"][rows]]
    _new_heads(county, rng)


def _new_heads(county: County, rng: np.random.Generator) -> None:
    """Most households whose head died name another; some go on without for months."""
    people, listed, now = county.people, county.listed, county.now
    dead = ~county.alive()
    heads = county.houses["head"]
    orphaned = np.flatnonzero(dead[heads] & (rng.random(len(heads)) < 0.7))
    residents = county.residents()
    house = people["house"][residents]
    order = np.lexsort((county.people["birth"][residents], house))
    first = residents[order][np.searchsorted(house[order], orphaned).clip(0, len(order) - 1)]
    fits = people["house"][first] == orphaned
    heads[orphaned[fits]] = first[fits]
    people["relation"][first[fits]] = c.HEAD
    rows = np.flatnonzero(c.valid(listed, now) & np.isin(listed["person"], first[fits]))
    listed["relation"][rows] = c.HEAD


def _births(county: County, rng: np.random.Generator) -> None:
    people, now = county.people, county.now
    ages = county.ages()
    parents = np.flatnonzero(
        county.alive() & np.isin(people["relation"], [c.SPOUSE, c.DAUGHTER_IN_LAW])
        & (ages > 21) & (ages < 38) & (people["house"] >= 0)
    )  # fmt: skip
    mothers = some(rng, parents, 0.007, 3)
    count = len(mothers)
    male = rng.random(count) < 0.52
    of_spouse = people["relation"][mothers] == c.SPOUSE
    relation = np.where(
        of_spouse, np.where(male, c.SON, c.DAUGHTER), np.where(male, c.GRANDSON, c.GRANDDAUGHTER)
    )
    house = people["house"][mothers]
    born = c.add_people(
        county, rng, house=house, relation=relation, ages=np.zeros(count, int), male=male
    )
    people["birth"][born] = now.astype("datetime64[D]") + rng.integers(0, 27, count)
    people["number"][born] = county.numbers.issue(people["birth"][born], male)
    people["hukou_since"][born] = now + (rng.random(count) < 0.2)
    people["insured"][born] = np.where(rng.random(count) < 0.8, 1, 0)
    family = county.register_of()[mothers]
    known = family >= 0
    list_persons(county, born[known], family[known])


def _moves(county: County, rng: np.random.Generator) -> None:
    """Brides and grooms come in, daughters marry out, a few households leave altogether."""
    people, listed, now = county.people, county.listed, county.now
    ages = county.ages()
    residents = county.residents()
    single = residents[(people["relation"][residents] == c.SON) & (ages[residents] > 22)]
    grooms = some(rng, single, 0.002, 2)
    brides = c.add_people(
        county, rng, house=people["house"][grooms], relation=np.full(len(grooms), c.DAUGHTER_IN_LAW),
        ages=rng.integers(21, 34, len(grooms)), male=np.zeros(len(grooms), dtype=bool),
    )  # fmt: skip
    people["insured"][brides] = 1
    family = county.register_of()[grooms]
    list_persons(county, brides[family >= 0], family[family >= 0])
    daughters = residents[(people["relation"][residents] == c.DAUGHTER) & (ages[residents] > 21)]
    leaving = some(rng, daughters, 0.004, 1)
    people["hukou_until"][leaving] = now - 1
    settled = rng.random(len(leaving)) < 0.6
    rows = np.flatnonzero(c.valid(listed, now) & np.isin(listed["person"], leaving[settled]))
    listed["until"][rows] = now - 1
    _households_leave(county, rng)


def _households_leave(county: County, rng: np.random.Generator) -> None:
    register, listed, now = county.register, county.listed, county.now
    here = np.flatnonzero(c.valid(register, now))
    monitored = here[(register["class"][here] > 0) & ~register["eliminated"][here]]
    plain = here[register["class"][here] == 0]
    gone = np.concatenate([some(rng, monitored, 0.002), some(rng, plain, 0.0008)])
    register["until"][gone] = now - 1
    rows = np.flatnonzero(c.valid(listed, now) & np.isin(listed["household"], gone))
    listed["until"][rows] = now - 1
    moved = gone[rng.random(len(gone)) < 0.6]
    away = np.isin(county.people["house"], register["house"][moved])
    county.people["hukou_until"][away & np.isnat(county.people["hukou_until"])] = now - 1


def _health(county: County, rng: np.random.Generator) -> None:
    people = county.people
    residents = county.residents()
    well = residents[people["health"][residents] == c.WELL]
    people["health"][some(rng, well, 0.0006)] = c.CHRONIC
    people["health"][some(rng, residents, 0.0001)] = c.GRAVELY_ILL
    able = residents[(people["grade"][residents] == 0) & (county.ages()[residents] > 0)]
    certify(county, rng, some(rng, able, 0.0007, 4), severe=2)
    # A few certificates reach the roll a month or two after their date.
    fresh = np.flatnonzero(people["cert_since"] == county.now)
    slow = fresh[rng.random(len(fresh)) < 0.25]
    people["cert_since"][slow] = county.now + rng.integers(1, 3, len(slow))
    changed = some(rng, residents, 0.0006)
    people["insured"][changed] = rng.choice(
        [0, 1, 2, 4, 5], len(changed), p=[0.15, 0.6, 0.1, 0.1, 0.05]
    )
    pupils = residents[np.isin(schooling(county)[residents], [3, 4, 5, 6])]
    people["school"][some(rng, pupils, 0.0006)] = 1
    back = np.flatnonzero(people["school"] == 1)
    people["school"][back[rng.random(len(back)) < 0.12]] = 0


def _bills(county: County, rng: np.random.Generator) -> None:
    """Hospital bills add up from January; fen, so that the parts make the whole exactly."""
    people = county.people
    if county.month.number == 1:
        for name in ("total", "basic", "serious", "helped", "own"):
            people[name][:] = 0
        people["treated"][:] = False
    residents = county.residents()
    ages = county.ages()[residents]
    ill = people["health"][residents] + 1
    drawn = rng.random(len(residents)) < 0.0022 * ill * (0.7 + ages / 60)
    patients = residents[drawn]
    count = len(patients)
    total = np.rint(rng.lognormal(8.5, 0.95, count) * 100).astype(np.int64)
    own = np.rint(total * rng.uniform(0.12, 0.4, count)).astype(np.int64)
    serious = np.where(total > 2_000_000, np.rint(total * 0.15).astype(np.int64), 0)
    helped = np.where(county.supported()[patients], np.rint(total * 0.06).astype(np.int64), 0)
    for name, amount in (
        ("total", total), ("own", own), ("serious", serious), ("helped", helped),
        ("basic", total - own - serious - helped),
    ):  # fmt: skip
        people[name][patients] += amount
    people["outpatient"][:] = 0
    seen = residents[rng.random(len(residents)) < 0.035]
    people["outpatient"][seen] = np.rint(rng.lognormal(4.5, 0.72, len(seen)) * 100).astype(np.int64)
    people["treated"][patients] = True
    people["treated"][seen] = True


def _work(county: County, rng: np.random.Generator) -> None:
    people, now = county.people, county.now
    at_work = np.flatnonzero((people["job"] == c.AT_WORK) & county.alive())
    lost = some(rng, at_work, 0.012, 3)
    people["job"][lost] = rng.choice([c.LAID_OFF, c.RETURNED], len(lost))
    idle = np.flatnonzero((people["job"] > c.AT_WORK) & county.alive())
    idle = np.setdiff1d(idle, lost)
    again = idle[rng.random(len(idle)) < 0.25]
    people["job"][again] = c.AT_WORK
    people["job_since"][again] = now
    low = some(rng, at_work, 0.001, 1)
    people["wage"][low] = rng.integers(10_000, 39_900, len(low))
    better = np.flatnonzero((people["wage"] < 40_000) & (people["job"] == c.AT_WORK))
    better = np.setdiff1d(better[rng.random(len(better)) < 0.4], low)
    people["wage"][better] = rng.integers(180_000, 420_000, len(better))
    ages = county.ages()
    free = np.flatnonzero(
        (people["job"] == c.NO_JOB) & county.alive() & county.supported() & can_work(county)
        & (ages > 18) & (ages < 60)
    )  # fmt: skip
    start_work(county, rng, some(rng, free, 0.006))
    children = np.flatnonzero(
        (people["job"] == c.NO_JOB) & county.supported() & county.alive()
        & (ages >= 14) & (ages < 18) & (schooling(county) >= 3)
    )  # fmt: skip
    young = some(rng, children, 0.004, 1)
    start_work(county, rng, young)
    people["job_since"][young] = now
    people["jobs_until"][young] = now + 2
    done = np.flatnonzero(people["jobs_until"] < now)
    people["job"][done] = np.where(np.isnat(people["died"][done]), c.NO_JOB, people["job"][done])
    old = np.flatnonzero((people["post"] > 0) & (ages > 70) & np.isnat(people["post_until"]))
    people["post_until"][some(rng, old, 0.1)] = now


def _aid(county: County, rng: np.random.Generator) -> None:
    people, now = county.people, county.now
    over = np.flatnonzero((people["aid"] == c.ONCE) & (people["aid_until"] < now) & county.alive())
    people["aid"][over] = c.NO_AID
    residents = county.residents()
    without = residents[people["aid"][residents] == c.NO_AID]
    grant(county, rng, some(rng, without, 0.0009, 4), c.ONCE)
    houses = some(rng, np.arange(len(county.houses)), 0.0008, 2)
    house_ids = people["house"][without]
    grant(county, rng, without[np.isin(house_ids, houses)], c.DIBAO)
    # Some admissions reach the roll a month late.
    fresh = np.flatnonzero((people["aid_since"] == now) & (people["aid"] > 0))
    slow = fresh[rng.random(len(fresh)) < 0.15]
    people["aid_since"][slow] = now + 1
    leaving = some(rng, residents[people["aid"][residents] == c.DIBAO], 0.004)
    people["aid_until"][leaving] = now
    note_dibao(county, rng, some(rng, np.arange(len(county.register)), 0.4))


def _property(county: County, rng: np.random.Generator) -> None:
    loans, houses, now = county.loans, county.houses, county.now
    residents = county.residents()
    own_more(county, rng, residents[county.ages()[residents] >= 20], 0.01)
    for frame in (county.vehicles, county.businesses):
        here = np.flatnonzero(c.valid(frame, now))
        frame["until"][some(rng, here, 0.004)] = now
    end = np.datetime64(county.month.last_day)
    open_loans = np.flatnonzero(c.valid(loans, now) & (loans["due"] <= end))
    late = open_loans[
        rng.random(len(open_loans)) < np.where(loans["overdue"][open_loans] > 0, 0.6, 0.35)
    ]
    loans["overdue"][late] = np.where(
        loans["overdue"][late] > 0, loans["overdue"][late], loans["amount"][late] // 10
    )
    loans["until"][np.setdiff1d(open_loans, late)] = now - 1
    worse = some(rng, np.flatnonzero(houses["judged"] & (houses["danger"] == 1)), 0.0004, 1)
    houses["danger"][worse] = rng.integers(2, 4, len(worse))
    houses["repair"][worse] = 0
    houses["judged_on"][worse] = np.datetime64(county.month.first_day) + rng.integers(
        0, 27, len(worse)
    )
    repaired = np.flatnonzero((houses["danger"] >= 2) & (houses["repair"] < 2))
    done = repaired[rng.random(len(repaired)) < 0.05]
    houses["repair"][done] = 2
    measured = np.flatnonzero(houses["measured"])
    dry = some(rng, measured, 0.0004, 1)
    houses["litres"][dry] = rng.integers(150, 340, len(dry))
    thirsty = np.flatnonzero(houses["litres"] < 350)
    wet = np.setdiff1d(thirsty[rng.random(len(thirsty)) < 0.15], dry)
    houses["litres"][wet] = rng.integers(450, 800, len(wet))


def _register_flows(county: County, rng: np.random.Generator) -> None:
    register, now = county.register, county.now
    here = np.flatnonzero(c.valid(register, now))
    plain = here[register["class"][here] == c.NOT_MONITORED]
    identify(county, rng, some(rng, plain, 0.002, 2), now)
    free = np.setdiff1d(np.arange(len(county.houses)), register["house"])
    free = free[county.alive()[county.houses["head"][free]]]
    joined = enlist(county, rng, some(rng, free, 0.0008, 2), c.ORDINARY)
    identify(county, rng, joined, now)
    # Approved in an earlier month, entered only now.
    late = enlist(
        county, rng, some(rng, free[~np.isin(free, register["house"])], 0.0001, 1), c.ORDINARY
    )
    identify(county, rng, late, now - 1)
    here = np.flatnonzero(c.valid(register, now))
    stock = here[(register["class"][here] > 0) & ~register["eliminated"][here]]
    age = (now - register["identified"][stock]).astype(np.int64)
    ripe = some(rng, stock[age >= 6], 0.03, 2)
    hasty = some(rng, stock[(age >= 1) & (age < 6)], 0.004, 1)
    idle = _without_labour(county)
    alone = some(rng, stock[idle[stock]], 0.01, 1)
    gone = np.union1d(np.union1d(ripe, hasty), alone)
    register["eliminated"][gone] = True
    register["eliminated_in"][gone] = now
    register["mode"][gone] = rng.random(len(gone)) < 0.1
    register["mode"][hasty] = 0
    cleared = here[register["eliminated"][here] & (register["eliminated_in"][here] < now)]
    back = some(rng, cleared, 0.006, 1)
    register["eliminated"][back] = False
    register["eliminated_in"][back] = np.datetime64("NaT", "M")
    other = some(rng, np.setdiff1d(stock, gone), 0.003, 1)
    if now >= sudden_from():
        register["class"][other] = c.SUDDEN
    else:
        ordinary = register["kind"][other] == c.ORDINARY
        register["kind"][other] = np.where(ordinary, c.OUT_WITHOUT_POLICY, c.ORDINARY)
        register["class"][other] = np.where(ordinary, c.UNSTABLE, c.MARGINAL)
    if rng.random() < 0.35:
        renumbered = some(rng, here, 0.0, 1)
        register["no"][renumbered] = int(register["no"].max()) + 7


def _without_labour(county: County) -> Array:
    """Register households none of whose listed persons can work."""
    now = np.flatnonzero(c.valid(county.listed, county.now))
    works = np.zeros(len(county.register), dtype=bool)
    able = labour(county)[county.listed["person"][now]] <= 2
    works[county.listed["household"][now[able]]] = True
    return ~works


def _register_care(county: County, rng: np.random.Generator) -> None:
    """Measures follow identification, mostly within two months; incomes move a little."""
    register, now = county.register, county.now
    waiting = np.flatnonzero(
        (register["class"] > 0) & ~register["eliminated"] & (register["measures"] == "")
        & (register["identified"] < now)
    )  # fmt: skip
    helped = waiting[rng.random(len(waiting)) < 0.6]
    register["measures"][helped] = measures_for(rng, register["risk_1"][helped], 0.9)
    level = income_level(county.month)
    if county.month.number == 1:
        register["income"] = np.rint(
            register["income"] * (level / income_level(county.month - 1))
        ).astype(np.int64)
    changed = some(rng, np.arange(len(register)), 0.03)
    register["income"][changed] = register["income"][changed] * rng.uniform(
        0.97, 1.06, len(changed)
    )
    fallen = some(rng, np.flatnonzero(register["class"] == 0), 0.0006, 1)
    register["income"][fallen] = level * rng.integers(300_000, 550_000, len(fallen))
    risen = np.flatnonzero((register["income"] < level * 600_000) & (register["class"] == 0))
    risen = np.setdiff1d(risen[rng.random(len(risen)) < 0.2], fallen)
    register["income"][risen] = level * rng.integers(700_000, 1_000_000, len(risen))
    moved = np.isin(register["house"], np.flatnonzero(county.houses["danger"] >= 2))
    safe = county.houses["repair"][register["house"]] == 2
    stale = rng.random(len(register)) < 0.1
    register["unsafe"] = np.where(stale & moved, ~safe, register["unsafe"])
