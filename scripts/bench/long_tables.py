"""Deliveries of any length, to see whether a row costs the same in a long table as in a short one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from scripts.bench.measure import Size

DATASET = "medical_expenses"


def long_table(size: Size, rows: int, file_format: str) -> Path:
    """A file of 医疗费用 with that many rows, all good and none like another; made once."""
    from poverty_watch.contracts import load_catalogue
    from poverty_watch.files import written_whole
    from poverty_watch.sample.workbook import Sheet, write_csv, write_xlsx

    contract = load_catalogue().contract(DATASET)
    path = size.folder / f"long-{size.month}" / f"{contract.title}_{rows}.{file_format}"
    if path.exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = _columns(rows, size.month)
    header = [column.header for column in contract.columns]
    sheet = Sheet("Sheet1", [header], [columns[column.name] for column in contract.columns], [])
    with written_whole(path) as beside:
        if file_format == "csv":
            write_csv(beside, sheet, "utf-8-sig")
        else:
            write_xlsx(beside, [sheet])
    return path


def _columns(rows: int, month: str) -> dict[str, list[Any]]:
    from poverty_watch.identity import CHECK_CHARACTERS, WEIGHTS
    from poverty_watch.months import Month

    serial = np.arange(rows)
    births = np.datetime64("1940-01-01") + (serial // 999).astype("timedelta64[D]")
    days = np.char.replace(births.astype(str), "-", "")
    seventeen = np.char.add(
        np.char.add("530501", days), np.char.zfill((serial % 999 + 1).astype(str), 3)
    )
    digits = seventeen.astype("S17").view("u1").reshape(rows, 17).astype(np.int64) - ord("0")
    check = np.array(list(CHECK_CHARACTERS))[digits @ WEIGHTS % 11]
    names = np.array([f"样{a}{b}" for a in "甲乙丙丁戊己庚辛" for b in "一二三四五六七八"])
    chance = np.random.default_rng(0)
    own, basic = (chance.integers(0, 500_000, rows) for _ in range(2))
    return {
        "name": names[serial % len(names)].tolist(),
        "person_id": np.char.add(seventeen, check).tolist(),
        "total": ((own + basic) / 100).tolist(),
        "basic_paid": (basic / 100).tolist(),
        "serious_paid": [0] * rows,
        "aid_paid": [0] * rows,
        "inpatient_own_ytd": (own / 100).tolist(),
        "outpatient_own_month": (own % 997).tolist(),
        "as_of": [Month.parse(month).last_day] * rows,
    }
