"""The verb explain: why a household stands where it stands, back to the sender's cell."""

from __future__ import annotations

from typing import Annotated

import typer

from poverty_watch.cli.console import CommandError, say, staff_errors
from poverty_watch.cli.ledgers import standing_ledger
from poverty_watch.settings import Settings

explaining = typer.Typer()


@explaining.command(
    help="说明一户：为什么预警、依据是什么、在哪个部门的哪个文件第几行，哪些无法判断。号码遮盖。"
)
def explain(
    month: Annotated[str, typer.Argument(help="月份，如 2021-04。")],
    household: Annotated[str, typer.Argument(help="R:户编号，或 H:户号。")],
) -> None:
    """Explain a household of a month."""
    with staff_errors():
        from poverty_watch.cli.explanations import told
        from poverty_watch.months import Month
        from poverty_watch.screening import explaining as screening
        from poverty_watch.screening.errors import ScreeningError

        settings = Settings.from_environment()
        ledger = standing_ledger(settings)
        try:
            found = screening.explain(Month.parse(month), household, settings, ledger)
        except ScreeningError as error:
            raise CommandError(str(error)) from error
        for line in told(found, settings, ledger):
            say(line)
