"""Months computed again: the same twice over, and after a correction as if it had been right at once.

    .venv/bin/python scripts/backfill_check.py [--months 24] [--corrected 5] [--households 500]

Three installations with the same keys and a synthetic county, without Airflow. The first computes all
months, then all again: no report may be new. Then one department corrects the delivery of one month,
and the months from that one on are recomputed. The second has had the corrected delivery from the
start: its cells are what the first must show now, in every month. Exit code 1 if anything differs.
"""

from __future__ import annotations

import argparse
import csv
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

PROJECT = Path(__file__).parents[1]
sys.path.insert(0, str(PROJECT / "plugins"))

from rich.console import Console  # noqa: E402

from poverty_watch.contracts import load_catalogue  # noqa: E402
from poverty_watch.identity import Keyring  # noqa: E402
from poverty_watch.intake.steps import fetch, settle, validate  # noqa: E402
from poverty_watch.ledger.store import Ledger, open_ledger  # noqa: E402
from poverty_watch.months import Month  # noqa: E402
from poverty_watch.report import build_report  # noqa: E402
from poverty_watch.sample import generate  # noqa: E402
from poverty_watch.screening import (  # noqa: E402
    compare,
    raise_leads,
    settle_findings,
    stage,
    warn,
)
from poverty_watch.settings import Settings  # noqa: E402

FIRST = Month(2020, 1)
DATASET, REGISTER = "rural_revitalization", "monitoring_register"
_OF_A_VERSION = ("签发状态", "报表版本")
Cells = dict[tuple[str, str], object]
Say = Callable[[str], None]


def compute(settings: Settings, ledger: Ledger, months: Iterable[Month]) -> dict[Month, bool]:
    """Every month as a recomputed one, in order; whether its report is a new one."""
    made = {}
    for month in months:
        for department in load_catalogue().departments:
            fetch(department, month, settings, ledger)
            validate(department, month, settings, ledger)
            settle(department, month, settings, ledger)
        for step in (stage, compare, warn):
            step(month, settings, ledger)
        settle_findings(month, settings, ledger, None)
        raise_leads(month, settings, ledger)
        made[month] = build_report(month, settings, ledger, "recomputed").is_new
    return made


def cells(settings: Settings, ledger: Ledger, month: Month) -> Cells:
    """What the newest report of a month shows.

    Left out are its own number and state, the comparison with another version, and how the register
    itself came: a correction is a second delivery, which the month's own report is right to say.
    """
    from openpyxl import load_workbook

    from poverty_watch.report.facts import newest_version

    with ledger.transaction() as session:
        version = newest_version(session, month)
    assert version is not None
    book = load_workbook(settings.outbox / version.path)
    found: Cells = {}
    title = load_catalogue().contract(REGISTER).title
    for sheet in book.worksheets:
        for row in sheet.iter_rows():
            if "更正说明" in sheet.title or any(cell.value == title for cell in row):
                continue
            for cell in row:
                text = str(cell.value)
                if cell.value is not None and not ("第" in text and "版" in text):
                    found[sheet.title, cell.coordinate] = cell.value
    return found


def correct(file: Path) -> str:
    """Take a monitored household out of a register that was delivered as CSV."""
    rows = list(csv.reader(file.open(encoding="utf-8-sig", newline="")))
    header = next(n for n, row in enumerate(rows) if "户编号" in row)
    number, kind, is_over = (
        rows[header].index(name) for name in ("户编号", "监测对象类别", "风险是否已消除")
    )
    gone = next(row[number] for row in rows[header + 1 :] if row[kind] and row[is_over] == "否")
    kept = [row for n, row in enumerate(rows) if n <= header or row[number] != gone]
    with file.open("w", encoding="utf-8-sig", newline="") as stream:
        csv.writer(stream).writerows(kept)
    return gone


def main() -> int:
    """Run everything and say what differs."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--months", type=int, default=24)
    parser.add_argument("--corrected", type=int, default=5)
    parser.add_argument("--households", type=int, default=500)
    options = parser.parse_args()
    console = Console(highlight=False, soft_wrap=True)
    begun = time.monotonic()

    def say(text: str) -> None:
        console.print(f"[{time.monotonic() - begun:4.0f} s] {text}", markup=False)

    months = list(FIRST.through(FIRST + (options.months - 1)))
    corrected = months[options.corrected - 1]
    with tempfile.TemporaryDirectory(prefix="backfill-check-") as scratch:
        return _check(Path(scratch), months, corrected, options.households, say)


def _check(root: Path, months: list[Month], corrected: Month, households: int, say: Say) -> int:
    inbox = root / "inbox"
    generate(inbox, months[0], months[-1], households, 1, tidy=True, file_format="csv")
    homes = [
        Settings(root / name, root / f"inbox-{name}", f"sqlite:///{root / name / 'ledger.sqlite'}")
        for name in ("first", "second")
    ]
    Keyring.open(homes[0].keys)
    shutil.copytree(homes[0].keys, homes[1].keys)
    for home in homes:
        shutil.copytree(inbox, home.inbox)
    first, second = (open_ledger(home) for home in homes)
    compute(homes[0], first, months)
    before = {month: cells(homes[0], first, month) for month in months}
    say(f"{len(months)} months computed")
    wrong = []
    again = [month for month, is_new in compute(homes[0], first, months).items() if is_new]
    say(f"computed again: {len(again)} new reports")
    wrong += [f"{month}: another report the second time" for month in again]
    for home in homes:
        (file,) = (home.inbox / str(corrected) / DATASET).glob("*.csv")
        told = correct(file)
    say(f"{corrected}: household {told} taken out of the register")
    compute(homes[0], first, [month for month in months if month >= corrected])
    compute(homes[1], second, months)
    for month in months:
        old, new = before[month], cells(homes[0], first, month)
        right = cells(homes[1], second, month)
        changed = sum(old.get(key) != new.get(key) for key in old.keys() | new.keys())
        differing = sorted(
            key for key in new.keys() | right.keys() if new.get(key) != right.get(key)
        )
        say(f"{month}: {changed} cells changed, {len(differing)} other than they should be")
        for sheet, place in differing[:5]:
            say(f"    {sheet}!{place}: {new.get((sheet, place))} / {right.get((sheet, place))}")
        wrong += [f"{month} {sheet}!{place}" for sheet, place in differing]
        if month < corrected and changed:
            wrong.append(f"{month}: changed though it lies before the correction")
    say("as it should be" if not wrong else f"{len(wrong)} things are wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
