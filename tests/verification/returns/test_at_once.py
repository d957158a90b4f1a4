"""Many returns at once, a large one, and one whose process is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import func, select

from poverty_watch.ledger.audit import verify
from poverty_watch.ledger.models import Case, CaseStep, SheetReturn, Task, TaskAnswer
from tests.verification.returns.conftest import Desktop, Sheet, household

TAKE = """
import sys
from datetime import date
from pathlib import Path
from poverty_watch.ledger.store import open_ledger
from poverty_watch.months import Month
from poverty_watch.settings import Settings
from poverty_watch.verification.cases.carrying import Desk
from poverty_watch.verification.returns import take_return
home, url, *paths = sys.argv[1:]
settings = Settings(Path(home), Path(home), url)
desk = Desk(settings, open_ledger(settings), date(2021, 5, 14))
print("ready", flush=True)
sys.stdin.readline()
for path in paths:
    print(take_return(Path(path), desk, Month(2021, 4)).counts, flush=True)
"""


def process(desktop: Desktop, *paths: Path) -> subprocess.Popen[str]:
    """Another process that takes these returns in, once it is told to."""
    home, url = str(desktop.settings.home), desktop.settings.ledger_url
    started = subprocess.Popen(
        [sys.executable, "-c", TAKE, home, url, *map(str, paths)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert started.stdout is not None
    assert started.stdout.readline() == "ready\n"
    return started


def count(desktop: Desktop, table: type) -> int:
    with desktop.ledger.transaction() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_ten_returns_at_once_lose_nothing(desktop: Desktop) -> None:
    """Nine parts of a township's sheet that overlap, and one of them twice."""
    (path,) = desktop.send_out((household(f"R:{n}") for n in range(1, 41)), "W01")
    paths = []
    for part in range(9):
        sheet = Sheet(path)
        sheet.fill_all()
        rows = sheet.rows()
        for number in sorted(rows, key=int, reverse=True):
            # Neighbouring parts have households in common.
            if not part * 4 < int(number) <= part * 4 + 8:
                sheet.sheet.delete_rows(rows[number])
        paths.append(sheet.save(f"报回{part}.xlsx"))
    started = [process(desktop, path) for path in [*paths, paths[0]]]
    for one in started:
        assert one.stdin is not None
        one.stdin.write("\n")
        one.stdin.flush()
    errors = [one.communicate(timeout=180)[1] for one in started]
    assert [one.returncode for one in started] == [0] * 10, errors
    assert set(desktop.outcomes().values()) == {"confirmed"}
    desktop.holds()
    tables = (Task, Case, TaskAnswer, SheetReturn)
    assert [count(desktop, table) for table in tables] == [40, 40, 40, 9]
    assert count(desktop, CaseStep) == 40
    assert verify(desktop.ledger, desktop.settings).is_sound


@pytest.mark.parametrize("delay", [0.0, 0.05, 0.3, 0.8])
def test_killed_while_taking_in_is_all_or_nothing(desktop: Desktop, delay: float) -> None:
    (path,) = desktop.send_out((household(f"R:{n}") for n in range(1, 201)), "W01")
    sheet = Sheet(path)
    sheet.fill_all()
    path = sheet.save()
    killed = process(desktop, path)
    assert killed.stdin is not None
    killed.stdin.write("\n")
    killed.stdin.flush()
    time.sleep(delay)
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait(timeout=30)
    tables = (TaskAnswer, Case, CaseStep)
    assert {count(desktop, table) for table in tables} in ({0}, {200})
    outcome = desktop.take(path)
    assert outcome.counts == {"taken": 200}
    assert outcome.answer.is_file()
    assert [count(desktop, table) for table in tables] == [200] * 3
    assert verify(desktop.ledger, desktop.settings).is_sound
