"""W05, W07, W08, W09, W10, and W22, which is their conditions for households whose risk was eliminated."""

from __future__ import annotations

import pandas as pd
from scripts.bench.pandas_peer.lake import Frame, PandasLake, joined, number_text, told
from scripts.bench.pandas_peer.staging import People

_FINISHED = ("初中", "普通高中", "中职", "高职", "本科及以上")


def rules_of_causes(lake: PandasLake, people: People) -> list[Frame]:
    """The hits of W05, W07, W08, W09, W10 and W22."""
    looked_at = people.living[people.living["is_helped"] | people.living["standing"].eq("X")]
    uninsured = _uninsured(lake, looked_at)
    absent = _absent(lake, looked_at)
    suspects = people.of_members(lake.read("dropout_suspects", "reason"))
    suspects["reason"] = suspects["reason"].fillna("原因未填")
    houses = people.with_home(_unsafe_houses(lake))
    water = people.with_home(_foul_water(lake))
    causes = [
        (uninsured, "status"),
        (absent, "status"),
        (suspects, "reason"),
        (houses, "grade"),
        (water, "faults"),
    ]
    return [
        told("W05", uninsured[uninsured["is_helped"]], "status", severity="yellow"),
        told("W07", absent[absent["is_helped"]], "status", severity="red"),
        told("W08", suspects, "reason", severity="red"),
        told("W09", houses, "grade", severity=houses["grade"].map({"C": "orange", "D": "red"})),
        told("W10", water, "faults", severity="orange"),
        *(told("W22", rows[rows["standing"] == "X"], v, severity="red") for rows, v in causes),
    ]


def _uninsured(lake: PandasLake, people: Frame) -> Frame:
    rows = lake.read("medical_enrolment", "status")
    insured = rows.loc[rows["status"] == "正常参保", "person_id"]
    is_old_enough = (lake.end - people["birth_date"]).dt.days >= lake.value("enrolment_grace_days")
    missing = people[is_old_enough & ~people["person_id"].isin(insured)]
    return _beside(missing, rows) if lake.has("medical_enrolment") else missing.head(0).merge(rows)


def _absent(lake: PandasLake, people: Frame) -> Frame:
    rows = lake.read("school_enrolment", "status", "stage")
    is_there = rows["status"].isin(["在读", "休学"])
    is_there |= rows["status"].eq("毕业") & rows["stage"].isin(_FINISHED)
    year = lake.month.year if lake.month.number > 8 else lake.month.year - 1
    born_by = pd.Timestamp(year - int(lake.value("school_age_from")), 8, 31)
    is_of_age = people["birth_date"].le(born_by) & people["age"].lt(lake.value("school_age_until"))
    absent = people[is_of_age & ~people["person_id"].isin(rows.loc[is_there, "person_id"])]
    return _beside(absent, rows) if lake.has("school_enrolment") else absent.head(0).merge(rows)


def _beside(persons: Frame, rows: Frame) -> Frame:
    """The persons, each with the rows that there are after all."""
    columns = ["person_id", "household_id", "is_helped", "standing"]
    return persons[columns].merge(rows, "left", "person_id")


def _unsafe_houses(lake: PandasLake) -> Frame:
    rows = lake.read("housing_safety", "grade", "is_only_house", "renovation")
    is_unsafe = rows["grade"].isin(["C", "D"]) & rows["is_only_house"].eq("是")
    return rows[is_unsafe & ~rows["renovation"].eq("已竣工")]


def _foul_water(lake: PandasLake) -> Frame:
    rows = lake.read(
        *("water_supply", "litres_per_day", "fetch_minutes", "outage_days", "quality_ok")
    )
    is_short = rows["litres_per_day"] < lake.value("water_litres_line")
    is_far = rows["fetch_minutes"] > lake.value("water_minutes_line")
    is_cut_off = rows["outage_days"] > lake.value("water_outage_days_line")
    is_foul = rows["quality_ok"].eq("否")
    is_hit = is_short | is_far | is_cut_off | is_foul
    hits = rows[is_hit]
    faults = joined(
        (is_short[is_hit], "人均日水量" + number_text(hits["litres_per_day"]) + "升"),
        (is_far[is_hit], "取水" + number_text(hits["fetch_minutes"]) + "分钟"),
        (is_cut_off[is_hit], "近一年停水" + number_text(hits["outage_days"]) + "天"),
        (is_foul[is_hit], pd.Series("水质不达标", index=hits.index)),
    )
    return hits.assign(faults=faults)
