"""A page per delivery that says in Chinese what each expectation of its suite found, masked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

import jinja2
import yaml
from pydantic import BaseModel, ConfigDict

from poverty_watch.contracts import Contract
from poverty_watch.files import sha256_of
from poverty_watch.identity import mask_numbers
from poverty_watch.intake.answers.sendings import Sending
from poverty_watch.intake.answers.texts import AnswerTexts
from poverty_watch.intake.checks import FailingRow, KeptCheck, read_checks, shown_column
from poverty_watch.intake.policy import faults, queries
from poverty_watch.lake.versions import CHECKS
from poverty_watch.settings import TEMPLATES

_WORDS, _TEMPLATE = "校验结果.yaml", "校验结果.html"


class PageWords(BaseModel):
    """``include/templates/校验结果.yaml``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    title: str
    subtitle: str
    severities: dict[str, str]
    severity_notes: dict[str, str]
    headings: dict[str, str]
    labels: dict[str, str]
    none: str
    nothing: str
    privacy: str
    sentences: dict[str, dict[str, str]]
    mostly: str
    other: str


@lru_cache(maxsize=1)
def page_words() -> PageWords:
    """The words in force."""
    text = (TEMPLATES / _WORDS).read_text(encoding="utf-8")
    return PageWords.model_validate(yaml.safe_load(text))


@lru_cache(maxsize=1)
def page_sha256() -> str:
    """Names words and form of the page."""
    return sha256_of(TEMPLATES / _WORDS) + sha256_of(TEMPLATES / _TEMPLATE)


def page_name(sending: Sending) -> str:
    """The file name of a sending's page."""
    return page_words().name.format(**_names(sending))


def save_page(path: Path, sending: Sending, texts: AnswerTexts) -> None:
    """Write the page: one HTML file that needs no other."""
    words = page_words()
    contract = sending.department.contracts[sending.dataset]
    delivery = sending.delivery
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    verdict = texts.verdicts[sending.verdict].title.format(
        **_names(sending),
        accepted=delivery.accepted_rows,
        returned=delivery.rejected_rows,
        same_as=sending.same_as,
        standing=sending.standing,
        mend=sending.to_mend,
    )
    html = environment.get_template(_TEMPLATE).render(
        words=words,
        subtitle=words.subtitle.format(**_names(sending)),
        verdict=verdict,
        files=[mask_numbers(file.name) for file in sending.files],
        rows={
            "data": delivery.data_rows,
            "accepted": delivery.accepted_rows if delivery.version else 0,
            "returned": delivery.rejected_rows,
        },
        messages=delivery.messages,
        checks=[_line(check, contract, words) for check in read_checks(sending.folder / CHECKS)],
        why_none=words.nothing if delivery.status == "nil" else words.none,
    )
    path.write_text(html, encoding="utf-8")


def _names(sending: Sending) -> dict[str, Any]:
    return {
        "department": sending.department.title,
        "dataset": sending.title,
        "month": sending.month.chinese,
        "number": sending.number,
    }


def _line(check: KeptCheck, contract: Contract, words: PageWords) -> dict[str, Any]:
    return {
        "sentence": sentence_of(check, contract, words),
        "severity": words.severities[check.severity],
        "checked": check.checked,
        "failing": check.failing,
        "first": [_row(row, words) for row in check.first],
    }


def _row(row: FailingRow, words: PageWords) -> dict[str, Any]:
    shown = "、".join(value or words.labels["blank"] for value in row.values)
    return {"file": row.file, "sheet": row.sheet, "row": row.row, "shown": shown}


def sentence_of(check: KeptCheck, contract: Contract, words: PageWords) -> str:
    """What an expectation demands, as a sentence for the sender."""
    known = {column.name: column for column in contract.columns}
    columns = [known.get(shown_column(contract, name)) for name in check.columns]
    headers = [
        column.header if column else name
        for column, name in zip(columns, check.columns, strict=True)
    ]
    limits = check.limits
    gap = next((s for s in contract.sums if f"{s.total}_gap" == check.columns[0]), None)
    given = {
        "header": headers[0],
        "other": headers[-1],
        "low": _told(limits.get("min_value")),
        "high": _told(limits.get("max_value")),
        "values": "、".join(map(_told, limits.get("value_set") or ())),
        "parts": "、".join(f"“{known[part].header}”" for part in gap.parts) if gap else "",
        "fault": _title(check),
    }
    forms = words.sentences.get(check.type, {})
    sentence = next(
        (forms[form] for form in _forms(check, known, contract, gap is not None) if form in forms),
        words.other,
    ).format(**given)
    if (mostly := limits.get("mostly")) is not None:
        sentence += words.mostly.format(share=f"{1 - float(mostly):.0%}")
    return sentence


def _forms(
    check: KeptCheck, known: Mapping[str, Any], contract: Contract, is_sum: bool
) -> Sequence[str]:
    """How the sentence may be put, the most special first."""
    column = check.columns[0]
    kind = known[column].type if column in known else ""
    if is_sum:
        return ("sum",)
    if column.endswith("_fault"):
        return ("identity_optional" if contract.identity.optional else "identity",)
    if column in ("is_duplicate", "is_repeated"):
        return (column.removeprefix("is_"),)
    low, high = (check.limits.get(end) is not None for end in ("min_value", "max_value"))
    if low != high:
        end = "low" if low else "high"
        return (f"date_{end}" if kind in ("date", "month") else end, end)
    return (kind, "any")


def _told(limit: Any) -> str:
    if isinstance(limit, float):
        return f"{Decimal(str(limit)).normalize():f}"
    return limit.isoformat() if isinstance(limit, date) else str(limit)


def _title(check: KeptCheck) -> str:
    known: Mapping[str, Any] = faults() if check.severity == "critical" else queries()
    return known[check.code].title if check.code in known else check.code
