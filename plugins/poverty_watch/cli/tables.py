"""Tables on the terminal, within 80 columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table

_WIDTH = 80


def table_of(*headings: str) -> Table:
    """A table without lines; a heading that begins with ``>`` stands right."""
    from rich.table import Table

    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False)
    for heading in headings:
        justify = "right" if heading.startswith(">") else "left"
        table.add_column(heading.lstrip(">"), justify=justify, overflow="fold")  # type: ignore[arg-type]
    return table


def print_table(table: Table) -> None:
    """Print it as wide as the terminal, but not narrower than 80 columns."""
    from rich.console import Console

    console = Console(highlight=False)
    console.print(table, width=max(_WIDTH, console.width))
