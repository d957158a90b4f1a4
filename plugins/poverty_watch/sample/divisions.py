"""Townships and villages from the reference file of divisions."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from poverty_watch.sample.frame import Array
from poverty_watch.settings import REFERENCE


@dataclass(frozen=True)
class Divisions:
    """One county's divisions; villages carry the index of their township."""

    county: str
    townships: Array
    villages: Array
    village_codes: Array
    township_of: Array


def read_divisions(path: Path | None = None) -> Divisions:
    """Read the divisions file (level, code12, code, name, parent_code, parent_name)."""
    path = path or next(iter(sorted(REFERENCE.glob("divisions_*.csv"))))
    with path.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    townships = [row for row in rows if row["level"] == "township"]
    villages = [row for row in rows if row["level"] == "village"]
    index = {row["code"]: number for number, row in enumerate(townships)}
    return Divisions(
        county=next(row["name"] for row in rows if row["level"] == "county"),
        townships=np.array([row["name"] for row in townships], dtype=object),
        villages=np.array([row["name"] for row in villages], dtype=object),
        village_codes=np.array([row["code"] for row in villages], dtype=object),
        township_of=np.array([index[row["parent_code"]] for row in villages]),
    )
