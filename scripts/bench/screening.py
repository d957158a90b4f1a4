"""Staging, comparisons and rules against hand-written SQL over the same Parquet."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scripts.bench.lake_county import home_of, lake_county
from scripts.bench.measure import (
    PROJECT,
    Group,
    Line,
    Outcome,
    Result,
    Say,
    Size,
    Verdict,
    Watch,
    in_own_process,
)

MOST_TIMES_THE_FLOOR = 2.0
FLOOR = PROJECT / "scripts" / "bench_floor.sql"


def _lake_files(size: Size) -> dict[str, Path]:
    lake = home_of(size) / "lake"
    return {
        path.parents[2].name: path
        for path in sorted(lake.glob(f"*/{size.month}/v*/accepted.parquet"))
    }


def part_floor(size: Size) -> Result:
    """Floor: the hand-written query over the Parquet of the lake."""
    watch = Watch()

    def load() -> Any:
        import duckdb

        return duckdb

    duckdb = watch.importing(load)
    from poverty_watch.months import Month

    when = Month.parse(size.month)

    def query() -> list[tuple[str, str]]:
        connection = duckdb.connect()
        for dataset, path in _lake_files(size).items():
            connection.read_parquet(str(path)).create_view(dataset)
        bound = {"month_end": when.last_day, "year_start": when.first_day.replace(month=1)}
        text = FLOOR.read_text(encoding="utf-8")
        rows: list[tuple[str, str]] = connection.execute(text, bound).fetchall()
        return rows

    found = watch.working(query)
    counts: dict[str, int] = {}
    for check, _ in found:
        counts[check] = counts.get(check, 0) + 1
    return watch.result(counts=counts)


def part_screen(size: Size) -> Result:
    """Stage, compare and warn through the library, in one process."""
    watch = Watch()

    def load() -> tuple[Any, ...]:
        from poverty_watch.ledger.store import open_ledger
        from poverty_watch.months import Month
        from poverty_watch.screening import steps
        from poverty_watch.settings import Settings

        return open_ledger, Month, steps, Settings

    open_ledger, month_type, steps, settings_type = watch.importing(load)
    home = home_of(size)
    settings = settings_type(home, home / "inbox", f"sqlite:///{home / 'ledger.sqlite'}")
    ledger = open_ledger(settings)
    when = month_type.parse(size.month)
    shutil.rmtree(settings.lake / "screening", ignore_errors=True)

    def screen() -> dict[str, int]:
        steps.stage(when, settings, ledger)
        found: dict[str, int] = dict(steps.compare(when, settings, ledger).counts)
        return found | steps.warn(when, settings, ledger).counts

    counts = watch.working(screen)
    return watch.result(counts=counts)


def _judge(results: Mapping[str, Result]) -> Outcome:
    floor, screen = results["floor"], results["screen"]
    ratio = screen["seconds"] / floor["seconds"]
    lines = [
        Line("底线：手写查询", floor["seconds"], floor["cpu"], None, "", floor["megabytes"]),
        Line(
            "归户 + 比对 + 规则",
            screen["seconds"],
            screen["cpu"],
            ratio,
            "底线",
            screen["megabytes"],
            screen["imports"],
        ),
    ]
    by_hand = floor["counts"]
    found = "，".join(f"{c} {screen['counts'].get(c, 0)}/{by_hand[c]}" for c in sorted(by_hand))
    verdict = Verdict(
        ratio <= MOST_TIMES_THE_FLOOR,
        f"归户、比对、规则为手写查询的 {ratio:.2f} 倍，要求不超过 {MOST_TIMES_THE_FLOOR} 倍（导入另计）",
    )
    return Outcome("比对和规则", lines, [verdict], [f"程序所得/手写查询所得：{found}"])


def run(size: Size, say: Say) -> Outcome:
    """Make the lake, measure all parts."""
    lake_county(size, say)
    results = {}
    for part in GROUP.parts:
        say(f"正在测量：比对和规则 {part} ……")
        results[part] = in_own_process("screening", part, size, _lake_files(size).values())
    return _judge(results)


GROUP = Group("screening", {"floor": part_floor, "screen": part_screen}, run)
