"""Identity numbers and phones, sealed: written at intake, opened for a document that needs them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from poverty_watch.identity import Keyring
from poverty_watch.ledger.models import SealedPerson

_BATCH = 5_000


def seal_identities(session: Session, keys: Keyring, numbers: Mapping[int, str]) -> None:
    """Keep the numbers of persons that the ledger does not know yet."""
    known = _known(session, numbers)
    fresh = [person for person in numbers if person not in known]
    sealed = keys.seal_all(fresh, [numbers[person] for person in fresh])
    _write_many(
        session,
        "INSERT INTO sealed_person (person_id, identity) VALUES ({0}, {0})",
        list(zip(fresh, sealed, strict=True)),
    )


def seal_phones(session: Session, keys: Keyring, phones: Mapping[int, str]) -> None:
    """Keep the newest phone of persons whose number is already kept."""
    people = list(phones)
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


def unseal_identities(session: Session, keys: Keyring, people: Iterable[int]) -> dict[int, str]:
    """The full numbers of these persons; the caller has a document that needs them."""
    return {
        row.person_id: keys.unseal(row.person_id, row.identity) for row in _rows(session, people)
    }


def unseal_phones(session: Session, keys: Keyring, people: Iterable[int]) -> dict[int, str]:
    """The phones of these persons, where one is known."""
    return {
        row.person_id: keys.unseal(row.person_id, row.phone)
        for row in _rows(session, people)
        if row.phone is not None
    }


def _rows(session: Session, people: Iterable[int]) -> list[SealedPerson]:
    wanted = sorted(set(people))
    rows: list[SealedPerson] = []
    for start in range(0, len(wanted), _BATCH):
        batch = wanted[start : start + _BATCH]
        rows.extend(session.scalars(select(SealedPerson).where(SealedPerson.person_id.in_(batch))))
    return rows
