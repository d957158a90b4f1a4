"""Who is dead, who lives where, and what is known of each household."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scripts.bench.pandas_peer.lake import PLACE, Frame, PandasLake, age

RISKS = ("risk_1", "risk_2", "risk_3", "risk_4", "risk_5")


class People:
    """The month's persons and households.

    ``persons``: everybody in a register, and those whom only an earlier one names
    (``is_member`` false). ``members``: the others, with their age; ``living``: those alive. ``homes``: the households of the monitoring
    register; ``households``: all, with head and number of members.
    """

    def __init__(self, lake: PandasLake) -> None:
        self.lake = lake
        deaths = lake.read("deaths_history", "died_on", place=False)
        deaths = deaths[deaths["died_on"] <= lake.end]
        self.died_on = deaths.groupby("person_id")["died_on"].min()
        labels = lake.plan.inputs.relation("risk_labels").to_pandas()
        self._risk_of = labels.set_index("label")["risk"]
        self.register = self._register()
        self.hukou = lake.read(
            "hukou_register",
            *("name", "birth_date", "hukou_id", "relation", "township", "village"),
        )
        persons = self._persons()
        self.homes = self._homes()
        self.households = self._households(persons)
        around = self.homes[["household_id", "is_poor", "standing"]]
        persons = persons.merge(around, "left", "household_id")
        persons["is_poor"] = persons["is_poor"].eq(True)
        persons["is_helped"] = persons["is_poor"] | persons["standing"].eq("M")
        self.persons = persons
        self.members = persons[persons["is_member"]]
        self.members = self.members.assign(age=age(self.members["birth_date"], lake.end))
        self.living = self.members[self.members["died_on"].isna()]
        aid = lake.read("social_assistance", "category")
        aid = aid.merge(self.living[["person_id", "household_id", "name"]], "inner", "person_id")
        self.assisted = aid
        self.dibao = aid[aid["category"] == "农村低保"]
        self.asset_homes = self._asset_homes()

    def is_dead(self, persons: pd.Series) -> pd.Series:
        """Whether each person is dead at month end."""
        return persons.isin(self.died_on.index)

    def with_home(self, rows: Frame) -> Frame:
        """The rows of those whom a register names or named, with the household."""
        columns = ["person_id", "household_id", "is_helped", "standing", "birth_date"]
        return rows.merge(self.persons[columns], "inner", "person_id")

    def of_members(self, rows: Frame) -> Frame:
        """The rows of living members, with the household."""
        columns = ["person_id", "household_id", "is_helped", "standing", "birth_date"]
        return rows.merge(self.living[columns], "inner", "person_id")

    def _register(self) -> Frame:
        rows = self.lake.read(
            "monitoring_register",
            *("name", "birth_date", "township", "village", "household_no", "person_no"),
            *("relation", "health", "labour", "schooling", "household_type", "monitored_class"),
            *(*RISKS, "identified_month", "is_eliminated", "eliminated_month"),
            *("elimination_mode", "has_unsafe_house", "has_safe_water", "receives_dibao"),
            *("income_per_head", "measures"),
        )
        rows["is_living"] = ~self.is_dead(rows["person_id"])
        rows["household_id"] = "R:" + rows["household_no"]
        return rows

    def risk(self, words: pd.Series) -> pd.Series:
        """Risks by their one name, whatever other word stands for it."""
        return words.map(self._risk_of).fillna(words)

    def _persons(self) -> Frame:
        columns = ["person_id", "name", "birth_date"]
        placed = self.register[self.register["household_no"].notna()]
        placed = _smallest(placed[[*columns, "household_no"]], "household_no")
        listed = self.hukou[self.hukou["hukou_id"].notna()]
        listed = listed[~listed["person_id"].isin(placed["person_id"])]
        listed = _smallest(listed[[*columns, "hukou_id"]], "hukou_id")
        known = pd.concat([placed, listed])
        earlier = self._earlier(known["person_id"])
        persons = pd.concat(
            [known.assign(is_member=True), earlier.assign(is_member=False)], ignore_index=True
        )
        persons = persons.merge(self._joined(placed), "left", "hukou_id")
        number = persons["household_no"].fillna(persons["joined_no"])
        persons["household_id"] = ("R:" + number).fillna("H:" + persons["hukou_id"])
        persons["died_on"] = persons["person_id"].map(self.died_on)
        return persons

    def _earlier(self, known: pd.Series) -> Frame:
        """Whom no register of the month names, by the latest that did."""
        found = []
        for register, number in (
            ("monitoring_register", "household_no"),
            ("hukou_register", "hukou_id"),
        ):
            for month in self.lake.months_before(register):
                columns = ("name", "birth_date", number, "township", "village")
                rows = self.lake.read_month(register, month, *columns)
                rows = rows[rows[number].notna() & ~rows["person_id"].isin(known)]
                rows = _smallest(rows, number)
                found.append(rows.assign(month=str(month), register=register))
        if not found:
            return known.to_frame().head(0).assign(township=None, village=None)
        # The monitoring register, whose name sorts last, goes first among those of a month.
        rows = pd.concat(found).sort_values(["month", "register"], ascending=False, kind="stable")
        return rows.drop_duplicates("person_id")

    def _joined(self, placed: Frame) -> Frame:
        """Which 户号 joins which 户编号."""
        shared = self.hukou.loc[
            self.hukou["hukou_id"].notna(), ["person_id", "hukou_id", "relation"]
        ]
        shared = shared.merge(placed[["person_id", "household_no"]], "inner", "person_id")
        shared["has_head"] = shared["relation"] == "户主"
        shared["has_spouse"] = shared["relation"] == "配偶"
        groups = shared.groupby(["hukou_id", "household_no"], as_index=False).agg(
            persons=("person_id", "nunique"),
            has_head=("has_head", "max"),
            has_spouse=("has_spouse", "max"),
        )
        groups = groups[groups["has_head"] | groups["has_spouse"] | groups["persons"].ge(2)]
        groups = groups.assign(length=groups["household_no"].str.len()).sort_values(
            ["has_head", "persons", "length", "household_no"],
            ascending=[False, False, True, True],
        )
        groups = groups.drop_duplicates("hukou_id")
        groups["joined_through"] = np.select(
            [groups["has_head"], groups["has_spouse"]],
            ["户籍户主在该户", "户籍户主的配偶在该户"],
            "同一户籍有两人以上在该户",
        )
        return groups[["hukou_id", "household_no", "joined_through"]].rename(
            columns={"household_no": "joined_no"}
        )

    def _homes(self) -> Frame:
        """Each household of the register with the row that speaks for it."""
        rows = self.register[self.register["household_no"].notna()]
        is_head = rows["is_living"] & rows["relation"].eq("户主")
        heads = is_head.groupby(rows["household_id"]).transform("sum")
        rows = rows.assign(
            is_later=~(is_head & heads.eq(1)), length=rows["person_no"].str.len()
        ).sort_values(["is_later", "length", "person_no", *PLACE])
        homes = rows.drop_duplicates("household_id").drop(columns=["is_later", "length"])
        for risk in RISKS:
            homes[risk] = self.risk(homes[risk])
        living = rows[rows["is_living"]].groupby("household_id")["person_id"].nunique()
        homes["living_register_members"] = homes["household_id"].map(living).fillna(0).astype(int)
        homes["is_poor"] = homes["household_type"].str.startswith("脱贫").eq(True)
        homes["standing"] = (homes["is_eliminated"].eq("是").map({True: "X", False: "M"})).where(
            homes["monitored_class"].notna()
        )
        return homes

    def _households(self, persons: Frame) -> Frame:
        """All households: place, head, and how many living members each has."""
        members = persons[persons["is_member"] & persons["died_on"].isna()]
        sizes = members.groupby("household_id").size()
        columns = ["household_id", "person_id", "name", "township", "village"]
        others = pd.DataFrame({"household_id": persons["household_id"].unique()})
        others = others[~others["household_id"].isin(self.homes["household_id"])]
        rows = self.hukou[self.hukou["hukou_id"].notna()]
        rows = rows.assign(
            household_id="H:" + rows["hukou_id"],
            is_later=rows["relation"].ne("户主"),
            is_dead=self.is_dead(rows["person_id"]),
        )
        rows = rows[rows["household_id"].isin(others["household_id"])]
        heads = rows.sort_values(["is_later", "is_dead", *PLACE]).drop_duplicates("household_id")
        # Blank ids would turn all into floating point numbers.
        heads = heads[columns].astype({"person_id": "Int64"})
        others = others.merge(heads, "left", "household_id")
        found = (
            persons[~persons["is_member"]].groupby("household_id")[["township", "village"]].max()
        )
        for place in ("township", "village"):
            others[place] = others[place].fillna(others["household_id"].map(found[place]))
        households = pd.concat([self.homes[columns], others], ignore_index=True)
        households["living_members"] = households["household_id"].map(sizes).fillna(0).astype(int)
        return households

    def _asset_homes(self) -> Frame:
        """Households whose property is looked at, and why: monitored, or with 农村低保."""
        monitored = self.homes[self.homes["standing"] == "M"]
        receiving = self.dibao.sort_values([*PLACE]).drop_duplicates("household_id")
        receiving = receiving[~receiving["household_id"].isin(monitored["household_id"])]
        return pd.concat(
            [
                monitored[["household_id", "monitored_class", *PLACE]].rename(
                    columns={"monitored_class": "grounds"}
                ),
                receiving[["household_id", "category", *PLACE]].rename(
                    columns={"category": "grounds"}
                ),
            ],
            ignore_index=True,
        )


def _smallest(rows: Frame, number: str) -> Frame:
    """Each person's row with the smallest number: 9 before 10."""
    several = rows["person_id"].duplicated(keep=False)
    if not several.any():
        return rows
    ranked = rows[several].assign(length=rows[number].str.len())
    ranked = ranked.sort_values(["length", number, "name"]).drop_duplicates("person_id")
    return pd.concat([rows[~several], ranked.drop(columns="length")])
