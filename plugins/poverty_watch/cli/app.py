"""The verbs: run, up, down, sample, status, and those of the other modules here."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from poverty_watch.cli.audit import audit
from poverty_watch.cli.cards import cards
from poverty_watch.cli.cases import cases
from poverty_watch.cli.console import say, staff_errors
from poverty_watch.cli.deliveries import deliveries
from poverty_watch.cli.dispatch import dispatch
from poverty_watch.cli.explaining import explaining
from poverty_watch.cli.leads import leads
from poverty_watch.cli.measures import measures
from poverty_watch.cli.recomputing import recomputing
from poverty_watch.cli.report import report_verbs, reports
from poverty_watch.cli.sending import sending
from poverty_watch.cli.tasks import tasks
from poverty_watch.cli.trials import trials
from poverty_watch.cli.upkeep import upkeep
from poverty_watch.settings import Settings

app = typer.Typer(
    name="poverty-watch",
    help="防贫守望：部门数据按月收取、比对、预警、派核实任务、出月报。",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

InboxOption = Annotated[
    Path | None,
    typer.Option(
        "--inbox", help="报送文件夹，内含“年-月/部门/文件”；不填用 POVERTY_WATCH_HOME 下的 inbox。"
    ),
]


@app.callback()
def _private() -> None:
    """Whatever a verb writes holds persons' data: for the account that runs it, and no other."""
    os.umask(0o077)


@app.command(help="运行一个月：收数、比对、预警、派任务、出月报草稿。不等人，可反复执行。")
def run(
    month: Annotated[
        str | None,
        typer.Option("--month", help="月份，如 2021-04；不填取收件夹里最近一个已过完的月。"),
    ] = None,
    inbox: InboxOption = None,
) -> None:
    """Run one month as a draft, on the sample county where there is nothing else."""
    with staff_errors():
        from poverty_watch.cli.embedded_run import run_month
        from poverty_watch.cli.inbox_choice import choose_month, with_sample_if_empty
        from poverty_watch.cli.services import refuse_while_up
        from poverty_watch.contracts import load_catalogue
        from poverty_watch.months import Month

        wanted = Month.parse(month) if month else None
        load_catalogue()
        settings = _with_inbox(Settings.from_environment(), inbox)
        refuse_while_up(settings)
        if inbox is None:
            with_sample_if_empty(settings)
        code = run_month(choose_month(wanted, settings.inbox), settings)
    raise typer.Exit(code)


@app.command(help="启动 Airflow 和网页，在后台运行。")
def up(
    port: Annotated[int, typer.Option(help="网页端口；被占用时自动换下一个。")] = 8080,
    host: Annotated[str, typer.Option(help="监听地址；默认只限本机访问。")] = "127.0.0.1",
    schedule: Annotated[
        bool, typer.Option("--schedule", help="到每月1日自动运行；不加则只在人工触发时运行。")
    ] = False,
    inbox: InboxOption = None,
) -> None:
    """Start the services in the background and say where they are."""
    with staff_errors():
        from poverty_watch.cli.inbox_choice import require_inbox
        from poverty_watch.cli.services import start_services

        settings = _with_inbox(Settings.from_environment(), inbox)
        if inbox:
            require_inbox(settings.inbox)
        start_services(settings, port, host, schedule)


@app.command(help="停止后台的 Airflow 和网页。")
def down() -> None:
    """Stop the services."""
    with staff_errors():
        from poverty_watch.cli.services import stop_services

        stop_services(Settings.from_environment())


@app.command(help="生成样例县的报送文件（虚构数据，可重复生成）。")
def sample(
    folder: Annotated[Path, typer.Option("--folder", help="写到哪个文件夹。")],
    first: Annotated[str | None, typer.Option("--first", help="第一个月，如 2021-02。")] = None,
    last: Annotated[str | None, typer.Option("--last", help="最后一个月；不填为上个月。")] = None,
    months: Annotated[
        int, typer.Option("--months", help="没有写第一个月时，共几个月。", min=1)
    ] = 3,
    households: Annotated[int, typer.Option("--households", help="户数，500 至 100000。")] = 2000,
    seed: Annotated[int, typer.Option("--seed", help="随机种子；相同的种子得到相同的文件。")] = 1,
) -> None:
    """Generate a sample county's deliveries."""
    with staff_errors():
        from poverty_watch.cli.inbox_choice import generate_sample, last_full_month
        from poverty_watch.months import Month

        end = Month.parse(last) if last else last_full_month()
        start = Month.parse(first) if first else end - (months - 1)
        say(generate_sample(folder, start, end, households, seed))


@app.command(help="查看一个月的报送、线索、任务和月报。")
def status(month: Annotated[str, typer.Argument(help="月份，如 2021-04。")]) -> None:
    """Show what the ledger knows of a month."""
    with staff_errors():
        from poverty_watch.cli.results import say_status
        from poverty_watch.months import Month

        say_status(Month.parse(month), Settings.from_environment())


app.add_typer(cards)
app.add_typer(deliveries)
app.add_typer(dispatch)
app.add_typer(explaining)
app.add_typer(leads)
app.add_typer(audit, name="audit")
app.add_typer(cases, name="case")
app.add_typer(measures, name="measure")
app.add_typer(report_verbs)
app.add_typer(reports, name="report")
app.add_typer(recomputing)
app.add_typer(tasks, name="task")
app.add_typer(sending)
app.add_typer(trials)
app.add_typer(upkeep)


def _with_inbox(settings: Settings, inbox: Path | None) -> Settings:
    return replace(settings, inbox=inbox.resolve()) if inbox else settings
