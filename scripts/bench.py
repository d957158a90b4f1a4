"""What a month of a county of 100,000 households costs, as ratios to floors measured beside it.

Every part runs once, in a fresh process, on the same files, after all of them were read once so
that none starts with a colder disk cache. Floors: a bare calamine parse of the same workbooks, one
hand-written DuckDB query (``bench_floor.sql``) over the same Parquet. Imports are timed apart: they
are the same for one household and a hundred thousand.

    python scripts/bench.py [--households 100000] [--seed 1] [--month 2021-04]
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT / "plugins"))

DATASETS = (
    "hukou_register", "monitoring_register", "deaths", "medical_expenses", "medical_enrolment",
    "social_assistance", "disability_certificates", "housing_safety", "microcredit", "property",
    "vehicles",
)  # fmt: skip
"""The datasets that are measured; the floors read the very same."""

MOST_TIMES_THE_FLOOR = 2.5
MOST_MEGABYTES = 3072
Result = dict[str, Any]


class Watch:
    """Times imports and work of one process apart, and knows its peak memory."""

    def __init__(self) -> None:
        self.imports = 0.0
        self.seconds = 0.0

    def importing(self, load: Callable[[], Any]) -> Any:
        """Run something that only imports."""
        started = time.perf_counter()
        result = load()
        self.imports += time.perf_counter() - started
        return result

    def working(self, work: Callable[..., Any], *given: Any, **named: Any) -> Any:
        """Run something that is to be measured."""
        started = time.perf_counter()
        result = work(*given, **named)
        self.seconds += time.perf_counter() - started
        return result

    def result(self, **more: Any) -> Result:
        """What the parent reads."""
        return {"seconds": self.seconds, "imports": self.imports, "megabytes": _peak(), **more}


def _peak() -> float:
    """The most memory this process has held, in MB.

    getrusage would also count what the parent held when it forked.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii")
    kilobytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
    return int(kilobytes) / 1024


def _workbooks(inbox: Path, month: str) -> list[Path]:
    return sorted((inbox / month).glob("*/*.xlsx"))


def _settings(bench: Path) -> Any:
    from poverty_watch.settings import Settings

    home = bench / "run"
    return Settings(home, bench / "inbox", f"sqlite:///{home / 'ledger.sqlite'}")


def part_parse(bench: Path, month: str) -> Result:
    """Floor: every cell of every workbook, parsed and dropped."""
    watch = Watch()

    def load() -> Any:
        import python_calamine

        return python_calamine

    calamine = watch.importing(load)

    def parse() -> int:
        rows = 0
        for path in _workbooks(bench / "inbox", month):
            book = calamine.CalamineWorkbook.from_path(path)
            for name in book.sheet_names:
                rows += len(book.get_sheet_by_name(name).to_python(skip_empty_area=False))
        return rows

    rows = watch.working(parse)
    return watch.result(rows=rows)


def part_intake(bench: Path, month: str) -> Result:
    """Fetch, validate and settle all departments; reading and judging timed apart from storing."""
    watch = Watch()

    def load() -> tuple[Any, ...]:
        import great_expectations  # noqa: F401
        import pandas  # noqa: F401

        from poverty_watch.contracts import load_catalogue
        from poverty_watch.intake import judgement, steps, suites
        from poverty_watch.ledger.store import open_ledger
        from poverty_watch.months import Month

        return load_catalogue, judgement, steps, suites, open_ledger, Month

    load_catalogue, judgement, steps, _, open_ledger, month_type = watch.importing(load)
    reading, judging = Watch(), Watch()
    read_sheets, judge = judgement.read_sheets, judgement.judge_submission
    judgement.read_sheets = partial(reading.working, read_sheets)
    judgement.judge_submission = partial(judging.working, judge)
    settings = _settings(bench)
    shutil.rmtree(settings.home, ignore_errors=True)
    settings.home.mkdir(parents=True)
    ledger = open_ledger(settings)
    when = month_type.parse(month)
    catalogue = load_catalogue()
    owing = sorted({catalogue.department_of(dataset).id for dataset in DATASETS})

    def take_in() -> list[str]:
        said = []
        for department in owing:
            steps.fetch(department, when, settings, ledger)
            steps.validate(department, when, settings, ledger)
            said.append(steps.settle(department, when, settings, ledger).summary)
        return said

    said = watch.working(take_in)
    return watch.result(reading=reading.seconds, judging=judging.seconds, said=said)


def _lake_files(bench: Path, month: str) -> dict[str, Path]:
    lake = bench / "run" / "lake"
    return {
        path.parents[2].name: path
        for path in sorted(lake.glob(f"*/{month}/v*/accepted.parquet"))
        if path.parents[2].name in DATASETS
    }


def part_query(bench: Path, month: str) -> Result:
    """Floor: the hand-written query over the Parquet that intake left."""
    watch = Watch()

    def load() -> Any:
        import duckdb

        return duckdb

    duckdb = watch.importing(load)
    from poverty_watch.months import Month

    when = Month.parse(month)
    text = (PROJECT / "scripts" / "bench_floor.sql").read_text(encoding="utf-8")

    def query() -> list[tuple[str, str]]:
        connection = duckdb.connect()
        for dataset, path in _lake_files(bench, month).items():
            connection.read_parquet(str(path)).create_view(dataset)
        bound = {"month_end": when.last_day, "year_start": when.first_day.replace(month=1)}
        rows: list[tuple[str, str]] = connection.execute(text, bound).fetchall()
        return rows

    found = watch.working(query)
    counts: dict[str, int] = {}
    for check, _ in found:
        counts[check] = counts.get(check, 0) + 1
    return watch.result(counts=counts)


