"""Why a household stands where it stands in a month: hits, findings, and what could not be judged."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq
from sqlalchemy import select
from sqlalchemy.orm import Session

from poverty_watch.contracts import Catalogue, load_catalogue
from poverty_watch.engine import DuckEngine
from poverty_watch.lake.screenings import Screenings
from poverty_watch.ledger.access import Viewer
from poverty_watch.ledger.errors import AccessError
from poverty_watch.ledger.models import HitFate, Screening
from poverty_watch.ledger.screenings import current_screening
from poverty_watch.ledger.store import Ledger
from poverty_watch.months import Month
from poverty_watch.screening.definitions import SqlFile, households_in, load_definitions
from poverty_watch.screening.errors import ScreeningError
from poverty_watch.screening.searched import searched
from poverty_watch.screening.suppression import TITLES
from poverty_watch.settings import Settings

SEVERITY_TITLES = {"red": "红色", "orange": "橙色", "yellow": "黄色"}
_PREVIOUS = "_previous"


@dataclass(frozen=True)
class Place:
    """A row of evidence: which department's delivery, where in the sender's file.

    ``columns`` are the contract's names of the cells that hold the values.
    """

    dataset: str
    department: str
    title: str
    month: Month
    version: int
    file: str
    sheet: str
    row: int
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Reason:
    """One hit or finding of the household.

    ``sentence`` is what was found, ``measured_by`` the parameters in force with date and basis,
    ``fate`` what became of it; ``severity`` is empty for a finding. ``rows_total`` may be more than
    the places that were kept; ``names`` are the persons named in them. ``searched``: where a missing
    row is the hit, what was looked through, and which rows of it were sent back.
    """

    check_id: str
    title: str
    severity: str
    sentence: str
    measured_by: tuple[str, ...]
    basis: str
    fate: str
    places: tuple[Place, ...]
    rows_total: int
    names: tuple[str, ...] = ()
    searched: tuple[str, ...] = ()


@dataclass(frozen=True)
class NotJudged:
    """A rule that could not judge this household, and whose delivery it lacks."""

    check_id: str
    title: str
    lacks: tuple[str, ...]


@dataclass(frozen=True)
class Explanation:
    """All that a month says of a household.

    ``household`` is one line that names it, ``row`` its row of the month's table of households.
    """

    month: Month
    household_id: str
    household: str
    hits: tuple[Reason, ...]
    findings: tuple[Reason, ...]
    not_judged: tuple[NotJudged, ...]
    row: Mapping[str, Any]


def explain(
    month: Month,
    household_id: str,
    settings: Settings,
    ledger: Ledger,
    viewer: Viewer | None = None,
) -> Explanation:
    """Explain a household of a month; ``viewer`` is who asks, the office where it is not said.

    Raises:
        ScreeningError: the month is not computed yet, or has no such household.
        AccessError: it is a household that the viewer may not see.
    """
    with ledger.transaction() as session:
        screening = current_screening(session, month)
        if screening is None:
            raise ScreeningError(f"{month.chinese}还没有运行比对和预警，说不出原因。")
        reader = _Reader(settings, month, screening)
        household = reader.household(household_id)
        _check_access(viewer, household)
        fates = _fates(session, month, household_id)
    catalogue = load_catalogue()
    checks: tuple[SqlFile[Any], ...] = (*reader.definitions.rules, *reader.definitions.comparisons)
    headers = {file.id: file.header for file in checks}
    hits = [
        _reason(
            *(row["rule_id"], row, headers, reader.checks, catalogue),
            fates.get(row["rule_id"], ""),
            reader.inputs,
            month,
        )
        for row in reader.rows("hits", household_id)
    ]
    findings = [
        _reason(row["comparison_id"], row, headers, reader.checks, catalogue, "")
        for row in reader.rows("findings", household_id)
    ]
    return Explanation(
        month,
        household_id,
        _described(household),
        tuple(sorted(hits, key=lambda reason: reason.check_id)),
        tuple(sorted(findings, key=lambda reason: reason.check_id)),
        reader.not_judged(household_id, catalogue),
        household,
    )


class _Reader:
    """The tables of a month's computation, asked about one household."""

    def __init__(self, settings: Settings, month: Month, screening: Screening) -> None:
        self._tables = Screenings(settings.lake)
        self._month = month
        self._fingerprint = screening.fingerprint
        self.inputs: Sequence[Mapping[str, Any]] = screening.inputs
        self.checks: Mapping[str, Mapping[str, Any]] = {c["id"]: c for c in screening.checks}
        self.definitions = load_definitions()

    def rows(self, table: str, household_id: str) -> list[dict[str, Any]]:
        """The household's rows of a table."""
        path = self._tables.path(self._month, self._fingerprint, table)
        found = pq.read_table(path, filters=pc.field("household_id") == household_id)
        rows: list[dict[str, Any]] = found.to_pylist()
        return rows

    def household(self, household_id: str) -> dict[str, Any]:
        found = self.rows("households", household_id)
        if not found:
            raise ScreeningError(
                f"{self._month.chinese}没有 {household_id} 这一户。监测系统的户写 R:户编号，只在户籍里的户写 H:户号。"
            )
        return found[0]

    def not_judged(self, household_id: str, catalogue: Catalogue) -> tuple[NotJudged, ...]:
        """Rules that lack a source and whose population the household belongs to."""
        lacking = [
            rule
            for rule in self.definitions.rules
            if self.checks.get(rule.id, {}).get("lacks") and rule.header.population
        ]
        if not lacking:
            return ()
        path = self._tables.path(self._month, self._fingerprint, "households")
        households = pq.read_table(path, filters=pc.field("household_id") == household_id)
        found = []
        with DuckEngine.opened(threads=1) as engine:
            engine.attach("households", households)
            for rule in lacking:
                condition = self.definitions.populations[str(rule.header.population)]
                if engine.run(households_in(condition), {}, name=rule.id).num_rows:
                    lacks = self.checks[rule.id]["lacks"]
                    told = tuple(_dataset_title(str(name), catalogue) for name in lacks)
                    found.append(NotJudged(rule.id, rule.header.title, told))
        return tuple(found)


