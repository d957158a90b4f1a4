"""What the clerk types into the national system: a workbook in its own column order."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from unicodedata import east_asian_width

from openpyxl import Workbook
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet
from sqlalchemy import select
from sqlalchemy.orm import Session

from poverty_watch.contracts import load_catalogue
from poverty_watch.files import written_whole
from poverty_watch.identity import Keyring
from poverty_watch.ledger.access import Viewer
from poverty_watch.ledger.models import Case, Measure
from poverty_watch.ledger.sealed import unseal_identities, unseal_phones
from poverty_watch.months import Month
from poverty_watch.settings import Settings
from poverty_watch.verification.cases.carrying import Desk
from poverty_watch.verification.cases.help import CANCELLED
from poverty_watch.verification.cases.households import Household, households_of, newest_month
from poverty_watch.verification.cases.opening import ELIMINATION
from poverty_watch.verification.cases.registers import (
    HUKOU,
    MONITORING,
    computed,
    register_rows,
)

FOLDER, STEP = "录入", "entry"
_WIDEST = 30
_FROZEN = "F2"  # place, numbers and name stay in sight
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_NOTES = (
    "本表按全国防返贫监测信息系统导出表的列次排列，一人一行，供录入人员录入时对照。",
    "空白的格子是部门数据里没有的，请按入户信息采集表录入。",
    "录入后请在系统中登记“已录入”；下一期名册送到后会自动比对，不一致的列出来。",
    "本表含个人信息，录完即删，不得外传。",
)


def write_entries(desk: Desk, viewer: Viewer, on: date) -> list[Path]:
    """Write a workbook per township for the cases that wait to be entered.

    They go to ``<outbox>/<YYYY-MM>/录入/`` (mode 0600), with full identity numbers: the reading is
    journalled.

    Raises:
        AccessError: the viewer may not see full numbers.
    """
    with desk.ledger.transaction(viewer) as session:
        cases = session.scalars(
            select(Case).where(Case.step == STEP).order_by(Case.township, Case.household_id)
        ).all()
        rows = _rows(session, desk.settings, cases, viewer) if cases else {}
    folder = desk.settings.outbox / str(Month.of(on)) / FOLDER
    paths = []
    for township, of_township in rows.items():
        name = re.sub(r"[^\w]+", "_", township)[:40] or "_"
        path = folder / f"录入_{name}_{on}.xlsx"
        with written_whole(path, mode=0o600) as target:
            _save(target, of_township)
        paths.append(path)
    return paths


def _rows(
    session: Session, settings: Settings, cases: Iterable[Case], viewer: Viewer
) -> dict[str, list[dict[str, Any]]]:
    by_household = {case.household_id: case for case in cases}
    households = households_of(session, settings, by_household)
    month = newest_month(session)
    people = _people(session, settings, month, by_household) if month else {}
    ids = {row["person_id"] for rows in people.values() for row in rows} - {None}
    keys = Keyring.open(settings.keys)
    purpose = "监测系统录入表"
    numbers = unseal_identities(session, keys, ids, purpose=purpose, actor=viewer.name)
    phones = unseal_phones(session, keys, ids, purpose=purpose, actor=viewer.name)
    measures = _measures(session, by_household)
    found: dict[str, list[dict[str, Any]]] = {}
    for household_id, case in by_household.items():
        decided = _decided(case, households.get(household_id), measures.get(household_id, ()))
        for row in people.get(household_id, [{"person_id": None, "name": None}]):
            person = row["person_id"]
            found.setdefault(case.township, []).append(
                row | decided | {"person_id": numbers.get(person), "phone": phones.get(person)}
            )
    return found


def _people(
    session: Session, settings: Settings, month: Month, wanted: Mapping[str, Case]
) -> dict[str, list[dict[str, Any]]]:
    """Living persons of each household in the order of its register."""
    persons = computed(session, settings, month, "persons")
    dead = set()
    if persons is not None:
        told = persons.select(["person_id", "died_on"]).to_pylist()
        dead = {row["person_id"] for row in told if row["died_on"] is not None}
    found: dict[str, list[dict[str, Any]]] = {}
    for register in (MONITORING, HUKOU):
        rows = register_rows(session, settings, month, register, wanted)
        for row in [] if rows is None else rows.to_pylist():
            if row["person_id"] not in dead:
                found.setdefault(row["household_id"], []).append(row)
    for rows in found.values():
        rows.sort(key=lambda row: (row["relation"] != "户主", row.get("person_no") or ""))
    return found


def _measures(session: Session, wanted: Mapping[str, Case]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for measure in session.scalars(
        select(Measure)
        .where(Measure.household_id.in_(list(wanted)), Measure.status != CANCELLED)
        .order_by(Measure.id)
    ):
        found.setdefault(measure.household_id, []).append(measure.kind)
    return found


def _decided(case: Case, household: Household | None, measures: Iterable[str]) -> dict[str, Any]:
    """The household-level values that the decision sets."""
    assert case.approved_on is not None
    approved = date(case.approved_on.year, case.approved_on.month, 1)
    told: dict[str, Any] = {
        "township": case.township,
        "village": case.village,
        "household_type": household.household_type if household else None,
    }
    if case.kind == ELIMINATION:
        return told | {
            "is_eliminated": "是",
            "eliminated_month": approved,
            "elimination_mode": case.mode,
        }
    first = household.identified_month if household and case.kind == "relapse" else None
    risks = {f"risk_{n}": risk for n, risk in enumerate([*case.risks, *[None] * 5][:5], start=1)}
    return (
        told
        | risks
        | {
            "monitored_class": case.monitored_class,
            "identified_month": first or approved,
            "is_eliminated": "否",
            "eliminated_month": None,
            "elimination_mode": None,
            "measures": "、".join(dict.fromkeys(measures)) or None,
        }
    )


def _save(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    columns = load_catalogue().contract(MONITORING).columns
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.title = "录入"
    for position, column in enumerate(columns, start=1):
        sheet.cell(1, position, column.header).font = Font(bold=True)
    widths = [_wide(column.header) for column in columns]
    for number, row in enumerate(rows, start=2):
        for position, column in enumerate(columns, start=1):
            text = _text(row.get(column.name), column.type)
            _fill(sheet.cell(number, position), text)
            widths[position - 1] = max(widths[position - 1], _wide(text))
    for position, width in enumerate(widths, start=1):
        sheet.column_dimensions[get_column_letter(position)].width = min(width, _WIDEST) + 2
    sheet.freeze_panes = _FROZEN
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", sheet.PAPERSIZE_A4
    sheet.print_title_rows, sheet.print_title_cols = "1:1", "C:E"
    notes = book.create_sheet("说明")
    for number, note in enumerate(_NOTES, start=1):
        notes.cell(number, 1, note)
    book.save(path)


def _wide(text: str) -> int:
    return sum(2 if east_asian_width(c) in "WFA" else 1 for c in text)


def _text(value: Any, kind: str) -> str:
    if value is None:
        return ""
    if isinstance(value, date):
        return f"{value:%Y%m}" if kind == "month" else value.isoformat()
    return f"{value:.2f}" if isinstance(value, Decimal) else str(value)


def _fill(cell: Any, text: str) -> None:
    """Text stays text: long numbers keep their digits, and nothing becomes a formula."""
    cell.number_format = "@"
    if not text:
        return
    cell.value = text
    cell.data_type = "s"
    cell.quotePrefix = text.startswith(_FORMULA_STARTS)
