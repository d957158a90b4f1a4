"""The verbs about the journal."""

from __future__ import annotations

import typer

from poverty_watch.cli.console import WENT_WRONG, complain, say, staff_errors
from poverty_watch.cli.ledgers import standing_ledger
from poverty_watch.settings import Settings

audit = typer.Typer(help="流水账：核对有没有被改动。", no_args_is_help=True)


@audit.callback()
def _group() -> None:
    """Keep the verbs in a group of their own."""


@audit.command(help="核对流水账：改动、抽走、截断任何一条都会指出。完好返回0，有问题返回1。")
def verify() -> None:
    """Check the chain of the journal."""
    with staff_errors():
        from poverty_watch.ledger.audit import verify as check

        settings = Settings.from_environment()
        verdict = check(standing_ledger(settings), settings)
    if verdict.is_sound:
        say(f"流水账完好，共{verdict.entries}条。")
        return
    complain(f"流水账有{len(verdict.faults)}处问题（共{verdict.entries}条）：")
    for fault in verdict.faults:
        complain(f"· {fault}")
    complain("请停止改动，保留现场，报县专班负责人，并与备份比对。")
    raise typer.Exit(WENT_WRONG)
