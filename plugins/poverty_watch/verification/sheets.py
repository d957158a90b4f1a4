"""Task sheets for the townships: what is known already is filled in, the rest is asked."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from poverty_watch.files import written_whole
from poverty_watch.identity import Keyring
from poverty_watch.lake.screenings import Screenings
from poverty_watch.ledger.models import HitFate, Lead, Task
from poverty_watch.ledger.screenings import current_screening
from poverty_watch.ledger.sealed import unseal_identities, unseal_phones
from poverty_watch.ledger.store import Ledger
from poverty_watch.months import Month
from poverty_watch.settings import Settings
from poverty_watch.verification.policy import SheetForm, sheet_form
from poverty_watch.verification.workbook import TaskRow, content_of, save_sheet

FOLDER = "核实任务"
_SEVERITY = {"red": "【红】", "orange": "【橙】", "yellow": "【黄】"}
_COLUMNS = [
    "household_id",
    "head_person_id",
    "head_name",
    "household_type",
    "monitored_class",
    "standing",
    "living_members",
]


@dataclass(frozen=True)
class SheetsOutcome:
    """The sheets of a month, one per township that has something to verify."""

    paths: list[Path]
    written: int

    @property
    def summary(self) -> str:
        """One Chinese line for the log and the grid."""
        return f"核实任务表{len(self.paths)}份，其中新写{self.written}份"


def write_task_sheets(month: Month, settings: Settings, ledger: Ledger) -> SheetsOutcome:
    """Write one workbook per township into ``<outbox>/<YYYY-MM>/核实任务/`` (mode 0600).

    A sheet whose content is the same already is left alone, so a second run touches no file.
    """
    form = sheet_form()
    keys = Keyring.open(settings.keys)
    purpose = f"{month.chinese}核实任务表"
    with ledger.transaction() as session:
        tasks = _tasks(session, month)
        households = _households(session, month, settings, {task.household_id for task in tasks})
        heads = [
            h["head_person_id"] for h in households.values() if h["head_person_id"] is not None
        ]
        rows = _rows(
            tasks,
            _reasons(session, month, tasks),
            households,
            unseal_identities(session, keys, heads, purpose=purpose),
            unseal_phones(session, keys, heads, purpose=purpose),
            keys,
        )
    folder = settings.outbox / str(month) / FOLDER
    paths, written = [], 0
    for township, of_township in rows.items():
        path = folder / f"核实任务_{township}_{month.chinese}.xlsx"
        written += _save(path, form, township, month, of_township)
        paths.append(path)
    return SheetsOutcome(paths, written)


def task_code(keys: Keyring, task: Task) -> str:
    """The code that ties a returned row to its task: the task's number and a keyed check of it."""
    text = f"task:{task.id}:{task.household_id}"
    return f"{task.id}-{hmac.digest(keys.person_key, text.encode(), 'sha256').hex()[:16]}"


def _tasks(session: Session, month: Month) -> list[Task]:
    """The task that each lead of the month opened or joined, whatever became of it since."""
    newest_first = session.scalars(
        select(Task)
        .join(Lead, Lead.household_id == Task.household_id)
        .where(Lead.month == str(month), Lead.status == "raised", Task.month <= str(month))
        .order_by(Task.month.desc(), Task.id.desc())
    )
    tasks: dict[str, Task] = {}
    for task in newest_first:
        tasks.setdefault(task.household_id, task)
    return sorted(tasks.values(), key=lambda t: (t.township, t.village, t.household_id))


def _reasons(session: Session, month: Month, tasks: list[Task]) -> dict[str, list[HitFate]]:
    """Per household what led to its task up to this month; of one rule the newest word counts.

    Taken from the hits of their months, so that the sheet of a month stays the same when later
    months add to the task.
    """
    since = {task.household_id: task.month for task in tasks}
    newest: dict[tuple[str, str], HitFate] = {}
    for fate in session.scalars(
        select(HitFate)
        .where(HitFate.month.between(min(since.values(), default=str(month)), str(month)))
        .where(or_(HitFate.suppressed.is_(None), HitFate.suppressed == "d"))
        .order_by(HitFate.month)
    ):
        if fate.month >= since.get(fate.household_id, "9999"):
            newest[fate.household_id, fate.rule_id] = fate
    reasons: dict[str, list[HitFate]] = {}
    for (household_id, _), fate in newest.items():
        reasons.setdefault(household_id, []).append(fate)
    order = list(_SEVERITY)
    for fates in reasons.values():
        fates.sort(key=lambda fate: (order.index(fate.severity), fate.rule_id))
    return reasons


def _households(
    session: Session, month: Month, settings: Settings, wanted: set[str]
) -> dict[str, dict[str, Any]]:
    screening = current_screening(session, month)
    if screening is None or not wanted:
        return {}
    table = Screenings(settings.lake).read(month, screening.fingerprint, "households")
    is_wanted = [h in wanted for h in table.column("household_id").to_pylist()]
    return {
        row["household_id"]: row for row in table.select(_COLUMNS).filter(is_wanted).to_pylist()
    }


def _rows(
    tasks: list[Task],
    told: Mapping[str, list[HitFate]],
    households: Mapping[str, Mapping[str, Any]],
    identities: Mapping[int, str],
    phones: Mapping[int, str],
    keys: Keyring,
) -> dict[str, list[TaskRow]]:
    rows: dict[str, list[TaskRow]] = {}
    for task in tasks:
        household = households.get(task.household_id, {})
        head = household.get("head_person_id") or 0
        of_township = rows.setdefault(task.township or "未明乡镇", [])
        reasons = told.get(task.household_id, [])
        of_township.append(
            TaskRow(
                code=task_code(keys, task),
                facts={
                    "number": len(of_township) + 1,
                    "village": task.village,
                    "head": _head(household, identities.get(head, ""), phones.get(head, "")),
                    "household": _household(task.household_id, household),
                    "reasons": "\n".join(
                        _SEVERITY[r.severity] + str(r.evidence["sentence"]) for r in reasons
                    ),
                    "questions": "\n".join(
                        dict.fromkeys(str(r.evidence["question"]) for r in reasons)
                    ),
                    "due_on": task.due_on,
                },
            )
        )
    return rows


def _head(household: Mapping[str, Any], identity: str, phone: str) -> str:
    return "\n".join(line for line in (household.get("head_name"), identity, phone) if line)


def _household(household_id: str, household: Mapping[str, Any]) -> str:
    kind = household.get("household_type") or "一般农户"
    monitored = household.get("monitored_class")
    if monitored:
        kind += f"\n{monitored}{'（已消除）' if household.get('standing') == 'X' else ''}"
    members = household.get("living_members")
    people = "" if members is None else f"\n{members}人"
    return f"{household_id.split(':', 1)[-1]}\n{kind}{people}"


def _save(path: Path, form: SheetForm, township: str, month: Month, rows: list[TaskRow]) -> bool:
    content = content_of(form, township, month, rows)
    plain = json.dumps(content, ensure_ascii=False, default=str, sort_keys=True)
    fingerprint = hashlib.sha256(plain.encode()).hexdigest()
    beside = path.with_name(f".{path.stem}.sha256")
    if path.exists() and beside.exists() and beside.read_text() == fingerprint:
        return False
    with written_whole(path, mode=0o600) as target:
        save_sheet(target, form, township, month, rows)
    with written_whole(beside, mode=0o600) as target:
        target.write_text(fingerprint)
    return True
