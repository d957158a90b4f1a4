"""SQL as text: which relations it reads, and what it is in Spark's dialect."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import duckdb

if TYPE_CHECKING:
    from sqlglot import exp

DIALECT = "duckdb"


@lru_cache(maxsize=512)
def relations_of(sql: str) -> frozenset[str]:
    """Names of the relations that a SQL text reads; its own CTEs are none.

    Raises:
        ValueError: the text is no SQL, or something else than one query.
    """
    tables: set[str] = set()
    ctes: set[str] = set()
    waiting: list[Any] = [_syntax(sql)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting += node
        elif isinstance(node, dict):
            waiting += node.values()
            if node.get("type") == "BASE_TABLE":
                tables.add(node["table_name"])
            if "cte_map" in node:
                ctes |= {entry["key"] for entry in node["cte_map"]["map"]}
    return frozenset(tables - ctes)


def words_of(sql: str) -> frozenset[str]:
    """All words of a text outside of strings: names of relations, columns and functions too."""
    text = sql.encode()
    tokens = duckdb.tokenize(sql)
    ends = [start for start, _ in tokens[1:]] + [len(text)]
    return frozenset(
        text[start:end].split(None, 1)[0].strip(b'"').decode()
        for (start, kind), end in zip(tokens, ends, strict=True)
        if kind in (duckdb.token_type.identifier, duckdb.token_type.keyword)
    )


@lru_cache(maxsize=1)
def _parser() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


def _syntax(sql: str) -> Any:
    """DuckDB's own syntax tree of one query: a hundred times as fast as a parser in Python."""
    asked = _parser().cursor().execute("select json_serialize_sql($sql)", {"sql": sql})
    ((text,),) = asked.fetchall()
    found = json.loads(text)
    if found["error"]:
        raise ValueError(found["error_message"])
    if len(found["statements"]) != 1:
        raise ValueError("expected one query")
    return found["statements"][0]


@lru_cache(maxsize=512)
def counting(sql: str, cte: str, columns: tuple[str, ...]) -> str:
    """The same text that also counts one of its CTEs, in the same pass.

    Each row has besides its own columns ``n_rows``, how many rows the CTE has, and
    ``n_<column>``, how many distinct values, for each column. ``is_row`` is null in the one row
    that comes where the text itself gives none.

    Raises:
        ValueError: the text has no such CTE.
    """
    ctes, final = _parted(sql)
    if cte not in _cte_names(ctes):
        raise ValueError(f"no CTE {cte}")
    counts = ", ".join(["count(*) as n_rows", *(f"count(distinct {c}) as n_{c}" for c in columns)])
    return (
        f"{ctes},\n_found as (select *, true as is_row from (\n{final}\n)),\n"
        f"_counted as (select {counts} from {cte})\n"
        "select * from _counted left join _found on true"
    )


def _parted(sql: str) -> tuple[str, str]:
    """The CTEs of a query, and what follows them."""
    text = sql.encode()
    depth = 0
    tokens = duckdb.tokenize(sql)
    for start, kind in tokens:
        if kind == duckdb.token_type.operator:
            depth += {b"(": 1, b")": -1}.get(text[start : start + 1], 0)
        elif (
            kind == duckdb.token_type.keyword
            and depth == 0
            and text[start : start + 6].lower() == b"select"
        ):
            return text[:start].decode(), text[start:].decode()
    raise ValueError("expected a query")


def _cte_names(ctes: str) -> set[str]:
    return set(re.findall(r"(?:\A|[\s,])(\w+)\s+as\s+(?:not\s+)?(?:materialized\s+)?\(", ctes))


@lru_cache(maxsize=512)
def parse(sql: str) -> exp.Query:
    """The syntax tree of the one query of a SQL text.

    Raises:
        ValueError: it is no SQL, or something else than one query.
    """
    # Loading it takes longer than a small month: only what looks into a text pays for it.
    import sqlglot
    from sqlglot import exp

    try:
        statements = [statement for statement in sqlglot.parse(sql, read=DIALECT) if statement]
    except sqlglot.errors.SqlglotError as error:
        raise ValueError(str(error)) from error
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        raise ValueError("expected one query")
    return statements[0]


def spark_text(sql: str) -> str:
    """The text in Spark's dialect; bound parameters become ``:name``.

    Raises:
        ValueError: something in it has no counterpart in Spark.
    """
    import sqlglot

    try:
        query = parse(sql).copy()
        for cte in query.find_all(sqlglot.exp.CTE):
            # Spark decides by itself what it computes once.
            cte.set("materialized", None)
        text = query.sql(dialect="spark", unsupported_level=sqlglot.ErrorLevel.RAISE)
    except sqlglot.errors.SqlglotError as error:
        raise ValueError(str(error)) from error
    return str(text)
