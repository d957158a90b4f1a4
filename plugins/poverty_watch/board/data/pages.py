"""A page's worth of a long list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Query

PER_PAGE = 50
PageNumber = Annotated[int, Query(alias="page", ge=1, le=100_000)]
_T = TypeVar("_T")


@dataclass(frozen=True)
class Found(Generic[_T]):
    """Rows of one page, and how many there are of all; ``unit`` is what one counts them in."""

    rows: Sequence[_T]
    total: int
    page: int
    unit: str = "户"

    @property
    def pages(self) -> int:
        """How many pages there are; at least one."""
        return max(1, -(-self.total // PER_PAGE))


def first_row(page: int) -> int:
    """How many rows come before a page."""
    return (page - 1) * PER_PAGE


def paged(rows: Sequence[_T], page: int, unit: str) -> Found[_T]:
    """A page of a list that is at hand whole."""
    start = first_row(page)
    return Found(rows[start : start + PER_PAGE], len(rows), page, unit)


def limited(query: Any, page: int) -> Any:
    """A query for the rows of one page."""
    return query.limit(PER_PAGE).offset(first_row(page))
