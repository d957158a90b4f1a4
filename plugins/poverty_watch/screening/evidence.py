"""From a check's rows to hits and findings: one per household or subject, with its evidence."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pyarrow as pa

from poverty_watch.screening.definitions import ComparisonHeader, RuleHeader
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
        ("household_id", pa.string()),
        ("person_id", pa.int64()),
        ("subject", pa.string()),
        ("dataset", pa.string()),
        ("evidence", pa.string()),
    ]
)
SEVERITIES = ("red", "orange", "yellow")
_ROWS_KEPT = 20
_SENTENCES_KEPT = 3

Row = dict[str, Any]


@dataclass(frozen=True)
class Source:
    """The delivery that a row of evidence comes from."""

    dataset: str
    month: str
    version: int


SourceOf = Callable[[str], Source | None]


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
    for household_id, found in _grouped(rows, ("household_id",), _by_weight):
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


def findings_of(header: ComparisonHeader, rows: pa.Table, source_of: SourceOf) -> list[Row]:
    """One finding per subject (and dataset, where the rows name one)."""
    keys = {
        "person": ("person_id", "dataset"),
        "household": ("household_id", "dataset"),
    }.get(header.subject, ("household_id", "person_id", "dataset"))
    findings: list[Row] = []
    for _, found in _grouped(rows, keys, _by_source):
        top = found[0]
        evidence = {
            "title": header.title,
            "outcome": header.outcome,
            "verifies": header.verifies,
            **_told(header, found, source_of),
        }
        findings.append(
            {
                "comparison_id": header.id,
                "household_id": top["household_id"],
                "person_id": None if header.subject == "household" else top["person_id"],
                "subject": header.subject,
                "dataset": top["dataset"],
                "evidence": _json(evidence),
            }
        )
    return findings


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
        row.get("source_file") or "",
        row.get("source_sheet") or "",
        row.get("source_row") or 0,
        row["detail"] or "",
    )


def _by_weight(row: Row) -> tuple[Any, ...]:
    value = row["value"]
    amount = -value if isinstance(value, Decimal | int | float) else 0
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
        threshold=_text(row.get("threshold")) or "",
        detail=row["detail"] or "",
    )


def _kept(row: Row, default: str | None, source_of: SourceOf) -> Row:
    """A row of evidence. The person stands by name and keyed id; the number stays sealed."""
    kept: Row = {
        "person_id": None if row["person_id"] is None else str(row["person_id"]),
        "name": row.get("name"),
        "detail": row["detail"],
    }
    if "severity" in row:
        kept |= {
            "severity": row["severity"],
            "value": _text(row["value"]),
            "threshold": _text(row["threshold"]),
        }
    if row.get("risk") is not None:
        kept["risk"] = row["risk"]
    dataset = row.get("source_dataset") or row.get("dataset") or default
    source = source_of(dataset) if dataset else None
    if source is not None and row.get("source_file") is not None:
        kept["source"] = {
            "dataset": source.dataset,
            "month": source.month,
            "version": source.version,
            "file": row["source_file"],
            "sheet": row["source_sheet"],
            "row": row["source_row"],
        }
    return kept


def _text(value: Any) -> str | None:
    if value is None:
        return None
    return plain(value) if isinstance(value, Decimal) else str(value)


def _json(content: Mapping[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False, sort_keys=True)