def part_screen(bench: Path, month: str) -> Result:
    """Stage, compare and warn through the library."""
    watch = Watch()

    def load() -> tuple[Any, ...]:
        from poverty_watch.ledger.store import open_ledger
        from poverty_watch.months import Month
        from poverty_watch.screening import steps

        return open_ledger, Month, steps

    open_ledger, month_type, steps = watch.importing(load)
    settings = _settings(bench)
    ledger = open_ledger(settings)
    when = month_type.parse(month)
    shutil.rmtree(settings.lake / "screening", ignore_errors=True)

    def screen() -> dict[str, int]:
        steps.stage(when, settings, ledger)
        found: dict[str, int] = dict(steps.compare(when, settings, ledger).counts)
        return found | steps.warn(when, settings, ledger).counts

    counts = watch.working(screen)
    return watch.result(counts=counts)


PARTS = {"parse": part_parse, "intake": part_intake, "query": part_query, "screen": part_screen}


def _source_hash() -> str:
    digest = hashlib.sha256()
    for path in sorted((PROJECT / "plugins" / "poverty_watch" / "sample").glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _county(home: Path, households: int, seed: int, month: str, say: Callable[[str], None]) -> Path:
    """The bench's folder with its county, made once per size, seed, month and generator."""
    from poverty_watch.months import Month
    from poverty_watch.sample import generate

    bench = home / "bench" / f"{households}-{seed}-{month}-{_source_hash()}"
    if not (bench / "inbox").is_dir():
        when = Month.parse(month)
        generate(
            bench / "inbox",
            when,
            when,
            households,
            seed,
            tidy=True,
            progress=say,
            datasets=DATASETS,
        )
    return bench


def _run(part: str, bench: Path, month: str) -> Result:
    for path in [*_workbooks(bench / "inbox", month), *_lake_files(bench, month).values()]:
        path.read_bytes()
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, __file__, "--part", part, "--bench", str(bench), "--month", month],
        stdout=subprocess.PIPE,
        check=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(PROJECT / "plugins")},
    )
    result: Result = json.loads(done.stdout.splitlines()[-1])
    result["wall"] = time.perf_counter() - started
    return result


def _report(results: dict[str, Result], console: Any) -> bool:
    from rich.table import Table

    parse, query = results["parse"]["seconds"], results["query"]["seconds"]
    intake, screen = results["intake"], results["screen"]
    reading = intake["reading"]
    judging = intake["judging"] - reading
    storing = intake["seconds"] - intake["judging"]
    table = Table(title="十万户样例县一个月的用时与内存")
    for heading in ("步骤", "秒", "相对底线", "峰值内存 MB", "导入另计 秒"):
        table.add_column(heading, justify="left" if heading == "步骤" else "right")

    def row(name: str, seconds: float, floor: float | None, of: Result | None) -> None:
        table.add_row(
            name,
            f"{seconds:.2f}",
            f"{seconds / floor:.2f} 倍" if floor else "底线" if of else "",
            f"{of['megabytes']:.0f}" if of else "同上",
            f"{of['imports']:.2f}" if of else "同上",
        )

    row("底线一：只解析工作簿", parse, None, results["parse"])
    row("读取", reading, parse, intake)
    row("规范 + 校验", judging, parse, None)
    row("底线二：手写查询", query, None, results["query"])
    row("比对 + 规则", screen["seconds"], query, screen)
    whole = intake["judging"] + screen["seconds"]
    table.add_section()
    row("合计", whole, parse + query, None)
    row("另：留存原件、密存、入湖、登记", storing, None, None)
    console.print(table)
    ratio = whole / (parse + query)
    peak = max(intake["megabytes"], screen["megabytes"])
    for dataset_line in intake["said"]:
        console.print(f"  {dataset_line}", highlight=False)
    by_hand = results["query"]["counts"]
    checks = sorted(by_hand.keys() | screen["counts"].keys())
    found = "，".join(
        f"{c} {screen['counts'].get(c, 0)}/{by_hand.get(c, 0)}" for c in checks if c in by_hand
    )
    console.print(f"程序所得/手写查询所得：{found}", highlight=False)
    good_time, good_memory = ratio <= MOST_TIMES_THE_FLOOR, peak <= MOST_MEGABYTES
    console.print(
        f"{'达标' if good_time else '未达标'}：合计为底线之和的 {ratio:.2f} 倍，要求不超过 {MOST_TIMES_THE_FLOOR} 倍（导入另计）"
    )
    console.print(
        f"{'达标' if good_memory else '未达标'}：峰值内存 {peak:.0f} MB，要求不超过 {MOST_MEGABYTES} MB"
    )
    return bool(good_time and good_memory)


def main() -> int:
    """Measure all parts, or one where the parent asks for it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--households", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--month", default="2021-04")
    parser.add_argument("--part", choices=PARTS)
    parser.add_argument("--bench", type=Path)
    given = parser.parse_args()
    if given.part:
        sys.stdout.write(json.dumps(PARTS[given.part](given.bench, given.month)) + "\n")
        return 0
    from rich.console import Console

    from poverty_watch.settings import Settings

    console = Console()
    home = Settings.from_environment().home
    bench = _county(home, given.households, given.seed, given.month, console.print)
    results = {}
    for part in PARTS:
        console.print(f"正在测量：{part} ……")
        results[part] = _run(part, bench, given.month)
    return 0 if _report(results, console) else 1


if __name__ == "__main__":
    sys.exit(main())
