"""Comparisons of the register with itself and with single datasets: C02, C05 to C10, C12 to C24, C26."""

from __future__ import annotations

import pandas as pd
from scripts.bench.pandas_peer.lake import (
    PLACE,
    Frame,
    PandasLake,
    month_text,
    months_between,
    number_text,
    told,
)
from scripts.bench.pandas_peer.rules_by_household import NO_LABOUR
from scripts.bench.pandas_peer.staging import RISKS, People

_VEHICLES = ("小型轿车", "小型普通客车", "小型越野客车", "大型汽车", "大型客车", "重型货车")
_SCHOOL_YEARS = ("小学", "七年级", "八年级", "九年级")
_SEVERE = ("一级", "二级")
_HOUSEHOLD_VALUES = (
    *("household_type", "monitored_class", *RISKS, "identified_month", "is_eliminated"),
    *("eliminated_month", "elimination_mode", "receives_dibao", "income_per_head", "measures"),
)


def comparisons(lake: PandasLake, people: People) -> list[Frame]:
    """The findings of these comparisons."""
    return [
        _two_households(people),
        *_heads(people),
        *_disabilities(lake, people),
        *_dibao(people),
        _no_ground(lake, people),
        _unable_in_post(lake, people),
        _insured_twice(lake, people),
        *_assets(lake, people),
        _not_in_hukou(people),
        *_eliminated(lake, people),
        _totals(people),
        _houses(lake, people),
        _schooling(lake, people),
        *_rows_differ(people),
    ]


def _two_households(people: People) -> Frame:
    rows = people.register[people.register["household_no"].notna()]
    rows = rows[rows["person_id"].duplicated(keep=False)].sort_values([*PLACE])
    rows = rows.drop_duplicates(["person_id", "household_no"])
    rows = rows[rows["person_id"].duplicated(keep=False)]
    rows = rows.assign(length=rows["household_no"].str.len())
    rows = rows.sort_values(["length", "household_no"])
    is_first = ~rows["person_id"].duplicated()
    others = rows.loc[~is_first, ["person_id", "household_no", *PLACE]]
    pairs = rows[is_first].merge(others, "inner", "person_id", suffixes=("", "_other"))
    return told(
        "C02",
        pairs,
        "household_no",
        subject="person_id",
        other_value="household_no_other",
        other_place="_other",
    )


def _heads(people: People) -> list[Frame]:
    rows = people.register
    rows = rows[rows["is_living"] & rows["household_no"].notna()]
    heads = rows[rows["relation"] == "户主"]
    counts = heads.groupby("household_id")["person_id"].nunique()
    homes = people.homes[people.homes["household_id"].isin(rows["household_id"])]
    headless = homes[~homes["household_id"].isin(counts.index)].drop(columns="person_id")
    several = heads[heads["household_id"].isin(counts.index[counts > 1])].sort_values([*PLACE])
    several = several.drop_duplicates(["household_id", "person_id"])
    is_first = ~several["household_id"].duplicated()
    others = several.loc[~is_first, ["household_id", "relation", *PLACE]]
    pairs = several[is_first].merge(others, "inner", "household_id", suffixes=("", "_other"))
    return [
        told("C05", headless),
        told("C05", pairs, "relation", other_value="relation_other", other_place="_other"),
    ]


def _disabilities(lake: PandasLake, people: People) -> list[Frame]:
    holders = lake.read("disability_certificates", "grade")
    members = people.of_members(holders)
    aided = lake.read("social_assistance", place=False)["person_id"]
    severe = members[members["is_helped"] & members["grade"].isin(_SEVERE)]
    severe = severe[~severe["person_id"].isin(aided)]
    homes = _monitored_for(people, "因残")
    homes = homes[~homes["household_id"].isin(members["household_id"])]
    living = people.register[people.register["is_living"]]
    rows = living.merge(holders, "inner", "person_id", suffixes=("", "_other"))
    rows = rows[~rows["health"].fillna("").str.contains("残疾")]
    health = rows["health"].fillna("空白")
    return [
        told("C06", severe, "grade", subject="person_id"),
        told("C07", homes, "因残"),
        told("C08", rows, health, subject="person_id", other_value="grade", other_place="_other"),
    ]


