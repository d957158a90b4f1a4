"""Queries: what the sender is asked about rows and files that are taken all the same.

A query is to be mended or explained. An explanation is remembered by dataset, query, subject (the
person, or the row where there is none) and a keyed hash of the values that the query is about: it
silences the query for as long as these values stand, in later months too.
"""

from __future__ import annotations

import hmac
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from poverty_watch.identity import Keyring
from poverty_watch.intake.names import township_in
from poverty_watch.intake.sheets import Doubt
from poverty_watch.intake.standardise import Standardised
from poverty_watch.intake.suites import Doubted
from poverty_watch.ledger.explanations import Key

QUERIES_SCHEMA = pa.schema(
    [
        ("source_file", pa.string()),
        ("source_sheet", pa.string()),
        ("source_row", pa.int32()),
        ("query", pa.string()),
        ("columns", pa.string()),
        ("subject", pa.string()),
        ("value_hash", pa.string()),
        ("sentence", pa.string()),
        ("explanation", pa.string()),
    ]
)
"""A row per query; ``source_row`` 0 and a ``sentence`` for one about a file or sheet as a whole,
``columns`` a JSON list of the contract's columns, ``explanation`` null while there is none."""

_HASH_DIGITS = 32


@dataclass(frozen=True)
class Explained:
    """An explanation that a sender has just given."""

    query: str
    subject: str
    value_hash: str
    text: str

    @property
    def key(self) -> Key:
        """What it silences."""
        return (self.query, self.subject, self.value_hash)


@dataclass(frozen=True)
class Explaining:
    """Explanations that came with a correction.

    ``rows``: by the row's position in the delivery; ``files``: by query and subject.
    """

    rows: Mapping[int, str] = field(default_factory=dict)
    files: Mapping[tuple[str, str], str] = field(default_factory=dict)


@dataclass(frozen=True)
class Asked:
    """The queries of a delivery.

    ``table`` as `QUERIES_SCHEMA`; ``open`` counts those without explanation by code; ``whole`` are
    those that make the whole delivery one with questions; ``sentences`` tell the open ones about
    files; ``given`` are the explanations that have come just now.
    """

    table: pa.Table
    open: dict[str, int]
    whole: list[Doubted]
    sentences: list[str]
    given: list[Explained]


def ask(
    standardised: Standardised,
    people: pa.Array,
    doubted: Sequence[Doubted],
    doubts: Sequence[Doubt],
    keys: Keyring,
    known: Mapping[Key, str],
    explaining: Explaining,
) -> Asked:
    """Work out what is still to be asked.

    Args:
        standardised: the delivery's rows.
        people: their person ids, null where the number is not valid.
        doubted: rows that the suite doubts.
        doubts: what is odd about its files.
        keys: the installation's.
        known: explanations given before, by query, subject and hash of the values.
        explaining: those that come with a correction.
    """
    records: list[dict[str, Any]] = []
    given: list[Explained] = []
    whole: list[Doubted] = []

    def note(place: dict[str, Any], key: Key, text: str | None) -> bool:
        if text is not None:
            given.append(Explained(*key, text))
        explanation = text or known.get(key)
        query, subject, value_hash = key
        facts = {"query": query, "subject": subject, "value_hash": value_hash}
        records.append(place | facts | {"explanation": explanation})
        return explanation is not None

    for doubt in doubts:
        subject = subject_of(doubt)
        place = {
            "source_file": doubt.file,
            "source_sheet": doubt.sheet,
            "source_row": 0,
            "columns": "[]",
            "sentence": doubt.sentence,
        }
        key = (doubt.code, subject, _hash(keys, doubt.value))
        note(place, key, explaining.files.get((doubt.code, subject)))
    for one in doubted:
        explained = sum(
            note(place, key, explaining.rows.get(row))
            for row, place, key in _of_rows(one, standardised, people, keys)
        )
        if one.doubts_the_whole(explained):
            whole.append(one)
    left = [record for record in records if record["explanation"] is None]
    return Asked(
        table=pa.Table.from_pylist(records, schema=QUERIES_SCHEMA),
        open=dict(sorted(Counter(record["query"] for record in left).items())),
        whole=whole,
        sentences=[str(record["sentence"]) for record in left if not record["source_row"]],
        given=given,
    )


def subject_of(doubt: Doubt) -> str:
    """What an explanation about a file is remembered by: files change their names every month."""
    return ":".join(("file", township_in(doubt.file) or "", doubt.sheet))


def _of_rows(
    doubted: Doubted, standardised: Standardised, people: pa.Array, keys: Keyring
) -> list[tuple[int, dict[str, Any], Key]]:
    rows = pa.array(doubted.rows)
    values = _tuples(standardised, doubted.columns, rows)
    ids = people.take(rows).to_pylist()
    every = _tuples(standardised, [c.name for c in standardised.contract.columns], rows)
    source = {n: v.to_pylist() for n, v in standardised.source_columns(doubted.rows).items()}
    columns = json.dumps(doubted.columns)
    found = []
    for at, row in enumerate(doubted.rows.tolist()):
        place = {name: of_rows[at] for name, of_rows in source.items()} | {"columns": columns}
        person = ids[at]
        subject = f"row:{_hash(keys, every[at])}" if person is None else f"person:{person}"
        found.append((row, place, (doubted.code, subject, _hash(keys, values[at]))))
    return found


def _tuples(standardised: Standardised, columns: Sequence[str], rows: pa.Array) -> list[str]:
    taken = [standardised.columns[name].take(rows).to_pylist() for name in columns]
    return ["\x1f".join(map(str, of_row)) for of_row in zip(*taken, strict=True)]


def _hash(keys: Keyring, text: str) -> str:
    # Amounts can be guessed: without the key the hash would tell them.
    digest = hmac.digest(keys.person_key, f"query-value\x1f{text}".encode(), "sha256")
    return digest.hex()[:_HASH_DIGITS]
