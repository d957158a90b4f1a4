"""Months computed again: the same twice over, and after a correction as if it had been right at once.

    .venv/bin/python scripts/backfill_check.py [--months 24] [--corrected 5] [--households 500]
        [--airflow [--minutes 20]]

Two installations with the same keys and a synthetic county. The first recomputes all months, then all
again: no report may be new. Then one department corrects the delivery of one month, and the months
from that one on are recomputed. The second has had the corrected delivery from the start: its cells
are what the first must show now, in every month. Exit code 1 if anything differs.

``--airflow``: the first installation recomputes by Airflow's own backfill on its own scheduler, with a
mail server at hand that must not be sent anything; no task may be opened, no sheet written; all months
may take so many minutes. The second one computes without Airflow, as both do without this choice.
"""

from __future__ import annotations

import argparse
import csv
import os
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).parents[1]
sys.path.insert(0, str(PROJECT / "plugins"))

from rich.console import Console  # noqa: E402

from poverty_watch.cli.services import stop_services  # noqa: E402
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

FIRST = Month(2021, 1)  # rules and parameters speak from here on
DATASET, REGISTER = "rural_revitalization", "monitoring_register"
Cells = dict[tuple[str, str], object]
Say = Callable[[str], None]


def compute(settings: Settings, ledger: Ledger, months: list[Month]) -> None:
    """Every month as a recomputed one, in order, step by step."""
    for month in months:
        for department in load_catalogue().departments:
            fetch(department, month, settings, ledger)
            validate(department, month, settings, ledger)
            settle(department, month, settings, ledger)
        for step in (stage, compare, warn):
            step(month, settings, ledger)
        settle_findings(month, settings, ledger, None)
        raise_leads(month, settings, ledger)
        build_report(month, settings, ledger, "recomputed")


def backfill(settings: Settings, _ledger: Ledger, months: list[Month]) -> None:
    """The same by Airflow's own backfill, on the services that are up or are started for it."""
    from poverty_watch.cli.backfill import Wish, backfill_months

    code = backfill_months(Wish(months[0], months[-1], "now", "核对", "样本数据员"), settings)
    if code:
        raise SystemExit(f"the backfill ended with {code}")


@contextmanager
def mail_server() -> Iterator[list[Any]]:
    """What was sent to a server that Airflow knows; its services end with it."""
    from aiosmtpd.controller import Controller

    sent: list[Any] = []

    class Keep:
        async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
            sent.append(envelope.rcpt_tos)
            return "250 OK"

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = Controller(Keep(), "127.0.0.1", port)
    server.start()
    os.environ["AIRFLOW_CONN_POVERTY_WATCH_SMTP"] = (
        f"smtp://127.0.0.1:{port}?from_email=office%40example.org&security=plain"
    )
    try:
        yield sent
    finally:
        server.stop()


def numbers(ledger: Ledger, months: Iterable[Month]) -> dict[Month, int]:
    """The number of every month's newest report."""
    from poverty_watch.report.facts import newest_version

    with ledger.transaction() as session:
        found = {month: newest_version(session, month) for month in months}
    return {month: version.number for month, version in found.items() if version is not None}


def disturbed(settings: Settings, ledger: Ledger) -> list[str]:
    """What recomputing must leave alone, and did not: tasks, and papers for others."""
    from sqlalchemy import func, select

    from poverty_watch.ledger.models import Mailing, Task

    with ledger.transaction() as session:
        counts = {
            kind.__tablename__: session.scalar(select(func.count()).select_from(kind))
            for kind in (Task, Mailing)
        }
    wrong = [f"{count} entries in {name}" for name, count in counts.items() if count]
    for what in ("核实任务", "回执", "比对问题"):
        wrong += [f"{path} was written" for path in settings.outbox.glob(f"*/{what}/*")]
    return wrong


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
    parser.add_argument("--airflow", action="store_true")
    parser.add_argument("--minutes", type=float, default=20.0)
    options = parser.parse_args()
    # Whoever ends the check early still leaves no service running.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    console = Console(highlight=False, soft_wrap=True)
    begun = time.monotonic()

    def say(text: str) -> None:
        console.print(f"[{time.monotonic() - begun:4.0f} s] {text}", markup=False)

    months = list(FIRST.through(FIRST + (options.months - 1)))
    corrected = months[options.corrected - 1]
    with tempfile.TemporaryDirectory(prefix="backfill-check-") as scratch, mail_server() as sent:
        root = Path(scratch)
        generate(
            root / "inbox",
            months[0],
            months[-1],
            options.households,
            1,
            tidy=True,
            file_format="csv",
        )
        homes = _installations(root)
        try:
            recompute = backfill if options.airflow else compute
            wrong = _check(homes, months, corrected, recompute, options.minutes * 60, say)
        finally:
            if options.airflow:
                stop_services(homes[0])
        wrong += [f"a mail to {to}" for to in sent]
    for what in wrong:
        say(f"✗ {what}")
    say("as it should be" if not wrong else f"{len(wrong)} things are wrong")
    return 1 if wrong else 0


def _installations(root: Path) -> list[Settings]:
    """Two with the same keys, each with the county's deliveries in an inbox of its own."""
    homes = [
        Settings(root / name, root / f"inbox-{name}", f"sqlite:///{root / name / 'ledger.sqlite'}")
        for name in ("first", "second")
    ]
    Keyring.open(homes[0].keys)
    shutil.copytree(homes[0].keys, homes[1].keys)
    for home in homes:
        shutil.copytree(root / "inbox", home.inbox)
    return homes


def _check(
    homes: list[Settings],
    months: list[Month],
    corrected: Month,
    recompute: Callable[[Settings, Ledger, list[Month]], None],
    within: float,
    say: Say,
) -> list[str]:
    first, second = (open_ledger(home) for home in homes)
    begun = time.monotonic()
    recompute(homes[0], first, months)
    took = time.monotonic() - begun
    say(f"{len(months)} months computed in {took / 60:.1f} minutes, starting included")
    wrong = [] if took <= within else [f"the months took {took:.0f} s, more than {within:.0f}"]
    before = {month: cells(homes[0], first, month) for month in months}
    standing = numbers(first, months)
    recompute(homes[0], first, months)
    again = [month for month, number in numbers(first, months).items() if standing[month] != number]
    say(f"computed again: {len(again)} new reports")
    wrong += [f"{month}: another report the second time" for month in again]
    for home in homes:
        (file,) = (home.inbox / str(corrected) / DATASET).glob("*.csv")
        told = correct(file)
    say(f"{corrected}: household {told} taken out of the register")
    recompute(homes[0], first, [month for month in months if month >= corrected])
    compute(homes[1], second, months)
    for month in months:
        old, new = before[month], cells(homes[0], first, month)
        right = cells(homes[1], second, month)
        changed = sum(old.get(key) != new.get(key) for key in old.keys() | new.keys())
        differing = sorted(
            key for key in new.keys() | right.keys() if new.get(key) != right.get(key)
        )
        say(f"{month}: {changed} cells changed, {len(differing)} other than they should be")
        wrong += [
            f"{month} {sheet}!{place}: {new.get((sheet, place))} / {right.get((sheet, place))}"
            for sheet, place in differing
        ]
        if month < corrected and changed:
            wrong.append(f"{month}: changed though it lies before the correction")
    return wrong + disturbed(homes[0], first)


if __name__ == "__main__":
    sys.exit(main())