def _monitored_for(people: People, risk: str) -> Frame:
    homes = people.homes[people.homes["standing"].eq("M")]
    return homes[homes[list(RISKS)].eq(risk).any(axis=1)].assign(**{risk: risk})


def _dibao(people: People) -> list[Frame]:
    homes = people.homes
    unpaid = homes["receives_dibao"].eq("是") & ~homes["household_id"].isin(
        people.dibao["household_id"]
    )
    untold = homes[homes["receives_dibao"] == "否"].drop(columns="person_id")
    untold = untold.merge(
        people.dibao[["household_id", "person_id", "category", *PLACE]],
        "inner",
        "household_id",
        suffixes=("", "_other"),
    )
    return [
        told("C09", homes[unpaid], "receives_dibao"),
        told("C09", untold, "receives_dibao", other_value="category", other_place="_other"),
    ]


def _no_ground(lake: PandasLake, people: People) -> Frame:
    homes = _monitored_for(people, "因病")
    bills = [lake.read("medical_expenses", "inpatient_own_ytd", place=False)]
    if lake.month.number <= 3:
        december = lake.month - lake.month.number
        bills.append(lake.read_month("medical_expenses", december, "inpatient_own_ytd"))
    paid = pd.concat(bills)
    ill = pd.concat(
        [
            paid.loc[paid["inpatient_own_ytd"] > 0, "person_id"],
            lake.read("major_illness_history", place=False)["person_id"],
        ]
    )
    living = people.living
    grounded = living.loc[living["person_id"].isin(ill), "household_id"]
    rows = people.register
    is_marked = rows["is_living"] & rows["health"].str.contains("大病|慢性病").eq(True)
    grounded = pd.concat([grounded, rows.loc[is_marked, "household_id"]])
    return told("C10", homes[~homes["household_id"].isin(grounded)], "因病")


def _unable_in_post(lake: PandasLake, people: People) -> Frame:
    rows = people.register
    unable = rows[rows["is_living"] & rows["labour"].isin(NO_LABOUR)]
    unable = unable[["person_id", "labour", *PLACE]]
    posts = lake.read("public_posts", "post")
    posts = posts.merge(unable, "inner", "person_id", suffixes=("", "_other"))
    post = posts["post"].fillna("岗位未填")
    return told("C12", posts, post, subject="person_id", other_value="labour", other_place="_other")


def _insured_twice(lake: PandasLake, people: People) -> Frame:
    rows = lake.read("medical_enrolment", "category", "status")
    rows = rows[rows["status"] == "正常参保"]
    employees = rows[rows["category"] == "城镇职工"]
    residents = rows[rows["category"] == "城乡居民"]
    both = residents.merge(employees, "inner", "person_id", suffixes=("", "_other"))
    both = both[~people.is_dead(both["person_id"])]
    return told(
        "C13",
        both,
        "category",
        subject="person_id",
        other_value="category_other",
        other_place="_other",
    )


def _assets(lake: PandasLake, people: People) -> list[Frame]:
    owners = people.living[["person_id", "household_id"]]
    owners = owners.merge(people.asset_homes, "inner", "household_id")

    def owned(check: str, rows: Frame, value: str) -> Frame:
        rows = rows.merge(owners, "inner", "person_id", suffixes=("", "_other"))
        return told(check, rows, value, other_value="grounds", other_place="_other")

    vehicles = lake.read("vehicles", "vehicle_type")
    companies = lake.read("business_registrations", "company", "entity_type", "status")
    is_open = companies["entity_type"].eq("企业") & companies["status"].eq("存续")
    houses = lake.read("property", "purpose")
    payroll = lake.read("payroll", "employer")
    payroll["employer"] = payroll["employer"].fillna("单位未填")
    machines = lake.read("machinery", "price")
    is_large = machines["price"] >= lake.value("machinery_price_line")
    return [
        owned("C14", vehicles[vehicles["vehicle_type"].isin(_VEHICLES)], "vehicle_type"),
        owned("C15", companies[is_open], "company"),
        owned("C16", houses[houses["purpose"].isin(["住宅", "商业"])], "purpose"),
        owned("C17", payroll, "employer"),
        owned("C18", machines[is_large], "price"),
    ]


def _not_in_hukou(people: People) -> Frame:
    rows = people.register[people.register["is_living"]]
    rows = rows[~rows["person_id"].isin(people.hukou["person_id"])]
    return told("C19", rows, rows["household_no"].fillna("空白"), subject="person_id")


