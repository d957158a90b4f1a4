"""Many returns at once, a large one, and one whose process is killed."""

from __future__ import annotations

import os
import signal
import time
import traceback
from pathlib import Path

import pytest
from sqlalchemy import func, select

from poverty_watch.ledger import store
from poverty_watch.ledger.audit import verify
from poverty_watch.ledger.models import Case, CaseStep, SheetReturn, Task, TaskAnswer
from poverty_watch.verification.cases.carrying import Desk
from poverty_watch.verification.returns import take_return
from tests.verification.conftest import APRIL
from tests.verification.returns.conftest import TODAY, Desktop, Sheet, household


def process(desktop: Desktop, path: Path, gate: Path) -> int:
    """Another process that takes the return in once the gate is there; its number."""
    number = os.fork()
    if number:
        return number
    try:
        # A connection is not shared by two processes.
        store._opened.cache_clear()
        ledger = store.open_ledger(desktop.settings)
        while not gate.exists():
            time.sleep(0.005)
        take_return(path, Desk(desktop.settings, ledger, TODAY), APRIL)
        os._exit(0)
    except BaseException:
        traceback.print_exc()
        os._exit(1)


def count(desktop: Desktop, table: type) -> int:
    with desktop.ledger.transaction() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_ten_returns_at_once_lose_nothing(desktop: Desktop, tmp_path: Path) -> None:
    """Nine parts of a township's sheet that overlap, and one of them twice."""
    (path,) = desktop.send_out((household(f"R:{n}") for n in range(1, 41)), "W01")
    paths = []
    for part in range(9):
        sheet = Sheet(path)
        sheet.fill_all()
        rows = sheet.rows()
        for number in sorted(rows, key=rows.__getitem__, reverse=True):
            # Neighbouring parts have households in common.
            if not part * 4 < int(number) <= part * 4 + 8:
                sheet.sheet.delete_rows(rows[number])
        paths.append(sheet.save(f"报回{part}.xlsx"))
    gate = tmp_path / "gate"
    started = [process(desktop, path, gate) for path in [*paths, paths[0]]]
    gate.touch()
    assert [os.waitpid(number, 0)[1] for number in started] == [0] * 10
    assert set(desktop.outcomes().values()) == {"confirmed"}
    desktop.holds()
    tables = (Task, Case, TaskAnswer, SheetReturn)
    assert [count(desktop, table) for table in tables] == [40, 40, 40, 9]
    assert count(desktop, CaseStep) == 40
    assert verify(desktop.ledger, desktop.settings).is_sound


@pytest.mark.parametrize("delay", [0.0, 0.05, 0.3, 0.8])
def test_killed_while_taking_in_is_all_or_nothing(
    desktop: Desktop, tmp_path: Path, delay: float
) -> None:
    (path,) = desktop.send_out((household(f"R:{n}") for n in range(1, 201)), "W01")
    sheet = Sheet(path)
    sheet.fill_all()
    path = sheet.save()
    gate = tmp_path / "gate"
    gate.touch()
    killed = process(desktop, path, gate)
    time.sleep(delay)
    os.kill(killed, signal.SIGKILL)
    os.waitpid(killed, 0)
    tables = (TaskAnswer, Case, CaseStep)
    assert {count(desktop, table) for table in tables} in ({0}, {200})
    outcome = desktop.take(path)
    assert outcome.counts == {"taken": 200}
    assert outcome.answer.is_file()
    assert [count(desktop, table) for table in tables] == [200] * 3
    assert verify(desktop.ledger, desktop.settings).is_sound
