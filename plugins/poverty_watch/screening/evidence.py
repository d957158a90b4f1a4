"""From rows of evidence to hits and findings: one per household or subject, with what tells why."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from poverty_watch.engine import Engine
from poverty_watch.screening.definitions import ComparisonHeader, RuleHeader
from poverty_watch.screening.rows import ROWS

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
_ROWS_KEPT = 20
_SENTENCES_KEPT = 3
_HEADERS = pa.schema(
    [
        ("check_id", pa.string()),
        ("place", pa.int32()),
        ("title", pa.string()),
        ("risk", pa.string()),
        ("question", pa.string()),
        ("basis", pa.string()),
        ("outcome", pa.string()),
        ("subject", pa.string()),
        ("sent_back", pa.string()),
        ("parameters", pa.string()),
        ("unconfirmed", pa.string()),
    ]
)

Row = dict[str, Any]


def hits_of(
    engine: Engine,
    headers: Sequence[RuleHeader],
    rows: Iterable[pa.Table],
    parameters: Mapping[str, Sequence[Row]],
    sent_back: Mapping[str, Mapping[str, Any]],
) -> pa.Table:
    """One hit per rule and household (`HITS`), in that order; its severity is its highest.

    The evidence is JSON: title, risk, verifies, question, basis, sentence, ``rows`` (the first ones,
    the weightiest first), ``rows_total``, ``parameters``, and ``sent_back`` where there is any.

    Args:
        engine: where it is done.
        headers: the rules that ran.
        rows: their rows of evidence.
        parameters: by rule those in force, as described for the ledger: a past month is explained by
            what it was measured with.
        sent_back: by rule that is hit by absence, the rows that were sent back.
    """
    told = [
        {
            "check_id": header.id,
            "title": header.title,
            "risk": header.risk,
            "question": header.question,
            "basis": header.basis,
            "parameters": _json(parameters[header.id]),
            "sent_back": _json(sent_back[header.id]) if header.id in sent_back else None,
        }
        for header in headers
    ]
    return _gathered(engine, told, rows, _HITS, HITS)


def findings_of(
    engine: Engine,
    headers: Sequence[ComparisonHeader],
    rows: Iterable[pa.Table],
    parameters: Mapping[str, Sequence[Row]],
) -> pa.Table:
    """One finding per comparison, subject and dataset (`FINDINGS`), in that order.

    ``subject_id`` is the same for the same subject in every month. The evidence is JSON as that of
    a hit, with the comparison's outcome; its rows have both sides of a difference.

    Args:
        engine: where it is done.
        headers: the comparisons that ran.
        rows: their rows of evidence.
        parameters: by comparison those in force, as described for the ledger; one that the county
            has not confirmed is told in the sentence.
    """
    told = [
        {
            "check_id": header.id,
            "title": header.title,
            "outcome": header.outcome,
            "subject": header.subject,
            "basis": header.basis,
            "parameters": _json(parameters[header.id]),
            "unconfirmed": _unconfirmed(parameters[header.id]),
        }
        for header in headers
    ]
    return _gathered(engine, told, rows, _FINDINGS, FINDINGS)


def _gathered(
    engine: Engine, headers: list[Row], rows: Iterable[pa.Table], sql: str, schema: pa.Schema
) -> pa.Table:
    numbered = [{**header, "place": place} for place, header in enumerate(headers)]
    engine.attach("told_checks", pa.Table.from_pylist(numbered, schema=_HEADERS))
    engine.attach("told_rows", pa.concat_tables([ROWS.empty_table(), *rows]))
    bound = {"rows_kept": _ROWS_KEPT, "sentences_kept": _SENTENCES_KEPT}
    found = engine.run(sql, bound, name="evidence")
    return found.select(schema.names).cast(schema)


def table_of(rows: Iterable[Row], schema: pa.Schema) -> pa.Table:
    """Hits or findings as a table."""
    return pa.Table.from_pylist(list(rows), schema=schema)


def _unconfirmed(parameters: Iterable[Row]) -> str:
    unconfirmed = (p for p in parameters if not p["confirmed"])
    return "".join(f"“{p['title']}”{p['value']}未经县审定。" for p in unconfirmed)


def _json(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False, sort_keys=True)


def _json_of_place(side: str) -> str:
    """``, "source": {...}`` where the row of that side is known, else nothing."""
    parts = ", ".join(
        f"'{part}': {side}_{part}"
        for part in ("dataset", "month", "version", "file", "sheet", "row")
    )
    return (
        f"case when {side}_version is null then '' "
        f"else ', \"{side}\": ' || cast(to_json({{{parts}}}) as varchar) end"
    )


def _opened(json_text: str) -> str:
    """A JSON object without its closing brace, so that more can follow."""
    return f"rtrim(cast({json_text} as varchar), '}}')"


# The person stands in a row by name and keyed id; the number stays sealed.
_ROW_OF_A_HIT = """{
    'person_id': cast(person_id as varchar), 'name': name, 'detail': detail, 'value': value,
    'severity': severity, 'threshold': threshold
}"""
_ROW_OF_A_FINDING = """{
    'person_id': cast(person_id as varchar), 'name': name, 'detail': detail, 'value': value,
    'other_value': other_value
}"""
_HEAD_OF_A_HIT = """{
    'title': told_checks.title, 'risk': coalesce(firsts.risk, told_checks.risk),
    'verifies': firsts.verifies, 'question': told_checks.question, 'basis': told_checks.basis,
    'sentence': sentences.sentence || coalesce(told_checks.unconfirmed, ''), 'rows_total': rows_told.rows_total
}"""
_HEAD_OF_A_FINDING = """{
    'title': told_checks.title, 'outcome': told_checks.outcome, 'verifies': firsts.verifies,
    'basis': told_checks.basis,
    'sentence': sentences.sentence || coalesce(told_checks.unconfirmed, ''), 'rows_total': rows_told.rows_total
}"""
_KEY = "check_id, subject_id, dataset"


def _gathering(row: str, head: str, columns: str) -> str:
    return f"""
