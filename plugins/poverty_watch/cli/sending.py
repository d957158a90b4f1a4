"""The verbs about signing and sending: sign, deliver, mail list, resend, settle."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

import typer

from poverty_watch.cli.console import WENT_WRONG, CommandError, say, staff_errors
from poverty_watch.cli.ledgers import standing_ledger
from poverty_watch.cli.who import ByOption
from poverty_watch.settings import Settings

sending = typer.Typer()
mail = typer.Typer(help="邮件：发给了谁、结果如何，结果不明的由人登记。", no_args_is_help=True)
sending.add_typer(mail, name="mail")
MonthArgument = Annotated[str, typer.Argument(help="月份，如 2021-04。")]
NumberArgument = Annotated[int, typer.Argument(help="邮件编号，见 mail list。")]
ReasonOption = Annotated[str, typer.Option("--reason", help="为什么，记入台账。")]


@sending.command(help="签发一个月的月报：把最新的草稿定为签发版。经办本月数据的人不能自己签发。")
def sign(month: MonthArgument, by: ByOption) -> None:
    """Sign the newest draft; a run that asks for a signature ends its asking by itself."""
    with staff_errors():
        from poverty_watch.months import Month
        from poverty_watch.report import ReportError
        from poverty_watch.report.signing import sign as give

        settings, wanted = Settings.from_environment(), Month.parse(month)
        try:
            signed = give(wanted, settings, standing_ledger(settings), by)
        except ReportError as error:
            raise CommandError(str(error)) from error
        say(signed.summary)
        say(str(signed.path))
        say(
            "流程正在等这次签发的，几分钟内自己往下走并发送；没有流程在等的，"
            f"执行 poverty-watch deliver {wanted} 发送。"
        )


@sending.command(help="把签发了的月报发给各收件人；发过的不重发，没发出的再发。全部发出返回0。")
def deliver(month: MonthArgument) -> None:
    """Send the signed report by mail."""
    with staff_errors():
        from poverty_watch.contracts.recipients import recipients
        from poverty_watch.mail import MailServerError, server_from_environment
        from poverty_watch.months import Month
        from poverty_watch.report import ReportError
        from poverty_watch.report.sending import send_report

        settings = Settings.from_environment()
        try:
            server = server_from_environment()
            posted = send_report(
                Month.parse(month), settings, standing_ledger(settings), recipients(), server
            )
        except (ReportError, MailServerError) as error:
            raise CommandError(str(error)) from error
        say(posted.summary)
        if server is None:
            say(
                "没有配置邮件服务器：设环境变量 POVERTY_WATCH_SMTP，"
                "或由流程用连接 poverty_watch_smtp 发送（期限看守每天补发）。"
            )
    if not posted.is_complete:
        raise typer.Exit(WENT_WRONG)


@mail.command("list", help="列出一个月的邮件：每个收件人一行，有没有发出、为什么。")
def list_mails(
    month: MonthArgument,
    open_: Annotated[bool, typer.Option("--open", help="只列没有发出和结果不明的。")] = False,
) -> None:
    """Print a month's mails."""
    with staff_errors():
        from rich.console import Console
        from rich.table import Table

        from poverty_watch.contracts.recipients import recipient_title
        from poverty_watch.months import Month
        from poverty_watch.report.posting import KIND_TITLES, STATUS_TITLES, mails

        wanted = Month.parse(month)
        with standing_ledger(Settings.from_environment()).transaction() as session:
            found = mails(session, wanted)
        table = Table(title=f"{wanted.chinese}的邮件")
        for heading in ("编号", "邮件", "版次", "收件人", "结果", "次数", "说明"):
            table.add_column(heading, justify="right" if heading in ("编号", "次数") else "left")
        for one in found:
            if open_ and one.status not in ("waiting", "sending"):
                continue
            table.add_row(
                str(one.id),
                KIND_TITLES.get(one.kind, one.kind),
                one.edition,
                recipient_title(one.recipient),
                STATUS_TITLES[one.status],
                str(one.attempts),
                one.outcome,
            )
        Console().print(table)
        counts = Counter(one.status for one in found)
        told = "，".join(f"{STATUS_TITLES[name]}{counts[name]}封" for name in STATUS_TITLES)
        say(f"共{len(found)}封：{told}。")


@mail.command(help="重发一封：对方确认没有收到的。只登记，由下一次发送发出。")
def resend(number: NumberArgument, by: ByOption, reason: ReasonOption) -> None:
    """Let a mail wait again."""
    with staff_errors():
        from poverty_watch.report import ReportError
        from poverty_watch.report.posting import resend as again

        ledger = standing_ledger(Settings.from_environment())
        try:
            card = again(ledger, number, by, reason)
        except ReportError as error:
            raise CommandError(str(error)) from error
        say(f"第{number}号 {card.told}。下一次发送时发出。")


@mail.command(help="登记一封邮件的结果：对方已收到（--arrived），或不再发送（--drop）。")
def settle(
    number: NumberArgument,
    by: ByOption,
    reason: ReasonOption,
    arrived: Annotated[bool, typer.Option("--arrived/--drop", help="已收到，或不再发送。")],
) -> None:
    """Write down a person's word on a mail."""
    with staff_errors():
        from poverty_watch.report import ReportError
        from poverty_watch.report.posting import settle as write_down

        ledger = standing_ledger(Settings.from_environment())
        try:
            card = write_down(ledger, number, by, reason, arrived=arrived)
        except ReportError as error:
            raise CommandError(str(error)) from error
        say(f"第{number}号 {card.told}")
