"""Measure all groups or some, print one table, and end with 1 where a demand is not met.

python -m scripts.bench [intake screening …] [--households 100000] [--seed 1]

A long bench can be cut: ``--part intake.xlsx`` measures that part alone and keeps the result;
``--resume`` then measures only what is still missing.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "plugins"))

from scripts.bench import board, desk, intake, large, peers, screening
from scripts.bench.measure import Group, Outcome, Size

GROUPS: dict[str, Group] = {
    module.GROUP.name: module.GROUP for module in (intake, screening, peers, large, desk, board)
}


def _table(outcomes: list[Outcome], households: int) -> Any:
    from rich.table import Table

    table = Table(title=f"{households:,} 户样例县一个月的用时与内存")
    for heading in ("步骤", "秒", "处理器 秒", "倍数", "相对于", "峰值内存 MB", "导入另计 秒"):
        table.add_column(heading, justify="left" if heading in ("步骤", "相对于") else "right")

    def shown(value: float | None, form: str) -> str:
        return "" if value is None else format(value, form)

    for outcome in outcomes:
        table.add_section()
        table.add_row(f"[bold]{outcome.title}")
        for line in outcome.lines:
            table.add_row(
                line.name,
                f"{line.seconds:.2f}",
                shown(line.cpu, ".2f"),
                shown(line.ratio, ".2f"),
                line.against,
                shown(line.megabytes, ".0f"),
                shown(line.imports, ".2f"),
            )
    return table


def main() -> int:
    """Measure; or run one part where the parent asks for it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("groups", nargs="*", metavar="group", help="、".join(GROUPS))
    parser.add_argument("--only", choices=GROUPS, action="append")
    parser.add_argument("--households", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--month", default="2021-04")
    parser.add_argument("--part")
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    from poverty_watch.settings import Settings

    folder = given.folder or Settings.from_environment().home / "bench"
    size = Size(given.households, given.seed, given.month, folder, given.resume)
    if given.part:
        group, _, part = given.part.partition(".")
        result = json.dumps(GROUPS[group].parts[part](size))
        kept = size.result(given.part)
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(result, encoding="utf-8")
        sys.stdout.write(result + "\n")
        return 0
    from rich.console import Console

    console = Console()
    wanted = [*given.groups, *(given.only or [])] or list(GROUPS)
    if unknown := [name for name in wanted if name not in GROUPS]:
        parser.error(f"没有“{'、'.join(unknown)}”，可以写：{'、'.join(GROUPS)}")
    outcomes = [GROUPS[name].run(size, console.print) for name in wanted]
    console.print(_table(outcomes, size.households))
    for outcome in outcomes:
        for note in outcome.notes:
            console.print(f"  {note}", highlight=False)
    verdicts = [verdict for outcome in outcomes for verdict in outcome.verdicts]
    for verdict in verdicts:
        console.print(f"{'达标' if verdict.good else '未达标'}：{verdict.text}", highlight=False)
    return 0 if all(verdict.good for verdict in verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