def _eliminated(lake: PandasLake, people: People) -> list[Frame]:
    homes = people.homes[people.homes["eliminated_month"] == lake.start]
    since = months_between(homes["identified_month"], lake.month)
    soon = homes[
        homes["elimination_mode"].eq("帮扶消除") & since.lt(lake.value("elimination_review_months"))
    ]
    rows = people.register
    rows = rows[rows["is_living"] & rows["household_id"].isin(homes["household_id"])]
    has_none = rows["labour"].isin(NO_LABOUR).groupby(rows["household_id"]).all()
    unable = homes[homes["household_id"].isin(has_none.index[has_none])]
    labour = unable["household_id"].map(rows.groupby("household_id")["labour"].min())
    return [
        told(
            "C20",
            soon,
            month_text(soon["identified_month"]),
            other_value=month_text(soon["eliminated_month"]),
            other_place="",
        ),
        told(
            "C21",
            unable,
            labour,
            other_value=month_text(unable["eliminated_month"]),
            other_place="",
        ),
    ]


def _totals(people: People) -> Frame:
    homes = people.homes.assign(township=people.homes["township"].fillna(""))
    town_of = homes.set_index("household_id")["township"]
    paid = people.dibao.drop_duplicates("person_id")["household_id"].map(town_of).value_counts()
    marked = homes[homes["receives_dibao"] == "是"]
    marked_members = marked.groupby("township")["living_register_members"].sum()
    towns = pd.DataFrame({"township": homes["township"].unique()})
    towns["paid"] = towns["township"].map(paid).fillna(0).astype(int)
    towns["marked"] = towns["township"].map(marked_members).fillna(0).astype(int)
    differ = towns[towns["paid"] != towns["marked"]]
    return told("C22", differ, "paid", subject="township", other_value="marked")


def _houses(lake: PandasLake, people: People) -> Frame:
    houses = lake.read("housing_safety", "grade", "renovation")
    houses = houses.merge(people.persons[["person_id", "household_id"]], "inner", "person_id")
    houses = houses.merge(
        people.homes[["household_id", "has_unsafe_house", *PLACE]],
        "inner",
        "household_id",
        suffixes=("_other", ""),
    )
    is_unsafe = houses["grade"].isin(["C", "D"]) & ~houses["renovation"].eq("已竣工")
    differs = is_unsafe & houses["has_unsafe_house"].eq("否")
    differs |= houses["grade"].isin(["A", "B"]) & houses["has_unsafe_house"].eq("是")
    return told(
        "C23", houses[differs], "has_unsafe_house", other_value="grade", other_place="_other"
    )


def _schooling(lake: PandasLake, people: People) -> Frame:
    school = lake.read("school_enrolment", "status", "stage")
    school = school[school["status"].eq("在读") & school["stage"].isin(["小学", "初中"])]
    first = school.sort_values([*PLACE]).drop_duplicates("person_id").drop(columns="status")
    rows = people.register[people.register["is_living"]]
    rows = rows[rows["schooling"].isin(["非在校生", *_SCHOOL_YEARS])]
    rows = rows.merge(first, "left", "person_id", suffixes=("", "_other"))
    rows = rows[rows["schooling"].eq("非在校生") == rows["stage"].notna()]
    return told(
        "C24", rows, "schooling", subject="person_id", other_value="stage", other_place="_other"
    )


def _rows_differ(people: People) -> list[Frame]:
    columns = list(_HOUSEHOLD_VALUES)
    rows = people.register[["household_id", "person_id", *PLACE, *columns]]
    homes = people.homes[["household_id", *PLACE, *columns]]
    rows = rows.merge(homes, "inner", "household_id", suffixes=("", "_told"))
    found = []
    for column in columns:
        own, other = rows[column], rows[f"{column}_told"]
        even = people.risk(own) if column in RISKS else own
        differs = even.ne(other) & ~(even.isna() & other.isna())
        own, other = own[differs], other[differs]
        if column.endswith("_month"):
            own, other = month_text(own), month_text(other)
        elif column == "income_per_head":
            own, other = number_text(own), number_text(other)
        values = own.fillna("空白"), other.fillna("空白")
        found.append(
            told("C26", rows[differs], values[0], other_value=values[1], other_place="_told")
        )
    return found
