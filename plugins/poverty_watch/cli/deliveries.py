"""The verbs about deliveries: check, duty, score, accept."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from poverty_watch.cli.console import CommandError, say, staff_errors
from poverty_watch.cli.ledgers import standing_ledger
from poverty_watch.settings import Settings

deliveries = typer.Typer()


@deliveries.command(
    help="试校验文件：报送前看结果，什么也不保存。没有问题返回0，有问题1，不能读2。"
)
def check(
    files: Annotated[list[Path], typer.Argument(help="一个或多个文件。")],
    month: Annotated[
        str | None, typer.Option("--month", help="月份，如 2021-04；不填看文件名，再不然为上个月。")
    ] = None,
    department: Annotated[
        str | None, typer.Option("--department", help="部门名称或代号；不填按数据名称认。")
    ] = None,
) -> None:
    """Judge files as intake would, and store nothing."""
    with staff_errors():
        from poverty_watch.cli.check_results import exit_code, say_checked
        from poverty_watch.cli.inbox_choice import last_full_month
        from poverty_watch.intake.dry_run import DryRunError, check_files
        from poverty_watch.ledger.reading import open_to_read
        from poverty_watch.months import Month

        settings = Settings.from_environment()
        wanted = Month.parse(month) if month else None
        try:
            checked = check_files(
                files,
                last_full_month(),
                settings,
                open_to_read(settings),
                month=wanted,
                department=department,
            )
        except DryRunError as error:
            raise CommandError(str(error)) from error
        say_checked(checked)
        code = exit_code(checked)
    raise typer.Exit(code)


@deliveries.command(help="报送责任册：一个月里谁报了、谁没报、迟了几天、几份几版、有什么等待决定。")
def duty(
    month: Annotated[str, typer.Argument(help="月份，如 2021-04。")],
    rows: Annotated[
        bool, typer.Option("--rows", help="重报的，逐行列出与前一版的不同（号码遮盖）。")
    ] = False,
) -> None:
    """Print the register of duty of a month."""
    with staff_errors():
        from poverty_watch.cli.duty_results import say_register
        from poverty_watch.months import Month

        wanted = Month.parse(month)
        settings = Settings.from_environment()
        say_register(wanted, settings, standing_ledger(settings), rows)


@deliveries.command(help="部门报送评分：按时率、退回率、上月的错又犯了多少行。")
def score(
    first: Annotated[str, typer.Option("--from", help="第一个月，如 2021-02。")],
    last: Annotated[str, typer.Option("--to", help="最后一个月，如 2021-04。")],
) -> None:
    """Print how departments do over the months."""
    with staff_errors():
        from poverty_watch.cli.duty_results import say_score
        from poverty_watch.months import Month

        span = Month.parse(first), Month.parse(last)
        if span[0] > span[1]:
            raise CommandError(f"起始月份 {first} 晚于截止月份 {last}。")
        settings = Settings.from_environment()
        say_score(*span, settings, standing_ledger(settings))


@deliveries.command(help="接收一份被整份暂停的报送（行数变化过大，或有误的行过多），须说明理由。")
def accept(
    month: Annotated[str, typer.Argument(help="月份，如 2021-04。")],
    dataset: Annotated[str, typer.Argument(help="数据名称，如 财政供养。")],
    reason: Annotated[str, typer.Option("--reason", help="接收的理由，记入台账和月报。")],
    by: Annotated[str, typer.Option("--by", help="谁决定接收。")],
    delivery: Annotated[
        int | None, typer.Option("--delivery", help="同时停下几份时，写报送编号；不填取最后一份。")
    ] = None,
) -> None:
    """Accept a stopped delivery: it gets a version and comes in force."""
    with staff_errors():
        from poverty_watch.intake.acceptance import AcceptanceError, accept_stopped
        from poverty_watch.months import Month

        wanted = Month.parse(month)
        settings = Settings.from_environment()
        ledger = standing_ledger(settings)
        try:
            made = accept_stopped(wanted, dataset, delivery, reason, by, settings, ledger)
        except AcceptanceError as error:
            raise CommandError(str(error)) from error
        say(made.summary)
        say(f"比对、预警和月报要重新运行{wanted.chinese}才会计入。")
