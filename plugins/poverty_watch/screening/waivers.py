"""Waivers: a household's rule that opens no task for a time, by the county's file or by command."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from sqlalchemy import select
from sqlalchemy.orm import Session

from poverty_watch.identity import mask_numbers
from poverty_watch.lake.screenings import Screenings
from poverty_watch.ledger.journal import record
from poverty_watch.ledger.models import Screening, Waiver
from poverty_watch.ledger.screenings import current_screening
from poverty_watch.ledger.store import Ledger
from poverty_watch.months import Month
from poverty_watch.settings import REFERENCE, SQL, Settings

WAIVERS_FILE = REFERENCE / "waivers.yaml"
RULES = SQL / "rules"
_HOUSEHOLD = re.compile(r"^[RH]:\S+$")
_RULE = re.compile(r"^W\d{2}$")
_FIELDS = {
    "household": "户",
    "rule": "规则",
    "from": "起始日期",
    "until": "截止日期",
    "reason": "理由",
    "approved_by": "批准人",
}


class WaiverError(ValueError):
    """A waiver cannot be taken; the message is Chinese and says what to put right."""


class WaiverTerms(BaseModel):
    """What a waiver says, as it is written in the file."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    household: str
    rule: str
    valid_from: date = Field(alias="from")
    until: date
    reason: str = Field(min_length=1)
    approved_by: str = Field(min_length=1, max_length=64)

    @field_validator("household", mode="before")
    @classmethod
    def _is_household(cls, given: Any) -> str:
        text = str(given).strip().replace("：", ":")
        if not _HOUSEHOLD.match(text) or len(text) > 64:
            raise ValueError("户要写成 R:户编号 或 H:户号")
        return text

    @field_validator("rule")
    @classmethod
    def _is_rule(cls, text: str) -> str:
        if text not in rule_ids():
            raise ValueError(f"没有 {text} 这条规则")
        return text

    @field_validator("reason")
    @classmethod
    def _without_numbers(cls, text: str) -> str:
        return mask_numbers(text)

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> WaiverTerms:
        if self.until < self.valid_from:
            raise ValueError("截止日期早于起始日期")
        return self


def rule_ids(folder: Path = RULES) -> set[str]:
    """The rules that there are."""
    names = (path.stem.partition("_")[0] for path in folder.glob("*.sql"))
    return {name for name in names if _RULE.match(name)}


def read_file(path: Path = WAIVERS_FILE) -> list[WaiverTerms]:
    """The waivers of the county's file; none where there is no file.

    Raises:
        WaiverError: the file is wrong; all mistakes are listed.
    """
    if not path.exists():
        return []
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except yaml.YAMLError as error:
        raise WaiverError(f"{path.name} 不是正确的 YAML：{error}") from error
    entries = content.get("waivers") if isinstance(content, dict) else None
    if not isinstance(entries, list) or set(content) != {"waivers"}:
        raise WaiverError(f"{path.name}：全部豁免都要列在 waivers 下面，没有就写 waivers: []。")
    problems: list[str] = []
    terms: list[WaiverTerms] = []
    for number, entry in enumerate(entries, start=1):
        try:
            terms.append(WaiverTerms.model_validate(entry))
        except ValidationError as error:
            problems += [f"- 第{number}条：{text}" for text in _mistakes(error)]
    if problems:
        raise WaiverError(f"{path.name} 有误，请逐条改正：\n" + "\n".join(problems))
    return terms


def take_in_file(session: Session, path: Path, day: date) -> int:
    """Bring the ledger to what the file says; how many waivers were added or taken back.

    What was struck from the file before it had ended is taken back from ``day`` on; the months that
    it covered keep their answer.

    Raises:
        WaiverError: the file is wrong; nothing is written.
    """
    wanted = {_key(terms): terms for terms in read_file(path)}
    running = session.scalars(
        select(Waiver).where(Waiver.origin == "file", Waiver.revoked_on.is_(None))
    )
    known = {_key_of(waiver): waiver for waiver in running}
    fresh = [terms for key, terms in wanted.items() if key not in known]
    struck = [
        waiver for key, waiver in known.items() if key not in wanted and waiver.valid_until >= day
    ]
    for terms in fresh:
        _add(session, terms, "file", path.name)
    for waiver in struck:
        _revoke(session, waiver, day, f"已从 {path.name} 中删去", path.name)
    return len(fresh) + len(struck)


