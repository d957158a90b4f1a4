"""Keep an installation safe over the years: back it up, bring it back, erase what is over."""

from poverty_watch.upkeep.backup import BackupOutcome, back_up
from poverty_watch.upkeep.errors import UpkeepError
from poverty_watch.upkeep.restore import RestoreOutcome, restore, verify
from poverty_watch.upkeep.retention import Due, Retention, due, purge

__all__ = [
    "BackupOutcome",
    "Due",
    "RestoreOutcome",
    "Retention",
    "UpkeepError",
    "back_up",
    "due",
    "purge",
    "restore",
    "verify",
]
