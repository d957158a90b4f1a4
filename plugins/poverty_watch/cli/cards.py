"""The verb card: what a rule or comparison says, and its record so far."""

from __future__ import annotations

from typing import Annotated

import typer

from poverty_watch.cli.console import CommandError, say, staff_errors
from poverty_watch.settings import Settings

cards = typer.Typer()


@cards.command(help="规则说明卡：内容、依据、参数、用例，以及逐月报出多少、核实多少、属实多少。")
def card(
    check: Annotated[str | None, typer.Argument(help="编号，如 W01 或 C05。")] = None,
    every: Annotated[
        bool, typer.Option("--all", help="全部规则，不含台账记录；docs/规则说明.md 由此生成。")
    ] = False,
) -> None:
    """Show one card with its record, or the page of all of them."""
    with staff_errors():
        from poverty_watch.cli.ledgers import standing_ledger
        from poverty_watch.contracts import load_catalogue
        from poverty_watch.screening import cards as screening
        from poverty_watch.screening.definitions import load_definitions
        from poverty_watch.screening.parameters import load_parameters
        from poverty_watch.screening.track_record import record_of

        definitions, parameters = load_definitions(), load_parameters()
        catalogue = load_catalogue()
        if every:
            say(screening.all_cards(definitions, parameters, catalogue).rstrip("\n"))
            return
        file = screening.check_named(check or "", definitions)
        if file is None:
            known = "、".join(one.id for one in screening.checks_of(definitions))
            raise CommandError(f"没有编号“{check or ''}”。可用的编号：{known}")
        for line in screening.card(file, parameters, catalogue):
            say(line)
        try:
            ledger = standing_ledger(Settings.from_environment())
        except CommandError as error:
            say(f"记录：{error}")
            return
        with ledger.transaction() as session:
            record = record_of(session, file.id)
        say("记录：" if record else "记录：还没有报出过。")
        for month in record:
            say(f"- {month.told}")
