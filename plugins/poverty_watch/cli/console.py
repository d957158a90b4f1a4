"""What the terminal shows: lines for staff, and errors without tracebacks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer

CANNOT_START = 2
WENT_WRONG = 1


class CommandError(Exception):
    """The command cannot do what was asked; the message is Chinese and says what to do."""


def say(text: str = "", style: str | None = None) -> None:
    """Print a line; paths are never wrapped or taken for markup."""
    _console().print(text, style=style, markup=False, highlight=False, soft_wrap=True)


def complain(text: str) -> None:
    """Print an error line on the error stream."""
    _console(stderr=True).print(
        text, style="bold red", markup=False, highlight=False, soft_wrap=True
    )


def _console(**options: Any) -> Any:
    from rich.console import Console

    return Console(**options)


@contextmanager
def staff_errors() -> Iterator[None]:
    """Turn the errors that are meant for staff into one line and exit code 2."""
    from poverty_watch.contracts import ContractError
    from poverty_watch.ledger.errors import LedgerError
    from poverty_watch.months import CalendarError, MonthError
    from poverty_watch.screening.errors import DefinitionError, ScreeningError
    from poverty_watch.settings import SettingError

    try:
        yield
    except (
        CommandError,
        MonthError,
        CalendarError,
        SettingError,
        ContractError,
        LedgerError,
        DefinitionError,
        ScreeningError,
    ) as error:
        complain(f"无法进行：{error}")
        raise typer.Exit(CANNOT_START) from None
    except PermissionError as error:
        complain(f"无法进行：没有权限读写 {error.filename}，请检查文件夹的属主和权限。")
        raise typer.Exit(CANNOT_START) from None
    except KeyboardInterrupt:
        complain("已中断。重新执行同一条命令即可接着完成。")
        raise typer.Exit(130) from None
