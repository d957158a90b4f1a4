"""The staff's web pages: rendered on the server, for signed-in people, each of whom sees their own."""

from poverty_watch.board.access import Account
from poverty_watch.board.app import create_app, warm_up

__all__ = ["Account", "create_app", "warm_up"]
