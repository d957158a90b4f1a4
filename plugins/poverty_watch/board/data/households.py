"""Households that a rule hits in a month, a page at a time, over the month's Parquet."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from sqlalchemy import select
from sqlalchemy.orm import Session

from poverty_watch.board.data.pages import PER_PAGE, Found, first_row
from poverty_watch.engine import DuckEngine, ParquetPart, Rows
from poverty_watch.lake.screenings import Screenings
from poverty_watch.ledger.access import Viewer
from poverty_watch.ledger.models import HitFate
from poverty_watch.ledger.screenings import current_screening
from poverty_watch.months import Month
from poverty_watch.screening.suppression import TITLES
from poverty_watch.settings import SQL, Settings

_SQL = SQL / "board"


@dataclass(frozen=True)
class HitHousehold:
    """A household that a rule hits. ``fate``: what became of the hit, as staff read it."""

    household_id: str
    township: str
    village: str
    head: str
    standing: str
    severity: str
    sentence: str
    fate: str


@dataclass(frozen=True)
class HitsOfRule:
    """A page of households, and how many there are in each township."""

    found: Found[HitHousehold]
    townships: Mapping[str, int]


def hits_of_rule(
    session: Session,
    settings: Settings,
    viewer: Viewer,
    month: Month,
    rule_id: str,
    township: str,
    page: int,
) -> HitsOfRule:
    """The households that a rule hits in a month, those of one township if it is named.

    Args:
        session: the viewer's.
        settings: where the lake is.
        viewer: a township sees its own alone, whatever is asked for.
        month: of the computation in force.
        rule_id: which rule.
        township: of which township alone; empty for all.
        page: which page.
    """
    screening = current_screening(session, month)
    if screening is None:
        return HitsOfRule(Found([], 0, page), {})
    tables = Screenings(settings.lake)
    given = {
        "rule_id": rule_id,
        "own_township": viewer.place if viewer.role == "township" else "",
        "township": township,
        "most": PER_PAGE,
        "before": first_row(page),
    }
    with DuckEngine.opened(threads=1) as engine:
        for name in ("hits", "households"):
            path = tables.path(month, screening.fingerprint, name)
            engine.attach(name, Rows(pq.read_schema(path), (ParquetPart(path),)))
        counted = engine.run(_text("hits_by_township"), given).to_pylist()
        rows = engine.run(_text("hits_of_rule"), given).to_pylist()
    counts = {row["township"]: int(row["households"]) for row in counted}
    fates = _fates(session, month, rule_id, [row["household_id"] for row in rows])
    total = counts.get(township, 0) if township else sum(counts.values())
    found = [_household(row, fates, viewer) for row in rows]
    return HitsOfRule(Found(found, total, page), counts)


def _text(name: str, folder: Path = _SQL) -> str:
    return (folder / f"{name}.sql").read_text(encoding="utf-8")


def _fates(
    session: Session, month: Month, rule_id: str, households: list[str]
) -> dict[str, HitFate]:
    rows = session.scalars(
        select(HitFate).where(
            HitFate.month == str(month),
            HitFate.household_id.in_(households),
            HitFate.rule_id == rule_id,
        )
    )
    return {row.household_id: row for row in rows}


def _household(
    row: Mapping[str, Any], fates: Mapping[str, HitFate], viewer: Viewer
) -> HitHousehold:
    evidence = json.loads(row["evidence"])
    sentence = evidence["sentence"]
    head = row["head_name"] or ""
    return HitHousehold(
        row["household_id"],
        row["township"] or "",
        row["village"] or "",
        viewer.shown_name(head),
        {"M": "监测户", "X": "已消除风险户"}.get(row["standing"] or "", "未监测"),
        row["severity"],
        hidden_names(sentence, evidence, viewer),
        _fate(fates.get(row["household_id"])),
    )


def hidden_names(sentence: str, evidence: Mapping[str, Any], viewer: Viewer) -> str:
    """A sentence as the viewer may read it: one who only looks sees family names alone."""
    if viewer.role != "viewer":
        return sentence
    names = {row.get("name") for row in evidence.get("rows") or ()} - {None, ""}
    for name in sorted(names, key=len, reverse=True):
        sentence = sentence.replace(name, viewer.shown_name(name))
    return sentence


def _fate(fate: HitFate | None) -> str:
    if fate is None:
        return ""
    if fate.suppressed is None:
        return "已派核实"
    return f"暂不核实（{TITLES.get(fate.suppressed, fate.suppressed)}）"
