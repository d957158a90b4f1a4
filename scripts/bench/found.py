"""What a screening found, in one shape, whoever screened: to see that all found the same."""

from __future__ import annotations

from typing import Any

COLUMNS = (
    *("check_id", "subject", "dataset", "person_id", "severity", "value", "other_value"),
    *("source_file", "source_sheet", "source_row"),
    *("other_file", "other_sheet", "other_row"),
)
"""One row per row that tells of a hit or finding: whose it is, how grave, what was measured, where."""


def results_of(frame: Any) -> dict[str, list[int]]:
    """How many different rows each check has, and a digest of them; not part of what is measured."""
    import duckdb

    connection = duckdb.connect()
    texts = frame.reindex(columns=COLUMNS).astype(object)
    connection.register("given", texts.where(texts.notna(), None).astype("string"))
    columns = ", ".join(COLUMNS)
    rows = connection.execute(
        f"""
        with plain as (
            select distinct * replace (
                {", ".join(_plain(name) for name in ("value", "other_value"))}
            )
            from given
        )
        select check_id, count(*), sum(hash({columns})) from plain
        group by check_id order by check_id
        """
    ).fetchall()
    return {check: [results, int(digest % 10**15)] for check, results, digest in rows}


def _plain(column: str) -> str:
    """Numbers without trailing zeros."""
    return (
        f"case when regexp_matches({column}, '^-?[0-9]+[.][0-9]+$') "
        f"then rtrim(rtrim({column}, '0'), '.') else {column} end as {column}"
    )
