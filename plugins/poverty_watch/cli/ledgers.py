"""The ledger for a verb that must not make an empty one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from poverty_watch.cli.console import CommandError
from poverty_watch.settings import Settings

if TYPE_CHECKING:
    from poverty_watch.ledger.store import Ledger


def standing_ledger(settings: Settings) -> Ledger:
    """The installation's ledger, where there is one.

    Raises:
        CommandError: nothing has been run in this home yet.
    """
    from poverty_watch.ledger.store import open_ledger

    path = settings.ledger_url.removeprefix("sqlite:///")
    if path != settings.ledger_url and not Path(path).is_file():
        raise CommandError(f"{settings.home} 里还没有台账，请先运行一个月。")
    return open_ledger(settings)
