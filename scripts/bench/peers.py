"""Staging and all checks by this program, by pandas and by PostgreSQL, in the same run.

What is the same: from the accepted rows of the lake, who lives where and, for
all 52 checks, every row that tells of a hit or finding, with whose it is, its severity, the measured
values of both sides and the place of the row in its file. All three are compared in these.

What is left out on all sides: gathering those rows into one piece of evidence per hit with its
Chinese sentence, counting who could have been hit, and writing to the lake. Neither peer has a
counterpart for it. The bench of screening measures it with the rest; how long the whole takes is told
beside.

PostgreSQL runs the SQL files themselves, transpiled, over tables that are loaded, indexed and analysed
beforehand: that is not counted. What it finds stays in tables of the server. pandas is written for
itself, from the catalogue, and leaves out the texts around the values, which the SQL files make.
For all three the month is planned beforehand: the SQL files are read, deliveries and parameters chosen.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from scripts.bench.found import COLUMNS, results_of
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
from scripts.bench.postgres_peer import Postgres
from scripts.bench.screening import lake_files, part_screen

AT_LEAST = 5.0
CHECKS = 52
_STAGED = {
    "persons": ("person_id", "household_id", "died_on"),
    "members": ("person_id", "household_id", "age", "joined_through"),
    "households": ("household_id", "head_person_id", "township", "village", "living_members"),
}
"""What is compared of who lives where."""


def _planned(size: Size) -> Any:
    """The month's plan over the county in the lake."""
    from poverty_watch.ledger.store import open_ledger
    from poverty_watch.months import Month
    from poverty_watch.screening.plan import plan_month
    from poverty_watch.settings import Settings

    home = home_of(size)
    settings = Settings(home, home / "inbox", f"sqlite:///{home / 'ledger.sqlite'}")
    return plan_month(Month.parse(size.month), settings, open_ledger(settings))


def part_ours(size: Size) -> Result:
    """Staging and the rows of all checks through the library."""
    watch = Watch()

    def load() -> Any:
        import pandas  # noqa: F401

        from poverty_watch.engine import DuckEngine
        from poverty_watch.screening.checks import CheckRunner
        from poverty_watch.screening.staging import run_staging

        return DuckEngine, CheckRunner, run_staging

    engine_type, runner_type, run_staging = watch.importing(load)
    plan = _planned(size)
    with engine_type.opened() as engine:
        rows = watch.working(_rows_of_all, plan, engine, runner_type, run_staging)
        staged = [
            _frame(engine.run(f"select {', '.join(columns)} from {table}", {}))
            for table, columns in _STAGED.items()
        ]
    files = (*plan.definitions.comparisons, *plan.definitions.rules)
    tables = ((file, _frame(table)) for file, table in zip(files, rows, strict=True))
    return watch.result(results=_results(tables, staged))


def _rows_of_all(plan: Any, engine: Any, runner_type: Any, run_staging: Any) -> list[Any]:
    from poverty_watch.engine import Text

    inputs, definitions = plan.inputs, plan.definitions
    files = (*definitions.comparisons, *definitions.rules)
    staged = run_staging(engine, inputs, definitions.staging)
    for relation in frozenset[str]().union(*(file.relations for file in files)) - staged.keys():
        engine.attach(relation, inputs.relation(relation))
    runner = runner_type(engine, inputs, plan.parameters, definitions.populations)
    found: list[Any] = engine.run_all(
        [Text(file.sql, runner.bound(file), file.id) for file in files]
    )
    return found


def _frame(table: Any) -> Any:
    """A table whose ids stay whole numbers where some are blank."""
    return table.to_pandas(integer_object_nulls=True)


def part_whole(size: Size) -> Result:
    """The program as it runs every month: evidence, sentences and writing too."""
    return part_screen(size)


def part_pandas(size: Size) -> Result:
    """Staging and all checks in pandas."""
    watch = Watch()

    def load() -> Any:
        from scripts.bench.pandas_peer import screen_with_pandas

        return screen_with_pandas

    screen = watch.importing(load)
    people, found = watch.working(screen, _planned(size))
    households = people.households.rename(columns={"person_id": "head_person_id"})
    staged = [people.persons, people.members, households]
    return watch.result(results=results_of(found) | _staged_results(staged))


