"""Kill a run at random moments, repeat it, and compare the outcome with that of a run left alone.

    .venv/bin/python scripts/kill_test.py [--kills 10] [--households 500] [--seed 1]

A synthetic county is generated; one home runs its month undisturbed. Then, for every kill, a fresh
home with the same keys starts the same run, gets SIGKILL after a random while, and repeats the same
command. Compared by content are all ledger rows, lake tables, workbook cells and exports. Exit code
1 if anything differs, or if a process outlived the kill.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROJECT = Path(__file__).parents[1]
sys.path.insert(0, str(PROJECT))

from rich.console import Console  # noqa: E402
from rich.table import Table  # noqa: E402
from tests.end_to_end.snapshots import differences, snapshot  # noqa: E402

from poverty_watch.months import Month  # noqa: E402
from poverty_watch.sample import generate  # noqa: E402

MONTH = Month(2021, 4)
EARLIEST = 0.5  # seconds


def started(home: Path, inbox: Path) -> subprocess.Popen[bytes]:
    """The run, as a process."""
    surroundings = {k: v for k, v in os.environ.items() if not k.startswith("POVERTY_WATCH")}
    return subprocess.Popen(
        [
            sys.executable,
            "-m",
            "poverty_watch.cli",
            "run",
            "--month",
            str(MONTH),
            "--inbox",
            str(inbox),
        ],
        env=surroundings | {"POVERTY_WATCH_HOME": str(home), "POVERTY_WATCH_TODAY": "2021-05-10"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def survivors(home: Path) -> list[int]:
    """Processes that still work on a home."""
    marker = f"POVERTY_WATCH_HOME={home}".encode()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if marker in (process / "environ").read_bytes().split(b"\0"):
                found.append(int(process.name))
        except OSError:
            continue
    return found


def stage_reached(home: Path) -> str:
    """The last thing that tasks told before the kill."""
    told = sorted((home / "airflow" / "logs" / "runs").glob("*.jsonl"))
    lines = told[-1].read_text("utf-8").splitlines() if told else []
    return lines[-1].split('"task": "')[1].split('"')[0] if lines else "before the first task"


def main() -> int:
    """Run everything and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--households", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    console = Console()
    table = Table(
        "kill", "after", "while in", "left running", "repeat", "differs from an undisturbed run"
    )
    good = True
    with tempfile.TemporaryDirectory(prefix="kill-test-") as scratch:
        root = Path(scratch)
        inbox, calm = root / "inbox", root / "calm"
        generate(inbox, MONTH, MONTH, options.households, options.seed)
        begun = time.monotonic()
        if started(calm, inbox).wait():
            console.print("the undisturbed run failed", style="red")
            return 1
        whole = time.monotonic() - begun
        expected = snapshot(calm)
        console.print(f"undisturbed run: {whole:.0f} s, {len(expected)} things compared")
        moments = random.Random(options.seed)
        for number in range(1, options.kills + 1):
            home = root / f"killed-{number}"
            shutil.copytree(calm / "keys", home / "keys")
            moment = moments.uniform(EARLIEST, whole)
            process = started(home, inbox)
            time.sleep(moment)
            process.send_signal(signal.SIGKILL)
            process.wait()
            time.sleep(1)
            left, reached = survivors(home), stage_reached(home)
            code = started(home, inbox).wait()
            differing = differences(expected, snapshot(home))
            good = good and not left and not code and not differing
            table.add_row(
                str(number),
                f"{moment:.1f} s",
                reached,
                str(len(left)),
                f"exit {code}",
                ", ".join(differing) or "nothing",
            )
            console.print(
                f"kill {number} at {moment:.1f} s ({reached}): differs in {differing or 'nothing'}"
            )
            shutil.rmtree(home)
    console.print(table)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
