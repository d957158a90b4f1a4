"""What a delivered file's name says: dataset, township, month, correction, nil return."""

from __future__ import annotations

import csv
import re
import unicodedata
from functools import lru_cache

import yaml

from poverty_watch.contracts import Catalogue, Department
from poverty_watch.months import Month
from poverty_watch.settings import REFERENCE

_CORRECTION = re.compile("更正|重报|补报|修订")
_MONTH = re.compile(r"(20\d{2})\s*[年.\-_/]?\s*(0?[1-9]|1[0-2])(?!\d)")
_WHITE = re.compile(r"\s+")


def plain_name(name: str) -> str:
    """A name as compared: NFKC, without white space."""
    return _WHITE.sub("", unicodedata.normalize("NFKC", name))


@lru_cache(maxsize=1)
def townships() -> tuple[str, ...]:
    """The county's townships, in the order of their codes."""
    (path,) = REFERENCE.glob("divisions_*.csv")
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return tuple(row["name"] for row in csv.DictReader(stream) if row["level"] == "township")


@lru_cache(maxsize=1)
def _spellings() -> dict[str, str]:
    """Every way to write a township, the longest first, and its full name."""
    text = (REFERENCE / "township_names.yaml").read_text(encoding="utf-8")
    others: dict[str, list[str]] = yaml.safe_load(text)
    written = {name: name for name in townships()}
    written |= {other: name for name, more in others.items() for other in more}
    return dict(sorted(written.items(), key=lambda pair: len(pair[0]), reverse=True))


def township_in(name: str) -> str | None:
    """The township that a file name carries, if any; of several all, in one text."""
    rest, found = plain_name(name), set()
    for spelling, name_in_full in _spellings().items():
        if spelling in rest:
            rest = rest.replace(spelling, " ")
            found.add(name_in_full)
    return "、".join(t for t in townships() if t in found) or None


def name_of(path: str) -> str:
    """A delivered file's name; with a township before it where only the folder says whose it is."""
    folder, _, name = path.rpartition("/")
    township = None if township_in(name) else township_in(folder)
    return f"{township}_{name}" if township else name


def is_correction(name: str) -> bool:
    """Whether a file name says that it corrects an earlier one."""
    return bool(_CORRECTION.search(plain_name(name)))


def is_nil_return(name: str) -> bool:
    """Whether a file name says that there was nothing to report."""
    return "零报告" in plain_name(name)


def month_in(name: str) -> Month | None:
    """The month that a file name carries, if any."""
    match = _MONTH.search(unicodedata.normalize("NFKC", name))
    return Month(int(match[1]), int(match[2])) if match else None


def dataset_in(name: str, catalogue: Catalogue, department: Department) -> str | None:
    """The department's dataset whose title a file name carries; the longest title wins."""
    plain = plain_name(name)
    found = [(d, c.title) for d, c in catalogue.contracts.items() if c.title in plain]
    found.sort(key=lambda pair: len(pair[1]), reverse=True)
    return next((dataset for dataset, _ in found if dataset in department.contracts), None)
