"""The findings of a month as a list for who has to deal with them, both sides with their places."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from poverty_watch.contracts import Catalogue, load_catalogue
from poverty_watch.identity import Keyring
from poverty_watch.ledger.handling import handling
from poverty_watch.ledger.sealed import unseal_identities
from poverty_watch.ledger.told import ToldFinding
from poverty_watch.listing import Cell, ListColumn, Listing, remove_list, stands, write_list
from poverty_watch.months import Month
from poverty_watch.settings import TEMPLATES

# Asked about at a visit, in the task sheet.
ASSET = "ASSET"
_IDENTITY = "identity"
_NAMELESS = ("reason", "township")  # the name says which, and is no person's
_NOT_IN_NAMES = re.compile(r"[\\/:*?\"<>|\x00-\x1f]")
FieldName = Literal[
    "number",
    "code",
    "title",
    "kind",
    "township",
    "village",
    "household",
    "name",
    "identity",
    "sentence",
    "value",
    "source",
    "other_value",
    "other",
    "since",
    "due_on",
    "state",
]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Column(_Strict):
    fields: tuple[FieldName, ...] = Field(min_length=1)
    header: str
    width: float


class _Answer(_Strict):
    header: str
    width: float
    choices: tuple[str, ...] = ()


class _States(_Strict):
    new: str
    again: str
    unchecked: str


class ListForm(_Strict):
    """``include/templates/比对问题清单.yaml``."""

    name: str
    sheet: str
    title: str
    subtitle: str
    county: str
    notes: tuple[str, ...]
    states: _States
    place: str
    columns: tuple[_Column, ...]
    answers: tuple[_Answer, ...]


@lru_cache(maxsize=1)
def list_form(path: Path = TEMPLATES / "比对问题清单.yaml") -> ListForm:
    """The form of the list."""
    return ListForm.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))


@dataclass(frozen=True)
class FindingList:
    """One owner's list. ``written``: 1 if the file was written just now."""

    path: Path
    findings: int
    written: int


def write_finding_list(
    session: Session,
    keys: Keyring,
    folder: Path,
    owner: str,
    month: Month,
    findings: Sequence[ToldFinding],
) -> FindingList | None:
    """Write an owner's list (mode 0600); None, and no file, where there is nothing to tell.

    One that tells the same already is left alone, and nobody's number is opened for it.
    """
    form = list_form()
    safe = _NOT_IN_NAMES.sub("_", owner)
    path = folder / form.name.format(owner=safe, month=month.chinese)
    if not findings:
        remove_list(path)
        return None
    listing = _listing(form, owner, month, findings)
    lines = list(_lines(form, findings, load_catalogue()))
    fingerprint = listing.fingerprint([list(line.values()) for line in lines])
    if stands(path, fingerprint):
        return FindingList(path, len(findings), 0)
    people = {line[_IDENTITY] for line in lines} - {None}
    purpose = f"{month.chinese}{form.title}（{owner}）"
    numbers = unseal_identities(session, keys, people, purpose=purpose) if people else {}
    for line in lines:
        line[_IDENTITY] = numbers.get(line[_IDENTITY], "")
    shown = [[_cell(line, column.fields) for column in form.columns] for line in lines]
    write_list(path, fingerprint, listing, shown)
    return FindingList(path, len(findings), 1)


def _cell(line: Mapping[str, Cell], fields: Sequence[str]) -> Cell:
    """A field's value; of several the texts, one below the other."""
    if len(fields) == 1:
        return line[fields[0]]
    return "\n".join(str(line[name]) for name in fields if line[name])


def _listing(form: ListForm, owner: str, month: Month, findings: Sequence[ToldFinding]) -> Listing:
    new = sum(told.is_new for told in findings)
    return Listing(
        sheet=form.sheet,
        title=form.title,
        subtitle=form.subtitle.format(
            owner=owner, month=month.chinese, count=len(findings), new=new
        ),
        notes=form.notes,
        columns=(
            *(ListColumn(column.header, column.width) for column in form.columns),
            *(ListColumn(a.header, a.width, True, a.choices) for a in form.answers),
        ),
    )


def _lines(
    form: ListForm, findings: Iterable[ToldFinding], catalogue: Catalogue
) -> Iterable[dict[str, Any]]:
    """A line per row of evidence, by field; ``identity`` holds the person's id."""
    number = 0
    for told in findings:
        for row in told.evidence.get("rows") or [{}]:
            number += 1
            yield {
                "number": number,
                **_of_finding(form, told),
                **_of_row(form, told, row, catalogue),
            }


def _of_finding(form: ListForm, told: ToldFinding) -> dict[str, Cell]:
    finding = told.finding
    state = form.states.new if told.is_new else form.states.again
    return {
        "code": f"{finding.comparison_id}-{finding.id}",
        "title": str(told.evidence["title"]),
        "kind": handling()[finding.outcome].title,
        "township": finding.township,
        "village": finding.village,
        "household": (finding.household_id or "").partition(":")[2],
        "sentence": str(told.evidence["sentence"]),
        "since": Month.parse(finding.opened_month).chinese,
        "due_on": finding.due_on,
        "state": state if told.is_shown else form.states.unchecked,
    }


def _of_row(
    form: ListForm, told: ToldFinding, row: Mapping[str, Any], catalogue: Catalogue
) -> dict[str, Any]:
    person = row.get("person_id") or told.finding.person_id
    is_named = told.finding.subject not in _NAMELESS
    return {
        "name": (row.get("name") or "") if is_named else "",
        _IDENTITY: int(person) if person is not None else None,
        "value": row.get("value") or "",
        "source": _place(form, row.get("source"), catalogue),
        "other_value": row.get("other_value") or "",
        "other": _place(form, row.get("other"), catalogue),
    }


def _place(form: ListForm, place: Mapping[str, Any] | None, catalogue: Catalogue) -> str:
    if place is None:
        return ""
    dataset = place["dataset"]
    known = dataset in catalogue.contracts
    return form.place.format(
        dataset=catalogue.contract(dataset).title if known else dataset,
        file=place["file"],
        sheet=f"“{place['sheet']}”" if place["sheet"] else "",
        row=place["row"],
    )
