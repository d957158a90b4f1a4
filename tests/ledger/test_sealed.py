"""Numbers and phones are in one table, sealed; whoever has the database alone reads none."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from time import sleep
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag
from sqlalchemy import select, text

from poverty_watch.identity import Keyring, check_digit
from poverty_watch.ledger.access import Viewer
from poverty_watch.ledger.errors import AccessError
from poverty_watch.ledger.models import JournalEntry, SealedPerson
from poverty_watch.ledger.sealed import (
    seal_identities,
    seal_phones,
    unseal_identities,
    unseal_phones,
)
from poverty_watch.ledger.store import Ledger

PHONE = "13800000000"
FOR: dict[str, Any] = {"purpose": "样例文书"}


def numbers(count: int) -> list[str]:
    """Valid sample numbers: 530501 is no place."""
    stems = [f"53050119700101{serial:03d}" for serial in range(count)]
    return [stem + check_digit(stem) for stem in stems]


@pytest.fixture
def people(keys: Keyring) -> dict[int, str]:
    return {keys.person_id(number): number for number in numbers(3)}


def test_what_was_sealed_opens_again(ledger: Ledger, keys: Keyring, people: dict[int, str]) -> None:
    first, second, _ = people
    with ledger.transaction() as session:
        seal_identities(session, keys, people)
        seal_phones(session, keys, {first: PHONE})
    with ledger.transaction() as session:
        assert unseal_identities(session, keys, people, **FOR) == people
        assert unseal_identities(session, keys, [second, 42], **FOR) == {second: people[second]}
        assert unseal_phones(session, keys, people, **FOR) == {first: PHONE}


def test_two_steps_may_seal_the_same_persons_at_once(
    ledger: Ledger, keys: Keyring, people: dict[int, str]
) -> None:
    """Two departments deliver the same persons, new to the ledger, in different orders."""
    low, _, high = sorted(people)

    def other_step() -> None:
        with ledger.transaction() as session:
            seal_identities(session, keys, {who: people[who] for who in (high, low)})
            seal_phones(session, keys, {high: PHONE, low: PHONE})

    with ThreadPoolExecutor(1) as beside, ledger.transaction() as session:
        seal_identities(session, keys, {low: people[low]})
        going = beside.submit(other_step)
        sleep(1)  # the other step has found neither, and waits for this one
        seal_identities(session, keys, {high: people[high]})
        session.commit()
        going.result(20)
    with ledger.transaction() as session:
        assert unseal_identities(session, keys, [low, high], **FOR) == {
            who: people[who] for who in (low, high)
        }
        assert set(unseal_phones(session, keys, people, **FOR)) == {low, high}


def test_sealing_again_keeps_what_is_there_and_adds_what_is_new(
    ledger: Ledger, keys: Keyring, people: dict[int, str]
) -> None:
    first = next(iter(people))
    with ledger.transaction() as session:
        seal_identities(session, keys, {first: people[first]})
        before = session.get_one(SealedPerson, first).identity
    with ledger.transaction() as session:
        seal_identities(session, keys, people)
    with ledger.transaction() as session:
        assert session.get_one(SealedPerson, first).identity == before
        assert session.query(SealedPerson).count() == 3


def test_the_newest_phone_replaces_the_one_before(
    ledger: Ledger, keys: Keyring, people: dict[int, str]
) -> None:
    first = next(iter(people))
    with ledger.transaction() as session:
        seal_identities(session, keys, people)
        seal_phones(session, keys, {first: "13900000000"})
        seal_phones(session, keys, {first: PHONE, 42: PHONE})
        assert unseal_phones(session, keys, [*people, 42], **FOR) == {first: PHONE}


def test_the_table_holds_no_number_and_no_phone_in_the_plain(
    ledger: Ledger, keys: Keyring, people: dict[int, str]
) -> None:
    with ledger.transaction() as session:
        seal_identities(session, keys, people)
        seal_phones(session, keys, dict.fromkeys(people, PHONE))
        rows = session.execute(select(SealedPerson.__table__)).all()
        written = session.execute(text("SELECT * FROM sealed_person")).all()
    assert len(rows) == 3
    for row in [*rows, *written]:
        stored = b"\x00".join(
            bytes(value) if isinstance(value, (bytes, memoryview)) else str(value).encode()
            for value in row
        )
        assert not any(number.encode() in stored for number in people.values())
        assert not any(number[6:14].encode() in stored for number in people.values())
        assert PHONE.encode() not in stored


def test_a_seal_moved_to_another_person_does_not_open(
    ledger: Ledger, keys: Keyring, people: dict[int, str]
) -> None:
    first, second, _ = people
    with ledger.transaction() as session:
        seal_identities(session, keys, people)
        row = session.get_one(SealedPerson, first)
        row.identity = session.get_one(SealedPerson, second).identity
    with pytest.raises(InvalidTag), ledger.transaction() as session:
        unseal_identities(session, keys, [first], **FOR)


def test_more_people_than_one_statement_can_name(ledger: Ledger, keys: Keyring) -> None:
    # SQLite takes 32,766 values in a statement, PostgreSQL 65,535.
    people = {person: "53050119700101001X" for person in range(-40_000, 40_000)}
    with ledger.transaction() as session:
        seal_identities(session, keys, people)
        seal_identities(session, keys, people)
    with ledger.transaction() as session:
        assert len(unseal_identities(session, keys, people, **FOR)) == len(people)


def test_every_reading_is_written_down_with_who_when_and_what_for(
    ledger: Ledger, keys: Keyring, people: dict[int, str]
) -> None:
    first = next(iter(people))
    with ledger.transaction() as session:
        seal_identities(session, keys, people)
        seal_phones(session, keys, {first: PHONE})
    with ledger.transaction(Viewer("样例甲", "county")) as session:
        unseal_identities(session, keys, people, purpose="核对")
        unseal_phones(session, keys, people, purpose="联系", actor="样例乙")
        unseal_identities(session, keys, [42], purpose="没有这个人")
    with ledger.transaction() as session:
        entries = session.scalars(select(JournalEntry).order_by(JournalEntry.id)).all()
    assert [(e.actor, e.action, e.subject, e.detail) for e in entries] == [
        ("样例甲", "查看身份证号", "核对", {"count": 3, "people": sorted(people)}),
        ("样例乙", "查看联系电话", "联系", {"count": 1, "people": [first]}),
    ]


def test_a_long_list_is_written_down_by_its_size(ledger: Ledger, keys: Keyring) -> None:
    people = {person: "53050119700101001X" for person in range(501)}
    with ledger.transaction() as session:
        seal_identities(session, keys, people)
        unseal_identities(session, keys, people, **FOR)
    with ledger.transaction() as session:
        (entry,) = session.scalars(select(JournalEntry))
    assert entry.detail["count"] == 501
    assert set(entry.detail) == {"count", "sha256"}


@pytest.mark.parametrize(("role", "place"), [("township", "甸阳镇"), ("viewer", "")])
def test_only_the_county_office_opens_seals(
    ledger: Ledger, keys: Keyring, people: dict[int, str], role: Any, place: str
) -> None:
    with ledger.transaction() as session:
        seal_identities(session, keys, people)
    with pytest.raises(AccessError), ledger.transaction(Viewer("样例", role, place)) as session:
        unseal_identities(session, keys, people, **FOR)


def test_a_reading_without_a_purpose_is_refused(
    ledger: Ledger, keys: Keyring, people: dict[int, str]
) -> None:
    with ledger.transaction() as session:
        seal_identities(session, keys, people)
    with pytest.raises(AccessError, match="用途"), ledger.transaction() as session:
        unseal_identities(session, keys, people, purpose=" ")
