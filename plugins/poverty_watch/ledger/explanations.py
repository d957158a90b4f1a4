"""Explanations of queries: what senders have said already and need not say again."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from poverty_watch.ledger.models import Explanation

Key = tuple[str, str, str]
"""Query, subject, hash of the values."""


def explanations(session: Session, dataset: str) -> dict[Key, str]:
    """All explanations of a dataset's queries."""
    rows = session.execute(
        select(
            Explanation.query, Explanation.subject, Explanation.value_hash, Explanation.text
        ).where(Explanation.dataset == dataset)
    )
    return {(query, subject, value_hash): text for query, subject, value_hash, text in rows}


def explain(session: Session, dataset: str, delivery_id: int, given: dict[Key, str]) -> int:
    """Remember explanations that are not known yet; how many these are."""
    known = explanations(session, dataset)
    fresh = {key: text for key, text in given.items() if key not in known}
    session.add_all(
        Explanation(
            dataset=dataset,
            query=query,
            subject=subject,
            value_hash=value_hash,
            text=text,
            delivery_id=delivery_id,
        )
        for (query, subject, value_hash), text in fresh.items()
    )
    return len(fresh)
