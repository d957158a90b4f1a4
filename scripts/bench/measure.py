"""Measure a part in a process of its own: time, processor time and peak memory."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[2]
Result = dict[str, Any]


class Watch:
    """Times imports and work of one process apart, and knows its peak memory."""

    def __init__(self) -> None:
        self.imports = 0.0
        self.seconds = 0.0
        self.cpu = 0.0

    def importing(self, load: Callable[[], Any]) -> Any:
        """Run something that only imports."""
        started = time.perf_counter()
        result = load()
        self.imports += time.perf_counter() - started
        return result

    def working(self, work: Callable[..., Any], *given: Any, **named: Any) -> Any:
        """Run something that is to be measured."""
        started, cpu = time.perf_counter(), cpu_seconds()
        result = work(*given, **named)
        self.seconds += time.perf_counter() - started
        self.cpu += cpu_seconds() - cpu
        return result

    def result(self, **more: Any) -> Result:
        """What the parent reads."""
        return {
            "seconds": self.seconds,
            "cpu": self.cpu,
            "imports": self.imports,
            "megabytes": peak_megabytes(),
            **more,
        }


def cpu_seconds() -> float:
    """Processor time of this process, its threads and the children that it waited for, so far."""
    own, children = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def peak_megabytes() -> float:
    """The most memory this process has held, in MB.

    getrusage would also count what the parent held when it forked.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii")
    kilobytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
    return int(kilobytes) / 1024


@dataclass(frozen=True)
class Size:
    """What is measured: a county of so many households in a month, and where its files lie.

    ``resumes``: parts that were measured before are not measured again.
    """

    households: int
    seed: int
    month: str
    folder: Path
    resumes: bool = False

    def result(self, part: str) -> Path:
        """Where the last result of a part is kept."""
        name = f"{part}-{self.households}-{self.seed}-{self.month}.json"
        return self.folder / "results" / name


@dataclass(frozen=True)
class Line:
    """A line of the table; ``ratio`` is to the floor or peer that ``against`` names."""

    name: str
    seconds: float
    cpu: float | None = None
    ratio: float | None = None
    against: str = ""
    megabytes: float | None = None
    imports: float | None = None


@dataclass(frozen=True)
class Verdict:
    """A demand and whether it is met."""

    good: bool
    text: str


@dataclass(frozen=True)
class Outcome:
    """What a group has to show."""

    title: str
    lines: list[Line]
    verdicts: list[Verdict]
    notes: list[str] = field(default_factory=list)


Part = Callable[[Size], Result]
Say = Callable[[str], None]


@dataclass(frozen=True)
class Group:
    """What is measured of one room.

    ``parts`` run each in a process of its own; ``run`` makes the county, has them run and judges.
    """

    name: str
    parts: Mapping[str, Part]
    run: Callable[[Size, Say], Outcome]


def in_own_process(group: str, part: str, size: Size, files: Iterable[Path]) -> Result:
    """Run one part in a fresh process, which keeps its result in a file.

    ``files`` are read before, so that no part starts with a colder disk cache than another.
    """
    kept = size.result(f"{group}.{part}")
    if size.resumes and kept.exists():
        found: Result = json.loads(kept.read_text(encoding="utf-8"))
        return found
    for path in files:
        path.read_bytes()
    started = time.perf_counter()
    command = [
        *(sys.executable, "-m", "scripts.bench", "--part", f"{group}.{part}"),
        *("--households", str(size.households), "--seed", str(size.seed)),
        *("--month", size.month, "--folder", str(size.folder)),
    ]
    subprocess.run(
        command,
        stdout=subprocess.DEVNULL,
        check=True,
        cwd=PROJECT,
        env=os.environ | {"PYTHONPATH": str(PROJECT / "plugins")},
    )
    result: Result = json.loads(kept.read_text(encoding="utf-8"))
    result["wall"] = time.perf_counter() - started
    return result
