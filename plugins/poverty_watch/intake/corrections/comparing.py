"""Whether two cells say the same, however each of them is written.

A workbook that went through another program holds the same dates, numbers and texts in other forms;
only what a person has changed counts as a change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from poverty_watch.contracts import Column, Contract
from poverty_watch.identity import normalise
from poverty_watch.intake import cells
from poverty_watch.intake.standardise import labels_of

Said = dict[str, str]
"""What a row says, by the contract's column names; two rows' cells say the same if these are equal."""


def said(contract: Contract, rows: Sequence[Mapping[str, Any]]) -> list[Said]:
    """What each row says, given its native cells by column name; columns may be missing."""
    found: list[Said] = [{} for _ in rows]
    for column in contract.columns:
        having = [at for at, row in enumerate(rows) if column.name in row]
        texts = said_in(column, [rows[at][column.name] for at in having])
        for at, text in zip(having, texts, strict=True):
            found[at][column.name] = text
    return found


def said_in(column: Column, values: Sequence[Any]) -> list[str]:
    """What each cell of a column says; a blank cell says the empty text."""
    plain = cells.clean_text(values, drop_white=column.type in ("name", "choice")).to_pylist()
    match column.type:
        case "identity" | "identity_reference" | "phone":
            return [_digits(value, text or "") for value, text in zip(values, plain, strict=True)]
        case "date":
            typed = cells.clean_dates(values).to_pylist()
        case "month":
            typed = cells.clean_months(values).to_pylist()
        case "amount":
            typed = cells.clean_amounts(values, blank_is_zero=False).to_pylist()
        case "choice":
            typed = cells.clean_choice(values, labels_of(column)).to_pylist()
        case _:
            return [text or "" for text in plain]
    return [
        f"={value}" if value is not None else text or ""
        for value, text in zip(typed, plain, strict=True)
    ]


def _digits(value: Any, text: str) -> str:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if is_number and abs(value) >= cells.LOST_DIGITS_FROM:
        # Programs keep fifteen digits of such a number, and each makes up the others in its own way.
        return f"{value:.14e}"
    return normalise(text)