def waive(terms: WaiverTerms, settings: Settings, ledger: Ledger) -> Waiver:
    """Record a waiver that the office gives by command; the same one again changes nothing.

    Raises:
        WaiverError: no household is called so in the newest computation.
    """
    with ledger.transaction() as session:
        _check_household(session, terms.household, settings)
        for waiver in session.scalars(
            select(Waiver).where(
                Waiver.household_id == terms.household, Waiver.revoked_on.is_(None)
            )
        ):
            if _key_of(waiver) == _key(terms):
                return waiver
        return _add(session, terms, "office", terms.approved_by)


def take_back(waiver_id: int, reason: str, by: str, ledger: Ledger, day: date) -> Waiver:
    """End a waiver from ``day`` on; what it covered before stays covered.

    Raises:
        WaiverError: there is none of that number, it has ended, or the file says otherwise.
    """
    with ledger.transaction() as session:
        waiver = session.get(Waiver, waiver_id)
        if waiver is None:
            raise WaiverError(f"没有编号为 {waiver_id} 的豁免。")
        if waiver.revoked_on is not None or waiver.valid_until < day:
            raise WaiverError(f"编号 {waiver_id} 的豁免已经结束，不用撤销。")
        if waiver.origin == "file":
            raise WaiverError(f"编号 {waiver_id} 的豁免写在 waivers.yaml 里，请从文件里删去。")
        _revoke(session, waiver, day, reason, by)
        return waiver


def all_waivers(ledger: Ledger) -> list[Waiver]:
    """Every waiver, the newest first."""
    with ledger.transaction() as session:
        return list(session.scalars(select(Waiver).order_by(Waiver.id.desc())))


def terms_of(**given: Any) -> WaiverTerms:
    """Terms from what somebody typed.

    Raises:
        WaiverError: something about them is wrong.
    """
    try:
        return WaiverTerms.model_validate(given)
    except ValidationError as error:
        raise WaiverError("；".join(_mistakes(error))) from error


def _mistakes(error: ValidationError) -> Iterable[str]:
    for mistake in error.errors():
        place = mistake["loc"][0] if mistake["loc"] else ""
        name = _FIELDS.get(str(place), str(place))
        kind = mistake["type"]
        if kind == "missing":
            yield f"没有写{name}（{place}）"
        elif kind == "extra_forbidden":
            yield f"不认识 {place} 这一项"
        elif kind == "value_error":
            yield str(mistake["ctx"]["error"])
        elif kind.startswith("date"):
            yield f"{name}（{place}）不是日期，请写成 2021-09-30 的形式"
        elif kind == "string_too_short":
            yield f"{name}（{place}）不能为空"
        else:
            yield f"{name}（{place}）写得不对"


def _key(terms: WaiverTerms) -> tuple[Any, ...]:
    return (
        terms.household,
        terms.rule,
        terms.valid_from,
        terms.until,
        terms.reason,
        terms.approved_by,
    )


def _key_of(waiver: Waiver) -> tuple[Any, ...]:
    return (
        waiver.household_id,
        waiver.rule_id,
        waiver.valid_from,
        waiver.valid_until,
        waiver.reason,
        waiver.approved_by,
    )


def _add(
    session: Session, terms: WaiverTerms, origin: Literal["file", "office"], actor: str
) -> Waiver:
    waiver = Waiver(
        household_id=terms.household,
        rule_id=terms.rule,
        valid_from=terms.valid_from,
        valid_until=terms.until,
        reason=terms.reason,
        approved_by=terms.approved_by,
        origin=origin,
    )
    session.add(waiver)
    session.flush()
    record(
        session,
        "豁免",
        f"{waiver.household_id} {waiver.rule_id}",
        actor=actor,
        number=waiver.id,
        valid_from=str(waiver.valid_from),
        until=str(waiver.valid_until),
        reason=waiver.reason,
        approved_by=waiver.approved_by,
    )
    return waiver


def _revoke(session: Session, waiver: Waiver, day: date, reason: str, by: str) -> None:
    waiver.revoked_on, waiver.revoked_because, waiver.revoked_by = day, reason, by
    record(
        session,
        "撤销豁免",
        f"{waiver.household_id} {waiver.rule_id}",
        actor=by,
        number=waiver.id,
        revoked_on=str(day),
        reason=reason,
    )


def _check_household(session: Session, household_id: str, settings: Settings) -> None:
    newest = session.scalar(select(Screening.month).order_by(Screening.month.desc()).limit(1))
    if newest is None:
        return
    month = Month.parse(newest)
    screening = current_screening(session, month)
    assert screening is not None
    table = Screenings(settings.lake).read(month, screening.fingerprint, "households")
    if household_id not in set(table.column("household_id").to_pylist()):
        raise WaiverError(
            f"{month.chinese}没有 {household_id} 这一户，请核对编号（R:户编号，或 H:户号）。"
        )
