"""The verbs about leads and findings: waive, waivers, unwaive, findings, settle."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

import typer

from poverty_watch.cli.console import CommandError, say, staff_errors
from poverty_watch.cli.ledgers import standing_ledger
from poverty_watch.settings import Settings

leads = typer.Typer()
_By = Annotated[str, typer.Option("--by", help="谁批准或决定。")]
_DAY = ["%Y-%m-%d"]


@leads.command(help="豁免：某一户的某一条规则在一段时间内不派核实任务，须说明理由和批准人。")
def waive(
    household: Annotated[str, typer.Argument(help="R:户编号，或 H:户号。")],
    rule: Annotated[str, typer.Argument(help="规则编号，如 W05。")],
    until: Annotated[datetime, typer.Option("--until", formats=_DAY, help="到哪一天（含）。")],
    reason: Annotated[str, typer.Option("--reason", help="理由，记入台账。")],
    by: _By,
    since: Annotated[
        datetime | None,
        typer.Option(
            "--from", formats=_DAY, help="从哪一天起；不填为今天。月末落在期内的月份适用。"
        ),
    ] = None,
) -> None:
    """Record a dated waiver."""
    with staff_errors():
        from poverty_watch.screening.suppression import first_month_after
        from poverty_watch.screening.waivers import WaiverError, terms_of
        from poverty_watch.screening.waivers import waive as record_waiver
        from poverty_watch.settings import today

        first = since.date() if since else today()
        settings = Settings.from_environment()
        try:
            terms = terms_of(
                **{
                    "household": household,
                    "rule": rule,
                    "from": first,
                    "until": until.date(),
                    "reason": reason,
                    "approved_by": by,
                }
            )
            made = record_waiver(terms, settings, standing_ledger(settings))
        except WaiverError as error:
            raise CommandError(str(error)) from error
        months = first_month_after(_day_before(first)), first_month_after(terms.until)
        say(f"已登记豁免{made.id}：{made.household_id} {made.rule_id}，批准：{made.approved_by}。")
        if months[0] < months[1]:
            say(
                f"适用{months[0].chinese}至{(months[1] - 1).chinese}的数据；已算过的月份要重新运行才生效。"
            )
        else:
            say("注意：这段时间里没有月末，对哪个月都不适用。")


@leads.command(help="列出全部豁免：哪一户、哪条规则、到哪天、理由、谁批准。")
def waivers() -> None:
    """Print all waivers, the newest first."""
    with staff_errors():
        from poverty_watch.screening.waivers import all_waivers

        found = all_waivers(standing_ledger(Settings.from_environment()))
        for waiver in found:
            where = "（waivers.yaml）" if waiver.origin == "file" else ""
            say(
                f"{waiver.id}　{waiver.household_id} {waiver.rule_id}　{waiver.valid_from} 至 "
                f"{waiver.valid_until}　{waiver.approved_by}：{waiver.reason}{where}"
            )
            if waiver.revoked_on:
                say(
                    f"　　{waiver.revoked_on} 撤销（{waiver.revoked_by}：{waiver.revoked_because}）"
                )
        if not found:
            say("没有豁免。")


@leads.command(help="撤销一条豁免；从今天起不再适用，已适用的月份不变。")
def unwaive(
    number: Annotated[int, typer.Argument(help="豁免的编号，见 poverty-watch waivers。")],
    reason: Annotated[str, typer.Option("--reason", help="撤销的理由，记入台账。")],
    by: _By,
) -> None:
    """End a waiver."""
    with staff_errors():
        from poverty_watch.screening.waivers import WaiverError, take_back
        from poverty_watch.settings import today

        try:
            ended = take_back(
                number, reason, by, standing_ledger(Settings.from_environment()), today()
            )
        except WaiverError as error:
            raise CommandError(str(error)) from error
        say(f"已撤销豁免{ended.id}：{ended.household_id} {ended.rule_id}，自{ended.revoked_on}起。")


@leads.command(help="比对问题：一个月里新发现、已整改、未整改各多少；加 --rows 逐条列出未整改的。")
def findings(
    month: Annotated[str, typer.Argument(help="月份，如 2021-04。")],
    comparison: Annotated[
        str | None, typer.Option("--comparison", help="只看一项比对，如 C09。")
    ] = None,
    owner: Annotated[
        str | None, typer.Option("--owner", help="只看一个承办单位：部门名称或乡镇。")
    ] = None,
    rows: Annotated[bool, typer.Option("--rows", help="逐条列出未整改的。")] = False,
) -> None:
    """Print a month's findings."""
    with staff_errors():
        from poverty_watch.cli.finding_results import say_findings
        from poverty_watch.months import Month

        wanted = Month.parse(month)
        settings = Settings.from_environment()
        say_findings(wanted, settings, standing_ledger(settings), comparison, owner, rows)


@leads.command(help="办结比对问题：已作说明、已经复核，或核对后原数据无误，须说明理由。")
def settle(
    codes: Annotated[list[str], typer.Argument(help="一个或多个编号，如 C09-12。")],
    reason: Annotated[str, typer.Option("--reason", help="理由，记入台账。")],
    by: _By,
) -> None:
    """Settle findings that the data go on showing."""
    with staff_errors():
        from poverty_watch.ledger.findings import FindingError, numbers_of, settle
        from poverty_watch.months import Month
        from poverty_watch.settings import today

        ledger = standing_ledger(Settings.from_environment())
        month = Month.of(today())
        try:
            numbers = numbers_of(codes)
            with ledger.transaction() as session:
                done = settle(session, numbers, reason, by, month)
        except FindingError as error:
            raise CommandError(str(error)) from error
        say(f"已办结{len(done)}条，计入{month.chinese}的已整改。")


def _day_before(day: date) -> date:
    return date.fromordinal(day.toordinal() - 1)
