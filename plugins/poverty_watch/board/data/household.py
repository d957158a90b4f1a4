"""One household: who lives there, why it was found, its tasks, cases and help; names as the viewer may read them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from poverty_watch.identity import Keyring
from poverty_watch.lake.screenings import Screenings
from poverty_watch.ledger.access import Viewer
from poverty_watch.ledger.models import Case, Lead, Measure, Task
from poverty_watch.ledger.screenings import current_screening
from poverty_watch.ledger.sealed import unseal_identities, unseal_phones
from poverty_watch.ledger.store import Ledger
from poverty_watch.months import Month
from poverty_watch.screening.explaining import Explanation, Reason, explain
from poverty_watch.settings import Settings

_MEMBER_COLUMNS = ["person_id", "name", "birth_date", "age", "is_living", "is_register_member"]


@dataclass(frozen=True)
class Member:
    """A member at the end of the month; ``number`` and ``phone`` only where they were opened."""

    person_id: int
    name: str
    age: int | None
    is_living: bool
    is_register_member: bool
    number: str = ""
    phone: str = ""


@dataclass(frozen=True)
class HouseholdPage:
    """All that the page shows of a household."""

    explanation: Explanation
    head: str
    place: str
    facts: tuple[tuple[str, str], ...]
    members: tuple[Member, ...]
    leads: tuple[Lead, ...]
    tasks: tuple[Task, ...]
    cases: tuple[Case, ...]
    measures: tuple[Measure, ...]


def household_page(
    month: Month, household_id: str, settings: Settings, ledger: Ledger, viewer: Viewer
) -> HouseholdPage:
    """Everything about a household of a month.

    Raises:
        ScreeningError: the month is not computed yet, or has no such household.
        AccessError: it is a household that the viewer may not see.
    """
    told = explain(month, household_id, settings, ledger, viewer)
    with ledger.transaction(viewer) as session:
        row = told.row
        found = members(session, settings, month, household_id, viewer)
        page = HouseholdPage(
            told,
            viewer.shown_name(row["head_name"] or "") or "户主不明",
            f"{row['township'] or '乡镇不明'}{row['village'] or ''}",
            _facts(row),
            found,
            tuple(
                session.scalars(
                    select(Lead)
                    .where(Lead.household_id == household_id)
                    .order_by(Lead.month.desc())
                    .limit(24)
                )
            ),
            tuple(
                session.scalars(
                    select(Task)
                    .where(Task.household_id == household_id)
                    .options(selectinload(Task.reasons))
                    .order_by(Task.id.desc())
                    .limit(24)
                )
            ),
            tuple(
                session.scalars(
                    select(Case)
                    .where(Case.household_id == household_id)
                    .options(selectinload(Case.steps))
                    .order_by(Case.id.desc())
                )
            ),
            tuple(
                session.scalars(
                    select(Measure)
                    .where(Measure.household_id == household_id)
                    .order_by(Measure.status, Measure.due_on, Measure.id)
                )
            ),
        )
    return page if viewer.role != "viewer" else _without_names(page, row, viewer)


def members(
    session: Session, settings: Settings, month: Month, household_id: str, viewer: Viewer
) -> tuple[Member, ...]:
    """The household's members in the month's computation, the oldest first."""
    rows = _table(session, settings, month, "members", household_id, _MEMBER_COLUMNS)
    rows.sort(key=lambda row: (row["birth_date"] is None, row["birth_date"], row["person_id"]))
    return tuple(
        Member(
            row["person_id"],
            viewer.shown_name(row["name"]),
            row["age"],
            bool(row["is_living"]),
            bool(row["is_register_member"]),
        )
        for row in rows
    )


def opened(
    session: Session, keys: Keyring, found: Sequence[Member], purpose: str
) -> tuple[Member, ...]:
    """The members with their full numbers and phones; who reads them, and what for, is journalled.

    Raises:
        AccessError: the session's viewer may not see full numbers.
    """
    people = [member.person_id for member in found]
    numbers = unseal_identities(session, keys, people, purpose=purpose)
    phones = unseal_phones(session, keys, people, purpose=purpose)
    return tuple(
        replace(
            member,
            number=numbers.get(member.person_id, "（没有）"),
            phone=phones.get(member.person_id, ""),
        )
        for member in found
    )


def _table(
    session: Session,
    settings: Settings,
    month: Month,
    name: str,
    household_id: str,
    columns: list[str],
) -> list[dict[str, Any]]:
    screening = current_screening(session, month)
    assert screening is not None
    path = Screenings(settings.lake).path(month, screening.fingerprint, name)
    own = pq.read_table(path, columns=columns, filters=pc.field("household_id") == household_id)
    rows: list[dict[str, Any]] = own.to_pylist()
    return rows


def _facts(row: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    standing = {"M": "监测户", "X": "已消除风险户"}.get(row["standing"] or "", "未监测")
    kind = f"（{row['monitored_class']}）" if row["monitored_class"] and row["standing"] else ""
    risks = "、".join(row[f"risk_{n}"] for n in range(1, 6) if row[f"risk_{n}"])
    income = row["income_per_head"]
    identified = row["identified_month"]
    facts = {
        "户类型": row["household_type"] or "一般农户",
        "监测情况": f"{standing}{kind}",
        "风险": risks,
        "识别时间": f"{identified.year}年{identified.month}月" if identified else "",
        "在世人数": f"{row['living_members']}人",
        "人均纯收入": f"{income}元" if income is not None else "",
        "享受低保": row["receives_dibao"] or "",
        "住房安全": {"是": "有危房", "否": "无危房"}.get(row["has_unsafe_house"] or "", ""),
        "饮水安全": {"是": "有安全饮水", "否": "没有安全饮水"}.get(row["has_safe_water"] or "", ""),
        "已有帮扶": row["measures"] or "",
    }
    return tuple((title, text) for title, text in facts.items() if text)


def _without_names(page: HouseholdPage, row: Mapping[str, Any], viewer: Viewer) -> HouseholdPage:
    """For one who only looks: every person's name in what was found is cut to the family name."""
    told = page.explanation
    known = [row["head_name"] or ""]

    def shown(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
        return tuple(
            replace(reason, sentence=_hidden(reason.sentence, [*known, *reason.names], viewer))
            for reason in reasons
        )

    cut = replace(
        told,
        household=_hidden(told.household, known, viewer),
        hits=shown(told.hits),
        findings=shown(told.findings),
    )
    return replace(page, explanation=cut)


def _hidden(text: str, names: Iterable[str], viewer: Viewer) -> str:
    for name in sorted({name for name in names if name}, key=len, reverse=True):
        text = text.replace(name, viewer.shown_name(name))
    return text
