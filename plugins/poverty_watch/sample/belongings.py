"""What people own and live in: vehicles, firms, flats, machines, loans, houses, water."""

from __future__ import annotations

import numpy as np

from poverty_watch.months import Month
from poverty_watch.sample import county as c
from poverty_watch.sample.county import County
from poverty_watch.sample.frame import Array, some
from poverty_watch.sample.life import can_work


def days_before(rng: np.random.Generator, month: Month, count: int, years: float) -> Array:
    """Days spread over the years before a month."""
    back = rng.integers(20, int(365 * years), count)
    days: Array = np.datetime64(month.first_day) - back.astype("timedelta64[D]")
    return days


def first_property(county: County, rng: np.random.Generator) -> None:
    """What people have come to own in the years before."""
    residents = county.residents()
    adults = residents[county.ages()[residents] >= 20]
    own_more(county, rng, adults, 1.0)
    outsiders = county.outsiders()
    own_more(county, rng, outsiders[county.ages()[outsiders] >= 20], 2.0)
    for frame in (
        county.vehicles,
        county.businesses,
        county.estates,
        county.payroll,
        county.machines,
        county.loans,
    ):
        frame["since"][:] = np.datetime64("NaT", "M")
    for frame in (county.vehicles, county.businesses, county.estates, county.machines):
        frame["day"] = days_before(rng, county.month, len(frame), 11)
    loans = county.loans
    loans["due"] = np.datetime64(county.month.first_day) + rng.integers(-40, 1000, len(loans))


def own_more(county: County, rng: np.random.Generator, adults: Array, scale: float) -> None:
    """New vehicles, firms, houses, machines, loans and posts on the payroll in the current month.

    ``scale`` is 1 for what a county owns after years; a month adds about a hundredth of it.
    """
    people = county.people
    helped = county.supported()[adults] | (people["aid"][adults] == c.DIBAO)
    day = np.datetime64(county.month.first_day)

    def owners(rate: float, rate_of_helped: float) -> Array:
        drawn = rng.random(len(adults)) < scale * np.where(helped, rate_of_helped, rate)
        return adults[drawn]

    def rows(owner: Array, before: int) -> dict[str, Array]:
        return {
            "owner": owner,
            "serial": before + np.arange(len(owner)),
            "since": np.full(len(owner), county.now),
            "day": day + rng.integers(0, 27, len(owner)),
        }

    owner = np.concatenate([owners(0.14, 0.1), owners(0.05, 0.004)])
    light = np.arange(len(owner)) < len(owner) * 0.72
    kind = np.where(light, rng.integers(0, 4, len(owner)), rng.integers(4, 10, len(owner)))
    usage = rng.random(len(owner)) < 0.12
    county.vehicles.append(rows(owner, len(county.vehicles)) | {"kind": kind, "usage": usage})
    owner = owners(0.02, 0.006)
    county.businesses.append(
        rows(owner, len(county.businesses))
        | {
            "kind": rng.choice(3, len(owner), p=[0.25, 0.63, 0.12]),
            "capital": rng.integers(5, 1000, len(owner)),
            "status": rng.choice(3, len(owner), p=[0.88, 0.1, 0.02]),
        }
    )
    owner = owners(0.045, 0.03)
    town = rng.random(len(owner)) < np.where(county.supported()[owner], 0.07, 0.3)
    county.estates.append(
        rows(owner, len(county.estates))
        | {
            "kind": np.where(town, rng.integers(0, 2, len(owner)), 2),
            "area": rng.integers(5000, 26000, len(owner)),
        }
    )
    owner = owners(0.014, 0.003)
    post = {"owner": owner, "serial": np.arange(len(owner)), "kind": rng.integers(0, 6, len(owner))}
    county.payroll.append(post | {"since": np.full(len(owner), county.now)})
    residents = adults[people["house"][adults] >= 0]
    owner = some(rng, residents, 0.014 * scale)
    county.machines.append(
        rows(owner, len(county.machines))
        | {
            "kind": rng.integers(0, 5, len(owner)),
            "price": np.rint(rng.lognormal(9.3, 0.9, len(owner)) * 100),
        }
    )
    borrowers = np.flatnonzero(county.supported() & can_work(county) & (county.ages() > 20))
    owner = some(rng, borrowers, 0.06 * scale)
    county.loans.append(
        {key: values for key, values in rows(owner, len(county.loans)).items() if key != "day"}
        | {
            "amount": rng.integers(1, 6, len(owner)) * 1_000_000,
            "due": day + rng.integers(330, 1000, len(owner)),
        }
    )


def first_houses(county: County, rng: np.random.Generator) -> None:
    """Assessed houses and measured water."""
    houses = county.houses
    count = len(houses)
    registered = np.zeros(count, dtype=bool)
    registered[county.register["house"]] = True
    houses["judged"] = rng.random(count) < np.where(registered, 0.96, 0.12)
    # 0 A, 1 B, 2 C, 3 D
    houses["danger"] = rng.choice(4, count, p=[0.62, 0.36, 0.012, 0.008]).astype(np.int8)
    houses["only"] = rng.random(count) < 0.9
    houses["judged_on"] = days_before(rng, county.month, count, 5)
    unsafe = houses["danger"] >= 2
    # 0 未改造, 1 改造中, 2 已竣工, 3 无需改造
    houses["repair"] = np.where(unsafe, rng.choice(3, count, p=[0.3, 0.2, 0.5]), 3).astype(np.int8)
    houses["measured"] = rng.random(count) < np.where(registered, 0.97, 0.3)
    houses["litres"] = rng.integers(360, 900, count)
    houses["minutes"] = rng.integers(0, 21, count)
    houses["outage"] = rng.integers(0, 31, count)
    houses["clean"] = rng.random(count) < 0.998
    dry = rng.random(count) < 0.003
    houses["litres"][dry] = rng.integers(180, 350, int(dry.sum()))
    dry = rng.random(count) < 0.002
    houses["outage"][dry] = rng.integers(37, 90, int(dry.sum()))
    dry = rng.random(count) < 0.002
    houses["minutes"][dry] = rng.integers(21, 60, int(dry.sum()))
    house = county.register["house"]
    county.register["unsafe"] = (unsafe & (houses["repair"] != 2))[house] ^ (
        rng.random(len(house)) < 0.004
    )