def _check_access(viewer: Viewer | None, household: Mapping[str, Any]) -> None:
    if viewer is None or not viewer.is_bound or viewer.role == "viewer":
        return
    if viewer.role != "township" or household["township"] != viewer.place:
        raise AccessError(f"{viewer.title}不能查看这一户。")


def _fates(session: Session, month: Month, household_id: str) -> dict[str, str]:
    fates = session.scalars(
        select(HitFate).where(HitFate.month == str(month), HitFate.household_id == household_id)
    )
    return {fate.rule_id: _fate(fate) for fate in fates}


def _fate(fate: HitFate) -> str:
    if fate.suppressed is None:
        return "已形成线索，交乡镇入户核实。"
    why = TITLES.get(fate.suppressed, fate.suppressed)
    return f"本月不另派核实（{why}）。{fate.reopens_when or ''}"


def _described(household: Mapping[str, Any]) -> str:
    kind = household["household_type"] or "一般农户"
    standing = {"M": "监测户", "X": "已消除风险户"}.get(household["standing"] or "", "")
    monitored = f"，{standing}（{household['monitored_class']}）" if standing else ""
    place = f"{household['township'] or '乡镇不明'}{household['village'] or ''}"
    name = household["head_name"] or "户主不明"
    return f"{place} {name}户，{kind}{monitored}，在世{household['living_members']}人"


def _reason(
    check_id: str,
    row: Mapping[str, Any],
    headers: Mapping[str, Any],
    checks: Mapping[str, Mapping[str, Any]],
    catalogue: Catalogue,
    fate: str,
    inputs: Sequence[Mapping[str, Any]] = (),
    month: Month | None = None,
) -> Reason:
    evidence = json.loads(row["evidence"])
    header = headers.get(check_id)
    cells = header.cells if header else ()
    places = [
        _place(one[side], cells, catalogue)
        for one in evidence["rows"]
        for side in ("source", "other")
        if one.get(side)
    ]
    return Reason(
        check_id,
        evidence["title"],
        SEVERITY_TITLES.get(row.get("severity") or "", ""),
        evidence["sentence"],
        tuple(map(measure, _measured_by(evidence, checks.get(check_id, {})))),
        evidence.get("basis") or (header.basis if header else ""),
        fate,
        tuple(dict.fromkeys(places)),
        int(evidence["rows_total"]),
        tuple(dict.fromkeys(one["name"] for one in evidence["rows"] if one.get("name"))),
        searched(header, evidence, inputs, month, catalogue) if month is not None else (),
    )


def _measured_by(
    evidence: Mapping[str, Any], check: Mapping[str, Any]
) -> Sequence[Mapping[str, Any]]:
    """The parameters that the hit was found with; of older months the ledger alone knows them."""
    return evidence.get("parameters") or check.get("parameters") or ()


def measure(described: Mapping[str, Any]) -> str:
    """A parameter in force: what, how much, since when, on whose word."""
    is_whole = str(described["value"]).endswith((described["unit"], "%"))
    unit = "" if is_whole else f"（{described['unit']}）"
    unconfirmed = "" if described["confirmed"] else "，未经县审定"
    since = Month.parse(described["valid_from"]).chinese
    return (
        f"{described['title']}：{described['value']}{unit}，自{since}起"
        f"，依据：{described['basis']}{unconfirmed}"
    )


def _place(source: Mapping[str, Any], cells: Sequence[str], catalogue: Catalogue) -> Place:
    dataset = source["dataset"]
    return Place(
        dataset,
        catalogue.department_of(dataset).title,
        catalogue.contract(dataset).title,
        Month.parse(source["month"]),
        int(source["version"]),
        source["file"],
        source["sheet"] or "",
        int(source["row"]),
        _columns(dataset, cells),
    )


def _columns(dataset: str, cells: Iterable[str]) -> tuple[str, ...]:
    own = (cell.split(".", 1) for cell in cells)
    return tuple(column for of, column in own if of in (dataset, f"{dataset}{_PREVIOUS}"))


def _dataset_title(name: str, catalogue: Catalogue) -> str:
    dataset = name.removesuffix(_PREVIOUS)
    if dataset not in catalogue.contracts:
        return name
    month = "上月的" if name.endswith(_PREVIOUS) else ""
    department = catalogue.department_of(dataset).title
    return f"{department}{month}“{catalogue.contract(dataset).title}”"
