"""Staging, comparisons and rules against hand-written SQL over the same Parquet."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
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
FLOOR = tuple(PROJECT / "scripts" / f"bench_floor_{part}.sql" for part in ("staging", "checks"))
_RESULTS = """
select check_id, count(*) as results, sum(hash(subject, dataset, weight)) as digest
from {found} group by check_id order by check_id
"""


def lake_files(size: Size) -> list[Path]:
    """The Parquet files of a county in the lake."""
    return sorted((home_of(size) / "lake").glob("*/*/v*/*.parquet"))


def _results(connection: Any, found: str) -> dict[str, list[int]]:
    """How many results each check has, and a digest of them; not part of what is measured."""
    rows = connection.execute(_RESULTS.format(found=found)).fetchall()
    return {check: [results, int(digest % 10**15)] for check, results, digest in rows}


def part_floor(size: Size) -> Result:
    """Floor: hand-written SQL over the Parquet of the lake."""
    watch = Watch()

    def load() -> Any:
        import duckdb

        return duckdb

    duckdb = watch.importing(load)
    from poverty_watch.months import Month

    when = Month.parse(size.month)
    connection = duckdb.connect()
    views = list(_views(home_of(size) / "lake", when))
    bound = {
        "month": str(when),
        "month_start": when.first_day,
        "month_end": when.last_day,
        "year_start": when.first_day.replace(month=1),
    }

    def query() -> None:
        for view in views:
            connection.execute(view)
        for path in FLOOR:
            for statement in connection.extract_statements(path.read_text(encoding="utf-8")):
                wanted = statement.named_parameters
                connection.execute(statement, {name: bound[name] for name in wanted})

    watch.working(query)
    return watch.result(results=_results(connection, "found"))


def _views(lake: Path, month: Any) -> Iterator[str]:
    """The lake by the names that the floor uses."""
    from poverty_watch.contracts import load_catalogue
    from poverty_watch.screening.reference import load_risk_labels

    contracts = load_catalogue().contracts
    told = ", ".join(f"('{label}', '{risk}')" for label, risk in load_risk_labels().items())
    yield f"create view risk_labels as select * from (values {told}) as t (label, risk)"
    told = ", ".join(f"('{name}', '{contract.scope}')" for name, contract in contracts.items())
    yield f"create view datasets as select * from (values {told}) as t (dataset, scope)"
    for dataset in contracts:
        for suffix, of in (("", month), ("_previous", month - 1)):
            path = lake / dataset / str(of) / "v0001" / "accepted.parquet"
            yield f"create view {dataset}{suffix} as from read_parquet('{path}')"
        yield (
            f"create view {dataset}_history as select *, '{month}' as month from {dataset} "
            f"union all select *, '{month - 1}' from {dataset}_previous"
        )
    delivered = " union all ".join(
        f"select person_id, name, '{dataset}' as dataset from {dataset}" for dataset in contracts
    )
    yield f"create view delivered_rows as {delivered}"
    set_aside = " union all ".join(
        f"select fault, '{dataset}' as dataset from "
        f"read_parquet('{lake / dataset / str(month) / 'v0001' / 'set_aside.parquet'}')"
        for dataset in contracts
    )
    yield f"create view set_aside_rows as {set_aside}"


def part_screen(size: Size) -> Result:
    """Stage, compare and warn through the library, in one process."""
    watch = Watch()

    def load() -> tuple[Any, ...]:
        # pyarrow loads pandas with the first list that it is given.
        import pandas  # noqa: F401

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
    outcome = watch.working(steps.warn, when, settings, ledger)
    result = watch.result(said=outcome.summary)
    return result | {"results": _screened(settings.lake, when, outcome.fingerprint)}


def _screened(lake: Path, month: Any, fingerprint: str) -> dict[str, list[int]]:
    """What screening found, in the floor's words."""
    import duckdb

    from poverty_watch.lake.screenings import Screenings

    path = Screenings(lake).path
    connection = duckdb.connect()
    connection.execute(
        f"""
        create view found as
        select
            rule_id as check_id,
            household_id as subject,
            null::varchar as dataset,
            case severity when 'red' then 3 when 'orange' then 2 else 1 end as weight
        from '{path(month, fingerprint, "hits")}'
        union all
        select comparison_id, subject_id, dataset, 0 from '{path(month, fingerprint, "findings")}'
        """
    )
    # Of the comparisons by person, the floor names the dataset only where it is part of the subject.
    return _results(connection, "found")


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
    checks = sorted(floor["results"].keys() | screen["results"].keys())
    differ = [c for c in checks if floor["results"].get(c) != screen["results"].get(c)]
    verdicts = [
        Verdict(
            ratio <= MOST_TIMES_THE_FLOOR,
            f"归户、比对、规则为手写查询的 {ratio:.2f} 倍，要求不超过 {MOST_TIMES_THE_FLOOR} 倍（导入另计）",
        ),
        Verdict(
            not differ,
            f"与手写查询结果一致的有 {len(checks) - len(differ)} 项"
            + "".join(
                f"；{c} 程序 {screen['results'].get(c)}，手写 {floor['results'].get(c)}"
                for c in differ
            ),
        ),
    ]
    return Outcome("比对和规则", lines, verdicts, [screen["said"]])


def run(size: Size, say: Say) -> Outcome:
    """Make the lake, measure all parts."""
    lake_county(size, say)
    results = {}
    for part in GROUP.parts:
        say(f"正在测量：比对和规则 {part} ……")
        results[part] = in_own_process("screening", part, size, lake_files(size))
    return _judge(results)


GROUP = Group("screening", {"floor": part_floor, "screen": part_screen}, run)
