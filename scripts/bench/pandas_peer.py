"""Staging and the sample of checks in plain pandas: merges and groups, whole columns only."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow.compute as pc
import pyarrow.parquet as pq

_DOTS = str.maketrans("•．.・‧∙", "······")
Frame = pd.DataFrame


class _Lake:
    """Reads the columns that are asked for, once."""

    def __init__(self, plan: Any) -> None:
        self.plan, self.month = plan, plan.month
        self.datasets = list(plan.inputs.catalogue.contracts)

    def read(self, dataset: str, *columns: str, back: int = 0) -> Frame:
        delivery = self.plan.inputs.of(dataset, self.month - back)
        found = pq.read_table(self.plan.inputs.path(delivery), columns=list(columns))
        # A blank id would turn all ids into floating point numbers, which do not hold them.
        return found.filter(pc.is_valid(found.column("person_id"))).to_pandas()


def screen_with_pandas(plan: Any) -> Frame:
    """Rows (check_id, subject, dataset) of the sample."""
    lake = _Lake(plan)
    people = _People(lake)
    found = [
        *_bills(lake, people),
        *_absences(lake, people),
        *_months(lake, people),
        *_register(lake, people),
        *_all_datasets(lake, people),
    ]
    return pd.concat(found, ignore_index=True)


def _told(check: str, subjects: Any, dataset: Any = None) -> Frame:
    rows = pd.DataFrame({"subject": pd.Series(subjects).astype(str)})
    rows["check_id"], rows["dataset"] = check, dataset
    return rows.drop_duplicates()


def _sorted(rows: Frame, key: str, *numbers: str) -> Frame:
    """By the length of a number, then its text, then the rest; the first row of each key."""
    rows = rows.assign(length=rows[numbers[0]].str.len())
    rows = rows.sort_values(["length", *numbers], kind="stable")
    return rows.drop_duplicates(key).drop(columns="length")


class _People:
    """Who lives where."""

    def __init__(self, lake: _Lake) -> None:
        end = pd.Timestamp(lake.month.last_day)
        deaths = pd.concat(
            [lake.read("deaths", "person_id", "died_on", back=back) for back in (0, 1)]
        )
        deaths["died_on"] = pd.to_datetime(deaths["died_on"])
        died = deaths[deaths["died_on"] <= end].groupby("person_id")["died_on"].min()
        self.register = lake.read(
            "monitoring_register",
            *("person_id", "name", "birth_date", "household_no", "person_no", "relation"),
            *("household_type", "monitored_class", "is_eliminated", "income_per_head"),
            *("receives_dibao", "labour", "source_file", "source_sheet", "source_row"),
        )
        self.register["is_living"] = ~self.register["person_id"].isin(died.index)
        self.hukou = lake.read(
            "hukou_register", "person_id", "name", "birth_date", "hukou_id", "relation"
        )
        placed = _sorted(
            self.register.loc[
                self.register["household_no"].notna(),
                ["person_id", "name", "birth_date", "household_no"],
            ],
            *("person_id", "household_no", "name"),
        )
        listed = self.hukou[
            self.hukou["hukou_id"].notna() & ~self.hukou["person_id"].isin(placed["person_id"])
        ]
        listed = _sorted(listed, "person_id", "hukou_id", "name")
        earlier = self._earlier(lake, {*placed["person_id"], *listed["person_id"]})
        self.all = pd.concat(
            [
                placed.assign(is_member=True),
                listed.assign(is_member=True),
                earlier.assign(is_member=False),
            ],
            ignore_index=True,
        )[["person_id", "birth_date", "household_no", "hukou_id", "is_member"]]
        self.all = self.all.merge(self._joined(placed), "left", "hukou_id")
        number = self.all["household_no"].fillna(self.all["joined_no"])
        self.all["household_id"] = ("R:" + number).fillna("H:" + self.all["hukou_id"])
        self.all["died_on"] = self.all["person_id"].map(died)
        self.all["birth_date"] = pd.to_datetime(self.all["birth_date"])
        self.homes = self._homes()
        households = self.homes[["household_id", "is_poor", "standing"]]
        self.all = self.all.merge(households, "left", "household_id")
        poor = self.all["is_poor"].eq(True)
        self.all["is_poor"] = poor
        self.all["is_helped"] = poor | self.all["standing"].eq("M")
        self.living = self.all[self.all["is_member"] & self.all["died_on"].isna()]

    def _earlier(self, lake: _Lake, known: set[int]) -> Frame:
        parts = []
        for rank, (dataset, number) in enumerate(
            (("monitoring_register", "household_no"), ("hukou_register", "hukou_id"))
        ):
            rows = lake.read(dataset, "person_id", "name", "birth_date", number, back=1)
            rows = rows[rows[number].notna() & ~rows["person_id"].isin(known)]
            parts.append(rows.assign(rank=rank, text=rows[number], length=rows[number].str.len()))
        rows = pd.concat(parts).sort_values(["rank", "length", "text", "name"], kind="stable")
        return rows.drop_duplicates("person_id")

    def _joined(self, placed: Frame) -> Frame:
        shared = self.hukou[self.hukou["hukou_id"].notna()][["person_id", "hukou_id", "relation"]]
        shared = shared.merge(placed[["person_id", "household_no"]], "inner", "person_id")
        shared["has_head"] = shared["relation"] == "户主"
        shared["has_spouse"] = shared["relation"] == "配偶"
        groups = shared.groupby(["hukou_id", "household_no"], as_index=False).agg(
            persons=("person_id", "nunique"),
            has_head=("has_head", "max"),
            has_spouse=("has_spouse", "max"),
        )
        groups = groups[groups["has_head"] | groups["has_spouse"] | (groups["persons"] >= 2)]
        groups = groups.assign(length=groups["household_no"].str.len()).sort_values(
            ["has_head", "persons", "length", "household_no"],
            ascending=[False, False, True, True],
        )
        groups = groups.drop_duplicates("hukou_id")
        return groups[["hukou_id", "household_no"]].rename(columns={"household_no": "joined_no"})

    def _homes(self) -> Frame:
        rows = self.register[self.register["household_no"].notna()].copy()
        rows["household_id"] = "R:" + rows["household_no"]
        rows["heads"] = rows["is_living"] & rows["relation"].eq("户主")
        heads = rows.groupby("household_id")["heads"].transform("sum")
        rows["later"] = ~(rows["heads"] & heads.eq(1))
        rows["length"] = rows["person_no"].str.len()
        order = ["later", "length", "person_no", "source_file", "source_sheet", "source_row"]
        speaking = rows.sort_values(order, kind="stable").drop_duplicates("household_id")
        living = rows[rows["is_living"]].groupby("household_id")["person_id"].nunique()
        speaking["living_register_members"] = (
            speaking["household_id"].map(living).fillna(0).astype(int)
        )
        speaking["is_poor"] = speaking["household_type"].str.startswith("脱贫")
        classes = speaking["monitored_class"].notna()
        speaking["standing"] = np.where(
            ~classes, None, np.where(speaking["is_eliminated"].eq("是"), "X", "M")
        )
        return speaking


def _cents(amounts: Any) -> Any:
    return (amounts.astype("float64") * 100).round().astype("int64")


def _bills(lake: _Lake, people: _People) -> list[Frame]:
    year = pd.Timestamp(lake.month.first_day.replace(month=1))
    bills = lake.read("medical_expenses", "person_id", "inpatient_own_ytd")
    bills["cents"] = _cents(bills["inpatient_own_ytd"])
    bills = bills.groupby("person_id", as_index=False)["cents"].sum()
    everybody = people.all
    owes = (everybody["is_member"] & everybody["died_on"].isna()) | (everybody["died_on"] >= year)
    bills = everybody[owes].merge(bills, "inner", "person_id")
    heavy = bills[bills["cents"] >= np.where(bills["is_poor"], 500_000, 2_000_000)]
    homes = people.homes[
        people.homes["standing"].ne("M") & people.homes["living_register_members"].gt(0)
    ]
    sums = bills[bills["cents"] > 0].groupby("household_id", as_index=False)["cents"].sum()
    poorer = homes.merge(sums, "inner", "household_id")
    income, members = _cents(poorer["income_per_head"]), poorer["living_register_members"]
    below = (income >= 600_000) & (income * members - poorer["cents"] < 600_000 * members)
    return [_told("W01", heavy["household_id"]), _told("W03", poorer[below]["household_id"])]


def _absences(lake: _Lake, people: _People) -> list[Frame]:
    end, start = pd.Timestamp(lake.month.last_day), lake.month.first_day
    helped = people.living[people.living["is_helped"]]
    insured = lake.read("medical_enrolment", "person_id", "category", "status")
    insured = insured[insured["status"] == "正常参保"]
    old_enough = helped[(end - helped["birth_date"]).dt.days >= 90]
    uninsured = old_enough[~old_enough["person_id"].isin(insured["person_id"])]
    kinds = insured.groupby("person_id")["category"].nunique()
    living = ~kinds.index.isin(people.all.loc[people.all["died_on"].notna(), "person_id"])
    school = lake.read("school_enrolment", "person_id", "status", "stage")
    stages = ["初中", "普通高中", "中职", "高职", "本科及以上"]
    there = school["status"].isin(["在读", "休学"])
    there |= school["status"].eq("毕业") & school["stage"].isin(stages)
    year = start.year if start.month > 8 else start.year - 1
    six = helped["birth_date"] <= pd.Timestamp(year - 6, 8, 31)
    under = helped["birth_date"] > end - pd.DateOffset(years=16)
    absent = helped[six & under & ~helped["person_id"].isin(school.loc[there, "person_id"])]
    return [
        _told("W05", uninsured["household_id"]),
        _told("C13", kinds[living & kinds.gt(1)].index),
        _told("W07", absent["household_id"]),
    ]


def _months(lake: _Lake, people: _People) -> list[Frame]:
    water = lake.read(
        *("water_supply", "person_id", "litres_per_day", "fetch_minutes"),
        *("outage_days", "quality_ok"),
    )
    foul = (water["litres_per_day"] < 35) | (water["fetch_minutes"] > 20)
    foul |= (water["outage_days"] > 36) | water["quality_ok"].eq("否")
    foul_homes = water[foul].merge(people.all, "inner", "person_id")["household_id"]
    now = lake.read("employment", "person_id", "status")
    before = lake.read("employment", "person_id", "status", back=1)
    helped = people.living.loc[people.living["is_helped"], ["person_id", "household_id"]]
    now = now.merge(helped, "inner", "person_id")
    working = now[now["status"] == "在岗"].groupby("household_id")["person_id"]
    at_work = working.agg(persons="nunique", only="min")
    lost = now[now["status"].isin(["失业", "返乡"])]
    lost = lost[lost["person_id"].isin(before.loc[before["status"] == "在岗", "person_id"])]
    lost = lost.merge(at_work, "left", left_on="household_id", right_index=True)
    alone = lost["persons"].isna() | (lost["persons"].eq(1) & lost["only"].eq(lost["person_id"]))
    columns = ("person_id", "category", "admitted_on")
    aid = lake.read("social_assistance", *columns)
    listed = lake.read("social_assistance", *columns, back=1)[["person_id", "category"]]
    aid = aid.merge(people.living[["person_id", "household_id", "standing"]], "inner", "person_id")
    aid = aid[aid["standing"].ne("M") & aid["category"].isin(["农村低保", "特困供养", "临时救助"])]
    aid = aid.merge(listed.drop_duplicates().assign(was=True), "left", ["person_id", "category"])
    admitted = pd.to_datetime(aid["admitted_on"])
    ago = (lake.month.year - admitted.dt.year) * 12 + lake.month.number - admitted.dt.month
    new = ago.eq(0) | (ago.between(1, 6) & aid["was"].isna())
    return [
        _told("W10", foul_homes),
        _told("W13", lost[alone]["household_id"]),
        _told("W17", aid[new]["household_id"]),
    ]


def _register(lake: _Lake, people: _People) -> list[Frame]:
    aid = lake.read("social_assistance", "person_id", "category")
    aid = aid.merge(people.living[["person_id", "household_id"]], "inner", "person_id")
    kept = aid[aid["category"].isin(["农村低保", "特困供养"])]["household_id"]
    rows = people.register[people.register["is_living"] & people.register["household_no"].notna()]
    unable = rows["labour"].isin(["丧失劳动力", "无劳动力"])
    whole = unable.groupby("R:" + rows["household_no"]).all()
    drawing = aid[aid["category"] == "农村低保"]["household_id"]
    homes = people.homes
    draws = homes["household_id"].isin(drawing)
    differs = (homes["receives_dibao"].eq("是") & ~draws) | (
        homes["receives_dibao"].eq("否") & draws
    )
    return [
        _told("W21", whole[whole & ~whole.index.isin(kept)].index),
        _told("C09", homes[differs]["household_id"]),
    ]


def _all_datasets(lake: _Lake, people: _People) -> list[Frame]:
    names = people.hukou[["person_id", "name"]].drop_duplicates()
    names = names.assign(plain=names["name"].str.translate(_DOTS))
    known = names[["person_id", "plain"]].drop_duplicates()
    contracts = lake.plan.inputs.catalogue.contracts
    nameless = [
        lake.read(dataset, "person_id", number, back=back)
        for dataset, number in (
            ("monitoring_register", "household_no"),
            ("hukou_register", "hukou_id"),
        )
        for back in (0, 1)
    ]
    found = {*people.all["person_id"]}.union(
        *(set(rows.loc[rows.iloc[:, 1].isna(), "person_id"]) for rows in nameless)
    )
    told = []
    for dataset in lake.datasets:
        if dataset == "hukou_register":
            continue
        rows = lake.read(dataset, "person_id", "name")
        pairs = rows.merge(names[["person_id", "name"]], "inner", "person_id")
        other = pairs[pairs["name_x"] != pairs["name_y"]][["person_id", "name_x"]]
        other = other.assign(plain=other["name_x"].str.translate(_DOTS)).drop_duplicates()
        other = other.merge(known.assign(same=True), "left", ["person_id", "plain"])
        told.append(_told("C03", other[other["same"].isna()]["person_id"], dataset))
        if dataset != "monitoring_register" and contracts[dataset].scope == "rural":
            persons = rows["person_id"]
            told.append(_told("C25", persons[~persons.isin(found)], dataset))
    return told
