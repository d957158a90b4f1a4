"""What people are like: school, labour, health, as it follows from age and person."""

from __future__ import annotations

import numpy as np

from poverty_watch.sample.county import County
from poverty_watch.sample.frame import Array

LABOUR = np.array(
    ["普通劳动力", "技能劳动力", "弱劳动力或半劳动力", "丧失劳动力", "无劳动力"], dtype=object
)
ORDINARY_LABOUR, SKILLED, WEAK, LOST, NONE = range(5)
SCHOOLING = np.array(
    [
        "非在校生",
        "学龄前儿童",
        "学前教育",
        "小学",
        "七年级",
        "八年级",
        "九年级",
        "普通高中一年级",
        "普通高中二年级",
        "普通高中三年级",
        "中职一年级",
        "中职二年级",
        "中职三年级",
        "高职高专一年级",
        "本科一年级",
    ],
    dtype=object,
)
NOT_AT_SCHOOL, TOO_YOUNG, KINDERGARTEN, PRIMARY, GRADE_7 = range(5)
GRADE_9, SENIOR_1, VOCATIONAL_1, COLLEGE, UNIVERSITY = 6, 7, 10, 13, 14
IN_SCHOOL, DROPPED_OUT, ON_LEAVE, LEFT_AFTER_GRADE_9 = range(4)


def school_age(county: County) -> Array:
    """Age on the last 31 August before the month: the school year that a child is in."""
    year = county.month.year if county.month.number >= 9 else county.month.year - 1
    return county.ages(np.datetime64(f"{year}-08-31"))


def schooling(county: County) -> Array:
    """Index into ``SCHOOLING`` of each person, whatever any roll says."""
    age = school_age(county)
    trait = county.people["trait"]
    out = np.full(len(age), NOT_AT_SCHOOL)
    out[age < 3] = TOO_YOUNG
    out[(age >= 3) & (age < 6)] = KINDERGARTEN
    out[(age >= 6) & (age < 12)] = PRIMARY
    lower = (age >= 12) & (age < 15)
    out[lower] = GRADE_7 + age[lower] - 12
    upper = (age >= 15) & (age < 18) & (trait < 0.9)
    out[upper] = np.where(trait < 0.55, SENIOR_1, VOCATIONAL_1)[upper] + age[upper] - 15
    out[(age >= 18) & (age < 21) & (trait < 0.4)] = COLLEGE
    out[(age >= 18) & (age < 22) & (trait < 0.2)] = UNIVERSITY
    gone = (county.people["school"] == DROPPED_OUT) & (age >= 6)
    gone |= (county.people["school"] == LEFT_AFTER_GRADE_9) & (age >= 15)
    out[gone] = NOT_AT_SCHOOL
    return out


def labour(county: County) -> Array:
    """Index into ``LABOUR`` of each person."""
    age = county.ages()
    trait = county.people["trait"]
    pupil = np.isin(schooling(county), [NOT_AT_SCHOOL], invert=True)
    out = np.select([trait < 0.72, trait < 0.88], [ORDINARY_LABOUR, SKILLED], WEAK)
    old = age >= 60
    out[old] = np.where(trait < 0.55, WEAK, NONE)[old]
    out[(age < 16) | pupil | (age >= 75)] = NONE
    out[(county.people["grade"] > 0) & (county.people["grade"] <= 2) & (age >= 16)] = LOST
    out[(county.people["health"] == 2) & (trait < 0.4) & (age >= 16)] = LOST
    return out


def can_work(county: County) -> Array:
    """Whether each person can work at all."""
    return labour(county) <= WEAK
