"""What the pages look into: the ledger, opened to read, as one viewer; the months that there are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Annotated

from fastapi import Depends, HTTPException
from sqlalchemy import select
from sqlalchemy.orm import Session

from poverty_watch.ledger.access import Viewer
from poverty_watch.ledger.models import DatasetMonth, Screening
from poverty_watch.ledger.reading import open_to_read
from poverty_watch.ledger.store import Ledger, open_ledger
from poverty_watch.months import Month, MonthError
from poverty_watch.settings import Settings

_NO_LEDGER = "台账还没有建立。请先运行一个月（make run），再打开这一页。"
_NO_MONTH = "还没有运行过任何一个月，没有可以看的。请先运行一个月。"


def standing_ledger() -> Ledger:
    """The ledger, to read from.

    Raises:
        HTTPException: 503 where there is none yet.
    """
    return _opened(Settings.from_environment())


@lru_cache(maxsize=4)
def _opened(settings: Settings) -> Ledger:
    ledger = open_to_read(settings)
    if ledger is None and _is_there(settings.ledger_url):
        # Of an older schema, after an upgrade: opened once, it is brought to the newest.
        open_ledger(settings)
        ledger = open_to_read(settings)
    if ledger is None:
        raise HTTPException(503, _NO_LEDGER)
    return ledger


def _is_there(url: str) -> bool:
    return not url.startswith("sqlite:///") or Path(url.removeprefix("sqlite:///")).is_file()


@contextmanager
def reading(viewer: Viewer | None = None) -> Iterator[Session]:
    """A session that shows a viewer's rows.

    Without a viewer it shows all: for counts and for what names nobody, never for rows that a page
    lists.
    """
    with standing_ledger().transaction(viewer) as session:
        yield session


def known_months(session: Session) -> list[Month]:
    """Every month of which the ledger knows something, the newest first; of an unbound session."""
    texts = {
        *session.scalars(select(DatasetMonth.month).distinct()),
        *session.scalars(select(Screening.month).distinct()),
    }
    return sorted(map(Month.parse, texts), reverse=True)


def chosen_month(month: str = "") -> Month:
    """The month that a page is asked about (``?month=2021-04``), the newest if none is named.

    Raises:
        HTTPException: 400 for no month, 404 for one that was never run, 503 before the first.
    """
    with reading() as session:
        known = known_months(session)
    if not known:
        raise HTTPException(503, _NO_MONTH)
    if not month.strip():
        return known[0]
    try:
        wanted = Month.parse(month)
    except MonthError as error:
        raise HTTPException(400, str(error)) from error
    if wanted not in known:
        raise HTTPException(404, f"{wanted.chinese}还没有运行过，没有可以看的。")
    return wanted


ChosenMonth = Annotated[Month, Depends(chosen_month)]


def months_shown(month: Month, count: int) -> tuple[list[Month], list[Month]]:
    """Every known month, newest first, and the last ``count`` calendar months up to one, oldest first.

    The latter begin with the first one known at the earliest.
    """
    with reading() as session:
        known = known_months(session)
    first = max(min([*known, month]), month - (count - 1))
    return known, list(first.through(month))