with ordered as (
    select
        *,
        row_number() over (
            partition by {_KEY}
            order by
                rank, amount, case when severity is null then '' else coalesce(value, '') end,
                coalesce(name, ''), coalesce(person_id, 0),
                coalesce(source_file, ''), coalesce(source_sheet, ''), coalesce(source_row, 0),
                coalesce(detail, ''), coalesce(other_value, ''),
                coalesce(other_file, ''), coalesce(other_sheet, ''), coalesce(other_row, 0)
        ) as place
    from told_rows
),

firsts as (
    select * from ordered
    where place = 1
),

rows_told as (
    select
        {_KEY},
        count(*) as rows_total,
        string_agg(
            {_opened(f"to_json({row})")}
            || case when risk is null then '' else ', "risk": ' || cast(to_json(risk) as varchar) end
            || {_json_of_place("source")}
            || {_json_of_place("other")}
            || '}}',
            ', ' order by place
        ) filter (where place <= $rows_kept) as told
    from ordered
    group by {_KEY}
),

clauses as (
    select
        {_KEY},
        clause,
        row_number() over (partition by {_KEY} order by min(place)) as place
    from ordered
    group by {_KEY}, clause
),

sentences as (
    select
        {_KEY},
        string_agg(clause, '；' order by place) filter (where place <= $sentences_kept)
        || case
            when count(*) > $sentences_kept
                then '；另有' || cast(count(*) - $sentences_kept as varchar) || '项'
            else ''
        end
        || '。' as sentence
    from clauses
    group by {_KEY}
)

select
    {columns},
    {_opened(f"to_json({head})")}
    || ', "rows": [' || rows_told.told || ']'
    || coalesce(', "sent_back": ' || told_checks.sent_back, '')
    || coalesce(', "parameters": ' || told_checks.parameters, '')
    || '}}' as evidence
from firsts
inner join told_checks on firsts.check_id = told_checks.check_id
inner join rows_told
    on
        firsts.check_id = rows_told.check_id
        and firsts.subject_id = rows_told.subject_id
        and firsts.dataset = rows_told.dataset
inner join sentences
    on
        firsts.check_id = sentences.check_id
        and firsts.subject_id = sentences.subject_id
        and firsts.dataset = sentences.dataset
order by told_checks.place, firsts.subject_id, firsts.dataset
"""


_HITS = _gathering(
    _ROW_OF_A_HIT,
    _HEAD_OF_A_HIT,
    """firsts.check_id as rule_id, firsts.household_id, firsts.person_id, firsts.severity,
    firsts.value, firsts.threshold""",
)
_FINDINGS = _gathering(
    _ROW_OF_A_FINDING,
    _HEAD_OF_A_FINDING,
    """firsts.check_id as comparison_id, told_checks.subject, firsts.subject_id,
    firsts.household_id,
    case when told_checks.subject = 'person' then firsts.person_id end as person_id,
    nullif(firsts.dataset, '') as dataset""",
)
