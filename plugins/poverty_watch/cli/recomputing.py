"""The verbs of recomputed months: backfill, recomputations."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from poverty_watch.cli.console import CommandError, say, staff_errors
from poverty_watch.settings import Settings

if TYPE_CHECKING:
    from poverty_watch.ledger.models import Recomputation

recomputing = typer.Typer()


class Known(StrEnum):
    """By what knowledge a month is recomputed."""

    NOW = "now"
    THEN = "then"


@recomputing.command(help="补算若干个月：照常计算并出“补算”月报，不派任务，不对外发任何东西。")
def backfill(
    first: Annotated[str, typer.Option("--from", help="第一个月，如 2021-02。")],
    last: Annotated[str, typer.Option("--to", help="最后一个月，如 2021-04。")],
    reason: Annotated[str, typer.Option("--reason", help="为什么补算，记入补算登记。")] = "",
    by: Annotated[str, typer.Option("--by", help="谁要求补算，记入补算登记。")] = "",
    known: Annotated[
        Known,
        typer.Option(
            "--known",
            help="now 按现在所知：后来补报、更正的都算；then 按当时所知：只用现行月报所用的报送。",
        ),
    ] = Known.NOW,
    inbox: Annotated[
        Path | None,
        typer.Option("--inbox", help="报送文件夹；不填用 POVERTY_WATCH_HOME 下的 inbox。"),
    ] = None,
) -> None:
    """Have Airflow's scheduler recompute months by its own backfill."""
    with staff_errors():
        from poverty_watch.cli.backfill import Wish, backfill_months
        from poverty_watch.cli.inbox_choice import require_inbox
        from poverty_watch.cli.services import inbox_in_use
        from poverty_watch.months import Month

        wish = Wish(Month.parse(first), Month.parse(last), known.value, reason.strip(), by.strip())
        if wish.first > wish.last:
            raise CommandError(f"起始月份 {first} 晚于截止月份 {last}。")
        settings = Settings.from_environment()
        if inbox:
            settings = replace(settings, inbox=inbox.resolve())
        in_use = inbox_in_use(settings)
        if in_use and inbox and in_use != settings.inbox:
            raise CommandError(
                f"后台的 Airflow 用的是收件夹 {in_use}；要换收件夹，请先执行 make down。"
            )
        require_inbox(in_use or settings.inbox)
        code = backfill_months(wish, settings)
    raise typer.Exit(code)


@recomputing.command(help="查看补算登记：谁、为什么、哪些月、结果；加 --review 登记复核。")
def recomputations(
    review: Annotated[str, typer.Option("--review", help="复核哪一次补算，写它的编号。")] = "",
    by: Annotated[str, typer.Option("--by", help="复核人，不能是要求补算的人。")] = "",
    remark: Annotated[str, typer.Option("--remark", help="复核意见。")] = "",
) -> None:
    """List the book of recomputations, or enter a review."""
    with staff_errors():
        from poverty_watch.cli.ledgers import standing_ledger
        from poverty_watch.ledger import recomputations as book

        ledger = standing_ledger(Settings.from_environment())
        with ledger.transaction() as session:
            if review:
                count = book.review(session, review, by, remark)
                say(f"{review} 共{count}个月，已登记由{by.strip()}复核。")
                return
            entries = book.listed(session)
        if not entries:
            say("还没有补算过。")
        batch = ""
        for entry in entries:
            if entry.batch != batch:
                batch = entry.batch
                reviewed = f"{entry.reviewed_by}复核" if entry.reviewed_by else "待复核"
                say(
                    f"{batch}　{book.KNOWN_TITLES[entry.known]}　"
                    f"经手人：{entry.asked_by or book.NOT_STATED}　"
                    f"理由：{entry.reason or book.NOT_STATED}　{reviewed}",
                    "bold",
                )
            say(line_of(entry))


def line_of(entry: Recomputation) -> str:
    """What became of one month."""
    from poverty_watch.ledger.recomputations import STATUS_TITLES

    return f"  {entry.month}　{STATUS_TITLES[entry.status]}　{entry.told}".rstrip()
