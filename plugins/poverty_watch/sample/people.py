"""Persons that cannot exist: numbers of a place that has none, names that say they are samples."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from poverty_watch.identity import CHECK_CHARACTERS, WEIGHTS
from poverty_watch.sample.frame import Array

PLACE = "530501"
"""A place code that was never issued, so no number made with it belongs to anybody."""

SURNAMES = np.array(
    [
        *list("李王张杨段赵刘陈黄周吴徐孙朱马胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾蒋蔡余杜叶程苏"),
        "阿",
        "字",
        "茶",
        "普",
        "寸",
        "线",
        "左",
    ],
    dtype=object,
)
GIVEN = np.array(
    list(
        "一二三四五六七八九十春夏秋冬红兰菊梅竹云月星山水田禾米谷风雨雪霜松柏桃李杏金银铜玉石木火土明亮清平安福康宁乐文武华英"
    ),
    dtype=object,
)
DOTS = np.array(["·", "•", "・", "‧"], dtype=object)
PHONE_PREFIX = 10_000_000_000
"""Mobile numbers begin with 13 to 19; one that begins with 10 rings nowhere."""


class NumberOffice:
    """Issues identity numbers, none twice."""

    def __init__(self) -> None:
        self._used: npt.NDArray[np.int32] = np.zeros((90_000, 2), dtype=np.int32)

    def issue(self, birth: Array, male: Array) -> Array:
        """Numbers for persons born on these days; at most 500 of one sex a day.

        Returns:
            18-character strings with the place code 530501, the date and a right check digit.
        """
        day = (birth - np.datetime64("1900-01-01")).astype(np.int64)
        sex = np.asarray(male, dtype=np.int64)
        group = day * 2 + sex
        order = np.argsort(group, kind="stable")
        grouped = group[order]
        starts = np.searchsorted(grouped, grouped, side="left")
        rank = np.empty(len(group), dtype=np.int64)
        rank[order] = np.arange(len(group)) - starts
        turn = rank + self._used[day, sex]
        np.add.at(self._used, (day, sex), 1)
        if len(turn) and turn.max() >= 500:
            raise ValueError("more than 500 births of one sex on one day")
        serial = 2 * ((turn * 7 + day * 131) % 500) + sex
        return numbers(birth, serial)


def numbers(birth: Array, serial: Array) -> Array:
    """18-character identity numbers of the place 530501."""
    year = birth.astype("datetime64[Y]").astype(np.int64) + 1970
    month = birth.astype("datetime64[M]").astype(np.int64) % 12 + 1
    day = (birth - birth.astype("datetime64[M]").astype("datetime64[D]")).astype(np.int64) + 1
    digits = np.empty((len(birth), 17), dtype=np.int64)
    digits[:, :6] = [int(character) for character in PLACE]
    for start, width, values in ((6, 4, year), (10, 2, month), (12, 2, day), (14, 3, serial)):
        for position in range(width):
            digits[:, start + position] = values // 10 ** (width - 1 - position) % 10
    check = np.frombuffer(CHECK_CHARACTERS.encode(), np.uint8)[(digits @ WEIGHTS) % 11]
    characters = np.concatenate([(digits + ord("0")).astype(np.uint8), check[:, None]], axis=1)
    text: Array = np.ascontiguousarray(characters).view("S18").ravel().astype("U18").astype(object)
    return text


def given_names(rng: np.random.Generator, count: int) -> Array:
    """样 and one or two characters: 样春, 样红一."""
    second = rng.choice(GIVEN, count)
    second[rng.random(count) < 0.3] = ""
    names: Array = "样" + rng.choice(GIVEN, count) + second
    return names


def full_names(rng: np.random.Generator, surname: Array, dotted: Array) -> Array:
    """Surname and given name; where ``dotted``, a name with a dot as some minorities write it."""
    given = given_names(rng, len(surname))
    dot = np.where(dotted, "·", "").astype(object)
    names: Array = surname + given[:] if not dotted.any() else surname + "样" + dot + given
    names = np.where(dotted, names, surname + given)
    return names


def phones(rng: np.random.Generator, count: int) -> Array:
    """Eleven digits that begin with 10."""
    return (PHONE_PREFIX + rng.integers(0, 10**9, count)).astype("U11").astype(object)


def misspelt(rng: np.random.Generator, names: Array) -> Array:
    """Names as another office has them: one character another, or one more."""
    out: Any = names.copy()
    for row, name in enumerate(names):
        other = str(rng.choice(GIVEN))
        out[row] = name[:-1] + other if name[-1] != other else name + other
    return np.asarray(out, dtype=object)
