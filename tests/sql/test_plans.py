"""What a large county or another engine would not forgive: a union joined to itself, no Spark text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlglot import exp

from poverty_watch.contracts import load_catalogue
from poverty_watch.engine import parse, spark_text
from poverty_watch.screening.inputs import OF_ALL_DATASETS
from poverty_watch.settings import SQL

FILES = sorted(SQL.rglob("*.sql"))
# Relations that are put together from many files; joined to themselves they would be read twice.
PUT_TOGETHER = {*OF_ALL_DATASETS, *(f"{name}_history" for name in load_catalogue().contracts)}
OPAQUE = (exp.Group, exp.Distinct, exp.Window, exp.AggFunc, exp.Limit)


def _unions_joined_to_themselves(sql: str) -> set[str]:
    """Names of unions that stand on two sides of one join.

    A CTE that only filters, renames or joins a union stands for it; one that groups it or ranks its
    rows has made something smaller of it.
    """
    query = parse(sql)
    ctes = {cte.alias: cte.this for cte in query.find_all(exp.CTE)}

    def unions_in(source: exp.Expression, seen: frozenset[str] = frozenset()) -> set[str]:
        if isinstance(source, exp.Table):
            name = source.name
            if name in PUT_TOGETHER:
                return {name}
            if name not in ctes or name in seen:
                return set()
            body = ctes[name]
            inside = unions_in(body, seen | {name})
            return inside | ({name} if isinstance(body, exp.SetOperation) else set())
        if isinstance(source, exp.SetOperation):
            return unions_in(source.this, seen) | unions_in(source.expression, seen)
        if isinstance(source, exp.Select):
            if any(source.find(kind) for kind in OPAQUE):
                return set()
            return set().union(*(unions_in(side, seen) for side in _sides(source)))
        inner = source.this
        return unions_in(inner, seen) if isinstance(inner, exp.Expression) else set()

    found: set[str] = set()
    for select in query.find_all(exp.Select):
        before: set[str] = set()
        for side in _sides(select):
            of_side = unions_in(side)
            found |= before & of_side
            before |= of_side
    return found


def _sides(select: exp.Select) -> Iterator[exp.Expression]:
    """What a select reads from, joins, and looks up in its conditions."""
    source = select.args.get("from_") or select.args.get("from")
    if source is not None:
        yield source.this
    for join in select.args.get("joins") or ():
        yield join.this
    where = select.args.get("where")
    for condition in where.find_all(exp.In, exp.Exists) if where is not None else ():
        inner = condition.args.get("query") or condition.this
        if isinstance(inner, exp.Query | exp.Subquery):
            yield inner


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_union_is_joined_to_itself(path: Path) -> None:
    assert _unions_joined_to_themselves(path.read_text(encoding="utf-8")) == set()


UNION = "with everybody as (select 1 as id union all select 2 as id)"


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        (f"{UNION} select 1 from everybody as a join everybody as b on a.id = b.id", {"everybody"}),
        (
            f"{UNION}, heads as (select * from everybody where id > 1) "
            "select 1 from heads join everybody on heads.id = everybody.id",
            {"everybody"},
        ),
        (f"{UNION} select 1 from everybody where id in (select id from everybody)", {"everybody"}),
        (
            "select 1 from deaths_history as a join deaths_history as b on a.person_id = b.person_id",
            {"deaths_history"},
        ),
        (
            f"{UNION}, twice as (select id from everybody group by id having count(*) > 1) "
            "select 1 from everybody join twice on everybody.id = twice.id",
            set(),
        ),
        (f"{UNION} select 1 from everybody join deaths_history on id = person_id", set()),
    ],
)
def test_a_union_joined_to_itself_would_be_seen(sql: str, found: set[str]) -> None:
    assert _unions_joined_to_themselves(sql) == found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_file_has_a_text_for_spark(path: Path) -> None:
    assert not re.search(r"\$[a-z]", spark_text(path.read_text(encoding="utf-8")))
