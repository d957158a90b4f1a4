"""Comparisons that go through all datasets: C01, C03, C25; and C04, C11 over those that pay."""

from __future__ import annotations

import pandas as pd
import pyarrow.parquet as pq
from scripts.bench.pandas_peer.lake import PLACE, Frame, PandasLake, age, day_text, plain_name, told
from scripts.bench.pandas_peer.staging import People

_REGISTERS = ("monitoring_register", "hukou_register")
_PUPILS = ("小学", "初中", "普通高中", "中职")


def comparisons_of_all(lake: PandasLake, people: People) -> list[Frame]:
    """The findings of these comparisons."""
    rows = lake.read_all("name")
    return [
        _invalid_numbers(lake),
        _names(rows, people),
        *_strangers(lake, rows, people),
        *_paid(lake, people),
        *_pupils_at_work(lake, people),
    ]


def _invalid_numbers(lake: PandasLake) -> Frame:
    inputs = lake.plan.inputs
    found = []
    for delivery in inputs.used_by("set_aside_rows"):
        path = inputs.lake.set_aside(delivery.dataset, delivery.month, delivery.version)
        rows = pq.read_table(path, columns=["fault", "value", *PLACE]).to_pandas()
        rows = rows[rows["fault"].str.startswith("id_")]
        rows = rows.assign(reason=rows["fault"].str.removeprefix("id_"))
        found.append(told("C01", rows, "value", subject="reason", dataset=delivery.dataset))
    return pd.concat(found)


def _names(rows: Frame, people: People) -> Frame:
    rows = rows[rows["dataset"] != "hukou_register"]
    names = people.hukou[["person_id", "name"]].drop_duplicates()
    pairs = rows.merge(names, "inner", "person_id", suffixes=("", "_known"))
    other = pairs[pairs["name"] != pairs["name_known"]].drop(columns="name_known").copy()
    other["plain"] = plain_name(other["name"])
    in_question = people.hukou[people.hukou["person_id"].isin(other["person_id"])]
    known = in_question.assign(plain=plain_name(in_question["name"]))
    known_pairs = known[["person_id", "plain"]].drop_duplicates().assign(is_known=True)
    other = other.drop_duplicates().merge(known_pairs, "left", ["person_id", "plain"])
    other = other[other["is_known"].isna()]
    first = in_question.sort_values([*PLACE]).drop_duplicates("person_id")
    other = other.merge(
        first[["person_id", "name", *PLACE]], "left", "person_id", suffixes=("", "_other")
    )
    return told(
        "C03",
        other,
        "name",
        subject="person_id",
        other_value="name_other",
        other_place="_other",
        dataset=other["dataset"],
    )


def _strangers(lake: PandasLake, rows: Frame, people: People) -> list[Frame]:
    # Who stands in a register without the number of a household belongs to none, but is found.
    found = [people.persons["person_id"]]
    for register in _REGISTERS:
        found.append(lake.read(f"{register}_history", place=False)["person_id"])
    rows = rows[~rows["dataset"].isin(_REGISTERS)]
    rows = rows[~rows["person_id"].isin(pd.concat(found))]
    is_rural = rows["dataset"].map(lambda name: lake.contracts[name].scope == "rural").eq(True)
    rural, others = rows[is_rural], rows[~is_rural]
    counts = others.groupby("dataset")["person_id"].nunique().rename("persons").reset_index()
    return [
        told("C25", rural, "name", subject="person_id", dataset=rural["dataset"]),
        told("C25", counts.assign(none=None), "persons", subject="none", dataset=counts["dataset"]),
    ]


def _paid(lake: PandasLake, people: People) -> list[Frame]:
    months = [*sorted(lake.months_before("deaths")), lake.month]
    told_of = [
        lake.read_month("deaths", month, "died_on", place=True).assign(month=str(month))
        for month in months
    ]
    # The day may have been told more than once; the first telling counts.
    deaths = pd.concat(told_of)
    deaths = deaths[deaths["died_on"] == deaths["person_id"].map(people.died_on)]
    deaths = deaths[deaths["died_on"] < lake.start]
    deaths = deaths.sort_values(["month", *PLACE]).drop_duplicates("person_id")
    found = []
    for dataset, value in (
        ("social_assistance", "category"),
        ("public_posts", "post"),
        ("employment", "status"),
    ):
        rows = lake.read(dataset, value)
        if dataset == "employment":
            rows = rows[rows["status"] == "在岗"]
        rows = rows.merge(deaths, "inner", "person_id", suffixes=("", "_other"))
        found.append(
            told(
                "C04",
                rows,
                value,
                subject="person_id",
                other_value=day_text(rows["died_on"]),
                other_place="_other",
                dataset=dataset,
            )
        )
    return found


def _pupils_at_work(lake: PandasLake, people: People) -> list[Frame]:
    school = lake.read("school_enrolment", "status", "stage")
    school = school[school["status"].eq("在读") & school["stage"].isin(_PUPILS)]
    pupils = school.sort_values([*PLACE]).drop_duplicates("person_id").drop(columns="status")
    working_age = lake.value("working_age")
    found = []
    for dataset, value in (("employment", "status"), ("public_posts", "post")):
        rows = lake.read(dataset, "birth_date", value)
        rows = rows[~people.is_dead(rows["person_id"])]
        if dataset == "employment":
            rows = rows[rows["status"].eq("在岗")]
        is_child = age(rows["birth_date"], lake.end) < working_age
        is_pupil = rows["person_id"].isin(pupils["person_id"]) & (dataset == "employment")
        rows = rows[is_child | is_pupil]
        rows = rows.merge(pupils, "left", "person_id", suffixes=("", "_other"))
        stage = rows["stage"] + "在读"
        born = day_text(rows["birth_date"]) + f"出生，未满{working_age:g}周岁"
        found.append(
            told(
                "C11",
                rows,
                value,
                subject="person_id",
                other_value=stage.fillna(born),
                other_place="_other",
                dataset=dataset,
            )
        )
    return found
