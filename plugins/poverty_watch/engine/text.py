"""SQL as text: which relations it reads, and what it is in Spark's dialect."""

from __future__ import annotations

from functools import lru_cache

import sqlglot
from sqlglot import exp

DIALECT = "duckdb"


@lru_cache(maxsize=512)
def parse(sql: str) -> exp.Query:
    """The one query of a SQL text.

    Raises:
        ValueError: it is no SQL, or something else than one query.
    """
    try:
        statements = [statement for statement in sqlglot.parse(sql, read=DIALECT) if statement]
    except sqlglot.errors.SqlglotError as error:
        raise ValueError(str(error)) from error
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        raise ValueError("expected one query")
    return statements[0]


def relations_of(sql: str) -> frozenset[str]:
    """Names of the relations that a SQL text reads; its own CTEs are none."""
    query = parse(sql)
    own = {cte.alias for cte in query.find_all(exp.CTE)}
    return frozenset(table.name for table in query.find_all(exp.Table)) - own


@lru_cache(maxsize=512)
def counting(sql: str, cte: str, columns: tuple[str, ...]) -> str:
    """The same text ending in a count of one CTE's rows and of distinct values of its columns.

    The result has ``n_rows`` and ``n_<column>`` for each column.

    Raises:
        ValueError: the text has no such CTE.
    """
    query = parse(sql)
    if cte not in {found.alias for found in query.find_all(exp.CTE)}:
        raise ValueError(f"no CTE {cte}")
    counts = ["count(*) as n_rows", *(f"count(distinct {c}) as n_{c}" for c in columns)]
    counted = sqlglot.select(*counts, dialect=DIALECT).from_(cte)
    for own in query.ctes:
        counted = counted.with_(own.alias, as_=own.this.copy(), dialect=DIALECT)
    return str(counted.sql(dialect=DIALECT))


def spark_text(sql: str) -> str:
    """The text in Spark's dialect; bound parameters become ``:name``.

    Raises:
        ValueError: something in it has no counterpart in Spark.
    """
    try:
        text = parse(sql).sql(dialect="spark", unsupported_level=sqlglot.ErrorLevel.RAISE)
    except sqlglot.errors.SqlglotError as error:
        raise ValueError(str(error)) from error
    return str(text)
