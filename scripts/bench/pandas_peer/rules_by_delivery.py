"""Rules that start from the rows of a delivery: W01, W02, W04, W06, W12 to W20, W23, W24."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scripts.bench.pandas_peer.lake import (
    PLACE,
    Frame,
    PandasLake,
    age,
    joined,
    months_between,
    number_text,
    plain_name,
    told,
)
from scripts.bench.pandas_peer.staging import People

_ENDINGS = "(?:村民委员会|居民委员会|村委会|居委会|社区|村)+$"
_GRAVE = {"残": "red", "亡": "red"}
_SEVERE = ("一级", "二级")


def rules_by_delivery(lake: PandasLake, people: People) -> list[Frame]:
    """The hits of these rules."""
    return [
        *_payments(lake, people),
        *_events(lake, people),
        *_work(lake, people),
        _new_disabilities(lake, people),
        _new_assistance(lake, people),
        _disasters(lake, people),
        _loans(lake, people),
        _petitions(lake, people),
    ]


def owed_bills(lake: PandasLake, people: People) -> Frame:
    """Rows of bills, with the household that owes them: of those who died this year too."""
    persons = people.persons
    owes = persons["is_member"] & persons["died_on"].isna()
    owes |= persons["died_on"] >= lake.start.replace(month=1)
    debtors = persons.loc[owes, ["person_id", "household_id", "is_poor"]]
    return lake.read("medical_expenses", "inpatient_own_ytd").merge(debtors, "inner", "person_id")


def _summed(rows: Frame, column: str) -> pd.Series:
    """Each person's sum, beside each row; exact to the ten thousandth."""
    parts = (rows[column] * 10_000).round().astype("int64")
    return parts.groupby(rows["person_id"]).transform("sum") / 10_000


def _payments(lake: PandasLake, people: People) -> list[Frame]:
    bills = owed_bills(lake, people)
    bills["paid"] = _summed(bills, "inpatient_own_ytd")
    bills["line"] = np.where(bills["is_poor"], *lake.value("inpatient_own_line"))
    heavy = bills[bills["paid"] >= bills["line"]]
    factor = lake.value("inpatient_own_red_factor")
    is_red = heavy["paid"] >= heavy["line"] * factor
    visits = people.of_members(lake.read("medical_expenses", "outpatient_own_month"))
    visits["paid"] = _summed(visits, "outpatient_own_month")
    visits = visits[visits["paid"] >= lake.value("outpatient_own_line")]
    burdens = people.of_members(lake.read("education_burden", "own_paid"))
    burdens["paid"] = _summed(burdens, "own_paid")
    burdens = burdens[burdens["paid"] > lake.value("education_burden_line")]
    return [
        told("W01", heavy, "paid", severity=np.where(is_red, "red", "orange")),
        told("W02", visits, "paid", severity="yellow"),
        told("W06", burdens, "paid", severity="yellow"),
    ]


def _events(lake: PandasLake, people: People) -> list[Frame]:
    ill = people.of_members(lake.read("major_illness", "illness"))
    hurt = people.with_home(lake.read("traffic_accidents", "outcome"))
    injured = people.with_home(lake.read("criminal_injuries", "outcome"))
    failures = people.with_home(lake.read("industry_failures", "project"))
    failures = failures[failures["is_helped"]]
    dead = people.with_home(lake.read("deaths", "died_on"))
    dead["age"] = age(dead["birth_date"], dead["died_on"])
    workers = dead[dead["age"].between(lake.value("labour_age_from"), lake.value("labour_age_to"))]
    return [
        told("W04", ill, ill["illness"].fillna("病种未填"), severity="orange"),
        told("W14", hurt, "outcome", severity=hurt["outcome"].map(_GRAVE).fillna("orange")),
        told("W15", injured, "outcome", severity=injured["outcome"].map(_GRAVE).fillna("orange")),
        told("W19", failures, failures["project"].fillna("产业项目"), severity="orange"),
        told("W23", workers, workers["age"].astype("str") + "岁", severity="red"),
    ]


def _work(lake: PandasLake, people: People) -> list[Frame]:
    now = people.of_members(lake.read("employment", "status", "monthly_income"))
    now = now[now["is_helped"]]
    before = lake.read("employment_previous", "status", place=False)
    at_work = now[now["status"] == "在岗"]
    poor = at_work[at_work["monthly_income"] < lake.value("wage_line")]
    workers = at_work.groupby("household_id")["person_id"].agg(persons="nunique", only="min")
    lost = now[now["status"].isin(["失业", "返乡"])]
    lost = lost[lost["person_id"].isin(before.loc[before["status"] == "在岗", "person_id"])]
    lost = lost.merge(workers, "left", "household_id")
    alone = lost["persons"].isna() | (lost["persons"].eq(1) & lost["only"].eq(lost["person_id"]))
    return [
        told("W12", poor, "monthly_income", severity="yellow"),
        told("W13", lost[alone], "status", severity="orange"),
    ]


