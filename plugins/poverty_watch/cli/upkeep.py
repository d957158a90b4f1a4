"""The verbs of upkeep: backup, restore, purge."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from poverty_watch.cli.console import CommandError, say, staff_errors
from poverty_watch.settings import Settings

upkeep = typer.Typer()

_ByOption = Annotated[str, typer.Option("--by", help="谁来做，记入台账。")]


@upkeep.command(help="备份台账、数据、原始文件和密钥。运行当中也可以做；分成两个文件，要分开存放。")
def backup(
    folder: Annotated[Path, typer.Argument(help="放到哪个文件夹（不能在系统自己的文件夹里）。")],
    by: _ByOption,
) -> None:
    """Back up the installation."""
    with staff_errors():
        from poverty_watch.cli.ledgers import standing_ledger
        from poverty_watch.upkeep import UpkeepError, back_up

        settings = Settings.from_environment()
        try:
            made = back_up(settings, standing_ledger(settings), folder, by)
        except UpkeepError as error:
            raise CommandError(str(error)) from error
        say(made.summary + "。")
        say(f"数据：{made.data}")
        say(f"密钥：{made.keys}")
        say("两个文件请分开存放，都只限系统管理员；缺了密钥，已存的号码就再也打不开。")


@upkeep.command(help="从两个备份文件恢复到空的地方；加 --check 只核对，不恢复。")
def restore(
    data: Annotated[Path, typer.Argument(help="数据备份：防贫守望_数据_….tar。")],
    keys: Annotated[Path, typer.Argument(help="密钥备份：防贫守望_密钥_….tar。")],
    by: Annotated[str, typer.Option("--by", help="谁来做，记入台账。")] = "系统管理员",
    check: Annotated[bool, typer.Option("--check", help="只核对备份是否完好。")] = False,
) -> None:
    """Restore an installation, or verify a backup."""
    with staff_errors():
        from poverty_watch.upkeep import UpkeepError, verify
        from poverty_watch.upkeep import restore as bring_back

        settings = Settings.from_environment()
        try:
            done = verify(data, keys) if check else bring_back(data, keys, settings, by)
        except UpkeepError as error:
            raise CommandError(str(error)) from error
        say(f"{'备份完好' if check else '恢复完成'}：{done.summary}。")
        if not check:
            say(f"恢复到 {settings.home}。请执行 poverty-watch status 月份 核对。")


@upkeep.command(
    help="列出保存期限已过的内容（期限见 include/reference/retention.yaml）；加 --really 才清除。"
)
def purge(
    by: Annotated[str, typer.Option("--by", help="谁来做，记入流水账。")] = "",
    really: Annotated[bool, typer.Option("--really", help="真的清除，不能恢复。")] = False,
) -> None:
    """List what is over, or erase it."""
    with staff_errors():
        from poverty_watch.cli.ledgers import standing_ledger
        from poverty_watch.settings import today
        from poverty_watch.upkeep import Retention, UpkeepError, due
        from poverty_watch.upkeep import purge as erase

        settings = Settings.from_environment()
        ledger = standing_ledger(settings)
        try:
            things = due(settings, ledger, today(), Retention.from_file())
            for thing in things:
                say(thing.told)
            if not things:
                say("没有保存期限已过的内容。")
            elif not really:
                say(
                    "以上还没有清除。核对无误后，加 --really --by 经手人 再执行一次；清除了的不能恢复。"
                )
            else:
                erased = erase(settings, ledger, things, by)
                say(f"已清除 {erased} 项，记入流水账。备份里的，按备份的保管办法另行处理。")
        except UpkeepError as error:
            raise CommandError(str(error)) from error
