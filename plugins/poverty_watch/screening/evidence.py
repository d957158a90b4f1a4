"""From a check's rows to hits and findings: one per household or subject, with its evidence."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from poverty_watch.screening.definitions import SENDER, ComparisonHeader, RuleHeader
from poverty_watch.screening.parameters import plain

HITS = pa.schema(
    [
        ("rule_id", pa.string()),
        ("household_id", pa.string()),
        ("person_id", pa.int64()),
        ("severity", pa.string()),
        ("value", pa.string()),
        ("threshold", pa.string()),
        ("evidence", pa.string()),
    ]
)
FINDINGS = pa.schema(
    [
        ("comparison_id", pa.string()),
        ("subject", pa.string()),
        ("subject_id", pa.string()),
        ("household_id", pa.string()),
        ("person_id", pa.int64()),
        ("dataset", pa.string()),
        ("evidence", pa.string()),
    ]
)
SEVERITIES = ("red", "orange", "yellow")
_ROWS_KEPT = 20
_SENTENCES_KEPT = 3
# What a finding is about, and the column of the comparison's rows that says which one. A township
# and a reason are named; neither has an id of its own.
_SUBJECTS = {
    "person": "person_id",
    "household": "household_id",
    "township": "name",
    "reason": "name",
}

Row = dict[str, Any]


@dataclass(frozen=True)
class Source:
    """The delivery that a row of evidence comes from."""

    dataset: str
    month: str
    version: int


# The delivery that serves a dataset; of a given month where the row says that it is an earlier one.
SourceOf = Callable[[str, str | None], Source | None]
# The department that sends a dataset.
SenderOf = Callable[[str], str]


def hits_of(
    header: RuleHeader, rows: pa.Table, source_of: SourceOf, sent_back: Mapping[str, Any] | None
) -> list[Row]:
    """One hit per household, by household id; its severity is the highest over its rows.

    Args:
        header: the rule.
        rows: what its SQL gave.
        source_of: the delivery that serves a dataset.
        sent_back: for a rule that is hit by absence, the rows that were sent back.
    """
    hits: list[Row] = []
    by_weight = partial(_by_weight, -1 if header.worse == "higher" else 1)
    for household_id, found in _grouped(rows, ("household_id",), by_weight):
        top = found[0]
        evidence: Row = {
            "title": header.title,
            "risk": top.get("risk") or header.risk,
            "verifies": header.verifies,
            "question": header.question,
            **_told(header, found, source_of),
        }
        if sent_back is not None:
            evidence["sent_back"] = dict(sent_back)
        hits.append(
            {
                "rule_id": header.id,
                "household_id": household_id[0],
                "person_id": top["person_id"],
                "severity": top["severity"],
                "value": _text(top["value"]),
                "threshold": _text(top["threshold"]),
                "evidence": _json(evidence),
            }
        )
    return hits


def findings_of(
    header: ComparisonHeader,
    rows: pa.Table,
    source_of: SourceOf,
    sender_of: SenderOf,
    parameters: Sequence[Row] = (),
) -> list[Row]:
    """One finding per subject (and dataset, where the rows name one).

    ``subject_id`` is the same for the same subject in every month: the keyed id of a person, the
    household id, or the name of a township or reason. ``parameters`` are those in force, as
    described for the ledger; one that the county has not confirmed is told in the sentence.
    """
    column = _SUBJECTS[header.subject]
    findings: list[Row] = []
    unconfirmed = "".join(
        f"“{p['title']}”{p['value']}未经县审定。" for p in parameters if not p["confirmed"]
    )
    for (subject_id, dataset), found in _grouped(rows, (column, "dataset"), _by_source):
        top = found[0]
        evidence = {
            "title": header.title,
            "outcome": header.outcome,
            "verifies": sender_of(dataset) if header.verifies == SENDER else header.verifies,
            "parameters": list(parameters),
            **_told(header, found, source_of),
        }
        evidence["sentence"] += unconfirmed
        findings.append(
            {
                "comparison_id": header.id,
                "subject": header.subject,
                "subject_id": str(subject_id),
                "household_id": top["household_id"],
                "person_id": top["person_id"] if header.subject == "person" else None,
                "dataset": dataset,
                "evidence": _json(evidence),
            }
        )
    return findings


def apart(rows: pa.Table) -> tuple[pa.Table, dict[str, int] | None]:
    """The rows that are findings, and the figures per dataset; None for a comparison without."""
    if "is_count" not in rows.column_names:
        return rows, None
    is_count = rows.column("is_count")
    figures = rows.filter(is_count).to_pylist()
    counted = {row["dataset"]: int(row["value"]) for row in figures}
    return rows.filter(pc.invert(is_count)), dict(sorted(counted.items()))


def table_of(rows: Iterable[Row], schema: pa.Schema) -> pa.Table:
    """Hits or findings as a table."""
    return pa.Table.from_pylist(list(rows), schema=schema)


def _grouped(
    rows: pa.Table, keys: tuple[str, ...], order: Callable[[Row], Any]
) -> Iterable[tuple[tuple[Any, ...], list[Row]]]:
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows.to_pylist():
        groups.setdefault(tuple(row[key] for key in keys), []).append(row)
    for key in sorted(
        groups, key=lambda key: tuple("" if part is None else str(part) for part in key)
    ):
        yield key, sorted(groups[key], key=order)


def _by_source(row: Row) -> tuple[Any, ...]:
    return (
        row.get("name") or "",
        row["person_id"] or 0,
        *(row.get(f"source_{part}") or "" for part in ("file", "sheet")),
        row.get("source_row") or 0,
        row["detail"] or "",
        *(_text(row.get(f"other_{part}")) or "" for part in ("value", "file", "sheet")),
        row.get("other_row") or 0,
    )


def _by_weight(sign: int, row: Row) -> tuple[Any, ...]:
    value = row["value"]
    amount = sign * value if isinstance(value, Decimal | int | float) else 0
    return (SEVERITIES.index(row["severity"]), amount, _text(value) or "", *_by_source(row))


def _told(
    header: RuleHeader | ComparisonHeader, rows: list[Row], source_of: SourceOf
) -> dict[str, Any]:
    """The sentence, the rows behind it (the first ones), and how many there are."""
    clauses = list(dict.fromkeys(_clause(header.sentence, row) for row in rows))
    sentence = "；".join(clauses[:_SENTENCES_KEPT])
    if len(clauses) > _SENTENCES_KEPT:
        sentence += f"；另有{len(clauses) - _SENTENCES_KEPT}项"
    default = header.sources[0] if header.sources else None
    return {
        "sentence": sentence + "。",
        "rows_total": len(rows),
        "rows": [_kept(row, default, source_of) for row in rows[:_ROWS_KEPT]],
    }


def _clause(sentence: str, row: Row) -> str:
    return sentence.format(
        name=row.get("name") or "（未填姓名）",
        value=_text(row.get("value")) or "",
        other_value=_text(row.get("other_value")) or "",
        threshold=_text(row.get("threshold")) or "",
        detail=row["detail"] or "",
    )


def _kept(row: Row, default: str | None, source_of: SourceOf) -> Row:
    """A row of evidence. The person stands by name and keyed id; the number stays sealed.

    ``source`` says where the value stands, ``other`` where the value stands that it disagrees with;
    either is left out where a side has no row.
    """
    kept: Row = {
        "person_id": None if row["person_id"] is None else str(row["person_id"]),
        "name": row.get("name"),
        "detail": row["detail"],
        "value": _text(row["value"]),
    }
    kept |= {
        name: _text(row[name]) for name in ("severity", "threshold", "other_value") if name in row
    }
    if row.get("risk") is not None:
        kept["risk"] = row["risk"]
    for side, dataset in (
        ("source", row.get("source_dataset") or default),
        ("other", row.get("other_dataset")),
    ):
        place = _place(row, side, dataset, source_of)
        if place is not None:
            kept[side] = place
    return kept


def _place(row: Row, side: str, dataset: str | None, source_of: SourceOf) -> Row | None:
    if dataset is None or row.get(f"{side}_file") is None:
        return None
    source = source_of(dataset, row.get(f"{side}_month"))
    if source is None:
        return None
    return {
        "dataset": source.dataset,
        "month": source.month,
        "version": source.version,
        **{part: row[f"{side}_{part}"] for part in ("file", "sheet", "row")},
    }


def _text(value: Any) -> str | None:
    if value is None:
        return None
    return plain(value) if isinstance(value, Decimal) else str(value)


def _json(content: Mapping[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False, sort_keys=True)
