"""Identity numbers and phones, sealed: written at intake, opened for a document that needs them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from poverty_watch.identity import Keyring
from poverty_watch.ledger.access import viewer_of
from poverty_watch.ledger.errors import AccessError
from poverty_watch.ledger.journal import record
from poverty_watch.ledger.models import SealedPerson

_BATCH = 5_000
_LISTED = 500


def seal_identities(session: Session, keys: Keyring, numbers: Mapping[int, str]) -> None:
    """Keep the numbers of persons that the ledger does not know yet.

    Another department's step may be about to keep the same person: whoever is first stays. All take
    persons in the same order, lest two steps wait for each other.
    """
    fresh = sorted(set(numbers) - _known(session, numbers))
    sealed = keys.seal_all(fresh, [numbers[person] for person in fresh])
    _write_many(
        session,
        "INSERT INTO sealed_person (person_id, identity) VALUES ({0}, {0})"
        " ON CONFLICT (person_id) DO NOTHING",
        list(zip(fresh, sealed, strict=True)),
    )


def seal_phones(session: Session, keys: Keyring, phones: Mapping[int, str]) -> None:
    """Keep the newest phone of persons whose number is already kept."""
    people = sorted(phones)
    sealed = keys.seal_all(people, [phones[person] for person in people])
    _write_many(
        session,
        "UPDATE sealed_person SET phone = {0} WHERE person_id = {0}",
        list(zip(sealed, people, strict=True)),
    )


def _write_many(session: Session, statement: str, rows: list[tuple[Any, ...]]) -> None:
    """Bind a whole county's rows through the driver: SQLAlchemy's own binding takes four times as long."""
    if rows:
        connection = session.connection()
        mark = "?" if connection.dialect.paramstyle == "qmark" else "%s"
        connection.exec_driver_sql(statement.format(mark), rows)


def _known(session: Session, people: Iterable[int]) -> set[int]:
    wanted = list(people)
    if len(wanted) > _BATCH * 4:
        return set(session.scalars(select(SealedPerson.person_id)))
    known: set[int] = set()
    for start in range(0, len(wanted), _BATCH):
        batch = wanted[start : start + _BATCH]
        known.update(
            session.scalars(select(SealedPerson.person_id).where(SealedPerson.person_id.in_(batch)))
        )
    return known


def unseal_identities(
    session: Session,
    keys: Keyring,
    people: Iterable[int],
    *,
    purpose: str,
    actor: str | None = None,
) -> dict[int, str]:
    """The full numbers of these persons, for a document that needs them.

    Args:
        session: the reading is journalled in its transaction.
        keys: open the seals.
        people: person ids; those that are not known are left out.
        purpose: what the numbers are for, in Chinese: the document.
        actor: who reads; the session's viewer if not given.

    Raises:
        AccessError: the session's viewer may not see full numbers.
    """
    rows = _rows(session, people)
    _note_reading(session, "查看身份证号", rows, purpose, actor)
    return {row.person_id: keys.unseal(row.person_id, row.identity) for row in rows}


def unseal_phones(
    session: Session,
    keys: Keyring,
    people: Iterable[int],
    *,
    purpose: str,
    actor: str | None = None,
) -> dict[int, str]:
    """The phones of these persons, where one is known; otherwise as `unseal_identities`."""
    rows = [row for row in _rows(session, people) if row.phone is not None]
    _note_reading(session, "查看联系电话", rows, purpose, actor)
    return {
        row.person_id: keys.unseal(row.person_id, row.phone)
        for row in rows
        if row.phone is not None
    }


def _note_reading(
    session: Session, action: str, rows: list[SealedPerson], purpose: str, actor: str | None
) -> None:
    """Journal who read whose numbers; of a long list its size and a hash, the document has it."""
    viewer = viewer_of(session)
    if not viewer.may_unseal:
        raise AccessError(
            f"{viewer.title}不能查看完整的号码；入户需要的号码在县专班下发的核实任务表里。"
        )
    if not purpose.strip():
        raise AccessError("查看完整的号码要写明用途。")
    if not rows:
        return
    people = sorted(row.person_id for row in rows)
    whose: dict[str, Any] = {"people": people}
    if len(people) > _LISTED:
        whose = {"sha256": hashlib.sha256(repr(people).encode()).hexdigest()}
    record(session, action, purpose, actor=actor or viewer.name, count=len(people), **whose)


def _rows(session: Session, people: Iterable[int]) -> list[SealedPerson]:
    wanted = sorted(set(people))
    rows: list[SealedPerson] = []
    for start in range(0, len(wanted), _BATCH):
        batch = wanted[start : start + _BATCH]
        rows.extend(session.scalars(select(SealedPerson).where(SealedPerson.person_id.in_(batch))))
    return rows
