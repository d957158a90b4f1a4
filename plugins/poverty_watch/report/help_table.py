"""表一, help: who was helped for the first time in the month, and who waits for too long."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from poverty_watch.report import queries
from poverty_watch.report.facts import Facts
from poverty_watch.report.ground import Ground
from poverty_watch.report.stocks import REGISTER_STOCK, TOTAL, as_list
from poverty_watch.report.values import NO_TOWNSHIP, NOT_KNOWN, Row, Value

NEWLY, LATE = "本月新落实", "超期未落实"
# By the register alone a household is late when its 识别监测时间 is this many months ago: W25.
_MONTHS_LATE = 2


def help_rows(facts: Facts, ground: Ground) -> pa.Table:
    """Who was helped newly, kind by kind, and who waits: household_id, township, kind, item, persons."""
    empty = REGISTER_STOCK.empty_table()
    previous = empty if ground.previous is None else ground.previous
    relations = {
        "register_stock": ground.register.select(REGISTER_STOCK.names),
        "register_stock_previous": previous.select(REGISTER_STOCK.names),
        "measures_done": facts.help_given,
        "unhelped_cases": facts.unhelped,
        "people": ground.people,
    }
    bound = {
        "month_start": facts.month.first_day,
        "late_since": (facts.month - _MONTHS_LATE).first_day,
        "has_previous": ground.has_previous,
    }
    with queries.opened() as query:
        return query("help_rows", relations, bound)


def help_figures(rows: pa.Table, townships: Sequence[str], has_previous: bool) -> list[Row]:
    """One row per township, 合计 last; ``类户`` and ``类人`` are open groups by kind of help.

    Without a register of the month before nobody knows what is new: not known, and not 0.

    Args:
        rows: `help_rows`.
        townships: in the order of the table; others follow them.
        has_previous: whether there is a register snapshot of the month before.
    """
    places = [*townships, *sorted(set(rows.column("township").to_pylist()) - set(townships))]
    with queries.opened() as query:
        counts = query("help_counts", {"help_rows": rows, "townships": as_list(places)})
    found: dict[tuple[str, str], dict[str | None, tuple[int, int | None]]] = {}
    for row in counts.to_pylist():
        kinds = found.setdefault((row["township"], row["item"]), {})
        kinds[row["kind"]] = (row["households"], row["persons"])
    return [_figures(place, found, has_previous) for place in (*places, TOTAL)]


def _figures(
    place: str,
    found: dict[tuple[str, str], dict[str | None, tuple[int, int | None]]],
    has_previous: bool,
) -> Row:
    newly = found.get((place, NEWLY), {})
    late = found.get((place, LATE), {}).get(None, (0, 0))
    whole: tuple[Value, Value] = newly.get(None, (0, 0)) if has_previous else (NOT_KNOWN, NOT_KNOWN)
    kinds = {kind: counts for kind, counts in newly.items() if kind is not None}
    return {
        "乡镇": place or NO_TOWNSHIP,
        "是否合计": place == TOTAL,
        f"{NEWLY}户": whole[0],
        f"{NEWLY}人": whole[1],
        "类户": {kind: counts[0] for kind, counts in kinds.items()} if has_previous else NOT_KNOWN,
        "类人": {kind: counts[1] for kind, counts in kinds.items()} if has_previous else NOT_KNOWN,
        f"{LATE}户": late[0],
        f"{LATE}人": late[1],
    }