def part_postgres(size: Size) -> Result:
    """Staging and all checks in PostgreSQL; loading is told apart."""
    watch, loading = Watch(), Watch()
    plan = _planned(size)
    with Postgres.started() as server:
        loading.working(server.load, plan)
        watch.working(server.screen)
        tables = ((file, server.rows(f"found_{file.id}")) for file in server.checks)
        staged = [server.rows(table)[[*columns]] for table, columns in _STAGED.items()]
        results = _results(tables, staged)
    return watch.result(results=results, loading=loading.seconds)


def _results(tables: Iterable[tuple[Any, Any]], staged: Iterable[Any]) -> dict[str, list[int]]:
    """The results of tables that the SQL files gave."""
    import pandas as pd

    found = pd.concat(list(_told(tables)), ignore_index=True)
    return results_of(found) | _staged_results(staged)


def _told(tables: Iterable[tuple[Any, Any]]) -> Iterator[Any]:
    subjects = {"person": "person_id", "household": "household_id"}
    for file, rows in tables:
        kind = getattr(file.header, "subject", "household")
        told = rows.assign(check_id=file.id, subject=rows[subjects.get(kind, "name")])
        if kind not in subjects:
            told["person_id"] = None
        yield told.reindex(columns=COLUMNS).astype(object)


def _staged_results(staged: Iterable[Any]) -> dict[str, list[int]]:
    """The results of the tables of who lives where."""
    import pandas as pd

    found: dict[str, list[int]] = {}
    for (table, columns), rows in zip(_STAGED.items(), staged, strict=True):
        told = rows[[*columns]].set_axis(COLUMNS[1 : len(columns) + 1], axis=1).astype(object)
        if "died_on" in columns:
            told["person_id"] = pd.to_datetime(told["person_id"]).dt.strftime("%Y-%m-%d")
        found |= results_of(told.assign(check_id=table))
    return found


def _judge(results: Mapping[str, Result]) -> Outcome:
    ours, whole = results["ours"], results["whole"]
    lines = [
        Line("本系统", ours["seconds"], ours["cpu"], None, "", ours["megabytes"], ours["imports"])
    ]
    verdicts, notes = [], []
    for part, name in {"pandas": "pandas", "postgres": "PostgreSQL"}.items():
        peer = results[part]
        ratio = peer["seconds"] / ours["seconds"]
        # What the server uses is not this process's.
        own = (peer["cpu"], peer["megabytes"]) if part == "pandas" else (None, None)
        lines.append(Line(name, peer["seconds"], own[0], ratio, "本系统", own[1]))
        verdicts.append(
            Verdict(
                ratio >= AT_LEAST, f"{name} 用时为本系统的 {ratio:.1f} 倍，要求至少 {AT_LEAST:g} 倍"
            )
        )
        notes.append(
            f"连同证据、句子和写入，本系统用 {whole['seconds']:.2f} 秒，"
            f"{name} 用时为其 {peer['seconds'] / whole['seconds']:.1f} 倍。"
        )
        verdicts.append(_agreement(name, ours["results"], peer["results"]))
    notes.append(
        f"PostgreSQL 装载、建索引、统计另用 {results['postgres']['loading']:.1f} 秒，不计。"
    )
    return Outcome("归户和全部比对、规则，与 pandas、PostgreSQL 比", lines, verdicts, notes)


def _agreement(
    name: str, ours: Mapping[str, list[int]], theirs: Mapping[str, list[int]]
) -> Verdict:
    told = sorted(ours.keys() | theirs.keys())
    differ = [one for one in told if ours.get(one) != theirs.get(one)]
    text = f"{name} 与本系统一致的有 {len(told) - len(differ)} 项（比对、规则和归户）"
    text += "".join(f"；{one} 本系统 {ours.get(one)}，{name} {theirs.get(one)}" for one in differ)
    return Verdict(not differ, text)


def run(size: Size, say: Say) -> Outcome:
    """Make the lake, measure all."""
    lake_county(size, say)
    results = {}
    for part in GROUP.parts:
        say(f"正在测量：与 pandas、PostgreSQL 比 {part} ……")
        results[part] = in_own_process("peers", part, size, lake_files(size))
    return _judge(results)


GROUP = Group(
    "peers",
    {
        "ours": part_ours,
        "pandas": part_pandas,
        "postgres": part_postgres,
        "whole": part_whole,
    },
    run,
)
