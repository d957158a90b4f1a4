"""The verbs about reports: ``report list|show|diff|unlock``, ``trace`` and ``verify-report``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from poverty_watch.cli.console import WENT_WRONG, CommandError, say, staff_errors
from poverty_watch.cli.ledgers import standing_ledger
from poverty_watch.settings import Settings

if TYPE_CHECKING:
    from poverty_watch.months import Month

reports = typer.Typer(
    help="月报：版本、比较、解锁。追溯用 trace，核对用 verify-report。", no_args_is_help=True
)
report_verbs = typer.Typer()
"""The two that are called most, without ``report`` in front."""

MonthArgument = Annotated[str, typer.Argument(help="月份，如 2021-04。")]
VersionOption = Annotated[
    int | None, typer.Option("--version", help="第几版；不填为现行的那一版。")
]
AllOption = Annotated[bool, typer.Option("--all", help="全部列出，不只列前50行。")]
_SHOWN = 50


@reports.command("list", help="列出一个月的各版月报；不写月份则列出各月的现行版本。")
def list_verb(
    month: Annotated[str | None, typer.Argument(help="月份，如 2021-04。")] = None,
) -> None:
    """List the versions of a month, or what counts in each month."""
    with _staff():
        from poverty_watch.cli.report_results import say_cards
        from poverty_watch.report import library

        settings = Settings.from_environment()
        with standing_ledger(settings).transaction() as session:
            if month:
                cards = library.versions(session, settings, _month(month))
            else:
                found = library.months_reported(session)
                counts = [library.standing(session, settings, one) for one in found]
                cards = [card for card in counts if card is not None]
        if not cards:
            raise CommandError("还没有月报，请先运行一个月。")
        say_cards(cards)


@reports.command(help="看一版月报：状态、签发人、文件、由哪些数据和规则得出。")
def show(month: MonthArgument, version: VersionOption = None) -> None:
    """Show one version with its manifest."""
    with _staff():
        from poverty_watch.cli.report_results import say_version
        from poverty_watch.report import library
        from poverty_watch.report.locks import lock_of

        settings, wanted = Settings.from_environment(), _month(month)
        with standing_ledger(settings).transaction() as session:
            card = (
                library.standing(session, settings, wanted)
                if version is None
                else library.version(session, settings, wanted, version)
            )
            if card is None:
                raise CommandError(f"{wanted.chinese}没有这一版月报。")
            manifest = library.manifest_of(session, wanted, card.number)
            say_version(card, manifest, lock_of(session, wanted))


@report_verbs.command("trace", help="追溯月报里的一个数：由哪些户或哪些报送行得出（号码遮盖）。")
def trace_verb(
    month: MonthArgument,
    cell: Annotated[str, typer.Argument(help="单元格，如 表一!F7 或 '表一（四）!C8'。")],
    version: VersionOption = None,
    everything: AllOption = False,
) -> None:
    """Trace one cell."""
    with _staff():
        from poverty_watch.cli.report_results import say_traced
        from poverty_watch.report.tracing import trace

        settings = Settings.from_environment()
        with standing_ledger(settings).transaction() as session:
            found = trace(session, settings, _month(month), cell, version)
        say_traced(found, None if everything else _SHOWN)


@reports.command(help="比较两版月报：每一处不同的数、原值、现值和涉及的户。")
def diff(
    month: MonthArgument,
    old: Annotated[int, typer.Argument(help="旧的一版，如 1。")],
    new: Annotated[int, typer.Argument(help="新的一版，如 2。")],
    everything: AllOption = False,
) -> None:
    """Compare two versions."""
    with _staff():
        from poverty_watch.cli.report_results import say_changes
        from poverty_watch.report.comparing import difference

        wanted = _month(month)
        found = difference(Settings.from_environment(), wanted, old, new)
        say_changes(wanted, old, new, found, None if everything else _SHOWN)


@report_verbs.command("verify-report", help="核对月报文件是否与发布的一致，改动了哪一格。")
def verify_verb(
    files: Annotated[list[Path] | None, typer.Argument(help="要核对的文件，可以写几个。")] = None,
    month: Annotated[
        str | None, typer.Option("--month", help="核对一个月的全部文件和存档，如 2021-04。")
    ] = None,
    everything: AllOption = False,
) -> None:
    """Check files against what was published."""
    with _staff():
        from poverty_watch.cli.report_results import say_checked
        from poverty_watch.report.checking import check_file, check_month

        if not files and not month:
            raise CommandError("请写要核对的文件，或用 --month 写明月份。")
        settings = Settings.from_environment()
        with standing_ledger(settings).transaction() as session:
            checked = [check_file(session, settings, path) for path in files or ()]
            if month:
                checked += check_month(session, settings, _month(month))
        if not checked:
            raise CommandError("这个月还没有月报。")
        say_checked(checked, None if everything else _SHOWN)
        if not all(one.is_good for one in checked):
            raise typer.Exit(WENT_WRONG)


@reports.command(help="解锁已签发的月份，以便更正：一人申请并写明原因，另一人加 --confirm 确认。")
def unlock(
    month: MonthArgument,
    by: Annotated[str, typer.Option("--by", help="申请人或确认人姓名，记入台账。")],
    reason: Annotated[str, typer.Option("--reason", help="为什么要更正。")] = "",
    days: Annotated[int | None, typer.Option("--days", help="确认后解锁几天。")] = None,
    confirm: Annotated[bool, typer.Option("--confirm", help="确认另一人的申请。")] = False,
) -> None:
    """Ask for leave to correct a signed month, or give it."""
    with _staff():
        from poverty_watch.report.locks import ask_unlock, confirm_unlock, local_time

        wanted = _month(month)
        with standing_ledger(Settings.from_environment()).transaction() as session:
            if not confirm:
                asked = ask_unlock(session, wanted, by, reason, days)
                say(
                    f"已登记：{asked.asked_by}申请解锁{wanted.chinese}月报第{asked.number}版，"
                    f"原因：{asked.reason}。"
                )
                say(f"请另一人确认：poverty-watch report unlock {wanted} --by 姓名 --confirm")
                return
            leave = confirm_unlock(session, wanted, by)
            assert leave.until is not None
            say(
                f"已解锁{wanted.chinese}月报第{leave.number}版，到{local_time(leave.until)}为止。"
                "更正数据后重新运行本月，核对新的草稿，再签发；签发后自动重新锁定。"
            )


def _month(text: str) -> Month:
    from poverty_watch.months import Month

    return Month.parse(text)


@contextmanager
def _staff() -> Iterator[None]:
    """`staff_errors` that knows the report's own errors."""
    from poverty_watch.report.errors import ReportError

    with staff_errors():
        try:
            yield
        except ReportError as error:
            raise CommandError(str(error)) from error
