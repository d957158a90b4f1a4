"""The verbs what-if and shadow: look before a threshold or a rule is changed."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Annotated

import typer

from poverty_watch.cli.console import CommandError, say, staff_errors
from poverty_watch.cli.ledgers import standing_ledger
from poverty_watch.settings import Settings

trials = typer.Typer()


@trials.command(
    name="what-if",
    help="试算：某条规则的标准改成别的数，各月各乡镇会多报、少报多少户。什么也不改。",
)
def what_if(
    rule: Annotated[str, typer.Argument(help="规则编号，如 W01。")],
    changes: Annotated[
        list[str],
        typer.Option("--set", help="参数=数值，如 threshold_T=4000；可以写几次。"),
    ],
    months: Annotated[str, typer.Option("--months", help="月份，如 2021-01:2021-06 或 2021-04。")],
) -> None:
    """Show what another threshold would change."""
    with staff_errors():
        from poverty_watch.months import Month
        from poverty_watch.screening.errors import ScreeningError
        from poverty_watch.screening.what_if import what_if as compare

        first, _, last = months.partition(":")
        span = Month.parse(first).through(Month.parse(last or first))
        settings = Settings.from_environment()
        try:
            found = compare(rule, _values(changes), span, settings, standing_ledger(settings))
        except ScreeningError as error:
            raise CommandError(str(error)) from error
        say(f"{rule.upper()} 试算（{'，'.join(changes)}）：什么也没有改动。")
        if not found:
            say("这些月份里，改前改后都没有报出。")
        for one in found:
            say(
                f"{one.month} {one.township or '（乡镇不明）'}：现在 {one.now} 户，改后 {one.then} 户"
                f"；多报 {one.more} 户（其中后来核实属实 {one.more_confirmed} 户）"
                f"，少报 {one.fewer} 户（其中后来核实属实 {one.fewer_confirmed} 户）"
            )
        say(
            f"合计：多报 {sum(one.more for one in found)} 户，少报 {sum(one.fewer for one in found)} 户"
            f"，少报的里面后来核实属实 {sum(one.fewer_confirmed for one in found)} 户。"
        )


@trials.command(help="试运行：算一遍标为 draft 的规则，结果另存，不形成线索，不派任务，不进月报。")
def shadow(month: Annotated[str, typer.Argument(help="月份，如 2021-04。")]) -> None:
    """Run draft rules apart."""
    with staff_errors():
        from poverty_watch.months import Month
        from poverty_watch.screening.errors import ScreeningError
        from poverty_watch.screening.what_if import run_drafts

        settings = Settings.from_environment()
        wanted = Month.parse(month)
        try:
            hit = run_drafts(wanted, settings, standing_ledger(settings))
        except ScreeningError as error:
            raise CommandError(str(error)) from error
        if not hit:
            say("没有标为 draft（试行）的规则。")
        for rule_id, households in hit.items():
            say(f"{wanted.chinese} {rule_id}（试行）：会报出 {households} 户，没有派任务。")


def _values(changes: list[str]) -> dict[str, Decimal]:
    values = {}
    for change in changes:
        name, sign, text = change.partition("=")
        try:
            values[name.strip()] = Decimal(text.strip())
        except InvalidOperation:
            sign = ""
        if not sign:
            raise CommandError(f"“{change}”要写成 参数=数值，如 threshold_T=4000。")
    return values
