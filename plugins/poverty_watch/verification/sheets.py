"""Task sheets for the townships: what is known already is filled in, the rest is asked."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, selectinload

from poverty_watch.files import written_whole
from poverty_watch.identity import Keyring
from poverty_watch.lake.screenings import Screenings
from poverty_watch.ledger.models import HitFate, Lead, Task, TaskReason
from poverty_watch.ledger.screenings import current_screening
from poverty_watch.ledger.sealed import unseal_identities, unseal_phones
from poverty_watch.ledger.store import Ledger
from poverty_watch.ledger.told import findings_told
from poverty_watch.months import Month, Workdays
from poverty_watch.settings import REFERENCE, Settings
from poverty_watch.verification.codes import task_code
from poverty_watch.verification.known import known_facts
from poverty_watch.verification.policy import SheetForm, sheet_form
from poverty_watch.verification.workbook import TaskRow, content_of, save_sheet

FOLDER = "核实任务"
_SEVERITY = {"red": "【红】", "orange": "【橙】", "yellow": "【黄】"}
_VANISHED = "【已不再出现】{month}的数据中已没有下列情况，请核实现状，写明结果后办结："
_WITHDRAWN = "【预警已撤回】{month}的数据更正后，下列情况不再成立，请核实现状，写明结果后办结："
_KNOWN = "【部门已有数据】"
_ASSET = "ASSET"
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
class _Told:
    """Lines of a household's row."""

    reasons: list[str]
    questions: list[str]
    rules: list[str]


@dataclass(frozen=True)
class SheetsOutcome:
    """The sheets of a month, one per township that has something to verify."""

    paths: list[Path]
    written: int

    @property
    def summary(self) -> str:
        """One Chinese line for the log and the grid."""
        return f"核实任务表{len(self.paths)}份，其中新写{self.written}份"


