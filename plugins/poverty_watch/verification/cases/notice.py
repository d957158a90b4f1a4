"""The notice that a village hangs up: the heads' names and how many live there, nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import select
from sqlalchemy.orm import Session

from poverty_watch.contracts import load_catalogue
from poverty_watch.files import written_whole
from poverty_watch.ledger.access import Viewer
from poverty_watch.ledger.journal import record
from poverty_watch.ledger.models import Case
from poverty_watch.months import Month
from poverty_watch.settings import TEMPLATES, Settings
from poverty_watch.verification.cases.carrying import Desk
from poverty_watch.verification.cases.errors import CaseError
from poverty_watch.verification.cases.households import Household, households_of, newest_month
from poverty_watch.verification.cases.judging import span_end
from poverty_watch.verification.cases.procedure import Procedure
from poverty_watch.verification.cases.registers import HUKOU, MONITORING, PREFIX, computed

FOLDER = "公示"
TEMPLATE = TEMPLATES / "公示.docx"
POSTING, PUBLICITY = "posting", "publicity"
_OF_AGE = 18
_WHAT = {
    "identification": "拟认定为防止返贫监测对象",
    "relapse": "风险重新出现，拟重新纳入防止返贫监测",
    "elimination": "返贫致贫风险已经消除，拟不再列为监测对象",
}


@dataclass(frozen=True)
class Posted:
    """A household as the public reads it."""

    number: int
    head: str
    persons: int


@dataclass(frozen=True)
class Notices:
    """What was written; ``left_out``: per case that stands on none, why and what is to be done."""

    paths: list[Path]
    left_out: list[str]


def write_notices(desk: Desk, viewer: Viewer, posted_on: date) -> Notices:
    """Write a notice per village and kind for the viewer's cases that wait to be posted.

    They go to ``<outbox>/<YYYY-MM>/公示/`` (mode 0600), the month being that of ``posted_on``. A
    case whose household has no known head is left out of them.

    Raises:
        CaseError: the viewer has no notices to write.
    """
    if viewer.role not in ("township", "county"):
        raise CaseError([f"公示由乡镇或县专班生成，{viewer.title}不能办理。"])
    with desk.ledger.transaction(viewer) as session:
        cases = session.scalars(
            select(Case)
            .where(Case.step == POSTING)
            .order_by(Case.township, Case.village, Case.kind, Case.household_id)
        ).all()
        households = households_of(session, desk.settings, {c.household_id for c in cases})
        minors = _minors(session, desk.settings, households.values(), posted_on)
        together: dict[tuple[str, str, str], list[Posted]] = {}
        posted, left_out = list[int](), list[str]()
        for case in cases:
            household = households.get(case.household_id)
            if household is None or not household.head_name:
                left_out.append(_left_out(case, household))
                continue
            rows = together.setdefault((case.township, case.village, case.kind), [])
            head = _shown(household, household.head_person_id in minors)
            rows.append(Posted(len(rows) + 1, head, household.persons))
            posted.append(case.id)
        record(session, "生成公示", str(posted_on), actor=viewer.name, cases=posted)
    paths = [
        _write(desk, township, village, kind, rows, posted_on)
        for (township, village, kind), rows in together.items()
    ]
    return Notices(paths, left_out)


def _left_out(case: Case, household: Household | None) -> str:
    told = f"第{case.id}号案件（{case.township}{case.village} {case.household_id}）没有公示："
    if household is None:
        return told + "最近一期数据里没有这一户，请核对户编号、是否已迁出或销户，查清后再生成。"
    register = MONITORING if case.household_id.startswith(PREFIX[MONITORING][0]) else HUKOU
    catalogue = load_catalogue()
    owner, title = catalogue.department_of(register).title, catalogue.contract(register).title
    return told + f"“{title}”里没有户主姓名，请{owner}写明谁是户主并重报，收到后再生成。"


def _write(
    desk: Desk, township: str, village: str, kind: str, rows: list[Posted], posted_on: date
) -> Path:
    from docxtpl import DocxTemplate

    procedure = desk.policy.procedures[kind]
    last_day = _last_day(desk, procedure, posted_on)
    document = DocxTemplate(TEMPLATE)
    # Without escaping a name could break the document, or write into it.
    document.render(
        context(procedure, kind, township, village, rows, posted_on, last_day), autoescape=True
    )
    folder = desk.settings.outbox / str(Month.of(posted_on)) / FOLDER
    name = f"公示_{_plain(township)}_{_plain(village)}_{procedure.title}_{posted_on}.docx"
    with written_whole(folder / name, mode=0o600) as target:
        document.save(str(target))
    return folder / name


def context(
    procedure: Procedure,
    kind: str,
    township: str,
    village: str,
    rows: Iterable[Posted],
    posted_on: date,
    last_day: date,
) -> Mapping[str, Any]:
    """Everything that the template can say."""
    return {
        "title": f"防止返贫监测对象{procedure.title}公示",
        "what": _WHAT[kind],
        "township": township,
        "village": village,
        "rows": list(rows),
        "days": (last_day - posted_on).days,
        "first_day": _chinese(posted_on + timedelta(days=1)),
        "last_day": _chinese(last_day),
        "posted_on": _chinese(posted_on),
    }


def _last_day(desk: Desk, procedure: Procedure, posted_on: date) -> date:
    waits = [
        decision.after
        for decision in procedure.steps[PUBLICITY].decisions.values()
        if decision.after is not None
    ]
    return span_end(waits[0], posted_on, desk.workdays) if waits else posted_on


def _shown(household: Household, is_minor: bool) -> str:
    name = household.head_name
    return name[0] + "*" * (len(name) - 1) if is_minor else name


def _minors(
    session: Session, settings: Settings, households: Iterable[Household], on: date
) -> set[int]:
    """Heads who are not of age, or whose age is not known."""
    heads = {h.head_person_id for h in households if h.head_person_id is not None}
    month = newest_month(session)
    persons = computed(session, settings, month, "persons") if month and heads else None
    if persons is None:
        return set(heads)
    wanted = pc.is_in(persons.column("person_id"), pa.array(sorted(heads), pa.int64()))
    of_age = {
        row["person_id"]
        for row in persons.select(["person_id", "birth_date"]).filter(wanted).to_pylist()
        if row["birth_date"] is not None and _years(row["birth_date"], on) >= _OF_AGE
    }
    return heads - of_age


def _years(born: date, on: date) -> int:
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def _chinese(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def _plain(text: str) -> str:
    """A name that is no path: places come from delivered files."""
    return re.sub(r"[^\w]+", "_", text)[:40] or "_"
