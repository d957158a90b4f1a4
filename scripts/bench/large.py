"""A prefecture instead of a county: fourteen times as many households, through the same steps."""

from __future__ import annotations

from dataclasses import replace

from scripts.bench.lake_county import lake_county
from scripts.bench.measure import Group, Line, Outcome, Say, Size, Verdict, in_own_process
from scripts.bench.screening import lake_files

TIMES = 14
MOST_SECONDS = 60
MOST_MEGABYTES = 8 * 1024
MOST_GROWTH = 1.10


def run(size: Size, say: Say) -> Outcome:
    """Screen the county and the large one; the large one is generated straight to the lake."""
    large = replace(size, households=size.households * TIMES)
    results = {}
    for one in (size, large):
        lake_county(one, say)
        say(f"正在测量：比对和规则，{one.households:,} 户 ……")
        results[one.households] = in_own_process("screening", "screen", one, lake_files(one))
    small, big = results[size.households], results[large.households]
    growth = big["seconds"] / TIMES / small["seconds"]
    lines = [
        Line(
            f"归户 + 比对 + 规则，{households:,} 户",
            result["seconds"],
            result["cpu"],
            growth if result is big else None,
            "每户，对小县" if result is big else "",
            result["megabytes"],
            result["imports"],
        )
        for households, result in results.items()
    ]
    verdicts = [
        Verdict(
            big["seconds"] <= MOST_SECONDS and big["megabytes"] <= MOST_MEGABYTES,
            f"{large.households:,} 户用 {big['seconds']:.1f} 秒、{big['megabytes'] / 1024:.1f} GB，"
            f"要求不超过 {MOST_SECONDS} 秒、{MOST_MEGABYTES // 1024} GB",
        ),
        Verdict(
            growth <= MOST_GROWTH,
            f"户数增加 {TIMES} 倍，每户用时为原来的 {growth:.2f}，要求不超过 {MOST_GROWTH}",
        ),
    ]
    return Outcome("大县（比对和规则）", lines, verdicts, [big["said"]])


GROUP = Group("large", {}, run)
