"""Keep an installation safe over the years: back it up, bring it back."""

from poverty_watch.upkeep.backup import BackupOutcome, back_up
from poverty_watch.upkeep.errors import UpkeepError
from poverty_watch.upkeep.restore import RestoreOutcome, restore, verify

__all__ = [
    "BackupOutcome",
    "RestoreOutcome",
    "UpkeepError",
    "back_up",
    "restore",
    "verify",
]
