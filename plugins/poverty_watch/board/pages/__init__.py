"""The pages, in the order of the menu. A page is a module with a ``router`` and its ``ENTRY``."""

from poverty_watch.board.pages import (
    assets,
    cases,
    comparisons,
    deliveries,
    household,
    measures,
    quality,
    reports,
    rules,
    this_month,
    try_out,
    verification,
    warnings,
)

_PAGES = (
    this_month,
    deliveries,
    quality,
    warnings,
    comparisons,
    verification,
    cases,
    measures,
    household,
    reports,
    rules,
    try_out,
)
MENU = tuple(page.ENTRY for page in _PAGES)
ROUTERS = (assets.router, *(page.router for page in _PAGES))
