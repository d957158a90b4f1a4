"""What the terminal shows of a dry run."""

from __future__ import annotations

from collections.abc import Sequence

from poverty_watch.cli.console import CANNOT_START, WENT_WRONG, say
from poverty_watch.intake.dry_run import Checked
from poverty_watch.intake.dry_run_words import tell

_STYLES = {"clean": "bold green", "faults": "bold yellow", "unreadable": "bold red"}


def exit_code(checked: Sequence[Checked]) -> int:
    """0 where all is clean, 1 with faults, 2 where something cannot be read or is unknown."""
    outcomes = {one.outcome for one in checked}
    return CANNOT_START if "unreadable" in outcomes else WENT_WRONG if "faults" in outcomes else 0


def say_checked(checked: Sequence[Checked]) -> None:
    """File by file: recognised as what, the verdict, counts by fate, every fault with its remedy."""
    for one in checked:
        _say_one(one)
    say("以上为试校验，什么也没有保存，也没有报送。")


def _say_one(one: Checked) -> None:
    told = tell(one)
    say(told.files, "bold")
    if told.about:
        say(f"  识别为：{told.about}")
    say(f"  结果：{told.verdict}", _STYLES[told.outcome])
    if told.counts:
        say(f"  行数：{told.counts}")
    for message in told.messages:
        say(f"  · {message}")
    for group in told.groups:
        say(f"  【{group.title}】{len(group.places)}行。{group.remedy}")
        for place, cell, also in group.places:
            rest = f"；同一行还有：{also}" if also else ""
            say(f"    {place}{f' {cell}' if cell else ''}{rest}")
    say()
