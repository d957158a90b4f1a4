"""The same month by pandas and by PostgreSQL, each beside ours, on a stated sample of the checks.

The sample is staging and twelve checks of all kinds: sums with a threshold by household type, income
in whole cents, rows that are missing, ages, several measures of one row, last month's delivery, a
whole household, names over all datasets, two sources against each other, pairs of rows, strangers
over all datasets. Each peer reads only the columns that it needs, and gives the same results.

Ours also writes evidence with sentences and places, which no peer does. PostgreSQL runs the SQL files
themselves, transpiled, over tables with indexes that are loaded and analysed beforehand: loading is
not counted. pandas is written for itself, in whole columns.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scripts.bench.lake_county import home_of, lake_county
from scripts.bench.measure import (
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
from scripts.bench.pandas_peer import screen_with_pandas
from scripts.bench.postgres_peer import Postgres
from scripts.bench.screening import lake_files, results_of

SAMPLE = (
    *("W01", "W03", "W05", "W07", "W10", "W13", "W17", "W21"),
    *("C03", "C09", "C13", "C25"),
)
AT_LEAST = 5.0


def _opened(size: Size) -> Any:
    """The month's plan over the county in the lake."""
    from poverty_watch.ledger.store import open_ledger
    from poverty_watch.months import Month
    from poverty_watch.screening.plan import plan_month
    from poverty_watch.settings import Settings

    home = home_of(size)
    settings = Settings(home, home / "inbox", f"sqlite:///{home / 'ledger.sqlite'}")
    return plan_month(Month.parse(size.month), settings, open_ledger(settings))


def part_ours(size: Size) -> Result:
    """Staging and the sample through the library, evidence and all."""
    watch = Watch()

    def load() -> Any:
        import pandas  # noqa: F401

        from poverty_watch.engine import DuckEngine
        from poverty_watch.screening.checks import CheckRunner
        from poverty_watch.screening.staging import run_staging

        return DuckEngine, CheckRunner, run_staging

    engine_type, runner_type, run_staging = watch.importing(load)
    found: list[Any] = []

    def work() -> None:
        plan = _opened(size)
        rules = [file for file in plan.definitions.rules if file.id in SAMPLE]
        comparisons = [file for file in plan.definitions.comparisons if file.id in SAMPLE]
        with engine_type.opened() as engine:
            staged = run_staging(engine, plan.inputs, plan.definitions.staging)
            read = frozenset[str]().union(*(f.relations for f in (*rules, *comparisons)))
            for relation in read - staged.keys():
                engine.attach(relation, plan.inputs.relation(relation))
            definitions = plan.definitions
            runner = runner_type(engine, plan.inputs, plan.parameters, definitions.populations)
            found.append(runner.rules(rules).table)
            found.append(runner.comparisons(comparisons).table)

    watch.working(work)
    hits, findings = (table.to_pandas() for table in found)
    import pandas as pd

    told = pd.concat(
        [
            pd.DataFrame({"check_id": hits["rule_id"], "subject": hits["household_id"]}),
            pd.DataFrame(
                {
                    "check_id": findings["comparison_id"],
                    "subject": findings["subject_id"],
                    "dataset": findings["dataset"],
                }
            ),
        ]
    )
    return watch.result(results=results_of(told))


def part_pandas(size: Size) -> Result:
    """Staging and the sample in pandas."""
    watch = Watch()

    def load() -> Any:
        import pandas as pd

        return pd

    watch.importing(load)
    plan = _opened(size)
    found = watch.working(screen_with_pandas, plan)
    return watch.result(results=results_of(found))


def part_postgres(size: Size) -> Result:
    """Staging and the sample in PostgreSQL; loading is told apart."""
    watch, loading = Watch(), Watch()
    plan = _opened(size)
    with Postgres.started() as server:
        loading.working(server.load, plan, SAMPLE)
        found = watch.working(server.screen, plan, SAMPLE)
    return watch.result(results=results_of(found), loading=loading.seconds)


def _judge(results: Mapping[str, Result]) -> Outcome:
    ours = results["ours"]
    names = {"pandas": "pandas", "postgres": "PostgreSQL"}
    lines = [
        Line("本系统", ours["seconds"], ours["cpu"], None, "", ours["megabytes"], ours["imports"])
    ]
    verdicts, notes = [], []
    for part, name in names.items():
        peer = results[part]
        ratio = peer["seconds"] / ours["seconds"]
        megabytes = peer["megabytes"] if part == "pandas" else None
        lines.append(Line(name, peer["seconds"], peer["cpu"], ratio, "本系统", megabytes))
        verdicts.append(
            Verdict(
                ratio >= AT_LEAST, f"{name} 用时为本系统的 {ratio:.1f} 倍，要求至少 {AT_LEAST:g} 倍"
            )
        )
        differ = [c for c in SAMPLE if peer["results"].get(c) != ours["results"].get(c)]
        verdicts.append(
            Verdict(
                not differ,
                f"{name} 与本系统结果一致的有 {len(SAMPLE) - len(differ)} 项"
                + "".join(
                    f"；{c} 本系统 {ours['results'].get(c)}，{name} {peer['results'].get(c)}"
                    for c in differ
                ),
            )
        )
    notes.append(f"抽取：归户和 {'、'.join(SAMPLE)}；本系统的用时含证据、句子和出处。")
    notes.append(
        f"PostgreSQL 装载、建索引、统计另用 {results['postgres']['loading']:.1f} 秒，不计。"
    )
    return Outcome("与 pandas、PostgreSQL 比", lines, verdicts, notes)


def run(size: Size, say: Say) -> Outcome:
    """Make the lake, measure all three."""
    lake_county(size, say)
    results = {}
    for part in GROUP.parts:
        say(f"正在测量：与 pandas、PostgreSQL 比 {part} ……")
        results[part] = in_own_process("peers", part, size, lake_files(size))
    return _judge(results)


GROUP = Group("peers", {"ours": part_ours, "pandas": part_pandas, "postgres": part_postgres}, run)