def write_task_sheets(
    month: Month, settings: Settings, ledger: Ledger, *, by_village: bool = False
) -> SheetsOutcome:
    """Write one workbook per township into ``<outbox>/<YYYY-MM>/核实任务/`` (mode 0600).

    ``by_village``: beside it one per village, in a folder of the township's name; the rows are the
    same, and either may come back.
    A sheet whose content is the same already is left alone, so a second run touches no file.
    """
    form = sheet_form()
    keys = Keyring.open(settings.keys)
    purpose = f"{month.chinese}核实任务表"
    with ledger.transaction() as session:
        tasks = _tasks(session, month)
        households = _households(session, month, settings, {task.household_id for task in tasks})
        reasons = _reasons(session, month, tasks)
        told = {task.id: _told(task, reasons.get(task.household_id, []), month) for task in tasks}
        assets = _assets(session, month, settings, households.keys())
        known = known_facts(session, settings, month, households.keys())
        heads = [
            h["head_person_id"] for h in households.values() if h["head_person_id"] is not None
        ]
        rows = _rows(
            tasks,
            told,
            assets,
            known,
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
        if by_village:
            for village, of_village in _by_village(of_township).items():
                own = folder / township / f"核实任务_{township}_{village}_{month.chinese}.xlsx"
                written += _save(own, form, f"{township}{village}", month, of_village)
                paths.append(own)
    return SheetsOutcome(paths, written)


def _tasks(session: Session, month: Month) -> list[Task]:
    """The tasks that the month is about, whatever became of them since.

    That is the task which each lead of the month opened or joined, and each whose last reason has
    gone in this month.
    """
    newest_first = session.scalars(
        select(Task)
        .join(Lead, Lead.household_id == Task.household_id)
        .where(Lead.month == str(month), Lead.status == "raised", Task.month <= str(month))
        .order_by(Task.month.desc(), Task.id.desc())
        .options(selectinload(Task.reasons))
    )
    gone = session.scalars(
        select(Task)
        .where(Task.id.in_(select(TaskReason.task_id).where(TaskReason.gone_in == str(month))))
        .options(selectinload(Task.reasons))
    )
    tasks: dict[str, Task] = {}
    for task in newest_first:
        tasks.setdefault(task.household_id, task)
    for task in gone:
        if _was_cleared_in(task, month):
            tasks.setdefault(task.household_id, task)
    return sorted(tasks.values(), key=lambda t: (t.township, t.village, t.household_id))


def _told(task: Task, fates: list[HitFate], month: Month) -> _Told:
    """Why the household is visited and what to ask; of a cleared task, that it is."""
    order = list(_SEVERITY)
    lines = [
        (f.severity, f.rule_id, str(f.evidence["sentence"]), str(f.evidence["question"]))
        for f in fates
    ]
    if _was_cleared_in(task, month):
        # Of a reason that was withdrawn there is no hit left.
        known = {fate.rule_id for fate in fates}
        withdrawn = [r for r in task.reasons if r.month == str(month) and r.rule_id not in known]
        lines += [(r.severity, r.rule_id, r.sentence, r.question) for r in withdrawn]
        note = (_VANISHED if known else _WITHDRAWN).format(month=month.chinese)
    else:
        note = ""
    lines.sort(key=lambda line: (order.index(line[0]), line[1]))
    reasons = [_SEVERITY[severity] + sentence for severity, _, sentence, _ in lines]
    questions, rules = [line[3] for line in lines], [line[1] for line in lines]
    return _Told([note, *reasons] if note else reasons, questions, rules)


def _was_cleared_in(task: Task, month: Month) -> bool:
    """Whether the month took the last reason that the task had by then.

    What newer months have shown since makes no difference.
    """
    then = [reason for reason in task.reasons if reason.since <= str(month)]
    return (
        bool(then)
        and all(_was_gone_by(reason, str(month)) for reason in then)
        and any(reason.gone_in == str(month) for reason in then)
    )


def _was_gone_by(reason: TaskReason, month: str) -> bool:
    if reason.gone_in is None or reason.gone_in > month:
        return False
    return reason.month > month or reason.gone_in >= reason.month


def _assets(
    session: Session, month: Month, settings: Settings, households: Collection[str]
) -> dict[str, list[str]]:
    """Per household what is to be explained: a question each, and no reason to exclude anybody."""
    questions: dict[str, list[str]] = {}
    for told in findings_told(session, settings.lake, month, [_ASSET]):
        household_id = told.finding.household_id
        if household_id in households and household_id is not None:
            question = f"请说明：{told.evidence['sentence']}"
            questions.setdefault(household_id, []).append(question)
    return questions


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
    told: Mapping[int, _Told],
    assets: Mapping[str, list[str]],
    known: Mapping[str, list[str]],
    households: Mapping[str, Mapping[str, Any]],
    identities: Mapping[int, str],
    phones: Mapping[int, str],
    keys: Keyring,
) -> dict[str, list[TaskRow]]:
    rows: dict[str, list[TaskRow]] = {}
    calendar = Workdays.from_file(REFERENCE / "workdays.yaml")
    for task in tasks:
        household = households.get(task.household_id, {})
        head = household.get("head_person_id") or 0
        of_township = rows.setdefault(task.township or "未明乡镇", [])
        note = calendar.note(task.due_on)
        asked = [*told[task.id].questions, *assets.get(task.household_id, [])]
        of_township.append(
            TaskRow(
                code=task_code(keys, task.id, task.household_id, told[task.id].rules),
                facts={
                    "number": len(of_township) + 1,
                    "village": task.village,
                    "head": _head(household, identities.get(head, ""), phones.get(head, "")),
                    "household": _household(task.household_id, household),
                    "reasons": "\n".join(
                        [*told[task.id].reasons, *_known(known.get(task.household_id))]
                    ),
                    "questions": "\n".join(dict.fromkeys(asked)),
                    "due_on": "\n".join(filter(None, (str(task.due_on), note, f"第{task.id}号"))),
                },
            )
        )
    return rows


def _known(facts: list[str] | None) -> list[str]:
    """One line of what departments have said already, so that nobody asks it again."""
    return [_KNOWN + "；".join(facts) + "。"] if facts else []


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


def _by_village(rows: list[TaskRow]) -> dict[str, list[TaskRow]]:
    """The township's rows per village, numbered anew; the village names a file."""
    villages: dict[str, list[TaskRow]] = {}
    for row in rows:
        name = re.sub(r"[^\w（）()]", "", str(row.facts["village"] or "")) or "未明村"
        own = villages.setdefault(name, [])
        own.append(TaskRow(row.code, {**row.facts, "number": len(own) + 1}))
    return villages


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