def _is_new(lake: PandasLake, days: pd.Series, was_listed: pd.Series, source: str) -> pd.Series:
    """Dated in the month; or shortly before, and not in last month's snapshot, if there is one."""
    ago = months_between(days, lake.month)
    is_late = ago.between(1, lake.value("late_event_months")) & ~was_listed
    return ago.eq(0) | (is_late & lake.has(f"{source}_previous"))


def _new_disabilities(lake: PandasLake, people: People) -> Frame:
    source = "disability_certificates"
    rows = people.of_members(lake.read(source, "grade", "issued_on"))
    rows = rows[rows["grade"].isin(_SEVERE)]
    before = lake.read(f"{source}_previous", "grade", place=False)
    listed = before.loc[before["grade"].isin(_SEVERE), "person_id"]
    is_new = _is_new(lake, rows["issued_on"], rows["person_id"].isin(listed), source)
    return told("W16", rows[is_new], "grade", severity="orange")


def _new_assistance(lake: PandasLake, people: People) -> Frame:
    source = "social_assistance"
    rows = people.of_members(lake.read(source, "category", "admitted_on"))
    counts = rows["category"].isin(["农村低保", "特困供养", "临时救助"])
    rows = rows[counts & ~rows["standing"].eq("M")]
    before = lake.read(f"{source}_previous", "category", place=False).drop_duplicates()
    rows = rows.merge(before.assign(was_listed=True), "left", ["person_id", "category"])
    is_new = _is_new(lake, rows["admitted_on"], rows["was_listed"].eq(True), source)
    return told("W17", rows[is_new], "category", severity="yellow")


def _disasters(lake: PandasLake, people: People) -> Frame:
    rows = lake.read(
        *("disaster_losses", "collapsed_rooms", "damaged_rooms"),
        *("affected_mu", "lost_mu", "loss"),
    )
    rows = people.with_home(rows)
    rooms = rows["collapsed_rooms"] + rows["damaged_rooms"]
    lost_rooms = rooms >= lake.value("disaster_rooms_line")
    # In whole ten thousandths: a third of a field may not be lost to rounding.
    share = round(lake.value("disaster_crop_share_line") * 10_000)
    lost, affected = ((rows[c] * 10_000).round() for c in ("lost_mu", "affected_mu"))
    lost_crop = affected.gt(0) & (lost * 10_000 >= affected * share)
    lost_money = rows["loss"] >= lake.value("disaster_loss_line")
    crop = (
        "受灾" + number_text(rows["affected_mu"]) + "亩、绝收" + number_text(rows["lost_mu"]) + "亩"
    )
    losses = joined(
        (lost_rooms, "房屋倒塌和严重损坏" + number_text(rooms) + "间"),
        (lost_crop, crop),
        (lost_money, "直接经济损失" + number_text(rows["loss"]) + "元"),
    )
    severity = pd.Series(np.where(lost_rooms, "red", "orange"), index=rows.index)
    is_hit = lost_rooms | lost_crop | lost_money
    return told("W18", rows[is_hit], losses[is_hit], severity=severity[is_hit])


def _loans(lake: PandasLake, people: People) -> Frame:
    rows = people.of_members(lake.read("microcredit", "amount", "due_on", "overdue"))
    rows = rows[rows["is_helped"]]
    is_overdue = rows["overdue"] > 0
    days = (rows["due_on"] - lake.end).dt.days
    is_hit = is_overdue | days.between(1, lake.value("loan_due_soon_days"))
    value = rows["overdue"].where(is_overdue, rows["amount"])
    severity = is_overdue.map({True: "red", False: "yellow"})
    return told("W20", rows[is_hit], value[is_hit], severity=severity[is_hit])


def _petitions(lake: PandasLake, people: People) -> Frame:
    signed = people.of_members(lake.read("petitions", "matter"))
    nameless = lake.read_nameless("petitions", "name", "village", "matter")
    nameless["plain"] = plain_name(nameless["name"])
    nameless["place"] = _plain_village(nameless["village"])
    persons = pd.concat(
        [
            rows.loc[
                plain_name(rows["name"]).isin(nameless["plain"]), ["person_id", "name", "village"]
            ]
            for rows in (people.register, people.hukou)
        ]
    )
    persons = persons[~people.is_dead(persons["person_id"])]
    persons["plain"] = plain_name(persons["name"])
    persons["place"] = _plain_village(persons["village"])
    persons = persons.dropna(subset=["place"])[["person_id", "plain", "place"]].drop_duplicates()
    persons = persons.drop_duplicates(["plain", "place"], keep=False)
    named = nameless.dropna(subset=["place"]).merge(persons, "inner", ["plain", "place"])
    named = people.of_members(named)
    columns = ["household_id", "person_id", "matter", *PLACE]
    rows = pd.concat([signed[columns], named[columns]], ignore_index=True)
    return told("W24", rows, rows["matter"].fillna("事由未填"), severity="yellow")


def _plain_village(villages: pd.Series) -> pd.Series:
    even = villages.str.replace(" ", "")
    return even.str.replace(_ENDINGS, "", regex=True)
