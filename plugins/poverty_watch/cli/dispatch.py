"""The verb about the bulletin of two months."""

from __future__ import annotations

from typing import Annotated

import typer

from poverty_watch.cli.console import WENT_WRONG, CommandError, say, staff_errors
from poverty_watch.cli.ledgers import standing_ledger
from poverty_watch.settings import Settings

dispatch = typer.Typer()


@dispatch.command(help="出两个月的双月调度通报和部门摘要；加 --send 由经办人同意后发送。")
def bulletin(
    first: Annotated[str, typer.Argument(help="前一个月，如 2021-03。")],
    last: Annotated[str, typer.Argument(help="后一个月，如 2021-04。")],
    send: Annotated[bool, typer.Option("--send", help="生成后发给各收件人。")] = False,
    by: Annotated[str, typer.Option("--by", help="同意发送的人，记入台账。")] = "",
) -> None:
    """Make the bulletin, and send it where that is asked for."""
    is_complete = True
    with staff_errors():
        from poverty_watch.contracts.recipients import recipients
        from poverty_watch.mail import MailServerError, server_from_environment
        from poverty_watch.months import Month
        from poverty_watch.report import ReportError
        from poverty_watch.report.dispatch import make_bulletin, send_bulletin
        from poverty_watch.settings import today

        if send and not by.strip():
            raise CommandError("发送要写明谁同意：--by 姓名。")
        settings = Settings.from_environment()
        ledger, months = standing_ledger(settings), (Month.parse(first), Month.parse(last))
        try:
            made = make_bulletin(*months, settings, ledger, today())
            say(made.summary)
            say(str(made.path))
            if send:
                server = server_from_environment()
                posted = send_bulletin(*months, settings, ledger, recipients(), server, by)
                say(posted.summary)
                is_complete = posted.is_complete
        except (ReportError, MailServerError) as error:
            raise CommandError(str(error)) from error
    if not is_complete:
        raise typer.Exit(WENT_WRONG)
