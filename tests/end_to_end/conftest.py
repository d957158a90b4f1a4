from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from poverty_watch.months import Month
from poverty_watch.sample import generate
from poverty_watch.settings import Settings
from tests.end_to_end.snapshots import snapshot
from tests.end_to_end.three_months import DELIVERIES, MONTHS, run_month

MONTH = "2021-04"
PLANTED = (
    "530501198502290010"  # a day that never was, so that the number is set aside and spoken of
)


def command(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the command line on a home of its own, as a user would."""
    surroundings = {
        k: v for k, v in os.environ.items() if not k.startswith(("AIRFLOW", "POVERTY_WATCH"))
    }
    return subprocess.run(
        [sys.executable, "-m", "poverty_watch.cli", *words],
        env=surroundings | {"POVERTY_WATCH_HOME": str(home), "POVERTY_WATCH_TODAY": "2021-05-10"},
        capture_output=True,
        text=True,
        check=False,
    )


@dataclass(frozen=True)
class TwoRuns:
    """A small county's month, run twice with nothing changed in between."""

    home: Path
    outputs: list[subprocess.CompletedProcess[str]]
    states: list[dict[str, Any]]


@pytest.fixture(scope="session")
def two_runs(tmp_path_factory: pytest.TempPathFactory) -> TwoRuns:
    home = tmp_path_factory.mktemp("county")
    inbox = home / "inbox"
    generate(inbox, Month.parse("2021-04"), Month.parse(MONTH), 500, 7)
    strange = inbox / MONTH / "health"
    strange.mkdir(exist_ok=True)
    # A person's row where the header should be: messages about the layout must not quote it.
    (strange / f"大病_{PLANTED}_更正.csv").write_text(f"样某,{PLANTED}\n", encoding="utf-8")
    (strange / f"{PLANTED}.txt").write_text(PLANTED, encoding="utf-8")
    outputs, states = [], []
    for _ in range(2):
        outputs.append(command(home, "run"))
        states.append(snapshot(home))
    return TwoRuns(home, outputs, states)


@pytest.fixture(scope="session")
def three_months(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """An installation that has run the months whose deliveries lie beside the project."""
    home = tmp_path_factory.mktemp("three_months") / "home"
    settings = Settings(home, DELIVERIES, f"sqlite:///{home}/ledger.sqlite")
    for month in MONTHS:
        run_month(month, settings)
    return settings
