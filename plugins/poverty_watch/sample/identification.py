"""Who becomes monitored, with which class, risks and measures."""

from __future__ import annotations

import numpy as np

from poverty_watch.contracts import load_catalogue
from poverty_watch.sample import county as c
from poverty_watch.sample.county import County
from poverty_watch.sample.frame import Array

RISKS = np.array(
    [
        "",
        "因病",
        "因学",
        "因残",
        "因自然灾害",
        "因意外事故",
        "因产业项目失败",
        "因务工就业不稳",
        "缺劳动力",
        "因安全住房",
        "因安全饮水",
        "其他",
    ],
    dtype=object,
)
ILLNESS, SCHOOL, DISABILITY = 1, 2, 3
_LIKELY = np.array([0.36, 0.15, 0.15, 0.04, 0.07, 0.03, 0.06, 0.06, 0.03, 0.02, 0.03])
_OF_RISK = np.array(
    [
        "",
        "健康帮扶",
        "义务教育保障",
        "综合保障",
        "社会帮扶",
        "社会帮扶",
        "产业帮扶",
        "就业帮扶",
        "综合保障",
        "住房安全保障",
        "饮水安全保障",
        "社会帮扶",
    ],
    dtype=object,
)
_BESIDE = np.array(["产业帮扶", "就业帮扶", "金融帮扶", "公益岗位帮扶"], dtype=object)


def sudden_from() -> np.datetime64:
    """The month from which the register's contract knows the class of sudden hardship."""
    classes = load_catalogue().contract("monitoring_register").column("monitored_class").values
    return max(np.datetime64(value.since, "M") for value in classes if value.since)


def invent_risks(rng: np.random.Generator, county: County, rows: Array) -> None:
    """One to three different risks for each register household, the main one first."""
    register = county.register
    count = len(rows)
    weights = np.log(_LIKELY) + rng.gumbel(size=(count, len(_LIKELY)))
    ranked = np.argsort(-weights, axis=1, kind="stable") + 1
    how_many = rng.choice([1, 2, 3], count, p=[0.68, 0.25, 0.07])
    for place in range(5):
        risk = ranked[:, place] if place < 3 else np.zeros(count, dtype=np.int64)
        register[f"risk_{place + 1}"][rows] = np.where(place < how_many, risk, 0)


def identify(county: County, rng: np.random.Generator, rows: Array, month: np.datetime64) -> None:
    """These register households become monitored, identified in a month."""
    register = county.register
    ordinary = register["kind"][rows] == c.ORDINARY
    register["class"][rows] = np.where(ordinary, c.MARGINAL, c.UNSTABLE)
    if month >= sudden_from():
        sudden = rows[rng.random(len(rows)) < 0.2]
        register["class"][sudden] = c.SUDDEN
    register["identified"][rows] = month
    register["eliminated"][rows] = False
    register["eliminated_in"][rows] = np.datetime64("NaT", "M")
    invent_risks(rng, county, rows)


def measures_for(rng: np.random.Generator, risk: Array, developing: float) -> Array:
    """Measures that fit the main risk, mostly (``developing``) with one that creates income."""
    beside = rng.choice(_BESIDE, len(risk))
    first = _OF_RISK[risk]
    alone = (rng.random(len(risk)) > developing) | (first == beside)
    result: Array = np.where(alone, first, first + "、" + beside)
    return result
