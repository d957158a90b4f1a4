"""The pages, in the order of the menu. A page is a module with a ``router`` and its ``ENTRY``."""

from poverty_watch.board.pages import assets, deliveries, this_month, try_out

_PAGES = (this_month, deliveries, try_out)
MENU = tuple(page.ENTRY for page in _PAGES)
ROUTERS = (assets.router, *(page.router for page in _PAGES))
