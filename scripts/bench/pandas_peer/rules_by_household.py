"""Rules that start from the households of the register: W03, W11, W21, W25, W26."""

from __future__ import annotations

import pandas as pd
from scripts.bench.pandas_peer.lake import (
    PLACE,
    Frame,
    PandasLake,
    month_text,
    months_between,
    told,
)
from scripts.bench.pandas_peer.rules_by_delivery import owed_bills
from scripts.bench.pandas_peer.staging import People

NO_LABOUR = ("丧失劳动力", "无劳动力")


def rules_by_household(lake: PandasLake, people: People) -> list[Frame]:
    """The hits of these rules."""
    return [
        *_incomes(lake, people),
        _without_labour(lake, people),
        *_measures(lake, people),
    ]


def _parts(amounts: pd.Series) -> pd.Series:
    """Ten thousandths, which hold every amount exactly."""
    return (amounts * 10_000).round().astype("int64")


def _cents(parts: pd.Series) -> pd.Series:
    """Whole cents, halves away from zero."""
    return (parts.abs() + 50) // 100 * parts.ge(0).map({True: 1, False: -1})


def _incomes(lake: PandasLake, people: People) -> list[Frame]:
    line = lake.value("income_line")
    homes = people.homes[~people.homes["standing"].eq("M")]
    low = homes[homes["income_per_head"] < line]
    bills = owed_bills(lake, people)
    bills = bills[bills["inpatient_own_ytd"] > 0]
    paid = _parts(bills["inpatient_own_ytd"]).groupby(bills["household_id"]).sum()
    able = homes[homes["living_register_members"].gt(0) & homes["income_per_head"].ge(line)]
    able = able.assign(paid=able["household_id"].map(paid))
    able = able[able["paid"].notna()]
    members = able["living_register_members"]
    income = _cents(_parts(able["income_per_head"]) * members)
    left = income - _cents(able["paid"].astype("int64"))
    fallen = able[left < round(line * 100) * members]
    fallen = fallen.assign(paid=fallen["paid"] / 10_000)
    debts = bills[["household_id", "person_id", *PLACE]].merge(
        fallen[["household_id", "paid"]], "inner", "household_id"
    )
    return [
        told("W11", low, "income_per_head", severity="red"),
        told("W03", fallen, "paid", severity="orange"),
        told("W03", debts, "paid", severity="orange"),
    ]


def _without_labour(lake: PandasLake, people: People) -> Frame:
    rows = people.register
    rows = rows[rows["is_living"] & rows["household_no"].notna()]
    has_none = rows["labour"].isin(NO_LABOUR)
    all_have_none = has_none.groupby(rows["household_id"]).transform("all")
    supported = people.assisted["category"].isin(["农村低保", "特困供养"])
    supported_homes = people.assisted.loc[supported, "household_id"]
    return told(
        "W21",
        rows[all_have_none & ~rows["household_id"].isin(supported_homes)],
        "labour",
        severity="red",
    )


def _measures(lake: PandasLake, people: People) -> list[Frame]:
    homes = people.homes[people.homes["standing"].eq("M")]
    since = months_between(homes["identified_month"], lake.month)
    late = homes[homes["measures"].isna() & since.ge(lake.value("measures_due_months"))]
    developed = homes["measures"].fillna("").str.contains("产业|就业|金融|公益岗")
    slow = homes[~developed & since.ge(lake.value("development_due_months"))]
    rows = people.register
    workers = rows[rows["is_living"] & rows["labour"].isin(["普通劳动力", "技能劳动力"])]
    workers = workers[["household_id", "person_id", *PLACE]].merge(
        slow[["household_id", "identified_month"]], "inner", "household_id"
    )
    return [
        told("W25", late, month_text(late["identified_month"]), severity="orange"),
        told("W26", workers, month_text(workers["identified_month"]), severity="yellow"),
    ]
