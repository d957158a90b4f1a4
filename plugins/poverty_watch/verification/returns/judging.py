"""What each returned row is worth: without ledger, lake or clock."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from poverty_watch.identity import Keyring, mask_numbers
from poverty_watch.verification.cases.errors import CaseError
from poverty_watch.verification.cases.given import read_given
from poverty_watch.verification.cases.procedure import Policy
from poverty_watch.verification.codes import Code, is_genuine, read_code
from poverty_watch.verification.policy import SheetForm
from poverty_watch.verification.returns.reading import ReturnedRow

Fate = Literal[
    "taken", "same", "unfilled", "incomplete", "stale", "conflict", "forged", "misplaced", "refused"
]
FATES: dict[Fate, str] = {
    "taken": "已登记",
    "same": "以前已登记，内容相同",
    "unfilled": "没有填写",
    "incomplete": "填写不全或有误",
    "stale": "表已过时",
    "conflict": "与已登记的不一致",
    "forged": "任务码无效",
    "misplaced": "任务码与本行的户不符",
    "refused": "不能登记",
}
_CASE_FIELDS = {"not_confirmed_because": "excluded_because", "risk": "risks", "remarks": "remarks"}
_KEPT = ("income_change", "wants_help", "assets_told")
_OTHER = "其他（写在备注）"
_LONGEST = 500


@dataclass(frozen=True)
class Asked:
    """A task as the ledger has it. ``reasons``: rule to sentence, of those that still stand.

    ``answered``: what was registered, by field; None while the task is open.
    """

    task_id: int
    household_id: str
    township: str
    village: str
    reasons: Mapping[str, str]
    answered: Mapping[str, str] | None


@dataclass
class Judged:
    """A row with its fate; ``told``: what to say; ``against``: field, registered, in this row."""

    row: ReturnedRow
    fate: Fate = "taken"
    asked: Asked | None = None
    told: list[str] = field(default_factory=list)
    against: list[tuple[str, str, str]] = field(default_factory=list)
    decision: str = ""
    on: date | None = None
    given: dict[str, Any] = field(default_factory=dict)


def codes_of(rows: Iterable[ReturnedRow]) -> set[int]:
    """The tasks that the rows speak of, genuine or not."""
    return {code.task_id for row in rows if (code := read_code(row.code)) is not None}


def judge_rows(
    rows: Sequence[ReturnedRow],
    asked: Mapping[int, Asked],
    keys: Keyring,
    policy: Policy,
    form: SheetForm,
    township: str,
) -> list[Judged]:
    """Each row with its fate; one that is ``taken`` has a decision, a day and what was given."""
    judged = [_tied(row, asked, keys, township) for row in rows]
    _compare_copies(judged, form)
    for one in judged:
        if one.fate == "taken" and one.asked is not None:
            _against_ledger(one, one.asked, form)
        if one.fate == "taken":
            _read_answers(one, policy, form)
    return judged


def _tied(row: ReturnedRow, asked: Mapping[int, Asked], keys: Keyring, township: str) -> Judged:
    code = read_code(row.code)
    task = asked.get(code.task_id) if code else None
    if not row.code:
        return Judged(
            row, "forged", told=["这一行没有任务码，不知道是哪一户。请在系统发出的表上填写这一户。"]
        )
    if code is None or task is None or not is_genuine(keys, code, task.household_id):
        return Judged(
            row,
            "forged",
            told=["任务码不是系统发出的，或被改动过。请从系统发出的表中复制整行，重新填写。"],
        )
    one = Judged(row, asked=task)
    written = _first_line(row.facts.get("household", ""))
    if written != _even(task.household_id.split(":", 1)[-1]):
        one.fate = "misplaced"
        one.asked = None
        one.told = [
            "本行写的户编号与任务码不是同一户（可能只排序了一部分列，或复制时错了行），没有登记到任何一户。"
            "请用原表按户重新填写这一行。"
        ]
    elif township and task.township != township:
        one.fate, one.asked = "refused", None
        one.told = [f"这一户不属于{township}，请由所在乡镇报回。"]
    elif not row.is_filled_in:
        one.fate = "unfilled"
    elif row.doubled:
        one.fate = "incomplete"
        one.told = [
            f"“{'”“'.join(row.doubled)}”有两列，内容不一样，不知道以哪一列为准。请只留一列。"
        ]
    else:
        _mark_stale(one, code, task)
    return one


def _mark_stale(one: Judged, code: Code, task: Asked) -> None:
    fresh = [rule for rule in task.reasons if rule not in code.rules]
    if fresh and task.answered is None:
        one.fate = "stale"
        one.told = [
            "这张表发出以后，该户又有新的预警原因，请一并核实，填在最新的核实任务表上报回。"
        ]
        one.against = [("预警原因", task.reasons[rule], "（表上没有）") for rule in fresh]


def _compare_copies(judged: Sequence[Judged], form: SheetForm) -> None:
    """Of a task that stands more than once: the same answer counts once, different ones do not."""
    copies: dict[int, list[Judged]] = {}
    for one in judged:
        if one.fate == "taken" and one.asked is not None:
            copies.setdefault(one.asked.task_id, []).append(one)
    for group in copies.values():
        first = group[0]
        other = [d for d in group[1:] if _differences(first.row.answers, d.row.answers, form)]
        for one in group[1:]:
            if not other:
                one.fate = "same"
                one.told = [f"与工作表“{first.row.sheet}”第{first.row.number}行相同，只算一次。"]
        if other:
            against = _differences(first.row.answers, other[0].row.answers, form)
            for one in group:
                one.fate = "conflict"
                one.told = [
                    "同一户在这份文件里填了不止一次，内容不同，都没有登记。请只留正确的一行。"
                ]
                one.against = against


def _against_ledger(one: Judged, task: Asked, form: SheetForm) -> None:
    if task.answered is None:
        return
    one.against = _differences(task.answered, one.row.answers, form)
    one.fate = "conflict" if one.against else "same"
    if one.against:
        one.told = ["这一户已经登记过，这次填的不同，仍以已登记的为准。确需更正的，请联系县专班。"]


def _differences(
    here: Mapping[str, str], there: Mapping[str, str], form: SheetForm
) -> list[tuple[str, str, str]]:
    # What is registered has its identity numbers masked.
    pairs = [
        (column.header, mask_numbers(here[column.field]), mask_numbers(there[column.field]))
        for column in form.answers
        if column.field in here
    ]
    return [(_even(title), ours, new) for title, ours, new in pairs if _even(ours) != _even(new)]


def _read_answers(one: Judged, policy: Policy, form: SheetForm) -> None:
    answers, problems = one.row.answers, list[str]()
    for column in form.answers:
        # A risk may be written as a list, the main one first.
        if column.kind == "choice" and column.field != "risk" and answers[column.field]:
            options = {_even(option) for option in column.options}
            if _even(answers[column.field]) not in options:
                problems.append(
                    f"“{_even(column.header)}”填的“{mask_numbers(answers[column.field])}”不在选项里，"
                    f"可以填：{'、'.join(column.options)}。"
                )
    by_title = {
        _even(decision.title): key
        for key, decision in policy.procedures["identification"].steps["verify"].decisions.items()
    }
    one.decision = by_title.get(_even(answers["outcome"]), "")
    if not answers["outcome"]:
        problems.append("没有填“核实结果”。")
    try:
        one.on = date.fromisoformat(answers["visited_on"])
    except ValueError:
        problems.append(
            "没有填“核实日期”。"
            if not answers["visited_on"]
            else f"“核实日期”填的“{answers['visited_on']}”不是日期，请写成 2021-05-12 的形式。"
        )
    texts = {"visitors": f"{answers['visitor_1']}、{answers['visitor_2']}"}
    texts |= {case: answers[field] for field, case in _CASE_FIELDS.items() if answers[field]}
    if one.decision != "excluded":
        texts.pop("excluded_because", None)
    elif texts.get("excluded_because") == _OTHER and not answers["remarks"]:
        problems.append(f"不属实原因选了“{_OTHER}”，备注里没有写。")
    try:
        one.given = read_given(policy, texts)
    except CaseError as error:
        problems += error.problems
    one.given |= {
        name: mask_numbers(answers[name])[:_LONGEST] for name in _KEPT if answers.get(name)
    }
    if problems:
        one.fate, one.told = "incomplete", problems


def _first_line(text: str) -> str:
    lines = text.split("\n")
    return _even(lines[0])


def _even(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split())
